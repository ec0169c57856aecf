"""Similarity of sentences across the sides: vectors whose dot product says how alike two sentences are."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import pandas as pd
from scipy import sparse

from stance.codebook import Codebook
from stance.contrast.result import tells
from stance.errors import StanceError

if TYPE_CHECKING:
    from stance.contrast.result import Sides

Vectors: TypeAlias = Any
"""A sparse matrix, shape (sentences, features), with rows of length one or zero."""

LEXICAL_SHARE = 0.85
"""Weight of the words in the mix; the rest is that of issues and frames."""
_TOKEN = re.compile(r"[\u4e00-\u9fff]|\w\w+")


def lexical(table: pd.DataFrame, codebook: Codebook) -> Vectors:
    """TF-IDF vectors of words and word pairs (Salton and Buckley 1988); of characters and their pairs in Chinese.

    They find shared wording and miss paraphrase. English function words are left out: in a table of few sentences their
    weight is not small.
    """
    from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS, TfidfVectorizer

    def tokens(text: str) -> list[str]:
        return [t for t in _TOKEN.findall(text.lower()) if t not in ENGLISH_STOP_WORDS]

    vectorizer = TfidfVectorizer(tokenizer=tokens, token_pattern=None, ngram_range=(1, 2), sublinear_tf=True)
    try:
        return sparse.csr_matrix(vectorizer.fit_transform(table["text"]))
    except ValueError:  # no words at all
        return sparse.csr_matrix((len(table), 1))


def labels(table: pd.DataFrame, codebook: Codebook) -> Vectors:
    """Vectors of the probabilities of issues and frames: what a sentence is about and in what terms it is put.

    Square roots are taken, so that the product of two issue parts is their Bhattacharyya coefficient. Where a sentence
    has no probabilities of a dimension, its labels count as one.
    """
    wanted = [(d, k) for d in ("issue", "frame") for k in codebook[d].keys if k != codebook[d].null_label]
    rows = np.zeros((len(table), len(wanted)))
    for i, (probs, issues, frames) in enumerate(zip(table["probs"], table["issue"], table["frame"], strict=True)):
        given = {"issue": set(issues), "frame": set(frames)}
        known = {d for d in given if tells(probs, d)}
        rows[i] = [float(probs.get(f"{d}:{k}", 0.0)) if d in known else float(k in given[d]) for d, k in wanted]
    return _unit_length(sparse.csr_matrix(np.sqrt(np.clip(rows, 0, 1))))


def mixed(table: pd.DataFrame, codebook: Codebook) -> Vectors:
    """Both: the similarity is `LEXICAL_SHARE` times the lexical one plus the rest of that of the labels.

    Two sentences with the same labels and no word in common reach 1 - `LEXICAL_SHARE`: a threshold above it asks for
    shared words.
    """
    parts = [np.sqrt(LEXICAL_SHARE) * lexical(table, codebook), np.sqrt(1 - LEXICAL_SHARE) * labels(table, codebook)]
    return sparse.hstack(parts, format="csr")


Similarity: TypeAlias = Callable[[pd.DataFrame, Codebook], Any]
"""Makes vectors of the sentences of a table, shape (sentences, features), rows of length one or zero."""
SIMILARITIES: dict[str, Similarity] = {"lexical": lexical, "labels": labels, "mixed": mixed}
"""Similarities by name; their precision and recall on judged pairs are told by ``stance corpus alignment``. Add one of
your own, for example vectors of a sentence encoder, under a new name."""
THRESHOLDS = {"lexical": 0.1, "labels": 0.9, "mixed": 0.2}
"""Similarity from which two sentences are taken to answer each other."""


def sentence_vectors(sides: Sides, similarity: str) -> Vectors:
    """Vectors of all sentences of two sides.

    Args:
        sides: the two groups.
        similarity: a name in `SIMILARITIES`.

    Raises:
        StanceError: if there is no such similarity.
    """
    if similarity not in SIMILARITIES:
        raise StanceError(f"there is no similarity {similarity!r}. Choose one of: {', '.join(SIMILARITIES)}")
    if similarity not in sides.vectors:
        sides.vectors[similarity] = sparse.csr_matrix(SIMILARITIES[similarity](sides.table, sides.codebook))
    return sides.vectors[similarity]


def _unit_length(vectors: Any) -> Any:
    norms = np.sqrt(np.asarray(vectors.multiply(vectors).sum(axis=1)).ravel())
    return sparse.diags(1 / np.where(norms > 0, norms, 1.0)) @ vectors


def shared_issues(first: pd.DataFrame, second: pd.DataFrame, codebook: Codebook) -> Any:
    """How many issues each sentence of one table shares with each of another.

    Returns:
        a sparse matrix, shape (len(first), len(second)).
    """
    number = {k: i for i, k in enumerate(codebook["issue"].keys) if k != codebook["issue"].null_label}
    parts = []
    for table in (first, second):
        cells = [(i, number[k]) for i, keys in enumerate(table["issue"]) for k in keys if k in number]
        at = np.array(cells, dtype=int).reshape(-1, 2)
        ones = np.ones(len(at), dtype=np.float32)
        parts.append(sparse.csr_matrix((ones, (at[:, 0], at[:, 1])), shape=(len(table), len(number) or 1)))
    return parts[0] @ parts[1].T
