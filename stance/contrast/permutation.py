"""Tests of no difference between the two sides: units exchanged between them, of whatever size but of one kind.

The draws of a design are made once and serve every outcome, so that a comparison of hundreds of meetings takes seconds.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations, product
from math import comb

import numpy as np
from scipy.stats import t as student_t

from stance.contrast.statistics import MIN_EFFECTIVE, Design, effective_units

SAMPLES = 2000
SEED = 0
LISTED = 4096
"""Up to so many exchanges are all tried; of more a random choice is."""


@dataclass(frozen=True)
class Sums:
    """Sums over what is resampled.

    Attributes:
        total: sum of the values, shape (units,) for each side.
        size: number of rows, shape (units,) for each side.
        paired: whether the sides share their units; else each has units of its own.
        alike: whether the units of both sides are of one kind.
        variance: of the counted values of both sides together.
    """

    total: tuple[np.ndarray, np.ndarray]
    size: tuple[np.ndarray, np.ndarray]
    paired: bool
    alike: bool
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

    @property
    def effective(self) -> float:
        """Effective units of the side that has fewer; 0 where a side is empty."""
        return min(effective_units(n) if n.any() else 0.0 for n in self.size)


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
    return Sums((total[0], total[1]), (size[0], size[1]), design.paired, design.alike, variance)


@lru_cache(maxsize=8)
def _flips(units: int, samples: int, seed: int) -> np.ndarray:
    """Whether each unit's two sides are exchanged, shape (samples, units); every choice where there are few."""
    if 2**units <= LISTED:
        return np.array(list(product((0.0, 1.0), repeat=units)))
    return np.random.default_rng(seed).integers(0, 2, (samples, units)).astype(float)


@lru_cache(maxsize=8)
def _memberships(first: int, second: int, samples: int, seed: int) -> np.ndarray:
    """Which of all units stand in for the first side, shape (samples, first + second); every choice of few."""
    if comb(first + second, first) <= LISTED:
        chosen = np.array(list(combinations(range(first + second), first)))
        return np.asarray((chosen[:, :, None] == np.arange(first + second)).any(axis=1).astype(float))
    rng = np.random.default_rng(seed)
    order = rng.random((samples, first + second), dtype=np.float32).argsort(axis=1)
    return (order < first).astype(float)


def permutation_p(summed: Sums, samples: int = SAMPLES, seed: int = SEED) -> float:
    """Two-sided p of no difference between the sides.

    Exchanged are the two sides within each unit where they share units, else whole units between the sides; units in
    which nothing is counted stay out. Documents of one side are not to be exchanged with paragraphs of the other: there
    p comes from `_welch_p`. What is compared is the difference over its standard error, worked out anew for
    each exchange (linearised over units): units of different sizes are not exchangeable when the sides are equal in
    share alone, and the plain difference would then reject far too often (Janssen 1997; Chung and Romano 2013). A
    side's variance is never taken below that of as many independent rows: a few short documents without a single hit
    vary by more than they show. Up to `LISTED` exchanges are all tried, and p is exact; of more a random choice is, to
    which the observed arrangement is added (Phipson and Smyth 2010), so that p is never 0.

    Args:
        summed: from `sums`.
        samples: permutations.
        seed: of the permutations.

    Returns:
        p; NaN where a side has fewer than `MIN_EFFECTIVE` effective units: where one long document makes up most of a
            side, exchanging it with short ones tells nothing, and p would be far too small.
    """
    if summed.effective < MIN_EFFECTIVE:
        return float("nan")
    if not summed.alike:
        return _welch_p(summed)
    found = (_paired_statistics if summed.paired else _unpaired_statistics)(summed, samples, seed)
    observed, exchanged = found[0], found[1:]
    known = exchanged[~np.isnan(exchanged)]
    extreme = int((known >= observed * (1 - 1e-9)).sum())
    drawn = 0 if _is_listed(summed) else 1
    return (extreme + drawn) / (len(known) + drawn)


def _is_listed(summed: Sums) -> bool:
    """Whether all exchanges are tried."""
    live = [n > 0 for n in summed.size]
    if summed.paired:
        return 2.0 ** int((live[0] | live[1]).sum()) <= LISTED
    first, second = (int(k.sum()) for k in live)
    return comb(first + second, first) <= LISTED


def _welch_p(summed: Sums) -> float:
    """Two-sided p of Welch's t (1947), with variances linearised over units and degrees of freedom by Satterthwaite.

    A side has as many units as its `effective_units`; its variance is never taken below that of independent rows.
    """
    variances, freedom = [], []
    for t, n in ((t[n > 0], n[n > 0]) for t, n in zip(summed.total, summed.size, strict=True)):
        rows = n.sum()
        spread = len(n) / (len(n) - 1) * float(((t - n * t.sum() / rows) ** 2).sum()) / rows**2
        variances.append(max(spread, summed.variance / rows, 1e-12))
        freedom.append(effective_units(n) - 1)
    total = sum(variances)
    degrees = total**2 / sum(v**2 / f for v, f in zip(variances, freedom, strict=True))
    return float(2 * student_t.sf(abs(summed.observed) / np.sqrt(total), degrees))


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
