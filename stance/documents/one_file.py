"""The documents of one file, or of stdin, with the metadata of its sidecar."""

from __future__ import annotations

import hashlib
import io
import json
import logging
import os
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from stat import S_ISFIFO, S_ISREG
from typing import Any, BinaryIO

from stance.documents.document import Document, given, make_document
from stance.documents.encoding import UnreadableError, decode
from stance.documents.files import PACKED, SPREADSHEETS, hidden_ending, may_have_sidecar
from stance.documents.language import seems_english
from stance.documents.position import Position
from stance.documents.readers import MEGABYTES, READERS, STREAMED, read_markdown, read_text
from stance.documents.records import Located, Record, open_stream
from stance.documents.signature import check_is_text, format_of
from stance.errors import InputFailure, printable

logger = logging.getLogger(__name__)

CURES = {
    "the document has no text": "Check the file, or remove it from the inputs",
    "the record has no text field": "Give every record a text field",
    "source": "Set it to us, china or other",
    "lang": "Set it to en or zh",
    "the row": "Check its quotes and commas",
    "the line": "Mend the line",
}
GUESSED = (".html", ".htm", ".mhtml", ".mht", ".eml", ".docx")
"""Formats whose metadata come from the page, the mail or the word processor: what the user wrote goes before them."""


def documents_of(
    path: Path,
    name: str,
    row: Mapping[str, Any],
    defaults: Mapping[str, Any],
    position: Position,
    foreign: Counter[str],
) -> Iterator[Document | InputFailure]:
    """Read the documents of one file, or of stdin; what cannot be read of it is yielded as an ``InputFailure``.

    Args:
        path: the file; ``-`` is stdin.
        name: doc_id of a document that says none; of several, with the number of the record. On stdin, where the number
            says nothing the next time, it gets a hash of the text instead.
        row: metadata of the file in the manifest.
        defaults: metadata for what the document does not say itself.
        position: told how far reading has come.
        foreign: counts as ``documents`` those that seem to be in a language that is not read; the first is named.
    """
    location = location_of(path)
    empty = True
    try:
        sidecar = _sidecar(path)
        for where, record, suffix in _records(path, position):
            empty = False
            if isinstance(record, ValueError):
                yield _failure(location + where, record)
                continue
            layers = (defaults, record, row, sidecar) if suffix in GUESSED else (defaults, row, sidecar, record)
            metadata = {k: v for layer in layers for k, v in given(layer).items()}
            doc_id = f"{name}-{where[1:]}" if where else name
            try:
                document = make_document(record["text"], metadata, doc_id, location + where)
                if location == "stdin" and "doc_id" not in metadata:
                    document = replace(document, doc_id=f"{name}-{_hash(document.text)}")
                if "lang" not in metadata and document.lang == "en" and not seems_english(document.text):
                    _warn_of_language(document, foreign)
                yield document
            except ValueError as error:
                yield _failure(location + where, error)
        if empty:
            yield InputFailure(location, "it holds no records", "Check the file, or remove it from the inputs")
    except ValueError as error:
        yield _failure(location, error)
    except OSError as error:
        yield InputFailure(location, f"it cannot be opened ({error.strerror})", "Check the file and its rights")


def _warn_of_language(document: Document, foreign: Counter[str]) -> None:
    """Name the first document that seems to be in a language that is not read; the others are counted."""
    if not foreign["documents"]:
        logger.warning(
            "%s seems to be neither in English nor in Chinese: its labels will mean nothing. Give a translation, or, if"
            " it is English, say so (lang: en)",
            printable(document.path or ""),
        )
    foreign["documents"] += 1


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def location_of(path: Path) -> str:
    """A file as messages name it."""
    return "stdin" if str(path) == "-" else str(path)


