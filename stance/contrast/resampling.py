"""Resampling: intervals from drawing units with replacement, tests from exchanging them between the sides.

A unit (a meeting, a document, a paragraph) is drawn or exchanged as a whole. The draws of a design are made once and
serve every outcome, so that a comparison of hundreds of meetings takes seconds.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TypedDict

import numpy as np
from scipy.stats import norm
from scipy.stats import t as student_t

from stance.contrast.statistics import MIN_UNITS, Design, clustered_share

SAMPLES = 2000
SEED = 0


class Difference(TypedDict):
    """A difference between the sides: ``difference`` (first minus second), ``low``, ``high`` (95%), two-sided ``p``."""

    difference: float
    low: float
    high: float
    p: float


@dataclass(frozen=True)
class Sums:
    """Sums over what is resampled.

    Attributes:
        total: sum of the values, shape (units,) for each side.
        size: number of rows, shape (units,) for each side.
        paired: whether the sides share their units; else each has units of its own.
        variance: of the counted values of both sides together.
    """

    total: tuple[np.ndarray, np.ndarray]
    size: tuple[np.ndarray, np.ndarray]
    paired: bool
    variance: float

    @property
    def observed(self) -> float:
        """Difference of the two ratios; NaN where a side is empty."""
        with np.errstate(invalid="ignore", divide="ignore"):
            means = [t.sum() / n.sum() if n.sum() else np.nan for t, n in zip(self.total, self.size, strict=True)]
        return float(means[0] - means[1])

    @property
    def live(self) -> int:
        """Units with a counted row, of the side that has fewer."""
        return min(int((n > 0).sum()) for n in self.size)


def sums(values: np.ndarray, counted: np.ndarray, design: Design) -> Sums:
    """Add up values by side and unit.

    Args:
        values: shape (n,); 0 and 1 for shares.
        counted: bool, shape (n,): rows that enter.
        design: the groups and units.
    """
    total, size = [], []
    for side in (0, 1):
        inside = design.group == side
        codes, count = design.unit, int(design.unit.max()) + 1 if len(design.unit) else 0
        if not design.paired:
            codes = np.unique(design.unit[inside], return_inverse=True)[1]
            count = int(codes.max()) + 1 if len(codes) else 0
        else:
            codes = codes[inside]
        total.append(np.bincount(codes, np.where(counted, values, 0.0)[inside], minlength=count))
        size.append(np.bincount(codes, counted[inside].astype(float), minlength=count))
    variance = float(values[counted].var()) if counted.any() else 0.0
    return Sums((total[0], total[1]), (size[0], size[1]), design.paired, variance)


@lru_cache(maxsize=8)
def _draws(units: int, samples: int, seed: int) -> np.ndarray:
    """How often each unit is drawn, shape (samples, units)."""
    rng = np.random.default_rng(seed)
    return rng.multinomial(units, np.full(units, 1 / units), size=samples).astype(np.float32)


@lru_cache(maxsize=8)
def _flips(units: int, samples: int, seed: int) -> np.ndarray:
    """Whether each unit's two sides are exchanged, shape (samples, units)."""
    return np.random.default_rng(seed).integers(0, 2, (samples, units)).astype(float)


@lru_cache(maxsize=8)
def _memberships(first: int, second: int, samples: int, seed: int) -> np.ndarray:
    """Which of all units stand in for the first side, shape (samples, first + second)."""
    rng = np.random.default_rng(seed)
    order = rng.random((samples, first + second), dtype=np.float32).argsort(axis=1)
    return (order < first).astype(float)


def expanded_percentiles(draws: np.ndarray, units: int) -> tuple[float, float]:
    """95% percentile interval that is widened for few units.

    A bootstrap distribution is too narrow by sqrt((n − 1)/n), and normal where Student's t is right; Hesterberg (2015,
    section 4.3) widens the percentiles to make up for both.

    Args:
        draws: bootstrap estimates, NaN left out.
        units: number of units drawn.
    """
    known = draws[~np.isnan(draws)]
    if len(known) == 0 or np.std(known) < 1e-12:
        return float("nan"), float("nan")
    widened = float(norm.cdf(np.sqrt(units / (units - 1)) * student_t.ppf(0.025, units - 1)))
    low, high = np.quantile(known, [widened, 1 - widened])
    return float(low), float(high)


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


