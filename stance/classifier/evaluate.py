"""Evaluation against hand-coded sentences: figures with intervals, support per label, confusion, calibration.

Labels are judged in `tallies`, by kind of sentence in `strata`, probabilities in `confidence`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from stance.annotation.examples import targets
from stance.annotation.standoff import AnnotatedDocument, Annotation, annotations_of, asked
from stance.classifier.confidence import (
    Confidence,
    calibration_table,
    confidences,
    reliability_table,
    risk_coverage_table,
)
from stance.classifier.decision import Decision, ScoringSettings, decide
from stance.classifier.markdown_tables import figure, records
from stance.classifier.metrics import (
    area_under_risk_coverage,
    calibration_error,
    chance_calibration_error,
    f1,
    f1_counts,
    grouped_bootstrap,
)
from stance.classifier.predict import Model
from stance.classifier.strata import break_down, strata_of
from stance.classifier.tallies import figures_with_intervals, tally
from stance.codebook import Codebook

SCORE_WEIGHTS = {
    "stance_macro_f1": 2.0, "issue_main_accuracy": 1.0, "issue_micro_f1": 1.0, "holder_accuracy": 1.0,
    "frame_micro_f1": 1.0,
}  # fmt: skip


def predict_labels(
    logits: np.ndarray, codebook: Codebook, settings: ScoringSettings, lengths: Sequence[int] | None
) -> list[Annotation]:
    """Labels that a model gives, as annotations without a place.

    Args:
        logits: shape (sentences, outputs).
        codebook: the model's codebook.
        settings: its calibration and thresholds.
        lengths: sentences of each run of neighbours, in order; None if every sentence stands alone.
    """
    return as_annotations(decide(logits, codebook, settings, lengths))


def as_annotations(found: Decision) -> list[Annotation]:
    """Labels as annotations without a place."""
    labels = zip(found.issue, found.stance, found.holder, found.frame, strict=True)
    return [Annotation("", i, 0, 0, tuple(a), b, c, tuple(d)) for i, (a, b, c, d) in enumerate(labels)]


def label_documents(model: Model, documents: Iterable[AnnotatedDocument]) -> list[Annotation]:
    """A model's labels of documents' annotated sentences, each with its place, in the order of `annotations_of`."""
    documents = list(documents)
    labels = as_annotations(model.decide([asked(d) for d in documents]))
    return [a.relabelled(g, model.name) for a, g in zip(annotations_of(documents), labels, strict=True)]


def headline(truth: Sequence[Annotation], given: Sequence[Annotation], codebook: Codebook) -> dict[str, float]:
    """All figures of `stance.classifier.metrics.METRICS`, keyed ``dimension_metric``."""
    return {k: float(v[0]) for k, v in tally(truth, given, codebook).figures().items()}


def validation_score(figures: dict[str, float]) -> float:
    """One figure to choose an epoch by: the mean of the headline figures, stance counting twice."""
    return sum(figures[k] * w for k, w in SCORE_WEIGHTS.items()) / sum(SCORE_WEIGHTS.values())


@dataclass(frozen=True)
class Evaluation:
    """What an evaluation found.

    Attributes:
        figures: ``dimension``, ``metric``, ``estimate``, ``low``, ``high``, ``by_chance``, ``sentences`` and
            ``documents``; intervals are of 95%, from resampling documents. Calibration errors have
            none, but what chance alone would give (`stance.classifier.metrics.chance_calibration_error`).
        labels: ``dimension``, ``label``, ``support``, ``given``, ``expected`` (the sum of its probabilities),
            ``precision``, ``recall``, ``f1``.
        confusion: for each exclusive dimension and the main issue, counts with the true label as index.
        errors: one row a sentence, true and given labels side by side with probabilities.
        breakdown: figures by side, year, kind and length, from `stance.classifier.strata.break_down`.
        reliability: from `stance.classifier.confidence.reliability_table`.
        risk_coverage: from `stance.classifier.confidence.risk_coverage_table`.
        calibration: from `stance.classifier.confidence.calibration_table`.
        given: the model's labels, one annotation a sentence, in the order of ``errors``.
    """

    figures: pd.DataFrame
    labels: pd.DataFrame
    confusion: dict[str, pd.DataFrame]
    errors: pd.DataFrame
    breakdown: pd.DataFrame
    reliability: pd.DataFrame
    risk_coverage: pd.DataFrame
    calibration: pd.DataFrame
    given: list[Annotation] = field(repr=False)

    def __str__(self) -> str:
        n, d = int(self.figures["sentences"].iloc[0]), int(self.figures["documents"].iloc[0])
        lines = [f"{n} sentences of {d} documents; 95% intervals from resampling documents", ""]
        for row in records(self.figures):
            lines.append(f"{row['dimension']:8} {row['metric'].replace('_', ' '):34} {figure(row)}")
        shown = self.labels[self.labels["support"] + self.labels["given"] > 0]
        lines += ["", shown.round(3).to_string(index=False)]
        for name, counts in self.confusion.items():
            lines += ["", f"{name}: rows true, columns given", counts.to_string()]
        return "\n".join(lines)


def evaluate(model: Model, documents: Sequence[AnnotatedDocument], samples: int = 1000) -> Evaluation:
    """Compare a model's labels with hand-coded ones.

    Args:
        model: a released model.
        documents: with hand-coded sentences.
        samples: bootstrap samples.
    """
    truth, strata = annotations_of(documents), strata_of(documents)
    codebook, found = model.codebook, model.decide([asked(d) for d in documents])
    given = as_annotations(found)
    figures = figures_with_intervals(tally(truth, given, codebook), samples)
    judged = confidences(truth, found, codebook)
    figures = pd.concat([figures, _confidence_figures(judged, samples)], ignore_index=True)
    figures["sentences"], figures["documents"] = len(truth), len({a.doc_id for a in truth})
    errors = _side_by_side(truth, given, found.each, codebook)
    return Evaluation(
        figures,
        _per_label(truth, given, found.each, codebook),
        _confusions(errors, codebook),
        errors,
        break_down(truth, given, codebook, strata, samples),
        reliability_table(judged),
        risk_coverage_table(judged, samples),
        calibration_table(judged, list(strata["source"]), samples),
        given,
    )


def _confidence_figures(judged: Sequence[Confidence], samples: int) -> pd.DataFrame:
    """Expected calibration error of every confidence, and the area under the risk-coverage curve of single labels."""
    rows: list[dict[str, object]] = []
    for c in judged:
        rows.append(
            {
                "dimension": c.dimension,
                "metric": f"{c.prefix}calibration_error",
                "estimate": calibration_error(c.probability, c.right),
                "by_chance": chance_calibration_error(c.probability, samples),
            }
        )
        if c.one_a_sentence:

            def area(i: np.ndarray, c: Confidence = c) -> float:
                return area_under_risk_coverage(c.probability[i], c.right[i])

            low, high = grouped_bootstrap(area, c.documents, samples)
            estimate = area_under_risk_coverage(c.probability, c.right)
            metric = f"{c.prefix}area_under_risk_coverage"
            rows.append({"dimension": c.dimension, "metric": metric, "estimate": estimate, "low": low, "high": high})
    return pd.DataFrame(rows, columns=["dimension", "metric", "estimate", "low", "high", "by_chance"])


def _per_label(
    truth: Sequence[Annotation], given: Sequence[Annotation], each: np.ndarray, codebook: Codebook
) -> pd.DataFrame:
    t, g = (targets(a, codebook)[0].astype(bool) for a in (truth, given))
    counts = f1_counts(t, g)
    hit, wrong, missed = counts.astype(float)
    with np.errstate(invalid="ignore", divide="ignore"):
        precision, recall = hit / (hit + wrong), hit / (hit + missed)
    return pd.DataFrame(
        {
            "dimension": [o.split(":")[0] for o in codebook.outputs],
            "label": [o.split(":")[1] for o in codebook.outputs],
            "support": t.sum(axis=0),
            "given": g.sum(axis=0),
            "expected": each.sum(axis=0),
            "precision": precision,
            "recall": recall,
            "f1": f1(counts),
        }
    )


def _side_by_side(
    truth: Sequence[Annotation], given: Sequence[Annotation], probability: np.ndarray, codebook: Codebook
) -> pd.DataFrame:
    rows: list[dict[str, Any]] = []
    for i, (t, g) in enumerate(zip(truth, given, strict=True)):
        rows.append(
            {
                "doc_id": t.doc_id, "sent_id": t.sent_id, "start": t.start, "end": t.end,
                "issue": ";".join(t.issue), "issue_given": ";".join(g.issue),
                "issue_main": t.issue[0], "issue_main_given": g.issue[0],
                "stance": t.stance, "stance_given": g.stance, "holder": t.holder, "holder_given": g.holder,
                "frame": ";".join(t.frame), "frame_given": ";".join(g.frame),
                "p_stance": float(probability[i, codebook.columns("stance")].max()),
                "p_holder": float(probability[i, codebook.columns("holder")].max()),
            }
        )  # fmt: skip
    return pd.DataFrame(rows)


def _confusions(errors: pd.DataFrame, codebook: Codebook) -> dict[str, pd.DataFrame]:
    found = {}
    for column, key in (("stance", "stance"), ("holder", "holder"), ("issue_main", "issue")):
        counts = pd.crosstab(errors[column], errors[f"{column}_given"])
        keys = [k for k in codebook[key].keys if k in counts.index or k in counts.columns]
        found[column] = counts.reindex(index=keys, columns=keys, fill_value=0)
    return found
