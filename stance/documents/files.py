"""From inputs to files: folders and globs are expanded, and what is no document is left out or named."""

from __future__ import annotations

import json
import logging
import os
import re
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path

from stance.documents.readers import READERS
from stance.documents.walk import Walk, is_pattern
from stance.errors import InputFailure, printable
from stance.table.schema import KIND, MANIFEST, READ, holds_labels

logger = logging.getLogger(__name__)

PACKED = (".gz", ".bz2", ".xz", ".zst", ".zip", ".7z", ".rar", ".tar", ".tgz")
SPREADSHEETS = (".xlsx", ".xlsm", ".xls", ".ods")
UNREAD = (
    ".doc", ".docm", ".dot", ".dotx", ".rtf", ".odt", ".fodt", ".sxw", ".pages", ".wps", ".wpd", ".hwp", ".epub",
    ".mobi", ".xhtml", ".webarchive", ".xps", ".djvu", ".msg", ".mbox", ".emlx", ".xml",
    *PACKED, *SPREADSHEETS,
)  # fmt: skip
"""Endings of documents in formats that are not read. In a folder, too, such a file is a failure, unless the same name
with an ending that is read stands beside it."""
_COPY = re.compile(rf".*({'|'.join(map(re.escape, READERS))})(?:\?.*|\.\d+)", re.IGNORECASE | re.DOTALL)
"""The end of names that programs give which save web pages: ``china.html?id=3``, ``china.html.1``."""

Found = tuple[Path | InputFailure, str]
"""A file, or what is wrong with an input, and the doc_id that the document has unless it says another."""


def expand(given: str | Path) -> Iterator[Found]:
    """Expand an input to files, in no order.

    Tables that `stance score` wrote are no documents: in folders and globs they are left out with a warning; given
    by name they are failures.

    Args:
        given: a file, a folder, a glob pattern, or ``-`` for stdin.
    """
    text = str(given)
    path = Path(given)
    if text == "-" and sys.stdin is None:  # as after `<&-` in a shell
        cure = "Pipe documents into the command, or give files"
        yield InputFailure("stdin", "standard input is closed", cure), text
    elif text == "-":
        yield Path("-"), "stdin"
    elif not os.path.exists(text):  # noqa: PTH110  # Path.exists raises on names that are too long
        yield from _fitting(text)
    elif is_archive(path) or _is_scored(path):
        cure = "Give the documents that it was made from; `stance compare` takes the table"
        yield InputFailure(text, "it is a table of scored sentences, not a document", cure), text
    elif path.is_dir():
        yield from _inside(path)
    else:
        yield path, path.stem


def may_have_sidecar(file: Path) -> bool:
    """Whether ``name.json`` beside a file holds its metadata."""
    return file.suffix.lower() in READERS and file.suffix.lower() not in READ


def _inside(folder: Path) -> Iterator[Found]:
    """Documents in a folder, those in formats that are not read among them."""
    walk, empty = Walk(), True
    others: Counter[str] = Counter()
    for file in _without_results(walk.files(folder), folder, str(folder)):
        if _is_document(file):
            empty = False
            yield file, file.relative_to(folder).with_suffix("").as_posix()
        else:
            others[file.suffix.lower()] += 1
    if others:
        kinds = ", ".join(f"{count} {ending or 'without an ending'}" for ending, count in sorted(others.items()))
        logger.info("%s: passed over files that are no documents: %s", printable(str(folder)), printable(kinds))
    yield from ((failure, place) for place, failure in walk.failures.items())
    if empty and not walk.failures:
        kinds = " ".join(sorted(READERS))
        yield InputFailure(str(folder), "the folder holds no documents", f"Known endings: {kinds}"), str(folder)


def _fitting(pattern: str) -> Iterator[Found]:
    """Files that fit a glob pattern, or what is wrong with it."""
    if not is_pattern(pattern):
        yield InputFailure(pattern, "there is no such file or folder", "Check the path"), pattern
        return
    walk = Walk()
    fitting = kept = 0

    def counted() -> Iterator[Path]:
        nonlocal fitting
        for file in walk.fitting(pattern):
            if not _is_sidecar(file):
                fitting += 1
                yield file

    for file in _without_results(counted(), None, pattern):
        kept += 1
        yield file, file.stem
    yield from ((failure, place) for place, failure in walk.failures.items())
    if fitting and not kept:
        cure = "Give the documents that they were made from"
        yield InputFailure(pattern, "only tables of scored sentences fit the pattern", cure), pattern
    elif not kept and not walk.failures:
        yield InputFailure(pattern, "no file fits the pattern", "Check it, and quote it in the shell"), pattern


def _without_results(files: Iterable[Path], root: Path | None, given: str) -> Iterator[Path]:
    """Leave out what earlier runs wrote: scored tables, and (below the root) the folders of archives and reports."""
    written: dict[Path, bool] = {}

    def result_of(file: Path) -> Path | None:
        above = [p for p in file.parents if p.is_relative_to(root) and p != root] if root else [file.parent]
        for folder in above:
            if folder not in written:
                written[folder] = is_archive(folder) or _is_report(folder)
        return next((p for p in above if written[p]), None)

    left: dict[str, None] = {}
    for file in files:
        if (folder := result_of(file)) is not None:
            left[str(folder)] = None
        elif _is_scored(file):
            left[str(file)] = None
        else:
            yield file
    if left:
        shown = ", ".join([*sorted(left)[:5], *(["…"] if len(left) > 5 else [])])
        logger.warning(
            "%s: left out tables of scored sentences and reports, which are no documents: %s",
            printable(given), printable(shown),
        )  # fmt: skip


def is_archive(folder: Path) -> bool:
    """Whether a folder is an archive that `stance score` wrote."""
    try:
        content = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return False
    return isinstance(content, dict) and content.get("table") == KIND


def _is_report(folder: Path) -> bool:
    """Whether a folder is a report that `stance compare` wrote."""
    return all((folder / name).is_file() for name in ("report.html", "findings.json", "sentences.parquet"))


def _is_scored(file: Path) -> bool:
    """Whether a file holds a table of scored sentences; what is damaged is left for its reader to name."""
    if file.suffix.lower() not in READ or not file.is_file():
        return False
    try:
        return holds_labels(file)
    except Exception:
        return False


def _is_document(file: Path) -> bool:
    suffix = file.suffix.lower()
    if suffix in (*PACKED, *SPREADSHEETS):
        beside = (file.stem, *(file.stem + ending for ending in READERS))
        return not any(Path(b).suffix in READERS and os.path.isfile(file.parent / b) for b in beside)  # noqa: PTH113
    if suffix in UNREAD:
        return file.stem not in _texts_in(file.parent)
    return hidden_ending(file) is not None or (suffix in READERS and not _is_sidecar(file))


def hidden_ending(file: Path) -> str | None:
    """The ending of a file that is read, where more stands after it, as in ``china.html?id=3``; else None."""
    match = _COPY.fullmatch(file.name)
    return match[1] if match and file.suffix.lower() not in READERS else None


def _is_sidecar(file: Path) -> bool:
    return file.suffix == ".json" and file.stem in _texts_in(file.parent)


def _texts_in(folder: Path) -> frozenset[str]:
    return _stems(folder, folder.stat().st_mtime_ns)


@lru_cache(maxsize=1)
def _stems(folder: Path, _changed: int) -> frozenset[str]:
    """Names, without their endings, of files in a folder that may have a sidecar; of one folder, to spare memory."""
    return frozenset(f.stem for f in folder.iterdir() if may_have_sidecar(f))
