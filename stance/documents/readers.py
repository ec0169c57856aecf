"""Readers, one for each file format: bytes in, records of text and metadata out.

A record is a dictionary with ``text`` and any metadata that the format carries. Tables and JSONL hold many records in one
file, the other formats one. Reading itself is left to well-kept libraries.
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable, Iterator
from typing import Any

Record = dict[str, Any]
Located = tuple[str, Record | ValueError]
"""Where in the file a record stands (``""`` for the whole file, ``":7"`` for line 7), and the record or what is wrong."""

MAX_BYTES = 64 * 1024 * 1024


class UnreadableError(ValueError):
    """The bytes are not what the file's name says; carries the cure."""

    def __init__(self, reason: str, cure: str) -> None:
        super().__init__(reason)
        self.cure = cure


def decode(data: bytes) -> str:
    """Decode text of unknown encoding: UTF-8 if it is valid, else what charset-normalizer finds most likely.

    Raises:
        UnreadableError: if the bytes are binary or no encoding fits.
    """
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        try:
            return data.decode("utf-16")
        except UnicodeDecodeError:
            pass
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        from charset_normalizer import from_bytes

        best = from_bytes(data[:1_000_000]).best()
        if best is None:
            raise UnreadableError("its encoding cannot be told", "Save it as UTF-8 text") from None
        try:
            text = data.decode(best.encoding)
        except UnicodeDecodeError as error:
            raise UnreadableError(f"it is not valid {best.encoding}", "Save it as UTF-8 text") from error
    if "\x00" in text:
        raise UnreadableError("it holds binary data, not text", "Save it as UTF-8 text")
    return text


def read_text(data: bytes) -> Iterator[Located]:
    """Read plain text or Markdown, with YAML front matter if there is any."""
    import frontmatter
    import yaml

    text = decode(data)
    try:
        metadata, body = frontmatter.parse(text)
    except yaml.YAMLError as error:
        line = f" in line {error.problem_mark.line + 2}" if getattr(error, "problem_mark", None) else ""
        raise UnreadableError(
            f"its front matter is not valid YAML{line}", "Mend the lines between the two --- marks"
        ) from error
    yield "", {**(metadata if isinstance(metadata, dict) else {}), "text": body}


def read_markdown(data: bytes) -> Iterator[Located]:
    """Read Markdown: front matter is metadata; heading marks, emphasis and links are taken off the body."""
    for where, record in read_text(data):
        if isinstance(record, dict):
            body = re.sub(r"^[ \t]{0,3}#{1,6}[ \t]+", "", record["text"], flags=re.MULTILINE)
            body = re.sub(r"!?\[([^\]\n]+)\]\([^)\s]+\)", r"\1", body)
            body = re.sub(r"(\*\*|__)(?=\S)(.+?)(?<=\S)\1", r"\2", body)
            record = {**record, "text": body}
        yield where, record


def read_html(data: bytes) -> Iterator[Located]:
    """Read the main text of a web page, with its title and date where the page tells them."""
    import trafilatura

    text = decode(data)
    page = trafilatura.bare_extraction(
        text, include_comments=False, include_tables=True, favor_recall=True, with_metadata=True
    )
    if page is None or not (page.text or "").strip():
        raise UnreadableError("no main text was found in the page", "Save the text of the page as a .txt file")
    title = page.title or ""
    yield "", {"text": page.text, "title": title, "date": page.date}


def read_docx(data: bytes) -> Iterator[Located]:
    """Read the paragraphs and table cells of a Word document, in their order."""
    import docx
    from docx.table import Table

    try:
        document = docx.Document(io.BytesIO(data))
    except Exception as error:  # python-docx raises what zipfile, lxml and its own reader raise
        raise UnreadableError("it is not a readable Word document", "Open it in Word and save it again") from error
    parts: list[str] = []
    for block in document.iter_inner_content():
        if isinstance(block, Table):
            parts += [cell.text for row in block.rows for cell in row.cells]
        else:
            parts.append(block.text)
    core = document.core_properties
    yield "", {"text": "\n\n".join(p for p in parts if p.strip()), "title": core.title or ""}


