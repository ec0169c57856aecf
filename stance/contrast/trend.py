"""The trend of a measure: a weighted straight line through units, tested by exchanging their dates."""

from __future__ import annotations

import numpy as np
import pandas as pd

from stance.contrast.permutation import SAMPLES, SEED
from stance.contrast.statistics import MIN_EFFECTIVE, effective_units
from stance.intervals import MIN_UNITS, expanded_percentiles

DAYS_A_YEAR = 365.25


def trend(
    values: np.ndarray,
    counted: np.ndarray,
    unit: np.ndarray,
    dates: pd.Series,
    samples: int = SAMPLES,
    seed: int = SEED,
) -> tuple[float, float, float, float]:
    """Change a year of a mean.

    Units are points at their first date; the line is fitted by least squares, weighted by their numbers of sentences.
    The interval comes from resampling units, p from exchanging dates among them; compared is the slope over its
    standard error (White 1980), since units of different sizes are not exchangeable (DiCiccio and Romano 2017). Both
    take units as independent: where documents of a time are alike, intervals are too narrow and p too small.

    Args:
        values: shape (n,); 0 and 1 for shares.
        counted: bool, shape (n,).
        unit: resampling unit of each row.
        dates: timestamps, shape (n,).
        samples: bootstrap samples and exchanges.
        seed: of both.

    Returns:
        slope a year, lower and upper bound (95%), two-sided p; NaN for fewer than `MIN_UNITS` units or a single date,
            for p also for fewer than `MIN_EFFECTIVE` effective units.
    """
    missing = (float("nan"),) * 4
    codes = np.unique(unit[counted], return_inverse=True)[1]
    if not len(codes) or codes.max() + 1 < MIN_UNITS:
        return missing
    size = np.bincount(codes).astype(float)
    mean = np.bincount(codes, values[counted]) / size
    days = (dates[counted] - dates[counted].min()).dt.days.to_numpy(dtype=float)
    year = pd.Series(days).groupby(codes).min().to_numpy() / DAYS_A_YEAR
    if np.ptp(year) == 0:
        return missing
    slope = float(slopes(year[None], mean[None], size[None])[0])
    if np.ptp(mean) == 0:
        return slope, float("nan"), float("nan"), 1.0
    rng = np.random.default_rng(seed)
    drawn = rng.integers(0, len(size), (samples, len(size)))
    low, high = expanded_percentiles(slopes(year[drawn], mean[drawn], size[drawn]), len(size))
    if effective_units(size) < MIN_EFFECTIVE:
        return slope, low, high, float("nan")
    order = rng.random((samples, len(size))).argsort(axis=1)
    dated = np.vstack([year[None], year[order]])
    found = np.abs(_standardised_slopes(dated, mean, size))
    extreme = int((found[1:] >= found[0] * (1 - 1e-9)).sum())
    return slope, low, high, (extreme + 1) / (samples + 1)


def _standardised_slopes(year: np.ndarray, mean: np.ndarray, size: np.ndarray) -> np.ndarray:
    """Slopes over their standard errors, robust to units of different variance; dates of shape (samples, units)."""
    weight = size / size.sum()
    time = year - (weight * year).sum(axis=1, keepdims=True)
    centred = mean - weight @ mean
    spread = (weight * time**2).sum(axis=1)
    slope = (weight * time * centred).sum(axis=1) / spread
    residual = centred - slope[:, None] * time
    variance = ((weight * time * residual) ** 2).sum(axis=1) / spread**2
    found: np.ndarray = slope / np.sqrt(np.maximum(variance, 1e-24))
    return found


def slopes(year: np.ndarray, mean: np.ndarray, size: np.ndarray) -> np.ndarray:
    """Weighted least-squares slopes of the rows of three arrays, each of shape (samples, units); NaN for one date."""
    weight = size / size.sum(axis=1, keepdims=True)
    time = year - (weight * year).sum(axis=1, keepdims=True)
    spread = (weight * time**2).sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(spread > 1e-12, (weight * time * mean).sum(axis=1) / spread, np.nan)
