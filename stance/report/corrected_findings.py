"""The finding on what hand-coded sentences correct: the headline shares and positions without the model's bias."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from stance.contrast.corrected import DIFFERENCE
from stance.contrast.prediction_powered import MIN_CODED
from stance.report.finding import Finding, certainty, rounded
from stance.report.lookup import groups_of, keys_of
from stance.report.style import interval, joined, percent, signed

if TYPE_CHECKING:
    from stance.contrast.comparison import Comparison

SAID = {
    "difference": "share voicing difference",
    "limit": "share naming a red line",
    "agreed": "share reporting agreement",
    "position": "mean position",
}
"""The measures that findings rest on, of each side's own sentences."""


def corrected(comparison: Comparison) -> Finding | None:
    """Shares and positions of each side's own sentences, corrected by hand-coded sentences; None without any."""
    found, sides = comparison.corrected, comparison.sides
    coded = found.evidence
    if coded.empty:
        return None
    numbers = [int((groups_of(sides, coded) == group).sum()) for group in sides.groups]
    sampled = joined([f"{n:,} ({name})" for n, name in zip(numbers, sides.names, strict=True)])
    figures: dict[str, Any] = {"coded": dict(zip(sides.groups, numbers, strict=True))}
    parts = []
    for measure, said in SAID.items():
        rows = found.table[found.table["measure"] == measure].set_index("group").to_dict("index")
        if not any(pd.notna(rows[g]["estimate"]) for g in sides.groups if g in rows):
            continue
        parts.append(f"{said} {_told(comparison, rows, measure)}")
        kept = ("predicted", "estimate", "low", "high", "p", "p_adjusted")
        figures[measure] = {g: {k: rounded(row[k]) for k in kept} for g, row in rows.items()}
    if not parts:
        text = (
            f"Hand-coded sentences, {sampled}, are too few to correct the model's error: {MIN_CODED} of each side are "
            "needed. The figures below rest on predicted labels."
        )
        return Finding("corrected", text, figures, keys_of(coded))
    text = (
        f"Corrected for the model's error by hand-coded sentences, {sampled}, of each side's own sentences: "
        f"{'; '.join(parts)}. Cite these, with their intervals; other figures here rest on predicted labels, but for "
        "the table «corrected»."
    )
    return Finding("corrected", text, figures, keys_of(coded))


def _told(comparison: Comparison, rows: dict[Any, dict[Any, Any]], measure: str) -> str:
    """A measure of both sides, with what the model alone gives, and the test of their difference."""
    sides = comparison.sides
    told = [f"{name} {figure(rows.get(group), measure)}" for group, name in sides.name_of.items()]
    alone = [_value(rows[g]["predicted"], measure) if g in rows else "–" for g in sides.groups]
    text = f"{', '.join(told)} (by the model alone {' and '.join(alone)})"
    if difference := rows.get(DIFFERENCE):
        share = measure != "position"
        size = f"{signed(100 * difference['estimate'], 0)} points" if share else signed(difference["estimate"], 2)
        text += f", difference {size}{certainty(difference, share)}".removesuffix(".")
    return text


def figure(row: dict[Any, Any] | None, measure: str) -> str:
    """A corrected figure with its interval, or that there is none.

    Args:
        row: of `stance.contrast.corrected.Corrected.table`, or its figures in a finding; None where there is none.
        measure: one of `SAID`.
    """
    if row is None or pd.isna(row["estimate"]):
        return "not corrected"
    low, high = (float("nan") if row[k] is None else row[k] for k in ("low", "high"))
    bounds = interval(low, high, measure != "position", 2) or "without an interval"
    return f"{_value(row['estimate'], measure)} {bounds}"


def _value(value: float, measure: str) -> str:
    return signed(value, 2) if measure == "position" else percent(value)
