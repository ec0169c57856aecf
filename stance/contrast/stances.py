"""Stances: how each side stands on each issue, from cooperation to conflict, and where the two are furthest apart."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from stance.contrast.result import EVIDENCE, Contrast, Sides, names_issue
from stance.contrast.statistics import MIN_UNITS, Design, adjusted, bootstrap_difference


@dataclass(frozen=True)
class Stances(Contrast):
    """Positions and distributions of stances.

    Attributes:
        table: ``issue``, ``group``, ``n``, ``estimate`` (mean position, +1 cooperation to -1 conflict), ``low``,
            ``high``.
        differences: ``issue``, ``difference`` (first minus second group), ``low``, ``high``, ``p``, ``p_adjusted``.
        distribution: ``issue``, ``group``, ``stance``, ``count``, ``share``.
    """

    differences: pd.DataFrame = field(default_factory=pd.DataFrame)
    distribution: pd.DataFrame = field(default_factory=pd.DataFrame)

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
    positions = {label.key: label.position or 0.0 for label in sides.codebook["stance"].labels}
    values = table["stance"].map(positions).to_numpy(dtype=float)
    design = sides.design(table) if len(table) else Design(np.array([], int), np.array([], int), "sentence", False)
    rows, differences, shares = [], [], []
    for issue in sides.issues:
        named = names_issue(table, issue).to_numpy(dtype=bool)
        for number, group in enumerate(sides.groups):
            chosen = named & (design.group == number)
            n = int(chosen.sum())
            estimate = float(values[chosen].mean()) if n else np.nan
            low, high = _interval(values, chosen, design)
            rows.append((issue, group, n, estimate, low, high))
            counts = table.loc[chosen, "stance"].value_counts()
            shares += [(issue, group, s, int(c), c / n) for s, c in counts.items()]
        result = bootstrap_difference(values, named, design)
        if not np.isnan(result["difference"]):
            differences.append({"issue": issue, **result})
    tests = pd.DataFrame(differences, columns=["issue", "difference", "low", "high", "p"])
    tests["p_adjusted"] = adjusted(tests["p"])
    tests = tests.sort_values("difference", key=lambda d: -d.abs(), ignore_index=True)
    notes = (
        "A side's sentences count where it speaks for itself or for both; what it reports of the other is left out.",
        "The position is the mean of the stances' places on the codebook's cooperation (+1) to conflict (-1) scale.",
        design.note,
    )
    return Stances(
        sides,
        pd.DataFrame(rows, columns=["issue", "group", "n", "estimate", "low", "high"]),
        table[list(EVIDENCE)].copy(),
        notes,
        differences=tests,
        distribution=pd.DataFrame(shares, columns=["issue", "group", "stance", "count", "share"]),
    )


def _interval(values: np.ndarray, chosen: np.ndarray, design: Design) -> tuple[float, float]:
    """Percentile interval (95%) of a mean from resampling units; NaN for too few of them."""
    units, codes = np.unique(design.unit[chosen], return_inverse=True)
    if len(units) < MIN_UNITS or np.ptp(values[chosen]) == 0:
        return float("nan"), float("nan")
    total = np.bincount(codes, weights=values[chosen])
    size = np.bincount(codes).astype(float)
    draws = np.random.default_rng(0).integers(0, len(units), (2000, len(units)))
    means = total[draws].sum(axis=1) / size[draws].sum(axis=1)
    low, high = np.percentile(means, [2.5, 97.5])
    return float(low), float(high)
