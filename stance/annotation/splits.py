"""Splits: which documents are trained on, validated on and tested on."""

from __future__ import annotations

import csv
from pathlib import Path

from stance.errors import StanceError
from stance.table.schema import csv_delimiter

SPLITS = ("train", "validation", "test")


def read_rows(path: str | Path, what: str = "the splits") -> tuple[list[str], list[dict[str, str]]]:
    """Columns and rows of a CSV of documents, in UTF-8, with commas or semicolons.

    Raises:
        StanceError: if the file cannot be read; it says ``what`` was to be found there.
    """
    try:
        with Path(path).open(encoding="utf-8-sig", newline="") as file:
            header = file.readline()
            file.seek(0)
            reader = csv.DictReader(file, delimiter=csv_delimiter(header))
            return list(reader.fieldnames or []), list(reader)
    except (OSError, UnicodeDecodeError) as error:
        raise StanceError(f"{path}: {what} cannot be read ({error}). Check the path") from error


def read_splits(path: str | Path) -> dict[str, str]:
    """Read the split of each document from a CSV with ``doc_id`` and ``split``.

    Raises:
        StanceError: if the file cannot be read, lacks a column, names an unknown split, or a document in two.
    """
    splits: dict[str, str] = {}
    for number, row in enumerate(read_rows(path)[1], 2):
        if row.get("split") not in SPLITS or not row.get("doc_id"):
            raise StanceError(f"{path}:{number}: needs a doc_id and a split, one of {', '.join(SPLITS)}")
        if splits.get(row["doc_id"], row["split"]) != row["split"]:
            both = f"{splits[row['doc_id']]} and in {row['split']}"
            raise StanceError(f"{path}:{number}: {row['doc_id']} is in {both}. Keep one of them")
        splits[row["doc_id"]] = row["split"]
    return splits
