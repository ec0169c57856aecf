"""Charts of difference: who voices it how often, and how sure the red lines are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import altair as alt
import pandas as pd

from stance.report.lookup import groups_of
from stance.report.marks import (
    NARROW,
    WIDTH,
    Chart,
    Frame,
    by_count,
    finish,
    furniture,
    nothing,
    row_axis,
    side_color,
    side_shape,
)  # fmt: skip
from stance.report.style import MUTED, ON_LIGHT, SIDE_TINTS, interval, issue_link, percent

if TYPE_CHECKING:
    from stance.contrast.disagreements import Disagreements
    from stance.contrast.red_lines import RedLines

MAX_POINTS = 2000
"""Most red lines that are drawn, the surest first."""


def disagreement_chart(disagreements: Disagreements, width: int = WIDTH) -> Chart:
    """How many sentences voice difference, by issue (rows), stance (columns) and side.

    Args:
        disagreements: the contrast.
        width: of the whole chart in pixels.
    """
    table, sides = disagreements.table, disagreements.sides
    if table.empty:
        return nothing(width)
    frame = Frame.of(sides, width, "issue", by_count(table, "issue"), counts="9999", step=34)
    dimension = sides.codebook["stance"]
    voiced = [k for k in dimension.with_role("difference") if k in set(table["stance"])]
    names = [dimension.label(k).name for k in voiced]
    rows = pd.DataFrame(
        {
            "row": frame.labels(table["issue"]),
            "side": frame.side_names(table["group"]),
            "stance": table["stance"].map(dict(zip(voiced, names, strict=True))),
            "count": table["count"].astype(int),
        }
    )
    rows["summary"] = [
        f"{r['side']}: {r['stance']} in {r['count']} of {r['n']} "
        f"({percent(r['estimate'])} {interval(r['low'], r['high'], True)})"
        for r in rows.join(table[["n", "estimate", "low", "high"]]).to_dict("records")
    ]
    chart = alt.layer(*_difference_cells(rows, frame, names), *furniture(rows, frame, table["issue"], issue_link))
    return finish(chart.properties(width=frame.plot, height=frame.height), "Sentences that voice difference", rows)


def _difference_cells(rows: pd.DataFrame, frame: Frame, names: list[str]) -> list[alt.Chart]:
    narrow = frame.plot < 260
    axis = alt.Axis(orient="top", title=None, labelAngle=-35 if narrow else 0, labelPadding=10, labelFontSize=12)
    x = alt.X("stance:N", sort=names, axis=axis, scale=alt.Scale(domain=names, paddingInner=0.1))
    offset = alt.XOffset("side:N", sort=list(frame.names), scale=alt.Scale(domain=list(frame.names)))
    y = row_axis(frame, grid=True)
    most = int(rows["count"].max())
    least = 190 if most < 10 else 330
    cell = frame.plot / len(names) / 2
    biggest = min(26.0, cell * 0.85) ** 2
    size = alt.Size(
        "count:Q", scale=alt.Scale(domain=[1, max(2, most)], range=[min(least, biggest), biggest]), legend=None
    )
    base = alt.Chart(rows).encode(x=x, xOffset=offset, y=y)
    names_ = list(frame.names)
    fill = alt.Fill("side:N", scale=alt.Scale(domain=names_, range=list(SIDE_TINTS)), legend=None)
    marks = base.mark_point(opacity=1, strokeWidth=1.6).encode(
        size=size,
        fill=fill,
        stroke=side_color(frame, alt.Legend(symbolSize=110), "stroke"),
        shape=side_shape(frame, alt.Legend(symbolOpacity=1)),
    )
    return [marks, base.mark_text(fontSize=11, color=ON_LIGHT).encode(text=alt.Text("count:Q", format=",d"))]


def red_line_chart(red_lines: RedLines, width: int = WIDTH) -> Chart:
    """Probability of each sentence that names a limit (filled) or may (hollow), by issue and side.

    Args:
        red_lines: the contrast.
        width: of the whole chart in pixels.
    """
    sides = red_lines.sides
    points = _limit_points(red_lines)
    if points.empty:
        return nothing(width)
    frame = Frame.of(sides, width, "issue", by_count(points.assign(count=1), "issue"), counts="expected 9.9 [9, 9]")
    points["row"], points["side"] = frame.labels(points["issue"]), frame.side_names(points["group"])
    expected = _expected(red_lines, frame)
    axis = alt.Axis(
        format="%",
        values=[0, 0.25, 0.5, 0.75, 1],
        title="Probability" if width <= NARROW else "Probability that the sentence names a limit",
    )
    x = alt.X("p:Q", axis=axis, scale=alt.Scale(domain=[0, 1]))
    base = alt.Chart(points).encode(x=x, y=row_axis(frame, grid=True), yOffset=frame.offset())
    color, shape = side_color(frame, alt.Legend(symbolOpacity=1)), side_shape(frame, alt.Legend(symbolOpacity=1))
    sure = (
        base.transform_filter(alt.datum.sure)
        .mark_point(filled=True, size=85, opacity=0.85)
        .encode(color=color, shape=shape)
    )
    maybe = base.transform_filter(~alt.datum.sure).mark_point(filled=False, size=70, opacity=0.9, strokeWidth=1.5)
    layers = [maybe.encode(color=color, shape=shape), sure]
    if not expected.empty:
        text = alt.Chart(expected).mark_text(align="left", fontSize=11, color=MUTED)
        layers.append(
            text.encode(y=row_axis(frame), yOffset=frame.offset(), x=alt.value(frame.plot + 12), text="note:N")
        )
    hits = furniture(points, frame, points["issue"], issue_link)
    chart = alt.layer(*layers, *hits).properties(width=frame.plot, height=frame.height)
    return finish(chart, "Red lines: filled marks are named, hollow ones possible", points)


def _limit_points(red_lines: RedLines) -> pd.DataFrame:
    parts = []
    for known, sure in ((red_lines.named, True), (red_lines.maybe, False)):
        parts.append(
            pd.DataFrame(
                {
                    "issue": known["issue"],
                    "group": groups_of(red_lines.sides, known),
                    "p": known["p_limit"],
                    "sure": sure,
                    "text": known["text"],
                }
            )
        )
    points = (
        pd.concat([p for p in parts if len(p)] or parts).nlargest(MAX_POINTS, "p").explode("issue", ignore_index=True)
    )
    points["p"] = points["p"].astype(float)
    points["summary"] = [
        f"{'red line' if r['sure'] else 'possible red line'}, p = {r['p']:.2f}: {str(r['text'])[:80]}"
        for r in points.to_dict("records")
    ]
    return points.drop(columns="text")


def _expected(red_lines: RedLines, frame: Frame) -> pd.DataFrame:
    table = red_lines.table[red_lines.table["issue"].isin(frame.order)]
    notes = [
        f"expected {e:.1f} [{lo:.0f}, {hi:.0f}]"
        for e, lo, hi in zip(table["expected"], table["low"], table["high"], strict=True)
    ]
    return pd.DataFrame({"row": frame.labels(table["issue"]), "side": frame.side_names(table["group"]), "note": notes})
