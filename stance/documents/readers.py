"""Readers, one for each file format: bytes in, records of text and metadata out.

A record is a dictionary with ``text`` and any metadata that the format carries. Tables and JSONL hold many records
in one file, the other formats one. Reading itself is left to well-kept libraries.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Iterator
from typing import Any

Record = dict[str, Any]
Located = tuple[str, Record | ValueError]
"""Where in the file a record stands (``""``: the file; ``":7"``: line 7), and the record or what is wrong."""

_HAN = "\u3000-\u303f\u4e00-\u9fff\uff00-\uffef"

MAX_BYTES = 64 * 1024 * 1024
ENCODINGS = ["gb18030", "big5", "cp1252"]
"""What text in the two languages comes in where it is not Unicode; in this order where several fit equally well."""


class UnreadableError(ValueError):
    """The bytes are not what the file's name says; carries the cure."""

    def __init__(self, reason: str, cure: str) -> None:
        super().__init__(reason)
        self.cure = cure


def decode(data: bytes) -> str:
    """Decode text of unknown encoding: Unicode where it is valid, else the most likely of `ENCODINGS`.

    Raises:
        UnreadableError: if the bytes are binary, damaged UTF-8, or no encoding fits.
    """
    marked = data.startswith((b"\xff\xfe", b"\xfe\xff"))
    try:
        text = data.decode("utf-16" if marked else "utf-8-sig")
    except UnicodeDecodeError as error:
        if not marked and is_mostly_utf8(data):
            line = data.count(b"\n", 0, error.start) + 1
            raise UnreadableError(f"line {line} is damaged UTF-8", "Mend the line, or save it again") from error
        text = _decode_legacy(data)
    if "\x00" in text:
        raise UnreadableError("it holds binary data, not text", "Save it as UTF-8 text")
    return text


def is_mostly_utf8(data: bytes) -> bool:
    """Whether bytes that are not valid UTF-8 are UTF-8 with some damage: most of what is not ASCII is sound."""
    text = data.decode("utf-8", errors="replace")
    broken = text.count("\ufffd")
    return sum(c > "\x7f" for c in text) > 2 * broken


def _decode_legacy(data: bytes) -> str:
    from charset_normalizer import from_bytes

    best = from_bytes(data[:1_000_000], cp_isolation=ENCODINGS).best()
    if best is None:
        raise UnreadableError("its encoding cannot be told", "Save it as UTF-8 text")
    try:
        return data.decode(best.encoding)
    except UnicodeDecodeError as error:
        raise UnreadableError(f"it is not valid {best.encoding}", "Save it as UTF-8 text") from error


def read_text(data: bytes) -> Iterator[Located]:
    """Read plain text or Markdown, with YAML front matter if there is any."""
    metadata, body = split_front_matter(decode(data))
    yield "", {**metadata, "text": body.strip()}


def split_front_matter(text: str) -> tuple[Record, str]:
    """Split a text into its metadata and its body.

    Raises:
        UnreadableError: if the front matter is not YAML, or does not give names and values.
    """
    from frontmatter.default_handlers import YAMLHandler

    handler = YAMLHandler()
    opening = handler.FM_BOUNDARY.match(text.lstrip())
    parts = handler.FM_BOUNDARY.split(text.lstrip(), 2)
    if not opening or len(parts) < 3:
        return {}, text
    import yaml

    cure = "Mend the lines between the two --- marks"
    try:
        metadata = handler.load(parts[1])
    except yaml.MarkedYAMLError as error:
        above = text.count("\n", 0, len(text) - len(text.lstrip()) + opening.end())
        line = f" in line {above + error.problem_mark.line + 1}" if error.problem_mark else ""
        raise UnreadableError(f"its front matter is not valid YAML{line}", cure) from error
    except ValueError as error:  # YAML knows dates; this is one that the calendar does not
        raise UnreadableError(f"its front matter holds a bad date ({error})", "Write it as YYYY-MM-DD") from error
    except (yaml.YAMLError, RecursionError) as error:
        raise UnreadableError(f"its front matter cannot be read ({error})", cure) from error
    if not isinstance(metadata, dict | None):
        raise UnreadableError("its front matter does not give names and values", cure)
    return metadata or {}, parts[2]


def read_markdown(data: bytes) -> Iterator[Located]:
    """Read Markdown: front matter is metadata; headings, emphasis, links and rules lose their marks."""
    metadata, body = split_front_matter(decode(data))
    body = re.sub(r"^[ \t]{0,3}#{1,6}[ \t]+", "", body, flags=re.MULTILINE)
    body = re.sub(r"^[ \t]{0,3}([-*_=])(?:[ \t]*\1){2,}[ \t]*$", "", body, flags=re.MULTILINE)
    body = re.sub(r"!?\[([^\]\n]+)\]\([^)\s]+\)", r"\1", body)
    body = re.sub(r"(\*\*|__)(?=\S)(.+?)(?<=\S)\1", r"\2", body)
    yield "", {**metadata, "text": body.strip()}


def read_html(data: bytes) -> Iterator[Located]:
    """Read the main text of a web page, with its title and date where the page tells them."""
    import trafilatura

    text = decode(data)
    page: Any = trafilatura.bare_extraction(
        text,
        include_comments=False,
        include_tables=True,
        favor_recall=True,
        with_metadata=True,
        # Only dates that the page marks as its own: any year in the text would do for an extensive search.
        date_extraction_params={"extensive_search": False, "original_date": True},
    )
    if page is None or not (page.text or "").strip():
        cure = "Save the text of the page as a .txt file"
        raise UnreadableError("no main text was found in the page", cure)
    yield "", {"text": page.text, "title": page.title or "", "date": page.date}


