"""Markdown tables of an evaluation's figures, and what stands in their cells."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from stance.markdown import markdown_table


def matrix(file: Path) -> str:
    """A table of counts, true by given labels, from a CSV."""
    counts = pd.read_csv(file, index_col=0)
    return markdown_table(
        ["true ↓ given →", *counts.columns],
        [[name, *row] for name, row in zip(counts.index, counts.to_numpy(), strict=True)],
    )


def records(table: pd.DataFrame) -> list[dict[str, Any]]:
    """The rows of a table."""
    return [{str(k): v for k, v in row.items()} for row in table.to_dict("records")]


def figure_cell(part: pd.DataFrame, dimension: str, metric: str, digits: int = 2) -> str:
    """A figure with its interval; ``part`` has one row for it."""
    found = part[(part["dimension"] == dimension) & (part["metric"] == metric)].iloc[0]
    return figure(found.to_dict(), digits)


def figure(row: Mapping[Any, Any], digits: int = 3) -> str:
    """A figure with its interval, or beside what chance alone would give."""
    if not pd.isna(row.get("by_chance")):
        return f"{row['estimate']:.{digits}f} (by chance {row['by_chance']:.{digits}f})"
    return interval(row["estimate"], row["low"], row["high"], digits=digits)


def figure_row(part: pd.DataFrame, dimension: str, metric: str) -> dict[str, Any]:
    """The row of a figure; empty if there is none."""
    rows = records(part[(part["dimension"] == dimension) & (part["metric"] == metric)])
    return rows[0] if rows else {}


def difference(row: dict[str, Any]) -> str:
    """A paired difference with its interval and q; a dash for no row."""
    if not row:
        return "–"
    q = "q < 0.001" if row["p_adjusted"] < 0.001 else f"q = {row['p_adjusted']:.3f}"
    return f"{interval(row['difference'], row['difference_low'], row['difference_high'], '+', 3)}, {q}"


def interval(value: float, low: float, high: float, sign: str = "", digits: int = 2) -> str:
    """A value with its interval; a dash for what is not known."""
    form = f"{sign}.{digits}f"
    if pd.isna(low):
        return "–" if pd.isna(value) else f"{value:{form}}"
    return f"{value:{form}} [{low:{form}}, {high:{form}}]"
