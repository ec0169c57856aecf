"""Drift: shares of issues, stances and frames, and mean positions, from meeting to meeting or period to period."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from stance.contrast.measures import Measure, measures
from stance.contrast.meetings import days
from stance.contrast.resampling import bootstrap_mean
from stance.contrast.result import EVIDENCE, Contrast, Sides
from stance.contrast.statistics import adjusted, clustered_share
from stance.contrast.trend import DAYS_A_YEAR, trend
from stance.errors import StanceError
from stance.intervals import MIN_UNITS

PERIODS = ("meeting", "month", "quarter", "year")
LONG = 40
"""More dated meetings than this are shown by year."""


@dataclass(frozen=True, repr=False)
class Drift(Contrast):
    """Measures over time.

    Attributes:
        table: ``measure``, ``label``, ``group``, ``period``, ``date`` (first day of it in the data), ``count``
            (missing for positions), ``n``, ``units``, ``estimate``, ``low``, ``high``. Measures: ``issue`` and
            ``frame`` (shares, label by label), ``difference``, ``limit``, ``agreed`` (shares of the side's own
            sentences with a stance of that role), ``position`` (mean place from cooperation to conflict).
        trends: ``measure``, ``label``, ``group``, ``n`` (dated units), ``sentences``, ``years`` (from the first unit to
            the last), ``estimate`` (change a year), ``low``, ``high``, ``p``, ``p_adjusted``.
        period: how time is cut: one of `PERIODS`.
        unit: what trends are drawn through: ``meeting`` or ``document``.
    """

    trends: pd.DataFrame = field(default_factory=pd.DataFrame)
    period: str = "meeting"
    unit: str = "meeting"

    def plot(self, measure: str = "position", label: str = "") -> Any:
        """One measure over time, both sides, with intervals."""
        from stance.report.curve_charts import drift_chart

        return drift_chart(self, measure, label)


def drift(sides: Sides, period: str | None = None) -> Drift:
    """Follow the two sides in time.

    Args:
        sides: from `stance.contrast.result.make_sides`.
        period: one of `PERIODS`; None for meetings, where they are given and not too many, else the longest period
            that still cuts the time in three.

    Raises:
        StanceError: if there is no such period.
    """
    if period is not None and period not in PERIODS:
        raise StanceError(f"there is no period {period!r}. Choose one of: {', '.join(PERIODS)}")
    table = sides.substantive().reset_index(drop=True)
    dates = days(table["date"])
    undated = int(dates.isna().sum())
    table, dates = table[dates.notna()].reset_index(drop=True), dates[dates.notna()].reset_index(drop=True)
    period = period or _suitable_period(table, dates)
    design = sides.design(table)
    name = "meeting" if design.paired else "document"
    unit = design.unit if design.paired else pd.factorize(table["doc_id"])[0]
    rows, trends = [], []
    cut = _cut(table, dates, period)
    for measure in measures(sides, table):
        if measure.label and not (measure.values * measure.counted).any():
            continue
        for number, group in enumerate(sides.groups):
            inside = measure.counted & (design.group == number)
            rows += _over_time(measure, group, inside, cut, dates, unit)
            if units := len(np.unique(unit[inside])):
                first = dates[inside].groupby(unit[inside]).min()
                years = (first.max() - first.min()).days / DAYS_A_YEAR
                found = trend(measure.values, inside, unit, dates)
                trends.append((measure.name, measure.label, group, units, int(inside.sum()), years, *found))
    tests = pd.DataFrame(
        trends, columns=["measure", "label", "group", "n", "sentences", "years", "estimate", "low", "high", "p"]
    )
    tests["p_adjusted"] = adjusted(tests["p"])
    columns = ["measure", "label", "group", "period", "date", "count", "n", "units", "estimate", "low", "high"]
    shown = pd.DataFrame(rows, columns=columns)
    shown["count"] = shown["count"].astype("Int64")
    return Drift(
        sides,
        shown,
        table[list(EVIDENCE)].copy(),
        (*_notes(name, undated, tests), *sides.prediction_note),
        trends=tests,
        period=period,
        unit=name,
    )


def _notes(name: str, undated: int, tests: pd.DataFrame) -> tuple[str, ...]:
    notes = [
        f"A trend is the change a year of a straight line through the {name}s, each weighing as many sentences as it "
        f"has; p comes from exchanging the dates of the {name}s. Documents that differ in kind or occasion make trends "
        "too: compare like with like.",
    ]
    if undated:
        notes.append(f"{undated:,} sentences have no date and are left out.")
    if tests.empty or not (tests["n"] >= MIN_UNITS).any():
        notes.append(f"No side has {MIN_UNITS} dated {name}s: too few for a trend.")
    return tuple(notes)


def _suitable_period(table: pd.DataFrame, dates: pd.Series) -> str:
    if table["event"].notna().all() and table["event"].nunique() <= LONG:
        return "meeting"
    for period in ("year", "quarter"):
        if _cut(table, dates, period).nunique() >= 3:
            return period
    return "month"


def _cut(table: pd.DataFrame, dates: pd.Series, period: str) -> pd.Series:
    """The period of each sentence: the meeting's name, else the time as ``2023``, ``2023Q4``, ``2023-11``."""
    if period == "meeting":
        return table["event"].where(table["event"].notna(), table["doc_id"]).astype(str)
    cut: pd.Series = dates.dt.to_period({"month": "M", "quarter": "Q", "year": "Y"}[period]).astype(str)
    return cut


def _over_time(
    measure: Measure, group: str, inside: np.ndarray, cut: pd.Series, dates: pd.Series, unit: np.ndarray
) -> list[tuple[Any, ...]]:
    """Rows of the table for one measure and group."""
    rows = []
    first = dates[inside].groupby(cut[inside]).min().sort_values(kind="stable")
    codes, values = cut.to_numpy(), measure.values
    for period, day in first.items():
        here = inside & (codes == period)
        n, units = int(here.sum()), len(np.unique(unit[here]))
        found = clustered_share(values > 0, here, unit) if measure.is_share else bootstrap_mean(values, here, unit)
        count = int(values[here].sum()) if measure.is_share else None
        when = str(pd.Timestamp(str(day)).date())
        rows.append((measure.name, measure.label, group, str(period), when, count, n, units, *found))
    return rows
