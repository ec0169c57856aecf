"""Findings that set the accounts against each other or follow them: reported words, and trends."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from stance.contrast.cooperation import is_agreed
from stance.report.finding import Finding, account, rounded, upper
from stance.report.lookup import groups_of, keys_of
from stance.report.style import count, interval, joined, signed

if TYPE_CHECKING:
    from stance.contrast.comparison import Comparison

VERDICTS = {
    "confirmed": "confirmed", "softened": "softer than its own words", "hardened": "harder than its own words",
    "absent": "without a counterpart found",
}  # fmt: skip


def attribution(comparison: Comparison) -> Finding | None:
    """What each account reports of the other side, against that side's own account."""
    found, sides = comparison.attribution, comparison.sides
    if found.table.empty:
        return None
    parts: list[str] = []
    figures: dict[str, Any] = {}
    for group, part in found.table.groupby("source", sort=False):
        counts = {str(v): int(c) for v, c in zip(part["verdict"], part["count"], strict=True)}
        n, holder = int(part["n"].iloc[0]), sides.names[sides.groups.index(part["holder"].iloc[0])]
        figures[str(group)] = {"n": n, **counts}
        told = joined([f"{c} {VERDICTS[v]}" for v, c in counts.items() if c])
        parts.append(f"{account(comparison, str(group))} reports {count(n, 'sentence')} of {holder}, {told}")
    text = upper("; ".join(parts)) + "."
    if any(f["softened"] or f["hardened"] for f in figures.values()):
        text += (
            " Softer and harder compare two predicted stances of sentences that may not answer each other: read them."
        )
    return Finding("attribution", text, figures, keys_of(found.evidence))


def drift(comparison: Comparison) -> Finding | None:
    """Which measure moves most surely over the meetings."""
    trends, sides = comparison.drift.trends, comparison.sides
    known = trends[trends["p"].notna()] if len(trends) else trends
    if known.empty:
        return None
    top: dict[Any, Any] = known.sort_values(["p_adjusted", "p"], kind="stable").iloc[0].to_dict()
    name, side = _measure(comparison, top), sides.names[sides.groups.index(top["group"])]
    position = top["measure"] == "position"
    points = 1 if position else 100
    change = (
        f"{signed(points * top['estimate'], 2 if position else 0)}{'' if position else ' percentage points'} a year"
    )
    bounds = interval(points * top["low"], points * top["high"], decimals=2 if position else 0)
    meetings = count(int(top["n"]), "meeting")
    sure = bool(top["p_adjusted"] < 0.05)
    text = (
        f"The surest trend of {len(known)}: {name} of {side}, {change} {bounds} over {meetings}, "
        f"p = {top['p']:.2g}, {top['p_adjusted']:.2g} after correction"
    )
    text += "." if sure else "; with so many trends tried, this may be chance."
    figures: dict[str, Any] = {k: rounded(top[k]) for k in ("estimate", "low", "high", "p", "p_adjusted")}
    figures |= {"measure": top["measure"], "label": top["label"], "group": top["group"], "trends": len(known)}
    figures |= {"name": name, "side": side, "change": change, "sure": sure}
    return Finding("drift", text, figures, _behind(comparison, top))


def _measure(comparison: Comparison, row: dict[Any, Any]) -> str:
    if row["measure"] in ("issue", "frame"):
        return f"the share of {comparison.sides.codebook.name(row['measure'], row['label'])}"
    return {
        "position": "the mean position", "difference": "the share that voices difference",
        "limit": "the share of red lines", "agreed": "the share that reports something agreed",
    }.get(row["measure"], f"the share of {row['measure']}")  # fmt: skip


def _behind(comparison: Comparison, row: dict[Any, Any]) -> list[tuple[str, int]]:
    """The side's sentences that the measure counts."""
    sides = comparison.sides
    table: pd.DataFrame = comparison.agenda.evidence
    table = table[groups_of(sides, table) == row["group"]]
    if row["measure"] in ("issue", "frame"):
        return keys_of(table[table[row["measure"]].map(lambda given: row["label"] in given).astype(bool)])
    if row["measure"] == "agreed":
        return keys_of(table[is_agreed(sides.codebook, table)])
    if row["measure"] in ("difference", "limit"):
        return keys_of(table[table["stance"].isin(sides.codebook["stance"].with_role(row["measure"]))])
    return keys_of(table)
