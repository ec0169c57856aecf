"""What scores chunks: the engine of this process, and what any engine is given."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from stance.classifier.predict import Model
from stance.scoring.chunks import Chunk
from stance.scoring.rows import to_arrow
from stance.scoring.stream import Slice, ahead, score_slice, slices

if TYPE_CHECKING:
    import pyarrow as pa

Scored = tuple[Chunk, "Iterable[pa.Table] | None"]
"""A chunk with its rows, or None where its shard is finished."""
Engine = Callable[[Iterator[Chunk], "Plan"], Iterator[Scored]]
"""Scores chunks, in order; `Plan.finished` says which need not be scored."""


@dataclass(frozen=True)
class Plan:
    """What a run scores with.

    Attributes:
        model: the model.
        finished: whether the shard with a key is finished.
    """

    model: Model
    finished: Callable[[str], bool]


def local_engine(pieces: Iterator[Chunk], plan: Plan) -> Iterator[Scored]:
    """Score chunks in this process; the next ones are read, split and tokenized in a thread while the model works."""

    def prepared() -> Iterator[tuple[Chunk, Slice | None, bool]]:
        for chunk in pieces:
            if plan.finished(chunk.key):
                yield chunk, None, True
                continue
            for part in slices(chunk.documents, plan.model):
                yield chunk, part, False
            yield chunk, None, False

    stream = ahead(prepared())
    for chunk, part, finished in stream:
        if finished:
            yield chunk, None
        else:
            yield chunk, _tables(part, stream, plan)


def _tables(part: Slice | None, stream: Iterator[tuple[Chunk, Slice | None, bool]], plan: Plan) -> Iterator[pa.Table]:
    """Rows of one chunk, slice by slice; the stream is left after the chunk's last slice."""
    while part is not None:
        yield to_arrow(score_slice(part, plan.model), plan.model)
        _, part, _ = next(stream)


def chunk_tables(chunk: Chunk, model: Model) -> Iterator[pa.Table]:
    """Rows of one chunk, slice by slice, without reading ahead."""
    for part in slices(chunk.documents, model):
        yield to_arrow(score_slice(part, model), model)
