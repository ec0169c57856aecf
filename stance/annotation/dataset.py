"""The corpus as a Hugging Face `DatasetDict`: annotated sentences with their text and context, by split."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from stance.annotation.examples import Example, make_examples
from stance.annotation.splits import SPLITS
from stance.annotation.standoff import AnnotatedDocument, Joined
from stance.codebook import Codebook
from stance.errors import StanceError, needs_extra
from stance.model_input import ContextWindow

if TYPE_CHECKING:
    from datasets import DatasetDict

COLUMNS: dict[str, str] = {
    "doc_id": "string",
    "sent_id": "int64",
    "start": "int64",
    "end": "int64",
    "text": "string",
    "context": "string",
    "source": "string",
    "date": "string",
    "lang": "string",
    "kind": "string",
    "title": "string",
    "issue": "list",
    "issue_main": "string",
    "stance": "string",
    "holder": "string",
    "frame": "list",
    "coder": "string",
    "round": "string",
    "written": "bool",
}
"""Columns of the data set and their types; ``list`` is a list of strings."""


def dataset_from_joined(
    joined: Joined,
    splits: Mapping[str, str],
    written: Sequence[AnnotatedDocument],
    codebook: Codebook,
    window: ContextWindow,
) -> DatasetDict:
    """Make a data set of annotations that are joined with their documents; the caller reports what ``joined`` lacks.

    Args:
        joined: from `stance.annotation.standoff.join`.
        splits: split of each annotated document.
        written: written documents; they are trained on and never evaluated on.
        codebook: every label is checked against it.
        window: what the column ``context`` holds.

    Returns:
        the splits train, validation and test, with the columns of `COLUMNS`.

    Raises:
        StanceError: if a label is not in the codebook, a document has no split, no annotation fits, or ``datasets`` is
            not installed.
    """
    if not joined.documents and not written:
        raise StanceError(f"no annotation fits a document: {joined}. Check doc_id and text of the documents")
    rows: dict[str, list[dict[str, Any]]] = {split: [] for split in SPLITS}
    for example in make_examples(joined.documents, window):
        split = splits.get(example.document.doc_id)
        if split not in rows:
            raise StanceError(f"{example.document.doc_id}: the document has no split. Add it to the splits")
        rows[split].append(dataset_row(example, codebook, written=False))
    rows["train"] += [dataset_row(e, codebook, written=True) for e in make_examples(written, window)]
    return _dataset_dict(rows, codebook)


def dataset_row(example: Example, codebook: Codebook, *, written: bool) -> dict[str, Any]:
    """One row of the data set.

    Args:
        example: an annotated sentence.
        codebook: the labels are checked against it.
        written: whether the sentence is an invented one.

    Raises:
        StanceError: if a label is not in the codebook.
    """
    annotation, document = example.annotation, example.document
    problems = codebook.problems(annotation.labels)
    if problems:
        raise StanceError(f"{annotation.place}: {'; '.join(problems)}. Mend the label or the codebook")
    return {
        "doc_id": annotation.doc_id,
        "sent_id": annotation.sent_id,
        "start": annotation.start,
        "end": annotation.end,
        "text": document.text[annotation.start : annotation.end],
        "context": example.context,
        "source": document.source,
        "date": document.date,
        "lang": document.lang,
        "kind": document.kind,
        "title": document.title,
        **annotation.labels,
        "issue_main": annotation.issue[0],
        "coder": annotation.coder,
        "round": annotation.round,
        "written": written,
    }


def _dataset_dict(rows: Mapping[str, Sequence[Mapping[str, Any]]], codebook: Codebook) -> DatasetDict:
    with needs_extra("train", "a data set of Hugging Face"):
        from datasets import Dataset, DatasetDict, DatasetInfo, Features, NamedSplit, Value
    features = Features({name: [Value("string")] if kind == "list" else Value(kind) for name, kind in COLUMNS.items()})
    info = DatasetInfo(description=f"Labelled with codebook {codebook.version}", features=features)
    return DatasetDict(
        {
            split: Dataset.from_dict(
                {name: [row[name] for row in some] for name in COLUMNS},
                features=features,
                info=info,
                split=NamedSplit(split),
            )
            for split, some in rows.items()
        }
    )
