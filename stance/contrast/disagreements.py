"""Disagreements: who voices difference on what, how, in which frames, beside the nearest that the other side said."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from stance.contrast.by_issue import issue_differences, issue_shares
from stance.contrast.counterpart import COLUMNS, nearest_counterparts
from stance.contrast.resampling import share_difference
from stance.contrast.result import EVIDENCE, Contrast, Sides, carries
from stance.contrast.statistics import clustered_share


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
        from stance.report.difference_charts import disagreement_chart

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
        differences=issue_differences(sides, table, design, share_difference, any_voiced),
        frames=_frames(sides, table, any_voiced, design.unit),
    )


def _frames(sides: Sides, table: pd.DataFrame, voiced: np.ndarray, unit: np.ndarray) -> pd.DataFrame:
    rows = []
    carried = {frame: carries(table, "frame", frame) for frame in sides.codebook["frame"].keys}
    for issue, group, inside in sides.cells(table):
        inside = inside & voiced
        for frame, hit in carried.items():
            if count := int((hit & inside).sum()):
                rows.append((issue, group, frame, count, int(inside.sum()), *clustered_share(hit, inside, unit)))
    return pd.DataFrame(rows, columns=["issue", "group", "frame", "count", "n", "estimate", "low", "high"])
