"""The corpus: its files as they are committed, and what is made of a corpus, on a small invented one."""

from __future__ import annotations

import csv
import hashlib
import json
import re
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pandas as pd
import pytest
from click.testing import CliRunner

from stance.annotation.agreement import double_coded
from stance.annotation.checks import (
    RECORD_FIELDS,
    check_corpus,
    formula_repeats,
    near_duplicates,
    normalise,
    record_problems,
    span_problems,
)
from stance.annotation.commands import corpus
from stance.annotation.examples import Example, make_examples, targets
from stance.annotation.exports import from_label_studio, to_doccano, to_huggingface, to_label_studio
from stance.annotation.splits import SPLITS, read_splits
from stance.annotation.standoff import Annotation, join, read_annotations, sentence_hash, write_annotations
from stance.annotation.statistics import (
    SENTENCES,
    label_counts,
    read_catalogue,
    sentences_figure,
    shortfalls,
)
from stance.annotation.written import read_written
from stance.codebook import Codebook, load_codebook
from stance.documents.document import Document
from stance.errors import StanceError
from stance.model_input import ContextWindow
from stance.report.charts import save_chart

ROOT = Path(__file__).parents[1]
FILES = ROOT / "corpus/annotations"
WRITTEN = ROOT / "corpus/written/written.jsonl"

FORMULA = "Borduria will take resolute measures to defend its fishing rights."
NEAR = (
    "The two sides agreed to hold a second round of talks on grain and rail freight before the end of the year in Klow"
)
LABELS = {
    "red_line": (("taiwan", "military"), "red_line", "china", ("sovereignty", "security")),
    "agreement": (("trade_economy",), "agreement", "both", ()),
    "none": (("none",), "neutral", "other", ()),
}
DOCUMENTS = {
    "syldavia-1": ("us", "2031-02-03", "train", ["The ministers met in Klow.", FORMULA, f"{NEAR}."]),
    "borduria-1": ("china", "2031-02-03", "validation", ["The ministers met.", "Rail freight < grain & “fish”."]),
    "borduria-2": ("china", "2032-05-06", "test", [FORMULA.upper(), "The ministers met.", f"{NEAR}!!"]),
    "syldavia-2": ("us", None, "test", [f"{NEAR} instead.", "Grain prices fell."]),
}


@pytest.fixture(scope="module")
def codebook() -> Codebook:
    return load_codebook()


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """A folder with annotations.jsonl, documents.csv, documents.jsonl, written.jsonl and raw/ of two coders."""
    annotations, records = [], []
    for doc_id, (source, date, _, sentences) in DOCUMENTS.items():
        text = " ".join(sentences)
        record = {"doc_id": doc_id, "text": text, "source": source, "date": date, "kind": "readout", "title": "Talks"}
        records.append(record)
        for number, sentence in enumerate(sentences):
            issue, stance, holder, frame = LABELS[list(LABELS)[number % 3]]
            start = text.index(sentence)
            place = (doc_id, number, start, start + len(sentence))
            annotations.append(Annotation(*place, issue, stance, holder, frame, sentence_hash(sentence), "c1", "1"))
    write_annotations(annotations, tmp_path / "annotations.jsonl")
    (tmp_path / "raw").mkdir()
    write_annotations(annotations, tmp_path / "raw/c1.jsonl")
    second = [replace(a, coder="c2", stance="demand" if a.sent_id == 1 else a.stance) for a in annotations]
    write_annotations(second, tmp_path / "raw/c2.jsonl")
    _write_jsonl(tmp_path / "documents.jsonl", records)
    rows = [f"{d},{source},{date or ''},readout,{split}" for d, (source, date, split, _) in DOCUMENTS.items()]
    (tmp_path / "documents.csv").write_text("\n".join(["doc_id,source,date,kind,split", *rows]) + "\n")
    invented = {
        "doc_id": "written-1", "source": "us", "date": "2027-01-02", "kind": "readout", "title": "Call", "paragraph": 0,
        "text": "Both sides noted the call.", "issue": ["none"], "stance": "neutral", "holder": "both", "frame": [],
    }  # fmt: skip
    _write_jsonl(tmp_path / "written.jsonl", [invented])
    return tmp_path


