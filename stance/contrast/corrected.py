"""Corrected figures: shares, means and differences from predicted labels, corrected by hand-coded ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from stance.codebook import DIMENSIONS
from stance.contrast.gold import PROBABILITY
from stance.contrast.measures import Measure, measures
from stance.contrast.prediction_powered import MIN_CODED, Correction, Sample, corrected_mean, interval
from stance.contrast.result import EVIDENCE, Contrast, Sides
from stance.contrast.statistics import adjusted
from stance.intervals import MIN_UNITS
from stance.table.schema import NO_ISSUE

DIFFERENCE = "difference"
COLUMNS = [
    "measure", "label", "group", "n", "n_gold", "predicted", "estimate", "low", "high", "p", "p_adjusted", "tuning",
    "method",
]  # fmt: skip


@dataclass(frozen=True, repr=False)
class Corrected(Contrast):
    """Corrected shares and means.

    Attributes:
        table: ``measure``, ``label`` (see `stance.contrast.measures.MEASURES`), ``group`` (a group, or ``difference``
            for the first minus the second), ``n`` (sentences), ``n_gold`` (hand-coded ones), ``predicted`` (the figure
            from predicted labels alone), ``estimate``, ``low``, ``high``, ``p`` and ``p_adjusted`` (of a difference of
            zero), ``tuning`` (how far the predictions are used, 0 to 1), ``method`` (``ppi``: equal
            chances, tuned; ``dsl``: sampling probabilities given).
        evidence: the hand-coded sentences with both labels of each dimension (``gold_*``).
    """

    def plot(self, measure: str = "issue") -> Any:
        """Figures from predictions alone and corrected, both sides."""
        from stance.report.corrected_charts import corrected_chart

        return corrected_chart(self, measure)


def corrected(sides: Sides) -> Corrected:
    """Correct the figures of two sides by the hand-coded sentences in their table.

    Args:
        sides: from `stance.contrast.result.make_sides`, with the columns of `stance.contrast.gold.attach_gold`; without
            them the result is empty and says so.
    """
    table = sides.table
    if "gold" not in table or not table["gold"].any():
        note = "There are no hand-coded labels: figures rest on predicted labels and are not corrected for their error."
        return Corrected(sides, pd.DataFrame(columns=COLUMNS), table.iloc[:0][list(EVIDENCE)], (note,))
    labelled = table["gold"].to_numpy(dtype=bool)
    given = table[PROBABILITY].to_numpy(dtype=float)
    method = "dsl" if not np.isnan(given[labelled]).any() else "ppi"
    rows = []
    for predicted, coded in zip(measures(sides, table), measures(sides, _coded(sides)), strict=True):
        if (predicted.values * predicted.counted).any() or (coded.values * coded.counted)[labelled].any():
            rows += _rows(sides, predicted, coded, labelled, given, method)
    frame = pd.DataFrame(rows, columns=[c for c in COLUMNS if c != "p_adjusted"])
    frame.insert(COLUMNS.index("p_adjusted"), "p_adjusted", adjusted(frame["p"]))
    columns = [*EVIDENCE, *(f"gold_{k}" for k in DIMENSIONS)]
    return Corrected(
        sides,
        frame,
        table.loc[labelled, columns].reset_index(drop=True),
        _notes(sides, labelled, method),
    )


def _coded(sides: Sides) -> pd.DataFrame:
    """The sides' table with hand-coded labels where there are any."""
    table, no_issue = sides.table, sides.codebook["issue"].null_label or NO_ISSUE
    coded = table.copy()
    labelled = table["gold"].to_numpy(dtype=bool)
    for key in DIMENSIONS:
        coded[key] = pd.Series(np.where(labelled, table[f"gold_{key}"], table[key]), table.index, dtype=object)
    coded["issue_main"] = coded["issue"].map(lambda given: given[0] if given else no_issue)
    return coded


def _rows(
    sides: Sides, predicted: Measure, coded: Measure, labelled: np.ndarray, given: np.ndarray, method: str
) -> list[tuple[Any, ...]]:
    """Rows of one measure: each group, and their difference."""
    table, design = sides.table, sides.design(sides.table)
    rows: list[tuple[Any, ...]] = []
    found: list[Correction | None] = []
    naive, counts, influences, allowed = [], [], [], []
    for group in sides.groups:
        inside = (table[sides.by] == group).to_numpy(dtype=bool)
        share = labelled[inside].mean()
        sample = Sample(
            predicted.values[inside], predicted.counted[inside], coded.values[inside], coded.counted[inside],
            labelled[inside], given[inside] if method == "dsl" else np.full(int(inside.sum()), share or 1.0),
            design.unit[inside],
        )  # fmt: skip
        result = corrected_mean(sample, tuned=method == "ppi")
        counted = predicted.counted & inside
        naive.append(float(predicted.values[counted].mean()) if counted.any() else np.nan)
        counts.append((int(inside.sum()), int((labelled & inside).sum())))
        spread = np.zeros(len(table))
        bounds: list[float] = [np.nan, np.nan]
        unseen = 0.0
        if result is not None:
            spread[inside] = result.influence
            unseen = result.unseen * (1.0 if predicted.is_share else float(predicted.values[counted].var()))
            bounds = list(interval(result.estimate, result.influence, unseen, sample.unit, result.units)[:2])
        estimate, tuning = (result.estimate, result.tuning) if result else (np.nan, np.nan)
        if predicted.is_share:  # the correction is not bound to the range of a share
            estimate, *bounds = (float(v) for v in np.clip([estimate, *bounds], 0, 1))
        found.append(result)
        influences.append(spread)
        allowed.append(unseen)
        rows.append(
            (predicted.name, predicted.label, group, *counts[-1], naive[-1], estimate, *bounds, np.nan, tuning, method)
        )
    first, second = found
    if first is not None and second is not None:
        difference = first.estimate - second.estimate
        spread = influences[0] - influences[1]
        low, high, p = interval(difference, spread, sum(allowed), design.unit, min(first.units, second.units))
        n, n_gold = (sum(c[i] for c in counts) for i in (0, 1))
        rows.append(
            (predicted.name, predicted.label, DIFFERENCE, n, n_gold, naive[0] - naive[1], difference, low, high, p,
             min(first.tuning, second.tuning), method)
        )  # fmt: skip
    return rows


def _notes(sides: Sides, labelled: np.ndarray, method: str) -> tuple[str, ...]:
    units = sides.design(sides.table)
    assumed = (
        "Each hand-coded sentence weighs by its sampling probability (design-based supervised learning, Egami et al. "
        "2023)."
        if method == "dsl"
        else "The hand-coded sentences are taken for a random sample of each side's sentences (prediction-powered "
        "inference, Angelopoulos et al. 2023); if they are not, give their sampling_probability."
    )
    coded = [int((labelled & (sides.table[sides.by] == g).to_numpy(dtype=bool)).sum()) for g in sides.groups]
    few = min(coded) < MIN_CODED
    return (
        f"Corrected by {coded[0]:,} ({sides.names[0]}) and {coded[1]:,} ({sides.names[1]}) hand-coded sentences.",
        assumed,
        f"Intervals take {units.taken}; fewer than {MIN_UNITS} such units with hand-coded sentences "
        "give none. They allow for a missed and a false hit more than the sample shows: they are wide where few are "
        "coded, and p then large, whatever the truth is.",
        *([f"A side has fewer than {MIN_CODED} hand-coded sentences: nothing is corrected for it."] if few else []),
    )
