"""Calibration on validation documents: temperatures, the weight of neighbours, Platt scaling and thresholds."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from scipy.optimize import minimize, minimize_scalar
from scipy.special import expit, log_softmax

from stance.annotation.examples import targets
from stance.annotation.standoff import AnnotatedDocument, Annotation, annotations_of, asked
from stance.atomic_write import replacing
from stance.classifier.chain import runs_of, transition_scores
from stance.classifier.decision import Calibration, ScoringSettings, decide_any, decide_issues, read_main
from stance.classifier.decision import main_probabilities as main_of
from stance.classifier.decision import probabilities as probabilities_of
from stance.classifier.metrics import micro_f1
from stance.classifier.predict import Model
from stance.classifier.recipe import Recipe
from stance.classifier.training_data import load_corpus
from stance.codebook import Codebook, Dimension
from stance.documents.document import Document
from stance.errors import StanceError

THRESHOLDS = np.round(np.arange(0.2, 0.71, 0.02), 2)
LEAST_PAIRS = 100
"""Neighbouring validation sentences from which it is judged how much neighbours count; with fewer they do not."""
MOST_WEIGHT = 1.0
"""Bound of the weight of neighbours; at one, transitions count as much as the sentences themselves."""


@dataclass(frozen=True)
class Neighbours:
    """What is known of neighbouring sentences before their weight is fitted.

    Attributes:
        lengths: validation sentences of each run without a gap.
        scores: of main issues, from `stance.classifier.chain.transition_scores`.
    """

    lengths: list[int]
    scores: np.ndarray


def learn_neighbours(
    train: Sequence[AnnotatedDocument], validation: Sequence[AnnotatedDocument], codebook: Codebook
) -> Neighbours | None:
    """Learn from training documents how main issues follow each other.

    Args:
        train: documents with labels; written ones, whose order was invented, only count where there are no others.
        validation: documents that the weight is to be fitted on.
        codebook: the labels.

    Returns:
        None where fewer than `LEAST_PAIRS` validation sentences follow another.
    """
    lengths = runs_of(d.annotations for d in validation)
    published = [d for d in train if any(a.round != "written" for a in d.annotations.values())] or train
    if sum(lengths) - len(lengths) < LEAST_PAIRS or not published:
        return None
    _, main = targets(annotations_of(published), codebook)
    runs = runs_of(d.annotations for d in published)
    return Neighbours(lengths, transition_scores(main.argmax(axis=1), runs, main.shape[1]))


def fit_calibration(
    logits: np.ndarray, annotations: Sequence[Annotation], codebook: Codebook, neighbours: Neighbours | None = None
) -> dict[str, Calibration]:
    """Fit how a model's logits are read.

    Args:
        logits: shape (sentences, outputs), of validation sentences that were not trained on.
        annotations: their labels, in the same order, which is that of documents and positions.
        codebook: the model's codebook.
        neighbours: from `learn_neighbours`; None for sentences that stand alone.

    Returns:
        for exclusive dimensions the temperature that minimises the log loss (Guo et al. 2017, section 4.2); for the
        others Platt's scale and shift (one pair a dimension: single labels are too rare) and the threshold of the best
        micro-F1; for the issue also the temperature of the main issue and, with neighbours, the transitions, whose
        weight is fitted together with a temperature of their own. Other dimensions gained nothing by neighbours.
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
        fit = Calibration(scale=scale, shift=shift)
        if dimension.key == "issue":
            fit = replace(fit, temperature=_temperature(group, main))
            fit = _with_neighbours(group, main, fit, neighbours) if neighbours else fit
        settings = ScoringSettings(calibration={dimension.key: fit})
        lengths = neighbours.lengths if neighbours else None
        threshold = _threshold(logits, wanted, dimension, codebook, settings, lengths)
        fitted[dimension.key] = replace(fit, threshold=threshold)
    return fitted


def calibrate_model(folder: Path, recipe: Recipe, documents: Iterable[Document]) -> ScoringSettings:
    """Fit a trained model's calibration anew, as training does at its end, and write its ``scoring.json``.

    Args:
        folder: of the model; its ``manifest.json`` is told what was calibrated on.
        recipe: names the annotations and which of their documents are for validation.
        documents: that the annotations refer to.

    Raises:
        StanceError: if the model or the recipe's data cannot be read or do not go together, or a file cannot be
            written.
    """
    model, manifest = Model(folder, precision="f32"), folder / "manifest.json"
    try:
        about = json.loads(manifest.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise StanceError(
            f"{manifest}: cannot be read ({error}). Give the folder of a model from `stance train`"
        ) from error
    corpus = load_corpus(recipe, documents, model.codebook)
    logits = model.predict([asked(d) for d in corpus.validation]).values
    annotations = annotations_of(corpus.validation)
    neighbours = learn_neighbours(corpus.train, corpus.validation, model.codebook)
    fitted = fit_calibration(logits, annotations, model.codebook, neighbours)
    settings = replace(model.settings, calibration=fitted)
    settings.write(folder)  # of a model kept as differences, ``model.folder`` is a copy in the cache
    about["calibrated_anew"] = {"validation_sentences": len(annotations), "annotations_sha256": corpus.digest}
    with replacing(manifest) as temporary:
        temporary.write_text(json.dumps(about, indent=2) + "\n", encoding="utf-8")
    return settings


def _with_neighbours(logits: np.ndarray, wanted: np.ndarray, alone: Calibration, neighbours: Neighbours) -> Calibration:
    """The temperature and the weight of transitions that minimise the log loss of each sentence in its document."""

    def read(parameters: np.ndarray) -> Calibration:
        transitions = np.round(parameters[1] * neighbours.scores, 4)
        temperature = round(float(np.exp(parameters[0])), 4)
        return replace(alone, chained_temperature=temperature, transitions=tuple(map(tuple, transitions.tolist())))

    def loss(parameters: np.ndarray) -> float:
        p = (read_main(logits, read(parameters), neighbours.lengths) * wanted).sum(axis=1)
        return -float(np.log(p.clip(1e-12)).mean())

    start, bounds = np.array([np.clip(np.log(alone.temperature), -1.9, 1.9), 0.2]), [(-2.0, 2.0), (0.0, MOST_WEIGHT)]
    best = minimize(loss, start, method="Nelder-Mead", bounds=bounds, options={"xatol": 1e-3, "fatol": 1e-6}).x
    return read(best)


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
    lengths: Sequence[int] | None,
) -> float:
    each = probabilities_of(logits, codebook, settings)[:, codebook.columns(dimension.key)]
    main = main_of(logits, codebook, settings, lengths)
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
