"""Findings about the agenda: what both sides raise, what only one raises, and what is reported as agreed."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import pandas as pd

from stance.contrast.by_meeting import BOTH, EACH, tally
from stance.contrast.certainty import POSSIBLE
from stance.report.finding import LISTED, Finding, account, both_words, listed, substantive, upper
from stance.report.lookup import groups_of, keys_of, looked_up
from stance.report.style import count, joined

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from stance.contrast.comparison import Comparison
    from stance.contrast.cooperation import Cooperation

VOICES = {"own": "of its own", "reported": "of the other side"}
"""Whose claim an account gives."""
HELD = "held by one side (its credit, its step or a term of a deal)"
"""What is agreed or achieved, but not as the position of both."""
PUBLISHERS = {"own": "of the government that published it", "reported": "of another"}
"""Whose claim it is where the groups are no sides."""


def _told(comparison: Comparison, rows: Iterable[dict[Any, Any]], figures: Callable[[dict[Any, Any]], str]) -> str:
    """Issues as prose, each with the number of meetings at which it is so, where there are several, and its figures."""
    several, shown = len(comparison.sides.compared), list(rows)
    named = []
    for place, row in enumerate(shown[:LISTED]):
        at = f"at {row['meetings']:,}{'' if place else f' of {several:,} meetings'}; " if several > 1 else ""
        named.append(f"{comparison.sides.issue_name(row['issue'])} ({at}{figures(row)})")
    return listed(named, len(shown))


def rows_of(told: pd.DataFrame, who: str, uncertain: bool = False) -> dict[str, dict[Any, Any]]:
    """The issues that both or one side surely tell of, or only uncertainly, with their figures."""
    counted = tally(told)
    counted = counted[counted["told_by"] == who]
    sure = counted.loc[~counted["uncertain"], "issue"]
    chosen = counted[counted["uncertain"] & ~counted["issue"].isin(sure)] if uncertain else counted.loc[sure.index]
    return {str(row["issue"]): row for row in chosen.to_dict("records")}


def _naming(comparison: Comparison, who: str, issues: list[str]) -> list[tuple[str, int]]:
    """Sentences that name the issues at the meetings at which they are so raised, the first issue's first."""
    sides, raised = comparison.sides, comparison.agenda.raised
    at = raised[(raised["raised_by"] == who) & raised["issue"].isin(issues)]
    chosen = at.groupby("event")["issue"].agg(set).to_dict()
    table = comparison.agenda.evidence
    groups = groups_of(sides, table)
    table = table.assign(at=looked_up(sides, table, ["meeting_id"])["meeting_id"] if sides.compared else "")
    table = table if who == BOTH else table[groups == who]
    place = {issue: i for i, issue in enumerate(issues)}
    rank = [
        min((place[i] for i in given if i in chosen.get(event, ())), default=len(place))
        for event, given in zip(table["at"], table["issue"], strict=True)
    ]
    table = table.assign(rank=rank)
    return keys_of(table[table["rank"] < len(place)].sort_values("rank", kind="stable"))


def in_other_words(comparison: Comparison, group: str, who: str, uncertain: bool = False) -> dict[str, int]:
    """Of the sentences that `rows_of` counts, those in which a side's account gives the other side's words."""
    sides, raised = comparison.sides, comparison.agenda.raised
    words = sides.of(group, sides.substantive(sides.reported()))
    words = words.assign(event=words["meeting_id"] if sides.compared else "").explode("issue")
    at = raised.loc[(raised["raised_by"] == who) & (raised["uncertain"] == uncertain), ["event", "issue"]]
    return {str(i): int(n) for i, n in words.merge(at, on=["event", "issue"])["issue"].value_counts().items()}


def _of_other(comparison: Comparison, group: str, words: int, count: int) -> str:
    """How many of a side's sentences are the other side's words, where any are."""
    sides = comparison.sides
    return f", {'all' if words == count else f'{words:,}'} as words of {sides.name_of[sides.other(group)]}" * bool(
        words
    )


def shared(comparison: Comparison) -> Finding:
    """Which issues both sides raise: of several meetings, both accounts of at least one."""
    agenda, sides = comparison.agenda, comparison.sides
    sure, doubtful = rows_of(agenda.raised, BOTH), rows_of(agenda.raised, BOTH, uncertain=True)
    n = [substantive(comparison, g) for g in sides.groups]
    several = len(sides.compared) > 1
    words = {(g, flag): in_other_words(comparison, g, BOTH, flag) for g in sides.groups for flag in (False, True)}
    reported = {i: [words[g, i in doubtful].get(i, 0) for g in sides.groups] for i in (*sure, *doubtful)}

    def counts(row: dict[Any, Any]) -> str:
        sure = f", p = {row['mention']:.2f}" if row["uncertain"] else ""
        told = [
            f"{row[own]:,}{_of_other(comparison, g, words_, row[own])}"
            for g, own, words_ in zip(sides.groups, ("first", "second"), reported[row["issue"]], strict=True)
        ]
        return f"{', and '.join(told) if ',' in told[0] else ' and '.join(told)}{sure}"

    text = f"No issue is surely raised by {both_words(comparison)}{' of one meeting' if several else ''}."
    if sure:
        told = _told(comparison, sure.values(), counts)
        text = f"{upper(both_words(comparison))} raise {told}; of {n[0]:,} ({sides.names[0]}) and "
        text += f"{n[1]:,} ({sides.names[1]}) sentences with an issue."
    if doubtful:
        text += f" Uncertain, read: {_told(comparison, doubtful.values(), counts)}; p is the highest probability of a "
        text += "mention on the side where that is lower."
    figures = {
        "issues": {i: [row["first"], row["second"]] for i, row in sure.items()}, "n": n,
        "uncertain": {i: [row["first"], row["second"]] for i, row in doubtful.items()},
        "reported": reported, **_meetings(comparison, sure),
    }  # fmt: skip
    evidence = _naming(comparison, BOTH, [*list(sure)[:LISTED], *list(doubtful)[:LISTED]])
    return Finding("shared", text, figures, evidence)