def _write_jsonl(path: Path, records: list[dict[str, Any]]) -> None:
    path.write_text("".join(json.dumps(r, ensure_ascii=False) + "\n" for r in records), encoding="utf-8")


def _documents(folder: Path) -> list[Document]:
    lines = (folder / "documents.jsonl").read_text(encoding="utf-8").splitlines()
    return [
        Document(r["doc_id"], r["text"], r["source"], r["date"], "en", r["title"], None, r["kind"])
        for r in map(json.loads, lines)
    ]


def _examples(folder: Path) -> list[Example]:
    joined = join(read_annotations(folder / "annotations.jsonl"), _documents(folder))
    return make_examples(joined.documents, ContextWindow())


def _edit(folder: Path, name: str, old: str, new: str) -> None:
    content = (folder / name).read_text(encoding="utf-8")
    assert old in content
    (folder / name).write_text(content.replace(old, new, 1), encoding="utf-8")


def _run(*arguments: str | Path, code: int = 0) -> Any:
    result = CliRunner().invoke(corpus, [str(a) for a in arguments])
    assert result.exit_code == code, result.output + repr(result.exception)
    return result


def _row(table: pd.DataFrame, index: tuple[str, str]) -> dict[Any, Any]:
    return dict(table.T[index])


def _problems(folder: Path, codebook: Codebook, *, documents: bool = True) -> list[str]:
    given = _documents(folder) if documents else None
    return check_corpus(folder / "annotations.jsonl", folder / "documents.csv", codebook, given).problems


# The committed corpus


def test_a_span_that_the_splitter_does_not_find_has_the_paragraph_and_speaker_in_which_it_begins():
    text = "MR. LI: We met. We spoke of grain.\n\nMS. DOE: We left early, and we were glad. All of us.\n\nMR. LI: Good."
    document = Document("a", text, "us")
    starts = [text.index(t) for t in ("met", "and we", "of us", "Good")]
    ends = [text.index(t) + len(t) for t in ("met", "glad", "of us", "Good")]
    labels = [Annotation("a", 0, s, e, ("none",), "neutral", "us", ()) for s, e in zip(starts, ends, strict=True)]
    [found] = join(labels, [document]).documents
    placed = {found.document.text[s.start : s.end]: s for s in (found.sentences[i] for i in found.annotations)}
    assert [(t, s.paragraph, s.speaker) for t, s in placed.items()] == [
        ("met", 0, "MR. LI"), ("and we were glad", 1, "MS. DOE"), ("of us", 1, "MS. DOE"), ("Good", 2, "MR. LI"),
    ]  # fmt: skip


def test_committed_corpus_is_sound(codebook: Codebook) -> None:
    found = check_corpus(FILES / "annotations.jsonl", FILES / "documents.csv", codebook, None, WRITTEN)
    assert found.problems == []


def test_committed_annotations_hold_no_text() -> None:
    assert "text" not in RECORD_FIELDS
    for file in [FILES / "annotations.jsonl", *sorted((FILES / "raw").glob("*.jsonl"))]:
        assert record_problems(file) == []


def test_the_datasheet_names_the_files_of_this_version() -> None:
    datasheet = (ROOT / "corpus/DATASHEET.md").read_text(encoding="utf-8")
    named = re.findall(r"^\| `(\S+)` \| `([0-9a-f]{64})` \|$", datasheet, flags=re.MULTILINE)
    assert len(named) == 3
    for name, digest in named:
        content = (ROOT / "corpus" / name).read_bytes()
        assert hashlib.sha256(content).hexdigest() == digest, f"{name} has changed: count and describe a new version"


