"""Which doc_ids the files of a run claim, and which files were read whole, so that what they gave up is known."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from stance.documents.document import Document
from stance.documents.registry import Registry
from stance.errors import InputFailure

CURE = "Give one of them another doc_id, in front matter, sidecar or manifest"


class Claims:
    """The doc_ids that the files of a run hold, those of documents that are left out later among them.

    Attributes:
        whole: files that were read to their end without a failure; resolved.
    """

    def __init__(self) -> None:
        self._met = Registry()
        self.whole: set[Path] = set()

    def checked(
        self, items: Iterator[Document | InputFailure], file: Path, name: str
    ) -> Iterator[Document | InputFailure]:
        """Items of a file; a document whose doc_id was met before becomes a failure."""
        whole = True
        for item in items:
            if isinstance(item, Document) and (before := self._met.add(item.doc_id, item.path or name)) is not None:
                reason = f"its doc_id {item.doc_id!r} is already used by {before}"
                item = InputFailure(item.path or name, reason, CURE)
            whole = whole and isinstance(item, Document)
            yield item
        if whole:
            self.whole.add(file.resolve())

    def given_up(self, doc_id: str, file: Path) -> bool:
        """Whether a file was read whole, and neither it nor another one holds a document of this doc_id any more."""
        return file.resolve() in self.whole and doc_id not in self._met
