"""The sentence table: one row a sentence; what scoring writes and every contrast reads.

A researcher with labels of her own enters here: `check_table` says what her table lacks.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from stance.errors import StanceError

if TYPE_CHECKING:
    import pyarrow as pa

COLUMNS = (
    "event", "doc_id", "source", "date", "lang", "title", "sent_id", "start", "end", "text", "paragraph", "speaker",
    "issue", "issue_main", "stance", "holder", "frame", "p_issue_main", "p_stance", "p_holder", "probs", "truncated",
    "model", "codebook",
)  # fmt: skip
REQUIRED = ("doc_id", "source", "sent_id", "text", "issue", "stance", "holder", "frame")
"""Columns that a table of hand-coded labels must have; `check_table` fills the others."""

FORMATS = (".parquet", ".jsonl", ".csv")


def arrow_schema(metadata: dict[str, str] | None = None) -> pa.Schema:
    """The table's Arrow schema; ``probs`` is a map from ``dimension:label`` to float."""
    import pyarrow as pa

    text, number, real, texts = pa.string(), pa.int32(), pa.float32(), pa.list_(pa.string())
    types = {
        "sent_id": number, "start": number, "end": number, "paragraph": number, "issue": texts, "frame": texts,
        "p_issue_main": real, "p_stance": real, "p_holder": real, "probs": pa.map_(text, real), "truncated": pa.bool_(),
    }  # fmt: skip
    return pa.schema([(c, types.get(c, text)) for c in COLUMNS], metadata=metadata)


def check_table(table: pd.DataFrame) -> pd.DataFrame:
    """Check a sentence table and fill what hand-coded labels need not have.

    Args:
        table: at least the columns of `REQUIRED`; ``issue`` and ``frame`` as lists (or strings joined by ``;``).

    Returns:
        a copy with all columns of `COLUMNS` first, missing ones filled: probabilities 1, ``issue_main`` the first issue,
        ``paragraph`` 0.

    Raises:
        StanceError: if a required column is missing or a list column holds something else.
    """
    missing = [c for c in REQUIRED if c not in table.columns]
    if missing:
        raise StanceError(f"the sentence table lacks the columns {', '.join(missing)}. See the README, «Sentence table»")
    table = table.copy()
    for column in ("issue", "frame"):
        table[column] = [_labels(v, column) for v in table[column]]
    if "issue_main" not in table:
        table["issue_main"] = [v[0] if v else "none" for v in table["issue"]]
    fill: dict[str, Any] = {
        "event": None, "date": None, "lang": "en", "title": "", "start": 0, "end": 0, "paragraph": 0, "speaker": None,
        "p_issue_main": 1.0, "p_stance": 1.0, "p_holder": 1.0, "truncated": False, "model": "", "codebook": "",
    }  # fmt: skip
    for column, value in fill.items():
        if column not in table:
            table[column] = value
    if "probs" not in table:
        table["probs"] = [{} for _ in range(len(table))]
    return table[[*COLUMNS, *(c for c in table.columns if c not in COLUMNS)]].reset_index(drop=True)


def _labels(value: object, column: str) -> list[str]:
    if isinstance(value, str):
        return [v.strip() for v in value.split(";") if v.strip()]
    if value is None or (isinstance(value, float) and pd.isna(value)):
        return []
    if hasattr(value, "__iter__"):
        return [str(v) for v in value]
    raise StanceError(f"the column {column} holds {value!r}. Give a list of labels, or labels joined by ;")