def read_pdf(data: bytes) -> Iterator[Located]:
    """Read the text of a PDF; lines of one paragraph are joined and hyphenation at line ends is undone."""
    import logging

    from pdfminer.high_level import extract_text
    from pdfminer.layout import LAParams

    logging.getLogger("pdfminer").setLevel(logging.ERROR)
    try:
        raw = extract_text(io.BytesIO(data), laparams=LAParams())
    except Exception as error:  # damaged files make pdfminer raise errors of many kinds
        raise UnreadableError("it is not a readable PDF", "Open it in a PDF viewer and save it again") from error
    blocks = [b for b in re.split(r"\n\s*\n", raw.replace("\x0c", "\n\n")) if b.strip()]
    joined = [re.sub(r"(?<=\w)-\n(?=[a-z])", "", b.strip()) for b in blocks]
    text = "\n\n".join(re.sub(r"[ \t]*\n[ \t]*", " ", b) for b in joined)
    if not text.strip():
        raise UnreadableError("the PDF holds no text (a scan?)", "Run it through OCR first, for example ocrmypdf")
    yield "", {"text": text}


def read_jsonl(data: bytes) -> Iterator[Located]:
    """Read one JSON object a line; a line that is broken is named and the others go on."""
    for number, line in enumerate(decode(data).split("\n"), 1):
        if not line.strip():
            continue
        try:
            record = json.loads(line)
        except (json.JSONDecodeError, RecursionError) as error:
            yield f":{number}", ValueError(f"the line is not valid JSON ({str(error)[:60]})")
            continue
        yield f":{number}", _checked(record)


def read_json(data: bytes) -> Iterator[Located]:
    """Read a JSON object, or a list of them."""
    try:
        content = json.loads(decode(data))
    except (json.JSONDecodeError, RecursionError) as error:
        raise UnreadableError(f"it is not valid JSON ({str(error)[:60]})", "Write it with a JSON library") from error
    for number, record in enumerate(content if isinstance(content, list) else [content], 1):
        yield f":{number}" if isinstance(content, list) else "", _checked(record)


def read_csv(data: bytes) -> Iterator[Located]:
    """Read a CSV with a header row and a ``text`` column; every cell is taken as text."""
    import pandas as pd

    try:
        frame = pd.read_csv(io.StringIO(decode(data)), dtype=str, keep_default_na=False, sep=None, engine="python")
    except Exception as error:  # the csv module and pandas raise several kinds
        raise UnreadableError(f"it is not a readable CSV ({str(error)[:80]})", "Check quotes and columns") from error
    yield from _rows(frame.to_dict("records"), list(frame.columns), 2)


def read_parquet(data: bytes) -> Iterator[Located]:
    """Read a Parquet table with a ``text`` column."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.read_table(io.BytesIO(data))
    except (pa.ArrowException, OSError) as error:
        raise UnreadableError("it is not a readable Parquet file", "Write it again") from error
    yield from _rows(table.to_pylist(), table.column_names, 1)


def _rows(rows: list[Any], columns: list[str], first: int) -> Iterator[Located]:
    if "text" not in columns:
        raise UnreadableError("it has no column named text", f"Rename the column (it has: {', '.join(columns[:12])})")
    for number, row in enumerate(rows, first):
        yield f":{number}", _checked(row)


def _checked(record: object) -> Record | ValueError:
    if not isinstance(record, dict):
        return ValueError("the record is not a JSON object")
    if not isinstance(record.get("text"), str):
        return ValueError("the record has no text field")
    return record


READERS: dict[str, Callable[[bytes], Iterator[Located]]] = {
    ".txt": read_text,
    ".text": read_text,
    ".md": read_markdown,
    ".markdown": read_markdown,
    ".html": read_html,
    ".htm": read_html,
    ".docx": read_docx,
    ".pdf": read_pdf,
    ".jsonl": read_jsonl,
    ".ndjson": read_jsonl,
    ".json": read_json,
    ".csv": read_csv,
    ".tsv": read_csv,
    ".parquet": read_parquet,
}
