"""Charts of the contrasts, in Altair; one visual language for notebook, figure file and report.

The first side is a blue circle, the second a vermilion diamond; stances run from plum (conflict) over grey to green
(cooperation). Intervals are thin rules, counts stand beside the marks. Every row of an issue links to ``#issue=KEY``,
which filters the sentences in the HTML report.
"""

from __future__ import annotations

import math
import re
from collections.abc import Hashable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import altair as alt
import numpy as np
import pandas as pd

from stance.errors import StanceError
from stance.report.marks import (
    NARROW,
    SIGNED,
    WIDTH,
    Chart,
    Frame,
    by_count,
    dot_rows,
    finish,
    furniture,
    interval_rows,
    long_names,
    nothing,
)
from stance.report.stance_bars import mean_summaries, stance_means, stance_shares
from stance.report.style import MUTED, PAPER, interval, label_link, percent, signed

if TYPE_CHECKING:
    from stance.contrast.agenda import Agenda
    from stance.contrast.framing import Framing
    from stance.contrast.result import Sides
    from stance.contrast.stances import Stances


def agenda_chart(agenda: Agenda, width: int = WIDTH) -> Chart:
    """Share of sentences that name each issue, both sides, most raised first.

    Args:
        agenda: the contrast.
        width: of the whole chart in pixels; below 480 names are broken into lines.

    Returns:
        a chart; one that says «nothing to show» if no issue is named.
    """
    table = agenda.table[agenda.table.groupby("issue")["count"].transform("sum") > 0]
    return _share_chart(
        table,
        "issue",
        agenda.sides,
        width,
        "Share of sentences" if width <= NARROW else "Share of sentences that name the issue",
    )


def frame_chart(framing: Framing, width: int = WIDTH) -> Chart:
    """Share of sentences that carry each frame, both sides, most used first.

    Args:
        framing: the contrast.
        width: of the whole chart in pixels.
    """
    return _share_chart(
        framing.table,
        "frame",
        framing.sides,
        width,
        "Share of sentences" if width <= NARROW else "Share of sentences that carry the frame",
    )


def _share_chart(table: pd.DataFrame, dimension: str, sides: Sides, width: int, title: str) -> Chart:
    if table.empty or not table["n"].sum():
        return nothing(width)
    frame = Frame.of(sides, width, dimension, by_count(table, dimension), counts="999 of 9,999")
    notes = [f"{c:,} of {n:,}" for c, n in zip(table["count"], table["n"], strict=True)]
    rows = interval_rows(table, frame, table[dimension], table["count"] == 0, notes)
    rows["summary"] = [_share_summary(row) for row in rows.to_dict("records")]
    axis = alt.Axis(
        format="%",
        tickCount=5 if width > NARROW else 3,
        title=title if width <= NARROW else f"{title}, with 95% interval",
    )
    x, link = alt.X("value:Q", axis=axis, scale=alt.Scale(domainMin=0, nice=True)), partial(label_link, dimension)
    chart = alt.layer(*dot_rows(rows, frame, x), *furniture(rows, frame, table[dimension], link))
    return finish(chart.properties(width=frame.plot, height=frame.height), title, rows)


def _share_summary(row: dict[Hashable, Any]) -> str:
    if math.isnan(row["value"]):
        return f"{row['side']}: none"
    return f"{row['side']} {row['note']} ({percent(row['value'])} {interval(row['low'], row['high'], True)})"


def stance_chart(stances: Stances, width: int = WIDTH) -> Chart:
    """Stances by issue, the two sides one above the other: shares from conflict to cooperation, and mean positions.

    Args:
        stances: the contrast.
        width: of the whole chart in pixels; below 480 there are only the shares.
    """
    table = stances.table[stances.table.groupby("issue")["n"].transform("sum") > 0]
    if table.empty:
        return nothing(width)
    order = by_count(table.rename(columns={"n": "count"}), "issue")
    narrow = width <= NARROW
    frame = Frame.of(stances.sides, width if narrow else width - 200, "issue", order, counts="n = 999")
    shares = stance_shares(stances, table, frame, narrow)
    both = shares if narrow else alt.hconcat(shares, stance_means(table, frame, 170))
    rows = table.assign(row=frame.labels(table["issue"]), side=frame.side_names(table["group"]))
    rows["summary"] = mean_summaries(rows)
    return finish(both.resolve_scale(color="independent", shape="independent"), "Stances by issue", rows)


