"""The files of a run: in order, each once, kept on the disk so that memory does not grow with their number."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from stance.documents.files import Found, expand
from stance.documents.temporary_database import no_room_in_words, temporary_database
from stance.errors import InputFailure

STDIN = "-"
_TABLES = """
CREATE TABLE found (input INTEGER, place BLOB, path BLOB, real BLOB, name BLOB, bytes INTEGER, failure INTEGER);
CREATE TABLE files (
    number INTEGER PRIMARY KEY, path BLOB, real BLOB UNIQUE, name BLOB, bytes INTEGER, failure INTEGER
);
"""
_IN_ORDER = """
INSERT OR IGNORE INTO files (path, real, name, bytes, failure)
SELECT path, real, name, bytes, failure FROM found ORDER BY input, failure IS NULL, place, failure
"""

_Row = tuple[int, bytes, bytes, bytes | None, bytes, int, int | None]


class FileList:
    """What inputs stand for: files in the order of the inputs, those of a folder or pattern sorted, and failures.

    A file that several inputs or links lead to stands where it comes first.

    Args:
        inputs: files, folders, glob patterns, or ``-`` for stdin.

    Attributes:
        bytes: size of all files together, or None where stdin is among them.

    Raises:
        StanceError: if there is no room for the list in the folder of temporary files.
    """

    def __init__(self, inputs: Iterable[str | Path]) -> None:
        self._failures: list[InputFailure] = []
        self._reached, self._holds_stdin = 0, False
        self._database = temporary_database()
        with no_room_in_words():
            self._database.executescript(_TABLES)
            self._database.execute("BEGIN")
            rows = (row for number, given in enumerate(inputs) for row in self._rows(number, given))
            self._database.executemany("INSERT INTO found VALUES (?, ?, ?, ?, ?, ?, ?)", rows)
            self._database.execute(_IN_ORDER)
            self._database.execute("DELETE FROM found")
            count, size = self._database.execute("SELECT COUNT(*), TOTAL(bytes) FROM files").fetchone()
            self._database.execute("COMMIT")
        self._count: int = count
        self.bytes = None if self._holds_stdin else int(size)

    def _rows(self, number: int, given: str | Path) -> Iterator[_Row]:
        for path, name in expand(given):
            if isinstance(path, InputFailure):
                self._failures.append(path)
                yield number, _place(Path(name)), b"", None, _encoded(name), 0, len(self._failures) - 1
            elif str(path) == STDIN:
                self._holds_stdin = True
                yield number, b"", _encoded(STDIN), None, _encoded(name), 0, None
            else:
                real = _encoded(os.path.realpath(path))
                yield number, _place(path), _encoded(str(path)), real, _encoded(name), _size_of(path), None

    def __iter__(self) -> Iterator[Found]:
        for number in range(1, self._count + 1):
            with no_room_in_words():
                query = "SELECT path, name, failure FROM files WHERE number = ?"
                path, name, failure = self._database.execute(query, (number,)).fetchone()
            self._reached = number
            yield Path(_decoded(path)) if failure is None else self._failures[failure], _decoded(name)

    def __contains__(self, real: object) -> bool:
        """Whether a file, by its real path, is in the list."""
        return isinstance(real, str) and self._row(real) is not None

    def still_to_come(self, real: str) -> tuple[Path, str] | None:
        """A file, by its real path, that has not been reached; None of others."""
        row = self._row(real)
        return (Path(_decoded(row[1])), _decoded(row[2])) if row and row[0] > self._reached else None

    def _row(self, real: str) -> tuple[int, bytes, bytes] | None:
        with no_room_in_words():
            query = "SELECT number, path, name FROM files WHERE real = ?"
            return self._database.execute(query, (_encoded(real),)).fetchone()  # type: ignore[no-any-return]


def _place(path: Path) -> bytes:
    """What paths are sorted by: a folder's content stands together."""
    return _encoded("\0".join(path.parts))


def _encoded(text: str) -> bytes:
    """A name as bytes; what in it is no text is kept as Python keeps it."""
    return text.encode("utf-8", "surrogatepass")


def _decoded(content: bytes) -> str:
    return content.decode("utf-8", "surrogatepass")


def _size_of(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
