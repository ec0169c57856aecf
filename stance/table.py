"""The sentence table: one row a sentence; what scoring writes and every contrast reads.

A researcher with labels of her own enters here: `check_table` says what her table lacks.
"""

from __future__ import annotations

import csv
import json
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

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


def check_table(table: pd.DataFrame) -> pd.DataFrame:
    """Check a sentence table and fill what hand-coded labels need not have.

    Args:
        table: at least the columns of `REQUIRED`; ``issue`` and ``frame`` as lists (or strings joined by ``;``).

    Returns:
        a copy with all columns of `COLUMNS` first, missing ones filled: probabilities 1, ``issue_main`` the first
        issue, ``paragraph`` 0.

    Raises:
        StanceError: if a required column is missing or a list column holds something else.
    """
    missing = [c for c in REQUIRED if c not in table.columns]
    if missing:
        raise StanceError(
            f"the sentence table lacks the columns {', '.join(missing)}. See the README, «Sentence table»"
        )
    table = table.copy()
    for column in ("issue", "frame"):
        table[column] = [label_list(v, column) for v in table[column]]
    main = table["issue_main"] if "issue_main" in table else [None] * len(table)
    table["issue_main"] = [
        str(given) if isinstance(given, str) and given.strip() else issues[0] if issues else "none"
        for given, issues in zip(main, table["issue"], strict=True)
    ]
    fill: dict[str, Any] = {
        "event": None, "date": None, "lang": "en", "title": "", "start": 0, "end": 0, "paragraph": 0, "speaker": None,
        "p_issue_main": 1.0, "p_stance": 1.0, "p_holder": 1.0, "truncated": False, "model": "", "codebook": "",
    }  # fmt: skip
    for column, value in fill.items():
        if column not in table:
            table[column] = value
        elif column not in NULLABLE and table[column].isna().any():
            table[column] = table[column].fillna(value)
    for column in NULLABLE:
        given = [None if pd.isna(v) or not str(v).strip() else v for v in table[column]]
        table[column] = pd.Series(given, table.index, dtype=object)
    probabilities = table["probs"] if "probs" in table else [None] * len(table)
    table["probs"] = pd.Series([p if isinstance(p, dict) else {} for p in probabilities], table.index, dtype=object)
    return table[[*COLUMNS, *(c for c in table.columns if c not in COLUMNS)]].reset_index(drop=True)


def label_list(value: object, column: str = "issue") -> list[str]:
    """Labels of a cell: a list, or a string joined by ``;``; empty for a missing value.

    Raises:
        StanceError: if the cell of the column holds something else.
    """
    if isinstance(value, str):
        return [v.strip() for v in value.split(";") if v.strip()]
    if value is None or value is pd.NA or (isinstance(value, float) and pd.isna(value)):
        return []
    if hasattr(value, "__iter__"):
        return [str(v) for v in value]
    raise StanceError(f"the column {column} holds {value!r}. Give a list of labels, or labels joined by ;")


def write_table(table: pd.DataFrame, path: str | Path) -> None:
    """Write a sentence table; the ending chooses the format, see `TableWriter`.

    Raises:
        StanceError: if the ending is unknown or the file cannot be written.
    """
    with TableWriter(path) as writer:
        writer.write(table)


