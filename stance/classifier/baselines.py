"""Baselines: what other methods reach with the same training sentences. Needs the extra «train», setfit «baselines».

Every baseline gives one logit a label, as the model does, and is then calibrated on the validation documents and
decided by the same rules, but for the neighbours of a sentence, which count for models alone.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix, hstack

from stance.annotation.examples import Example, make_examples, targets
from stance.annotation.splits import read_splits
from stance.annotation.standoff import Annotation, join, read_annotations
from stance.classifier.calibrate import fit_calibration
from stance.classifier.decision import ScoringSettings
from stance.classifier.embeddings import embed
from stance.classifier.evaluate import predict_labels
from stance.classifier.few_shot import require_setfit, setfit
from stance.classifier.fitting_record import DIGEST
from stance.classifier.recipe import Recipe
from stance.classifier.training_data import load_corpus
from stance.codebook import Codebook, load_codebook
from stance.documents.document import Document
from stance.errors import StanceError
from stance.table.schema import SOURCES

logger = logging.getLogger(__name__)

REGULARISATION = 10.0
"""C of the logistic regressions; fixed in advance, not tuned."""
SIMILARITY_SCALE = 20.0
"""Turns a cosine into a logit before calibration, as sentence encoders are trained with."""

Parts = Sequence[Sequence[Example]]
"""Training, validation and evaluated sentences."""
Logits = tuple[np.ndarray, np.ndarray]
"""Of the validation and of the evaluated sentences: shape (sentences, outputs)."""


def majority(parts: Parts, codebook: Codebook) -> Logits:
    """The most frequent label of each dimension: its log odds, whatever the sentence says."""
    share = targets([e.annotation for e in parts[0]], codebook)[0].mean(axis=0).clip(1e-4, 1 - 1e-4)
    odds = np.log(share / (1 - share))
    return np.tile(odds, (len(parts[1]), 1)), np.tile(odds, (len(parts[2]), 1))


def tfidf_regression(parts: Parts, codebook: Codebook) -> Logits:
    """Logistic regression on TF-IDF weights of words and pairs of words, of sentence and context apart."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    fields: tuple[Callable[[Example], str], ...] = (lambda e: e.sentence, lambda e: e.context)
    columns: list[list[csr_matrix]] = [[], [], []]
    for field, longest in zip(fields, (2, 1), strict=True):
        weigh = TfidfVectorizer(ngram_range=(1, longest), min_df=3, sublinear_tf=True).fit(map(field, parts[0]))
        for part, column in zip(parts, columns, strict=True):
            column.append(weigh.transform(map(field, part)))
    return _regression([hstack(c, format="csr") for c in columns], parts[0], codebook)


def embedding_regression(parts: Parts, codebook: Codebook, encoder: str = "minilm-l6", *, half: bool = False) -> Logits:
    """Logistic regression on a frozen encoder's embedding of the sentence, and the side that published it."""
    features = []
    for part in parts:
        side = np.array([[e.document.source == s for s in SOURCES] for e in part], dtype=np.float32)
        features.append(np.hstack([embed([e.sentence for e in part], encoder, half=half), side]))
    return _regression(features, parts[0], codebook)


def nearest_description(parts: Parts, codebook: Codebook) -> Logits:
    """Zero-shot: cosine of the sentence's embedding with that of each label's name and definition.

    No sentence is trained on; temperatures and thresholds are fitted on the validation documents like all others'.
    """
    described = [f"{label.name}: {label.definition}" for d in codebook.dimensions for label in d.labels]
    labels = embed(described)
    first, second = (embed([e.sentence for e in part]) @ labels.T * SIMILARITY_SCALE for part in parts[1:])
    return first, second


BASELINES: dict[str, Callable[[Parts, Codebook], Logits]] = {
    "majority": majority,
    "nearest-description": nearest_description,
    "tfidf-regression": tfidf_regression,
    "embedding-regression": embedding_regression,
    "embedding-regression-mpnet": partial(embedding_regression, encoder="mpnet-base", half=True),
    "setfit": setfit,
}
"""All baselines by name, simplest first."""