def test_written_sentences_keep_both_judgements(codebook: Codebook) -> None:
    """What writer and reader agreed on is kept; what they differed on was decided by a third."""
    by_coder = [read_annotations(ROOT / f"corpus/written/raw/{n}.jsonl", codebook) for n in ("writers", "readers")]
    final = [a for d in read_written(WRITTEN, codebook) for a in d.annotations.values()]
    for given, *coded in zip(final, *by_coder, strict=True):
        assert {(c.doc_id, c.sent_id, c.sha256) for c in coded} == {(given.doc_id, given.sent_id, given.sha256)}
        if given.coder != "adjudicated":
            assert {(c.issue[0], set(c.issue) == set(given.issue), c.stance, c.holder) for c in coded} == {
                (given.issue[0], True, given.stance, given.holder)
            }


def test_committed_labels_are_in_the_codebook(codebook: Codebook) -> None:
    for file in sorted((FILES / "raw").glob("*.jsonl")):
        assert read_annotations(file, codebook)
    assert read_written(WRITTEN, codebook)


@pytest.mark.parametrize(("line", "said"), [("3", "not a JSON object"), ("{", "not valid JSON"), ("{}", "no field")])
def test_written_lines_that_are_no_sentence_are_named(tmp_path: Path, line: str, said: str) -> None:
    (tmp_path / "written.jsonl").write_text(f"\n{line}\n", encoding="utf-8")
    with pytest.raises(StanceError, match=rf"written\.jsonl:2: .*{said}"):
        read_written(tmp_path / "written.jsonl")


