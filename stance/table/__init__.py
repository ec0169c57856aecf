"""The sentence table: one row a sentence; what scoring writes and every contrast reads.

A researcher with labels of her own enters here: `check_table` says what her table lacks.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from stance.table.schema import (
    COLUMNS,
    FORMATS,
    NULLABLE,
    NUMBERS,
    REQUIRED,
    arrow_schema,
    holds_labels,
    plain_cell,
    safe_cell,
)

if TYPE_CHECKING:
    from stance.table.check import check_table
    from stance.table.read import read_table
    from stance.table.write import TableWriter, write_table

_PLACES = {
    "check_table": "stance.table.check",
    "read_table": "stance.table.read",
    "TableWriter": "stance.table.write",
    "write_table": "stance.table.write",
}

__all__ = [
    "COLUMNS", "FORMATS", "NULLABLE", "NUMBERS", "REQUIRED", "TableWriter", "arrow_schema", "check_table",
    "holds_labels", "plain_cell", "read_table", "safe_cell", "write_table",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    if name in _PLACES:  # these need pandas, which takes a while to import
        return getattr(import_module(_PLACES[name]), name)
    raise AttributeError(f"module 'stance.table' has no attribute {name!r}")
