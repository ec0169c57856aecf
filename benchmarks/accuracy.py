"""Labels of each engine against hand-coded ones: what a faster engine costs in accuracy, if anything."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from benchmarks.agreement import agreement
from benchmarks.engines import engines, ready, reference
from stance.annotation.standoff import AnnotatedDocument, annotations_of, asked, join, read_annotations
from stance.classifier.chain import runs_of
from stance.classifier.evaluate import headline, predict_labels
from stance.classifier.predict import Model
from stance.classifier.tokenization import encode
from stance.documents import read_documents
from stance.errors import StanceError

FIGURES = ("issue_main_accuracy", "issue_micro_f1", "stance_macro_f1", "holder_accuracy", "frame_micro_f1")


def coded_sentences(model: Model, gold: str, documents: str, splits: Mapping[str, str]) -> list[AnnotatedDocument]:
    """Coded sentences that the model has not learned from.

    Args:
        model: the model, for its codebook.
        gold: annotations as JSONL.
        documents: the documents that they refer to.
        splits: by document, from `stance.annotation.splits.read_splits`; those of other splits than test are left out.

    Raises:
        StanceError: if none is left.
    """
    annotations = read_annotations(gold, model.codebook)
    held_out = [a for a in annotations if splits.get(a.doc_id, "test") == "test"]
    joined = join(held_out, read_documents(documents)).documents
    if not joined:
        raise StanceError(f"{gold}: no coded sentence of a test document is in {documents}. Give its own documents")
    return joined


def accuracy(model: Model, documents: list[AnnotatedDocument]) -> pd.DataFrame:
    """Headline figures of every engine on coded sentences, and how near it is to single precision.

    Returns:
        one row an engine: number of sentences, figures, mean and lowest cosine of its logits with those of
            `benchmarks.engines.reference`, and the shares of sentences with the same labels.
    """
    truth = annotations_of(documents)
    encoded = encode(model.tokenizer, [asked(d) for d in documents], model.settings.reading)
    exact = ready(reference(model), encoded)()
    lengths = runs_of(d.annotations for d in documents)
    expected = predict_labels(exact, model.codebook, model.settings, lengths)
    rows = {}
    for name, engine in engines(model).items():
        logits = ready(engine, encoded)()
        given = predict_labels(logits, model.codebook, model.settings, lengths)
        figures = headline(truth, given, model.codebook)
        near = cosine(logits, exact)
        rows[name] = {
            "n": str(len(truth)),
            **{k.replace("_", " "): figures[k] for k in FIGURES},
            "cosine with f32": float(near.mean()),
            "lowest": float(near.min()),
            **{f"{k}: as f32": v for k, v in agreement(given, expected).items()},
        }
    return pd.DataFrame(rows).T


def cosine(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Cosine of each row of one array with the same row of the other."""
    return (a * b).sum(axis=1) / (np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1))