def test_committed_splits_share_no_document() -> None:
    with (FILES / "documents.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    splits = read_splits(FILES / "documents.csv")
    assert len(splits) == len(rows)
    assert set(splits.values()) == set(SPLITS)
    assert set(splits) == {a.doc_id for a in read_annotations(FILES / "annotations.jsonl")}


def test_committed_counts_add_up(codebook: Codebook) -> None:
    annotations, catalogue = read_annotations(FILES / "annotations.jsonl"), read_catalogue(FILES / "documents.csv")
    written = read_written(WRITTEN, codebook)
    counts = label_counts(annotations, catalogue, written, codebook)
    for name, table in counts.tables.items():
        assert (table["all"] == table.drop(columns="all").sum(axis=1)).all(), name
        assert [":".join(i) for i in table.index[1:]] == codebook.outputs
        assert table["all"].to_frame().xs("stance")["all"].sum() == table.loc[SENTENCES, "all"]
    stances = Counter(a.stance for a in annotations)
    assert counts.tables["kind"].loc[("stance", "red_line"), "all"] == stances["red_line"]
    assert counts.tables["written"].loc[SENTENCES, "all"] == sum(len(w.annotations) for w in written)


# Data set


def test_dataset_from_invented_documents(small: Path, codebook: Codebook) -> None:
    from stance.annotation.dataset import COLUMNS, dataset_from_joined

    annotations = read_annotations(small / "annotations.jsonl")
    written = read_written(small / "written.jsonl", codebook)
    splits = read_splits(small / "documents.csv")
    data = dataset_from_joined(join(annotations, _documents(small)), splits, written, codebook, ContextWindow())
    assert {k: len(v) for k, v in data.items()} == {"train": 4, "validation": 2, "test": 5}
    assert data["train"].column_names == list(COLUMNS)
    row = data["test"][0]
    assert row["text"] == FORMULA.upper()
    assert (row["issue"], row["issue_main"]) == (["taiwan", "military"], "taiwan")
    assert row["context"].endswith("Talks | source: china")
    assert [r["written"] for r in data["train"]] == [False, False, False, True]
    assert not any(data["validation"]["written"]) and not any(data["test"]["written"])


def test_dataset_leaves_out_what_is_missing_or_differs(small: Path, codebook: Codebook) -> None:
    from stance.annotation.dataset import dataset_from_joined

    documents = [d for d in _documents(small) if d.doc_id != "syldavia-2"]
    documents[0] = replace(documents[0], text=documents[0].text.replace("fishing", "hunting"))
    annotations, splits = read_annotations(small / "annotations.jsonl"), read_splits(small / "documents.csv")
    joined = join(annotations, documents)
    assert joined.missing == ["syldavia-2"]
    assert [a.doc_id for a in joined.mismatches] == ["syldavia-1"]
    assert len(dataset_from_joined(joined, splits, [], codebook, ContextWindow())["train"]) == 2


def test_dataset_refuses_what_it_cannot_place(small: Path, codebook: Codebook) -> None:
    from stance.annotation.dataset import dataset_from_joined

    annotations, documents = read_annotations(small / "annotations.jsonl"), _documents(small)
    with pytest.raises(StanceError, match="has no split"):
        dataset_from_joined(join(annotations, documents), {}, [], codebook, ContextWindow())
    with pytest.raises(StanceError, match="no annotation fits"):
        dataset_from_joined(join(annotations, []), {}, [], codebook, ContextWindow())
    wrong = [replace(annotations[0], stance="pondering")]
    with pytest.raises(StanceError, match="unknown label 'pondering'"):
        dataset_from_joined(join(wrong, documents), read_splits(small / "documents.csv"), [], codebook, ContextWindow())


def test_huggingface_export_loads_again(small: Path, codebook: Codebook) -> None:
    import datasets

    from stance.annotation.dataset import dataset_from_joined

    written = read_written(small / "written.jsonl", codebook)
    annotations, splits = read_annotations(small / "annotations.jsonl"), read_splits(small / "documents.csv")
    data = dataset_from_joined(join(annotations, _documents(small)), splits, written, codebook, ContextWindow())
    card = to_huggingface(data, small / "hub", codebook).read_text(encoding="utf-8")
    assert "| test | 5 | 0 | 2 |" in card
    loaded = datasets.load_dataset(str(small / "hub"), cache_dir=str(small / "cache"))
    assert {k: v.to_list() for k, v in loaded.items()} == {k: v.to_list() for k, v in data.items()}


# Checks


def test_small_corpus_is_sound(small: Path, codebook: Codebook) -> None:
    assert _problems(small, codebook) == []


@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        ("annotations.jsonl", '"stance": "red_line"', '"stance": "pondering"', "unknown label 'pondering'"),
        ("annotations.jsonl", '"coder"', '"text": "The ministers met.", "coder"', "field 'text'"),
        ("annotations.jsonl", '"start": 0', '"start": 3', "another text"),
        ("annotations.jsonl", '"end": 26', '"end": 99999', "another text"),
        ("annotations.jsonl", '"end": 26', '"end": 40', "overlaps 0-40"),
        ("annotations.jsonl", '"start": 0, "end": 26', '"start": 5, "end": 5', "empty span"),
        ("documents.csv", "syldavia-1,us,2031-02-03,readout,train\n", "", "syldavia-1: no split"),
        ("documents.csv", "readout,train", "readout,trian", "split 'trian'"),
        ("documents.csv", "borduria-1,", "syldavia-1,", "listed twice, in train and validation"),
        ("documents.jsonl", "fishing rights", "fishing RIGHTS", "another text"),
        ("documents.jsonl", '"doc_id": "borduria-1"', '"doc_id": "borduria-9"', "borduria-1: the document is not"),
    ],
)
def test_check_finds(small: Path, codebook: Codebook, file: str, old: str, new: str, message: str) -> None:
    _edit(small, file, old, new)
    assert any(message in p for p in _problems(small, codebook))


def test_check_finds_span_coded_twice(small: Path) -> None:
    annotations = read_annotations(small / "annotations.jsonl")
    found = span_problems([*annotations, replace(annotations[0], coder="c2")])
    assert found == ["syldavia-1 0-26: coded twice (c1, c2)"]


