"""Stances: how each side stands on each issue, from cooperation to conflict, and where the two are furthest apart."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from stance.contrast.by_issue import issue_differences
from stance.contrast.certainty import SURE
from stance.contrast.resampling import bootstrap_difference, bootstrap_mean
from stance.contrast.result import EVIDENCE, Contrast, Sides
from stance.contrast.statistics import clustered_share


@dataclass(frozen=True, repr=False)
class Stances(Contrast):
    """Positions and distributions of stances.

    Attributes:
        table: ``issue``, ``group``, ``n``, ``estimate`` (mean position, +1 cooperation to -1 conflict), ``low``,
            ``high``.
        differences: ``issue``, ``difference`` (first minus second group), ``low``, ``high``, ``p``, ``p_adjusted``.
        distribution: ``issue``, ``group``, ``stance``, ``count``, ``n``, ``estimate``, ``low``, ``high``.
        hardest: the sentence of each side on each issue whose stance is nearest to conflict: ``issue``, ``group``,
            ``n`` (its sentences on the issue), ``position``, ``p_issue`` (probability of the issue; 1 without any), and
            the columns of `EVIDENCE` without the issues. A sentence whose issue is below `SURE` is taken only where
            there is no other. Of equals, one whose main issue it is goes first, then the stance that the codebook lists
            first (policy before what takes no position), then the one whose stance is more probable.
    """

    differences: pd.DataFrame = field(default_factory=pd.DataFrame)
    distribution: pd.DataFrame = field(default_factory=pd.DataFrame)
    hardest: pd.DataFrame = field(default_factory=pd.DataFrame)

    def plot(self) -> Any:
        """Stacked shares of stances, conflict left and cooperation right, one side above the other."""
        from stance.report.charts import stance_chart

        return stance_chart(self)


def stances(sides: Sides) -> Stances:
    """Contrast the stances of two sides, each speaking for itself or for both.

    Args:
        sides: from `stance.contrast.result.make_sides`.
    """
    table = sides.substantive(sides.own_voice()).reset_index(drop=True)
    design = sides.design(table)
    values = table["stance"].map(sides.codebook.positions).to_numpy(dtype=float)
    rows, shares = [], []
    for issue, group, inside in sides.cells(table):
        n = int(inside.sum())
        rows.append((issue, group, n, *bootstrap_mean(values, inside, design.unit)))
        for stance, count in table.loc[inside, "stance"].value_counts().items():
            hit = (table["stance"] == stance).to_numpy(dtype=bool)
            shares.append((issue, group, stance, int(count), n, *clustered_share(hit, inside, design.unit)))
    notes = (
        "A side's sentences count where it speaks for itself or for both; what it reports of the other is left out.",
        "The position is the mean of the stances' places on the codebook's cooperation (+1) to conflict (-1) scale.",
        design.note,
        *sides.prediction_note,
    )
    return Stances(
        sides,
        pd.DataFrame(rows, columns=["issue", "group", "n", "estimate", "low", "high"]),
        table[list(EVIDENCE)].copy(),
        notes,
        differences=issue_differences(sides, table, design, bootstrap_difference, values),
        distribution=pd.DataFrame(
            shares, columns=["issue", "group", "stance", "count", "n", "estimate", "low", "high"]
        ),
        hardest=_hardest(sides, table.assign(position=values)),
    )


def _hardest(sides: Sides, table: pd.DataFrame) -> pd.DataFrame:
    """The sentence of each side on each issue that is nearest to conflict, see `Stances`."""
    kept = [column for column in EVIDENCE if column not in ("issue", "issue_main")]
    keys = sides.codebook["stance"].keys
    rows = []
    for issue, group, inside in sides.cells(table):
        if not inside.any():
            continue
        own = table[inside].assign(main=table["issue_main"] == issue, order=table["stance"].map(keys.index))
        own["p_issue"] = [float(p.get(f"issue:{issue}", 1.0)) for p in own["probs"]]
        own["sure"] = own["p_issue"] >= SURE
        by = {"sure": False, "position": True, "main": False, "order": True, "p_stance": False}
        first = own.sort_values(list(by), ascending=list(by.values()), kind="stable").iloc[0]
        rows.append({"issue": issue, "group": group, "n": len(own), **first[["position", "p_issue", *kept]].to_dict()})
    return pd.DataFrame(rows, columns=["issue", "group", "n", "position", "p_issue", *kept])
