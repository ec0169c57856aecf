"""stance: read diplomatic readouts the way a careful coder would.

Documents go in; every sentence gets its issue, stance, holder and frame with calibrated probabilities; two sides are
then compared.

    >>> import stance
    >>> documents = stance.read_documents("readouts/")
    >>> table = stance.score(documents)
    >>> comparison = stance.compare(table)
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.13.0"

if TYPE_CHECKING:
    from stance.codebook import Codebook, load_codebook
    from stance.contrast.comparison import Comparison, compare
    from stance.documents import Document, read_documents
    from stance.errors import InputError, StanceError
    from stance.scoring import score
    from stance.table import check_table, read_table, write_table

_PLACES = {
    "Codebook": "stance.codebook",
    "load_codebook": "stance.codebook",
    "Comparison": "stance.contrast.comparison",
    "compare": "stance.contrast.comparison",
    "Document": "stance.documents",
    "read_documents": "stance.documents",
    "InputError": "stance.errors",
    "StanceError": "stance.errors",
    "score": "stance.scoring",
    "check_table": "stance.table",
    "read_table": "stance.table",
    "write_table": "stance.table",
}

__all__ = [
    "Codebook", "Comparison", "Document", "InputError", "StanceError", "check_table", "compare", "load_codebook",
    "read_documents", "read_table", "score", "write_table",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    """Import public names when they are first used, so that the command starts fast."""
    if name in _PLACES:
        globals()[name] = getattr(import_module(_PLACES[name]), name)
        return globals()[name]
    raise AttributeError(f"module 'stance' has no attribute {name!r}")
