"""Which doc_ids the files of a run claim, and which files were read whole, so that what they gave up is known."""

from __future__ import annotations

import os
from collections.abc import Callable, Container, Iterator
from pathlib import Path

from stance.documents.document import Document
from stance.documents.registry import Registry
from stance.errors import InputFailure, printable

CURE = "Give one of them another doc_id, in front matter, sidecar or manifest"
CURE_ELSEWHERE = f"{CURE}, or give the folder above both; with --prune this one takes its place"
Items = Iterator[Document | InputFailure]


class Claims:
    """The doc_ids that the files of a run hold, those of documents that are left out later among them.

    Where two files of a run hold a doc_id, it is that of its owner, else that of the first.

    Attributes:
        documents: how many were read, those among them that are left out later.
        inputs: files of the run, each by its real path.
        owner: the file that a doc_id came from in earlier runs, if any.
        is_kept: whether another document of a document's doc_id still lies in that file, as far as can be told without
            reading it; asked of files that are not among the inputs.
    """

    def __init__(self) -> None:
        self._met, self._ahead = Registry(), Registry()
        self._looked: set[str] = set()
        self._unread: set[str] = set()
        self._in_part: set[str] = set()
        self.documents = 0
        self.inputs: Container[str] = ()
        self.owner: Callable[[str], Path | None] = lambda doc_id: None
        self.is_kept: Callable[[Document], bool] = lambda document: False

    def checked(self, items: Items, file: Path, name: str, coming: Callable[[str], Items | None]) -> Items:
        """Items of a file; a document whose doc_id is that of another one becomes a failure.

        Args:
            items: what the file holds.
            file: the file.
            name: what to call it where an item has no path.
            coming: the items of a file, by its real path, that is still to be read in this run; None of others.
        """
        real = os.path.realpath(file)
        for item in items:
            if isinstance(item, Document):
                place = item.path or name
                before, cure = self._held(item, real, coming) or (self._met.add(item.doc_id, place), CURE)
                if before is not None:
                    item = InputFailure(place, f"its doc_id {item.doc_id!r} is already used by {before}", cure)
            elif item.location == item.file:
                self._unread.add(real)
            self.documents += isinstance(item, Document)
            if not isinstance(item, Document):
                self._in_part.add(real)
            yield item

    def _held(self, document: Document, file: str, coming: Callable[[str], Items | None]) -> tuple[str, str] | None:
        """The owner of a document's doc_id and the cure, if it is another file that holds it still, or is not read."""
        owner = self.owner(document.doc_id)
        if owner is None or (place := os.path.realpath(owner)) == file:
            return None
        if place not in self.inputs:
            return (str(owner), CURE_ELSEWHERE) if self.is_kept(document) else None
        items = coming(place)
        if items is not None and place not in self._looked:
            self._looked.add(place)
            for item in items:
                if isinstance(item, Document):
                    self._ahead.add(_key(place, item.doc_id), "")
                elif item.location == item.file:
                    self._unread.add(place)
        held = place in self._unread or (items is not None and _key(place, document.doc_id) in self._ahead)
        return (str(owner), CURE) if held else None

    def given_up(self, doc_id: str, file: Path) -> bool:
        """Whether a file was read whole, and neither it nor another one holds a document of this doc_id any more.

        To be asked when all inputs were read.
        """
        real = os.path.realpath(file)
        return real in self.inputs and real not in self._in_part and doc_id not in self._met


def _key(file: str, doc_id: str) -> str:
    return f"{printable(file)}\0{doc_id}"
