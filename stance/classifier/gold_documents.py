"""Documents of hand-coded sentences, for evaluations."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

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
        documents: files or folders of their documents; others are looked for in ``*documents.jsonl`` beside the gold.
            Where there are none at all, they are put together from the sentences' own text.
        codebook: that the labels have to be of.
        wanted: whether the document with an id is.
    """
    annotations = read_annotations(gold, codebook)
    coded_once(annotations, gold)
    found = documents_of([gold], documents, {a.doc_id for a in annotations})
    return join(
        [a for a in annotations if wanted(a.doc_id)], found or _documents_of_sentences(gold, annotations, documents)
    )


def documents_of(gold: Sequence[Path], documents: Sequence[str], wanted: Collection[str]) -> list[Document]:
    """The documents of annotations: those given, and of the others what lies beside the annotations.

    Args:
        gold: files of annotations, beside which ``*documents.jsonl`` may lie.
        documents: files or folders.
        wanted: ids of the annotated documents.
    """
    given = list(read_documents(*documents)) if documents else []
    missing = set(wanted) - {d.doc_id for d in given}
    beside = sorted({str(file) for g in gold for file in g.parent.glob("*documents.jsonl")})
    if missing and beside:
        given += [d for d in read_documents(*beside) if d.doc_id in missing]
    return given


def _documents_of_sentences(gold: Path, annotations: list[Annotation], given: Sequence[str]) -> list[Document]:
    """Put documents together from the sentences' own text, for gold files that come without documents."""
    if given:
        return []
    texts: dict[str, str] = {}
    about: dict[str, dict[str, Any]] = {}
    rows = zip(annotation_records(gold), annotations, strict=True)
    for (_, row), a in sorted(rows, key=lambda pair: pair[1].start):
        text = row.get("text")
        if not text:
            raise StanceError(f"{gold}: the annotations carry no text. Give their documents with --documents")
        texts[a.doc_id] = texts.get(a.doc_id, "").ljust(a.start) + text
        about.setdefault(a.doc_id, {k: row[k] for k in ("source", "title", "date", "event", "lang") if row.get(k)})
    return [make_document(text, about[doc_id], doc_id, None) for doc_id, text in texts.items()]
