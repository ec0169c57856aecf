"""Every table of a comparison as CSV, for the files beside the report and the downloads inside it."""

from __future__ import annotations

import base64
import gzip
import json
from dataclasses import fields
from typing import TYPE_CHECKING

import pandas as pd

from stance.report.meetings import agenda_by_meeting, positions_by_meeting, red_line_history
from stance.table import safe_cell

if TYPE_CHECKING:
    from stance.contrast.comparison import Comparison


def all_tables(comparison: Comparison) -> dict[str, pd.DataFrame]:
    """Every table of every contrast under its name and that of its field, and those over time."""
    found = {}
    corrected = {} if comparison.corrected.table.empty else {"corrected": comparison.corrected}
    for name, contrast in (comparison.contrasts | corrected).items():
        for part in fields(contrast):
            table = getattr(contrast, part.name)
            if isinstance(table, pd.DataFrame):
                found[name if part.name == "table" else f"{name}_{part.name}"] = table
    if comparison.wordings:
        found["wordings"] = comparison.wordings.table
    meetings = comparison.meetings
    if meetings.several:
        found["agenda_by_meeting"] = agenda_by_meeting(comparison, meetings)
        found["stances_by_meeting"] = positions_by_meeting(comparison, meetings)
        found["red_line_history"] = red_line_history(comparison, meetings)
    return found


def csv_files(comparison: Comparison) -> dict[str, str]:
    """`all_tables` as CSV."""
    return {name: to_csv(table) for name, table in all_tables(comparison).items()}


def to_csv(table: pd.DataFrame) -> str:
    """A table as CSV: lists joined by ``;``, and no cell that a spreadsheet would run as a formula."""
    flat = table.copy()
    for column in flat.columns:
        if not pd.api.types.is_numeric_dtype(flat[column]):
            flat[column] = flat[column].map(_joined).map(safe_cell)
    return str(flat.to_csv(index=False, float_format="%.6g"))


def _joined(value: object) -> object:
    return ";".join(map(str, value)) if isinstance(value, list | tuple) else value


def packed(tables: dict[str, str]) -> str:
    """CSV texts by name as JSON, gzipped and in base64: what the page unpacks when a table is asked for."""
    return base64.b64encode(gzip.compress(json.dumps(tables, ensure_ascii=False).encode(), mtime=0)).decode()