def _meetings(comparison: Comparison, sure: dict[str, dict[Any, Any]]) -> dict[str, Any]:
    """For machines: at how many meetings each issue is surely so, and how many were compared."""
    return {"meetings": {i: int(r["meetings"]) for i, r in sure.items()}, "compared": len(comparison.sides.compared)}


def only(comparison: Comparison, group: str) -> Finding | None:
    """Which issues one side raises and the other account of the meeting does not, and where that is uncertain."""
    sides, raised = comparison.sides, comparison.agenda.raised
    sure, doubtful = rows_of(raised, group), rows_of(raised, group, uncertain=True)
    if not sure and not doubtful:
        return None
    own = ("first", "second")[sides.groups.index(group)]
    here, there = account(comparison, group), account(comparison, sides.other(group))
    several = len(sides.compared) > 1
    words = {flag: in_other_words(comparison, group, group, flag) for flag in (False, True)}
    reported = {i: words[i in doubtful].get(i, 0) for i in (*sure, *doubtful)}

    def counts(row: dict[Any, Any]) -> str:
        """Sentences, those in the other side's words, and of one meeting the probabilities here and there."""
        sure = "" if several else _probabilities(row["mention"], row["highest"])
        return f"{row[own]:,}{_of_other(comparison, group, reported[row['issue']], row[own])}{sure}"

    n = substantive(comparison, group)
    text = f"No issue is surely raised by {here} only."
    if sure:
        told = _told(comparison, sure.values(), counts)
        text = f"Of its {count(n, 'sentence')} with an issue, only {here} raises {told}; no "
        text += f"counterpart found in {there}{' of the meeting' if several else ''} at this threshold."
    if doubtful:
        text += f" Uncertain, read: {_told(comparison, doubtful.values(), counts)}."
    if not several and any(pd.notna(row["mention"]) for row in (sure | doubtful).values()):
        text += " p is the highest probability of a mention, and after «against» that of the other account's sentences."
    rows = sure | doubtful
    figures = {
        "group": group, "issues": {i: row[own] for i, row in sure.items()}, "n": n,
        "uncertain": {i: row[own] for i, row in doubtful.items()}, "reported": reported,
        "highest": {i: round(r["mention"], 4) for i, r in rows.items() if pd.notna(r["mention"])},
        "highest_elsewhere": {i: round(r["highest"], 4) for i, r in rows.items() if pd.notna(r["highest"])},
        **_meetings(comparison, sure),
    }  # fmt: skip
    evidence = _naming(comparison, group, [*list(sure)[:LISTED], *list(doubtful)[:LISTED]])
    return Finding("only", text, figures, evidence)


def _probabilities(mention: float, highest: float) -> str:
    """The highest probabilities of a mention and of the other side's sentences, as far as they are known."""
    if pd.isna(mention):
        return ""
    return f", p = {mention:.2f}" + ("" if pd.isna(highest) else f" against {highest:.2f}")


