"""Figures of merit with intervals: macro-F1, accuracy, calibration error, risk and coverage."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd

from stance.intervals import MIN_UNITS, expanded_percentiles

METRICS = {
    "issue": ("main_accuracy", "micro_f1", "macro_f1"),
    "stance": ("macro_f1", "accuracy"),
    "holder": ("macro_f1", "accuracy"),
    "frame": ("micro_f1", "macro_f1"),
}
"""Figures that are reported for each dimension."""
BINS = 10
"""Bins of a reliability curve, and of the calibration error."""


def f1_counts(truth: np.ndarray, given: np.ndarray) -> np.ndarray:
    """True positives, false positives and false negatives.

    Args:
        truth: bool, shape (n, labels).
        given: bool, shape (n, labels).

    Returns:
        int array of shape (3, labels).
    """
    return np.stack([(truth & given).sum(0), (~truth & given).sum(0), (truth & ~given).sum(0)])


def f1(counts: np.ndarray) -> np.ndarray:
    """F1 from counts of shape (3, …); NaN where a label neither occurs nor is given."""
    hit, wrong, missed = counts.astype(float)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(2 * hit / (2 * hit + wrong + missed))


def micro_f1(truth: np.ndarray, given: np.ndarray) -> float:
    """F1 of all decisions taken together."""
    return float(f1(f1_counts(truth, given).sum(axis=1)))


def reliability(confidence: np.ndarray, correct: np.ndarray) -> pd.DataFrame:
    """Reliability curve (DeGroot and Fienberg 1983; Niculescu-Mizil and Caruana 2005) with bins of equal count.

    Args:
        confidence: probability of the label given, shape (n,).
        correct: bool, shape (n,).

    Returns:
        one row a bin, from the least confident: ``count``, ``lowest`` and ``highest`` confidence in it,
        ``confidence`` (mean) and ``accuracy``.
    """
    parts = _equal_parts(confidence)
    rows = [(len(p), confidence[p].min(), confidence[p].max(), confidence[p].mean(), correct[p].mean()) for p in parts]
    return pd.DataFrame(rows, columns=["count", "lowest", "highest", "confidence", "accuracy"])


def calibration_error(confidence: np.ndarray, correct: np.ndarray) -> float:
    """Expected calibration error with bins of equal count (Naeini et al. 2015; Nixon et al. 2019).

    Args:
        confidence: probability of the label given, shape (n,).
        correct: bool, shape (n,).
    """
    parts = _equal_parts(confidence)
    return float(sum(len(p) * abs(confidence[p].mean() - correct[p].mean()) for p in parts) / len(confidence))


def chance_calibration_error(confidence: np.ndarray, samples: int = 1000) -> float:
    """Mean `calibration_error` if every label were right with just the probability given.

    It is above 0, because a tenth of the sentences is few: an error is to be read beside it. An interval from
    resampling sentences or documents would not help, as each sample's error has that surplus, too.

    Args:
        confidence: shape (n,).
        samples: draws of the labels.
    """
    draws = np.random.default_rng(0).random((samples, len(confidence))) < confidence
    return float(np.mean([calibration_error(confidence, drawn) for drawn in draws]))


def _equal_parts(confidence: np.ndarray) -> list[np.ndarray]:
    """Row numbers in bins of equal count, least confident first."""
    return [p for p in np.array_split(np.argsort(confidence, kind="stable"), BINS) if len(p)]


def selective_accuracy(confidence: np.ndarray, correct: np.ndarray) -> np.ndarray:
    """Accuracy on the k most confident sentences, for k from one to all: shape (n,).

    This is one minus the selective risk of Geifman and El-Yaniv (2017).
    """
    order = np.argsort(-confidence, kind="stable")
    return np.asarray(np.cumsum(correct[order]) / np.arange(1, len(order) + 1))


def area_under_risk_coverage(confidence: np.ndarray, correct: np.ndarray) -> float:
    """Area under the risk-coverage curve (Geifman et al. 2019): mean selective risk over all coverages.

    Lower is better; a confidence that says nothing gives the error rate.
    """
    return float(1 - selective_accuracy(confidence, correct).mean())


def grouped_bootstrap(
    statistic: Callable[[np.ndarray], float], groups: Sequence[str], samples: int = 1000
) -> tuple[float, float]:
    """95% interval of a statistic from resampling whole groups (`stance.intervals.expanded_percentiles`).

    Args:
        statistic: takes an array of row numbers (with repeats) and gives a figure.
        groups: the group of each row, such as its document.
        samples: bootstrap samples.

    Returns:
        lower and upper bound; NaN for fewer groups than `stance.intervals.MIN_UNITS`, or where nothing varies.
    """
    names = np.asarray(groups)
    members = [np.flatnonzero(names == g) for g in dict.fromkeys(groups)]
    if len(members) < MIN_UNITS:
        return float("nan"), float("nan")
    rng = np.random.default_rng(0)
    figures = [
        statistic(np.concatenate([members[i] for i in rng.integers(0, len(members), len(members))]))
        for _ in range(samples)
    ]
    return expanded_percentiles(np.array(figures), len(members))