def test_duplicates_across_splits_are_counted(small: Path, codebook: Codebook) -> None:
    files = (small / "annotations.jsonl", small / "documents.csv", codebook)
    table = check_corpus(*files, _documents(small)).duplicates.set_index(["part", "against"])
    assert _row(table, ("test", "train")) == {"sentences": 5, "exact": 2, "exact_long": 2, "near": 1}
    assert _row(table, ("test", "validation")) == {"sentences": 5, "exact": 1, "exact_long": 0, "near": 0}
    by_hash = check_corpus(*files).duplicates.set_index(["part", "against"])
    assert by_hash.loc[("test", "validation"), "exact"] == 1
    assert "near" not in by_hash


def test_formula_repeats(small: Path) -> None:
    joined = join(read_annotations(small / "annotations.jsonl"), _documents(small))
    splits = read_splits(small / "documents.csv")
    found = formula_repeats(joined.documents, splits)
    assert [(r.annotation.doc_id, r.annotation.sent_id, r.repeats, r.part) for r in found] == [
        ("borduria-2", 0, "syldavia-1", "train"),
        ("borduria-2", 2, "syldavia-1", "train"),
    ]
    assert len(formula_repeats(joined.documents, splits, minimum_words=1)) == 3


def test_normalise_and_near_duplicates() -> None:
    assert normalise(" “One-China” PRINCIPLE! ") == "one china principle"
    assert normalise("台湾问题。") == "台 湾 问 题"
    first, second = ["", "abcdefgh", "zz", NEAR], [f"{NEAR} x", "abcdefgx", "abcdefgh"]
    assert [(i, j) for i, j, _ in near_duplicates(first, second)] == [(1, 2), (3, 0)]
    assert near_duplicates(["a"], ["b"]) == []


# Label Studio and doccano


