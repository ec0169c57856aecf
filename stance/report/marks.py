"""Parts that the charts share: the row axis with its two sides, dots with intervals, and areas to click on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import altair as alt
import pandas as pd

from stance.report.style import INK, MUTED, PAPER, SIDE_COLORS, SIDE_SHAPES, dressed, wrapped

if TYPE_CHECKING:
    from stance.contrast.result import Sides

Chart: TypeAlias = Any
"""Any Altair chart: layered, concatenated or single; Altair's own types do not tell which its methods return."""
WIDTH = 720
"""Of a whole chart, in pixels."""
SIGNED = "datum.value ? format(datum.value, '+.1~f') : '0'"
"""Axis labels with a sign, and zero without."""
NARROW = 480
"""Up to this width a chart is made for a phone."""


@dataclass(frozen=True)
class Frame:
    """What the parts of one chart have in common.

    Attributes:
        names: how the two sides are called.
        groups: their values in the grouping column.
        order: keys of the rows, from the top.
        shown: the rows' names, broken into lines where there is little room.
        plot: width of the plotting area.
        height: its height.
        dodge: whether each row holds the two sides one above the other.
        margin: room for the rows' names; generous, for fonts differ between machines.
    """

    names: tuple[str, str]
    groups: tuple[str, str]
    order: tuple[str, ...]
    shown: tuple[str, ...]
    plot: int
    height: int
    dodge: bool
    margin: int

    @classmethod
    def of(
        cls,
        sides: Sides,
        width: int,
        dimension: str,
        order: Sequence[str],
        counts: str,
        step: int = 32,
        dodge: bool = True,
    ) -> Frame:
        """Lay out a chart.

        Args:
            sides: the two groups.
            width: of the whole chart.
            dimension: the codebook's dimension that names the rows; empty where the keys are the names.
            order: keys of the rows, from the top.
            counts: the longest text to the right of the plot.
            step: height of a row.
            dodge: whether each row holds both sides.
        """
        keep = 17 if width <= NARROW else 30
        shown = [wrapped(sides.codebook.name(dimension, key) if dimension else key, keep) for key in order]
        longest = max(len(line) for text in shown for line in text.split("\n"))
        lines = max(text.count("\n") + 1 for text in shown)
        margin = round(longest * 6.8) + 10
        plot = max(110, width - margin - round(len(counts) * 5.6) - 24)
        height = max(40, max(step, 14 * lines + 6) * len(order))
        return cls(sides.names, sides.groups, tuple(order), tuple(shown), plot, height, dodge, margin)

    def labels(self, keys: pd.Series) -> pd.Series:
        """Names of rows as the axis shows them."""
        return keys.map(dict(zip(self.order, self.shown, strict=True)))

    def side_names(self, groups: pd.Series) -> pd.Series:
        """Names of sides."""
        return groups.map(dict(zip(self.groups, self.names, strict=True)))

    def offset(self) -> Any:
        """The vertical place of a side within its row."""
        if not self.dodge:
            return alt.Undefined
        return alt.YOffset("side:N", sort=list(self.names), scale=alt.Scale(domain=list(self.names)))


def row_axis(frame: Frame, axis: bool = True, grid: bool = False) -> alt.Y:
    """The rows' axis."""
    short = "indexof(datum.label, '\\n') < 0 ? datum.label : ''"  # `furniture` writes names of several lines
    drawn = alt.Axis(title=None, labelExpr=short, grid=grid, minExtent=frame.margin) if axis else None
    scale = alt.Scale(domain=list(frame.shown), paddingInner=0.28 if frame.dodge else 0.1, paddingOuter=0.1)
    return alt.Y("row:N", sort=list(frame.shown), axis=drawn, scale=scale)


def side_color(frame: Frame, legend: alt.Legend | None, channel: Literal["color", "fill", "stroke"] = "color") -> Any:
    """The sides' colours on a channel."""
    make = {"color": alt.Color, "fill": alt.Fill, "stroke": alt.Stroke}[channel]
    return make("side:N", scale=alt.Scale(domain=list(frame.names), range=list(SIDE_COLORS)), legend=legend, title=None)


def side_shape(frame: Frame, legend: alt.Legend | None) -> alt.Shape:
    """The sides' marks: circle and diamond."""
    return alt.Shape(
        "side:N", scale=alt.Scale(domain=list(frame.names), range=list(SIDE_SHAPES)), legend=legend, title=None
    )


def interval_rows(table: pd.DataFrame, frame: Frame, keys: pd.Series, hollow: Any, note: Any) -> pd.DataFrame:
    """The figures of a table as `dot_rows` draws them.

    Args:
        table: ``group``, ``estimate``, ``low``, ``high``.
        frame: of the chart.
        keys: the row of each figure.
        hollow: whether its mark is hollow.
        note: what stands to the right of it.
    """
    rows = table[["estimate", "low", "high"]].astype(float).rename(columns={"estimate": "value"})
    rows.insert(0, "row", frame.labels(keys))
    rows.insert(1, "side", frame.side_names(table["group"]))
    return rows.assign(hollow=hollow, note=note)


