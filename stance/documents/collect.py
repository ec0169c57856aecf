"""From paths to documents: files, folders, globs and stdin, with the metadata that belongs to them."""

from __future__ import annotations

import csv
import io
import json
import logging
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO

from stance.documents.claims import Claims
from stance.documents.document import METADATA, Document, given, make_document
from stance.documents.encoding import UnreadableError, decode
from stance.documents.files import expand, may_have_sidecar, size_of
from stance.documents.language import seems_english
from stance.documents.position import Position
from stance.documents.readers import MEGABYTES, READERS, STREAMED, read_markdown, read_text
from stance.documents.records import Located, Record, open_stream
from stance.documents.signature import check_is_text, format_of
from stance.errors import InputError, InputFailure, StanceError, printable

logger = logging.getLogger(__name__)

CURES = {
    "the document has no text": "Check the file, or remove it from the inputs",
    "the record has no text field": "Give every record a text field",
    "source": "Set it to us, china or other",
    "lang": "Set it to en or zh",
    "the row": "Check its quotes and commas",
    "the line": "Mend the line",
}
GUESSED = (".html", ".htm", ".mhtml", ".mht", ".docx")
"""Formats whose metadata come from the page or the word processor, so that what the user wrote goes before them."""
NAMED = 100
"""Records of one file that are named where they cannot be read; more are counted, so that memory stays bounded."""


def iterate_documents(
    inputs: Iterable[str | Path],
    *,
    manifest: str | Path | None = None,
    position: Position | None = None,
    claims: Claims | None = None,
    **defaults: str | None,
) -> Iterator[Document | InputFailure]:
    """Read documents one by one; what cannot be read is yielded as an ``InputFailure`` and the rest goes on.

    Args:
        inputs: files, folders (read recursively), glob patterns, or ``-`` for stdin (text, JSONL of documents, or any
            format that its first bytes tell).
        manifest: a CSV with a ``path`` column (relative to the manifest) and metadata columns.
        position: told how far reading has come.
        claims: told which doc_ids the files hold, for `stance.score_archive`.
        **defaults: ``source``, ``date``, ``lang``, ``title``, ``event``, ``kind``: fill what a document does not say
            itself. Precedence: record or front matter, then sidecar, then manifest, then these. What a web page or a
            Word document tells of itself (title, date) goes between the manifest and these.

    Yields:
        documents in the order of the inputs, folders in sorted order, no file twice; failures in their places. After
        `NAMED` records of one file that cannot be read, one failure counts the others, and the log names them at the
        level INFO.

    Raises:
        StanceError: if the manifest itself cannot be read.
    """
    if unknown := sorted(set(defaults) - set(METADATA)):
        raise TypeError(f"no such metadata: {', '.join(unknown)} (there are {', '.join(METADATA)})")
    rows = read_manifest(Path(manifest)) if manifest else {}
    inputs = list(inputs)
    # `folder/*` in a shell names sidecars and the manifest too
    aside = {Path(manifest).resolve()} if manifest else set()
    aside |= {Path(i).with_suffix(".json").resolve() for i in inputs if may_have_sidecar(Path(i))}
    position = position or Position()
    files = list(expand(inputs))
    position.total = size_of(files)
    foreign: Counter[str] = Counter()
    claims = claims or Claims()
    coming = {p.resolve(): (p, name) for p, name in files if isinstance(p, Path) and p.name != "-"}
    claims.inputs = set(coming)

    def items_of(path: Path, name: str, position: Position, foreign: Counter[str]) -> Iterator[Document | InputFailure]:
        row = rows.get(path.resolve(), {}) if path.name != "-" else {}
        return _read(path, name, row, {k: v for k, v in defaults.items() if v}, position, foreign)

    def items_to_come(file: Path) -> Iterator[Document | InputFailure] | None:
        return items_of(*coming[file], Position(), Counter(documents=1)) if file in coming else None

    for path, name in files:
        if isinstance(path, InputFailure):
            yield path
            continue
        if path.name != "-" and path.resolve() in aside:
            continue
        aside.add(path.resolve())  # a file is read once, whatever inputs and links lead to it
        coming.pop(path.resolve(), None)
        items = claims.checked(items_of(path, name, position, foreign), path, name, items_to_come)
        yield from counted(items, _location(path))
    if foreign["documents"] > 1:
        logger.warning("%d documents seem to be neither in English nor in Chinese", foreign["documents"])


