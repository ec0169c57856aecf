"""Red lines: what each side calls a limit, on which issue, how surely, and whether the other side notes it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from stance.contrast.counterpart import nearest_counterparts
from stance.contrast.result import EVIDENCE, Contrast, Sides, names_issue
from stance.contrast.statistics import expected_count

POSSIBLE = 0.2
"""Probability from which a sentence with another label is shown as a possible red line."""


@dataclass(frozen=True)
class RedLines(Contrast):
    """Sentences that name a limit.

    Attributes:
        table: ``issue``, ``group``, ``count`` (sentences labelled so), ``expected`` (sum of the calibrated
            probabilities over
            the side's own sentences on the issue), ``low``, ``high`` (95% interval of that count), ``acknowledged``
            (sentences of the other side's document on the issue that report this side's position).
        evidence: the sentences, surest first, with counterparts.
        possible: sentences with another label and a probability of at least `POSSIBLE`.
    """

    possible: pd.DataFrame = field(default_factory=pd.DataFrame)

    def plot(self) -> Any:
        """Probability of each red line, by issue and side."""
        from stance.report.charts import red_line_chart

        return red_line_chart(self)


def red_lines(sides: Sides) -> RedLines:
    """Contrast the red lines of two sides.

    Args:
        sides: from `stance.contrast.result.make_sides`.
    """
    limits = sides.codebook["stance"].with_role("limit")
    own = sides.own_voice()
    own = own[own["holder"] != "other"].reset_index(drop=True)
    probability = _limit_probability(own, limits)
    rows = []
    for issue in sides.issues:
        named = names_issue(own, issue)
        for group in sides.groups:
            inside = named & (own[sides.by] == group)
            count = int((inside & own["stance"].isin(limits)).sum())
            expected, low, high = expected_count(probability[inside].to_numpy(dtype=float))
            if count or expected >= 0.5:
                other = sides.of(sides.other(group))
                noted = int((names_issue(other, issue) & (other["holder"] == group)).sum())
                rows.append((issue, group, count, expected, low, high, noted))
    labelled = own["stance"].isin(limits)
    evidence = own[labelled].assign(p_limit=probability[labelled])
    evidence = evidence.sort_values("p_limit", ascending=False, kind="stable")
    doubtful = ~labelled & (probability >= POSSIBLE)
    near = own[doubtful].assign(p_limit=probability[doubtful])
    columns = ["issue", "group", "count", "expected", "low", "high", "acknowledged"]
    notes = (
        "Expected: the sum of calibrated probabilities, with the interval of the count they imply; it covers doubt "
        "about each label, not error of the calibration itself.",
        f"Possible red lines are sentences with another label and a probability of {POSSIBLE:.0%} or more.",
    )
    fields = [*EVIDENCE, "p_limit"]
    return RedLines(
        sides,
        pd.DataFrame(rows, columns=columns),
        evidence[fields].join(nearest_counterparts(sides, evidence)).reset_index(drop=True),
        notes,
        possible=near.sort_values("p_limit", ascending=False, kind="stable")[fields].reset_index(drop=True),
    )


def _limit_probability(table: pd.DataFrame, limits: list[str]) -> pd.Series:
    """Probability that a sentence names a limit; for labels without probabilities, one or zero."""
    values = [
        sum(float(p.get(f"stance:{k}", 0.0)) for k in limits) if p else float(stance in limits)
        for p, stance in zip(table["probs"], table["stance"], strict=True)
    ]
    return pd.Series(values, index=table.index, dtype=float)
