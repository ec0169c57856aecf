"""Findings that set the accounts against each other or follow them: reported words, and trends."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from stance.contrast.cooperation import is_agreed
from stance.contrast.result import carries
from stance.report.finding import LISTED, Finding, account, listed, rounded, upper
from stance.report.lookup import groups_of, keys_of, looked_up
from stance.report.style import count, interval, joined, signed

if TYPE_CHECKING:
    from stance.contrast.comparison import Comparison


def attribution(comparison: Comparison) -> Finding | None:
    """What each account reports of the other side, against that side's own account."""
    found, sides = comparison.attribution, comparison.sides
    if found.table.empty:
        return None
    evidence = unanswered_first(comparison)
    parts: list[str] = []
    figures: dict[str, Any] = {}
    for group, part in found.table.groupby("source", sort=False):
        doubt = found.evidence.loc[(found.evidence["source"] == group) & found.evidence["uncertain"], "verdict"]
        counts = {str(v): int(c) for v, c in zip(part["verdict"], part["count"], strict=True)}
        n, holder = int(part["n"].iloc[0]), sides.name_of[part["holder"].iloc[0]]
        figures[str(group)] = {"n": n, **counts, "uncertain": len(doubt)}
        alone = evidence.loc[evidence["source"] == group, "unanswered"].explode().dropna().value_counts()
        figures[str(group)]["unanswered"] = {str(i): int(c) for i, c in alone.items()}
        alike = counts["confirmed"] - int((doubt == "confirmed").sum())
        unlike = n - counts["absent"] - alike
        kinds = {"with a like stance there": alike, "with another stance there, or an uncertain one": unlike}
        kinds["without a counterpart found"] = counts["absent"]
        told = joined([f"{c:,} {words}" for words, c in kinds.items() if c])
        parts.append(f"{account(comparison, str(group))} reports {count(n, 'sentence')} of {holder}, {told}")
        if len(alone):
            named = [f"{sides.issue_name(str(i))} ({c:,})" for i, c in alone.head(LISTED).items()]
            there = account(comparison, sides.other(str(group)))
            parts[-1] += f" (on {listed(named, len(alone))} nothing is found in {there} of the meeting)"
    text = upper("; ".join(parts)) + "."
    if any(f["softened"] or f["hardened"] for f in figures.values()):
        text += " Stances are compared of sentences that may not answer each other: read the pairs."
    return Finding("attribution", text, figures, keys_of(evidence))


def unanswered_first(comparison: Comparison) -> pd.DataFrame:
    """The reports of the other side's words, first those on issues that its own account of the meeting never raises.

    Returns:
        `stance.contrast.attribution.Attribution.evidence` with ``unanswered``, those issues of a report without a
            counterpart; the surest stance first.
    """
    sides, raised, found = comparison.sides, comparison.agenda.raised, comparison.attribution.evidence
    at = raised.loc[~raised["uncertain"].astype(bool), ["event", "issue", "raised_by"]]
    alone = set(at.itertuples(index=False, name=None))
    meeting = looked_up(sides, found, ["meeting_id"])["meeting_id"]
    issues = [
        [i for i in given if verdict == "absent" and (event, i, source) in alone]
        for event, given, verdict, source in zip(
            meeting, found["issue"], found["verdict"], found["source"], strict=True
        )
    ]
    ordered = found.assign(unanswered=pd.Series(issues, found.index, dtype=object), none=[not i for i in issues])
    return ordered.sort_values(["none", "p_stance"], ascending=[True, False], kind="stable").drop(columns="none")


def drift(comparison: Comparison) -> Finding | None:
    """Which measure moves most surely over the meetings."""
    trends, sides = comparison.drift.trends, comparison.sides
    known = trends[trends["p"].notna()] if len(trends) else trends
    if known.empty:
        return None
    top: dict[Any, Any] = surest_trends(known).iloc[0].to_dict()
    name, side = _measure(comparison, top), sides.name_of[top["group"]]
    change, bounds = trend_change(top)
    meetings = count(int(top["n"]), comparison.drift.unit)
    sure = bool(top["p_adjusted"] < 0.05)
    text = (
        f"The surest trend of {len(known)}: {side}, {name}, {change} {bounds} from the first to the last of "
        f"{meetings}, {top['years']:.1f} years apart, "
        f"p = {top['p']:.2g}, {top['p_adjusted']:.2g} after correction"
    )
    text += "." if sure else "; with so many trends tried, this may be chance."
    figures: dict[str, Any] = {k: rounded(top[k]) for k in ("estimate", "low", "high", "p", "p_adjusted")}
    figures |= {
        "measure": top["measure"],
        "label": top["label"],
        "group": top["group"],
        "trends": len(known),
        "years": rounded(top["years"]),
    }
    figures |= {"name": name, "side": side, "change": change, "sure": sure}
    return Finding("drift", text, figures, _behind(comparison, top))


def surest_trends(trends: pd.DataFrame) -> pd.DataFrame:
    """Trends by p; of equals those first whose change is largest beside the width of its interval.

    Args:
        trends: `stance.contrast.drift.Drift.trends`, those with a p.
    """
    clear = (trends["estimate"] / (trends["high"] - trends["low"])).abs()
    ordered = trends.assign(clear=clear).sort_values(["p", "clear"], ascending=[True, False], kind="stable")
    return ordered.drop(columns="clear")


def trend_change(row: dict[Any, Any]) -> tuple[str, str]:
    """A trend as the change from the first meeting to the last, and its interval, within what the measure can move.

    Args:
        row: of `stance.contrast.drift.Drift.trends`.
    """
    position = row["measure"] == "position"
    most, unit, decimals = (2, "", 2) if position else (100, " percentage points", 0)
    scale = row["years"] * (1 if position else 100)
    change, low, high = (float(np.clip(scale * row[k], -most, most)) for k in ("estimate", "low", "high"))
    return f"{signed(change, decimals)}{unit}", interval(low, high, decimals=decimals)


def _measure(comparison: Comparison, row: dict[Any, Any]) -> str:
    if row["measure"] in ("issue", "frame"):
        which = "on" if row["measure"] == "issue" else "in terms of"
        return f"the share of sentences {which} {comparison.sides.codebook.name(row['measure'], row['label'])}"
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
        return keys_of(table[carries(table, row["measure"], row["label"])])
    if row["measure"] == "agreed":
        return keys_of(table[is_agreed(sides.codebook, table)])
    if row["measure"] in ("difference", "limit"):
        return keys_of(table[table["stance"].isin(sides.codebook["stance"].with_role(row["measure"]))])
    return keys_of(table)