def label_with_baselines(
    recipe: Recipe, documents: Sequence[Document], gold: Sequence[Path], names: Sequence[str] = tuple(BASELINES)
) -> tuple[dict[str, list[Annotation]], dict[str, Any]]:
    """Fit baselines on a recipe's training sentences and let them label hand-coded ones.

    Args:
        recipe: from `stance.classifier.recipe.load_recipe`; names training, validation and written sentences.
        documents: the documents that its annotations, and the gold, refer to.
        gold: files of hand-coded sentences; those of the recipe's train and validation documents are passed over.
        names: of `BASELINES`.

    Returns:
        by baseline, annotations with the place and hash of the gold and the labels given; and what all were fitted on,
            for `stance.classifier.fitting_record.write_fitting`.

    Raises:
        StanceError: if nothing is left to train on or to label, or a package or an encoder cannot be had.
    """
    codebook = load_codebook(recipe.resolve(recipe.data.codebook))
    corpus = load_corpus(recipe, documents, codebook)
    splits = read_splits(recipe.resolve(recipe.data.splits)) if recipe.data.splits else {}
    seen = {d.document.doc_id for d in (*corpus.train, *corpus.validation)} | {d for d in splits if splits[d] != "test"}
    unseen = {a.span: a for g in gold for a in read_annotations(g, codebook) if a.doc_id not in seen}
    joined = join(list(unseen.values()), documents)
    evaluated = make_examples(joined.documents, recipe.context)
    if not evaluated:
        raise StanceError(f"{gold[0]}: no sentence is left to label ({joined}). Give its documents with --documents")
    train, validation = (make_examples(part, recipe.context) for part in (corpus.train, corpus.validation))
    counts = {"train_sentences": len(train), "validation_sentences": len(validation)}
    return predict_with_baselines((train, validation, evaluated), codebook, names), {DIGEST: corpus.digest, **counts}


def predict_with_baselines(parts: Parts, codebook: Codebook, names: Sequence[str]) -> dict[str, list[Annotation]]:
    """Fit, calibrate and label; see `label_with_baselines`.

    Args:
        parts: sentences to fit on, to calibrate on, and to label.
        codebook: the labels.
        names: of `BASELINES`.

    Raises:
        StanceError: if a package or an encoder cannot be had.
    """
    if "setfit" in names:
        require_setfit()  # before others are fitted
    found = {}
    for name in names:
        logger.info("baseline %s", name)
        calibrating, logits = BASELINES[name](parts, codebook)
        fitted = fit_calibration(calibrating, [e.annotation for e in parts[1]], codebook)
        labels = predict_labels(logits, codebook, ScoringSettings(calibration=fitted), None)
        found[name] = [e.annotation.relabelled(g, name) for e, g in zip(parts[2], labels, strict=True)]
    return found


def _regression(features: Sequence[np.ndarray | csr_matrix], train: Sequence[Example], codebook: Codebook) -> Logits:
    """One multinomial regression for each exclusive dimension, one binary regression for each other label."""
    from sklearn.linear_model import LogisticRegression

    wanted, _ = targets([e.annotation for e in train], codebook)
    logits = [np.full((f.shape[0], len(codebook.outputs)), -10.0) for f in features[1:]]
    for dimension in codebook.dimensions:
        columns = range(*codebook.columns(dimension.key).indices(len(codebook.outputs)))
        if dimension.exclusive:
            chosen = wanted[:, columns].argmax(axis=1)
            model = LogisticRegression(C=REGULARISATION, max_iter=200).fit(features[0], chosen)
            for part, f in zip(logits, features[1:], strict=True):
                part[:, [columns[i] for i in model.classes_]] = np.log(model.predict_proba(f).clip(1e-9))
            continue
        for column in columns:
            if 0 < wanted[:, column].sum() < len(wanted):
                model = LogisticRegression(C=REGULARISATION, solver="liblinear").fit(features[0], wanted[:, column])
                for part, f in zip(logits, features[1:], strict=True):
                    part[:, column] = model.decision_function(f)
    return logits[0], logits[1]
