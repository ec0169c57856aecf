"""Intervals from bootstrap draws of whole units: documents, meetings, paragraphs."""

from __future__ import annotations

import numpy as np
from scipy.stats import norm
from scipy.stats import t as student_t

MIN_UNITS = 5
"""Fewest units, of a side where two are compared, from which an interval or a test is told: fewer hardly differ by
chance, and what they gave would be far too narrow."""


def expanded_percentiles(draws: np.ndarray, units: int) -> tuple[float, float]:
    """95% percentile interval that is widened for few units.

    A bootstrap distribution is too narrow by sqrt((n − 1)/n), and normal where Student's t is right; Hesterberg (2015,
    section 4.3) widens the percentiles to make up for both.

    Args:
        draws: bootstrap estimates, NaN left out.
        units: number of units drawn.

    Returns:
        lower and upper bound; NaN for fewer than `MIN_UNITS` units, or where nothing varies.
    """
    known = draws[~np.isnan(draws)]
    if units < MIN_UNITS or len(known) == 0 or np.std(known) < 1e-12:
        return float("nan"), float("nan")
    widened = float(norm.cdf(np.sqrt(units / (units - 1)) * student_t.ppf(0.025, units - 1)))
    low, high = np.quantile(known, [widened, 1 - widened])
    return float(low), float(high)
