"""Disagreements: who voices difference on what, how, in which frames, beside the nearest that the other side said."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from stance.contrast.counterpart import COLUMNS, nearest_counterparts
from stance.contrast.resampling import share_difference
from stance.contrast.result import EVIDENCE, Contrast, Sides, names_issue
from stance.contrast.statistics import adjusted, clustered_share


@dataclass(frozen=True, repr=False)
class Disagreements(Contrast):
    """Sentences in which a side voices difference.

    Attributes:
        table: ``issue``, ``group``, ``stance``, ``count``, ``n`` (the side's own sentences on the issue), ``estimate``
            (share), ``low``, ``high``; stances are those with the role ``difference`` in the codebook.
        differences: ``issue``, ``difference`` (first minus second group, of the shares with any such stance), ``low``,
            ``high``, ``p``, ``p_adjusted``.
        frames: ``issue``, ``group``, ``frame``, ``count``, ``n`` (the side's difference-voicing sentences on the
            issue), ``estimate`` (share that carries the frame), ``low``, ``high``.
        evidence: the sentences, strongest first, each with its counterpart (`stance.contrast.counterpart.COLUMNS`).
    """

    differences: pd.DataFrame = field(default_factory=pd.DataFrame)
    frames: pd.DataFrame = field(default_factory=pd.DataFrame)

    def plot(self) -> Any:
        """Counts of difference-voicing stances by issue and side."""
        from stance.report.charts import disagreement_chart

        return disagreement_chart(self)


def disagreements(sides: Sides) -> Disagreements:
    """Contrast how two sides voice difference.

    Args:
        sides: from `stance.contrast.result.make_sides`.
    """
    table = sides.substantive(sides.own_voice()).reset_index(drop=True)
    design = sides.design(table)
    voiced = sides.codebook["stance"].with_role("difference")
    any_voiced = table["stance"].isin(voiced).to_numpy(dtype=bool)
    found = table[any_voiced]
    rank = {stance: i for i, stance in enumerate(voiced)}
    found = found.sort_values(
        ["stance", "p_stance"], key=lambda c: c.map(rank) if c.name == "stance" else -c, kind="stable"
    )
    notes = (
        "Counted: sentences in which a side speaks for itself or for both with a stance that voices difference "
        f"({', '.join(sides.codebook['stance'].label(s).name for s in voiced)}).",
        "The counterpart is the most similar sentence of the other side on a shared issue; read both before saying "
        "that one answers the other.",
        design.note,
        *sides.prediction_note,
    )
    return Disagreements(
        sides,
        issue_shares(sides, table, voiced, design.unit),
        found[list(EVIDENCE)].join(nearest_counterparts(sides, found)[list(COLUMNS)]).reset_index(drop=True),
        notes,
        differences=issue_differences(sides, table, any_voiced),
        frames=_frames(sides, table, any_voiced, design.unit),
    )


def issue_differences(sides: Sides, table: pd.DataFrame, hit: np.ndarray) -> pd.DataFrame:
    """Differences between the sides in the share of their sentences on each issue that are counted.

    Args:
        sides: the two groups.
        table: sentences of both.
        hit: bool, shape (len(table),), what is counted.

    Returns:
        ``issue``, ``difference`` (first minus second group), ``low``, ``high``, ``p``, ``p_adjusted``, the largest
        first; issues on which a side has no sentence are left out.
    """
    design = sides.design(table)
    rows = []
    for issue in sides.issues:
        result = share_difference(hit, names_issue(table, issue).to_numpy(dtype=bool), design)
        if not np.isnan(result["difference"]):
            rows.append({"issue": issue, **result})
    tests = pd.DataFrame(rows, columns=["issue", "difference", "low", "high", "p"])
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


def _frames(sides: Sides, table: pd.DataFrame, voiced: np.ndarray, unit: np.ndarray) -> pd.DataFrame:
    rows = []
    carried = {
        frame: table["frame"].map(lambda given, f=frame: f in given).to_numpy(dtype=bool)
        for frame in sides.codebook["frame"].keys
    }
    for issue, group, inside in sides.cells(table):
        inside = inside & voiced
        for frame, hit in carried.items():
            if count := int((hit & inside).sum()):
                rows.append((issue, group, frame, count, int(inside.sum()), *clustered_share(hit, inside, unit)))
    return pd.DataFrame(rows, columns=["issue", "group", "frame", "count", "n", "estimate", "low", "high"])
