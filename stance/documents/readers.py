"""Readers, one for each file format: bytes in, records of text and metadata out.

A record is a dictionary with ``text`` and any metadata that the format carries. Tables and JSONL hold many records
in one file, the other formats one. Reading itself is left to well-kept libraries.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO

from stance.documents.encoding import UNPACKED, UnreadableError, decode, unpacks_to_too_much
from stance.documents.front_matter import split_front_matter
from stance.documents.mime import read_eml, read_mhtml
from stance.documents.pdf import read_pdf
from stance.documents.records import Located, Record, read_csv, read_json, read_jsonl, read_parquet
from stance.documents.web_page import PAGE_MEGABYTES, read_html

# A search that fails ends where the next one may begin: whatever the text, the time is linear.
_LINK = re.compile(r"!?\[([^\[\]\n]+)\]\((?:(?!\]\()[^)\s]){1,2000}\)")
_EMPHASIS = re.compile(r"(\*\*|__)(?=\S)(.(?:(?!\1\S).)*?)(?<=\S)\1")

STREAMED = (".jsonl", ".ndjson", ".csv", ".tsv", ".parquet")
"""Formats that may be of any size; the others are read as a whole."""
MEGABYTES = {
    ".html": PAGE_MEGABYTES, ".htm": PAGE_MEGABYTES, ".mhtml": 32, ".mht": 32, ".eml": 32, ".docx": 32, ".pdf": 64,
    ".json": 8,
}  # fmt: skip
"""Largest file of a format that is read as a whole; 16 for the others."""


def read_text(file: BinaryIO) -> Iterator[Located]:
    """Read plain text or Markdown, with YAML front matter if there is any."""
    metadata, body = split_front_matter(decode(file.read()))
    yield "", {**metadata, "text": body.strip()}


def read_markdown(file: BinaryIO) -> Iterator[Located]:
    """Read Markdown: front matter is metadata; headings, strong emphasis, links and rules lose their marks."""
    metadata, body = split_front_matter(decode(file.read()))
    body = re.sub(r"^[ \t]{0,3}#{1,6}[ \t]+", "", body, flags=re.MULTILINE)
    body = re.sub(r"^[ \t]{0,3}([-*_=])(?:[ \t]*\1){2,}[ \t]*$", "", body, flags=re.MULTILINE)
    body = _LINK.sub(r"\1", _LINK.sub(r"\1", body))  # twice: a picture may stand in a link
    body = _EMPHASIS.sub(r"\2", body)
    yield "", {**metadata, "text": body.strip()}


def read_docx(file: BinaryIO) -> Iterator[Located]:
    """Read all paragraphs of a Word document, in their order."""
    data = file.read()
    try:
        _check_unpacked(data)
        record = _word_content(data)
    except (UnreadableError, MemoryError):
        raise
    except Exception as error:  # python-docx raises what zipfile, lxml and its own reader raise, early or late
        cure = "Open it in Word and save it again"
        raise UnreadableError("it is not a readable Word document", cure) from error
    yield "", record


def _word_content(data: bytes) -> Record:
    import docx

    document = docx.Document(io.BytesIO(data))
    parts = _word_paragraphs(document.element.body)
    title = document.core_properties.title or ""
    if title == "Word Document":  # what python-docx gives for a file without properties
        title = ""
    return {"text": "\n\n".join(p.strip() for p in parts if p.strip()), "title": title}


def _word_paragraphs(body: Any) -> Iterator[str]:
    """Texts of all paragraphs, those of tables, text boxes and content controls among them, as they read when accepted.

    python-docx gives neither text boxes nor content controls nor inserted text. What is deleted or moved away is left
    out, and of a text box that is written twice, for old programs too, the copy for those.
    """
    from docx.oxml.ns import qn

    paragraph, run = qn("w:p"), qn("w:r")
    out = {qn("w:del"), qn("w:moveFrom"), "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"}
    written = {qn("w:tab"): "\t", qn("w:br"): "\n", qn("w:cr"): "\n", qn("w:noBreakHyphen"): "-"}
    for p in body.iter(paragraph):
        text = []
        for node in p.iter(qn("w:t"), *written):
            above = [a.tag for a in node.iterancestors()]
            if above[0] == run and next(node.iterancestors(paragraph)) is p and out.isdisjoint(above):
                text.append(written.get(node.tag, node.text or ""))
        yield "".join(text)


def _check_unpacked(data: bytes) -> None:
    """Refuse an archive that is small on the disk and huge in memory."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        parts = [(i.filename.endswith((".xml", ".rels")), i.file_size) for i in archive.infolist()]
    if (
        sum(size for _, size in parts) > 4 * UNPACKED << 20
        or sum(s for is_text, s in parts if is_text) > UNPACKED << 20
    ):
        raise unpacks_to_too_much()


READERS: dict[str, Callable[[BinaryIO], Iterator[Located]]] = {
    ".txt": read_text,
    ".text": read_text,
    ".md": read_markdown,
    ".markdown": read_markdown,
    ".html": read_html,
    ".htm": read_html,
    ".mhtml": read_mhtml,
    ".mht": read_mhtml,
    ".eml": read_eml,
    ".docx": read_docx,
    ".pdf": read_pdf,
    ".jsonl": read_jsonl,
    ".ndjson": read_jsonl,
    ".json": read_json,
    ".csv": read_csv,
    ".tsv": read_csv,
    ".parquet": read_parquet,
}
