"""Coding in a spreadsheet: what is written, what is read back, and what is refused."""

import json
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pytest
from click.testing import CliRunner
from openpyxl.worksheet.worksheet import Worksheet

from stance.annotation.examples import Example
from stance.annotation.spreadsheet import read_spreadsheet, write_spreadsheet
from stance.annotation.standoff import Annotation, sentence_hash
from stance.cli import main
from stance.codebook import load_codebook
from stance.documents import Document
from stance.errors import StanceError

CODEBOOK = load_codebook()
TEXTS = ["=HYPERLINK(1) is no formula here.", "We oppose\x0b the  tariffs.", "We agreed to talk.", "They met."]
LABELS = [
    (("trade_economy", "taiwan", "military", "maritime"), "criticism", "us", ("rules_law", "dialogue")),
    (("trade_economy",), "opposition", "us", ()),
    (("bilateral_relations",), "agreement", "both", ("dialogue",)),
    (("none",), "neutral", "both", ()),
]


@pytest.fixture
def examples() -> list[Example]:
    text = "\n".join(TEXTS)
    document = Document("talks", text, "us", date="2031-02-03", title="Talks")
    found = []
    for i, (sentence, labels) in enumerate(zip(TEXTS, LABELS, strict=True)):
        start = text.index(sentence)
        place = (i, start, start + len(sentence))
        found.append(
            Example(document, Annotation("talks", *place, *labels, sentence_hash(sentence), "m"), sentence, "ctx")
        )
    return found


@pytest.fixture
def workbook(examples: list[Example], tmp_path: Path) -> Path:
    write_spreadsheet(examples, CODEBOOK, tmp_path / "anna.xlsx")
    return tmp_path / "anna.xlsx"


def change(path: Path, edit: Callable[[Worksheet, dict[str, int]], None]) -> None:
    book = openpyxl.load_workbook(path)
    sheet = book["sentences"]
    edit(sheet, {str(c.value): c.column for c in sheet[1]})
    book.save(path)


def test_what_is_written_is_read_back(examples: list[Example], workbook: Path) -> None:
    coded, empty = read_spreadsheet(workbook, CODEBOOK)
    assert empty == 0
    assert [(a.span, a.labels, a.sha256, a.coder) for a in coded] == [
        (e.annotation.span, e.annotation.labels, e.annotation.sha256, "anna") for e in examples
    ]


def test_labels_are_chosen_from_lists_and_no_cell_is_a_formula(workbook: Path) -> None:
    sheet = openpyxl.load_workbook(workbook)["sentences"]
    columns = {str(c.value): c.column_letter for c in sheet[1]}
    lists = {str(v.sqref): v.formula1 for v in sheet.data_validations.dataValidation}
    book = openpyxl.load_workbook(workbook)
    for name in ("issue", "issue_4", "stance", "holder", "frame_2"):
        cells = book["codebook"][lists[f"{columns[name]}2:{columns[name]}5"].split("!")[1].replace("$", "")]
        assert [c[0].value for c in cells] == CODEBOOK[name.split("_")[0]].keys
    assert "f" not in {cell.data_type for row in sheet.iter_rows() for cell in row}


def test_a_blind_workbook_suggests_nothing_and_counts_what_is_not_coded(
    examples: list[Example], tmp_path: Path
) -> None:
    path = tmp_path / "ben.xlsx"
    write_spreadsheet(examples, CODEBOOK, path, blind=True)
    assert read_spreadsheet(path, CODEBOOK) == ([], 4)

    def code(sheet: Worksheet, at: dict[str, int]) -> None:
        for name, key in (("issue", "taiwan"), ("stance", " red_line "), ("holder", "china"), ("frame", "sovereignty")):
            sheet.cell(4, at[name]).value = key

    change(path, code)
    [one], empty = read_spreadsheet(path, CODEBOOK)
    assert empty == 3
    assert one.labels == {"issue": ["taiwan"], "stance": "red_line", "holder": "china", "frame": ["sovereignty"]}
    assert one.span == examples[2].annotation.span


@pytest.mark.parametrize(
    ("column", "row", "value", "message"),
    [
        ("stance", 3, "angry", "row 3: stance: unknown label 'angry'. Mend the row"),
        ("holder", 2, None, "row 2: holder needs exactly one label"),
        ("issue_2", 5, "taiwan", "row 5: issue: none stands alone"),
        ("text", 4, "We agreed to talk?", "row 4: the sentence does not belong to the row's hidden columns"),
        ("start", 4, 7, "row 4: the sentence does not belong to the row's hidden columns"),
        ("stance", 1, "attitude", "lacks the columns stance"),
    ],
)
def test_what_does_not_fit_is_refused_with_its_row(
    workbook: Path, column: str, row: int, value: object, message: str
) -> None:
    def spoil(sheet: Worksheet, at: dict[str, int]) -> None:
        sheet.cell(row, at[column]).value = value  # type: ignore[assignment]

    change(workbook, spoil)
    with pytest.raises(StanceError, match=r"anna\.xlsx: ") as error:
        read_spreadsheet(workbook, CODEBOOK)
    assert message in str(error.value)


def test_rows_may_be_sorted_but_not_columns_alone(workbook: Path) -> None:
    def swap(sheet: Worksheet, columns: list[int]) -> None:
        for column in columns:
            a, b = sheet.cell(2, column), sheet.cell(4, column)
            a.value, b.value = b.value, a.value
            for cell in (a, b):
                cell.data_type = "s" if cell.data_type == "f" else cell.data_type

    before = {a.span: a.labels for a in read_spreadsheet(workbook, CODEBOOK)[0]}
    change(workbook, lambda sheet, at: swap(sheet, list(at.values())))
    assert {a.span: a.labels for a in read_spreadsheet(workbook, CODEBOOK)[0]} == before
    change(workbook, lambda sheet, at: swap(sheet, [at["text"]]))
    with pytest.raises(StanceError, match="row 2: the sentence does not belong"):
        read_spreadsheet(workbook, CODEBOOK)


def test_collect_names_files_that_are_no_workbook_and_those_with_nothing_coded(
    examples: list[Example], workbook: Path, tmp_path: Path
) -> None:
    run = CliRunner()
    out = tmp_path / "gold.jsonl"
    (tmp_path / "bad.xlsx").write_text("no zip", encoding="utf-8")
    refused = run.invoke(main, ["annotate", "--collect", str(tmp_path / "bad.xlsx"), "-o", str(out)])
    assert refused.exit_code == 2
    assert "bad.xlsx: not a workbook of sentences to code" in refused.output
    write_spreadsheet(examples, CODEBOOK, tmp_path / "blank.xlsx", blind=True)
    refused = run.invoke(main, ["annotate", "--collect", str(tmp_path / "blank.xlsx"), "-o", str(out)])
    assert "blank.xlsx: nothing is coded yet (4 tasks)" in refused.output
    assert not out.exists()
    refused = run.invoke(main, ["annotate", "--collect", str(workbook), "-o", str(out), "--blind", "--seed", "2"])
    assert "--seed, --blind means nothing with --collect" in refused.output
    done = run.invoke(main, ["annotate", "--collect", str(workbook), str(tmp_path / "blank.xlsx"), "-o", str(out)])
    assert "4 annotations written" in done.output
    assert "; 4 tasks are not coded yet" in done.output
    assert [json.loads(line)["coder"] for line in out.read_text(encoding="utf-8").splitlines()] == ["anna"] * 4
