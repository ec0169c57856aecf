"""Shared statistics: the design of a comparison, shares with clustered intervals, false-discovery control.

Sentences of one document are not independent. The unit of resampling is therefore the largest that the data allow
(Cameron and Miller 2015): the meeting that both sides share; else, since two samples are drawn each by itself (Davison
and Hinkley 1997, chapter 3), of each side the document, else the paragraph; sentences only where there is nothing else.
One document on one side does not make sentences of the other side's forty independent. The result says what was taken.
Intervals by resampling are in `stance.contrast.resampling`, tests in `stance.contrast.permutation`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import comb

import numpy as np
import pandas as pd
from scipy.stats import false_discovery_control, norm
from scipy.stats import t as student_t

from stance.intervals import MIN_UNITS

MIN_EFFECTIVE = 4.0
"""Fewest effective units of a side (`effective_units`) from which a test is told."""
TELLING = 0.05 / 20
"""A test whose p cannot be as low shows no single difference at 5% once some twenty issues are corrected together."""


@dataclass(frozen=True)
class Design:
    """How two groups of sentences were sampled.

    Attributes:
        group: 0 or 1 for each sentence.
        unit: number of the sentence's resampling unit.
        names: what the unit of each group is: ``meeting``, ``document``, ``paragraph`` or ``sentence``.
        paired: whether each unit holds both groups (meetings), so that they are resampled together.
        sides: how the two groups are called in prose.
    """

    group: np.ndarray
    unit: np.ndarray
    names: tuple[str, str]
    paired: bool
    sides: tuple[str, str] = ("the first side", "the second side")

    def of(self, rows: np.ndarray) -> Design:
        """The design of a part of the sentences, with the units of all; rows of shape (n,), bool."""
        return replace(self, group=self.group[rows], unit=self.unit[rows])

    @property
    def alike(self) -> bool:
        """Whether the units of both sides are of one kind, without which they cannot be exchanged."""
        return self.names[0] == self.names[1]

    @property
    def taken(self) -> str:
        """What the unit is, in words that follow on *take*."""
        first, second = self.names
        if self.alike:
            return f"the {first} as the unit of sampling"
        return f"the {first} ({self.sides[0]}) and the {second} ({self.sides[1]}) as units of sampling"

    @property
    def caution(self) -> str:
        """What intervals do not tell where units are parts of documents; empty where they are not."""
        texts, sentences = self._sides_of("paragraph", "sentence"), self._sides_of("sentence")
        if not texts:
            return ""
        text = "Intervals tell how far these texts differ, not how the two sides do in general."
        if len(texts) == 1:
            text = (
                f"There are fewer than {MIN_UNITS} documents of one side ({texts[0]}): intervals of its figures, and "
                "of differences, tell of these texts, not of that side in general."
            )
        if not sentences:
            return text
        whose = "sentences" if len(sentences) == 2 else "its sentences"
        if len(texts) > len(sentences):
            whose = f"the sentences of one side ({sentences[0]})"
        return f"{text} They treat {whose} as independent and are too narrow."

    def _sides_of(self, *units: str) -> list[str]:
        """The sides whose unit is one of these."""
        return [side for side, name in zip(self.sides, self.names, strict=True) if name in units]

    @property
    def note(self) -> str:
        """What a reader has to know of the unit."""
        if not self.alike:
            return f"Intervals and tests take {self.taken}. {self.caution}"
        if self.names[0] == "paragraph":
            return (
                "Intervals and tests take the paragraph as the unit of sampling: they tell how far these texts differ, "
                "not how the two sides differ in general."
            )
        if self.names[0] == "sentence":
            return "Intervals treat sentences as independent, for want of more paragraphs: take them as too narrow."
        note = f"Intervals and tests take {self.taken}."
        first, second = (len(np.unique(self.unit[self.group == side])) for side in (0, 1))
        units, many = len(np.unique(self.unit)), f"{first} and {second} {self.names[0]}s"
        least = 2 / 2**units if self.paired else (2 if first == second else 1) / comb(first + second, first)
        if min(first, second) >= MIN_UNITS and least > TELLING:
            with_ = f"{units} meetings" if self.paired else many
            note += f" With {with_} no p can be below {least:.2g}, before any correction."
        return note


def make_design(table: pd.DataFrame, by: str, groups: tuple[str, str], sides: tuple[str, str] | None = None) -> Design:
    """Choose the resampling units of a table that holds only the two groups.

    Args:
        table: a sentence table.
        by: the grouping column.
        groups: its two values.
        sides: how they are called in prose; the values if None.

    Returns:
        meetings of which each side has at least `MIN_UNITS`, if every sentence has one; else of each side for itself
            the largest unit of which it has as many, and the sentence if there is none.
    """
    group = (table[by] == groups[1]).to_numpy().astype(int)
    sides = sides or groups
    inside = [group == side for side in (0, 1)]
    event = table["event"]
    if event.notna().all() and min(event[rows].nunique() for rows in inside) >= MIN_UNITS:
        return Design(group, pd.factorize(event)[0], ("meeting", "meeting"), True, sides)
    units = {
        "document": pd.factorize(table["doc_id"])[0],
        "paragraph": pd.factorize(table["doc_id"].astype(str) + "\x1f" + table["paragraph"].astype(str))[0],
        "sentence": np.arange(len(table)),
    }
    first, second = (
        next((name for name in units if len(np.unique(units[name][rows])) >= MIN_UNITS), "sentence") for rows in inside
    )
    if not inside[0].any() or not inside[1].any():  # there is nothing to take apart
        first = second = first if inside[0].any() else second
    apart = len(table) if first != second else 0
    return Design(group, np.where(inside[1], units[second] + apart, units[first]), (first, second), False, sides)


def wilson_interval(share: float, n: float, critical: float | None = None) -> tuple[float, float]:
    """Wilson's score interval (Wilson 1927) of a share.

    Args:
        share: the share.
        n: of how many; may be an effective sample size.
        critical: the critical value; the normal one of 95% if None.
    """
    if n <= 0 or np.isnan(share):
        return float("nan"), float("nan")
    z = float(norm.ppf(0.975)) if critical is None else critical
    centre = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z * np.sqrt(share * (1 - share) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    return max(0.0, float(centre - half)), min(1.0, float(centre + half))


def clustered_share(hit: np.ndarray, counted: np.ndarray, unit: np.ndarray) -> tuple[float, float, float]:
    """A share with Wilson's interval on the effective sample size.

    The effective size is n divided by the design effect, which compares the variance over units, by the jackknife,
    with the binomial one (Korn and Graubard 1998; Franco et al. 2019); the effect is never taken below one, and the
    critical value is that of Student's t for the effective number of units (`effective_units`). Where the data cannot
    tell the effect (a share of 0 or 1) that number is the effective size, too, the worst case.

    Args:
        hit: bool, shape (n,), what is counted.
        counted: bool, shape (n,), what it is a share of.
        unit: resampling unit of each row.

    Returns:
        estimate, lower and upper bound; NaN where nothing is counted, and for the bounds of fewer than `MIN_UNITS`
            units with a counted row.
    """
    n = int(counted.sum())
    if n == 0:
        return float("nan"), float("nan"), float("nan")
    share = float((hit & counted).sum() / n)
    codes = np.unique(unit[counted], return_inverse=True)[1]
    rows = np.bincount(codes)
    if len(rows) < MIN_UNITS:
        return share, float("nan"), float("nan")
    units = effective_units(rows)
    size = units
    if 0 < share < 1:
        without = np.bincount(codes, weights=hit[counted] - share) / (1 - rows / n)
        variance = (1 - 1 / len(rows)) * float((without**2).sum()) / n**2
        size = n / max(1.0, variance / (share * (1 - share) / n))
    return share, *wilson_interval(share, size, float(student_t.ppf(0.975, units - 1)))


def effective_units(rows: np.ndarray) -> float:
    """How many units of one size tell as much as these (Kish 1965): the square of the sum over the sum of squares.

    Args:
        rows: number of counted rows of each unit, shape (units,).
    """
    return float(rows.sum()) ** 2 / float((rows.astype(float) ** 2).sum())


def adjusted(p: pd.Series) -> pd.Series:
    """Benjamini and Hochberg's (1995) adjusted p values; NaN stays NaN."""
    result = pd.Series(np.nan, index=p.index, dtype=float)
    known = p.notna()
    if known.any():
        result[known] = false_discovery_control(p[known].to_numpy(dtype=float))
    return result


def expected_count(probability: np.ndarray) -> tuple[float, float, float]:
    """Expected number of sentences with a label, from calibrated probabilities, with the 95% interval of their sum.

    The count is Poisson-binomial; its distribution is computed exactly by convolution (Hong 2013). The interval
    supposes independent sentences and perfect calibration, and is too narrow where they are not.

    Returns:
        expectation, lower and upper quantile.
    """
    distribution = np.ones(1)
    for p in probability:
        distribution = np.convolve(distribution, [1 - p, p])
    cumulative = distribution.cumsum()
    low = int(np.searchsorted(cumulative, 0.025))
    high = int(np.searchsorted(cumulative, 0.975))
    return float(probability.sum()), float(low), float(high)