class TableWriter:
    """Writes a sentence table part by part, so that memory stays bounded.

    The file appears under its name only when it is complete. Columns that a user has added are written too, where the
    first part has them. CSV joins lists by ``;``, writes ``probs`` as JSON, and puts an apostrophe before cells that a
    spreadsheet would run as a formula.

    Args:
        path: a file ending in ``.parquet``, ``.jsonl`` or ``.csv``, or ``-`` for JSONL on stdout.

    Raises:
        StanceError: if the ending is unknown or the file cannot be written.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self.to_stdout = str(path) == "-"
        if not self.to_stdout and self.path.suffix not in FORMATS:
            raise StanceError(f"{path}: tables are written as {', '.join(FORMATS)}. Choose one of these endings")
        self._part = self.path.with_name(f".{self.path.name}.part")
        self._parquet: Any = None
        self._text: IO[str] | None = None
        self._columns: list[str] = []

    def __enter__(self) -> TableWriter:
        if self.to_stdout:
            self._text = sys.stdout
            return self
        with _named(self.path):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            if self.path.suffix == ".parquet":
                self._part.touch()
            else:
                self._text = self._part.open("w", encoding="utf-8", newline="")
        return self

    def write(self, table: pd.DataFrame) -> None:
        """Add the rows of a table, checked by `check_table`."""
        table = check_table(table)
        first = not self._columns
        self._columns = self._columns or list(table.columns)
        table = table.reindex(columns=self._columns)
        with _named(self.path):
            if self._text is None:
                self._write_parquet(table)
            elif self.path.suffix == ".csv":
                _flat(table).to_csv(self._text, index=False, header=first)
            else:
                self._text.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in _plain_rows(table))

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if self.to_stdout:
            return
        try:
            with _named(self.path):
                if kind is None and not self._columns:
                    self.write(pd.DataFrame(columns=list(COLUMNS)))
                for file in (self._text, self._parquet):
                    if file is not None:
                        file.close()
                if kind is None:
                    self._part.replace(self.path)
        finally:
            self._part.unlink(missing_ok=True)

    def _write_parquet(self, table: pd.DataFrame) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        from stance import __version__

        metadata = {
            "stance.model": ", ".join(sorted({str(m) for m in table["model"]})),
            "stance.codebook": ", ".join(sorted({str(c) for c in table["codebook"]})),
            "stance.version": __version__,
        }
        columns = {c: table[c].tolist() for c in table.columns}
        columns["probs"] = [list(p.items()) for p in columns["probs"]]
        try:
            if self._parquet is None:
                schema = arrow_schema(metadata)
                for added in table.columns[len(COLUMNS) :]:
                    kind = pa.array(columns[added], from_pandas=True).type
                    schema = schema.append(pa.field(added, pa.string() if pa.types.is_null(kind) else kind))
                self._parquet = pq.ParquetWriter(self._part, schema, compression="zstd")
            self._parquet.write_table(pa.table(columns, schema=self._parquet.schema))
        except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
            raise StanceError(f"{self.path}: a column holds a value of the wrong type ({error}). Mend it") from error


@contextmanager
def _named(path: Path) -> Iterator[None]:
    """Turn an error of the file system into one that names the file and the cure."""
    try:
        yield
    except OSError as error:
        raise StanceError(f"{path}: the table cannot be written ({error.strerror}). Check place and rights") from error


def _flat(table: pd.DataFrame) -> pd.DataFrame:
    """The table for CSV: no lists, no maps, no cell that a spreadsheet would run."""
    flat = table.copy()
    for column in ("issue", "frame"):
        flat[column] = flat[column].map(";".join)
    flat["probs"] = [json.dumps({k: round(float(v), 5) for k, v in p.items()}) for p in flat["probs"]]
    for column in flat.columns:
        flat[column] = flat[column].map(safe_cell)
    return flat


def safe_cell(value: object) -> object:
    """Make a text cell safe for spreadsheets: what begins like a formula gets an apostrophe before it (OWASP)."""
    return "'" + value if isinstance(value, str) and _FORMULA.match(value) else value


def plain_cell(value: object) -> object:
    """Undo `safe_cell`."""
    return value[1:] if isinstance(value, str) and value[:1] == "'" and _FORMULA.match(value) else value


def _plain_rows(table: pd.DataFrame) -> list[dict[str, Any]]:
    rows = []
    for row in table.to_dict("records"):
        plain = {
            str(k): (None if not isinstance(v, list | dict) and pd.isna(v) else v.item() if hasattr(v, "item") else v)
            for k, v in row.items()
        }
        plain["probs"] = {k: round(float(v), 5) for k, v in row["probs"].items()}
        for column in ("p_issue_main", "p_stance", "p_holder"):
            plain[column] = None if plain[column] is None else round(float(row[column]), 5)
        rows.append(plain)
    return rows


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

            content = pq.read_table(path)
            frame = pd.DataFrame(content.to_pylist(), columns=content.column_names)
            if "probs" in frame:
                frame["probs"] = pd.Series([dict(p or ()) for p in frame["probs"]], frame.index, dtype=object)
        elif path.suffix == ".jsonl":
            with path.open(encoding="utf-8-sig", newline="\n") as file:
                rows = [json.loads(line) for line in file if line.strip()]
            frame = pd.DataFrame(rows) if rows else pd.DataFrame(columns=list(COLUMNS))
        elif path.suffix == ".csv":
            frame = _read_csv(path)
        else:
            raise StanceError(f"{path}: tables are read from {', '.join(FORMATS)}")
        return check_table(frame)
    except StanceError as error:
        raise StanceError(f"{path}: {error}" if str(path) not in str(error) else str(error)) from error
    except (OSError, ValueError) as error:
        raise StanceError(f"{path}: the sentence table cannot be read ({error}). Mend it or score again") from error


def _read_csv(path: Path) -> pd.DataFrame:
    """Read a CSV in which texts stay texts, whatever they look like: a doc_id ``007``, an event ``2023``."""
    frame = pd.read_csv(
        path,
        encoding="utf-8-sig",
        dtype={c: str for c in COLUMNS if c not in NUMBERS},
        keep_default_na=False,
        na_values={c: [""] for c in (*NULLABLE, *NUMBERS)},
    )
    for column in frame.columns:
        if column not in NUMBERS:
            frame[column] = frame[column].map(plain_cell)
    if "probs" in frame:
        frame["probs"] = pd.Series([json.loads(p) if p else {} for p in frame["probs"]], frame.index, dtype=object)
    return frame
