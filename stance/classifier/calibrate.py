"""Calibration on validation documents: temperatures, Platt scaling and thresholds."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.optimize import minimize, minimize_scalar
from scipy.special import expit, log_softmax

from stance.annotation.examples import targets
from stance.annotation.standoff import Annotation
from stance.classifier.decision import Calibration, ScoringSettings, decide_any, decide_issues
from stance.classifier.decision import main_probabilities as main_of
from stance.classifier.decision import probabilities as probabilities_of
from stance.classifier.metrics import micro_f1
from stance.codebook import Codebook, Dimension

THRESHOLDS = np.round(np.arange(0.2, 0.71, 0.02), 2)


def fit_calibration(
    logits: np.ndarray, annotations: Sequence[Annotation], codebook: Codebook
) -> dict[str, Calibration]:
    """Fit how a model's logits are read.

    Args:
        logits: shape (sentences, outputs), of validation sentences that were not trained on.
        annotations: their labels, in the same order.
        codebook: the model's codebook.

    Returns:
        for exclusive dimensions the temperature that minimises the log loss (Guo et al. 2017, section 4.2); for the
        others Platt's scale and shift (one pair a dimension: single labels are too rare) and the threshold of the best
        micro-F1; for the issue also the temperature of the main issue.
    """
    truth, main = targets(annotations, codebook)
    fitted = {}
    for dimension in codebook.dimensions:
        columns = codebook.columns(dimension.key)
        group, wanted = logits[:, columns].astype(float), truth[:, columns]
        if dimension.exclusive:
            fitted[dimension.key] = Calibration(temperature=_temperature(group, wanted))
            continue
        scale, shift = _platt(group, wanted)
        temperature = _temperature(group, main) if dimension.key == "issue" else 1.0
        first = Calibration(temperature, scale, shift)
        settings = ScoringSettings(calibration={dimension.key: first})
        fitted[dimension.key] = Calibration(
            temperature, scale, shift, _threshold(logits, wanted, dimension, codebook, settings)
        )
    return fitted


def _temperature(logits: np.ndarray, wanted: np.ndarray) -> float:
    def loss(log_temperature: float) -> float:
        return -float((log_softmax(logits / np.exp(log_temperature), axis=1) * wanted).sum(axis=1).mean())

    return round(float(np.exp(minimize_scalar(loss, bounds=(-2.0, 2.0), method="bounded").x)), 4)


def _platt(logits: np.ndarray, wanted: np.ndarray) -> tuple[float, float]:
    def loss(parameters: np.ndarray) -> float:
        p = np.clip(expit(parameters[0] * logits + parameters[1]), 1e-7, 1 - 1e-7)
        return -float((wanted * np.log(p) + (1 - wanted) * np.log(1 - p)).mean())

    best = minimize(loss, np.array([1.0, 0.0]), method="Nelder-Mead").x
    return round(float(best[0]), 4), round(float(best[1]), 4)


def _threshold(
    logits: np.ndarray,
    wanted: np.ndarray,
    dimension: Dimension,
    codebook: Codebook,
    settings: ScoringSettings,
) -> float:
    each = probabilities_of(logits, codebook, settings)[:, codebook.columns(dimension.key)]
    main = main_of(logits, codebook, settings)
    best, best_f1 = 0.5, -1.0
    for threshold in THRESHOLDS:
        given = np.zeros(wanted.shape, dtype=bool)
        for row in range(len(given)):
            chosen = (
                decide_issues(main[row], each[row], dimension, threshold)
                if dimension.key == "issue"
                else decide_any(each[row], dimension, threshold)
            )
            given[row, [dimension.keys.index(k) for k in chosen]] = True
        figure = micro_f1(wanted.astype(bool), given)
        if figure > best_f1:
            best, best_f1 = float(threshold), figure
    return best
