"""What probabilities are worth: reliability curves, and accuracy against coverage when the model may abstain."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from stance.annotation.examples import targets
from stance.annotation.standoff import Annotation
from stance.classifier.decision import Decision
from stance.classifier.metrics import (
    calibration_error,
    chance_calibration_error,
    grouped_bootstrap,
    reliability,
    selective_accuracy,
)
from stance.codebook import Codebook

LEAST = 0.05
"""Label probabilities below this are left out: nine cells in ten, almost all right, they would hide the rest."""
COVERAGES = np.round(np.arange(0.1, 1.01, 0.1), 1)


@dataclass(frozen=True)
class Confidence:
    """Probabilities of one kind and whether they were right.

    Attributes:
        dimension: the dimension.
        prefix: ``main_`` for the main issue, else empty.
        one_a_sentence: whether it is the probability of the one label given, not of each label of a set.
        probability: shape (n,).
        right: bool, shape (n,): the label is the true one, or in the true set.
        documents: the document of each.
    """

    dimension: str
    prefix: str
    one_a_sentence: bool
    probability: np.ndarray
    right: np.ndarray
    documents: list[str]

    @property
    def name(self) -> str:
        """For tables and figures."""
        return "main issue" if self.prefix else self.dimension if self.one_a_sentence else f"{self.dimension} labels"


def confidences(truth: Sequence[Annotation], given: Decision, codebook: Codebook) -> list[Confidence]:
    """The probabilities of the main issue, stance and holder given, and of every issue and frame.

    Args:
        truth: hand-coded labels.
        given: what a model says of the same sentences.
        codebook: the labels.
    """
    labels, main = (x.astype(bool) for x in targets(truth, codebook))
    documents = np.array([a.doc_id for a in truth])
    found = [_top("issue", "main_", given.main, main, documents)]
    for dimension in codebook.dimensions:
        p, right = given.each[:, codebook.columns(dimension.key)], labels[:, codebook.columns(dimension.key)]
        if dimension.exclusive:
            found.append(_top(dimension.key, "", p, right, documents))
        else:
            rows, columns = np.nonzero(p >= LEAST)
            values = p[rows, columns], right[rows, columns], documents[rows].tolist()
            found.append(Confidence(dimension.key, "", False, *values))
    return [c for c in found if len(c.probability)]


def reliability_table(judged: Sequence[Confidence]) -> pd.DataFrame:
    """Reliability of every kind of probability: ``of`` and the columns of `stance.classifier.metrics.reliability`."""
    parts = []
    for c in judged:
        table = reliability(c.probability, c.right)
        table.insert(0, "of", c.name)
        parts.append(table)
    return pd.concat(parts, ignore_index=True)


def calibration_table(judged: Sequence[Confidence], sides: Sequence[str], samples: int = 1000) -> pd.DataFrame:
    """How far the probabilities of labels given are from the share that is right, of all sentences and of each side's.

    Args:
        judged: from `confidences`; sets of labels are passed over.
        sides: the publishing side of each sentence.
        samples: bootstrap samples of documents; as many draws give the error that chance alone makes.

    Returns:
        ``of``, ``source`` (``all`` for all), ``sentences``, ``confidence`` (mean probability), ``accuracy``, ``gap``
        (the first less the second: above 0 where the model is too sure) with ``low`` and ``high``,
        ``calibration_error`` and ``by_chance``: the mean error if every label were right with just the probability
        given, which is above 0 because a tenth of the sentences is few.
    """
    side = np.asarray(sides)
    rows = []
    for c in judged:
        if not c.one_a_sentence:
            continue
        for source in ("all", *sorted(set(sides))):
            chosen = np.flatnonzero((side == source) | (source == "all"))
            p, right = c.probability[chosen], c.right[chosen]
            documents = [c.documents[i] for i in chosen]
            surplus = p - right

            def gap(i: np.ndarray, surplus: np.ndarray = surplus) -> float:
                return float(surplus[i].mean())

            interval = grouped_bootstrap(gap, documents, samples)
            rows.append(
                (c.name, source, len(p), p.mean(), right.mean(), surplus.mean(), *interval,
                 calibration_error(p, right), chance_calibration_error(p, samples))
            )  # fmt: skip
    columns = [
        "of",
        "source",
        "sentences",
        "confidence",
        "accuracy",
        "gap",
        "low",
        "high",
        "calibration_error",
        "by_chance",
    ]
    return pd.DataFrame(rows, columns=columns)


def risk_coverage_table(judged: Sequence[Confidence], samples: int = 1000) -> pd.DataFrame:
    """Accuracy when only the most confident sentences are labelled.

    Args:
        judged: from `confidences`; sets of labels are passed over.
        samples: bootstrap samples of documents.

    Returns:
        ``of``, ``coverage`` (share of sentences labelled), ``threshold`` (the least confidence among them),
        ``accuracy``, ``low``, ``high``.
    """
    rows = []
    for c in judged:
        if not c.one_a_sentence:
            continue
        ranked = np.sort(c.probability)[::-1]
        curve = selective_accuracy(c.probability, c.right)
        for coverage in COVERAGES:
            last = _last(coverage, len(ranked))

            def at(i: np.ndarray, c: Confidence = c, coverage: float = coverage) -> float:
                return float(selective_accuracy(c.probability[i], c.right[i])[_last(coverage, len(i))])

            interval = grouped_bootstrap(at, c.documents, min(samples, 200))
            rows.append((c.name, float(coverage), float(ranked[last]), float(curve[last]), *interval))
    return pd.DataFrame(rows, columns=["of", "coverage", "threshold", "accuracy", "low", "high"])


def reliability_chart(table: pd.DataFrame) -> Any:
    """Observed accuracy against probability, one panel each; on the diagonal probabilities are honest."""
    import altair as alt

    panels = []
    scale = alt.Scale(domain=[0, 1])
    for name, part in table.groupby("of", sort=False):
        diagonal = alt.Chart(pd.DataFrame({"x": [0.0, 1.0], "y": [0.0, 1.0]})).mark_line(
            strokeDash=[4, 4], color="grey"
        )
        curve = alt.Chart(part).mark_line(point=True).encode(
            x=alt.X("confidence:Q", title="mean probability", scale=scale),
            y=alt.Y("accuracy:Q", title="share right", scale=scale),
        )  # fmt: skip
        line = diagonal.encode(x=alt.X("x:Q", title="mean probability"), y=alt.Y("y:Q", title="share right"))
        panels.append((line + curve).properties(width=170, height=170, title=str(name)))
    return alt.concat(*panels, columns=3)


def risk_coverage_chart(table: pd.DataFrame) -> Any:
    """Accuracy against coverage with 95% bands, one panel for each of main issue, stance and holder."""
    import altair as alt

    panels = []
    floor = float(np.floor(table[["low", "accuracy"]].min().min() * 10) / 10)
    for name, part in table.groupby("of", sort=False):
        x = alt.X("coverage:Q", title="share of sentences labelled", scale=alt.Scale(domain=[0, 1]))
        scale = alt.Scale(domain=[floor, 1])
        band = alt.Chart(part).mark_area(opacity=0.2).encode(
            x=x, y=alt.Y("low:Q", title="accuracy", scale=scale), y2="high:Q"
        )  # fmt: skip
        line = alt.Chart(part).mark_line(point=True).encode(x=x, y=alt.Y("accuracy:Q", title="accuracy", scale=scale))
        panels.append((band + line).properties(width=170, height=170, title=str(name)))
    return alt.concat(*panels, columns=3)


def _top(dimension: str, prefix: str, p: np.ndarray, right: np.ndarray, documents: np.ndarray) -> Confidence:
    top = p.argmax(axis=1)
    rows = np.arange(len(p))
    return Confidence(dimension, prefix, True, p[rows, top], right[rows, top], documents.tolist())


def _last(coverage: float, n: int) -> int:
    return max(0, round(coverage * n) - 1)