def words_chart(framing: Framing, issue: str, top: int, width: int = WIDTH) -> Chart:
    """The most distinctive words and phrases of each side: weighted log-odds with 95% intervals.

    Marks are filled where ``p_units`` is below 0.05, hollow where it is not, or where there are too few units to tell.

    Args:
        framing: the contrast.
        issue: a value of ``framing.words["issue"]``.
        top: how many terms of each side at most.
        width: of the whole chart in pixels.
    """
    sides = framing.sides
    words = distinctive(framing.words[framing.words["issue"] == issue], top)
    if words.empty:
        return nothing(width)
    frame = Frame.of(sides, width, "", list(words["term"]), counts="999 : 999", step=21, dodge=False)
    half = 1.96 * words["se"]
    rows = pd.DataFrame(
        {
            "row": frame.labels(words["term"]),
            "side": np.where(words["log_odds"] > 0, frame.names[0], frame.names[1]),
            "value": words["log_odds"],
            "low": words["log_odds"] - half,
            "high": words["log_odds"] + half,
            "hollow": ~(words["p_units"] < 0.05),
            "note": [f"{a:,} : {b:,}" for a, b in zip(words["count_first"], words["count_second"], strict=True)],
        }
    )
    rows["summary"] = [
        f"{r['side']}, log-odds {signed(r['value'])} {interval(r['low'], r['high'])}, counts {r['note']}"
        for r in rows.to_dict("records")
    ]
    title = f"← {frame.names[1]} · log-odds · {frame.names[0]} →"
    x = alt.X("value:Q", axis=alt.Axis(tickCount=5, labelExpr=SIGNED, title=title), scale=alt.Scale(nice=True))
    zero = alt.Chart(pd.DataFrame({"x": [0.0]})).mark_rule(color=MUTED, strokeDash=[2, 2]).encode(x="x:Q")
    chart = alt.layer(zero, *dot_rows(rows, frame, x), *long_names(frame)).properties(
        width=frame.plot, height=frame.height
    )
    return finish(chart, f"Distinctive words, {issue}", rows)


def distinctive(words: pd.DataFrame, top: int) -> pd.DataFrame:
    """The most distinctive terms of each side; of phrases that contain each other only the most distinctive.

    Args:
        words: rows of ``Framing.words`` of one issue.
        top: how many terms of each side at most.

    Returns:
        rows by falling z.
    """
    chosen: list[int] = []
    ranked = words.assign(strength=words["z"].abs().round(6), length=words["term"].str.len())
    ranked = ranked.sort_values(["strength", "length"], ascending=False)
    for side in (ranked[ranked["z"] > 0], ranked[ranked["z"] < 0]):
        terms: list[str] = []
        for index, term in side["term"].items():
            if len(terms) < top and not any(f" {term} " in f" {t} " or f" {t} " in f" {term} " for t in terms):
                terms.append(term)
                chosen.append(int(str(index)))
    return words.loc[chosen].sort_values("z", ascending=False, ignore_index=True)


def to_svg(chart: Chart) -> str:
    """Draw a chart as SVG, without a browser and without the network.

    Args:
        chart: from a function of this module, or any Altair chart with its data inside.

    Returns:
        an ``<svg>`` element; links in it are fragments.
    """
    import vl_convert

    svg: str = vl_convert.vegalite_to_svg(chart.to_dict(validate=False), vl_version=_vega_lite(), allowed_base_urls=[])
    return re.sub(r'xlink:href="[^"#]*#', 'xlink:href="#', svg)


def save_chart(chart: Chart, path: str | Path) -> None:
    """Write a chart.

    Args:
        chart: as for `to_svg`.
        path: ends in ``.svg`` or ``.png``.

    Raises:
        StanceError: if the ending is another.
    """
    path = Path(path)
    if path.suffix.lower() not in (".svg", ".png"):
        raise StanceError(f"{path}: figures are written as .svg or .png. Change the ending")
    svg = to_svg(chart)
    path.write_bytes(svg_to_png(svg) if path.suffix.lower() == ".png" else svg.encode())


def svg_to_png(svg: str, scale: float = 2.0) -> bytes:
    """Turn a drawing of `to_svg` into PNG on white.

    Args:
        svg: the drawing.
        scale: pixels a unit; 2 is sharp on screens, 4 in print.
    """
    import vl_convert

    size = re.search(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', svg)
    paper = f'<rect width="{size[1]}" height="{size[2]}" fill="{PAPER}"/>' if size else ""
    png: bytes = vl_convert.svg_to_png(re.sub(r"(<svg[^>]*>)", rf"\g<1>{paper}", svg, count=1), scale=scale)
    return png


def _vega_lite() -> str:
    """The Vega-Lite version that the installed Altair writes, as major.minor."""
    return ".".join(alt.SCHEMA_VERSION.lstrip("v").split(".")[:2])
