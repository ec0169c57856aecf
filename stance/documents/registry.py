"""Which doc_ids a run has met, kept on the disk so that memory does not grow with the archive."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from stance.errors import StanceError


class Registry:
    """doc_ids with the place each comes from, in a private temporary database that vanishes with the process."""

    def __init__(self) -> None:
        self._database = sqlite3.connect("", check_same_thread=False, isolation_level=None)
        self._database.execute("PRAGMA journal_mode = OFF")
        self._database.execute("PRAGMA synchronous = OFF")
        self._database.execute("CREATE TABLE met (doc_id TEXT PRIMARY KEY, place BLOB) WITHOUT ROWID")
        self._database.execute("BEGIN")

    def add(self, doc_id: str, place: str) -> str | None:
        """Add a doc_id; where it is there already, return the place that it came from.

        Names of files need not be text: bytes that are none are kept as Python keeps them.

        Raises:
            StanceError: if there is no room for it in the folder of temporary files.
        """
        with _in_words():
            try:
                self._database.execute("INSERT INTO met VALUES (?, ?)", (doc_id, os.fsencode(place)))
            except sqlite3.IntegrityError:
                found = self._database.execute("SELECT place FROM met WHERE doc_id = ?", (doc_id,)).fetchone()
                return os.fsdecode(found[0])
        return None

    def __contains__(self, doc_id: str) -> bool:
        with _in_words():
            return self._database.execute("SELECT 1 FROM met WHERE doc_id = ?", (doc_id,)).fetchone() is not None


@contextmanager
def _in_words() -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        place = next((os.environ[k] for k in ("SQLITE_TMPDIR", "TMPDIR") if os.environ.get(k)), "/var/tmp or /tmp")
        raise StanceError(
            f"{place}: temporary files cannot be written there ({error}). Make room, or set TMPDIR to another folder; "
            "then run the same command again"
        ) from error
