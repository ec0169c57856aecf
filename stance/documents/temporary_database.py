"""A private database on the disk for what a run must remember of every file and document."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from stance.errors import StanceError


def temporary_database() -> sqlite3.Connection:
    """Open an empty database in the folder of temporary files; it vanishes with the process."""
    database = sqlite3.connect("", check_same_thread=False, isolation_level=None)
    database.execute("PRAGMA journal_mode = OFF")
    database.execute("PRAGMA synchronous = OFF")
    return database


@contextmanager
def no_room_in_words() -> Iterator[None]:
    """Say where temporary files are written, and what to do.

    Raises:
        StanceError: in place of an error of the database.
    """
    try:
        yield
    except sqlite3.Error as error:
        place = next((os.environ[k] for k in ("SQLITE_TMPDIR", "TMPDIR") if os.environ.get(k)), "/var/tmp or /tmp")
        raise StanceError(
            f"{place}: temporary files cannot be written there ({error}). Make room, or set TMPDIR to another folder; "
            "then run the same command again"
        ) from error