def _records(path: Path, position: Position) -> Iterator[tuple[str, Record | ValueError, str]]:
    """Places and records of a file, with the ending of its format: on stdin that which the first bytes tell."""
    if str(path) == "-":
        stream, head = open_stream(sys.stdin.buffer)
        suffix = format_of(head) or ".txt"
        file = stream if suffix in (".jsonl", ".csv") else io.BytesIO(_bounded(stream, MEGABYTES.get(suffix, 16)))
        for where, record in _named(_reader(suffix)(file), suffix):
            yield where, record, suffix
        return
    suffix = path.suffix.lower()
    if ending := hidden_ending(path):
        raise UnreadableError(f"its name goes on after {ending}", f"Rename it, so that it ends in {ending}")
    about = path.stat()
    if not S_ISREG(about.st_mode):
        what = "a pipe" if S_ISFIFO(about.st_mode) else "no regular file"
        raise UnreadableError(f"it is {what}", "Pipe it into the command, with - as input")
    reader = _reader(path.suffix)
    size, most = about.st_size, MEGABYTES.get(suffix, 16)
    if suffix not in STREAMED and size > most << 20:
        raise UnreadableError(f"it is larger than {most} MB", "Split it into smaller files")
    with path.open("rb") as opened:
        if reader in (read_text, read_markdown):
            check_is_text(opened.peek(), path.stem)
        for where, record in _named(reader(opened), suffix):
            position.within = min(size, opened.tell()) if not opened.closed else size
            yield where, record, suffix
    position.done, position.within = position.done + size, 0


def _reader(suffix: str) -> Callable[[BinaryIO], Iterator[Located]]:
    if reader := READERS.get(suffix.lower()):
        return reader
    ending = f"files ending in {suffix}" if suffix else "files without an ending"
    cure = f"Known endings: {' '.join(sorted(READERS))}"
    if suffix.lower() in PACKED:
        cure = "Unpack it, and give what is in it"
    elif suffix.lower() in SPREADSHEETS:
        cure = "Save it as .csv with a column named text"
    raise UnreadableError(f"{ending} are not read", cure)


def _bounded(stream: BinaryIO, most: int) -> bytes:
    """All of a stream that may hold so many megabytes."""
    data = stream.read((most << 20) + 1)
    if len(data) > most << 20:
        raise UnreadableError(f"it is longer than {most} MB", "Give long input as JSONL, one document a line")
    return data


def _named(records: Iterator[Located], suffix: str) -> Iterator[Located]:
    """Records of a file; whatever its reader raises becomes an `UnreadableError`, so that the other files go on."""
    try:
        yield from records
    except (UnreadableError, MemoryError):
        raise
    except Exception as error:
        if isinstance(error, OSError) and error.errno:  # the disk, not the content
            raise
        logger.debug("a reader failed", exc_info=True)
        text = f"it is not a readable {suffix} file ({type(error).__name__}: {str(error)[:60]})"
        raise UnreadableError(text, "Open it and save it again, or save its text as a .txt file") from error


def _sidecar(path: Path) -> dict[str, Any]:
    """Metadata from ``name.json`` beside ``name.txt``, if there is one."""
    file = path.with_suffix(".json")
    if not may_have_sidecar(path) or not os.path.isfile(file):  # noqa: PTH113  # Path.is_file raises on names too long
        return {}
    try:
        content = json.loads(decode(file.read_bytes()))
    except (ValueError, RecursionError) as error:
        raise UnreadableError(f"its sidecar {file.name} is not valid JSON", "Mend or remove it") from error
    if not isinstance(content, dict):
        raise UnreadableError(f"its sidecar {file.name} is not a JSON object", "Mend or remove it")
    return {k: v for k, v in content.items() if k != "text"}


def _failure(location: str, error: ValueError) -> InputFailure:
    reason = str(error)
    if isinstance(error, UnreadableError):
        return InputFailure(location, reason, error.cure)
    cure = next((c for start, c in CURES.items() if reason.startswith(start)), "Mend the record")
    if reason.endswith(("is not a date", "is not a full date", "can be read as several dates")):
        cure = "Write the date as YYYY-MM-DD"
    return InputFailure(location, reason, cure)
