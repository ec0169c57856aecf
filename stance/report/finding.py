"""What every finding is made of: its parts, and the words that findings share."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pandas as pd

from stance.report.lookup import groups_of
from stance.report.style import interval, joined

if TYPE_CHECKING:
    from stance.contrast.comparison import Comparison

LISTED = 4
"""How many issues a finding names; the rest is counted."""


@dataclass(frozen=True)
class Finding:
    """One finding.

    Attributes:
        kind: what it is about: ``copies``, ``corrected``, ``shared``, ``only``, ``agreed``, ``red_lines``,
            ``positions``, ``disagreements``, ``attribution``, ``framing``, ``drift`` or ``evidence``.
        text: the finding in words, with counts and intervals.
        brief: the same in one line, to be seen at a glance.
        figures: the numbers in the text, for machines.
        evidence: the sentences behind it, as ``(doc_id, sent_id)``.
    """

    kind: str
    text: str
    figures: dict[str, Any] = field(default_factory=dict)
    evidence: list[tuple[str, int]] = field(default_factory=list)
    brief: str = ""


def account(comparison: Comparison, group: str) -> str:
    """How a side's documents are called: they are an account, not the side."""
    name = comparison.sides.name_of[group]
    return f"the {name} account" if comparison.sides.by == "source" else name


def both_words(comparison: Comparison) -> str:
    """How the two sides' documents are called together."""
    return "both accounts" if comparison.sides.by == "source" else "both groups"


def upper(text: str) -> str:
    """A text that begins with a capital."""
    return text[:1].upper() + text[1:]


def certainty(row: dict[Any, Any], share: bool) -> str:
    """What follows a difference: its interval and test, or that there is none."""
    if pd.isna(row["p"]) and pd.isna(row["low"]):
        return "; too little material for a test."
    points, decimals = (100, 0) if share else (1, 2)
    bounds = interval(points * row["low"], points * row["high"], decimals=decimals)
    if pd.isna(row["p"]):
        return f" {bounds}; too much lies in one unit for a test."
    bounds = bounds or "(no interval, as nothing varies within the sides)"
    text = f" {bounds}, p = {row['p_adjusted']:.2g} after correction"
    if row["low"] <= 0 <= row["high"]:
        return text + "; the interval spans zero, so this may be chance."
    return text + ("." if row["p_adjusted"] < 0.05 else "; not significant once corrected for the number of tests.")


def worded(explicit: int, total: int) -> str:
    """How many red lines are named as such in their words."""
    if not explicit:
        return "implied, no line named"
    return "explicit" if explicit == total else f"{explicit:,} explicit, {total - explicit:,} implied"


def rounded(value: Any) -> float | None:
    """A figure for machines: four decimals, None where there is none."""
    return None if pd.isna(value) else round(float(value), 4)


def listed(named: list[str], total: int) -> str:
    """Names as prose, the rest of them counted."""
    return joined([*named, f"{total - LISTED} more"] if total > LISTED else named)


def substantive(comparison: Comparison, group: str) -> int:
    """How many sentences of a side have an issue."""
    table = comparison.agenda.evidence
    return int((groups_of(comparison.sides, table) == group).sum())
