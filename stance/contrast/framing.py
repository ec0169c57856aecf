"""Framing: in what terms each side puts an issue, and which words and phrases set the sides apart."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import norm

from stance.contrast.result import EVIDENCE, Contrast, Sides, names_issue
from stance.contrast.statistics import adjusted, bootstrap_difference, clustered_share

MIN_SENTENCES = 5
"""Fewest sentences of each side on an issue for words to be compared on it."""
PRIOR_WORDS = 500.0
"""Largest size of the prior in words: how much text of both sides together each side is shrunk towards."""
ALL = "all issues"


@dataclass(frozen=True)
class Framing(Contrast):
    """Frame shares and distinctive words.

    Attributes:
        table: ``frame``, ``group``, ``count``, ``n``, ``estimate`` (share of the side's substantive sentences),
            ``low``,
            ``high``.
        differences: ``frame``, ``difference``, ``low``, ``high``, ``p``, ``p_adjusted``.
        words: ``issue``, ``term``, ``count_first``, ``count_second``, ``log_odds``, ``se``, ``z``, ``p_adjusted``; a
            positive
            log-odds marks the first group.
    """

    differences: pd.DataFrame = field(default_factory=pd.DataFrame)
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
    rows: list[Any] = []
    tests: list[Any] = []
    notes = [
        "Words are compared by weighted log-odds with an informative Dirichlet prior (Monroe et al. 2008). Their "
        "intervals take every word as an independent draw, so they are too narrow: a name that one document repeats "
        "stands out."
    ]
    if len(table):
        design = sides.design(table)
        notes.append(design.note)
        for frame in sides.codebook["frame"].keys:
            marked = table["frame"].map(lambda given, f=frame: f in given).to_numpy(dtype=bool)
            if not marked.any():
                continue
            for number, group in enumerate(sides.groups):
                inside = design.group == number
                share, low, high = clustered_share(marked, inside, design.unit)
                rows.append((frame, group, int((marked & inside).sum()), int(inside.sum()), share, low, high))
            everything = np.ones(len(table), dtype=bool)
            tests.append({"frame": frame, **bootstrap_difference(marked.astype(float), everything, design)})
    differences = pd.DataFrame(tests, columns=["frame", "difference", "low", "high", "p"])
    differences["p_adjusted"] = adjusted(differences["p"])
    columns = ["frame", "group", "count", "n", "estimate", "low", "high"]
    return Framing(
        sides,
        pd.DataFrame(rows, columns=columns),
        table.loc[table["frame"].map(len) > 0, list(EVIDENCE)].reset_index(drop=True),
        tuple(notes),
        differences=differences,
        words=_words(sides, table),
    )


def _words(sides: Sides, table: pd.DataFrame) -> pd.DataFrame:
    parts = [distinctive_words(sides, table, ALL)]
    for issue in sides.issues:
        chosen = table[names_issue(table, issue)]
        if all((chosen[sides.by] == g).sum() >= MIN_SENTENCES for g in sides.groups):
            parts.append(distinctive_words(sides, chosen, issue))
    return pd.concat(parts, ignore_index=True)


def distinctive_words(sides: Sides, table: pd.DataFrame, issue: str) -> pd.DataFrame:
    """Words and phrases that set one side's sentences apart.

    Args:
        sides: the two groups.
        table: the sentences to compare.
        issue: the name under which the rows stand.

    Returns:
        the columns of `Framing.words`, by falling z; terms that occur at least twice.
    """
    columns = ["issue", "term", "count_first", "count_second", "log_odds", "se", "z", "p_adjusted"]
    vectorizer = _vectorizer(chinese=(table["lang"] == "zh").mean() > 0.5)
    try:
        counts = vectorizer.fit_transform(table["text"])
    except ValueError:  # only stop words
        return pd.DataFrame(columns=columns)
    first, second = (np.asarray(counts[(table[sides.by] == g).to_numpy()].sum(axis=0)).ravel() for g in sides.groups)
    keep = first + second >= 2
    if not keep.any():
        return pd.DataFrame(columns=columns)
    words = float(first.sum() + second.sum())
    log_odds, se = weighted_log_odds(first[keep], second[keep], min(PRIOR_WORDS, words / 2))
    z = log_odds / se
    frame = pd.DataFrame(
        {
            "issue": issue,
            "term": vectorizer.get_feature_names_out()[keep],
            "count_first": first[keep],
            "count_second": second[keep],
            "log_odds": log_odds,
            "se": se,
            "z": z,
        }
    )
    frame["p_adjusted"] = adjusted(pd.Series(2 * norm.sf(np.abs(z)), index=frame.index))
    return frame.sort_values("z", ascending=False, ignore_index=True)


def _vectorizer(chinese: bool) -> Any:
    """Counts words and phrases of up to three words; in Chinese, runs of two to four characters."""
    from sklearn.feature_extraction.text import CountVectorizer

    if chinese:
        return CountVectorizer(
            analyzer="char", ngram_range=(2, 4), preprocessor=lambda text: re.sub(r"[^\u4e00-\u9fff]+", "\n", text)
        )
    return CountVectorizer(ngram_range=(1, 3), stop_words="english", token_pattern=r"(?u)\b[a-zA-Z][\w’'-]+\b")


def weighted_log_odds(
    first: np.ndarray, second: np.ndarray, prior_words: float = PRIOR_WORDS
) -> tuple[np.ndarray, np.ndarray]:
    """Log-odds ratio with an informative Dirichlet prior.

    Monroe, Colaresi and Quinn (2008), equations 15, 16 and 19 to 22, with a prior in proportion to the words of both
    groups together.

    Args:
        first: counts of each term in the first group.
        second: counts in the second group.
        prior_words: sum of the prior's pseudo-counts.

    Returns:
        log-odds ratio (positive for the first group) and its standard error, each of the shape of ``first``.
    """
    first, second = first.astype(float), second.astype(float)
    prior = (first + second) / (first + second).sum() * prior_words
    n_first, n_second, n_prior = first.sum(), second.sum(), prior.sum()
    a, b = first + prior, second + prior
    log_odds = np.log(a / (n_first + n_prior - a)) - np.log(b / (n_second + n_prior - b))
    return log_odds, np.sqrt(1 / a + 1 / b)
