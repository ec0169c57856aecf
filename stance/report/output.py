"""Writing a comparison: the report, its tables, figures and findings, and the sentences."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from stance.atomic_write import replacing, writable
from stance.report.charts import svg_to_png
from stance.report.figures import make_figures
from stance.report.html import render_report
from stance.report.table_files import csv_files
from stance.report.text import findings_json, markdown_report
from stance.table import write_table

if TYPE_CHECKING:
    from stance.contrast.comparison import Comparison


CURE = "Choose another folder, or check its rights and the space left"


def write_comparison(comparison: Comparison, folder: Path) -> list[Path]:
    """Write the report and everything behind it.

    Args:
        comparison: from `stance.compare`.
        folder: is made if need be; files of the same names are replaced, and tables and figures of an earlier report
            there that this one has not are removed.

    Returns:
        the files: ``report.html``, ``report.md``, ``findings.json``, ``sentences.parquet``, then ``tables/*.csv``,
        ``figures/*.svg`` and ``figures/*.png``.

    Raises:
        StanceError: if a file cannot be written; the message says which and why.
    """
    figures = make_figures(comparison, comparison.meetings)
    tables = csv_files(comparison)
    names = [f"tables/{name}.csv" for name in tables]
    names += [f"figures/{name}.{ending}" for name in figures.makers for ending in ("svg", "png")]
    files: dict[Path, Callable[[], str | bytes]] = {
        folder / "report.html": lambda: render_report(comparison, figures=figures, files=tables),
        folder / "report.md": lambda: markdown_report(comparison),
        folder / "findings.json": lambda: findings_json(comparison, names),
    }
    for name, text in tables.items():
        files[folder / "tables" / f"{name}.csv"] = partial(str, text)
    for name in figures.makers:
        files[folder / "figures" / f"{name}.svg"] = partial(figures.svg, name)
        files[folder / "figures" / f"{name}.png"] = lambda name=name: svg_to_png(figures.svg(name))  # type: ignore[misc]
    earlier = _written_before(folder)
    written = []
    for path, content in files.items():
        _write(path, content())
        written.append(path)
    sentences = folder / "sentences.parquet"
    write_table(comparison.table, sentences)
    for path in earlier - set(files):
        with writable(path, "the file", CURE):
            path.unlink(missing_ok=True)
    return [*written[:3], sentences, *written[3:]]


def _written_before(folder: Path) -> set[Path]:
    """Tables and figures that an earlier report in the folder names as its own."""
    try:
        given = json.loads((folder / "findings.json").read_text(encoding="utf-8")).get("files", [])
        parts = [Path(name).parts for name in given]
    except (OSError, ValueError, AttributeError, TypeError):
        return set()
    return {folder.joinpath(*p) for p in parts if len(p) == 2 and p[0] in ("tables", "figures") and p[1] != ".."}


def _write(path: Path, content: str | bytes) -> None:
    """Write a file that appears under its name only when it is complete."""
    with writable(path, "the file", CURE):
        path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path, CURE) as temporary:
        temporary.write_bytes(content.encode() if isinstance(content, str) else content)
