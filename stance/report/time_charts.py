"""Charts over time: how positions move, what is on the agenda of which meeting, and when red lines are named."""

from __future__ import annotations

from typing import TYPE_CHECKING

import altair as alt
import pandas as pd

from stance.report.marks import (
    NARROW,
    SIGNED,
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
    time_axis,
)
from stance.report.meetings import agenda_by_meeting, positions_by_meeting, red_lines_by_meeting
from stance.report.style import INK, MUTED, ON_LIGHT, SIDE_TINTS, count, issue_link, meeting_link, percent, signed

if TYPE_CHECKING:
    from stance.contrast.comparison import Comparison
    from stance.contrast.result import Sides
    from stance.report.meetings import Meetings

PANELS = 8
"""Issues whose positions are drawn over time, those with the most sentences first."""
CELL = 24
"""Narrowest column, in pixels, whose marks hold their number."""


def stance_timeline(
    comparison: Comparison, meetings: Meetings, width: int = WIDTH, issues: list[str] | None = None
) -> Chart:
    """Mean position of each side over the meetings, one panel an issue; larger marks rest on more sentences.

    Args:
        comparison: from `stance.compare`.
        meetings: from `stance.report.meetings.find_meetings`.
        width: of the whole chart in pixels; below 480 the panels stand below each other.
        issues: which; the most frequent ones that are spoken of in two meetings or more if None.
    """
    table, sides = positions_by_meeting(comparison, meetings), comparison.sides
    shown = issues or _moving(table)
    table = table[table["issue"].isin(shown)]
    if table.empty:
        return nothing(width)
    rows = _timeline_rows(table, sides, meetings)
    panel = width - 60 if width <= NARROW else (width - 110) // 2
    frame = Frame.of(sides, width, "", shown, counts="")
    panels = [_panel(rows[rows["issue"] == i], sides.issue_name(i), panel, meetings, frame) for i in shown]
    grid = alt.concat(*panels, columns=1 if width <= NARROW else 2, spacing={"row": 22, "column": 26})
    return finish(grid.resolve_scale(color="shared", shape="shared", size="shared"), "Positions over time", rows)


def _timeline_rows(table: pd.DataFrame, sides: Sides, meetings: Meetings) -> pd.DataFrame:
    """One row a mark: where it stands, what it says and where it leads."""
    place = {k: i for i, k in enumerate(meetings.keys)}
    rows = pd.DataFrame(
        {
            "issue": table["issue"],
            "row": table["issue"].map(sides.issue_name),
            "side": table["group"].map(sides.name_of),
            "value": table["estimate"],
            "n": table["n"].astype(int),
            "at": table["meeting"].map(place),
            "link": [
                issue_link(i) + meeting_link(m, "&") for i, m in zip(table["issue"], table["meeting"], strict=True)
            ],
        }
    ).sort_values("at", kind="stable")
    if meetings.dated:
        rows["at"] = [f"{meetings.dates[i]:%Y-%m-%d}" for i in rows["at"]]
    rows["summary"] = [
        f"{r['side']}, {meetings.labels[place[m]]}: {signed(r['value'])}, n = {r['n']}"
        for r, m in zip(rows.to_dict("records"), table.loc[rows.index, "meeting"], strict=True)
    ]
    return rows


def _moving(table: pd.DataFrame) -> list[str]:
    """The most frequent issues on which some side speaks in at least two meetings."""
    often = table.groupby(["issue", "group"])["meeting"].nunique().groupby("issue").max()
    totals = table.groupby("issue")["n"].sum().sort_values(ascending=False, kind="stable")
    return [str(i) for i in totals.index if often[i] >= 2][:PANELS]


def _panel(rows: pd.DataFrame, name: str, width: int, meetings: Meetings, frame: Frame) -> Chart:
    if meetings.dated:
        ends = [f"{meetings.dates[0]:%Y-%m-%d}", f"{meetings.dates[-1]:%Y-%m-%d}"]
        axis = alt.Axis(title=None, grid=False, labelFontSize=11, labelFlush=True, labelOverlap=True, **time_axis(ends))
        x = alt.X("at:T", axis=axis, scale=alt.Scale(domain=ends, padding=8))
    else:
        x = alt.X("at:Q", axis=None, scale=alt.Scale(domain=[0, len(meetings.keys) - 1], padding=8))
    marks = alt.Axis(title=None, values=[-1, 0, 1], labelExpr=SIGNED, labelFontSize=11, grid=True)
    y = alt.Y("value:Q", axis=marks, scale=alt.Scale(domain=[-1.08, 1.08], nice=False))
    base = alt.Chart(rows).encode(x=x, y=y)
    legend = alt.Legend(symbolOpacity=1)
    line = base.mark_line(strokeWidth=1.5, opacity=0.7).encode(color=side_color(frame, legend))
    most = int(rows["n"].max())
    size = alt.Size(
        "n:Q", legend=None, scale=alt.Scale(domain=[1, max(2, most)], range=[45, 45 + 30 * min(6, most - 1)])
    )
    points = base.mark_point(filled=True, opacity=1).encode(
        color=side_color(frame, legend),
        shape=side_shape(frame, legend),
        size=size,
        href="link:N",
        description="summary:N",
    )
    title = alt.TitleParams(name, anchor="start", fontSize=12, fontWeight="bold", color=INK, offset=6)
    return alt.layer(line, points).properties(width=width, height=96, title=title)