def dot_rows(rows: pd.DataFrame, frame: Frame, x: alt.X, axis: bool = True) -> list[alt.Chart]:
    """Dots with intervals, a row an item and side, with a text to the right.

    Args:
        rows: ``row``, ``side``, ``value``, ``low``, ``high``, ``hollow``, ``note``.
        frame: of the chart.
        x: the channel of ``value``.
        axis: whether the rows are named.
    """
    y, offset = row_axis(frame, axis), frame.offset()
    shown = alt.Legend(symbolOpacity=1)
    known = rows.dropna(subset=["value"])
    dots = alt.Chart(known).encode(x=x, y=y, yOffset=offset)
    layers = []
    ranges = known.dropna(subset=["low", "high"])
    if len(ranges):
        rules = alt.Chart(ranges).encode(x=_like(x, "low"), x2="high:Q", y=y, yOffset=offset)
        layers.append(rules.mark_rule(strokeWidth=1.5, opacity=0.75).encode(color=side_color(frame, shown)))
    marks = dots.mark_point(filled=True, size=75, opacity=1)
    layers.append(marks.encode(color=side_color(frame, shown), shape=side_shape(frame, shown)))
    if known["hollow"].any():
        holes = alt.Chart(known[known["hollow"]]).encode(x=x, y=y, yOffset=offset, shape=side_shape(frame, shown))
        layers.append(holes.mark_point(filled=True, size=22, opacity=1, color=PAPER))
    if (rows["note"] != "").any():
        notes = alt.Chart(rows).encode(x=alt.value(frame.plot + 12), y=y, yOffset=offset, text="note:N")
        layers.append(notes.mark_text(align="left", fontSize=11, color=MUTED))
    return layers


def _like(x: alt.X, field: str) -> alt.X:
    """A channel for another field with the same axis and scale."""
    other = x.copy()
    other.shorthand = f"{field}:Q"
    return other


def furniture(rows: pd.DataFrame, frame: Frame, keys: pd.Series, link: Callable[[str], str]) -> list[alt.Chart]:
    """Names of several lines, and an invisible area over each row that links to its sentences and says its figures.

    Args:
        rows: ``row`` and ``summary``.
        frame: of the chart.
        keys: key of each row, for the link.
        link: makes the link of a key.
    """
    areas = pd.DataFrame({"row": rows["row"].to_numpy(), "key": keys.to_numpy(), "summary": rows["summary"].to_numpy()})
    areas = areas.groupby(["row", "key"], sort=False)["summary"].agg("; ".join).reset_index()
    areas["summary"] = [
        f"{row}: {said}".replace("\n", " ") for row, said in zip(areas["row"], areas["summary"], strict=True)
    ]
    areas["link"] = areas["key"].map(link)
    hits = alt.Chart(areas).mark_bar(opacity=0)
    x = {"x": alt.value(-frame.margin), "x2": alt.value(frame.plot)}
    return [*long_names(frame), hits.encode(**x, y=row_axis(frame), href="link:N", description="summary:N")]


def long_names(frame: Frame) -> list[alt.Chart]:
    """Names of several lines as text marks, centred on their rows, which axis labels are not."""
    layers = []
    for lines in sorted({name.count("\n") for name in frame.shown} - {0}):
        names = pd.DataFrame({"row": [name for name in frame.shown if name.count("\n") == lines]})
        text = alt.Chart(names).mark_text(
            align="right", lineBreak="\n", lineHeight=13, dy=-6.5 * lines, fontSize=12, color=INK
        )
        layers.append(text.encode(x=alt.value(-8), y=row_axis(frame), text="row:N"))
    return layers


def by_count(table: pd.DataFrame, column: str) -> list[str]:
    """Keys of a column, those with the highest sum of ``count`` first."""
    totals = table.groupby(column, sort=False)["count"].sum()
    return [str(k) for k in totals.sort_values(ascending=False, kind="stable").index]


def nothing(width: int) -> Chart:
    """A chart that says that there is nothing to show."""
    text = alt.Chart(pd.DataFrame({"text": ["nothing to show"]})).mark_text(color=MUTED, fontSize=13, align="left")
    return dressed(
        text.encode(text="text:N", x=alt.value(0)).properties(width=width - 20, height=28), "nothing to show"
    )


def finish(chart: Chart, title: str, rows: pd.DataFrame) -> Chart:
    """Common type and colours, and a description made of the rows' summaries."""
    groups = rows.groupby("row", sort=False)["summary"]
    lines = [f"{row}: {'; '.join(part)}".replace("\n", " ") for row, part in groups]
    more = f"; and {len(lines) - 12} more" if len(lines) > 12 else ""
    return dressed(chart, f"{title}. " + ". ".join(lines[:12]) + more)


def time_axis(dates: Sequence[str]) -> dict[str, Any]:
    """Ticks and labels of an axis of time: days, months or years, by the span; no label comes twice.

    Args:
        dates: ISO dates, of which the first and the last count.

    Returns:
        ``format`` and ``tickCount`` of the axis.
    """
    days = (pd.Timestamp(max(dates)) - pd.Timestamp(min(dates))).days
    for interval, length, most, shape in (("day", 1, 92, "%-d %b"), ("month", 30, 1100, "%b %Y")):
        if days <= most:
            return {"format": shape, "tickCount": {"interval": interval, "step": max(1, days // (length * 5))}}
    return {"format": "%Y", "tickCount": {"interval": "year", "step": max(1, days // (365 * 5))}}