def permutation_p(summed: Sums, samples: int = SAMPLES, seed: int = SEED) -> float:
    """Two-sided p of no difference between the sides.

    Exchanged are the two sides within each unit where they share units, else whole units between the sides; units in
    which nothing is counted stay out. What is compared is the difference over its standard error, worked out anew for
    each exchange (linearised over units): units of different sizes are not exchangeable when the sides are equal in
    share alone, and the plain difference would then reject far too often (Janssen 1997; Chung and Romano 2013). A
    side's variance is never taken below that of as many independent rows: a few short documents without a single hit
    vary by more than they show. The observed arrangement counts as one of the permutations (Phipson and Smyth 2010),
    so that p is never 0.

    Args:
        summed: from `sums`.
        samples: permutations.
        seed: of the permutations.
    """
    found = (_paired_statistics if summed.paired else _unpaired_statistics)(summed, samples, seed)
    observed, exchanged = found[0], found[1:]
    known = exchanged[~np.isnan(exchanged)]
    extreme = int((known >= observed * (1 - 1e-9)).sum())
    return (extreme + 1) / (len(known) + 1)


def _paired_statistics(summed: Sums, samples: int, seed: int) -> np.ndarray:
    """Absolute difference over its standard error: observed, then with the sides of some units exchanged."""
    live = (summed.size[0] + summed.size[1]) > 0
    first, second = (np.stack([t[live], n[live]]) for t, n in zip(summed.total, summed.size, strict=True))
    units = first.shape[1]
    flips = np.vstack([np.zeros((1, units)), _flips(units, samples, seed)])
    residuals, ratios, least = [], [], 0.0
    for own, other in ((first, second), (second, first)):
        total, size = (o + flips * (x - o) for o, x in zip(own, other, strict=True))
        rows = size.sum(axis=1, keepdims=True)
        with np.errstate(invalid="ignore", divide="ignore"):
            ratio = total.sum(axis=1, keepdims=True) / rows
            residuals.append((total - ratio * size) / rows)
            least = least + summed.variance / rows[:, 0]
        ratios.append(ratio[:, 0])
    variance = units / (units - 1) * ((residuals[0] - residuals[1]) ** 2).sum(axis=1)
    return _standardised(ratios[0] - ratios[1], np.maximum(variance, least))


def _unpaired_statistics(summed: Sums, samples: int, seed: int) -> np.ndarray:
    """Absolute difference over its standard error: observed, then with units exchanged between the sides."""
    live = [n > 0 for n in summed.size]
    total, size = (np.concatenate([v[k] for v, k in zip(of, live, strict=True)]) for of in (summed.total, summed.size))
    counts = [int(k.sum()) for k in live]
    observed = np.repeat([1.0, 0.0], counts)[None]
    chosen = np.vstack([observed, _memberships(counts[0], counts[1], samples, seed)])
    moments = np.stack([total, size, total * total, total * size, size * size], axis=1)
    inside = chosen @ moments
    ratios, variance = [], np.zeros(len(chosen))
    for units, of in zip(counts, (inside, moments.sum(axis=0) - inside), strict=True):
        t, n, tt, tn, nn = of.T
        ratio = t / n
        spread = units / (units - 1) * (tt - 2 * ratio * tn + ratio**2 * nn) / n**2
        variance += np.maximum(spread, summed.variance / n)
        ratios.append(ratio)
    return _standardised(ratios[0] - ratios[1], variance)


def _standardised(difference: np.ndarray, variance: np.ndarray) -> np.ndarray:
    """Absolute differences over their standard errors, 0 where nothing varies at all."""
    found: np.ndarray = np.abs(difference) / np.sqrt(np.maximum(variance, 1e-12))
    return found
