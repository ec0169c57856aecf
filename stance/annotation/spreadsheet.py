"""Sentences as a spreadsheet to code in, with lists of the codebook's labels to choose from, and the way back."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stance.annotation.examples import Example, sentence_record
from stance.annotation.standoff import Annotation, annotation_from_record, sentence_hash
from stance.codebook import DIMENSIONS, Codebook, Dimension
from stance.errors import StanceError

if TYPE_CHECKING:
    from openpyxl.worksheet.worksheet import Worksheet

SENTENCES, CODEBOOK = "sentences", "codebook"
SEVERAL = 3
"""Columns, at least, of a dimension of which a sentence may get several labels."""

_WIDTHS = {"date": 11, "source": 8, "title": 24, "context": 50, "text": 60, "note": 30}
_SHOWN = ("date", "source", "title", "context", "text")
_IDENTITY = ("doc_id", "sent_id", "start", "end", "sha256", "round", "row")
"""Hidden columns that say which sentence a row is; ``row`` is the hash of what the coder sees and of the others."""


def write_spreadsheet(examples: Sequence[Example], codebook: Codebook, path: Path, blind: bool = False) -> None:
    """Write sentences as an Excel workbook in which they are coded.

    Args:
        examples: annotated sentences, a row each.
        codebook: its labels become lists to choose from, its definitions, notes, examples and rules a second sheet.
        path: ends in ``.xlsx``.
        blind: without the labels that the sentences have.

    Raises:
        OSError: if it cannot be written.
    """
    from openpyxl import Workbook
    from openpyxl.styles import Alignment, Font
    from openpyxl.utils import get_column_letter

    book = Workbook()
    sheet: Worksheet = book.create_sheet(SENTENCES, 0)
    most = max(SEVERAL, *(len(e.annotation.issue) for e in examples), *(len(e.annotation.frame) for e in examples))
    answers = {name: d.key for d in codebook.dimensions for name in _questions(d, 1 if d.exclusive else most)}
    columns = [*_SHOWN, *answers, "note", *_IDENTITY]
    sheet.append(columns)
    for example in examples:
        cells = _row(example) | ({} if blind else _answers(example.annotation, codebook))
        sheet.append([cells.get(c, "") for c in columns])
    lists = _write_codebook(book.create_sheet(CODEBOOK), codebook)
    book.remove(book["Sheet"])
    for number, name in enumerate(columns, 1):
        place = sheet.column_dimensions[get_column_letter(number)]
        place.width = _WIDTHS.get(name, 18)
        place.hidden = name in _IDENTITY
        if name in answers:
            _offer(sheet, get_column_letter(number), lists[answers[name]])
    for row in sheet.iter_rows(min_row=2):
        for cell in row:
            cell.alignment = Alignment(wrap_text=True, vertical="top")
    for each in book.worksheets:
        for cell in (cell for row in each.iter_rows() for cell in row if cell.data_type == "f"):
            cell.data_type = "s"  # text that begins like a formula stays text
        for cell in each[1]:
            cell.font = Font(bold=True)
        each.freeze_panes = "A2"
    book.save(path)


def read_spreadsheet(path: Path, codebook: Codebook) -> tuple[list[Annotation], int]:
    """Read what was coded in a workbook of `write_spreadsheet`; the name of the file stands as the coder's.

    Returns:
        an annotation of each coded row, and the number of rows in which nothing is coded.

    Raises:
        StanceError: naming file and row, if it is no such workbook, a row was taken apart (as by sorting some of the
            columns), or its labels break the codebook.
    """
    found, empty = [], 0
    for number, row in _rows(path, [*DIMENSIONS, "text", *_IDENTITY]):
        labels = {d.key: _given(row, d) for d in codebook.dimensions}
        if not any(labels.values()):
            empty += 1
            continue
        where = f"{path}: row {number}"
        if row["row"] != _fingerprint(row):
            raise StanceError(
                f"{where}: the sentence does not belong to the row's hidden columns. Sort all columns together, leave "
                "the sentences as they are, and code in the workbook that `stance annotate` wrote"
            )
        if problems := codebook.problems(labels):
            raise StanceError(f"{where}: {'; '.join(problems)}. Mend the row, or empty it if it is not coded yet")
        identity = {name: "" if row[name] is None else row[name] for name in _IDENTITY}
        found.append(annotation_from_record({**identity, **labels, "coder": path.stem}))
    return found, empty


def _given(row: dict[str, Any], dimension: Dimension) -> Any:
    """What a row says in a dimension: a label, or a list where several may be given; None or empty for nothing."""
    names = [dimension.key, *(n for n in row if re.fullmatch(rf"{dimension.key}_\d+", n))]
    keys = [key for name in names if (key := str(row[name] or "").strip())]
    return keys if not dimension.exclusive else keys[0] if keys else None


def _rows(path: Path, needed: Sequence[str]) -> Iterator[tuple[int, dict[str, Any]]]:
    """Number and cells of each row that holds a sentence."""
    from zipfile import BadZipFile

    from openpyxl import load_workbook
    from openpyxl.utils.exceptions import InvalidFileException

    cure = "Give a workbook that `stance annotate --format spreadsheet` wrote, saved as .xlsx"
    try:
        sheet = load_workbook(path, read_only=True, data_only=True)[SENTENCES]
        rows = [list(cells) for cells in sheet.iter_rows(values_only=True)]
    except (OSError, BadZipFile, InvalidFileException, KeyError, ValueError) as error:
        raise StanceError(f"{path}: not a workbook of sentences to code ({error}). {cure}") from error
    head = [str(name) for name in rows[0]] if rows else []
    if missing := [name for name in needed if name not in head]:
        raise StanceError(f"{path}: the sheet {SENTENCES!r} lacks the columns {', '.join(missing)}. {cure}")
    for number, cells in enumerate(rows[1:], 2):
        row = dict(zip(head, cells, strict=False))
        if any(row.get(name) for name in needed):
            yield number, {name: row.get(name) for name in head}


def _questions(dimension: Dimension, count: int) -> list[str]:
    """Columns to code a dimension in: its key, and with ``_2``, ``_3``, … where several labels may be given."""
    return [dimension.key if i == 1 else f"{dimension.key}_{i}" for i in range(1, count + 1)]


def _answers(annotation: Annotation, codebook: Codebook) -> dict[str, str]:
    answers: dict[str, str] = {}
    for d in codebook.dimensions:
        given = annotation.labels[d.key]
        keys = [given] if d.exclusive else given
        answers |= zip(_questions(d, len(keys)), keys, strict=True)
    return answers


def _row(example: Example) -> dict[str, Any]:
    record = sentence_record(example)
    shown = {name: _plain(record[name]) for name in _SHOWN}
    row = {**{name: record[name] for name in _IDENTITY if name in record}, **shown}
    return {**row, "row": _fingerprint(row)}


def _plain(text: str | None) -> str:
    """Text as a cell can hold it: in one line, without control characters, at most 32,767 characters."""
    from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

    return " ".join(ILLEGAL_CHARACTERS_RE.sub(" ", text or "").split())[:32767]


def _fingerprint(row: dict[str, Any]) -> str:
    return sentence_hash("\x1f".join(str(row[k] or "") for k in ("text", *_IDENTITY[:-1])))


def _write_codebook(sheet: Worksheet, codebook: Codebook) -> dict[str, str]:
    """Write labels, definitions, examples, notes and rules; returns the cells that hold each dimension's labels."""
    lists = {}
    sheet.append(["dimension", "label", "name", "definition", "example"])
    for d in codebook.dimensions:
        first = sheet.max_row + 1
        for label in d.labels:
            sheet.append([d.key, label.key, label.name, label.definition, label.example])
        lists[d.key] = f"{CODEBOOK}!$B${first}:$B${sheet.max_row}"
    for d in codebook.dimensions:
        if d.note:
            sheet.append([f"{d.key}: note", "", "", f"{d.question} {d.note}"])
        for rule in d.rules:
            sheet.append([f"{d.key}: rule", "", "", rule])
    for letter, width in zip("ABCDE", (14, 22, 26, 120, 60), strict=True):
        sheet.column_dimensions[letter].width = width
    return lists


def _offer(sheet: Worksheet, letter: str, labels: str) -> None:
    """Let a column be filled from a list of labels only."""
    from openpyxl.worksheet.datavalidation import DataValidation

    choice = DataValidation("list", formula1=f"={labels}", allow_blank=True, showErrorMessage=True)
    choice.error, choice.errorTitle = f"Choose one of the labels that the sheet {CODEBOOK!r} lists", "No such label"
    choice.add(f"{letter}2:{letter}{max(sheet.max_row, 2)}")
    sheet.add_data_validation(choice)