def read_docx(data: bytes) -> Iterator[Located]:
    """Read the paragraphs and table cells of a Word document, in their order."""
    import docx
    from docx.table import Table

    try:
        document = docx.Document(io.BytesIO(data))
    except Exception as error:  # python-docx raises what zipfile, lxml and its own reader raise
        cure = "Open it in Word and save it again"
        raise UnreadableError("it is not a readable Word document", cure) from error
    parts: list[str] = []
    for block in document.iter_inner_content():
        if isinstance(block, Table):
            # python-docx gives a merged cell once for each place that it covers
            cells = {cell._tc: cell.text for row in block.rows for cell in row.cells}
            parts += cells.values()
        else:
            parts.append(block.text)
    title = document.core_properties.title or ""
    if title == "Word Document":  # what python-docx gives for a file without properties
        title = ""
    yield "", {"text": "\n\n".join(p.strip() for p in parts if p.strip()), "title": title}


def read_pdf(data: bytes) -> Iterator[Located]:
    """Read the text of a PDF; lines of one paragraph are joined and hyphenation at line ends is undone."""
    import logging

    from pdfminer.high_level import extract_text
    from pdfminer.layout import LAParams

    logging.getLogger("pdfminer").setLevel(logging.ERROR)
    try:
        raw = extract_text(io.BytesIO(data), laparams=LAParams())
    except Exception as error:  # damaged files make pdfminer raise errors of many kinds
        cure = "Open it in a PDF viewer and save it again"
        raise UnreadableError("it is not a readable PDF", cure) from error
    blocks = [b for b in re.split(r"\n\s*\n", raw.replace("\x0c", "\n\n")) if b.strip()]
    joined = [re.sub(r"(?<=\w)-\n(?=[a-z])", "", b.strip()) for b in blocks]
    joined = [re.sub(rf"(?<=[{_HAN}])[ \t]*\n[ \t]*(?=[{_HAN}])", "", b) for b in joined]
    text = "\n\n".join(re.sub(r"[ \t]*\n[ \t]*", " ", b) for b in joined)
    if not text.strip():
        cure = "Run it through OCR first, for example ocrmypdf"
        raise UnreadableError("the PDF holds no text (a scan?)", cure)
    yield "", {"text": text}


def read_jsonl(data: bytes) -> Iterator[Located]:
    """Read one JSON object a line; a line that is broken is named and the others go on."""
    for number, line in enumerate(_lines(data), 1):
        if not line.strip():
            continue
        try:
            record = json.loads(line)
        except (ValueError, RecursionError) as error:
            yield f":{number}", ValueError(f"the line is not valid JSON ({str(error)[:60]})")
            continue
        yield f":{number}", _checked(record)


def _lines(data: bytes) -> Iterator[str | bytes]:
    """Lines of a file; undecoded where some are damaged UTF-8, so that the reader trips over these alone."""
    try:
        yield from decode(data).split("\n")
    except UnreadableError:
        if not is_mostly_utf8(data):
            raise
        yield from data.split(b"\n")


def read_json(data: bytes) -> Iterator[Located]:
    """Read a JSON object, or a list of them."""
    try:
        content = json.loads(decode(data))
    except UnreadableError:
        raise
    except (ValueError, RecursionError) as error:
        cure = "Write it with a JSON library"
        raise UnreadableError(f"it is not valid JSON ({str(error)[:60]})", cure) from error
    for number, record in enumerate(content if isinstance(content, list) else [content], 1):
        yield f":{number}" if isinstance(content, list) else "", _checked(record)


def read_csv(data: bytes) -> Iterator[Located]:
    """Read a CSV with a header row and a ``text`` column; the commas may be semicolons or tabs.

    Every cell is taken as text. A row with cells too many is named and the others go on; after a broken quote they
    cannot.
    """
    text = decode(data)
    header = text.lstrip("\r\n").split("\n", 1)[0]
    csv.field_size_limit(MAX_BYTES)
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=max(",;\t", key=header.count), strict=True)
    try:
        _check_columns(list(reader.fieldnames or []))
        before = reader.line_num
        for row in reader:
            where, before = f":{before + 1}", reader.line_num
            if None in row:
                yield where, ValueError("the row has more cells than the header")
            else:
                yield where, _checked(row)
    except csv.Error as error:
        raise UnreadableError(f"it is broken near line {reader.line_num} ({error})", "Check its quotes") from error


def read_parquet(data: bytes) -> Iterator[Located]:
    """Read a Parquet table with a ``text`` column."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.read_table(io.BytesIO(data))
    except (pa.ArrowException, OSError) as error:
        raise UnreadableError("it is not a readable Parquet file", "Write it again") from error
    _check_columns(table.column_names)
    for number, row in enumerate(table.to_pylist(), 1):
        yield f":{number}", _checked(row)


def _check_columns(columns: list[str]) -> None:
    if "text" not in columns:
        cure = f"Rename the column (it has: {', '.join(columns[:12]) or 'none'})"
        raise UnreadableError("it has no column named text", cure)


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