def agenda_matrix(comparison: Comparison, meetings: Meetings, width: int = WIDTH) -> Chart:
    """Sentences on each issue (rows) in each meeting (columns), one line a side.

    Args:
        comparison: from `stance.compare`.
        meetings: from `stance.report.meetings.find_meetings`.
        width: of the whole chart in pixels; it grows where there are more columns than fit.
    """
    table = agenda_by_meeting(comparison, meetings)
    if table.empty:
        return nothing(width)
    table["sure"] = True
    table["summary"] = [
        f"{count(int(r['count']), 'sentence')} of {r['n']} ({percent(r['estimate'])})" for r in table.to_dict("records")
    ]
    table["link"] = [
        issue_link(i) + meeting_link(m, "&") for i, m in zip(table["issue"], table["meeting"], strict=True)
    ]
    return _matrix(table, comparison, meetings, width, "Agenda by meeting")


def red_line_timeline(comparison: Comparison, meetings: Meetings, width: int = WIDTH) -> Chart:
    """Red lines by issue (rows) and meeting (columns): filled with their number, hollow where only possible.

    Args:
        comparison: from `stance.compare`.
        meetings: from `stance.report.meetings.find_meetings`.
        width: of the whole chart in pixels; it grows where there are more columns than fit.
    """
    table = red_lines_by_meeting(comparison, meetings)
    if table.empty:
        return nothing(width)
    table["sure"] = table["count"] > 0
    table["summary"] = [
        f"{count(r['count'], 'red line')}, {r['possible']} possible, highest probability {r['p']:.2f}"
        for r in table.to_dict("records")
    ]
    table["count"] = table["count"].where(table["sure"], table["possible"])
    table["link"] = [
        issue_link(i) + meeting_link(m, "&") for i, m in zip(table["issue"], table["meeting"], strict=True)
    ]
    return _matrix(table, comparison, meetings, width, "Red lines by meeting")


def _matrix(table: pd.DataFrame, comparison: Comparison, meetings: Meetings, width: int, title: str) -> Chart:
    frame = Frame.of(comparison.sides, width, "issue", by_count(table, "issue"), counts="", step=36)
    plot = max(frame.plot, 13 * len(meetings.keys))
    column = plot / len(meetings.keys)
    labels = dict(zip(meetings.keys, meetings.labels, strict=True))
    rows = table.assign(
        row=frame.labels(table["issue"]), side=frame.side_names(table["group"]), at=table["meeting"].map(labels)
    )
    rows["summary"] = [f"{r['side']}, {r['at']}: {r['summary']}" for r in rows.to_dict("records")]
    rows = rows[["issue", "row", "side", "at", "count", "sure", "summary", "link"]]
    slanted = column < 8 * max(map(len, meetings.labels))
    axis = alt.Axis(
        orient="top", title=None, grid=True, labelAngle=-50 if slanted else 0, labelFontSize=11, labelOverlap=False,
        labelAlign="left" if slanted else "center", domain=False, labelPadding=6, labelFlush=False,
    )  # fmt: skip
    x = alt.X("at:N", sort=list(meetings.labels), axis=axis, scale=alt.Scale(domain=list(meetings.labels)))
    base = alt.Chart(rows).encode(x=x, y=row_axis(frame, grid=True), yOffset=frame.offset())
    layers = alt.layer(*_cells(base, rows, frame, column), *furniture(rows, frame, rows["issue"], issue_link)[:-1])
    return finish(layers.properties(width=plot, height=frame.height), title, rows)


def _cells(base: Chart, rows: pd.DataFrame, frame: Frame, column: float) -> list[Chart]:
    """Marks of the sides, larger for more, with their number where there is room."""
    numbers = column >= CELL
    biggest = min(19.0 if numbers else 15.0, column * 0.95) ** 2
    least = 210.0 if numbers else min(40.0, biggest)
    most = int(rows["count"].max())
    size = alt.Size(
        "count:Q", legend=None, scale=alt.Scale(domain=[1, max(2, most)], range=[min(least, biggest), biggest])
    )
    tints = alt.Scale(domain=list(frame.names), range=list(SIDE_TINTS))
    stroke = side_color(frame, alt.Legend(symbolSize=110), "stroke")
    shape = side_shape(frame, alt.Legend(symbolOpacity=1))
    common = {"size": size, "stroke": stroke, "shape": shape, "href": alt.Href("link:N"), "description": "summary:N"}
    sure = base.transform_filter(alt.datum.sure).mark_point(opacity=1, strokeWidth=1.5)
    marks = [sure.encode(fill=alt.Fill("side:N", scale=tints, legend=None), **common)]
    if not rows["sure"].all():
        maybe = base.transform_filter(~alt.datum.sure).mark_point(opacity=1, strokeWidth=1.2, strokeDash=[2, 2])
        marks.append(maybe.encode(**common))
    if numbers:
        for sure_, color in ((True, ON_LIGHT), (False, MUTED)):
            text = base.transform_filter(alt.datum.sure == sure_).mark_text(fontSize=10.5, color=color)
            marks.append(text.encode(text=alt.Text("count:Q", format=",d")))
    return marks