def write_table(table: pd.DataFrame, path: str | Path) -> None:
    """Write a sentence table; the ending chooses the format (``.parquet``, ``.jsonl`` or ``.csv``).

    The file appears under its name only when it is complete. CSV joins lists by ``;``, writes ``probs`` as JSON, and puts
    an apostrophe before cells that a spreadsheet would run as a formula.

    Raises:
        StanceError: if the ending is unknown or the file cannot be written.
    """
    path = Path(path)
    if path.suffix not in FORMATS:
        raise StanceError(f"{path}: tables are written as {', '.join(FORMATS)}. Choose one of these endings")
    temporary = path.with_name(f".{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _WRITERS[path.suffix](table, temporary)
        temporary.replace(path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise StanceError(f"{path}: the table cannot be written ({error.strerror}). Check place and rights") from error


def _write_parquet(table: pd.DataFrame, path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    from stance import __version__

    metadata = {
        "stance.model": ", ".join(sorted(set(table["model"]))),
        "stance.codebook": ", ".join(sorted(set(table["codebook"]))),
        "stance.version": __version__,
    }
    columns = {c: table[c].tolist() for c in COLUMNS}
    columns["probs"] = [list(p.items()) for p in columns["probs"]]
    for column in ("event", "date", "speaker"):
        columns[column] = [None if pd.isna(v) else v for v in columns[column]]
    pq.write_table(pa.table(columns, schema=arrow_schema(metadata)), path, compression="zstd")


def _write_jsonl(table: pd.DataFrame, path: Path) -> None:
    with path.open("w", encoding="utf-8") as file:
        for row in _plain_rows(table):
            file.write(json.dumps(row, ensure_ascii=False) + "\n")


def _write_csv(table: pd.DataFrame, path: Path) -> None:
    flat = table.copy()
    for column in ("issue", "frame"):
        flat[column] = flat[column].map(";".join)
    flat["probs"] = [json.dumps({k: round(float(v), 5) for k, v in p.items()}) for p in flat["probs"]]
    for column in flat.columns:
        flat[column] = flat[column].map(safe_cell)
    flat.to_csv(path, index=False)


def safe_cell(value: object) -> object:
    """Make a text cell safe for spreadsheets: what begins like a formula gets an apostrophe before it (OWASP)."""
    if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r"):
        return "'" + value
    return value


def _plain_rows(table: pd.DataFrame) -> list[dict[str, Any]]:
    rows = []
    for row in table.to_dict("records"):
        plain = {
            str(k): (None if not isinstance(v, list | dict) and pd.isna(v) else v.item() if hasattr(v, "item") else v)
            for k, v in row.items()
        }
        plain["probs"] = {k: round(float(v), 5) for k, v in row["probs"].items()}
        for column in ("p_issue_main", "p_stance", "p_holder"):
            plain[column] = round(float(row[column]), 5)
        rows.append(plain)
    return rows


_WRITERS = {".parquet": _write_parquet, ".jsonl": _write_jsonl, ".csv": _write_csv}


def read_table(path: str | Path) -> pd.DataFrame:
    """Read a sentence table from Parquet, JSONL or CSV.

    Returns:
        the table as `check_table` gives it.

    Raises:
        StanceError: if the file cannot be read or lacks required columns.
    """
    path = Path(path)
    try:
        if path.suffix == ".parquet":
            import pyarrow.parquet as pq

            frame = pd.DataFrame(pq.read_table(path).to_pylist())
            if "probs" in frame:
                frame["probs"] = [dict(p or ()) for p in frame["probs"]]
        elif path.suffix == ".jsonl":
            frame = pd.read_json(path, lines=True, dtype=False, convert_dates=False)
        elif path.suffix == ".csv":
            frame = pd.read_csv(path, keep_default_na=False, na_values={"event": [""], "date": [""], "speaker": [""]})
            if "probs" in frame:
                frame["probs"] = [json.loads(p) if p else {} for p in frame["probs"]]
        else:
            raise StanceError(f"{path}: tables are read from {', '.join(FORMATS)}")
        return check_table(frame)
    except StanceError as error:
        raise StanceError(f"{path}: {error}" if str(path) not in str(error) else str(error)) from error
    except (OSError, ValueError) as error:
        raise StanceError(f"{path}: the sentence table cannot be read ({error}). Score the documents again") from error
