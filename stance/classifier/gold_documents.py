"""Documents of hand-coded sentences, for evaluations."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fnmatch import fnmatchcase
from pathlib import Path

from stance.annotation.standoff import (
    AnnotatedDocument,
    Annotation,
    Joined,
    annotation_records,
    coded_once,
    join,
    read_annotations,
)
from stance.codebook import Codebook
from stance.documents import read_documents
from stance.documents.document import Document, make_document
from stance.errors import StanceError


def without(documents: list[AnnotatedDocument], patterns: tuple[str, ...]) -> list[AnnotatedDocument]:
    """Documents whose ids fit none of the patterns.

    Raises:
        StanceError: if a pattern fits none.
    """
    for pattern in patterns:
        left = [d for d in documents if not fnmatchcase(d.document.doc_id, pattern)]
        if len(left) == len(documents):
            raise StanceError(f"--leave-out {pattern}: fits the doc_id of no document that is left. Mend the pattern")
        documents = left
    return documents


def join_gold(gold: Path, documents: Sequence[str], codebook: Codebook, wanted: Callable[[str], bool]) -> Joined:
    """Join hand-coded sentences with their documents.

    Args:
        gold: annotations as JSONL, CSV or Parquet.
        documents: files or folders of their documents. Where none is given, they are looked for in ``*documents.jsonl``
            beside the gold; where there are none, they are put together from the sentences' own text.
        codebook: that the labels have to be of.
        wanted: whether the document with an id is.
    """
    annotations = read_annotations(gold, codebook)
    coded_once(annotations, gold)
    paths = [str(p) for p in documents] or [str(p) for p in sorted(gold.parent.glob("*documents.jsonl"))]
    found = read_documents(*paths) if paths else _documents_of_sentences(gold, annotations)
    return join([a for a in annotations if wanted(a.doc_id)], found)


def _documents_of_sentences(gold: Path, annotations: list[Annotation]) -> list[Document]:
    """Put documents together from the sentences' own text, for gold files that come without documents."""
    texts: dict[str, str] = {}
    for (_, row), a in zip(annotation_records(gold), annotations, strict=True):
        text = row.get("text")
        if not text:
            raise StanceError(f"{gold}: the annotations carry no text. Give their documents with --documents")
        texts[a.doc_id] = texts.get(a.doc_id, "").ljust(a.start) + text
    return [make_document(text, {}, doc_id, None) for doc_id, text in texts.items()]