def counted(items: Iterator[Document | InputFailure], file: str) -> Iterator[Document | InputFailure]:
    """Items of a file, in which one failure at the end stands for all records that fail after the first `NAMED`."""
    failed = 0
    last: InputFailure | None = None
    for item in items:
        if isinstance(item, InputFailure) and item.location != printable(file):
            failed += 1
            if failed > NAMED:
                logger.info("left out: %s", item)
                last = item
                continue
        yield item
    if last is not None:
        reason = f"{failed - NAMED:,} more of its records cannot be read; the last is {last.location}: {last.reason}"
        cure = f"Mend those like the first {NAMED}, which are named; stance -v names all"
        yield InputFailure(file, reason, cure, inputs=failed - NAMED)


def read_documents(*inputs: str | Path, manifest: str | Path | None = None, **defaults: str | None) -> list[Document]:
    """Read all documents, or none.

    Args:
        *inputs: as for `iterate_documents`.
        manifest: as for `iterate_documents`.
        **defaults: as for `iterate_documents`.

    Raises:
        InputError: if any input cannot be read; it lists them all.
    """
    items = list(iterate_documents(inputs, manifest=manifest, position=None, claims=None, **defaults))
    failures = [i for i in items if isinstance(i, InputFailure)]
    if failures:
        raise InputError(failures)
    return [i for i in items if isinstance(i, Document)]


def read_manifest(path: Path) -> dict[Path, dict[str, str]]:
    """Read a manifest CSV: a ``path`` column, relative to the manifest's folder, and metadata columns.

    Raises:
        StanceError: if it is missing, has no ``path`` column, or names a file that does not exist.
    """
    try:
        reader = csv.DictReader(io.StringIO(decode(path.read_bytes())))
        columns = reader.fieldnames = [c.strip().casefold() for c in reader.fieldnames or []]
        records = list(reader)
    except OSError as error:
        raise StanceError(f"{path}: the manifest cannot be read ({error.strerror}). Check the path") from error
    except (UnreadableError, csv.Error) as error:
        raise StanceError(f"{path}: the manifest cannot be read ({error}). Save it as CSV in UTF-8") from error
    if "path" not in columns:
        raise StanceError(f"{path}: the manifest has no column named path. Add one, relative to the manifest")
    rows = {}
    for number, row in enumerate(records, 2):
        if not any(row.values()):
            continue
        file = path.parent / (row.pop("path") or "")
        if not file.is_file():
            raise StanceError(f"{path}:{number}: the manifest names {file}, which does not exist. Mend the path")
        rows[file.resolve()] = {k: v for k, v in row.items() if k and v}
    return rows


def _read(
    path: Path,
    name: str,
    row: Mapping[str, Any],
    defaults: Mapping[str, Any],
    position: Position,
    foreign: Counter[str],
) -> Iterator[Document | InputFailure]:
    location = _location(path)
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
            document.path,
        )
    foreign["documents"] += 1


def _location(path: Path) -> str:
    return "stdin" if str(path) == "-" else str(path)


def _records(path: Path, position: Position) -> Iterator[tuple[str, Record | ValueError, str]]:
    """Places and records of a file, with the ending of its format: on stdin that which the first bytes tell."""
    if str(path) == "-":
        stream, head = open_stream(sys.stdin.buffer)
        suffix = format_of(head) or ".txt"
        file = stream if suffix == ".jsonl" else io.BytesIO(_bounded(stream, MEGABYTES.get(suffix, 16)))
        for where, record in _named(_reader(suffix)(file), suffix):
            yield where, record, suffix
        return
    suffix = path.suffix.lower()
    reader = _reader(path.suffix)
    size, most = path.stat().st_size, MEGABYTES.get(suffix, 16)
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
    raise UnreadableError(f"{ending} are not read", f"Known endings: {' '.join(sorted(READERS))}")


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
    if not may_have_sidecar(path) or not file.is_file():
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
