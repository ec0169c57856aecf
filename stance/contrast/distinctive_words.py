"""Distinctive words: weighted log-odds with an informative Dirichlet prior (Monroe, Colaresi and Quinn 2008)."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse
from scipy.stats import norm

from stance.contrast.result import Sides
from stance.contrast.statistics import Design, adjusted
from stance.intervals import MIN_UNITS

PRIOR_WORDS = 500.0
"""Largest size of the prior in words: how much text of both sides together each side is shrunk towards."""
PERMUTATIONS = 500
"""Exchanges of whole units between the sides."""
LONG = 50_000
"""From this number of words and phrases on, a term has to occur five times, else twice."""
_WORD = r"(?u)\b[a-zA-Z](?:[\w’']|-(?!\w\.\w))+\b"
"""Two letters or more, hyphens among them, but not those before an abbreviation: of `China-U.S.`, `China`."""
COLUMNS = [
    "issue", "term", "count_first", "count_second", "documents_first", "documents_second", "log_odds", "se", "z",
    "p_adjusted", "p_units",
]  # fmt: skip


def distinctive_words(sides: Sides, table: pd.DataFrame, issue: str, design: Design) -> pd.DataFrame:
    """Words and phrases that set one side's sentences apart.

    Args:
        sides: the two groups.
        table: the sentences to compare.
        issue: the name under which the rows stand.
        design: groups and units of these sentences; the units are those of all sentences, of which these are a part.

    Returns:
        the columns of `COLUMNS`, by falling z; terms that occur at least twice, in a long text five times. No
        rows where there are fewer than two.
    """
    vectorizer = _vectorizer(chinese=(table["lang"] == "zh").mean() > 0.5)
    try:
        counts = sparse.csr_matrix(vectorizer.fit_transform(table["text"]))
    except ValueError:  # only stop words
        return pd.DataFrame(columns=COLUMNS)
    enough = 2 if counts.sum() < LONG else 5
    keep = np.asarray(counts.sum(axis=0)).ravel() >= enough
    if keep.sum() < 2:  # of a single term there are no odds
        return pd.DataFrame(columns=COLUMNS)
    counts = counts[:, np.flatnonzero(keep)]
    inside = [(table[sides.by] == g).to_numpy(dtype=bool) for g in sides.groups]
    first, second = (np.asarray(counts[rows].sum(axis=0)).ravel() for rows in inside)
    prior_words = min(PRIOR_WORDS, float(first.sum() + second.sum()) / 2)
    log_odds, se = weighted_log_odds(first, second, prior_words)
    z = log_odds / se
    document = pd.factorize(table["doc_id"])[0]
    frame = pd.DataFrame(
        {
            "issue": issue,
            "term": vectorizer.get_feature_names_out()[keep],
            "count_first": first,
            "count_second": second,
            "documents_first": (_by_unit(counts[inside[0]], document[inside[0]]) > 0).sum(axis=0),
            "documents_second": (_by_unit(counts[inside[1]], document[inside[1]]) > 0).sum(axis=0),
            "log_odds": log_odds,
            "se": se,
            "z": z,
        }
    )
    frame["p_adjusted"] = adjusted(pd.Series(2 * norm.sf(np.abs(z)), index=frame.index))
    frame["p_units"] = permutation_p(counts, design, z, prior_words)
    return frame.sort_values("z", ascending=False, ignore_index=True)


def _by_unit(counts: Any, unit: np.ndarray) -> np.ndarray:
    """Counts added up by unit, shape (units, terms)."""
    codes = np.unique(unit, return_inverse=True)[1]
    rows = int(codes.max()) + 1 if len(codes) else 0
    gather = sparse.csr_matrix((np.ones(len(codes)), (codes, np.arange(len(codes)))), shape=(rows, len(codes)))
    return np.asarray((gather @ counts).todense())


def permutation_p(counts: Any, design: Design, z: np.ndarray, prior_words: float) -> np.ndarray:
    """Family-wise p of each term from exchanging whole units between the sides.

    The p of a term is the share of exchanges in which the largest z of all terms reaches its own (Westfall and Young
    1993, the maxT procedure), so that the burstiness of words within a unit is kept.

    Args:
        counts: sparse, shape (sentences, terms).
        design: groups and units of the sentences.
        z: observed z of each term.
        prior_words: sum of the prior's pseudo-counts.

    Returns:
        shape (terms,); NaN where a side has fewer than `MIN_UNITS` meetings, documents or paragraphs: exchanging single
        sentences would take a document that repeats its words for many; and where the sides' units are not of one kind.
    """
    cell = design.unit * 2 + design.group
    keys = np.unique(cell)
    side, unit = keys % 2, np.unique(keys // 2, return_inverse=True)[1]
    if not design.alike or "sentence" in design.names or min((side == g).sum() for g in (0, 1)) < MIN_UNITS:
        return np.full(len(z), np.nan)
    cells = _by_unit(counts, cell)
    total = cells.sum(axis=0)
    rng = np.random.default_rng(0)
    largest = np.empty(PERMUTATIONS)
    for i in range(PERMUTATIONS):
        flipped = side ^ rng.integers(0, 2, int(unit.max()) + 1)[unit] if design.paired else rng.permutation(side)
        first = (flipped == 0).astype(float) @ cells
        log_odds, se = weighted_log_odds(first, total - first, prior_words)
        largest[i] = np.abs(log_odds / se).max()
    reached = (largest[None, :] >= np.abs(z)[:, None] - 1e-9).sum(axis=1)
    return np.asarray((reached + 1) / (PERMUTATIONS + 1))


def _vectorizer(chinese: bool) -> Any:
    """Counts words and phrases of up to three words; in Chinese, runs of two to four characters."""
    from sklearn.feature_extraction.text import CountVectorizer

    if chinese:
        return CountVectorizer(
            analyzer="char", ngram_range=(2, 4), preprocessor=lambda text: re.sub(r"[^\u4e00-\u9fff]+", "\n", text)
        )
    return CountVectorizer(ngram_range=(1, 3), stop_words="english", token_pattern=_WORD)


def weighted_log_odds(
    first: np.ndarray, second: np.ndarray, prior_words: float = PRIOR_WORDS, prior: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Log-odds ratio with an informative Dirichlet prior.

    Monroe, Colaresi and Quinn (2008), equations 15, 16 and 19 to 22.

    Args:
        first: counts of each term in the first group.
        second: counts in the second group.
        prior_words: sum of the prior's pseudo-counts, which are in proportion to the words of both groups together.
        prior: the pseudo-counts themselves, if another prior is wanted.

    Returns:
        log-odds ratio (positive for the first group) and its standard error, each of the shape of ``first``.
    """
    first, second = first.astype(float), second.astype(float)
    if prior is None:
        prior = (first + second) / (first + second).sum() * prior_words
    n_first, n_second, n_prior = first.sum(), second.sum(), prior.sum()
    a, b = first + prior, second + prior
    log_odds = np.log(a / (n_first + n_prior - a)) - np.log(b / (n_second + n_prior - b))
    return log_odds, np.sqrt(1 / a + 1 / b)
