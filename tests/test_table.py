"""The sentence table: round trips, writing that is whole or not at all, and tables that users bring."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

import stance
from stance import __version__
from stance.errors import StanceError
from stance.table import (
    COLUMNS,
    FORMATS,
    REQUIRED,
    TableWriter,
    check_table,
    holds_labels,
    plain_cell,
    read_table,
    safe_cell,
    write_table,
)

PROBABILITIES = ("p_issue_main", "p_stance", "p_holder")
FIRST = {
    "event": "2023", "doc_id": "007", "source": "us", "date": "2024", "lang": "en", "title": "", "sent_id": 0,
    "start": 0, "end": 15, "text": "- Open the port", "paragraph": 0, "speaker": "Q", "issue": ["ferry", "port"],
    "issue_main": "ferry", "stance": "support", "holder": "us", "frame": [], "p_issue_main": 0.71, "p_stance": 0.93757,
    "p_holder": 1.0, "probs": {"issue:ferry": 0.71, "stance:support": 0.93757}, "truncated": False,
    "model": "small-1a2b", "codebook": "1.1",
}  # fmt: skip
SECOND = {
    "event": None, "doc_id": "1e5", "source": "china", "date": None, "lang": "zh", "title": "NA, “会谈”; \"x\"",
    "sent_id": 12, "start": 40, "end": 77, "text": "渡轮\r\n将于\u2028明年，\n恢复。", "paragraph": 3, "speaker": None,
    "issue": ["none"], "issue_main": "none", "stance": "neutral", "holder": "china", "frame": ["law", "history"],
    "p_issue_main": 0.5, "p_stance": 0.25, "p_holder": 0.33333, "probs": {}, "truncated": True, "model": "small-1a2b",
    "codebook": "1.1",
}  # fmt: skip


@pytest.fixture
def table() -> pd.DataFrame:
    return pd.DataFrame([FIRST, SECOND], columns=list(COLUMNS))


def hand_coded() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "doc_id": ["a", "a"],
            "source": ["us", "us"],
            "sent_id": [0, 1],
            "text": ["We will open the port.", "=We ask for fish."],
            "issue": ["port; ferry ", None],
            "stance": ["support", "demand"],
            "holder": ["us", "us"],
            "frame": ["", "law"],
        }
    )


def same(found: object, expected: object) -> bool:
    """Equal, numbers to the five digits that are kept; None only equals None."""
    if isinstance(expected, dict):
        return isinstance(found, dict) and found == pytest.approx(expected, abs=1e-5)
    return found == pytest.approx(expected, abs=1e-5) if isinstance(expected, float) else found == expected


# Round trips


@pytest.mark.parametrize("ending", FORMATS)
@pytest.mark.parametrize(
    ("model", "codebook", "warned"), [("large-3c4d", "1.1", 1), ("small-1a2b", "2", 1), ("", "", 0)]
)
def test_rows_of_several_models_or_codebooks_are_warned_of(tmp_path, table, caplog, ending, model, codebook, warned):
    write_table(table, tmp_path / f"same{ending}")
    read_table(tmp_path / f"same{ending}")
    assert not caplog.messages
    table.loc[1, ["model", "codebook"]] = [model, codebook]
    write_table(table, tmp_path / f"t{ending}")
    read_table(tmp_path / f"t{ending}")
    assert len(caplog.messages) == warned
    assert all(f"{model} (codebook {codebook})" in m and "small-1a2b (codebook 1.1)" in m for m in caplog.messages)


@pytest.mark.parametrize("ending", FORMATS)
def test_round_trip_keeps_every_column_and_value(tmp_path, table, ending):
    path = tmp_path / f"t{ending}"
    write_table(table, path)
    found = read_table(path)
    assert tuple(found.columns) == COLUMNS
    rows = found.to_dict("records")
    assert len(rows) == 2
    for row, expected in zip(rows, (FIRST, SECOND), strict=True):
        wrong = {c: (row[c], expected[c]) for c in COLUMNS if not same(row[c], expected[c])}
        assert wrong == {}


@pytest.mark.parametrize("ending", FORMATS)
def test_second_round_trip_changes_nothing(tmp_path, table, ending):
    write_table(table, tmp_path / f"a{ending}")
    once = read_table(tmp_path / f"a{ending}")
    write_table(once, tmp_path / f"b{ending}")
    pd.testing.assert_frame_equal(read_table(tmp_path / f"b{ending}"), once)


@pytest.mark.parametrize("ending", FORMATS)
def test_columns_that_a_user_added_are_kept(tmp_path, table, ending):
    table.insert(0, "coder", ["=ana", "bo"])
    table["round"] = [1, 2]
    write_table(table, tmp_path / f"t{ending}")
    found = read_table(tmp_path / f"t{ending}")
    assert tuple(found.columns) == (*COLUMNS, "coder", "round")
    assert found["coder"].tolist() == ["=ana", "bo"]
    assert found["round"].tolist() == [1, 2]


@pytest.mark.parametrize("ending", FORMATS)
def test_empty_table(tmp_path, ending):
    path = tmp_path / f"t{ending}"
    write_table(pd.DataFrame(columns=list(COLUMNS)), path)
    found = read_table(path)
    assert (len(found), tuple(found.columns)) == (0, COLUMNS)


@pytest.mark.parametrize("ending", FORMATS)
def test_parts_make_one_table(tmp_path, table, ending):
    with TableWriter(tmp_path / f"t{ending}") as writer:
        writer.write(table.iloc[:1])
        writer.write(table.iloc[1:])
        assert list(tmp_path.glob(f"*{ending}")) == []
    found = read_table(tmp_path / f"t{ending}")
    assert found["text"].tolist() == [FIRST["text"], SECOND["text"]]
    assert found["speaker"].tolist() == ["Q", None]
    assert [p.name for p in tmp_path.iterdir()] == [f"t{ending}"]


@pytest.mark.parametrize("ending", FORMATS)
def test_writer_without_parts_writes_an_empty_table(tmp_path, ending):
    with TableWriter(tmp_path / f"t{ending}"):
        pass
    assert len(read_table(tmp_path / f"t{ending}")) == 0


def test_parquet_types_and_metadata(tmp_path, table):
    write_table(table, tmp_path / "t.parquet")
    schema = pq.read_schema(tmp_path / "t.parquet")
    assert schema.metadata[b"stance.model"] == b"small-1a2b"
    assert schema.metadata[b"stance.codebook"] == b"1.1"
    assert schema.metadata[b"stance.version"] == __version__.encode()
    types = {c: str(schema.field(c).type) for c in ("sent_id", "p_stance", "truncated", "event", "issue")}
    assert types == {
        "sent_id": "int32",
        "p_stance": "float",
        "truncated": "bool",
        "event": "string",
        "issue": "list<element: string>",
    }
    assert (str(schema.field("probs").type.key_type), str(schema.field("probs").type.item_type)) == ("string", "float")


def test_jsonl_is_plain_json(tmp_path, table):
    table.loc[1, "p_holder"] = float("nan")
    write_table(table, tmp_path / "t.jsonl")
    lines = (tmp_path / "t.jsonl").read_text(encoding="utf-8").split("\n")
    assert len(lines) == 3
    assert lines[2] == ""
    assert json.loads(lines[0]) == FIRST
    assert json.loads(lines[1]) == SECOND | {"p_holder": 1.0}
    assert "渡轮" in lines[1]


def test_jsonl_on_stdout(capsys, table):
    with TableWriter("-") as writer:
        writer.write(table)
    assert [json.loads(line)["doc_id"] for line in capsys.readouterr().out.split("\n")[:-1]] == ["007", "1e5"]


# CSV and spreadsheets


def test_csv_cells_cannot_run_as_formulas(tmp_path, table):
    table["title"] = ["=1+2", "@sum"]
    table["speaker"] = ["+1", "\tx"]
    write_table(table, tmp_path / "t.csv")
    raw = pd.read_csv(tmp_path / "t.csv", dtype=str, keep_default_na=False)
    assert raw["title"].tolist() == ["'=1+2", "'@sum"]
    assert raw["speaker"].tolist() == ["'+1", "'\tx"]
    assert raw["text"].tolist() == ["'- Open the port", SECOND["text"]]
    assert raw["issue"].tolist() == ["ferry;port", "none"]
    assert raw["frame"].tolist() == ["", "law;history"]
    assert raw["probs"].tolist() == ['{"issue:ferry": 0.71, "stance:support": 0.93757}', "{}"]
    assert read_table(tmp_path / "t.csv")["title"].tolist() == ["=1+2", "@sum"]


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("=A1", "'=A1"),
        ("+1", "'+1"),
        ("-1", "'-1"),
        ("@x", "'@x"),
        ("\tx", "'\tx"),
        ("\rx", "'\rx"),
        ("'=A1", "''=A1"),
        ("plain = text", "plain = text"),
        ("'quoted'", "'quoted'"),
        ("", ""),
        (-1, -1),
        (None, None),
    ],
)
def test_safe_cell_and_back(text, safe):
    assert safe_cell(text) == safe
    assert plain_cell(safe) == text


# Whole or not at all


@pytest.mark.parametrize("ending", FORMATS)
def test_failure_leaves_no_file_and_keeps_an_older_one(tmp_path, table, ending):
    path = tmp_path / f"t{ending}"
    with pytest.raises(RuntimeError, match="stopped"), TableWriter(path) as writer:
        writer.write(table)
        raise RuntimeError("stopped")
    assert list(tmp_path.iterdir()) == []
    path.write_text("older")
    with pytest.raises(RuntimeError), TableWriter(path) as writer:
        writer.write(table)
        raise RuntimeError
    assert path.read_text() == "older"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("ending", FORMATS)
def test_full_disk_is_named(tmp_path, table, ending, monkeypatch):
    def full(self: Path, target: Path) -> Path:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    path = tmp_path / f"t{ending}"
    with pytest.raises(StanceError) as error:
        write_table(table, path)
    assert str(error.value) == (
        f"{path}: the table cannot be written (No space left on device). Check place and rights"
    )
    assert list(tmp_path.iterdir()) == []


def test_places_that_cannot_hold_a_table(tmp_path, table):
    (tmp_path / "file").write_text("x")
    with pytest.raises(StanceError, match="the table cannot be written"):
        write_table(table, tmp_path / "file" / "t.parquet")
    (tmp_path / "t.csv").mkdir()
    with pytest.raises(StanceError, match=r"t\.csv: the table cannot be written \(Is a directory\)"):
        write_table(table, tmp_path / "t.csv")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["file", "t.csv"]


def test_folders_are_made(tmp_path, table):
    write_table(table, tmp_path / "new" / "deep" / "t.csv")
    assert len(read_table(tmp_path / "new" / "deep" / "t.csv")) == 2


def test_unknown_ending(tmp_path, table):
    with pytest.raises(StanceError, match=r"t\.xlsx: tables are written as \.parquet, \.jsonl, \.csv\. Choose"):
        write_table(table, tmp_path / "t.xlsx")
    with pytest.raises(StanceError, match=r"t\.xlsx: the sentence table is read from \.parquet, \.jsonl, \.csv"):
        read_table(tmp_path / "t.xlsx")


def test_added_columns_of_any_kind_are_written(tmp_path, table):
    table["when"] = pd.Timestamp("2024-05-01")
    table["vector"] = [np.array([1.0, 2.0])] * 2
    write_table(table, tmp_path / "t.jsonl")
    found = read_table(tmp_path / "t.jsonl")
    assert found["when"].tolist() == ["2024-05-01 00:00:00"] * 2
    assert found["vector"].tolist() == [[1.0, 2.0]] * 2


def test_wrong_type_is_named(tmp_path, table):
    table["truncated"] = ["perhaps", "no"]
    with pytest.raises(StanceError, match=r"t\.parquet: a column holds a value of the wrong type"):
        write_table(table, tmp_path / "t.parquet")
    assert list(tmp_path.iterdir()) == []


# Tables that users bring


def test_hand_coded_table_is_filled():
    given = hand_coded()
    found = check_table(given)
    assert tuple(found.columns) == COLUMNS
    assert found.loc[0].to_dict() == {
        "event": None, "doc_id": "a", "source": "us", "date": None, "lang": "en", "title": "", "sent_id": 0, "start": 0,
        "end": 0, "text": "We will open the port.", "paragraph": 0, "speaker": None, "issue": ["port", "ferry"],
        "issue_main": "port", "stance": "support", "holder": "us", "frame": [], "p_issue_main": 1.0, "p_stance": 1.0,
        "p_holder": 1.0, "probs": {}, "truncated": False, "model": "", "codebook": "",
    }  # fmt: skip
    assert found["issue"].tolist() == [["port", "ferry"], []]
    assert found["issue_main"].tolist() == ["port", "none"]
    assert found["frame"].tolist() == [[], ["law"]]
    assert list(given.columns) == list(REQUIRED)
    assert given["issue"].tolist()[0] == "port; ferry "


@pytest.mark.parametrize("ending", FORMATS)
def test_hand_coded_table_enters_from_a_file(tmp_path, ending):
    path = tmp_path / f"t{ending}"
    frame = hand_coded()
    if ending == ".csv":
        frame.to_csv(path, index=False, encoding="utf-8-sig")
    elif ending == ".jsonl":
        frame.to_json(path, orient="records", lines=True)
    else:
        frame.to_parquet(path)
    pd.testing.assert_frame_equal(read_table(path), check_table(frame), check_dtype=False)


@pytest.mark.parametrize("ending", FORMATS)
def test_hand_coded_table_is_written_and_read(tmp_path, ending):
    write_table(hand_coded(), tmp_path / f"t{ending}")
    pd.testing.assert_frame_equal(read_table(tmp_path / f"t{ending}"), check_table(hand_coded()), check_dtype=False)


def test_own_values_are_kept():
    frame = hand_coded().assign(issue_main=["ferry", "fish"], p_stance=[0.5, 0.6], event=["x", np.nan], note=[1, 2])
    found = check_table(frame)
    assert found["issue_main"].tolist() == ["ferry", "fish"]
    assert found["p_stance"].tolist() == [0.5, 0.6]
    assert found["event"].tolist() == ["x", None]
    assert list(found.columns[-1:]) == ["note"]


def test_lists_of_many_kinds():
    frame = pd.concat([hand_coded()] * 3, ignore_index=True)
    frame["issue"] = [["a"], ("a", "b"), np.array(["a"], dtype=object), "a;b;", float("nan"), pd.NA]
    assert check_table(frame)["issue"].tolist() == [["a"], ["a", "b"], ["a"], ["a", "b"], [], []]


def test_index_is_made_anew():
    assert check_table(hand_coded().iloc[::-1]).index.tolist() == [0, 1]


@pytest.mark.parametrize("column", REQUIRED)
def test_missing_column_is_named(column):
    with pytest.raises(StanceError) as error:
        check_table(hand_coded().drop(columns=[column]))
    assert str(error.value) == f"the sentence table lacks the columns {column}. See the README, «the sentence table»"


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("sent_id", "s0", "the column sent_id holds s0 (doc_id {}, sent_id s0), which is no whole number. Give whole"),
        ("paragraph", 1.5, "the column paragraph holds 1.5 (doc_id {}, sent_id 0), which is no whole number. Give"),
        ("p_stance", "high", "the column p_stance holds high (doc_id {}, sent_id 0), which is no probability. Give"),
        ("text", 1, "the column text holds something else than text (doc_id {}, sent_id 0). Mend it"),
        ("date", "soon", "the column date: 'soon' is not a date (doc_id {}, sent_id 0). Write 2023-11-15, 2023-11"),
    ],
)
def test_value_of_another_kind_is_named(column, value, message):
    """Each of these ended in a traceback somewhere in the comparison, or was passed over."""
    table = hand_coded().astype(object)
    if column not in table:
        table[column] = None
    table.loc[0, column] = value
    with pytest.raises(StanceError) as error:
        check_table(table)
    assert message.format(table.loc[0, "doc_id"]) in str(error.value)


def test_numbers_as_ids_and_dates_as_timestamps_are_taken_for_what_they_are():
    """Timestamps tied no document to another, and numbers as ids ended in an error after the report was written."""
    table = check_table(
        hand_coded().assign(
            doc_id=[1.0, 2.0], date=pd.Timestamp("2023-11-15"), event=2023, probs=[{"issue:taiwan": None}] * 2
        )
    )
    assert table["doc_id"].tolist() == ["1", "2"]
    assert table["date"].tolist() == ["2023-11-15", "2023-11-15"]
    assert table["event"].tolist() == ["2023", "2023"]
    assert table["probs"].tolist() == [{}, {}]


def test_list_column_that_holds_something_else():
    with pytest.raises(StanceError) as error:
        check_table(hand_coded().assign(frame=[3, 4]))
    assert str(error.value) == "the column frame holds 3. Give a list of labels, or labels joined by ;"


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("t.csv", "a,b\n1,2\n", "t.csv: the sentence table lacks the columns doc_id, source, sent_id, text, issue"),
        ("t.csv", "", "t.csv: the sentence table cannot be read (No columns"),
        ("t.jsonl", '{"doc_id": "a"}\n{"doc', "t.jsonl: the sentence table cannot be read ("),
        ("t.jsonl", "[1, 2]\n", "t.jsonl: a row is a JSON object. Mend the file"),
        ("t.JSON", '[{"doc_id": "a"}]', "t.JSON: the sentence table lacks the columns source"),
        ("t.parquet", "PAR1", "t.parquet: the sentence table cannot be read ("),
        ("t.parquet", None, "t.parquet: the sentence table cannot be read ("),
    ],
)
def test_unreadable_table_is_named(tmp_path, name, content, message):
    if content is not None:
        (tmp_path / name).write_text(content)
    with pytest.raises(StanceError) as error:
        read_table(tmp_path / name)
    assert message in str(error.value)


@pytest.mark.parametrize("ending", FORMATS)
def test_holds_labels(tmp_path, table, ending):
    write_table(table, tmp_path / f"t{ending}")
    assert holds_labels(tmp_path / f"t{ending}")


def test_a_table_that_a_spreadsheet_has_saved_with_semicolons_is_read(tmp_path, table):
    write_table(table, tmp_path / "t.csv")
    plain = read_table(tmp_path / "t.csv")
    pd.read_csv(tmp_path / "t.csv").convert_dtypes().to_csv(tmp_path / "s.csv", sep=";", decimal=",", index=False)
    found = read_table(tmp_path / "s.csv")
    assert found["text"].tolist() == plain["text"].tolist()
    assert found["p_stance"].tolist() == pytest.approx(plain["p_stance"].tolist())


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("d.jsonl", '{"doc_id": "a", "text": "A."}\n'),
        ("d.jsonl", "5\n"),
        ("d.jsonl", "{broken"),
        ("d.csv", "doc_id,text\na,A.\n"),
        ("d.csv", b"\xff\xfe"),
        ("d.parquet", "PAR1"),
        ("d.parquet", None),
    ],
)
def test_documents_hold_no_labels(tmp_path, name, content):
    if content is not None:
        (tmp_path / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    assert not holds_labels(tmp_path / name)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("examples/summit", "score takes documents with a text, not str"),
        (Path("examples"), "not [A-Za-z]*Path"),
        (["a text"], "not str. Read files with stance.read_documents"),
        ([stance.Document("a", "Hello.", "US")], "a: source 'US' is none of us, china, other"),
        ([stance.Document("a", "Hello."), stance.Document("a", "Bye.")], "a: two documents have this doc_id"),
        (pd.DataFrame({"text": ["Hello."]}), "not DataFrame"),
    ],
)
def test_what_are_no_documents_is_refused(random_model, given, said):
    with pytest.raises(StanceError, match=said):
        stance.score(given, random_model)


def test_rows_without_a_source_or_a_stance_are_refused_and_text_becomes_numbers(table):
    for column in ("source", "stance"):
        for nothing in (None, "", " "):
            broken = table.assign(**{column: [nothing, *table[column][1:]]})
            with pytest.raises(StanceError, match=f"the column {column} is empty in 1 sentences"):
                check_table(broken)
    found = check_table(table.assign(p_stance="0.5", date=2023.0))
    assert found["p_stance"].dtype == float
    assert set(found["date"]) == {"2023"}
