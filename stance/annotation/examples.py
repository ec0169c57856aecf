"""Training and evaluation examples: annotated sentences with the input that the classifier gets and numeric targets."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from stance.annotation.standoff import AnnotatedDocument, Annotation, sentence_hash
from stance.codebook import Codebook
from stance.documents.document import Document
from stance.model_input import ContextWindow, model_inputs


@dataclass(frozen=True)
class Example:
    """One annotated sentence.

    Attributes:
        document: where it stands.
        annotation: its labels.
        sentence: first segment of the model's input.
        context: second segment.
    """

    document: Document
    annotation: Annotation
    sentence: str
    context: str


def make_examples(documents: Iterable[AnnotatedDocument], window: ContextWindow) -> list[Example]:
    """Make an example of every annotated sentence, in order."""
    examples = []
    for item in documents:
        pairs = model_inputs(item.document, item.sentences, window)
        for position, annotation in sorted(item.annotations.items()):
            examples.append(Example(item.document, annotation, *pairs[position]))
    return examples


def sentence_record(example: Example) -> dict[str, Any]:
    """What annotation tools are given of a sentence: its text and context, and what identifies it."""
    annotation, document = example.annotation, example.document
    text = document.text[annotation.start : annotation.end]
    return {
        "text": text,
        "context": example.context,
        "title": document.title,
        "source": document.source,
        "date": document.date,
        "doc_id": annotation.doc_id,
        "sent_id": annotation.sent_id,
        "start": annotation.start,
        "end": annotation.end,
        "sha256": sentence_hash(text),
        "round": annotation.round,
    }


def targets(annotations: Sequence[Annotation], codebook: Codebook) -> tuple[np.ndarray, np.ndarray]:
    """Numeric targets.

    Returns:
        labels: float32, shape (n, outputs), 1 where a label is given.
        main: float32, shape (n, issues), 1 at the main issue.
    """
    index = {name: i for i, name in enumerate(codebook.outputs)}
    labels = np.zeros((len(annotations), len(index)), dtype=np.float32)
    main = np.zeros((len(annotations), len(codebook["issue"].labels)), dtype=np.float32)
    for row, annotation in enumerate(annotations):
        for key in annotation.issue:
            labels[row, index[f"issue:{key}"]] = 1
        for key in annotation.frame:
            labels[row, index[f"frame:{key}"]] = 1
        labels[row, index[f"stance:{annotation.stance}"]] = 1
        labels[row, index[f"holder:{annotation.holder}"]] = 1
        main[row, codebook["issue"].keys.index(annotation.issue[0])] = 1
    return labels, main
