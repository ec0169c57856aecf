"""How far the model is from the coders: model against final labels, and coder against coder, on the same sentences."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from stance.annotation.agreement import Pair
from stance.annotation.standoff import Annotation
from stance.classifier.tallies import resamples, tally
from stance.codebook import Codebook
from stance.errors import StanceError
from stance.intervals import expanded_percentiles

ALPHAS = ("issue", "stance", "holder")
"""Krippendorff's alpha is measured for the main issue, stance and holder."""


def distance_to_coders(
    final: Sequence[Annotation],
    given: Sequence[Annotation],
    pairs: Sequence[Pair],
    codebook: Codebook,
    samples: int = 1000,
) -> pd.DataFrame:
    """Compare the model's agreement with the final labels to that of two coders with each other.

    Args:
        final: the final labels (adjudicated where the coders differed).
        given: the model's, in the same order.
        pairs: two coders' labels, from `stance.annotation.agreement.double_coded`; sentences without a pair are left
            out of everything.
        codebook: the labels.
        samples: bootstrap samples of documents; every column is judged on the same ones.

    Returns:
        ``dimension``, ``metric``, ``coders`` (one coder against the other), ``model_final`` (the model against the
        final labels), ``model_coder`` (the model against a single coder, mean of both), ``distance`` (``coders`` less
        ``model_coder``: what the model lacks to stand in for a coder), ``low``, ``high``, ``sentences``,
        ``documents``.

    Raises:
        StanceError: if no evaluated sentence was coded twice.
    """
    by_span = {a.span: (a, b) for a, b in pairs}
    rows = [i for i, a in enumerate(final) if a.span in by_span]
    if not rows:
        raise StanceError("no evaluated sentence was coded by two coders. Give the raw annotations that belong to them")
    truth, model = [final[i] for i in rows], [given[i] for i in rows]
    first, second = (list(x) for x in zip(*(by_span[a.span] for a in truth), strict=True))
    documents = [a.doc_id for a in truth]
    weights = resamples(len(set(documents)), samples)
    sides = {"coders": (first, second), "final": (truth, model), "one": (first, model), "two": (second, model)}
    estimates, boot = {}, {}
    for name, (a, b) in sides.items():
        counted = tally(a, b, codebook, documents)
        estimates[name] = {k: float(v[0]) for k, v in counted.figures().items()}
        boot[name] = counted.figures(weights)
        for key in ALPHAS:
            tables = _coincidences(a, b, codebook, key, documents)
            estimates[name][f"{key}_alpha"] = float(alphas(tables, np.ones((1, len(tables))))[0])
            boot[name][f"{key}_alpha"] = alphas(tables, weights)
    found = []
    for k, coders in estimates["coders"].items():
        single = (estimates["one"][k] + estimates["two"][k]) / 2
        lost = boot["coders"][k] - (boot["one"][k] + boot["two"][k]) / 2
        found.append(
            (
                *k.split("_", 1),
                coders,
                estimates["final"][k],
                single,
                coders - single,
                *expanded_percentiles(lost, weights.shape[1]),
            )
        )
    columns = ["dimension", "metric", "coders", "model_final", "model_coder", "distance", "low", "high"]
    table = pd.DataFrame(found, columns=columns)
    table["sentences"], table["documents"] = len(rows), len(set(documents))
    return table


def alphas(tables: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Krippendorff's alpha (2011) for nominal codes of two coders, for many weightings of documents at once.

    `stance.annotation.agreement.alpha` gives the same for one; the library behind it takes no weights.

    Args:
        tables: how often each pair of codes was given, shape (documents, codes, codes).
        weights: shape (samples, documents).

    Returns:
        shape (samples,).
    """
    pairs = np.einsum("sd,dij->sij", weights, tables, optimize=True)
    both = pairs + pairs.transpose(0, 2, 1)
    totals = both.sum(axis=2)
    n = totals.sum(axis=1)
    observed = n - np.trace(both, axis1=1, axis2=2)
    expected = (n**2 - (totals**2).sum(axis=1)) / (n - 1)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(1 - observed / expected)


def _coincidences(
    first: Sequence[Annotation], second: Sequence[Annotation], codebook: Codebook, key: str, documents: Sequence[str]
) -> np.ndarray:
    code = {k: i for i, k in enumerate(codebook[key].keys)}
    row = {name: i for i, name in enumerate(dict.fromkeys(documents))}
    tables = np.zeros((len(row), len(code), len(code)))
    for a, b, document in zip(first, second, documents, strict=True):
        tables[row[document], code[a.single(key)], code[b.single(key)]] += 1
    return tables
