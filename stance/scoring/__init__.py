"""Scoring: documents in, sentence table out; at once for a readout, in shards and resumable for an archive."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from stance.scoring.archive import Summary, score_archive
    from stance.scoring.stream import score, score_stream

_PLACES = {
    "Summary": "stance.scoring.archive",
    "score_archive": "stance.scoring.archive",
    "score": "stance.scoring.stream",
    "score_stream": "stance.scoring.stream",
}

__all__ = ["Summary", "score", "score_archive", "score_stream"]


def __getattr__(name: str) -> Any:
    if name in _PLACES:  # the command line names this package at its start, long before it scores
        return getattr(import_module(_PLACES[name]), name)
    raise AttributeError(f"module 'stance.scoring' has no attribute {name!r}")
