"""Scoring: documents in, sentence table out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from stance.classifier.decision import decide_any, decide_issues, main_probabilities, probabilities
from stance.classifier.predict import DEFAULT_MODEL, Logits, Model
from stance.documents.document import Document
from stance.model_input import model_inputs
from stance.sentences import Sentence, split_sentences
from stance.table import COLUMNS, check_table

DOCUMENTS_AT_ONCE = 64


def score(
    documents: Document | Iterable[Document],
    model: str | Path | Model = DEFAULT_MODEL,
    *,
    batch_size: int = 32,
) -> pd.DataFrame:
    """Label every sentence of documents.

    Args:
        documents: one document or many, for example from `stance.read_documents`.
        model: the name of a shipped model, the path of a checkpoint, or a loaded `Model`.
        batch_size: sentences a batch.

    Returns:
        the sentence table, one row a sentence in document order; the columns are those of `stance.table.COLUMNS`.

    Raises:
        StanceError: if the model cannot be read.
    """
    if isinstance(documents, Document):
        documents = [documents]
    loaded = model if isinstance(model, Model) else Model(model)
    parts = list(score_stream(documents, loaded, batch_size=batch_size))
    if not parts:
        return pd.DataFrame({c: pd.Series(dtype=object) for c in COLUMNS})
    return pd.concat(parts, ignore_index=True)


def score_stream(documents: Iterable[Document], model: Model, *, batch_size: int = 32) -> Iterator[pd.DataFrame]:
    """Label documents some at a time, so that memory stays bounded whatever their number.

    Yields:
        sentence tables of up to `DOCUMENTS_AT_ONCE` documents each, in order.
    """
    iterator = iter(documents)
    while chunk := list(islice(iterator, DOCUMENTS_AT_ONCE)):
        split = [(d, split_sentences(d)) for d in chunk]
        pairs = [pair for d, s in split for pair in model_inputs(d, s, model.settings.window)]
        logits = model.predict(pairs, batch_size=batch_size)
        yield sentence_table(split, logits, model)


def sentence_table(
    documents: Sequence[tuple[Document, Sequence[Sentence]]], logits: Logits, model: Model
) -> pd.DataFrame:
    """Join sentences and logits to a sentence table.

    Args:
        documents: documents with their sentences.
        logits: for all sentences, in the same order.
        model: the model that gave them.
    """
    codebook, settings = model.codebook, model.settings
    each = probabilities(logits.values, codebook, settings)
    main = main_probabilities(logits.values, codebook, settings)
    issue, frame = codebook["issue"], codebook["frame"]
    issue_at, frame_at = codebook.columns("issue"), codebook.columns("frame")
    rounded = np.round(each, 5)
    rows: list[dict[str, Any]] = []
    sentences = ((d, s) for d, group in documents for s in group)
    for i, (document, sentence) in enumerate(sentences):
        issues = decide_issues(main[i], each[i, issue_at], issue, settings.of("issue").threshold)
        row: dict[str, Any] = {
            "event": document.event, "doc_id": document.doc_id, "source": document.source, "date": document.date,
            "lang": document.lang, "title": document.title, "sent_id": sentence.sent_id, "start": sentence.start,
            "end": sentence.end, "text": sentence.text, "paragraph": sentence.paragraph, "speaker": sentence.speaker,
            "issue": issues, "issue_main": issues[0], "p_issue_main": float(main[i].max()),
            "frame": decide_any(each[i, frame_at], frame, settings.of("frame").threshold),
            "probs": dict(zip(codebook.outputs, rounded[i].tolist(), strict=True)),
            "truncated": bool(logits.truncated[i]), "model": model.identity, "codebook": codebook.version,
        }  # fmt: skip
        for key in ("stance", "holder"):
            group = each[i, codebook.columns(key)]
            row[key] = codebook[key].keys[int(group.argmax())]
            row[f"p_{key}"] = float(group.max())
        rows.append(row)
    return check_table(pd.DataFrame(rows, columns=list(COLUMNS)))
