"""Figures on pages: what stands between two marks is written from a model's evaluations, never by hand.

A mark is ``<!-- KIND:start -->`` or ``<!-- KIND EVALUATION:start -->`` with its ``:end``, where EVALUATION is a folder
below the model's ``evaluation/`` and KIND one of `KINDS`. Every block begins with the weights that its figures are of.
"""

from __future__ import annotations

import re
from pathlib import Path

from stance.classifier.figure_blocks import KINDS
from stance.classifier.model_card import weights_line
from stance.errors import StanceError

MARKED = re.compile(r"<!-- ([\w-]+)(?: ([\w-]+))?:start -->\n.*?<!-- \1(?: \2)?:end -->", re.DOTALL)


def put_figures(page: Path, folder: Path) -> None:
    """Replace what stands between the marks of a page.

    Args:
        page: a Markdown file with marks.
        folder: the model.

    Raises:
        StanceError: if the page has no marks, an unknown one, or one whose evaluation is missing.
    """
    content = page.read_text(encoding="utf-8")
    page.write_text(filled(content, folder, str(page)), encoding="utf-8")


def filled(content: str, folder: Path, name: str) -> str:
    """A page's text with the model's figures between its marks; ``name`` is for messages. See `put_figures`."""
    if not MARKED.search(content):
        raise StanceError(
            f"{name}: has no <!-- figures:start --> … <!-- figures:end -->. Add two marks where figures should stand"
        )

    def replaced(match: re.Match[str]) -> str:
        kind, evaluation = match[1], match[2]
        if kind not in KINDS:
            raise StanceError(f"{name}: no figures are called {kind!r}. There are: {', '.join(KINDS)}")
        start, end = match[0].split("\n", 1)[0], match[0].rsplit("\n", 1)[-1]
        try:
            place = folder / "evaluation" / evaluation if evaluation else folder
            text = f"{weights_line(_tables(kind, place))}\n\n{KINDS[kind](place)}"
        except OSError as error:
            raise StanceError(
                f"{name}: {error.filename} is missing. Run `stance evaluate … -o {folder}/evaluation/{evaluation}`"
            ) from error
        return f"{start}\n{text}\n{end}"

    return MARKED.sub(replaced, content)


def _tables(kind: str, place: Path) -> list[Path]:
    """The tables that record which weights a block's figures are of."""
    if kind == "figures":
        return sorted(place.glob("evaluation/*/figures.csv"))
    if kind == "robustness":
        return [place / "evaluation" / "robustness.csv"]
    if kind == "models":
        return sorted(place.parents[2].glob(f"*/evaluation/{place.name}/figures.csv"))
    return [place / "figures.csv"]
