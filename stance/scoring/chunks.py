"""Cut a stream of documents into chunks at places that their content decides.

This is content-defined chunking, as in rsync and restic: a document that comes in, goes or changes alters the chunk it
stands in, and the others keep their key.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from stance.documents.document import Document

CHARACTERS = 150_000
"""Fewest characters of a chunk; on average it has twice, at most four times as many."""
_SHOWN = ("doc_id", "text", "source", "date", "lang", "title", "event")


@dataclass(frozen=True)
class Chunk:
    """Documents that make one shard.

    Attributes:
        number: its place in the table, from 0.
        key: hash of the documents and of what scores them.
        documents: the documents, in order.
    """

    number: int
    key: str
    documents: tuple[Document, ...]

    @property
    def file(self) -> str:
        """Name of the shard's file; names sort in document order."""
        return f"part-{self.number:06}-{self.key}.parquet"


def fingerprint(document: Document) -> bytes:
    """Hash of all of a document that its rows depend on."""
    return _hash(document, _SHOWN)


def content_hash(document: Document) -> bytes:
    """The same without the doc_id: two documents of one hash differ in their names only."""
    return _hash(document, _SHOWN[1:])


def _hash(document: Document, shown: tuple[str, ...]) -> bytes:
    content = json.dumps([getattr(document, k) for k in shown], ensure_ascii=False)
    return hashlib.sha256(content.encode("utf-8")).digest()


def chunks(documents: Iterable[Document], scorer: str, characters: int = CHARACTERS) -> Iterator[Chunk]:
    """Cut a stream of documents into chunks.

    Args:
        documents: documents in order.
        scorer: what scores them (model, codebook, engine, version), so that other labels get another key.
        characters: fewest characters of a chunk.
    """
    held: list[Document] = []
    digest, size, number = hashlib.sha256(scorer.encode()), 0, 0
    for document in documents:
        mark = fingerprint(document)
        digest.update(mark)
        held.append(document)
        size += len(document.text)
        drawn = int.from_bytes(mark[:8]) / 2**64
        if size >= characters and (drawn < len(document.text) / characters or size >= 4 * characters):
            yield Chunk(number, digest.hexdigest()[:24], tuple(held))
            held, digest, size, number = [], hashlib.sha256(scorer.encode()), 0, number + 1
    if held:
        yield Chunk(number, digest.hexdigest()[:24], tuple(held))
