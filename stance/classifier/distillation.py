"""Learning from teachers: their calibrated probabilities as soft targets (Hinton, Vinyals and Dean 2015)."""

from __future__ import annotations

import logging
from collections.abc import Sequence

import numpy as np

from stance.annotation.examples import make_examples
from stance.annotation.standoff import AnnotatedDocument
from stance.classifier.decision import ScoringSettings, main_probabilities, probabilities
from stance.classifier.predict import Model
from stance.classifier.recipe import Recipe, load_recipe
from stance.classifier.teacher import load_teacher
from stance.classifier.training_data import Corpus, Targets
from stance.codebook import Codebook
from stance.documents.document import Document
from stance.errors import StanceError
from stance.model_input import model_inputs
from stance.sentences import split_sentences

logger = logging.getLogger(__name__)


def add_soft_targets(
    train_set: Targets, recipe: Recipe, corpus: Corpus, documents: Sequence[Document], codebook: Codebook
) -> Targets:
    """Mix teachers' probabilities into the targets, and add sentences that nobody coded.

    Args:
        train_set: hard targets of the sentences of ``corpus.train``, in order.
        recipe: its ``distillation`` says how much.
        corpus: the labelled data.
        documents: all documents at hand; those without any annotation give the added sentences.
        codebook: the labels.

    Returns:
        the targets of the same sentences, then those of the added ones.

    Raises:
        StanceError: if a teacher was trained with other labels.
    """
    how = recipe.distillation
    added = _uncoded_documents(recipe, corpus, documents)
    pairs = [pair for d in added for pair in model_inputs(d.document, d.sentences, recipe.context)]
    coded_labels, coded_main, added_labels, added_main = (
        np.mean(parts, axis=0)
        for parts in zip(*(_teach(path, recipe, corpus, added, codebook) for path in how.teachers), strict=True)
    )
    logger.info("%d coded and %d other sentences learn from %s", len(train_set.pairs), len(pairs), how.teachers)
    return Targets(
        [*train_set.pairs, *pairs],
        np.vstack([how.weight * coded_labels + (1 - how.weight) * train_set.labels, added_labels]).astype(np.float32),
        np.vstack([how.weight * coded_main + (1 - how.weight) * train_set.main, added_main]).astype(np.float32),
        np.concatenate([train_set.weight, np.ones(len(pairs), dtype=np.float32)]),
    )


def _uncoded_documents(recipe: Recipe, corpus: Corpus, documents: Sequence[Document]) -> list[AnnotatedDocument]:
    """A random choice of whole documents without annotations, up to the wanted number of sentences."""
    free = [d for d in documents if d.doc_id not in corpus.annotated and d.lang in recipe.data.languages]
    chosen: list[AnnotatedDocument] = []
    count = 0
    for i in np.random.default_rng(recipe.training.seed).permutation(len(free)):
        if count >= recipe.distillation.unlabelled:
            break
        sentences = tuple(split_sentences(free[i]))
        chosen.append(AnnotatedDocument(free[i], sentences, {}))
        count += len(sentences)
    return chosen


def _teach(
    path: str, recipe: Recipe, corpus: Corpus, added: Sequence[AnnotatedDocument], codebook: Codebook
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """A teacher's probabilities of all outputs and of the main issue: of the coded sentences, then of the added."""
    teacher = load_recipe(recipe.resolve(path))
    coded, others, settings = (_window_logits if teacher.windows else _checkpoint_logits)(
        teacher, corpus.train, added, codebook
    )
    return (
        probabilities(coded, codebook, settings),
        main_probabilities(coded, codebook, settings),
        probabilities(others, codebook, settings),
        main_probabilities(others, codebook, settings),
    )


_Taught = tuple[np.ndarray, np.ndarray, ScoringSettings]


def _window_logits(
    recipe: Recipe, coded: Sequence[AnnotatedDocument], added: Sequence[AnnotatedDocument], codebook: Codebook
) -> _Taught:
    model, settings = load_teacher(recipe, codebook, recipe.folder)
    windows = (model.windows(coded), model.windows(added, every_sentence=True))
    first, second = (model.predict(w) if w else np.zeros((0, len(codebook.outputs))) for w in windows)
    return first, second, settings


def _checkpoint_logits(
    recipe: Recipe, coded: Sequence[AnnotatedDocument], added: Sequence[AnnotatedDocument], codebook: Codebook
) -> _Taught:
    model = Model(recipe.folder)
    if model.codebook.outputs != codebook.outputs:
        raise StanceError(f"{recipe.folder}: the teacher has other labels. Train it again")
    window = model.settings.window
    pairs = [(e.sentence, e.context) for e in make_examples(coded, window)]
    others = [pair for d in added for pair in model_inputs(d.document, d.sentences, window)]
    return model.predict(pairs).values, model.predict(others).values, model.settings
