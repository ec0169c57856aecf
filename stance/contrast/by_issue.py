"""Figures issue by issue: the difference between the sides, and shares of stances."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from stance.contrast.resampling import Difference
from stance.contrast.result import Sides, carries
from stance.contrast.statistics import Design, adjusted, clustered_share


def issue_differences(
    sides: Sides, table: pd.DataFrame, design: Design, test: Callable[..., Difference], values: np.ndarray
) -> pd.DataFrame:
    """Differences between the sides on each issue.

    Args:
        sides: the two groups.
        table: sentences of both.
        design: its sampling design.
        test: `stance.contrast.resampling.share_difference` or ``bootstrap_difference``.
        values: what it is of, shape (len(table),).

    Returns:
        ``issue``, ``difference`` (first minus second group), ``low``, ``high``, ``p``, ``p_adjusted``, the largest
        first; issues on which a side has no sentence are left out.
    """
    rows = [{"issue": issue, **test(values, carries(table, "issue", issue), design)} for issue in sides.issues]
    tests = pd.DataFrame(rows, columns=["issue", "difference", "low", "high", "p"])
    tests = tests.dropna(subset="difference", ignore_index=True)
    tests["p_adjusted"] = adjusted(tests["p"])
    return tests.sort_values("difference", key=lambda d: -d.abs(), ignore_index=True)


def issue_shares(sides: Sides, table: pd.DataFrame, stances: list[str], unit: np.ndarray) -> pd.DataFrame:
    """Shares of stances among each side's sentences on each issue.

    Args:
        sides: the two groups.
        table: sentences of both.
        stances: which are counted.
        unit: resampling unit of each row.

    Returns:
        ``issue``, ``group``, ``stance``, ``count``, ``n``, ``estimate``, ``low``, ``high``; only what occurs.
    """
    rows = []
    for issue, group, inside in sides.cells(table):
        for stance in stances:
            hit = (table["stance"] == stance).to_numpy(dtype=bool)
            if count := int((hit & inside).sum()):
                rows.append((issue, group, stance, count, int(inside.sum()), *clustered_share(hit, inside, unit)))
    return pd.DataFrame(rows, columns=["issue", "group", "stance", "count", "n", "estimate", "low", "high"])
