"""Parts of the stance chart: bars from conflict to cooperation, and mean positions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import altair as alt
import pandas as pd

from stance.report.marks import (
    SIGNED,
    Chart,
    Frame,
    dot_rows,
    furniture,
    interval_rows,
    row_axis,
    side_color,
    side_shape,
)
from stance.report.style import MUTED, PAPER, interval, issue_link, signed, stance_colors, stance_order, text_on

if TYPE_CHECKING:
    from stance.contrast.stances import Stances


def mean_summaries(rows: pd.DataFrame) -> list[str]:
    """What each side's mean says, in words."""
    return [
        f"{r['side']} mean position {signed(r['estimate'])} {interval(r['low'], r['high'])}, n = {r['n']}"
        if r["n"]
        else f"{r['side']}: no sentence"
        for r in rows.to_dict("records")
    ]


def stance_shares(stances: Stances, table: pd.DataFrame, frame: Frame, narrow: bool) -> Chart:
    """Shares of the stances as bars around zero, with counts, side marks and n."""
    segments = _segments(stances, frame)
    codebook = stances.sides.codebook
    present = [k for k in stance_order(codebook) if k in set(segments["stance"])]
    colors = stance_colors(codebook)
    names = {k: codebook["stance"].label(k).name for k in present}
    segments["name"] = segments["stance"].map(names)
    segments["ink"] = segments["stance"].map(lambda k: text_on(colors[k]))
    y, offset = row_axis(frame), frame.offset()
    ends = float(max(0.5, segments["right"].abs().max(), segments["left"].abs().max()))
    axis = alt.Axis(
        labelExpr="format(abs(datum.value), '.0%')", tickCount=5 if not narrow else 3,
        title="← conflict · share · cooperation →",
    )  # fmt: skip
    legend = alt.Legend(columns=2 if narrow else 4, symbolType="square")
    scale = alt.Scale(domain=list(names.values()), range=[colors[k] for k in present])
    base = alt.Chart(segments).encode(y=y, yOffset=offset)
    bars = base.mark_bar(stroke=PAPER, strokeWidth=1).encode(
        x=alt.X("left:Q", axis=axis, scale=alt.Scale(domain=[-ends, ends])),
        x2="right:Q",
        color=alt.Color("name:N", scale=scale, sort=list(names.values()), legend=legend),
    )
    wide_enough = segments["share"] * frame.plot / (2 * ends) > 7 * segments["count"].astype(str).str.len() + 3
    numbers = (
        base.transform_filter(alt.datum.fits)
        .mark_text(fontSize=10.5)
        .encode(x="middle:Q", text="count:Q", color=alt.Color("ink:N", scale=None))
    )
    zero = (
        alt.Chart(pd.DataFrame({"x": [0.0]})).mark_rule(color=MUTED, strokeWidth=1, strokeDash=[2, 2]).encode(x="x:Q")
    )
    rows = _side_rows(table, frame)
    at = frame.plot + 12
    marks = _side_marks(rows, frame, at)
    counts = (
        alt.Chart(rows)
        .mark_text(align="left", fontSize=11, color=MUTED)
        .encode(y=y, yOffset=offset, x=alt.value(at + 9), text="note:N")
    )
    layers = alt.layer(bars, zero, numbers, marks, counts, *furniture(rows, frame, table["issue"], issue_link))
    layers.layer[0].data = segments.assign(fits=wide_enough)
    layers.layer[2].data = layers.layer[0].data
    return layers.properties(width=frame.plot, height=frame.height)


def _side_rows(table: pd.DataFrame, frame: Frame) -> pd.DataFrame:
    rows = table.assign(row=frame.labels(table["issue"]), side=frame.side_names(table["group"]))
    rows["note"] = [f"n = {n:,}" if n else "none" for n in rows["n"]]
    rows["summary"] = mean_summaries(rows)
    return rows[["row", "side", "note", "summary"]]


def _side_marks(rows: pd.DataFrame, frame: Frame, at: float) -> Chart:
    return (
        alt.Chart(rows)
        .mark_point(filled=True, size=55, opacity=1)
        .encode(
            y=row_axis(frame), yOffset=frame.offset(), x=alt.value(at), fill=side_color(frame, None, "fill"),
            shape=side_shape(frame, None),
        )
    )  # fmt: skip


def _segments(stances: Stances, frame: Frame) -> pd.DataFrame:
    """Where each segment begins and ends: conflict left of zero, neither around it, cooperation right of it."""
    codebook = stances.sides.codebook
    position, order = codebook.positions, stance_order(codebook)
    rows = []
    for (issue, group), part in stances.distribution.groupby(["issue", "group"], sort=False):
        shares = dict(zip(part["stance"], part["estimate"], strict=True))
        counts = dict(zip(part["stance"], part["count"], strict=True))
        below = sum(s for k, s in shares.items() if position[k] < 0)
        between = sum(s for k, s in shares.items() if position[k] == 0)
        edge = -below - between / 2
        for stance in order:
            if share := shares.get(stance, 0.0):
                rows.append((issue, group, stance, counts[stance], share, edge, edge + share))
                edge += share
    segments = pd.DataFrame(rows, columns=["issue", "group", "stance", "count", "share", "left", "right"])
    segments["middle"] = (segments["left"] + segments["right"]) / 2
    segments["row"] = frame.labels(segments["issue"])
    segments["side"] = frame.side_names(segments["group"])
    return segments


def stance_means(table: pd.DataFrame, frame: Frame, width: int) -> Chart:
    """Mean positions with intervals; hollow where there are too few sentences for an interval."""
    rows = interval_rows(table, frame, table["issue"], table["low"].isna(), "").dropna(subset=["value"])
    axis = alt.Axis(values=[-1, -0.5, 0, 0.5, 1], labelExpr=SIGNED, title="mean position, −1 to +1", labelOverlap=True)
    x = alt.X("value:Q", axis=axis, scale=alt.Scale(domain=[-1, 1]))
    layers = dot_rows(rows, frame, x, axis=False)
    zero = (
        alt.Chart(pd.DataFrame({"x": [0.0]})).mark_rule(color=MUTED, strokeWidth=1, strokeDash=[2, 2]).encode(x="x:Q")
    )
    return alt.layer(zero, *layers).properties(width=width, height=frame.height)
