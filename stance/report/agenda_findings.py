"""Findings about the agenda: what both sides raise, what only one raises, and what is reported as agreed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from stance.contrast.cooperation import BOTH, EACH
from stance.report.finding import LISTED, Finding, account, both_words, listed, substantive, upper
from stance.report.lookup import groups_of, keys_of
from stance.report.style import count, joined

if TYPE_CHECKING:
    from stance.contrast.comparison import Comparison

VOICES = {"own": "of its own", "reported": "of the other side"}
"""Whose claim an account gives."""


def _naming(comparison: Comparison, issues: list[str], group: str | None = None) -> list[tuple[str, int]]:
    table = comparison.agenda.evidence
    if group is not None:
        table = table[groups_of(comparison.sides, table) == group]
    place = {issue: i for i, issue in enumerate(issues)}
    rank = (
        table["issue"].map(lambda given: min((place[i] for i in given if i in place), default=len(place))).astype(int)
    )
    chosen = table.assign(rank=rank)[rank < len(place)]
    return keys_of(chosen.sort_values("rank", kind="stable"))


def shared(comparison: Comparison) -> Finding:
    """Which issues both sides raise."""
    agenda, sides = comparison.agenda, comparison.sides
    issues = agenda.raised_by("both")
    if not issues:
        return Finding("shared", f"No issue is raised by {both_words(comparison)} at this threshold.", {"issues": []})
    counts = {i: [_count(comparison, i, g) for g in sides.groups] for i in issues}
    named = [f"{sides.issue_name(i)} ({counts[i][0]:,} and {counts[i][1]:,})" for i in issues[:LISTED]]
    n = [substantive(comparison, g) for g in sides.groups]
    text = (
        f"{upper(both_words(comparison))} raise {listed(named, len(issues))}; of {n[0]:,} ({sides.names[0]}) and "
        f"{n[1]:,} ({sides.names[1]}) sentences with an issue."
    )
    return Finding("shared", text, {"issues": counts, "n": n}, _naming(comparison, issues[:LISTED]))


def _count(comparison: Comparison, issue: str, group: str) -> int:
    table = comparison.agenda.table
    return int(table.loc[(table["issue"] == issue) & (table["group"] == group), "count"].sum())


def only(comparison: Comparison, group: str) -> Finding | None:
    """Which issues one side raises and the other is not found to, and of which that is uncertain."""
    agenda, sides = comparison.agenda, comparison.sides
    issues, doubtful = agenda.raised_by(group), agenda.uncertain(group)
    if not issues and not doubtful:
        return None
    proof = agenda.differences.set_index("issue")[["mention", "highest"]].astype(float)
    here, there = account(comparison, group), account(comparison, sides.other(group))

    def told(keys: list[str]) -> str:
        """Issues with their sentences, and the highest probabilities here and there."""
        named = [
            f"{sides.issue_name(i)} ({_count(comparison, i, group):,}{_probabilities(*proof.loc[i])})"
            for i in keys[:LISTED]
        ]
        return listed(named, len(keys))

    n = substantive(comparison, group)
    text = f"No issue is surely raised by {here} only."
    if issues:
        text = f"Of its {count(n, 'sentence')} with an issue, only {here} raises {told(issues)}; no counterpart found "
        text += f"in {there} at this threshold."
    if doubtful:
        text += f" Uncertain, read: {told(doubtful)}."
    if proof.loc[[*issues, *doubtful]].notna().any(axis=None):
        text += " p is the highest probability of a mention, and after «against» that of the other account's sentences."
    figures = {
        "group": group, "issues": {i: _count(comparison, i, group) for i in issues}, "n": n,
        "uncertain": {i: _count(comparison, i, group) for i in doubtful},
        "highest": proof["mention"].reindex([*issues, *doubtful]).dropna().round(4).to_dict(),
        "highest_elsewhere": proof["highest"].reindex([*issues, *doubtful]).dropna().round(4).to_dict(),
    }  # fmt: skip
    return Finding("only", text, figures, _naming(comparison, [*issues[:LISTED], *doubtful[:LISTED]], group))


def _probabilities(mention: float, highest: float) -> str:
    """The highest probabilities of a mention and of the other side's sentences, as far as they are known."""
    if pd.isna(mention):
        return ""
    return f", p = {mention:.2f}" + ("" if pd.isna(highest) else f" against {highest:.2f}")


def agreed(comparison: Comparison) -> Finding:
    """On which issues both accounts report something agreed, on which each at another meeting, on which only one."""
    sides, cooperation = comparison.sides, comparison.cooperation
    claimed, apart = _claimed(comparison)
    if cooperation.reported.empty:
        figures: dict[str, Any] = {"issues": {}, "both": [], "each": [], "alone": {g: [] for g in sides.groups}}
        text = f"Nothing is found to be reported as agreed.{apart}"
        return Finding("agreed", text, {**figures, "claimed": claimed})
    totals = cooperation.reported.groupby("issue")[["first", "second"]].sum().astype(int)
    counts = {str(i): [int(r["first"]), int(r["second"])] for i, r in totals.to_dict("index").items()}
    both, each = cooperation.reported_by(BOTH), cooperation.reported_by(EACH)
    alone = {g: cooperation.reported_by(g) for g in sides.groups}

    def named(issues: list[str]) -> str:
        """Issues that both sides report, with the two counts."""
        told = [f"{sides.issue_name(i)} ({counts[i][0]:,} and {counts[i][1]:,} sentences)" for i in issues[:LISTED]]
        return listed(told, len(issues))

    parts = []
    if both:
        parts.append(f"{both_words(comparison)} report something agreed on {named(both)}")
    else:
        parts.append(f"no issue is reported as agreed by {both_words(comparison)} of one meeting")
    if each:
        parts.append(f"each side, but never both in the same meeting, on {named(each)}")
    for number, group in enumerate(sides.groups):
        if alone[group]:
            told = [f"{sides.issue_name(i)} ({counts[i][number]:,})" for i in alone[group][:LISTED]]
            parts.append(f"only {account(comparison, group)} on {listed(told, len(alone[group]))}")
    text = upper("; ".join(parts)) + "."
    if any(alone.values()):
        text += " «Only» means that no counterpart was found at this threshold."
    figures = {"issues": counts, "both": both, "each": each, "alone": alone, "claimed": claimed}
    return Finding("agreed", text + apart, figures, keys_of(cooperation.evidence))


def _claimed(comparison: Comparison) -> tuple[dict[str, dict[str, int]], str]:
    """Sentences that one side alone holds, by account and voice, and the sentence that tells them."""
    sides, claims = comparison.sides, comparison.cooperation.claims
    groups = groups_of(sides, claims)
    counts = {g: {v: int(((groups == g) & (claims["voice"] == v)).sum()) for v in VOICES} for g in sides.groups}
    parts = []
    for group in sides.groups:
        told = [f"{counts[group][voice]:,} {words}" for voice, words in VOICES.items() if counts[group][voice]]
        if told:
            parts.append(f"{account(comparison, group)} {joined(told)}")
    return counts, f" Claimed or praised by one side alone, not counted: {'; '.join(parts)}." if parts else ""