def agreed(comparison: Comparison) -> Finding:
    """On which issues both accounts report something agreed, on which each at another meeting, on which only one."""
    sides, cooperation = comparison.sides, comparison.cooperation
    claimed, apart = _claimed(comparison)
    near = cooperation.possible
    each = cooperation.reported_by(EACH)
    tellers = (BOTH, *sides.groups)
    rows = {who: rows_of(cooperation.reported, who) for who in tellers}
    same = cooperation.reported[cooperation.reported["reported_by"] == BOTH].groupby("issue")["same_point"].sum()
    alone = {g: [i for i in rows[g] if i not in each] for g in sides.groups}
    doubtful = {
        who: {i: row for i, row in rows_of(cooperation.reported, who, uncertain=True).items() if i not in rows[BOTH]}
        for who in tellers
    }
    uncertain = {who: list(found) for who, found in doubtful.items()}
    apart_rows = told_apart(cooperation, sides.groups)
    totals = cooperation.reported.groupby("issue")[["first", "second"]].sum().astype(int)
    counts = {str(i): [int(r["first"]), int(r["second"])] for i, r in totals.to_dict("index").items()}
    figures = {
        "issues": counts, "both": list(rows[BOTH]), "each": each, "alone": alone, "uncertain": uncertain,
        "same_point": {str(i): int(c) for i, c in same.items()}, "claimed": claimed, "possible": len(near),
        "meetings": {who: {i: int(r["meetings"]) for i, r in found.items()}
                     for who, found in {**rows, EACH: apart_rows}.items()},
    }  # fmt: skip
    evidence = keys_of(cooperation.evidence) + keys_of(cooperation.claims) + keys_of(near)
    if len(near):
        split = joined([f"{name} {(groups_of(sides, near) == g).sum():,}" for g, name in sides.name_of.items()])
        more = "more sentence" if len(cooperation.evidence) else "sentence"
        apart += f" {count(len(near), more)} may report something agreed by both ({split}; with another label and a "
        apart += f"probability of {POSSIBLE:.2f} or more): read."
    if cooperation.reported.empty:
        return Finding("agreed", f"No sentence is found to report something agreed by both.{apart}", figures, evidence)

    def shared_points(row: dict[Any, Any]) -> str:
        point = "" if same[row["issue"]] else "; no two alike enough to pair"
        return f"{row['first']:,} and {row['second']:,} sentences{point}"

    parts = []
    several = " of one meeting" if len(sides.compared) > 1 else ""
    if rows[BOTH]:
        told = _told(comparison, rows[BOTH].values(), shared_points)
        parts.append(f"{both_words(comparison)} report something agreed on {told}")
    elif sides.compared or not (each or any(alone.values())):
        surely = " surely" if any(uncertain.values()) else ""
        parts.append(f"no issue is{surely} reported as agreed by {both_words(comparison)}{several}")
    if each:
        told = _told(comparison, apart_rows.values(), lambda row: f"{row['first']:,} and {row['second']:,} sentences")
        parts.append(f"each side, but {never(comparison, each)} both in the same meeting, on {told}")
    for group, own in zip(sides.groups, ("first", "second"), strict=True):
        if alone[group]:
            chosen = [rows[group][i] for i in alone[group]]
            told = _told(comparison, chosen, lambda row, own=own: f"{row[own]:,}")  # type: ignore[misc]
            parts.append(f"only {account(comparison, group)} on {told}")
    text = upper("; ".join(parts)) + "."
    if any(alone.values()):
        text += " «Only» means that no counterpart was found at this threshold."
    if any(uncertain.values()):
        whose = {BOTH: both_words(comparison)}
        whose |= {g: f"only {account(comparison, g)} as agreed by both" for g in sides.groups}
        doubts = [
            f"{whose[who]} on {_told(comparison, found.values(), partial(_doubt, comparison, who))}"
            for who, found in doubtful.items()
            if found
        ]
        text += f" Uncertain, read: {'; '.join(doubts)}."
    return Finding("agreed", text + apart, figures, evidence)


def told_apart(cooperation: Cooperation, groups: tuple[str, str]) -> dict[str, dict[Any, Any]]:
    """Issues that each side surely reports as agreed, but never surely both of one meeting, with their figures."""
    first, second = (rows_of(cooperation.reported, g) for g in groups)
    return {
        i: first[i] | {"second": second[i]["second"], "meetings": first[i]["meetings"] + second[i]["meetings"]}
        for i in cooperation.reported_by(EACH)
    }


def never(comparison: Comparison, issues: list[str]) -> str:
    """That issues are not told of by both of one meeting; not surely, where any meeting is uncertain."""
    told = comparison.cooperation.reported
    return "never surely" if told.loc[told["issue"].isin(issues), "uncertain"].any() else "never"


def _doubt(comparison: Comparison, who: str, row: dict[Any, Any]) -> str:
    """Sentences that report an issue as agreed, and what the other account has that makes it uncertain."""
    if who == BOTH:
        return f"{row['first']:,} and {row['second']:,}"
    sides = comparison.sides
    other = account(comparison, sides.other(who))
    own = row[("first", "second")[sides.groups.index(who)]]
    has = [f"{other} has {row['claimed']:,} there held by one side"] if row["claimed"] else []
    if row["unplaced"]:
        has.append(f"{'and' if has else f'{other} has'} {row['unplaced']:,} by both on an uncertain issue")
    return f"{own:,}" + (f"; {' '.join(has)}" if has else "")


def _claimed(comparison: Comparison) -> tuple[dict[str, dict[str, int]], str]:
    """Sentences that one side alone holds, by account and voice, and the sentence that tells them."""
    sides, claims = comparison.sides, comparison.cooperation.claims
    groups = groups_of(sides, claims)
    counts = {g: {v: int(((groups == g) & (claims["voice"] == v)).sum()) for v in VOICES} for g in sides.groups}
    parts = []
    voices = VOICES if sides.hold_positions else PUBLISHERS
    for group in sides.groups:
        told = [f"{counts[group][voice]:,} {words}" for voice, words in voices.items() if counts[group][voice]]
        if told:
            parts.append(f"{account(comparison, group)} {joined(told)}")
    if not parts:
        return counts, ""
    return counts, f" {upper(HELD)}, not counted above: {'; '.join(parts)}; read."
