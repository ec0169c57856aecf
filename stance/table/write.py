"""Write a sentence table as Parquet, JSONL or CSV."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import IO, Any

import numpy as np
import pandas as pd

from stance.atomic_write import begin, settle, writable
from stance.errors import StanceError
from stance.table.check import check_table
from stance.table.schema import COLUMNS, FORMATS, arrow_schema, safe_cell


def write_table(table: pd.DataFrame, path: str | Path) -> None:
    """Write a sentence table; the ending chooses the format, see `TableWriter`.

    Raises:
        StanceError: if the ending is unknown or the file cannot be written.
    """
    with TableWriter(path) as writer:
        writer.write(table)


class TableWriter:
    """Writes a sentence table part by part, so that memory stays bounded.

    The file appears under its name only when it is complete. Where that is a link, the file behind it is written;
    an existing file keeps its mode. Columns that a user has added are written too, where the first part has them. CSV
    joins lists by ``;``, writes ``probs`` as JSON, and puts an apostrophe before cells that a spreadsheet would run as
    a formula.

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
        self._target = Path(os.path.realpath(path))  # where a link leads
        self._part = self._target.with_name(f".{self._target.name}.part")
        self._parquet: Any = None
        self._text: IO[str] | None = None
        self._columns: list[str] = []

    def __enter__(self) -> TableWriter:
        if self.to_stdout:
            if sys.stdout is None:  # as after `>&-` in a shell
                raise StanceError("-: standard output is closed. Pipe it into a command, or give a file as output")
            self._text = sys.stdout
            return self
        with writable(self.path, "the table"):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            begin(self._part, self._target)
            if self.path.suffix != ".parquet":
                self._text = self._part.open("w", encoding="utf-8", newline="")
        return self

    def write(self, table: pd.DataFrame) -> None:
        """Add the rows of a table, checked by `check_table`."""
        table = check_table(table)
        first = not self._columns
        self._columns = self._columns or list(table.columns)
        table = table.reindex(columns=self._columns)
        with writable(self.path, "the table"):
            if self._text is None:
                self._write_parquet(table)
            elif self.path.suffix == ".csv":
                _flat(table).to_csv(self._text, index=False, header=first)
            else:
                self._text.writelines(
                    json.dumps(row, ensure_ascii=False, default=str) + "\n" for row in _plain_rows(table)
                )

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if self.to_stdout:
            if kind is None and self._text is not None:
                with writable(self.path, "the table"):
                    self._text.flush()
            return
        try:
            with writable(self.path, "the table"):
                if kind is None and not self._columns:
                    self.write(pd.DataFrame(columns=list(COLUMNS)))
                for file in (self._text, self._parquet):
                    if file is not None:
                        file.close()
                if kind is None:
                    settle(self._part, self._target)
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


def _flat(table: pd.DataFrame) -> pd.DataFrame:
    """The table for CSV: no lists, no maps, no cell that a spreadsheet would run."""
    flat = table.copy()
    for column in ("issue", "frame"):
        flat[column] = flat[column].map(";".join)
    flat["probs"] = [json.dumps({k: round(float(v), 5) for k, v in p.items()}) for p in flat["probs"]]
    for column in flat.columns:
        flat[column] = flat[column].map(safe_cell)
    return flat


def _plain(value: Any) -> Any:
    """A value as JSON has it: None where it is missing, plain numbers and lists for those of numpy."""
    if pd.api.types.is_scalar(value) and pd.isna(value):
        return None
    return value.tolist() if isinstance(value, np.ndarray | np.generic) else value


def _plain_rows(table: pd.DataFrame) -> list[dict[str, Any]]:
    rows = []
    for row in table.to_dict("records"):
        plain = {str(k): _plain(v) for k, v in row.items()}
        plain["probs"] = {k: round(float(v), 5) for k, v in row["probs"].items()}
        for column in ("p_issue_main", "p_stance", "p_holder"):
            plain[column] = None if plain[column] is None else round(float(row[column]), 5)
        rows.append(plain)
    return rows
