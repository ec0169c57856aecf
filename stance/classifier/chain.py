"""Neighbouring sentences: a document's main issues as a linear chain.

What a document speaks of goes on from sentence to sentence, while a model reads each sentence with a short context. The
chain joins the model's probabilities with how labels follow each other in training documents, as hybrids of neural
networks and hidden Markov models do (Bourlard and Morgan 1994), so that a sentence's probabilities rest on the whole
document, also on what comes after it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from itertools import groupby

import numpy as np

PSEUDO_COUNT = 5.0
"""Added to the counts of a pair of labels, those seen and those expected: the fewer there are, the less a pair says."""


def runs_of(documents: Iterable[Collection[int]]) -> list[int]:
    """Numbers of sentences that follow each other without a gap.

    Args:
        documents: positions of sentences in each document.

    Returns:
        length of each run, in the order of documents and positions.
    """
    return [
        sum(1 for _ in run)
        for positions in documents
        for _, run in groupby(enumerate(sorted(positions)), key=lambda pair: pair[1] - pair[0])
    ]


def transition_scores(labels: np.ndarray, lengths: Sequence[int], count: int) -> np.ndarray:
    """How much more often a label follows another than their shares would have it.

    Args:
        labels: index of each sentence's label.
        lengths: sentences of each run; labels do not follow each other from one into the next.
        count: number of labels.

    Returns:
        shape (count, count), at (a, b) the natural logarithm of how often b follows a, over how often it would if
        neighbours had nothing to do with each other: the pointwise mutual information of neighbours (Church and
        Hanks 1990), drawn to 0 by `PSEUDO_COUNT`.
    """
    first = np.zeros(len(labels), dtype=bool)
    first[np.cumsum([0, *lengths])[:-1]] = True
    later = np.flatnonzero(~first)
    seen = np.zeros((count, count))
    np.add.at(seen, (labels[later - 1], labels[later]), 1.0)
    expected = seen.sum(axis=1, keepdims=True) * np.bincount(labels, minlength=count) / max(1, len(labels))
    return np.asarray(np.log((seen + PSEUDO_COUNT) / (expected + PSEUDO_COUNT)))


def chain_marginals(own: np.ndarray, transitions: np.ndarray, lengths: Sequence[int]) -> np.ndarray:
    """Probabilities of each sentence's label given all sentences of its run, by the forward-backward algorithm.

    Args:
        own: what is thought of each sentence for itself, shape (sentences, labels), rows sum to one.
        transitions: shape (labels, labels), added to the log probability of a pair of neighbouring labels.
        lengths: sentences of each run.

    Returns:
        shape of ``own``, rows sum to one (Rabiner 1989, section III A, with scaling).

    Raises:
        ValueError: if the lengths do not sum to the sentences.
    """
    if sum(lengths) != len(own):
        raise ValueError(f"documents of {sum(lengths)} sentences for {len(own)} rows of probabilities")
    pair = np.exp(transitions)
    ends = np.cumsum([0, *lengths])
    return np.concatenate([own[:0], *(_marginals(own[a:b], pair) for a, b in zip(ends, ends[1:], strict=False))])


def _marginals(own: np.ndarray, pair: np.ndarray) -> np.ndarray:
    """The same for one run."""
    forward, backward = own.copy(), np.ones_like(own)
    for i in range(1, len(own)):
        forward[i] *= forward[i - 1] @ pair
        forward[i] /= forward[i].sum()
    for i in range(len(own) - 2, -1, -1):
        backward[i] = pair @ (own[i + 1] * backward[i + 1])
        backward[i] /= backward[i].sum()
    joined = forward * backward
    return np.asarray(joined / joined.sum(axis=1, keepdims=True))
