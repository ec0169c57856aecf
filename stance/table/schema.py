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
SOURCES = ("us", "china", "other")
LANGUAGES = ("en", "zh")

NO_ISSUE = "none"
"""The main issue of a sentence without issues where no codebook says what its null label is."""
NULLABLE = ("event", "date", "speaker")
NUMBERS = ("sent_id", "start", "end", "paragraph", "p_issue_main", "p_stance", "p_holder", "truncated")
FORMATS = (".parquet", ".jsonl", ".csv")
READ = (*FORMATS, ".json", ".ndjson", ".tsv")
"""Endings of tables that are read, whatever their case; other programs save the last three."""
MANIFEST = "_manifest.json"
"""In a folder of shards, what the table is made of; it stands there once the table is complete."""
KIND = "stance sentence table"
"""What the manifest says the folder is, under ``table``."""
HEAD = 1 << 20
"""Longest header, or first record, by which a table is known, in bytes."""

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


def csv_delimiter(header: str) -> str:
    """What separates the cells of a CSV: spreadsheets write semicolons or tabs where the comma is the decimal mark."""
    return max(",;\t", key=header.count)


def holds_labels(path: str | Path) -> bool:
    """Whether a file holds a sentence table (labels), and not documents, whatever program has saved it since.

    Args:
        path: a file in one of the formats that hold many documents; of others the answer is no.
    """
    path = Path(path)
    suffix = path.suffix.lower()
    try:
        if suffix == ".parquet":
            import pyarrow.parquet as pq

            return {"stance", "issue"} <= set(pq.read_schema(path).names)
        with path.open("rb") as file:
            head = file.read(HEAD)
        encoding = "utf-16" if head.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8-sig"
        text = head.decode(encoding, errors="replace").lstrip()
        if suffix in (".csv", ".tsv"):
            header = text.partition("\n")[0]
            names = next(csv.reader([header], delimiter=csv_delimiter(header)), [])
        elif suffix in (".jsonl", ".ndjson", ".json"):
            names, _ = json.JSONDecoder().raw_decode(text.removeprefix("[").lstrip())
        else:
            return False
        return {"stance", "issue"} <= set(names)
    except (OSError, ValueError, TypeError, RecursionError, csv.Error):
        return False
