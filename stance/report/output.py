"""Writing a comparison: the report, its tables, figures and findings, and the sentences."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from stance.errors import StanceError
from stance.report.charts import to_svg, words_chart
from stance.report.findings import headline
from stance.report.html import render_report
from stance.table import safe_cell, write_table

if TYPE_CHECKING:
    from stance.contrast.comparison import Comparison

PARTS = (
    "differences", "distribution", "frames", "by_issue", "words", "evidence", "possible", "wording", "overtures",
    "reported", "unpaired", "order", "order_agreement", "one_sided", "sensitivity", "trends",
)  # fmt: skip
"""Tables that a contrast may hold besides its main one."""


def write_comparison(comparison: Comparison, folder: Path) -> list[Path]:
    """Write the report and everything behind it.

    Args:
        comparison: from `stance.compare`.
        folder: is made if need be; files of the same names are replaced.

    Returns:
        the files: ``report.html``, ``findings.json``, ``sentences.parquet``, then ``tables/*.csv``, ``figures/*.svg``.

    Raises:
        StanceError: if a file cannot be written; the message says which and why.
    """
    files: dict[Path, Callable[[], str]] = {
        folder / "report.html": lambda: render_report(comparison),
        folder / "findings.json": lambda: _findings(comparison),
    }
    for name, table in _tables(comparison).items():
        files[folder / "tables" / f"{name}.csv"] = lambda table=table: _csv(table)  # type: ignore[misc]
    for name, contrast in comparison.contrasts.items():
        files[folder / "figures" / f"{name}.svg"] = lambda contrast=contrast: to_svg(contrast.plot())  # type: ignore[misc]
    files[folder / "figures" / "words.svg"] = lambda: to_svg(words_chart(comparison.framing, "all issues", 12))
    written = []
    for path, content in files.items():
        _write(path, content())
        written.append(path)
    sentences = folder / "sentences.parquet"
    write_table(comparison.table, sentences)
    return [*written[:2], sentences, *written[2:]]


def _write(path: Path, text: str) -> None:
    """Write a file that appears under its name only when it is complete."""
    temporary = path.with_name(f".{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_text(text, encoding="utf-8")
        temporary.replace(path)
    except OSError as error:
        why = error.strerror or str(error)
        raise StanceError(
            f"{path}: the file cannot be written ({why}). Choose another folder, or check its rights and the space left"
        ) from error


def _tables(comparison: Comparison) -> dict[str, pd.DataFrame]:
    """Every table of every contrast under its file name."""
    found = {}
    for name, contrast in comparison.contrasts.items():
        found[name] = contrast.table
        for part in PARTS:
            table = getattr(contrast, part, None)
            if isinstance(table, pd.DataFrame):
                found[f"{name}_{part}"] = table.dropna(subset=["doc_id"]) if "doc_id" in table else table
    if not comparison.corrected.table.empty:
        found["corrected"] = comparison.corrected.table
    return found


def _csv(table: pd.DataFrame) -> str:
    flat = table.copy()
    for column in flat.columns:
        if not pd.api.types.is_numeric_dtype(flat[column]):
            flat[column] = flat[column].map(_joined).map(safe_cell)
    return str(flat.to_csv(index=False))


def _joined(value: object) -> object:
    return ";".join(map(str, value)) if isinstance(value, list | tuple) else value


def _findings(comparison: Comparison) -> str:
    sides = comparison.sides
    content: dict[str, Any] = {
        "sides": dict(zip(sides.groups, sides.names, strict=True)),
        "findings": [asdict(f) for f in headline(comparison)],
    }
    return json.dumps(content, ensure_ascii=False, indent=1, allow_nan=False) + "\n"
