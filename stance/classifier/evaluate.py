"""Evaluation against hand-coded sentences: figures with intervals, support per label, confusion, calibration."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from stance.annotation.examples import Example, targets
from stance.annotation.standoff import Annotation
from stance.classifier.decision import (
    ScoringSettings,
    decide_any,
    decide_issues,
    main_probabilities,
    probabilities,
)
from stance.classifier.metrics import (
    METRICS,
    accuracy,
    calibration_error,
    f1,
    f1_counts,
    grouped_bootstrap,
    macro_f1,
    micro_f1,
)
from stance.classifier.predict import Model
from stance.codebook import Codebook

SCORE_WEIGHTS = {
    "stance_macro_f1": 2.0, "issue_main_accuracy": 1.0, "issue_micro_f1": 1.0, "holder_accuracy": 1.0,
    "frame_micro_f1": 1.0,
}  # fmt: skip


def predict_labels(logits: np.ndarray, codebook: Codebook, settings: ScoringSettings) -> list[Annotation]:
    """Labels that a model gives, as annotations without a place.

    Args:
        logits: shape (sentences, outputs).
        codebook: the model's codebook.
        settings: its calibration and thresholds.
    """
    each = probabilities(logits, codebook, settings)
    main = main_probabilities(logits, codebook, settings)
    issue, frame = codebook["issue"], codebook["frame"]
    given = []
    for i in range(len(logits)):
        issues = decide_issues(main[i], each[i, codebook.columns("issue")], issue, settings.of("issue").threshold)
        frames = decide_any(each[i, codebook.columns("frame")], frame, settings.of("frame").threshold)
        stance, holder = (codebook[k].keys[int(each[i, codebook.columns(k)].argmax())] for k in ("stance", "holder"))
        given.append(Annotation("", i, 0, 0, tuple(issues), stance, holder, tuple(frames)))
    return given


def headline(truth: Sequence[Annotation], given: Sequence[Annotation], codebook: Codebook) -> dict[str, float]:
    """All figures of `stance.classifier.metrics.METRICS`, keyed ``dimension_metric``."""
    return _figures(_coded(truth, codebook), _coded(given, codebook), codebook)


Coded = tuple[np.ndarray, np.ndarray]
"""Labels (n, outputs) and main issues (n, issues), both bool."""


def _coded(annotations: Sequence[Annotation], codebook: Codebook) -> Coded:
    labels, main = targets(annotations, codebook)
    return labels.astype(bool), main.astype(bool)


def _figures(truth: Coded, given: Coded, codebook: Codebook) -> dict[str, float]:
    measure = {"macro_f1": macro_f1, "micro_f1": micro_f1, "accuracy": accuracy}
    figures = {}
    for key, metrics in METRICS.items():
        columns = codebook.columns(key)
        for metric in metrics:
            if metric == "main_accuracy":
                figures[f"{key}_{metric}"] = accuracy(truth[1], given[1])
            else:
                figures[f"{key}_{metric}"] = measure[metric](truth[0][:, columns], given[0][:, columns])
    return figures


def validation_score(figures: dict[str, float]) -> float:
    """One figure to choose an epoch by: the mean of the headline figures, stance counting twice."""
    return sum(figures[k] * w for k, w in SCORE_WEIGHTS.items()) / sum(SCORE_WEIGHTS.values())


@dataclass(frozen=True)
class Evaluation:
    """What an evaluation found.

    Attributes:
        figures: ``dimension``, ``metric``, ``estimate``, ``low``, ``high``, ``sentences``, ``documents``; intervals
            are 95%
            percentile intervals from resampling documents.
        labels: ``dimension``, ``label``, ``support``, ``given``, ``precision``, ``recall``, ``f1``.
        confusion: for each exclusive dimension and the main issue, counts with the true label as index.
        errors: one row a sentence, true and given labels side by side with probabilities.
    """

    figures: pd.DataFrame
    labels: pd.DataFrame
    confusion: dict[str, pd.DataFrame]
    errors: pd.DataFrame

    def __str__(self) -> str:
        n, d = int(self.figures["sentences"].iloc[0]), int(self.figures["documents"].iloc[0])
        lines = [f"{n} sentences of {d} documents; 95% intervals from resampling documents", ""]
        for row in self.figures.itertuples():
            lines.append(f"{row.dimension:8} {row.metric:16} {row.estimate:.3f}  [{row.low:.3f}, {row.high:.3f}]")
        shown = self.labels[self.labels["support"] + self.labels["given"] > 0]
        lines += ["", shown.round(3).to_string(index=False)]
        for name, counts in self.confusion.items():
            lines += ["", f"{name}: rows true, columns given", counts.to_string()]
        return "\n".join(lines)


def evaluate(model: Model, examples: Sequence[Example], samples: int = 1000) -> Evaluation:
    """Compare a model's labels with hand-coded ones.

    Args:
        model: a released model.
        examples: hand-coded sentences with their input, from `stance.annotation.examples.make_examples`.
        samples: bootstrap samples.
    """
    truth = [e.annotation for e in examples]
    logits = model.predict([(e.sentence, e.context) for e in examples]).values
    return compare_labels(
        truth,
        logits,
        model.codebook,
        model.settings,
        groups=[e.document.doc_id for e in examples],
        samples=samples,
    )


def compare_labels(
    truth: Sequence[Annotation],
    logits: np.ndarray,
    codebook: Codebook,
    settings: ScoringSettings,
    groups: Sequence[str],
    samples: int = 1000,
) -> Evaluation:
    """Compare logits with annotations; see `evaluate`."""
    given = predict_labels(logits, codebook, settings)
    t, g = _coded(truth, codebook), _coded(given, codebook)
    figures = _figures(t, g, codebook)
    boot: dict[str, list[float]] = {k: [] for k in figures}

    def collect(i: np.ndarray) -> float:
        for k, v in _figures((t[0][i], t[1][i]), (g[0][i], g[1][i]), codebook).items():
            boot[k].append(v)
        return 0.0

    grouped_bootstrap(collect, groups, samples)
    table = []
    for key, value in figures.items():
        dimension, metric = key.split("_", 1)
        low, high = np.nanpercentile(boot[key], [2.5, 97.5]) if boot[key] else (np.nan, np.nan)
        table.append((dimension, metric, value, low, high))
    errors = _side_by_side(truth, given, probabilities(logits, codebook, settings), codebook)
    for key in ("stance", "holder"):
        right = (errors[key] == errors[f"{key}_given"]).to_numpy()
        confidence = errors[f"p_{key}"].to_numpy()
        low, high = grouped_bootstrap(partial(_calibration_of, confidence, right), groups, samples)
        table.append((key, "calibration_error", calibration_error(confidence, right), low, high))
    frame = pd.DataFrame(table, columns=["dimension", "metric", "estimate", "low", "high"])
    frame["sentences"], frame["documents"] = len(truth), len(set(groups))
    return Evaluation(frame, _per_label(truth, given, codebook), _confusions(errors, codebook), errors)


def _calibration_of(confidence: np.ndarray, right: np.ndarray, rows: np.ndarray) -> float:
    return calibration_error(confidence[rows], right[rows])


def _per_label(truth: Sequence[Annotation], given: Sequence[Annotation], codebook: Codebook) -> pd.DataFrame:
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
