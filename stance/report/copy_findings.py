"""The finding that opens a report of texts that are not what they are taken for: joint statements and copies."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from stance.report.finding import LISTED, Finding, listed, upper
from stance.report.style import count

if TYPE_CHECKING:
    import pandas as pd

    from stance.contrast.comparison import Comparison
    from stance.contrast.wordings import Wordings


def copied(comparison: Comparison) -> Finding | None:
    """Which documents of the two sides are largely one text, and which of one side repeat another; None if none."""
    found, sides = comparison.copies, comparison.sides
    if found.empty:
        return None
    within = found["group"] == found["other_group"]
    parts = []
    across = found[~within]
    if len(across):
        told = f"{count(len(across), 'pair')} of accounts {'is' if len(across) == 1 else 'are'} largely one text"
        parts.append(
            f"{told}, a joint statement or copies, so that differences are of wording: {_named(across, 'and')}"
        )
    for group, name in sides.name_of.items():
        same = found[within & (found["group"] == group)]
        if len(same):
            told = f"{count(len(same), 'document')} of {name} {'repeats' if len(same) == 1 else 'repeat'} another"
            parts.append(f"{told}, so that its sentences count again: {_named(same, 'like')}")
    columns = ["doc_id", "other_doc_id", "resemblance"]
    figures: dict[str, Any] = {
        "across": across[columns].round(4).to_dict("records"),
        "within": found.loc[within, columns].round(4).to_dict("records"),
    }
    text = upper("; ".join(parts)) + "."
    if comparison.wordings:
        told, counts = _versions(comparison.wordings, sides.names)
        figures |= counts
        text += f" {told} Findings that set one account against the other are left out: they would tell how a text is "
        text += "labelled."
    return Finding("copies", text, figures)


def _versions(wordings: Wordings, names: tuple[str, str]) -> tuple[str, dict[str, int]]:
    """How many sentences of two versions of a text are the same, differ, or stand in one alone."""
    table = wordings.table
    counts = {"same": wordings.same, "reworded": int(table["similarity"].notna().sum())}
    alone = {name: int(table[c].isna().sum()) for name, c in zip(names, ("other_text", "text"), strict=True)}
    only = "".join(f", {n:,} only in that of {name}" for name, n in alone.items() if n)
    have = "has" if wordings.same == 1 else "have"
    told = f"{count(wordings.same, 'sentence')} {have} the same words in both versions, {counts['reworded']:,} differ"
    return f"{told}{only}.", counts


def _named(pairs: pd.DataFrame, between: str) -> str:
    told = [
        f"{r['doc_id']} {between} {r['other_doc_id']} (resemblance {r['resemblance']:.2f})"
        for r in pairs.head(LISTED).to_dict("records")
    ]
    return listed(told, len(pairs))
