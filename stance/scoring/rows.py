"""From logits to rows of the sentence table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from stance.classifier.decision import decide
from stance.classifier.predict import Logits, Model
from stance.codebook import DIMENSIONS
from stance.documents.document import Document
from stance.sentences import Sentence
from stance.table.schema import COLUMNS, arrow_schema

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

Group = tuple[Document, Sequence[Sentence]]
"""A document and those of its sentences that are scored together."""


def label_columns(groups: Sequence[Group], logits: Logits, model: Model) -> dict[str, Any]:
    """Join sentences and logits to the columns of a sentence table.

    Args:
        groups: documents with sentences.
        logits: for all sentences, in the same order.
        model: the model that gave them.

    Returns:
        one list for each column of `stance.table.COLUMNS`; ``probs`` is an array of shape (sentences, outputs).
    """
    codebook = model.codebook
    found = decide(logits.values, codebook, model.settings, [len(sentences) for _, sentences in groups])
    each = found.each
    columns: dict[str, Any] = {c: [] for c in COLUMNS}
    for document, sentences in groups:
        for key in ("event", "doc_id", "source", "date", "lang", "title"):
            columns[key] += [getattr(document, key)] * len(sentences)
        for key in ("sent_id", "start", "end", "text", "paragraph", "speaker"):
            columns[key] += [getattr(s, key) for s in sentences]
    for key in DIMENSIONS:
        columns[key] = getattr(found, key)
    columns["issue_main"] = [issues[0] for issues in found.issue]
    columns["p_issue_main"] = found.main.max(axis=1).tolist() if len(each) else []
    for key in ("stance", "holder"):
        columns[f"p_{key}"] = each[:, codebook.columns(key)].max(axis=1).tolist() if len(each) else []
    columns["probs"] = np.round(each, 5)
    columns["truncated"] = logits.truncated.tolist()
    columns["model"] = [model.identity] * len(each)
    columns["codebook"] = [codebook.version] * len(each)
    return columns


def to_arrow(columns: dict[str, Any], model: Model) -> pa.Table:
    """Columns from `label_columns` as an Arrow table."""
    import pyarrow as pa

    schema = arrow_schema()
    probs = columns["probs"]
    rows, width = probs.shape
    names = pa.array(model.codebook.outputs, pa.string())
    keys = names.take(pa.array(np.tile(np.arange(width), rows)))
    values = pa.array(probs.ravel().astype(np.float32))
    offsets = pa.array(np.arange(0, rows * width + 1, width, dtype=np.int32))
    arrays = {**columns, "probs": pa.MapArray.from_arrays(offsets, keys, values)}
    return pa.table([pa.array(arrays[f.name], f.type) for f in schema], schema=schema)


def to_frame(columns: dict[str, Any], model: Model) -> pd.DataFrame:
    """Columns from `label_columns` as a data frame."""
    import pandas as pd

    from stance.table.check import check_table

    outputs = model.codebook.outputs
    probs = [dict(zip(outputs, row, strict=True)) for row in columns["probs"].tolist()]
    return check_table(pd.DataFrame({**columns, "probs": pd.Series(probs, dtype=object)}, columns=list(COLUMNS)))
