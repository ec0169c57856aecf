"""Agenda: which issues each side raises, how much, in which order, and what only one side raises."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from stance.contrast.result import EVIDENCE, Contrast, Sides, names_issue
from stance.contrast.statistics import adjusted, bootstrap_difference, clustered_share

SENSITIVITY = (0.1, 0.2, 0.3, 0.5, 0.7, 0.9)
"""Thresholds on the probability of an issue at which presence is told."""


@dataclass(frozen=True)
class Agenda(Contrast):
    """Shares of issues.

    Attributes:
        table: ``issue``, ``group``, ``count``, ``n`` (substantive sentences), ``estimate`` (share that names the
            issue),
            ``low``, ``high``, ``rank``.
        differences: ``issue``, ``difference`` (first minus second group), ``low``, ``high``, ``p``, ``p_adjusted``,
            ``raised_by`` (``both`` or one group), ``highest`` (on the side without it, the highest probability that
            any of its sentences names the issue).
        sensitivity: ``issue``, ``group``, ``threshold``, ``raised``: whether any sentence names the issue at that
            probability. Omission depends on the threshold: read it before citing one.
    """

    differences: pd.DataFrame = field(default_factory=pd.DataFrame)
    sensitivity: pd.DataFrame = field(default_factory=pd.DataFrame)

    def raised_by(self, who: str) -> list[str]:
        """Issues raised by ``both`` or by one group only, most frequent first."""
        chosen = self.differences.loc[self.differences["raised_by"] == who, "issue"]
        counts = self.table.groupby("issue")["count"].sum()
        return sorted(chosen, key=lambda i: -counts[i])

    def plot(self) -> Any:
        """Dumbbells: the two sides' shares of each issue, with intervals."""
        from stance.report.charts import agenda_chart

        return agenda_chart(self)


def agenda(sides: Sides) -> Agenda:
    """Contrast the agendas of two sides.

    Args:
        sides: from `stance.contrast.result.make_sides`.
    """
    table = sides.substantive().reset_index(drop=True)
    design = sides.design(table)
    rows, differences = [], []
    for issue in sides.issues:
        named = names_issue(table, issue).to_numpy()
        counts = {}
        for number, group in enumerate(sides.groups):
            inside = design.group == number
            estimate, low, high = clustered_share(named, inside, design.unit)
            counts[group] = int((named & inside).sum())
            rows.append((issue, group, counts[group], int(inside.sum()), estimate, low, high))
        raised = [g for g in sides.groups if counts[g]]
        if not raised:
            continue
        who = "both" if len(raised) == 2 else raised[0]
        highest = np.nan if who == "both" else _highest(sides, sides.other(who), issue)
        result = bootstrap_difference(named.astype(float), np.ones(len(table), dtype=bool), design)
        differences.append({"issue": issue, **result, "raised_by": who, "highest": highest})
    shares = pd.DataFrame(rows, columns=["issue", "group", "count", "n", "estimate", "low", "high"])
    shares["rank"] = shares.groupby("group")["count"].rank(ascending=False, method="min").astype("Int64")
    shares.loc[shares["count"] == 0, "rank"] = pd.NA
    columns = ["issue", "difference", "low", "high", "p", "raised_by", "highest"]
    tests = pd.DataFrame(differences, columns=columns)
    tests.insert(5, "p_adjusted", adjusted(tests["p"]))
    notes = (
        "Shares are of sentences that have an issue and are not a third party's; one sentence can name several issues.",
        design.note,
        "«Only one side» means that no counterpart was found at this threshold, not that it was left out on purpose.",
    )
    return Agenda(
        sides, shares, table[list(EVIDENCE)].copy(), notes, differences=tests, sensitivity=_sensitivity(sides)
    )


def _highest(sides: Sides, group: str, issue: str) -> float:
    """Highest probability that a substantive sentence of a group names an issue; NaN without probabilities."""
    found = [p.get(f"issue:{issue}", np.nan) for p in sides.substantive(sides.of(group))["probs"]]
    return float(np.nanmax(found)) if found and not np.all(np.isnan(found)) else float("nan")


def _sensitivity(sides: Sides) -> pd.DataFrame:
    rows = []
    for issue in sides.issues:
        for group in sides.groups:
            highest = _highest(sides, group, issue)
            rows += [(issue, group, t, bool(highest >= t)) for t in SENSITIVITY if not np.isnan(highest)]
    return pd.DataFrame(rows, columns=["issue", "group", "threshold", "raised"])
