"""Who tells of an issue, meeting by meeting: both accounts, or only one of them."""

from __future__ import annotations

import numpy as np
import pandas as pd

from stance.contrast.certainty import POSSIBLE, SURE
from stance.contrast.result import Sides

BOTH = "both"
"""Both accounts of one meeting tell of it."""
EACH = "each"
"""Each side tells of it, but never surely both of one meeting."""
KEYS = ["event", "issue"]
DOUBTS = ("claimed", "unplaced")
"""Sentences of the other account that make it uncertain that only one account tells of an issue, where counted."""


def told_by_meeting(sides: Sides, table: pd.DataFrame, by: str) -> pd.DataFrame:
    """Count the sentences on each issue of each meeting, and say whose account has any.

    Args:
        sides: the two groups.
        table: rows of the sides' table, with the ``event`` that they are counted under.
        by: name of the column that says whose account it is.

    Returns:
        ``event``, ``issue``, the column ``by`` (`BOTH` or one
        group), and the numbers of sentences of each side, ``first`` and ``second``.
    """
    told = table.assign(group=table[sides.by]).explode("issue")
    told = told[told["issue"].isin(sides.issues)]
    counts = told.groupby([*KEYS, "group"], sort=False).size().unstack(fill_value=0)
    counts = counts.reindex(columns=list(sides.groups), fill_value=0).set_axis(["first", "second"], axis=1)
    who = np.select([counts.min(axis=1) > 0, counts["first"] > 0], [BOTH, sides.groups[0]], sides.groups[1])
    counts.insert(0, by, who)
    return counts.reset_index()


def with_certainty(
    sides: Sides, told: pd.DataFrame, table: pd.DataFrame, tells: np.ndarray, most: np.ndarray | None = None
) -> pd.DataFrame:
    """Say of each issue of each meeting how sure it is who tells of it.

    Args:
        sides: the two groups.
        told: from `told_by_meeting`.
        table: rows of the sides' table with their ``event``, all that could tell of an issue.
        tells: bool, shape (len(table),): those that do, on the issues that they name.
        most: shape (len(table),): probability of each that it tells of anything; 1 if None.

    Returns:
        ``told`` with ``mention`` (the highest probability of those who tell of the issue, of both sides' the lower; a
        sentence's is that of the issue, or ``most`` if that is lower), ``highest`` (where only one side tells of it,
        the highest of the other side's sentences, else NaN) and ``uncertain`` (see `is_uncertain`); NaN where labels
        have no probabilities.
    """
    best: dict[tuple[str, str, str], float] = {}
    anyone: dict[tuple[str, str, str], float] = {}
    limits = np.ones(len(table)) if most is None else most
    for event, group, named, probs, tell, limit in zip(
        table["event"], table[sides.by], table["issue"], table["probs"], tells, limits, strict=True
    ):
        for issue in sides.issues:
            if f"issue:{issue}" in probs:
                key = (event, issue, group)
                p = min(float(probs[f"issue:{issue}"]), float(limit))
                anyone[key] = max(p, anyone.get(key, 0.0))
                if tell and issue in named:
                    best[key] = max(p, best.get(key, 0.0))
    rows = []
    for event, issue, who in told[[*KEYS, told.columns[2]]].itertuples(index=False):
        tellers = sides.groups if who == BOTH else (who,)
        mention = float(np.min([best.get((event, issue, g), np.nan) for g in tellers]))
        highest = np.nan if who == BOTH else anyone.get((event, issue, sides.other(who)), np.nan)
        rows.append((mention, highest, is_uncertain(mention, highest)))
    return told.join(pd.DataFrame(rows, columns=["mention", "highest", "uncertain"], index=told.index))


def is_uncertain(mention: float, highest: float = float("nan")) -> bool:
    """Whether who tells of an issue is to be read before it is said.

    Args:
        mention: highest probability of the sentences that tell of it, of two sides the lower; NaN where there are no
            probabilities.
        highest: highest probability on the side that does not tell of it; NaN likewise, or where both do.

    Returns:
        whether the mention is below `SURE`, or the other side reaches `POSSIBLE`; False for labels coded by hand.
    """
    return bool(mention < SURE or highest >= POSSIBLE)


def tally(told: pd.DataFrame) -> pd.DataFrame:
    """Count the meetings at which each issue is told of by both accounts or one, surely and uncertainly.

    Args:
        told: from `with_certainty`.

    Returns:
        ``issue``, ``told_by``, ``uncertain``, and over the meetings at which it is so: ``meetings`` (their number),
            ``first`` and ``second`` (sentences), ``mention`` and ``highest`` (the highest of each, NaN without
            probabilities), the sums of `DOUBTS` where there are any; those at most meetings first, then those with the
            most sentences.
    """
    rows = told.rename(columns={told.columns[2]: "told_by"}).astype({"uncertain": bool})
    grouped = rows.groupby(["issue", "told_by", "uncertain"], sort=False)
    found = grouped.agg(
        meetings=("event", "size"),
        first=("first", "sum"),
        second=("second", "sum"),
        mention=("mention", "max"),
        highest=("highest", "max"),
        **{c: (c, "sum") for c in DOUBTS if c in rows},
    ).reset_index()
    order = found.assign(sentences=found["first"] + found["second"])
    order = order.sort_values(["meetings", "sentences"], ascending=False, kind="stable")
    return found.loc[order.index].reset_index(drop=True)


def tellers(told: pd.DataFrame) -> pd.DataFrame:
    """Sum up who tells of each issue over all meetings.

    Args:
        told: from `with_certainty`.

    Returns:
        indexed by ``issue``, those with the most sentences first: ``told_by`` (`BOTH` if both accounts of any meeting
        do, unless only that is uncertain and each side surely does so of another meeting; `EACH`; or one group),
        ``uncertain`` (whether that is sure at no such meeting; of `EACH`, for either side).
    """
    rows = {}
    for issue, part in tally(told).groupby("issue", sort=False):
        sure = {str(who): not doubt.all() for who, doubt in part.groupby("told_by")["uncertain"]}
        apart = [certain for who, certain in sure.items() if who != BOTH]
        each = len(apart) > 1 and (BOTH not in sure or (all(apart) and not sure[BOTH]))
        who = EACH if each else BOTH if BOTH in sure else next(iter(sure))
        certain = all(apart) if who == EACH else sure[who]
        rows[str(issue)] = (who, not certain, int(part[["first", "second"]].to_numpy().sum()))
    found = pd.DataFrame.from_dict(rows, orient="index", columns=["told_by", "uncertain", "sentences"])
    return found.sort_values("sentences", ascending=False, kind="stable").drop(columns="sentences")


def issues_told(told: pd.DataFrame, who: str, uncertain: bool) -> list[str]:
    """The issues that are told of so over all meetings, those with the most sentences first.

    Args:
        told: from `with_certainty`.
        who: `BOTH`, `EACH` or one group, see `tellers`.
        uncertain: whether those of which that is uncertain, or the sure ones.
    """
    found = tellers(told)
    return list(found.index[(found["told_by"] == who) & (found["uncertain"] == uncertain)])
