"""The finding that opens a report of texts that are not what they are taken for: joint statements and copies."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stance.report.finding import LISTED, Finding, listed, upper
from stance.report.style import count

if TYPE_CHECKING:
    import pandas as pd

    from stance.contrast.comparison import Comparison


def copied(comparison: Comparison) -> Finding | None:
    """Which documents of the two sides are largely one text, and which of one side repeat another; None if none."""
    found, sides = comparison.copies, comparison.sides
    if found.empty:
        return None
    within = found["group"] == found["other_group"]
    parts = []
    across = found[~within]
    if len(across):
        which = f"{_named(across, 'and')} are each"
        if sides.one_document_each:
            which = f"these two texts, {_named(across, 'and')}, are"
        parts.append(f"{which} largely the same document: a joint statement, or copies; differences are of wording")
    for group, name in zip(sides.groups, sides.names, strict=True):
        same = found[within & (found["group"] == group)]
        if len(same):
            told = f"{count(len(same), 'document')} of {name} {'repeats' if len(same) == 1 else 'repeat'} another"
            parts.append(f"{told}, so that its sentences count again: {_named(same, 'like')}")
    columns = ["doc_id", "other_doc_id", "resemblance"]
    figures = {
        "across": across[columns].round(4).to_dict("records"),
        "within": found.loc[within, columns].round(4).to_dict("records"),
    }
    return Finding("copies", upper("; ".join(parts)) + ".", figures)


def _named(pairs: pd.DataFrame, between: str) -> str:
    told = [
        f"{r['doc_id']} {between} {r['other_doc_id']} (resemblance {r['resemblance']:.2f})"
        for r in pairs.head(LISTED).to_dict("records")
    ]
    return listed(told, len(pairs))
