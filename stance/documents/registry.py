"""Which doc_ids a run has met: on the disk, so that memory does not grow with the archive."""

from __future__ import annotations

import os
import sqlite3

from stance.documents.temporary_database import no_room_in_words, temporary_database


class Registry:
    """doc_ids with the place each comes from, in a private temporary database that vanishes with the process."""

    def __init__(self) -> None:
        self._database = temporary_database()
        self._database.execute("CREATE TABLE met (doc_id TEXT PRIMARY KEY, place BLOB) WITHOUT ROWID")
        self._database.execute("BEGIN")

    def add(self, doc_id: str, place: str) -> str | None:
        """Add a doc_id; where it is there already, return the place that it came from.

        Names of files need not be text: bytes that are none are kept as Python keeps them.

        Raises:
            StanceError: if there is no room for it in the folder of temporary files.
        """
        with no_room_in_words():
            try:
                self._database.execute("INSERT INTO met VALUES (?, ?)", (doc_id, os.fsencode(place)))
            except sqlite3.IntegrityError:
                found = self._database.execute("SELECT place FROM met WHERE doc_id = ?", (doc_id,)).fetchone()
                return os.fsdecode(found[0])
        return None

    def __contains__(self, doc_id: str) -> bool:
        with no_room_in_words():
            return self._database.execute("SELECT 1 FROM met WHERE doc_id = ?", (doc_id,)).fetchone() is not None
