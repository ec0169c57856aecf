"""Ablations on a page: a table of the variants, the learning curve as a table and as a chart."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from stance.classifier.markdown_tables import interval
from stance.errors import StanceError
from stance.markdown import markdown_table

SHOWN = {
    "issue_main_accuracy": "main issue accuracy",
    "stance_macro_f1": "stance macro-F1",
    "stance_accuracy": "stance accuracy",
    "holder_accuracy": "holder accuracy",
    "frame_micro_f1": "frame micro-F1",
}
MARKED = re.compile(r"<!-- ablations:start -->\n.*?<!-- ablations:end -->", re.DOTALL)
CHART = "learning_curve.svg"


def put_ablations(page: Path, table: pd.DataFrame, folder: Path) -> None:
    """Write the table of ablations between the marks of a page, and the learning curve beside the table.

    Args:
        page: a Markdown file with the marks ``<!-- ablations:start -->`` and ``<!-- ablations:end -->``.
        table: from `stance.classifier.ablation.run_ablations`.
        folder: for ``learning_curve.svg``.

    Raises:
        StanceError: if the page has no marks.
    """
    from stance.report.charts import save_chart

    content = page.read_text(encoding="utf-8")
    if not MARKED.search(content):
        raise StanceError(f"{page}: has no <!-- ablations:start --> … <!-- ablations:end -->. Add the two marks")
    save_chart(curve_chart(table), folder / CHART)
    text = f"<!-- ablations:start -->\n{ablations_text(table)}\n<!-- ablations:end -->"
    page.write_text(MARKED.sub(lambda _: text, content), encoding="utf-8")


def ablations_text(table: pd.DataFrame) -> str:
    """What stands between the marks: every variant less the first, then the learning curve step by step."""
    first = table[table["variant"] == table["variant"].iloc[0]]
    parts = [
        f"Validation, {first['sentences'].iloc[0]} sentences; {first['runs'].iloc[0]} seeds a variant. The first row "
        "gives means with their standard deviation over seeds, the others the mean difference from it with the same "
        "seed, and its 95% interval.",
        markdown_table(["", "learned from", *SHOWN.values()], [_row(part) for _, part in _by_variant(table)]),
        "Learning curve: means, and what each step adds, with its 95% interval.",
        markdown_table(["sentences learned from", *SHOWN.values()], [_step(part) for part in _curve(table)]),
    ]
    return "\n\n".join(parts)


def _by_variant(table: pd.DataFrame) -> list[tuple[str, pd.DataFrame]]:
    return [(str(name), part.set_index("figure")) for name, part in table.groupby("variant", sort=False)]


def _curve(table: pd.DataFrame) -> list[pd.DataFrame]:
    parts = [part for _, part in _by_variant(table) if part["curve"].all()]
    return sorted(parts, key=lambda part: float(part["learned"].iloc[0]))


def _row(part: pd.DataFrame) -> list[object]:
    cells = []
    for figure in SHOWN:
        row = part.loc[figure].to_dict()
        paired = _interval(row, "difference", "low", "high")
        cells.append(paired or f"{row['mean']:.3f} ± {row['sd']:.3f}")
    return [part["variant"].iloc[0], int(part["learned"].iloc[0]), *cells]


def _step(part: pd.DataFrame) -> list[object]:
    cells = []
    for figure in SHOWN:
        row = part.loc[figure].to_dict()
        paired = _interval(row, "step", "step_low", "step_high")
        cells.append(f"{row['mean']:.3f}" + (f"; {paired}" if paired else ""))
    return [int(part["learned"].iloc[0]), *cells]


def _interval(row: Mapping[Any, Any], value: str, low: str, high: str) -> str:
    """A difference with its interval; nothing where there is none."""
    return "" if pd.isna(row.get(value)) else interval(row[value], row[low], row[high], "+", 3)


def curve_chart(table: pd.DataFrame) -> Any:
    """Means of the learning curve against the number of sentences, on a logarithmic scale, with two standard errors."""
    import altair as alt

    chosen = table[table["curve"] & table["figure"].isin(SHOWN)]
    error = 2 * chosen["sd"] / chosen["runs"] ** 0.5
    data = chosen.assign(of=chosen["figure"].map(SHOWN), low=chosen["mean"] - error, high=chosen["mean"] + error)
    x = alt.X("learned:Q", title="sentences learned from", scale=alt.Scale(type="log", nice=False))
    y = alt.Y("mean:Q", title="on validation", scale=alt.Scale(zero=False))
    color = alt.Color("of:N", title=None, sort=list(SHOWN.values()))
    line = alt.Chart(data).mark_line(point=True).encode(x=x, y=y, color=color)
    bars = alt.Chart(data).mark_rule().encode(x=x, y="low:Q", y2="high:Q", color=color)
    return (line + bars).properties(width=420, height=300)
