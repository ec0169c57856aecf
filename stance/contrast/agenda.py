"""Agenda: which issues each side raises, how much, in which order, and what only one side raises."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import kendalltau

from stance.contrast.by_meeting import issues_told, tellers, told_by_meeting, with_certainty
from stance.contrast.certainty import POSSIBLE, SENSITIVITY, SURE
from stance.contrast.resampling import bootstrap_mean, share_difference
from stance.contrast.result import EVIDENCE, Contrast, Sides, carries
from stance.contrast.statistics import Design, adjusted, clustered_share

MIN_SHARED = 3
"""Fewest shared issues of a meeting for the order of the two sides to be compared."""


@dataclass(frozen=True, repr=False)
class Agenda(Contrast):
    """Shares and order of issues.

    Attributes:
        table: ``issue``, ``group``, ``count``, ``n`` (substantive sentences), ``estimate`` (share that names the
            issue), ``low``, ``high``, ``rank``.
        differences: ``issue``, ``difference`` (first minus second group), ``low``, ``high``, ``p``, ``p_adjusted``,
            ``raised_by`` and ``uncertain`` (see `stance.contrast.by_meeting.tellers`; missing for issues that are
            raised only at meetings of which one side has no account).
        raised: ``event``, ``issue``, ``raised_by`` (``both`` or one group), ``first`` and ``second`` (sentences of each
            side that name it), ``mention`` (the highest probability of such a sentence, of both sides' the lower),
            ``highest`` (where only one side raises it, the highest of the other's sentences that no third party holds)
            and ``uncertain`` (see `stance.contrast.by_meeting.is_uncertain`): who raises what at each meeting of which
            both sides have an account; over all documents, with ``event`` "", if there is no such meeting.
        order: ``issue``, ``group``, ``n`` (documents that name it), ``estimate`` (mean place of its first mention, 0
            for a document's first substantive sentence, 1 for its last), ``low``, ``high``, ``rank`` (1 comes first).
        order_agreement: ``event``, ``n`` (issues that both accounts of the meeting raise), ``estimate`` (Kendall's
            tau-b of their places, 1 for the same order; above 0 by chance, too, as an issue with more sentences comes
            first earlier in both).
        sensitivity: ``issue``, ``group``, ``threshold``, ``count``, ``raised``: sentences that name the issue at that
            probability, and whether there is any. Omission depends on the threshold: read it before citing one.
    """

    differences: pd.DataFrame = field(default_factory=pd.DataFrame)
    raised: pd.DataFrame = field(default_factory=pd.DataFrame)
    order: pd.DataFrame = field(default_factory=pd.DataFrame)
    order_agreement: pd.DataFrame = field(default_factory=pd.DataFrame)
    sensitivity: pd.DataFrame = field(default_factory=pd.DataFrame)

    def raised_by(self, who: str) -> list[str]:
        """Issues by who surely raises them, most frequent first; every issue once.

        Args:
            who: ``both`` (both accounts of at least one meeting), ``each`` (each side, but never both of one meeting),
                or one group (only it, at any meeting).
        """
        return issues_told(self.raised, who, uncertain=False)

    def uncertain(self, who: str) -> list[str]:
        """Issues of which it is uncertain that they are raised so, most frequent first; ``who`` as in `raised_by`."""
        return issues_told(self.raised, who, uncertain=True)

    def plot(self) -> Any:
        """Dumbbells: the two sides' shares of each issue, with intervals."""
        from stance.report.charts import agenda_chart

        return agenda_chart(self)

    def plot_sensitivity(self) -> Any:
        """For every issue that only one side raises: how many sentences name it, over the threshold."""
        from stance.report.curve_charts import sensitivity_chart

        return sensitivity_chart(self)


def agenda(sides: Sides) -> Agenda:
    """Contrast the agendas of two sides.

    Args:
        sides: from `stance.contrast.result.make_sides`.
    """
    table = sides.substantive().reset_index(drop=True)
    design = sides.design(table)
    shares = _shares(sides, table, design)
    order = _first_mentions(sides, table)
    raised = _raised_by_meeting(sides, table)
    notes = (
        "Shares are of sentences that have an issue and are not a third party's; one sentence can name several issues.",
        design.note,
        *sides.prediction_note,
        "Who raises an issue is told meeting by meeting. «Only one side» means that no counterpart was found in the "
        "other account of the meeting at this threshold, not that it was left out on purpose. It is uncertain, and to "
        f"be read, if no mention has a probability of {SURE:.2f} or more (where both raise it: of either side), or if "
        f"one of the other side's sentences has {POSSIBLE:.2f} or more.",
    )
    return Agenda(
        sides,
        shares,
        table[list(EVIDENCE)].copy(),
        notes,
        differences=_differences(sides, table, design, raised),
        raised=raised,
        order=_order(sides, order, design.paired),
        order_agreement=_order_agreement(sides, order),
        sensitivity=_sensitivity(sides),
    )


def _shares(sides: Sides, table: pd.DataFrame, design: Design) -> pd.DataFrame:
    rows = []
    for issue, group, named in sides.cells(table):
        inside = (table[sides.by] == group).to_numpy(dtype=bool)
        rows.append((issue, group, int(named.sum()), int(inside.sum()), *clustered_share(named, inside, design.unit)))
    shares = pd.DataFrame(rows, columns=["issue", "group", "count", "n", "estimate", "low", "high"])
    shares["rank"] = shares.groupby("group")["count"].rank(ascending=False, method="min").astype("Int64")
    shares.loc[shares["count"] == 0, "rank"] = pd.NA
    return shares


def _differences(sides: Sides, table: pd.DataFrame, design: Design, raised: pd.DataFrame) -> pd.DataFrame:
    rows = []
    for issue in sides.issues:
        named = carries(table, "issue", issue)
        if named.any():
            rows.append({"issue": issue, **share_difference(named, np.ones(len(table), dtype=bool), design)})
    tests = pd.DataFrame(rows, columns=["issue", "difference", "low", "high", "p"])
    tests["p_adjusted"] = adjusted(tests["p"])
    found = tellers(raised).reindex(tests["issue"])
    return tests.assign(raised_by=found["told_by"].to_numpy(), uncertain=found["uncertain"].to_numpy())


def _first_mentions(sides: Sides, table: pd.DataFrame) -> pd.DataFrame:
    """Place of the first mention of each issue in each document: ``issue``, ``group``, ``doc_id``, ``event``."""
    ordered = table.sort_values(["doc_id", "sent_id"], kind="stable")
    number = ordered.groupby("doc_id").cumcount()
    length = ordered.groupby("doc_id")["doc_id"].transform("size")
    place = (number / (length - 1).clip(lower=1)).rename("place")
    mentions = ordered.assign(place=place, event=ordered["meeting_id"], group=ordered[sides.by]).explode("issue")
    first = mentions.groupby(["issue", "group", "doc_id", "event"], sort=False)["place"].min()
    return first[first.index.get_level_values("issue").isin(sides.issues)].reset_index()


def _order(sides: Sides, first: pd.DataFrame, by_meeting: bool) -> pd.DataFrame:
    rows = []
    for (issue, group), part in first.groupby(["issue", "group"]):
        unit = pd.factorize(part["event"] if by_meeting else part["doc_id"])[0]
        result = bootstrap_mean(part["place"].to_numpy(), np.ones(len(part), dtype=bool), unit)
        rows.append((issue, group, len(part), *result))
    order = pd.DataFrame(rows, columns=["issue", "group", "n", "estimate", "low", "high"])
    order["rank"] = order.groupby("group")["estimate"].rank(method="min").astype("Int64")
    place = {g: i for i, g in enumerate(sides.groups)}
    return order.sort_values(["group", "rank"], key=lambda c: c.map(place) if c.name == "group" else c).reset_index(
        drop=True
    )


def _order_agreement(sides: Sides, first: pd.DataFrame) -> pd.DataFrame:
    rows = []
    for event, part in first.groupby("event", sort=False):
        places = part.pivot_table(index="issue", columns="group", values="place", aggfunc="mean")
        places = places.reindex(columns=list(sides.groups)).dropna()
        if len(places) >= MIN_SHARED:
            found = kendalltau(places[sides.groups[0]], places[sides.groups[1]])
            rows.append((event, len(places), float(found.statistic)))
    return pd.DataFrame(rows, columns=["event", "n", "estimate"])


def _raised_by_meeting(sides: Sides, table: pd.DataFrame) -> pd.DataFrame:
    """Who raises each issue of each meeting, and how sure that is; over everything if no meeting has two accounts."""
    heard = sides.without_third_parties()
    heard = heard.assign(event=heard["meeting_id"]) if sides.compared else heard.assign(event="")
    heard = sides.tied(heard) if sides.compared else heard
    substantive = heard["row"].isin(table["row"]).to_numpy()
    return with_certainty(sides, told_by_meeting(sides, heard[substantive], "raised_by"), heard, substantive)


def _probabilities(table: pd.DataFrame, issue: str) -> list[float]:
    """Probability that each sentence names an issue; empty without probabilities."""
    key = f"issue:{issue}"
    return [float(p[key]) for p in table["probs"] if key in p]


def _sensitivity(sides: Sides) -> pd.DataFrame:
    rows = []
    for issue in sides.issues:
        for group in sides.groups:
            found = np.array(_probabilities(sides.substantive(sides.of(group)), issue))
            counts = [int((found >= t).sum()) for t in SENSITIVITY] if len(found) else []
            rows += [(issue, group, t, c, c > 0) for t, c in zip(SENSITIVITY, counts, strict=False)]
    return pd.DataFrame(rows, columns=["issue", "group", "threshold", "count", "raised"])
