"""Which file each document of an archive came from, so that no other document of the same doc_id takes its place."""

from __future__ import annotations

import os
import re
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import groupby, takewhile
from pathlib import Path

from stance.documents.collect import counted
from stance.documents.document import Document
from stance.documents.walk import is_pattern
from stance.errors import InputFailure, StanceError, printable
from stance.scoring.chunks import Chunk, fingerprint

SOURCES = ".sources.sqlite"
_CURE = (
    "Give it another doc_id (another name, or one in front matter, sidecar or manifest), or score it into another "
    "folder; if it takes the other's place, remove that file"
)
_TABLE = """
CREATE TABLE IF NOT EXISTS sources (doc_id TEXT PRIMARY KEY, file BLOB NOT NULL, fingerprint BLOB NOT NULL)
WITHOUT ROWID
"""
_NOTE = """
INSERT INTO sources VALUES (?, ?, ?)
ON CONFLICT (doc_id) DO UPDATE SET file = excluded.file, fingerprint = excluded.fingerprint
WHERE sources.file != excluded.file OR sources.fingerprint != excluded.fingerprint
"""


class Sources:
    """A list on the disk of the file and the fingerprint of each document.

    A document is listed before its shard is finished, so a run that is killed leaves no rows whose file is not known.
    Where the list is missing, as in archives of earlier releases, documents replace those of the same doc_id.

    Args:
        folder: of the archive.
        anew: begin an empty list.
    """

    def __init__(self, folder: Path, anew: bool = False) -> None:
        self._path = folder / SOURCES
        with self._in_words():
            self._database = sqlite3.connect(self._path, check_same_thread=False)  # engines read ahead in a thread
            self._database.execute(_TABLE)
            if anew:
                self._database.execute("DELETE FROM sources")
            self._database.commit()

    def close(self) -> None:
        """Leave the list."""
        self._database.close()

    def checked(self, items: Iterable[Document | InputFailure]) -> Iterator[Document | InputFailure]:
        """Pass items on; a document becomes a failure if another one of its doc_id came from a file that still exists.

        It is the same document if it has the same fingerprint, or if the other's file is gone or its own.
        """
        for place, part in groupby(items, _place):
            yield from counted(self._checked(part), place)

    def _checked(self, items: Iterable[Document | InputFailure]) -> Iterator[Document | InputFailure]:
        for item in items:
            if isinstance(item, Document) and (other := self._other_file(item)):
                reason = f"its doc_id {item.doc_id!r} is that of another document in the table, which came from {other}"
                item = InputFailure(item.path or item.doc_id, reason, _CURE)
            yield item

    def _other_file(self, document: Document) -> str | None:
        query = "SELECT file, fingerprint FROM sources WHERE doc_id = ?"
        with self._in_words():
            listed = self._database.execute(query, (document.doc_id,)).fetchone()
        file = _file(document)
        if not (listed and file) or listed[1] == fingerprint(document):
            return None
        other = os.fsdecode(listed[0])
        try:
            return None if file.samefile(other) else other
        except OSError:  # one of them is gone
            return None

    def noted(self, chunks: Iterable[Chunk]) -> Iterator[Chunk]:
        """Pass chunks on when their documents are in the list and on the disk."""
        for chunk in chunks:
            rows = [(d.doc_id, os.fsencode(f), fingerprint(d)) for d in chunk.documents if (f := _file(d))]
            with self._in_words(), self._database:
                self._database.executemany(_NOTE, rows)
            yield chunk

    def is_from(self, doc_id: str, places: set[str]) -> bool:
        """Whether a document came from one of these files, or from below one of these folders."""
        with self._in_words():
            listed = self._database.execute("SELECT file FROM sources WHERE doc_id = ?", (doc_id,)).fetchone()
        if not listed:
            return False
        file = Path(os.fsdecode(listed[0])).resolve()
        return any(printable(str(p)) in places for p in (file, *file.parents))

    def strike_out(self, dropped: Callable[[str], bool]) -> None:
        """Strike out the documents whose rows were dropped."""
        with self._in_words(), self._database:
            self._database.create_function("dropped", 1, dropped)
            self._database.execute("DELETE FROM sources WHERE dropped(doc_id)")

    @contextmanager
    def _in_words(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise StanceError(
                f"{self._path}: the list of the documents' files cannot be read or written ({error}). Check place and "
                "rights, or remove it if it is damaged; then run the same command again, and what is finished is not "
                "scored again"
            ) from error


def unread_places(failures: Iterable[InputFailure]) -> set[str]:
    """Files and folders that inputs stand for which could not be read; for a pattern, the folder before its stars."""
    places = set()
    for place in map(_place, failures):
        path = Path(place)
        if is_pattern(place) and not path.exists():
            path = Path(*takewhile(lambda part: not is_pattern(part), path.parts))
        places.add(printable(str(path.resolve())))
    return places


def _place(item: Document | InputFailure) -> str:
    """Where an item is from, without the line of its record."""
    place = (item.path or "") if isinstance(item, Document) else item.location
    return re.sub(r":\d+$", "", place)  # files without an ending are not read, so this is no part of a name


def _file(document: Document) -> Path | None:
    """The file of a document; None where it has none, as on stdin."""
    place = _place(document)
    return Path(place).absolute() if place not in ("", "stdin") else None
