"""Figures of merit of labels against labels, and their intervals, from counts by document.

Every figure is a function of sums over documents: true and false positives of each label, and sentences whose labels
agree in full. A bootstrap sample of documents is then a row of weights, and two systems are compared on the same rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from stance.annotation.examples import targets
from stance.annotation.standoff import Annotation
from stance.classifier.metrics import METRICS, f1
from stance.codebook import Codebook
from stance.intervals import MIN_UNITS, expanded_percentiles


@dataclass(frozen=True)
class Tally:
    """Counts by document.

    Attributes:
        codebook: the labels.
        documents: ids, in the order of the rows.
        sentences: shape (documents,).
        counts: true positives, false positives and false negatives: shape (documents, 3, outputs).
        hits: sentences that agree in main issue, stance and holder: shape (documents, 3).
    """

    codebook: Codebook
    documents: list[str]
    sentences: np.ndarray
    counts: np.ndarray
    hits: np.ndarray

    def figures(self, weights: np.ndarray | None = None) -> dict[str, np.ndarray]:
        """All figures of `stance.classifier.metrics.METRICS`, keyed ``dimension_metric``.

        Args:
            weights: how often each document counts, shape (samples, documents); None for once.

        Returns:
            for each figure an array of shape (samples,). Macro-F1 is the mean over the labels that occur in the truth
            of the sample; accuracy the share of sentences that agree.
        """
        w = np.ones((1, len(self.documents))) if weights is None else weights
        sums = np.einsum("sd,dko->kso", w, self.counts, optimize=True)
        with np.errstate(invalid="ignore", divide="ignore"):
            right = (w @ self.hits) / (w @ self.sentences)[:, None]
        found: dict[str, np.ndarray] = {}
        for key, metrics in METRICS.items():
            part = sums[:, :, self.codebook.columns(key)]
            for metric in metrics:
                if metric == "macro_f1":
                    value = _macro(part)
                elif metric == "micro_f1":
                    value = f1(part.sum(axis=2))
                else:
                    value = right[:, ("issue", "stance", "holder").index(key)]
                found[f"{key}_{metric}"] = value
        return found


def tally(
    truth: Sequence[Annotation], given: Sequence[Annotation], codebook: Codebook, groups: Sequence[str] | None = None
) -> Tally:
    """Count agreements and errors by document.

    Args:
        truth: the labels that count as right.
        given: the labels to judge, in the same order.
        codebook: the labels.
        groups: the document of each sentence; None for those of ``truth``.
    """
    names = [a.doc_id for a in truth] if groups is None else list(groups)
    documents = list(dict.fromkeys(names))
    row = {name: i for i, name in enumerate(documents)}
    rows = np.array([row[name] for name in names], dtype=int)
    (t, t_main), (g, g_main) = targets(truth, codebook), targets(given, codebook)
    each = np.stack([t * g, (1 - t) * g, t * (1 - g)], axis=1)
    same = [(t_main == g_main).all(axis=1)]
    same += [(t[:, codebook.columns(k)] == g[:, codebook.columns(k)]).all(axis=1) for k in ("stance", "holder")]
    return Tally(
        codebook,
        documents,
        _summed(np.ones(len(rows)), rows, len(documents)),
        _summed(each, rows, len(documents)),
        _summed(np.stack(same, axis=1).astype(float), rows, len(documents)),
    )


def resamples(documents: int, samples: int = 1000) -> np.ndarray:
    """Bootstrap weights (Efron and Tibshirani 1993): how often each document is drawn.

    Returns:
        shape (samples, documents); no rows if there are fewer documents than `stance.intervals.MIN_UNITS`.
    """
    if documents < MIN_UNITS:
        return np.zeros((0, documents))
    draws = np.random.default_rng(0).multinomial(documents, np.full(documents, 1 / documents), size=samples)
    return np.asarray(draws, dtype=float)


def figures_with_intervals(counted: Tally, samples: int = 1000) -> pd.DataFrame:
    """All figures with intervals (`stance.intervals.expanded_percentiles`): dimension, metric, estimate, low, high."""
    n = len(counted.documents)
    estimates, boot = counted.figures(), counted.figures(resamples(n, samples))
    rows = [(*k.split("_", 1), float(v[0]), *expanded_percentiles(boot[k], n)) for k, v in estimates.items()]
    return pd.DataFrame(rows, columns=["dimension", "metric", "estimate", "low", "high"])


def paired_differences(first: Tally, second: Tally, samples: int = 10000) -> pd.DataFrame:
    """How much better the first is than the second on the same documents.

    Args:
        first: counts of one system.
        second: counts of another, of the same documents in the same order.
        samples: bootstrap samples; both are judged on the same ones.

    Returns:
        ``dimension``, ``metric``, ``first``, ``second``, ``difference``, ``low``, ``high`` (95% interval of the
        difference, `stance.intervals.expanded_percentiles`) and ``p``: two-sided, twice the smaller share of bootstrap
        differences on either side of zero (with one added to both counts, Davison and Hinkley 1997, section 4.2); NaN
        for fewer documents than `stance.intervals.MIN_UNITS`.
    """
    weights = resamples(len(first.documents), samples)
    one, two = first.figures(), second.figures()
    boot_one, boot_two = first.figures(weights), second.figures(weights)
    rows = []
    for k, value in one.items():
        change = boot_one[k] - boot_two[k]
        smaller = min((change <= 0).sum(), (change >= 0).sum())
        p = min(1.0, 2 * (smaller + 1) / (len(change) + 1)) if len(change) else float("nan")
        estimates = float(value[0]), float(two[k][0])
        interval = expanded_percentiles(change, len(first.documents))
        rows.append((*k.split("_", 1), *estimates, estimates[0] - estimates[1], *interval, p))
    columns = ["dimension", "metric", "first", "second", "difference", "low", "high", "p"]
    return pd.DataFrame(rows, columns=columns)


def _summed(values: np.ndarray, rows: np.ndarray, documents: int) -> np.ndarray:
    sums = np.zeros((documents, *values.shape[1:]))
    np.add.at(sums, rows, values)
    return sums


def _macro(counts: np.ndarray) -> np.ndarray:
    """Macro-F1 of counts of shape (3, samples, labels)."""
    each = np.nan_to_num(f1(counts))
    present = counts[0] + counts[2] > 0
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray((each * present).sum(axis=1) / present.sum(axis=1))
