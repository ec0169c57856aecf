"""Learning from teachers: their calibrated probabilities as soft targets (Hinton, Vinyals and Dean 2015)."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from filelock import FileLock

from stance.atomic_write import replacing, writable
from stance.classifier.chain import runs_of
from stance.classifier.decision import main_probabilities, probabilities
from stance.classifier.encoders import CURE, cache_folder
from stance.classifier.predict import Model
from stance.classifier.recipe import Recipe
from stance.classifier.tokenization import Asked, Encoded, encode, join
from stance.classifier.training_data import Corpus, Targets
from stance.codebook import Codebook
from stance.documents.document import Document
from stance.errors import StanceError
from stance.sentences import split_sentences

logger = logging.getLogger(__name__)

READ_TOGETHER = 40
"""Documents that a teacher reads before what it says of them is kept."""


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
    if how.weight == 0:  # the teachers need not read what they have no say in
        coded = []
    if not coded and not added:
        return hard
    taught = [_teach(teacher.folder, [*coded, *added], codebook) for teacher in recipe.teachers]
    soft, soft_main = (np.mean(parts, axis=0).astype(np.float32) for parts in zip(*taught, strict=True))
    n = len(hard.labels) if coded else 0
    logger.info("%d coded and %d other sentences learn from %s", n, len(soft) - n, how.teachers)
    labels, main = hard.labels, hard.main
    if coded:
        labels = how.weight * soft[:n] + (1 - how.weight) * labels
        main = how.weight * soft_main[:n] + (1 - how.weight) * main
    weight = np.concatenate([hard.weight, np.ones(len(soft) - n, dtype=np.float32)])
    return Targets(np.concatenate([labels, soft[n:]]), np.concatenate([main, soft_main[n:]]), weight)


def _teach(folder: Path, documents: Sequence[Asked], codebook: Codebook) -> tuple[np.ndarray, np.ndarray]:
    """A teacher's probabilities of all outputs and of the main issue."""
    model = Model(folder)
    if model.codebook.outputs != codebook.outputs:
        raise StanceError(f"{folder}: the teacher has other labels. Train it again")
    logits = _logits(model, documents)
    lengths = runs_of(positions for _, _, positions in documents)
    each = probabilities(logits, codebook, model.settings)
    return each, main_probabilities(logits, codebook, model.settings, lengths)


def _logits(model: Model, documents: Sequence[Asked]) -> np.ndarray:
    """A teacher's logits, shape (sentences, outputs).

    They are kept in the cache folder, by the model and by what it reads of each document: a large teacher needs an
    hour, and what it said before a training was stopped is not asked again.
    """
    kept = cache_folder() / "teachers" / model.identity
    with writable(kept, cure=CURE):
        kept.mkdir(parents=True, exist_ok=True)
    encoded = [encode(model.tokenizer, [item], model.settings.reading) for item in documents]
    files = [kept / f"{_key(e)}.npy" for e in encoded]
    missing = [i for i, file in enumerate(files) if not file.is_file()]
    for start in range(0, len(missing), READ_TOGETHER):
        chosen = missing[start : start + READ_TOGETHER]
        values = model.run(join([encoded[i] for i in chosen])).values
        ends = np.cumsum([len(encoded[i].truncated) for i in chosen])
        with FileLock(kept / ".lock"):  # another training may ask the same teacher
            for i, part in zip(chosen, np.split(values, ends[:-1]), strict=True):
                with replacing(files[i], CURE) as temporary:
                    np.save(temporary, part)
        logger.info("%s has read %d of %d documents", model.identity, start + len(chosen), len(missing))
    return np.concatenate([np.load(file) for file in files])


def _key(encoded: Encoded) -> str:
    """Hash of what a model reads of a document."""
    digest = hashlib.sha256()
    for window in encoded.windows:
        digest.update(window.ids.tobytes() + window.types.tobytes() + repr(window.spans).encode())
    return digest.hexdigest()[:24]
