"""Columns and types of the sentence table. Imports no pandas, so that the command starts fast."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa

COLUMNS = (
    "event", "doc_id", "source", "date", "lang", "title", "sent_id", "start", "end", "text", "paragraph", "speaker",
    "issue", "issue_main", "stance", "holder", "frame", "p_issue_main", "p_stance", "p_holder", "probs", "truncated",
    "model", "codebook",
)  # fmt: skip
REQUIRED = ("doc_id", "source", "sent_id", "text", "issue", "stance", "holder", "frame")
"""Columns that a table of hand-coded labels must have; `check_table` fills the others."""

NO_ISSUE = "none"
"""The main issue of a sentence without issues where no codebook says what its null label is."""
NULLABLE = ("event", "date", "speaker")
NUMBERS = ("sent_id", "start", "end", "paragraph", "p_issue_main", "p_stance", "p_holder", "truncated")
FORMATS = (".parquet", ".jsonl", ".csv")

_FORMULA = re.compile(r"'*[=+\-@\t\r]")


def arrow_schema(metadata: dict[str, str] | None = None) -> pa.Schema:
    """The table's Arrow schema; ``probs`` is a map from ``dimension:label`` to float."""
    import pyarrow as pa

    text, number, real, texts = pa.string(), pa.int32(), pa.float32(), pa.list_(pa.string())
    types = {
        "sent_id": number, "start": number, "end": number, "paragraph": number, "issue": texts, "frame": texts,
        "p_issue_main": real, "p_stance": real, "p_holder": real, "probs": pa.map_(text, real), "truncated": pa.bool_(),
    }  # fmt: skip
    return pa.schema([(c, types.get(c, text)) for c in COLUMNS], metadata=metadata)


def safe_cell(value: object) -> object:
    """Make a text cell safe for spreadsheets: what begins like a formula gets an apostrophe before it (OWASP)."""
    return "'" + value if isinstance(value, str) and _FORMULA.match(value) else value


def plain_cell(value: object) -> object:
    """Undo `safe_cell`."""
    return value[1:] if isinstance(value, str) and value[:1] == "'" and _FORMULA.match(value) else value


def holds_labels(path: str | Path) -> bool:
    """Whether a Parquet, JSONL or CSV file holds a sentence table (labels), and not documents."""
    path = Path(path)
    try:
        if path.suffix == ".parquet":
            import pyarrow.parquet as pq

            return {"stance", "issue"} <= set(pq.read_schema(path).names)
        with path.open(encoding="utf-8-sig", newline="") as file:
            names = set(json.loads(file.readline()) if path.suffix == ".jsonl" else next(csv.reader(file), []))
    except (OSError, ValueError, TypeError):
        return False
    return {"stance", "issue"} <= names
