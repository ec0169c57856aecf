"""Cooperation: what both sides report as agreed, what only one reports, what one side claims, and what each offers."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from stance.codebook import Codebook
from stance.contrast.by_issue import issue_differences, issue_shares
from stance.contrast.by_meeting import BOTH, issues_told, told_by_meeting, with_certainty
from stance.contrast.certainty import POSSIBLE, SURE
from stance.contrast.counterpart import COLUMNS, THRESHOLD, nearest_counterparts, on_same_issue
from stance.contrast.resampling import share_difference
from stance.contrast.result import EVIDENCE, Contrast, Sides


@dataclass(frozen=True, repr=False)
class Cooperation(Contrast):
    """Sentences that report agreement or offer cooperation.

    Attributes:
        table: ``issue``, ``group``, ``stance``, ``count``, ``n`` (the side's own sentences on the issue), ``estimate``
            (share), ``low``, ``high``; stances are those with the role ``cooperation`` in the codebook.
        differences: ``issue``, ``difference`` (first minus second group, of the shares that report something agreed;
            see `is_agreed`), ``low``, ``high``, ``p``, ``p_adjusted``.
        reported: ``event``, ``issue``, ``reported_by`` (``both`` or one group), ``first`` and ``second`` (sentences of
            each side), ``same_point`` (those of them with that ``match``), ``mention`` (the highest probability of such
            a sentence, that is the lowest of those of its issue, stance and holder; of both sides' the lower),
            ``highest`` (where only one side reports it, the highest of the other's sentences), ``claimed`` and
            ``unplaced`` (likewise, how many of the other's sentences on the issue are in ``claims``, and how many it
            reports as agreed on an issue of less than `SURE`) and ``uncertain`` (see
            `stance.contrast.by_meeting.is_uncertain`; also if any are claimed or unplaced): on which issues of each
            meeting both accounts report something agreed, and on which only one; meetings of which one side has no
            account are left out, unless all are such.
        evidence: sentences that report something agreed, with the nearest sentence of the other account that does, or
            that is among its ``claims`` (`stance.contrast.counterpart.COLUMNS`), and ``match``: ``same point``
            (similarity of at least ``threshold``), ``same issue`` (the other account has such a sentence on the issue,
            but none so similar), ``not found`` (none on the issue).
        claims: sentences with the same stances whose holder is one side alone: its own credit, its step or a term of a
            deal (``voice`` is ``own``), or what the account reports of the other side (``reported``); with the nearest
            sentence of the other side. They do not count as agreed.
        possible: sentences with another stance that have a probability of `POSSIBLE` or more of reporting
            something agreed that both sides hold (``p_agreed``), the most probable first.
        overtures: sentences that offer cooperation not yet agreed, with the nearest sentence of the other side.
        threshold: similarity from which two reports are taken for the same point.
    """

    differences: pd.DataFrame = field(default_factory=pd.DataFrame)
    reported: pd.DataFrame = field(default_factory=pd.DataFrame)
    claims: pd.DataFrame = field(default_factory=pd.DataFrame)
    possible: pd.DataFrame = field(default_factory=pd.DataFrame)
    overtures: pd.DataFrame = field(default_factory=pd.DataFrame)
    threshold: float = THRESHOLD

    def reported_by(self, who: str) -> list[str]:
        """Issues by who surely reports something agreed on them, those with the most sentences first; every issue once.

        Args:
            who: ``both`` (both accounts of at least one meeting), ``each`` (each side, but never both of one meeting),
                or one group (only it, at any meeting).
        """
        return issues_told(self.reported, who, uncertain=False)

    def uncertain(self, who: str) -> list[str]:
        """Issues of which it is uncertain that they are reported so, in that order; ``who`` as in `reported_by`."""
        return issues_told(self.reported, who, uncertain=True)

    def plot(self) -> Any:
        """Sentences reported as agreed by issue and side, told apart by whether the other side reports the point."""
        from stance.report.cooperation_charts import cooperation_chart

        return cooperation_chart(self)


def cooperation(sides: Sides) -> Cooperation:
    """Contrast what two sides report as agreed.

    Args:
        sides: from `stance.contrast.result.make_sides`.
    """
    table = sides.substantive().reset_index(drop=True)
    table = table.assign(p_agreed=_probability_agreed(sides.codebook, table))
    own = sides.substantive(sides.own_voice()).reset_index(drop=True)
    design = sides.design(own)
    agreed_stances = sides.codebook["stance"].with_role("agreed")
    said = table[table["stance"].isin(agreed_stances)]
    joint = is_agreed(sides.codebook, said)
    agreed, claims = said[joint], said[~joint]
    offers = own[own["stance"].isin(set(sides.codebook["stance"].with_role("cooperation")) - set(agreed_stances))]
    near = table[(table["p_agreed"] >= POSSIBLE) & ~table["row"].isin(said["row"])]
    near = near.sort_values("p_agreed", ascending=False, kind="stable")[[*EVIDENCE, "p_agreed"]]
    pairs = nearest_counterparts(sides, agreed, said)
    match = np.select(
        [pairs["similarity"] >= THRESHOLD, on_same_issue(sides, agreed, said)],
        ["same point", "same issue"],
        "not found",
    )
    notes = (
        "Agreed: sentences that report something agreed, welcomed or launched as the position of both sides. That only "
        "one account reports it does not say that the other side disputes it.",
        "Held by one side: sentences of that kind whose holder is one side alone (its credit, its step or a term of a "
        "deal), in its own account or the other's; they are listed apart and not counted as agreed. Where the other "
        "account has any on an issue, it is uncertain that only one account reports agreement there.",
        f"Possible: sentences with another label, of which it has a probability of {POSSIBLE:.2f} or more that they "
        "report something agreed by both.",
        f"«Same point» is a similarity of at least {THRESHOLD:g} to a sentence of the other account of the meeting, "
        "agreed by both or held by one side; read the pair before citing it.",
        design.note,
        *sides.prediction_note,
    )
    return Cooperation(
        sides,
        issue_shares(sides, own, sides.codebook["stance"].with_role("cooperation"), design.unit),
        agreed[list(EVIDENCE)].join(pairs[list(COLUMNS)]).assign(match=match).reset_index(drop=True),
        notes,
        differences=issue_differences(
            sides, own, design, share_difference, is_agreed(sides.codebook, own).to_numpy(dtype=bool)
        ),
        reported=_reported_by_meeting(sides, agreed, claims, match, table),
        claims=claims[list(EVIDENCE)]
        .join(nearest_counterparts(sides, claims)[list(COLUMNS)])
        .assign(voice=np.where(claims["holder"] == claims["source"], "own", "reported"))
        .reset_index(drop=True),
        possible=near.reset_index(drop=True),
        overtures=offers[list(EVIDENCE)]
        .join(nearest_counterparts(sides, offers)[list(COLUMNS)])
        .reset_index(drop=True),
    )


def is_agreed(codebook: Codebook, table: pd.DataFrame) -> pd.Series:
    """Whether each sentence reports something agreed: a stance of the role ``agreed`` that both sides hold.

    Args:
        codebook: of the labels.
        table: rows with ``stance`` and ``holder``.

    Returns:
        bool, with the index of the table.
    """
    return table["stance"].isin(codebook["stance"].with_role("agreed")) & (table["holder"] == BOTH)


def _reported_by_meeting(
    sides: Sides, agreed: pd.DataFrame, claims: pd.DataFrame, match: np.ndarray, table: pd.DataFrame
) -> pd.DataFrame:
    """Who reports something agreed, by meeting and issue, and how sure that is."""
    table = table.assign(event=table["meeting_id"])
    table = sides.tied(table) if sides.compared else table
    tells = table["row"].isin(agreed["row"]).to_numpy()
    told = told_by_meeting(sides, table[tells], "reported_by")
    same = agreed.assign(event=agreed["meeting_id"], same=match == "same point").explode("issue")
    points = same.groupby(["event", "issue"])["same"].sum()
    keys = pd.MultiIndex.from_frame(told[["event", "issue"]])
    told.insert(5, "same_point", points.reindex(keys, fill_value=0).to_numpy(dtype=int))
    told = with_certainty(sides, told, table, tells, table["p_agreed"].to_numpy(dtype=float))
    return _with_doubts(sides, told, agreed, claims)


def _with_doubts(sides: Sides, told: pd.DataFrame, agreed: pd.DataFrame, claims: pd.DataFrame) -> pd.DataFrame:
    """Mark as uncertain that only one account reports agreement where the other has it otherwise, and count that."""
    claimed = Counter(
        (event, group, issue)
        for event, group, issues in zip(claims["meeting_id"], claims[sides.by], claims["issue"], strict=True)
        for issue in issues
    )
    highest = [
        max(float(probs.get(f"issue:{issue}", 1.0)) for issue in issues)
        for probs, issues in zip(agreed["probs"], agreed["issue"], strict=True)
    ]
    vague = agreed[np.array(highest, dtype=float) < SURE]
    unplaced = Counter(zip(vague["meeting_id"], vague[sides.by], strict=True))
    others = [
        (event, sides.other(who), issue) if who != BOTH else None
        for event, issue, who in told[["event", "issue", "reported_by"]].itertuples(index=False)
    ]
    uncertain = told.pop("uncertain").to_numpy(dtype=bool)
    told["claimed"] = np.array([claimed[o] if o else 0 for o in others], dtype=int)
    told["unplaced"] = np.array([unplaced[o[:2]] if o else 0 for o in others], dtype=int)
    return told.assign(uncertain=uncertain | (told["claimed"] + told["unplaced"] > 0).to_numpy())


def _probability_agreed(codebook: Codebook, table: pd.DataFrame) -> np.ndarray:
    """Probability that each sentence reports something agreed, or that both sides hold it, if that is lower."""
    stances = codebook["stance"].with_role("agreed")
    found = [
        min(sum(float(probs.get(f"stance:{k}", 0.0)) for k in stances), float(probs.get(f"holder:{BOTH}", 0.0)))
        for probs in table["probs"]
    ]
    return np.array(found, dtype=float)
