"""From documents to labelled columns, in slices: what is read and tokenized waits while the model works."""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from stance.classifier.predict import Model
from stance.classifier.tokenization import Encoded, encode_blocks, join
from stance.documents.document import Document
from stance.errors import StanceError, printable
from stance.resources import DEFAULT_MODEL
from stance.scoring.rows import Group, label_columns, to_frame
from stance.sentences import split_sentences
from stance.table.schema import COLUMNS, SOURCES

if TYPE_CHECKING:
    import pandas as pd

logger = logging.getLogger(__name__)

T = TypeVar("T")
SLICE = 1024
"""Sentences whose windows are sorted by length and scored together; up to a block's more."""
FIRST_SLICE = 128
"""Sentences of the first slice of a stream, so that the model has work soon; each next one is twice as large."""


@dataclass(frozen=True)
class Slice:
    """Sentences that are ready for the model.

    Attributes:
        groups: documents, each with its sentences in this slice.
        encoded: the model's inputs, which hold all of them in the same order.
    """

    groups: list[Group]
    encoded: Encoded


def score(documents: Document | Iterable[Document], model: str | Path | Model = DEFAULT_MODEL) -> pd.DataFrame:
    """Label every sentence of documents.

    Args:
        documents: one document or many, for example from `stance.read_documents`.
        model: the name of a shipped model, the path of a checkpoint, or a loaded `Model`.

    Returns:
        the sentence table, one row a sentence in document order; the columns are those of `stance.table.COLUMNS`.

    Raises:
        StanceError: if the model cannot be read, or something else than documents is given, a document whose source is
            none of `SOURCES`, or two with one doc_id.
    """
    import pandas as pd

    if isinstance(documents, Document):
        documents = [documents]
    if isinstance(documents, str | Path | pd.DataFrame) or not isinstance(documents, Iterable):
        raise _no_document(documents)
    loaded = model if isinstance(model, Model) else Model(model)
    parts = list(score_stream(_checked(documents), loaded))
    if not parts:
        return pd.DataFrame({c: pd.Series(dtype=object) for c in COLUMNS})
    return pd.concat(parts, ignore_index=True)


def _checked(documents: Iterable[Document]) -> Iterator[Document]:
    seen = set()
    for document in documents:
        if not isinstance(document, Document) or not isinstance(document.text, str):
            raise _no_document(document)
        if document.source not in SOURCES:
            raise StanceError(
                f"{document.doc_id}: source {document.source!r} is none of {', '.join(SOURCES)}. Set it to one of them"
            )
        if document.doc_id in seen:
            raise StanceError(f"{document.doc_id}: two documents have this doc_id. Give one of them another")
        seen.add(document.doc_id)
        yield document


def _no_document(given: object) -> StanceError:
    return StanceError(
        f"score takes documents with a text, not {type(given).__name__}. Read files with stance.read_documents(…), or "
        "make a stance.Document of a text"
    )


def score_stream(documents: Iterable[Document], model: Model) -> Iterator[pd.DataFrame]:
    """Label documents some at a time, so that memory stays bounded whatever their number.

    Yields:
        sentence tables of about `SLICE` sentences or fewer each, in order.
    """
    for part in ahead(slices(warn_of_languages(documents, model), model, FIRST_SLICE)):
        yield to_frame(score_slice(part, model), model)


def warn_of_languages(documents: Iterable[Document], model: Model) -> Iterator[Document]:
    """Pass documents on; the first in each language that the model does not read is named in a warning."""
    said: set[str] = set()
    for document in documents:
        if document.lang not in model.settings.languages and document.lang not in said:
            said.add(document.lang)
            logger.warning(
                "%s is in «%s», and %s reads %s only: do not use the labels of such documents. Score a translation",
                printable(document.doc_id), document.lang, model.name, ", ".join(model.settings.languages),
            )  # fmt: skip
        yield document


def slices(documents: Iterable[Document], model: Model, first: int = SLICE) -> Iterator[Slice]:
    """Split documents into sentences and make the model's inputs.

    Args:
        documents: the documents.
        model: the model that reads them.
        first: sentences of the first slice; each next one is twice as large, up to `SLICE`.

    Yields:
        slices of that size or up to a block more, the last one smaller; a long document may reach over several.
    """
    groups: list[Group] = []
    parts: list[Encoded] = []
    held, enough = 0, first
    for document in documents:
        sentences = split_sentences(document)
        start = 0
        for block in encode_blocks(
            model.tokenizer, (document, sentences, range(len(sentences))), model.settings.reading
        ):
            end = start + len(block.truncated)
            groups.append((document, sentences[start:end]))
            parts.append(block)
            held += end - start
            start = end
            if held >= enough:
                yield Slice(groups, join(parts))
                groups, parts, held, enough = [], [], 0, min(SLICE, 2 * enough)
    if groups:
        yield Slice(groups, join(parts))


def score_slice(part: Slice, model: Model) -> dict[str, Any]:
    """Label the sentences of a slice; the columns are described at `stance.scoring.rows.label_columns`."""
    return label_columns(part.groups, model.run(part.encoded), model)


def ahead(items: Iterable[T]) -> Iterator[T]:
    """Take items from an iterator in a thread of its own, up to two before they are asked for.

    What the iterator raises is raised here. The thread ends when the caller stops asking.
    """
    waiting: queue.Queue[tuple[str, Any]] = queue.Queue(2)
    stopped = threading.Event()

    def put(kind: str, value: Any) -> bool:
        while not stopped.is_set():
            try:
                waiting.put((kind, value), timeout=0.1)
                return True
            except queue.Full:
                continue
        return False

    def work() -> None:
        try:
            for item in items:
                if not put("item", item):
                    return
            put("end", None)
        except BaseException as error:  # handed to the caller, who is in another thread
            put("error", error)

    thread = threading.Thread(target=work, name="stance-reader", daemon=True)
    thread.start()
    try:
        while True:
            kind, value = waiting.get()
            if kind == "error":
                raise value
            if kind == "end":
                return
            yield value
    finally:
        stopped.set()
        thread.join(timeout=5)
