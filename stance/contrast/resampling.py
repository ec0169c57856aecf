"""Resampling: intervals from drawing units with replacement; tests are in `stance.contrast.permutation`.

A unit (a meeting, a document, a paragraph) is drawn as a whole. The draws of a design are made once and serve every
outcome, so that a comparison of hundreds of meetings takes seconds.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TypedDict

import numpy as np

from stance.contrast.permutation import SAMPLES, SEED, Sums, permutation_p, sums
from stance.contrast.statistics import Design, clustered_share
from stance.intervals import MIN_UNITS, expanded_percentiles


class Difference(TypedDict):
    """A difference between the sides: ``difference`` (first minus second), ``low``, ``high`` (95%), two-sided ``p``."""

    difference: float
    low: float
    high: float
    p: float


@lru_cache(maxsize=8)
def _draws(units: int, samples: int, seed: int) -> np.ndarray:
    """How often each unit is drawn, shape (samples, units)."""
    rng = np.random.default_rng(seed)
    return rng.multinomial(units, np.full(units, 1 / units), size=samples).astype(np.float32)


def bootstrap_mean(
    values: np.ndarray, counted: np.ndarray, unit: np.ndarray, samples: int = SAMPLES, seed: int = SEED
) -> tuple[float, float, float]:
    """A mean with an interval from resampling units.

    Args:
        values: shape (n,).
        counted: bool, shape (n,): rows that enter the mean.
        unit: resampling unit of each row.
        samples: bootstrap samples.
        seed: of the draws.

    Returns:
        estimate, lower and upper bound; NaN for the bounds of fewer than `MIN_UNITS` units or where nothing varies.
    """
    if not counted.any():
        return float("nan"), float("nan"), float("nan")
    mean = float(values[counted].mean())
    codes = np.unique(unit[counted], return_inverse=True)[1]
    total, size = np.bincount(codes, values[counted]), np.bincount(codes).astype(float)
    if len(size) < MIN_UNITS:
        return mean, float("nan"), float("nan")
    draws = _draws(len(size), samples, seed)
    return mean, *expanded_percentiles((draws @ total) / (draws @ size), len(size))


def bootstrap_difference(
    values: np.ndarray, counted: np.ndarray, design: Design, samples: int = SAMPLES, seed: int = SEED
) -> Difference:
    """Difference of means between the two groups, with an interval from resampling and a permutation p.

    Args:
        values: shape (n,).
        counted: bool, shape (n,): rows that enter the mean.
        design: the groups and units.
        samples: bootstrap samples and permutations.
        seed: of both.

    Returns:
        the difference (first minus second group), its 95% interval (`expanded_percentiles`) and p (`permutation_p`);
        NaN where a group is empty, or has fewer than `MIN_UNITS` units with a counted row.
    """
    summed = sums(values, counted, design)
    observed = summed.observed
    if np.isnan(observed) or summed.live < MIN_UNITS:
        return {"difference": observed, "low": np.nan, "high": np.nan, "p": np.nan}
    means = []
    for side in (0, 1):
        draws = _draws(len(summed.size[side]), samples, seed if design.paired else seed + side)
        with np.errstate(invalid="ignore", divide="ignore"):
            means.append((draws @ summed.total[side]) / (draws @ summed.size[side]))
    low, high = expanded_percentiles(means[0] - means[1], summed.live)
    return {"difference": observed, "low": low, "high": high, "p": permutation_p(summed, samples, seed)}


def share_difference(
    hit: np.ndarray, counted: np.ndarray, design: Design, samples: int = SAMPLES, seed: int = SEED
) -> Difference:
    """Difference of shares between the two groups.

    The interval joins the two shares' own intervals (`clustered_share`) by the method of variance estimates recovery
    (Newcombe 1998, method 10; Zou and Donner 2008; for paired units with their correlation, Newcombe 1998b), which
    holds where a share is near 0 or 1 and a bootstrap has nothing to vary.

    Args:
        hit: bool, shape (n,), what is counted.
        counted: bool, shape (n,), what it is a share of.
        design: the groups and units.
        samples: permutations.
        seed: of the permutations.

    Returns:
        as `bootstrap_difference`.
    """
    summed = sums(hit.astype(float), counted, design)
    observed = summed.observed
    result: Difference = {"difference": observed, "low": np.nan, "high": np.nan, "p": np.nan}
    if np.isnan(observed) or summed.live < MIN_UNITS:
        return result
    (a, a_low, a_high), (b, b_low, b_high) = (
        clustered_share(hit, counted & (design.group == side), design.unit) for side in (0, 1)
    )
    r = _correlation(summed) if design.paired else 0.0
    down, up = (a - a_low, b_high - b), (a_high - a, b - b_low)
    for name, sign, (x, y) in (("low", -1, down), ("high", 1, up)):
        width = np.sqrt(max(0.0, x * x + y * y - 2 * r * x * y))
        result[name] = float(np.clip(observed + sign * width, -1, 1))  # type: ignore[literal-required]
    result["p"] = permutation_p(summed, samples, seed)
    return result


def _correlation(summed: Sums) -> float:
    """Correlation of the two sides' linearised residuals over shared units; 0 where one does not vary."""
    residuals = [t - n * t.sum() / n.sum() for t, n in zip(summed.total, summed.size, strict=True)]
    norms = [float(np.sqrt((r**2).sum())) for r in residuals]
    return float(residuals[0] @ residuals[1]) / (norms[0] * norms[1]) if min(norms) > 1e-12 else 0.0
