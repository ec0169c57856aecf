"""Framing: in what terms each side puts an issue, and which words and phrases set the sides apart."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from stance.contrast.distinctive_words import COLUMNS, distinctive_words
from stance.contrast.resampling import share_difference
from stance.contrast.result import EVIDENCE, Contrast, Sides, carries
from stance.contrast.statistics import Design, adjusted, clustered_share

MIN_SENTENCES = 5
"""Fewest sentences of each side on an issue for words to be compared on it."""
ALL = "all issues"


@dataclass(frozen=True, repr=False)
class Framing(Contrast):
    """Frame shares and distinctive words.

    Attributes:
        table: ``frame``, ``group``, ``count``, ``n``, ``estimate`` (share of the side's substantive sentences),
            ``low``, ``high``.
        differences: ``frame``, ``difference``, ``low``, ``high``, ``p``, ``p_adjusted``.
        by_issue: ``issue``, ``frame``, ``group``, ``count``, ``n``, ``estimate``, ``low``, ``high``, of shared issues.
        words: ``issue``, ``term``, ``count_first``, ``count_second``, ``documents_first``, ``documents_second``,
            ``log_odds``, ``se``, ``z``, ``p_adjusted`` (of z, words taken as independent draws; false discovery
            rate), ``p_units`` (from exchanging whole units between the sides; family-wise error over all terms of the
            issue; NaN for too few units). A positive log-odds marks the first group.
    """

    differences: pd.DataFrame = field(default_factory=pd.DataFrame)
    by_issue: pd.DataFrame = field(default_factory=pd.DataFrame)
    words: pd.DataFrame = field(default_factory=pd.DataFrame)

    def plot(self) -> Any:
        """Frame shares of the two sides with intervals."""
        from stance.report.charts import frame_chart

        return frame_chart(self)

    def plot_words(self, issue: str = ALL, top: int = 12) -> Any:
        """Distinctive words with 95% intervals."""
        from stance.report.charts import words_chart

        return words_chart(self, issue, top)


def framing(sides: Sides) -> Framing:
    """Contrast the frames and words of two sides, each speaking for itself or for both.

    Args:
        sides: from `stance.contrast.result.make_sides`.
    """
    table = sides.substantive(sides.own_voice()).reset_index(drop=True)
    design = sides.design(table)
    carried = {frame: carries(table, "frame", frame) for frame in sides.codebook["frame"].keys}
    rows, tests = [], []
    everything = np.ones(len(table), dtype=bool)
    for frame, hit in carried.items():
        if not hit.any():
            continue
        for number, group in enumerate(sides.groups):
            inside = design.group == number
            shares = clustered_share(hit, inside, design.unit)
            rows.append((frame, group, int((hit & inside).sum()), int(inside.sum()), *shares))
        tests.append({"frame": frame, **share_difference(hit, everything, design)})
    differences = pd.DataFrame(tests, columns=["frame", "difference", "low", "high", "p"])
    differences["p_adjusted"] = adjusted(differences["p"])
    columns = ["frame", "group", "count", "n", "estimate", "low", "high"]
    first, second = design.names
    if not design.alike:
        cite = f"The {first}s of one side cannot be exchanged with {second}s of the other instead: cite no word."
    elif first == "sentence":
        cite = "There are too few documents and paragraphs to exchange instead: cite no word."
    else:
        cite = f"p_units exchanges whole units ({first}s) instead; cite words by it."
    notes = (
        "Words are compared by weighted log-odds with an informative Dirichlet prior (Monroe et al. 2008). Their "
        "intervals take every word as an independent draw, so they are too narrow: a name that one document repeats "
        f"stands out. {cite}",
        design.note,
        *sides.prediction_note,
    )
    return Framing(
        sides,
        pd.DataFrame(rows, columns=columns),
        table.loc[table["frame"].map(len) > 0, list(EVIDENCE)].reset_index(drop=True),
        notes,
        differences=differences,
        by_issue=_by_issue(sides, table, carried, design.unit),
        words=_words(sides, table, design),
    )


def _by_issue(sides: Sides, table: pd.DataFrame, carried: dict[str, np.ndarray], unit: np.ndarray) -> pd.DataFrame:
    cells = list(sides.cells(table))
    shared = {i for i in sides.issues if all(inside.any() for issue, _, inside in cells if issue == i)}
    rows = []
    for issue, group, inside in cells:
        for frame, hit in carried.items():
            if issue in shared and (hit & carries(table, "issue", issue)).any():
                shares = clustered_share(hit, inside, unit)
                rows.append((issue, frame, group, int((hit & inside).sum()), int(inside.sum()), *shares))
    return pd.DataFrame(rows, columns=["issue", "frame", "group", "count", "n", "estimate", "low", "high"])


def _words(sides: Sides, table: pd.DataFrame, design: Design) -> pd.DataFrame:
    parts = [distinctive_words(sides, table, ALL, design)] if len(table) else []
    for issue in sides.issues:
        raised = carries(table, "issue", issue)
        if all((raised & (design.group == number)).sum() >= MIN_SENTENCES for number in (0, 1)):
            parts.append(distinctive_words(sides, table[raised], issue, design.of(raised)))
    found = [p for p in parts if len(p)]
    return pd.concat(found, ignore_index=True) if found else pd.DataFrame(columns=COLUMNS)
