"""Splits: which documents are trained on, validated on and tested on."""

from __future__ import annotations

import csv
from pathlib import Path

from stance.errors import StanceError

SPLITS = ("train", "validation", "test")


def read_splits(path: str | Path) -> dict[str, str]:
    """Read the split of each document from a CSV with ``doc_id`` and ``split``.

    Raises:
        StanceError: if the file cannot be read, lacks a column, or names an unknown split.
    """
    path = Path(path)
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError) as error:
        raise StanceError(f"{path}: the splits cannot be read ({error}). Check the path") from error
    splits = {}
    for number, row in enumerate(rows, 2):
        if row.get("split") not in SPLITS or not row.get("doc_id"):
            raise StanceError(f"{path}:{number}: needs a doc_id and a split, one of {', '.join(SPLITS)}")
        splits[row["doc_id"]] = row["split"]
    return splits
