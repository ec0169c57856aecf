"""Which file each document of an archive came from: who owns a doc_id, what was renamed, and what is out of reach."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import takewhile
from pathlib import Path

from stance.documents.claims import Claims
from stance.documents.document import Document
from stance.documents.walk import is_pattern
from stance.errors import InputFailure, StanceError, printable, without_record
from stance.scoring.chunks import Chunk, content_hash

SOURCES = ".sources.sqlite"
_TABLES = """
CREATE TABLE IF NOT EXISTS documents (doc_id TEXT PRIMARY KEY, file BLOB NOT NULL, content BLOB NOT NULL) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS by_file ON documents (file);
CREATE INDEX IF NOT EXISTS by_content ON documents (content);
CREATE TABLE IF NOT EXISTS renamed (old TEXT PRIMARY KEY, new TEXT NOT NULL) WITHOUT ROWID;
"""
_NOTE = "INSERT OR REPLACE INTO documents VALUES (:doc_id, :file, :content)"
_RENAME = """
INSERT OR REPLACE INTO renamed SELECT doc_id, :doc_id FROM documents
WHERE doc_id != :doc_id AND (content = :content OR (:single AND file = :file))
"""


class Sources:
    """A list on the disk of the file and the hash of each document.

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
            self._database.executescript(_TABLES)
            if anew:
                self._database.executescript("DELETE FROM documents; DELETE FROM renamed")
            self._database.commit()

    def close(self) -> None:
        """Leave the list."""
        self._database.close()

    def tell(self, claims: Claims, prune: bool) -> None:
        """Let claims ask which files own the doc_ids; with ``prune``, owners out of the run have no say."""
        claims.owner = self.owner
        if not prune:
            claims.is_kept = self.is_kept

    def owner(self, doc_id: str) -> Path | None:
        """The file that a document came from, if it is known."""
        with self._in_words():
            listed = self._listed(doc_id)
        return Path(os.fsdecode(listed[0])) if listed else None

    def is_kept(self, document: Document) -> bool:
        """Whether another document of this doc_id is listed, from a file that still exists."""
        with self._in_words():
            listed = self._listed(document.doc_id)
        return listed is not None and listed[1] != content_hash(document) and not _is_gone(Path(os.fsdecode(listed[0])))

    def noted(self, chunks: Iterable[Chunk]) -> Iterator[Chunk]:
        """Pass chunks on when their documents are in the list and on the disk.

        With them goes who may have had another doc_id before, so that a run that is killed forgets none of them.

        Args:
            chunks: documents.
        """
        for chunk in chunks:
            with self._in_words(), self._database:
                for document in chunk.documents:
                    if file := _file(document):
                        self._note(document, file)
            yield chunk

    def _note(self, document: Document, file: Path) -> None:
        row = {"doc_id": document.doc_id, "file": os.fsencode(file), "content": content_hash(document)}
        listed = self._listed(document.doc_id)
        if listed == (row["file"], row["content"]):
            return
        self._database.execute(_NOTE, row)
        self._database.execute(_RENAME, {**row, "single": document.path == without_record(document.path or "")})

    def _listed(self, doc_id: str) -> tuple[bytes, bytes] | None:
        found = self._database.execute("SELECT file, content FROM documents WHERE doc_id = ?", (doc_id,)).fetchone()
        return found and tuple(found)

    def settle_renamed(self, scored: Callable[[str], bool], given_up: Callable[[str, Path], bool]) -> list[str]:
        """Tell documents that have another doc_id now from copies.

        A doc_id is an earlier one if its file is gone or gave it up, and another document has its content, or is now
        the only one of its file.

        Args:
            scored: whether a doc_id is among this run's documents.
            given_up: whether a file was read whole in this run and holds no document of a doc_id any more.

        Returns:
            each as ``old (now new)``.
        """

        def settled(old: str, new: str, file: bytes) -> bool:
            place = Path(os.fsdecode(file))
            return scored(new) and not scored(old) and (_is_gone(place) or given_up(old, place))

        with self._in_words(), self._database:
            self._database.create_function("settled", 3, settled)
            kept = "SELECT old FROM renamed JOIN documents ON doc_id = old WHERE settled(old, new, file)"
            self._database.execute(f"DELETE FROM renamed WHERE old NOT IN ({kept})")
            found = self._database.execute("SELECT old, new FROM renamed ORDER BY old")
            return [f"{old} (now {new})" for old, new in found]

    def is_renamed(self, doc_id: str) -> bool:
        """Whether a document has another doc_id now; to be asked after `settle_renamed`."""
        with self._in_words():
            return self._database.execute("SELECT 1 FROM renamed WHERE old = ?", (doc_id,)).fetchone() is not None

    def strike_out_renamed(self) -> None:
        """Strike out the earlier doc_ids, when their rows were dropped."""
        with self._in_words(), self._database:
            self._database.execute("DELETE FROM documents WHERE doc_id IN (SELECT old FROM renamed)")
            self._database.execute("DELETE FROM renamed")

    def is_from(self, doc_id: str, places: set[str]) -> bool:
        """Whether a document came from one of these files, or from below one of these folders."""
        with self._in_words():
            listed = self._listed(doc_id)
        if not listed:
            return False
        file = Path(os.path.realpath(os.fsdecode(listed[0])))
        return any(printable(str(p)) in places for p in (file, *file.parents))

    def strike_out(self, dropped: Callable[[str], bool]) -> None:
        """Strike out the documents whose rows were dropped."""
        with self._in_words(), self._database:
            self._database.create_function("dropped", 1, dropped)
            self._database.execute("DELETE FROM documents WHERE dropped(doc_id)")

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
    for failure in failures:
        path = Path(failure.file)
        if is_pattern(failure.file) and not os.path.exists(path):  # noqa: PTH110  # Path.exists raises on names too long
            path = Path(*takewhile(lambda part: not is_pattern(part), path.parts))
        places.add(printable(os.path.realpath(path)))
    return places


def _is_gone(file: Path) -> bool:
    """Whether a file does not exist; one that only cannot be looked at is not gone."""
    try:
        file.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return True
    except OSError:
        return False
    return False


def _file(document: Document) -> Path | None:
    """The file of a document; None where it has none, as on stdin."""
    place = without_record(document.path or "")
    return Path(place).absolute() if place not in ("", "stdin") else None
