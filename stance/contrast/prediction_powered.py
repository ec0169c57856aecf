"""Prediction-powered and design-based inference: shares and means from predicted labels, corrected by a coded sample.

Both correct the figure from all predictions by what a hand-coded random sample shows of their error, so that the
interval is honest however good the classifier is. Design-based supervised learning (Egami et al. 2023) weighs the
coded sentences by their known sampling probability. Prediction-powered inference (Angelopoulos et al. 2023a) is the
same for equal probabilities; its power tuning (Angelopoulos et al. 2023b, PPI++) scales the predictions down as far as
they do not help.

An interval is only as wide as the errors that were seen, and a small sample of a rare label may show none. The variance
therefore adds one missed and one false hit to the coded sample, as Bonett and Price (2012) do for paired proportions.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.stats import t as student_t

from stance.intervals import MIN_UNITS

MIN_CODED = 10
"""Fewest coded sentences of a side for a correction."""


@dataclass(frozen=True)
class Sample:
    """Sentences of one side, all predicted and some coded.

    Attributes:
        predicted: shape (n,), the measure by the predicted labels.
        predicted_counted: bool, shape (n,): sentences that count by the predicted labels.
        coded: shape (n,), the measure by the coded labels; any value where not coded.
        coded_counted: bool, shape (n,): sentences that count by the coded labels.
        labelled: bool, shape (n,): coded sentences.
        probability: shape (n,), chance of each sentence to be coded.
        unit: shape (n,), resampling unit of each sentence.
    """

    predicted: np.ndarray
    predicted_counted: np.ndarray
    coded: np.ndarray
    coded_counted: np.ndarray
    labelled: np.ndarray
    probability: np.ndarray
    unit: np.ndarray


@dataclass(frozen=True)
class Correction:
    """A corrected mean.

    Attributes:
        estimate: the mean.
        influence: shape (n,), each sentence's share in its error; their sums over units give the variance.
        unseen: variance to add for errors that the coded sample may not show, of a share.
        tuning: how far the predictions are used: 1 fully, 0 not at all.
        units: units with a coded sentence.
    """

    estimate: float
    influence: np.ndarray
    unseen: float
    tuning: float
    units: int


def corrected_mean(sample: Sample, tuned: bool = True) -> Correction | None:
    """Correct a mean (or share) over sentences whose membership is predicted as well.

    The estimate solves the estimating equation of a ratio, sum of counted times (value minus estimate) = 0, in which
    the coded sentences, weighted by their inverse sampling probability, replace their own predictions.

    Args:
        sample: the sentences of one side.
        tuned: tune how far the predictions are used (PPI++); else they are used fully, which is design-based supervised
            learning.

    Returns:
        None for fewer than `MIN_CODED` coded sentences, or where none of them counts.
    """
    if sample.labelled.sum() < MIN_CODED or not (sample.labelled & sample.coded_counted).any():
        return None
    weight = np.where(sample.labelled, 1 / sample.probability, 0.0)
    tuning, result = 1.0, _solve(sample, weight, 1.0)
    if result is None or tuned:
        start = result if result is not None else _solve(sample, weight, 0.0)
        if start is None:
            return None
        tuning = _tuning(sample, weight, start[0])
        result = _solve(sample, weight, tuning) or start
    estimate, influence, size = result
    units = len(np.unique(sample.unit[sample.labelled]))
    return Correction(estimate, influence, _unseen(sample, weight) / size**2, tuning, units)


def _unseen(sample: Sample, weight: np.ndarray) -> float:
    """Squared weights of a false and a missed hit: the largest of coded sentences that are predicted hits and not."""
    hit = (sample.predicted * sample.predicted_counted) > 0
    return sum(float(weight[rows].max(initial=0.0) or weight.max()) ** 2 for rows in (hit, ~hit))


def _solve(sample: Sample, weight: np.ndarray, tuning: float) -> tuple[float, np.ndarray, float] | None:
    """Estimate, influence and number of sentences that count, at a given tuning; None where that is not positive."""
    predicted = tuning * sample.predicted_counted
    coded = np.where(sample.labelled, sample.coded_counted, 0.0)
    size = float((predicted + weight * (coded - predicted)).sum())
    if size <= 0:
        return None
    hits = predicted * sample.predicted
    coded_hits = coded * np.where(sample.labelled, sample.coded, 0.0)
    estimate = float((hits + weight * (coded_hits - hits)).sum()) / size
    scores = predicted * (sample.predicted - estimate)
    coded_scores = coded_hits - coded * estimate
    gap = coded_scores - scores
    equal = np.ptp(sample.probability) == 0  # a sample of fixed size: what varies is the gap around its mean
    centre = float(gap[sample.labelled].mean()) if equal and sample.labelled.any() else 0.0
    return estimate, (scores + centre + weight * (gap - centre)) / size, size


def _tuning(sample: Sample, weight: np.ndarray, estimate: float) -> float:
    """The tuning that makes the variance least: the regression of the coded part on the predicted part over units."""
    codes = np.unique(sample.unit, return_inverse=True)[1]
    coded = np.where(sample.labelled, sample.coded_counted * (sample.coded - estimate), 0.0) * weight
    predicted = sample.predicted_counted * (sample.predicted - estimate) * (weight - 1)
    a, b = np.bincount(codes, coded), np.bincount(codes, predicted)
    a, b = a - a.mean(), b - b.mean()
    spread = float(b @ b)
    return float(np.clip(a @ b / spread, 0, 1)) if spread > 0 else 1.0


def interval(
    estimate: float, influence: np.ndarray, unseen: float, unit: np.ndarray, units: int
) -> tuple[float, float, float]:
    """Interval and p of an estimate from its influence, summed over units, and the allowance for unseen errors.

    Args:
        estimate: of a mean, or of a difference of means.
        influence: shape (n,).
        unseen: variance to add: of a share `Correction.unseen`, of another mean that times the variance of the
            predicted values; for a difference the sum of both sides'.
        unit: resampling unit of each sentence.
        units: units with coded sentences, for the degrees of freedom of Student's t.

    Returns:
        lower and upper bound (95%) and two-sided p of zero; NaN for fewer than `MIN_UNITS` units.
    """
    sums = np.bincount(np.unique(unit, return_inverse=True)[1], influence)
    if units < MIN_UNITS:
        return float("nan"), float("nan"), float("nan")
    error = float(np.sqrt(len(sums) / (len(sums) - 1) * ((sums - sums.mean()) ** 2).sum() + unseen))
    half = float(student_t.ppf(0.975, units - 1)) * error
    p = float(2 * student_t.sf(abs(estimate) / error, units - 1)) if error > 0 else float("nan")
    return estimate - half, estimate + half, p