def _completed(tasks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The tasks as Label Studio exports them when a coder has accepted every prediction."""
    return [
        {"id": i, "data": t["data"], "predictions": [], "annotations": [
            {"id": i, "completed_by": {"id": 1, "email": "c1"}, "was_cancelled": False,
             "result": t["predictions"][0]["result"]}]}
        for i, t in enumerate(json.loads(json.dumps(tasks)))
    ]  # fmt: skip


def test_label_studio_interface_follows_the_codebook(small: Path, codebook: Codebook) -> None:
    interface, tasks = to_label_studio(_examples(small), codebook)
    questions = {c.attrib["name"]: c for c in ElementTree.fromstring(interface).iter("Choices")}
    shape = {k: (c.get("choice"), c.get("required")) for k, c in questions.items()}
    assert shape == {
        "issue_main": ("single", "true"), "issue": ("multiple", "true"), "stance": ("single", "true"),
        "holder": ("single", "true"), "frame": ("multiple", None),
    }  # fmt: skip
    assert [c.get("alias") for c in questions["stance"]] == codebook["stance"].keys
    assert len(tasks) == len(_examples(small))


def test_label_studio_round_trip(small: Path, codebook: Codebook) -> None:
    _, tasks = to_label_studio(_examples(small), codebook)
    assert from_label_studio(_completed(tasks), codebook) == [e.annotation for e in _examples(small)]


def test_label_studio_main_issue_survives_reordering(small: Path, codebook: Codebook) -> None:
    task = _completed(to_label_studio(_examples(small), codebook)[1])[0]
    for result in task["annotations"][0]["result"]:
        result["value"]["choices"].reverse()
    assert from_label_studio([task], codebook)[0].issue == ("taiwan", "military")
    task["annotations"][0]["was_cancelled"] = True
    assert from_label_studio([task], codebook) == []


def test_label_studio_import_refuses_faults(small: Path, codebook: Codebook) -> None:
    task = _completed(to_label_studio(_examples(small), codebook)[1])[0]
    with pytest.raises(StanceError, match=r"task 0: the text is not the exported one"):
        from_label_studio([task | {"data": task["data"] | {"text": "Other."}}], codebook)
    with pytest.raises(StanceError, match="not from a project that stance made"):
        from_label_studio([{"id": 3, "data": {}}], codebook)
    task["annotations"][0]["result"] = [r for r in task["annotations"][0]["result"] if r["from_name"] != "stance"]
    with pytest.raises(StanceError, match="task 0: stance needs exactly one label"):
        from_label_studio([task], codebook)


def test_doccano_uses_listed_categories(small: Path, codebook: Codebook) -> None:
    categories, records = to_doccano(_examples(small), codebook)
    names = [c["text"] for c in categories]
    assert len(set(names)) == len(names) == len(codebook.outputs) + len(codebook["issue"].labels)
    assert records[0]["label"] == [
        "issue_main:taiwan", "issue:taiwan", "issue:military", "stance:red_line", "holder:china",
        "frame:sovereignty", "frame:security",
    ]  # fmt: skip
    assert all(set(r["label"]) <= set(names) for r in records)


# Statistics


def test_counts_and_shortfalls(small: Path, codebook: Codebook) -> None:
    catalogue = read_catalogue(small / "documents.csv")
    counts = label_counts(read_annotations(small / "annotations.jsonl"), catalogue, [], codebook)
    assert _row(counts.tables["source"], SENTENCES) == {"all": 10, "us": 5, "china": 5}
    assert list(counts.tables["year"].columns) == ["all", "2031", "2032", "unknown"]
    assert _row(counts.tables["source"], ("issue", "military")) == {"all": 4, "us": 2, "china": 2}
    lacking = shortfalls(counts.tables["source"][["us"]], 3)
    assert ("military", 2, 1) in set(zip(lacking["label"], lacking["count"], lacking["lacking"], strict=True))
    assert "10 sentences of 4 documents" in str(counts)
    with pytest.raises(StanceError, match="not in the list of documents"):
        label_counts([Annotation("x", 0, 0, 1, ("none",), "neutral", "us", ())], catalogue, [], codebook)


def test_figure(small: Path) -> None:
    annotations, catalogue = read_annotations(small / "annotations.jsonl"), read_catalogue(small / "documents.csv")
    chart = sentences_figure(annotations, catalogue)
    save_chart(chart, small / "f.svg")
    save_chart(chart, small / "f.png")
    assert "us: 5 sentences" in (small / "f.svg").read_text(encoding="utf-8")
    assert (small / "f.png").read_bytes().startswith(b"\x89PNG")
    with pytest.raises(StanceError, match=r"\.svg or \.png"):
        save_chart(chart, small / "f.pdf")


# Commands


def test_stats_command(small: Path) -> None:
    _run("stats", "--annotations", small / "annotations.jsonl", "--figure", small / "f.svg", "--minimum", "2")
    assert (small / "f.svg").exists()
    result = _run("stats", "--annotations", small / "annotations.jsonl", "--by", "split", "--json")
    assert json.loads(result.stdout)["tables"]["split"][0]["test"] == 5
    assert "by side" in _run("stats").stdout


def test_the_list_of_documents_may_come_from_a_spreadsheet(small: Path) -> None:
    """Spreadsheets begin a file with a mark, and write semicolons where the comma is the decimal mark."""
    file, annotated = small / "documents.csv", ("--annotations", small / "annotations.jsonl")
    file.write_text("\ufeff" + file.read_text(encoding="utf-8").replace(",", ";"), encoding="utf-8")
    assert "5" in _run("stats", *annotated, "--by", "split").stdout
    assert _run("check", *annotated).stdout.startswith("0 problems")


def test_check_command(small: Path) -> None:
    files = ("--annotations", small / "annotations.jsonl", "--documents", small / "documents.jsonl")
    assert "2 test sentences repeat a formula" in _run("check", *files).stdout
    assert len(json.loads(_run("check", *files, "--json").stdout)["repeats"]) == 2
    _edit(small, "raw/c2.jsonl", '"holder": "both"', '"holder": "them"')
    assert "unknown label 'them'" in _run("check", *files, code=1).stdout


def test_agreement_is_that_of_the_last_round_with_two_coders() -> None:
    """A later round follows the later codebook; where no round has two coders, coders of several are compared."""

    def coded(sentence: int, coder: str, part: str) -> Annotation:
        return Annotation(
            "a", sentence, sentence * 10, sentence * 10 + 5, ("none",), "neutral", "us", (), "", coder, part
        )

    twice = [coded(0, name, part) for name, part in (("a", "2"), ("b", "2"), ("c", "10"), ("d", "10"), ("e", "11"))]
    pairs = double_coded([*twice, coded(1, "b", "3"), coded(1, "a", "1"), coded(2, "a", "1")])
    assert [(one.coder, two.coder) for one, two in pairs] == [("c", "d"), ("a", "b")]


def test_agreement_command(small: Path) -> None:
    result = _run("agreement", "--annotations", small / "annotations.jsonl", "--samples", "10", "--json")
    figures = {f["dimension"]: f["estimate"] for f in json.loads(result.stdout)["figures"]}
    assert figures["holder"] == pytest.approx(1.0)
    assert figures["stance"] < 1


@pytest.mark.parametrize("form", ["huggingface", "label-studio", "doccano"])
def test_export_command(small: Path, form: str) -> None:
    files = ("--annotations", small / "annotations.jsonl", "--written", small / "written.jsonl", "-o", small / "out")
    _run("export", form, *files, "--documents", small / "documents.jsonl")
    _edit(small, "documents.jsonl", "grain &", "grain and")
    result = _run("export", form, *files, "--documents", small / "documents.jsonl", code=1)
    assert "borduria-1 19-49: the text is not the annotated one" in result.stderr
    assert "10 sentences written" in result.stderr


def test_export_needs_documents_and_says_so(small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("STANCE_DOCUMENTS", raising=False)
    files = ("--annotations", small / "annotations.jsonl", "--written", small / "written.jsonl", "-o", small / "out")
    error = _run("export", "doccano", *files, code=1).exception
    assert isinstance(error, StanceError)
    assert "--documents" in str(error)
    _run("export", "doccano", *files, "--part", "written")
    monkeypatch.setenv("STANCE_DOCUMENTS", str(small / "documents.jsonl"))
    _run("export", "doccano", *files)
    assert len((small / "out/sentences.jsonl").read_text(encoding="utf-8").splitlines()) == 11


def test_commands_import_nothing_heavy() -> None:
    code = "import sys, stance.annotation.commands; print({'pandas', 'numpy', 'datasets', 'torch'} & set(sys.modules))"
    output = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert output.stdout.strip() == "set()"


MINIMA = {"stance": 300, "issue": 120, "frame": 200, "holder": 400}


def test_every_label_has_its_minimum_and_the_sides_are_balanced():
    codebook = load_codebook()
    published = read_annotations(ROOT / "corpus/annotations/annotations.jsonl", codebook)
    written = [a for d in read_written(ROOT / "corpus/written/written.jsonl", codebook) for a in d.annotations.values()]
    assert len(published) >= 8000
    assert len(written) >= 1500
    labels, _ = targets([*published, *written], codebook)
    counts = dict(zip(codebook.outputs, labels.sum(axis=0).astype(int), strict=True))
    assert {k: int(n) for k, n in counts.items() if n < MINIMA[k.split(":")[0]]} == {}
    with (ROOT / "corpus/annotations/documents.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    sentences = {s: sum(int(r["sentences"]) for r in rows if r["source"] == s) for s in ("us", "china")}
    assert 0.45 < sentences["us"] / sum(sentences.values()) < 0.55
    assert sum(int(r["sentences"]) for r in rows if r["split"] == "test") >= 800
