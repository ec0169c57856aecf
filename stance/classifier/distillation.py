"""Learning from teachers: their calibrated probabilities as soft targets (Hinton, Vinyals and Dean 2015)."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from stance.classifier.decision import main_probabilities, probabilities
from stance.classifier.predict import Model
from stance.classifier.recipe import Recipe
from stance.classifier.tokenization import Asked
from stance.classifier.training_data import Corpus, Targets
from stance.codebook import Codebook
from stance.documents.document import Document
from stance.errors import StanceError
from stance.sentences import split_sentences

logger = logging.getLogger(__name__)


def uncoded_documents(recipe: Recipe, corpus: Corpus, documents: Sequence[Document]) -> list[Asked]:
    """A random choice of whole documents without annotations, up to the number of sentences that the recipe wants."""
    free = [d for d in documents if d.doc_id not in corpus.annotated and d.lang in recipe.data.languages]
    chosen: list[Asked] = []
    count = 0
    for i in np.random.default_rng(recipe.training.seed).permutation(len(free)):
        if count >= recipe.distillation.unlabelled:
            break
        sentences = split_sentences(free[i])
        chosen.append((free[i], sentences, range(len(sentences))))
        count += len(sentences)
    return chosen


def add_soft_targets(
    hard: Targets, coded: Sequence[Asked], added: Sequence[Asked], recipe: Recipe, codebook: Codebook
) -> Targets:
    """Mix teachers' probabilities into the targets, and add sentences that nobody coded.

    Args:
        hard: hard targets of the coded sentences, in order.
        coded: their documents.
        added: from `uncoded_documents`.
        recipe: its ``distillation`` says how much.
        codebook: the labels.

    Returns:
        the targets of the coded sentences, then those of the added ones.

    Raises:
        StanceError: if a teacher was trained with other labels.
    """
    how = recipe.distillation
    taught = [_teach(teacher.folder, [*coded, *added], codebook) for teacher in recipe.teachers]
    soft, soft_main = (np.mean(parts, axis=0) for parts in zip(*taught, strict=True))
    n = len(hard.labels)
    logger.info("%d coded and %d other sentences learn from %s", n, len(soft) - n, how.teachers)
    soft[:n] = how.weight * soft[:n] + (1 - how.weight) * hard.labels
    soft_main[:n] = how.weight * soft_main[:n] + (1 - how.weight) * hard.main
    weight = np.concatenate([hard.weight, np.ones(len(soft) - n, dtype=np.float32)])
    return Targets(soft.astype(np.float32), soft_main.astype(np.float32), weight)


def _teach(folder: Path, documents: Sequence[Asked], codebook: Codebook) -> tuple[np.ndarray, np.ndarray]:
    """A teacher's probabilities of all outputs and of the main issue."""
    model = Model(folder)
    if model.codebook.outputs != codebook.outputs:
        raise StanceError(f"{folder}: the teacher has other labels. Train it again")
    logits = model.predict(documents).values
    return probabilities(logits, codebook, model.settings), main_probabilities(logits, codebook, model.settings)
