"""Figures of merit with intervals: macro-F1, accuracy, calibration error, by dimension."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

METRICS = {
    "issue": ("main_accuracy", "micro_f1", "macro_f1"),
    "stance": ("macro_f1", "accuracy"),
    "holder": ("macro_f1", "accuracy"),
    "frame": ("micro_f1", "macro_f1"),
}
"""Figures that are reported for each dimension."""


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


def macro_f1(truth: np.ndarray, given: np.ndarray) -> float:
    """Mean F1 over the labels that occur in the truth."""
    present = truth.any(axis=0)
    return float(np.nan_to_num(f1(f1_counts(truth, given)))[present].mean()) if present.any() else float("nan")


def micro_f1(truth: np.ndarray, given: np.ndarray) -> float:
    """F1 of all decisions taken together."""
    return float(f1(f1_counts(truth, given).sum(axis=1)))


def accuracy(truth: np.ndarray, given: np.ndarray) -> float:
    """Share of rows that agree in every label."""
    return float((truth == given).all(axis=1).mean())


def calibration_error(confidence: np.ndarray, correct: np.ndarray, bins: int = 10) -> float:
    """Expected calibration error with bins of equal count (Naeini et al. 2015; Nixon et al. 2019).

    Args:
        confidence: probability of the label given, shape (n,).
        correct: bool, shape (n,).
        bins: how many.
    """
    order = np.argsort(confidence, kind="stable")
    parts = [p for p in np.array_split(order, bins) if len(p)]
    return float(sum(len(p) * abs(confidence[p].mean() - correct[p].mean()) for p in parts) / len(order))


def grouped_bootstrap(
    statistic: Callable[[np.ndarray], float], groups: Sequence[str], samples: int = 1000, seed: int = 0
) -> tuple[float, float]:
    """Percentile interval (95%) of a statistic, resampling whole groups (Efron and Tibshirani 1993).

    Args:
        statistic: takes an array of row numbers (with repeats) and gives a figure.
        groups: the group of each row, such as its document.
        samples: bootstrap samples.
        seed: of the resampling.

    Returns:
        lower and upper bound; NaN if fewer than two groups.
    """
    names = np.asarray(groups)
    members = [np.flatnonzero(names == g) for g in dict.fromkeys(groups)]
    if len(members) < 2:
        return float("nan"), float("nan")
    rng = np.random.default_rng(seed)
    figures = [
        statistic(np.concatenate([members[i] for i in rng.integers(0, len(members), len(members))]))
        for _ in range(samples)
    ]
    low, high = np.nanpercentile(figures, [2.5, 97.5])
    return float(low), float(high)
