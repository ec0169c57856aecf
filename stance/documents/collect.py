"""From paths to documents: files, folders, globs and stdin, with the metadata that belongs to them."""

from __future__ import annotations

import csv
import io
import logging
import os
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

from stance.documents.claims import Claims
from stance.documents.document import METADATA, Document
from stance.documents.encoding import UnreadableError, decode
from stance.documents.file_list import FileList
from stance.documents.files import may_have_sidecar
from stance.documents.one_file import documents_of, location_of
from stance.documents.position import Position
from stance.errors import InputError, InputFailure, StanceError, printable
from stance.table.schema import csv_delimiter

logger = logging.getLogger(__name__)

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
        TypeError: if a default is no such metadata.
    """
    if unknown := sorted(set(defaults) - set(METADATA)):
        raise TypeError(f"no such metadata: {', '.join(unknown)} (there are {', '.join(METADATA)})")
    rows = read_manifest(Path(manifest)) if manifest else {}
    inputs = list(inputs)
    # `folder/*` in a shell names sidecars and the manifest too
    aside = {os.path.realpath(manifest)} if manifest else set()
    aside |= {os.path.realpath(Path(i).with_suffix(".json")) for i in inputs if may_have_sidecar(Path(i))}
    position = position or Position()
    files = FileList(inputs)
    position.total = files.bytes
    foreign: Counter[str] = Counter()
    claims = claims or Claims()
    claims.inputs = files

    def items_of(path: Path, name: str, position: Position, foreign: Counter[str]) -> Iterator[Document | InputFailure]:
        row = rows.get(os.path.realpath(path), {}) if path.name != "-" else {}
        return documents_of(path, name, row, {k: v for k, v in defaults.items() if v}, position, foreign)

    def items_to_come(file: str) -> Iterator[Document | InputFailure] | None:
        coming = files.still_to_come(file)
        return items_of(*coming, Position(), Counter(documents=1)) if coming else None

    for path, name in files:
        if isinstance(path, InputFailure):
            yield path
            continue
        if path.name != "-" and os.path.realpath(path) in aside:
            continue
        items = claims.checked(items_of(path, name, position, foreign), path, name, items_to_come)
        yield from counted(items, location_of(path))
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
        *inputs: files, folders (read recursively), glob patterns, or ``-`` for stdin.
        manifest: a CSV with a ``path`` column (relative to the manifest) and metadata columns.
        **defaults: ``source`` (``us``, ``china`` or ``other``), ``date``, ``lang``, ``title``, ``event``,
            ``kind``: fill what a document does not say itself.

    Raises:
        InputError: if any input cannot be read; it lists them all.
        StanceError: if the manifest itself cannot be read.
        TypeError: if a default is no such metadata.
    """
    failures: list[InputFailure] = []
    items = iterate_documents(inputs, manifest=manifest, position=None, claims=None, **defaults)
    found = list(without_failures(items, failures))
    if failures:
        raise InputError(failures)
    return found


def without_failures(items: Iterable[Document | InputFailure], failures: list[InputFailure]) -> Iterator[Document]:
    """The documents among items; what could not be read is added to ``failures``."""
    for item in items:
        if isinstance(item, InputFailure):
            failures.append(item)
        else:
            yield item


def read_manifest(path: Path) -> dict[str, dict[str, str]]:
    """Read a manifest CSV: a ``path`` column, relative to the manifest's folder, and metadata columns.

    Raises:
        StanceError: if it is missing, has no ``path`` column or a row with too many cells, or names a file twice or one
            that does not exist.
    """
    try:
        text = decode(path.read_bytes())
        reader = csv.DictReader(io.StringIO(text), delimiter=csv_delimiter(text.split("\n", 1)[0]))
        columns = reader.fieldnames = [c.strip().casefold() for c in reader.fieldnames or []]
        records = list(reader)
    except OSError as error:
        raise StanceError(f"{path}: the manifest cannot be read ({error.strerror}). Check the path") from error
    except (UnreadableError, csv.Error) as error:
        raise StanceError(f"{path}: the manifest cannot be read ({error}). Save it as CSV in UTF-8") from error
    if "path" not in columns:
        raise StanceError(f"{path}: the manifest has no column named path. Add one, relative to the manifest")
    if unknown := [c for c in columns if c not in ("path", *METADATA)]:
        logger.warning(
            "%s: the columns %s mean nothing to stance and are left out; it knows path, %s",
            path, ", ".join(unknown), ", ".join(METADATA),
        )  # fmt: skip
    rows: dict[str, dict[str, str]] = {}
    for number, row in enumerate(records, 2):
        if not any(row.values()):
            continue
        if None in row:
            raise StanceError(f"{path}:{number}: more cells than the header has. Quote a cell that holds a comma")
        file = path.parent / (row.pop("path") or "")
        if not file.is_file():
            raise StanceError(f"{path}:{number}: the manifest names {file}, which does not exist. Mend the path")
        real = os.path.realpath(file)
        if real in rows:
            raise StanceError(f"{path}:{number}: the manifest names {file} twice. Keep one row a file")
        rows[real] = {k: v for k, v in row.items() if k and v}
    return rows
