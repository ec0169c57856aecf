"""Read a sentence table from Parquet, JSONL or CSV."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from stance.errors import StanceError
from stance.table.check import check_table
from stance.table.schema import COLUMNS, MANIFEST, NULLABLE, NUMBERS, READ, csv_delimiter, plain_cell
from stance.table.shard import readable_shard

logger = logging.getLogger(__name__)


def read_table(path: str | Path) -> pd.DataFrame:
    """Read a sentence table from Parquet, JSONL or CSV, or from the folder of an archive.

    Returns:
        the table as `check_table` gives it. A warning is logged where its rows are of several models or codebooks.

    Raises:
        StanceError: if the file cannot be read or lacks required columns.
    """
    path = Path(path)
    try:
        table = check_table(read_rows(path, "the sentence table", "Mend it or score again"))
    except StanceError as error:
        raise StanceError(f"{path}: {error}" if str(path) not in str(error) else str(error)) from error
    scorers = table[["model", "codebook"]].astype(str).drop_duplicates()
    warn_of_mixture(path, scorers.itertuples(index=False, name=None))
    return table


def read_rows(path: str | Path, what: str, cure: str = "Mend the file") -> pd.DataFrame:
    """Read rows about sentences, whatever they hold, from Parquet, JSONL or CSV, or from the folder of an archive.

    Args:
        path: the file or folder.
        what: it is, for messages.
        cure: what to do where it cannot be read.

    Returns:
        the columns as they stand there; lists and dictionaries as such, but for several labels in a CSV's cell.

    Raises:
        StanceError: if the file cannot be read.
    """
    path = Path(path)
    suffix = path.suffix.lower()
    try:
        if suffix == ".parquet" or path.is_dir():
            content = _read_folder(path) if path.is_dir() else pq.read_table(path)
            frame = pd.DataFrame(content.to_pylist(), columns=content.column_names)
            if "probs" in frame:
                frame["probs"] = pd.Series([dict(p or ()) for p in frame["probs"]], frame.index, dtype=object)
            return frame
        if suffix in (".jsonl", ".ndjson", ".json"):
            rows = _read_json(path)
            return pd.DataFrame(rows) if rows else pd.DataFrame(columns=list(COLUMNS))
        if suffix in (".csv", ".tsv"):
            return read_csv(path)
    except (OSError, ValueError) as error:
        raise StanceError(f"{path}: {what} cannot be read ({error}). {cure}") from error
    raise StanceError(f"{path}: {what} is read from {', '.join(READ)}. Save it as one of them")


def warn_of_mixture(path: Path, scorers: Iterable[tuple[str, str]]) -> None:
    """Log a warning where the rows of a table are of more than one model or codebook.

    Args:
        path: the table.
        scorers: model and codebook of its rows; those of hand-coded rows are empty and do not count.
    """
    found = sorted({(m, c) for m, c in scorers if m or c})
    if len(found) > 1:
        named = ", ".join(f"{m or 'no model'} (codebook {c or 'unknown'})" for m, c in found)
        logger.warning(
            "%s: its rows are of more than one model or codebook: %s. A difference between them may be one of the "
            "models. Give all inputs to `stance score` again, so that all is scored with one; add --prune to drop "
            "documents that are gone",
            path,
            named,
        )


def _read_folder(folder: Path) -> pa.Table:
    """The shards that the manifest of an archive names, in their order."""
    manifest = folder / MANIFEST
    if not manifest.is_file():
        raise StanceError(
            f"{folder}: it holds no finished table. Where `stance score` was stopped, run the same command again: "
            "the table is not finished"
            if any(folder.glob("part-*.parquet"))
            else f"{folder}: it holds no sentence table"
        )
    content = json.loads(manifest.read_text(encoding="utf-8"))
    shards = content.get("shards") if isinstance(content, dict) else None
    if not isinstance(shards, list):
        raise StanceError(
            f"{manifest}: it is not the manifest of a sentence table. Give the folder that was scored into"
        )
    return pa.concat_tables([_read_shard(folder / s["file"]) for s in shards])


def _read_shard(file: Path) -> pa.Table:
    with readable_shard(file):
        return pq.read_table(file)


def _read_json(path: Path) -> list[dict[str, Any]]:
    """The rows of JSON lines, or of one JSON array."""
    text = path.read_text(encoding="utf-8-sig")
    one_array = text.lstrip().startswith("[")
    rows: list[Any] = json.loads(text) if one_array else [json.loads(x) for x in text.split("\n") if x.strip()]
    if not all(isinstance(row, dict) for row in rows):
        raise StanceError(f"{path}: a row is a JSON object. Mend the file, or score again")
    return rows


def read_csv(path: Path) -> pd.DataFrame:
    """Read a CSV in which texts stay texts, whatever they look like: a doc_id ``007``, an event ``2023``.

    Commas, semicolons (then with decimal commas) or tabs, UTF-8 or UTF-16, with the apostrophes of `safe_cell` taken
    away again and empty rows passed over.

    Raises:
        OSError, ValueError: if the file cannot be read.
    """
    with path.open("rb") as file:
        encoding = "utf-16" if file.read(2) in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    with path.open(encoding=encoding, errors="replace") as file:
        delimiter = csv_delimiter(file.readline())
    frame = pd.read_csv(
        path,
        sep=delimiter,
        decimal="," if delimiter == ";" else ".",
        encoding=encoding,
        dtype={c: str for c in COLUMNS if c not in NUMBERS},
        keep_default_na=False,
        na_values={c: [""] for c in (*NULLABLE, *NUMBERS)},
    )
    frame = frame[(frame.notna() & (frame != "")).any(axis=1)]
    for column in frame.columns:
        if column not in NUMBERS:
            frame[column] = frame[column].map(plain_cell)
    if "probs" in frame:
        frame["probs"] = pd.Series([json.loads(p) if p else {} for p in frame["probs"]], frame.index, dtype=object)
    return frame
