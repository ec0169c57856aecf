"""Splits: which documents are trained on, validated on and tested on."""

from __future__ import annotations

import csv
from pathlib import Path

from stance.errors import StanceError
from stance.table.schema import csv_delimiter

SPLITS = ("train", "validation", "test")


def read_splits(path: str | Path) -> dict[str, str]:
    """Read the split of each document from a CSV with ``doc_id`` and ``split``.

    Raises:
        StanceError: if the file cannot be read, lacks a column, names an unknown split, or a document in two.
    """
    path = Path(path)
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            header = file.readline()
            file.seek(0)
            rows = list(csv.DictReader(file, delimiter=csv_delimiter(header)))
    except (OSError, UnicodeDecodeError) as error:
        raise StanceError(f"{path}: the splits cannot be read ({error}). Check the path") from error
    splits: dict[str, str] = {}
    for number, row in enumerate(rows, 2):
        if row.get("split") not in SPLITS or not row.get("doc_id"):
            raise StanceError(f"{path}:{number}: needs a doc_id and a split, one of {', '.join(SPLITS)}")
        if splits.get(row["doc_id"], row["split"]) != row["split"]:
            both = f"{splits[row['doc_id']]} and in {row['split']}"
            raise StanceError(f"{path}:{number}: {row['doc_id']} is in {both}. Keep one of them")
        splits[row["doc_id"]] = row["split"]
    return splits
