"""The labelled data of a recipe: documents by split, and numeric targets of their sentences."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from stance.annotation.examples import targets
from stance.annotation.splits import read_splits
from stance.annotation.standoff import AnnotatedDocument, annotations_of, join, read_annotations
from stance.annotation.written import read_written
from stance.classifier.recipe import Recipe
from stance.codebook import Codebook
from stance.documents.document import Document
from stance.errors import StanceError

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Corpus:
    """The labelled data of a recipe.

    Attributes:
        train: documents to train on, published and written.
        validation: documents for early stopping, calibration and thresholds.
        annotated: ids of all annotated documents, those of the test part among them.
        digest: hash of the annotations that are trained and validated on.
    """

    train: list[AnnotatedDocument]
    validation: list[AnnotatedDocument]
    annotated: frozenset[str]
    digest: str


@dataclass(frozen=True)
class Targets:
    """What is to be learnt of a set of sentences, in the order of documents and positions.

    Attributes:
        labels: float32, shape (sentences, outputs): 1 where a label is given, or a teacher's probability of it.
        main: float32, shape (sentences, issues): the same for the main issue.
        weight: float32, shape (sentences,).
    """

    labels: np.ndarray
    main: np.ndarray
    weight: np.ndarray


def load_corpus(recipe: Recipe, documents: Iterable[Document], codebook: Codebook) -> Corpus:
    """Read a recipe's annotations and join them with documents.

    Raises:
        StanceError: if nothing is left to train or validate on.
    """
    annotations = [a for name in recipe.data.annotations for a in read_annotations(recipe.resolve(name), codebook)]
    written = [d for name in recipe.data.written for d in read_written(recipe.resolve(name), codebook)]
    joined = join(annotations, documents)
    logger.info("%s", joined)
    if joined.mismatches:
        raise StanceError(
            f"{joined}. These documents are not the annotated ones: get the corpus that the datasheet names"
        )
    splits = read_splits(recipe.resolve(recipe.data.splits)) if recipe.data.splits else {}
    parts: dict[str, list[AnnotatedDocument]] = {"train": [], "validation": [], "test": []}
    for item in joined.documents:
        if item.document.lang not in recipe.data.languages:
            continue
        parts[splits.get(item.document.doc_id, "train")].append(item)
    if not parts["validation"]:
        raise StanceError(
            f"{recipe.path}: no annotated validation document is at hand ({joined}). "
            "Give the documents with --documents"
        )
    published, validation = parts["train"], parts["validation"]
    if recipe.data.sentences:
        share = recipe.data.sentences / max(1, len(annotations_of(published)))
        published = _sample(published, recipe.data.sentences, recipe.training.seed)
        written = _sample(written, round(share * len(annotations_of(written))), recipe.training.seed)
    train = [*written, *published]
    if not train:
        raise StanceError(
            f"{recipe.path}: no annotated training document is at hand ({joined}). Give the documents of all parts"
        )
    digest = hashlib.sha256(repr([annotations_of(train), annotations_of(validation)]).encode())
    return Corpus(train, validation, frozenset(a.doc_id for a in annotations), digest.hexdigest()[:16])


def _sample(documents: list[AnnotatedDocument], most: int, seed: int) -> list[AnnotatedDocument]:
    """Whole documents until so many sentences are together; with one seed, a smaller sample is part of a larger one."""
    order = np.random.default_rng(seed).permutation(len(documents))
    counts = np.cumsum([len(documents[i].annotations) for i in order])
    chosen = set(order[: np.searchsorted(counts, most) + 1].tolist())
    return [d for i, d in enumerate(documents) if i in chosen]


def make_targets(documents: Sequence[AnnotatedDocument], codebook: Codebook, written_weight: float = 1.0) -> Targets:
    """Hard targets of hand-coded sentences; written ones count ``written_weight``."""
    annotations = annotations_of(documents)
    labels, main = targets(annotations, codebook)
    weight = [written_weight if a.round == "written" else 1.0 for a in annotations]
    return Targets(labels, main, np.array(weight, dtype=np.float32))
