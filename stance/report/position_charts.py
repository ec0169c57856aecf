"""Charts of positions: how far the sides stand apart on each issue, and the ladder of stances."""

from __future__ import annotations

from typing import TYPE_CHECKING

import altair as alt
import pandas as pd

from stance.report.lookup import groups_of
from stance.report.marks import (
    NARROW,
    SIGNED,
    WIDTH,
    Chart,
    Frame,
    finish,
    furniture,
    nothing,
    row_axis,
    side_color,
    side_shape,
)
from stance.report.style import MUTED, PAPER, interval, issue_link, percent, signed, stance_colors, stance_order

if TYPE_CHECKING:
    from stance.contrast.stances import Stances

ENOUGH = 3
"""Fewest sentences of each side for a difference to be ranked among those that can be read."""
POLES = "datum.value < 0 ? '−1 conflict' : datum.value > 0 ? 'cooperation +1' : '0'"


def ranked_differences(stances: Stances) -> pd.DataFrame:
    """Issues on which both sides speak, those to read first on top.

    Returns:
        ``Stances.differences`` with ``sure`` (significant after correction) and ``enough`` (three sentences of each
        side or more), ordered by them and then by the size of the difference.
    """
    sides = stances.sides
    counts = stances.table.pivot(index="issue", columns="group", values="n").reindex(columns=list(sides.groups))
    ranked = stances.differences.assign(
        sure=stances.differences["p_adjusted"] < 0.05,
        enough=counts.min(axis=1).reindex(stances.differences["issue"]).to_numpy() >= ENOUGH,
        size=stances.differences["difference"].abs(),
    )
    ranked = ranked.sort_values(["sure", "enough", "size"], ascending=False, kind="stable", ignore_index=True)
    return ranked.drop(columns="size")


def divergence_chart(stances: Stances, width: int = WIDTH, top: int | None = None) -> Chart:
    """Dumbbells: the two sides' mean positions on each issue that both speak on, and the distance between them.

    Args:
        stances: the contrast.
        width: of the whole chart in pixels.
        top: how many issues at most; all if None.

    Returns:
        a chart; marks are hollow where a side has fewer than three sentences.
    """
    ranked = ranked_differences(stances).head(top) if top else ranked_differences(stances)
    if ranked.empty:
        return nothing(width)
    table = stances.table[stances.table["issue"].isin(ranked["issue"])]
    narrow = width <= NARROW
    frame = Frame.of(
        stances.sides, width, "issue", list(ranked["issue"]), counts="99:99" if narrow else "999 : 999 +0.0*",
        step=27, dodge=False,
    )  # fmt: skip
    rows = pd.DataFrame(
        {
            "issue": table["issue"],
            "row": frame.labels(table["issue"]),
            "side": frame.side_names(table["group"]),
            "value": table["estimate"].astype(float),
            "low": table["low"].astype(float),
            "high": table["high"].astype(float),
            "n": table["n"].astype(int),
            "hollow": table["issue"].map(dict(zip(ranked["issue"], ~ranked["enough"], strict=True))),
        }
    )
    rows["summary"] = [
        f"{r['side']} {signed(r['value'])} {interval(r['low'], r['high'])} n = {r['n']}"
        for r in rows.to_dict("records")
    ]
    ends = rows.groupby("row", sort=False)["value"].agg(["min", "max"]).reset_index()
    layers = [*_spans(rows, ends, frame, narrow), *_dumbbells(rows, frame), *_sizes(rows, ranked, frame, narrow)]
    chart = alt.layer(*layers, *furniture(rows, frame, rows["issue"], issue_link))
    return finish(chart.properties(width=frame.plot, height=frame.height), "Mean positions by issue", rows)


def _spans(rows: pd.DataFrame, ends: pd.DataFrame, frame: Frame, narrow: bool) -> list[Chart]:
    """Zero, intervals as pale bands, and the bar between the two means."""
    axis = alt.Axis(values=[-1, 0, 1], labelExpr=SIGNED if narrow else POLES, title=None, labelFlush=True)
    x = alt.X("low:Q", axis=axis, scale=alt.Scale(domain=[-1, 1], nice=False))
    zero = alt.Chart(pd.DataFrame({"low": [0.0]})).mark_rule(color=MUTED, strokeDash=[2, 2]).encode(x=x)
    layers: list[Chart] = [zero]
    known = rows.dropna(subset=["low", "high"])
    if len(known):
        bands = alt.Chart(known).mark_rule(strokeWidth=9, opacity=0.22).encode(x=x, x2="high:Q", y=row_axis(frame))
        layers.append(bands.encode(color=side_color(frame, alt.Legend(symbolOpacity=1))))
    bar = alt.Chart(ends.rename(columns={"min": "low", "max": "high"})).mark_rule(strokeWidth=1.6, color=MUTED)
    return [*layers, bar.encode(x=x, x2="high:Q", y=row_axis(frame))]


def _dumbbells(rows: pd.DataFrame, frame: Frame) -> list[Chart]:
    """The marks; the second side's are larger and lie below, so that both are seen where they coincide."""
    legend = alt.Legend(symbolOpacity=1)
    layers: list[Chart] = []
    for name, size in ((frame.names[1], 150), (frame.names[0], 80)):
        for part, area in ((rows, size), (rows[rows["hollow"]], size * 0.3)):
            part = part[part["side"] == name]
            if part.empty:
                continue
            base = alt.Chart(part).encode(x="value:Q", y=row_axis(frame), shape=side_shape(frame, legend))
            marks = base.mark_point(filled=True, size=area, opacity=1)
            layers.append(marks.encode(color=side_color(frame, legend) if area == size else alt.value(PAPER)))
    return layers


def _sizes(rows: pd.DataFrame, ranked: pd.DataFrame, frame: Frame, narrow: bool) -> list[Chart]:
    """Right of the plot: sentences of the two sides, and the difference."""
    counts = rows.pivot(index="row", columns="side", values="n").reindex(columns=list(frame.names))
    notes = pd.DataFrame(
        {
            "row": frame.labels(ranked["issue"]),
            "difference": [
                signed(d) + ("*" if s else "") for d, s in zip(ranked["difference"], ranked["sure"], strict=True)
            ],
        }
    )
    notes["n"] = [f"{counts.loc[r, frame.names[0]]:,} : {counts.loc[r, frame.names[1]]:,}" for r in notes["row"]]
    base = alt.Chart(notes).encode(y=row_axis(frame))
    size = base.mark_text(align="left", fontSize=11, color=MUTED).encode(x=alt.value(frame.plot + 12), text="n:N")
    if narrow:
        return [size]
    apart = base.mark_text(align="right", fontSize=11, color=MUTED)
    return [size, apart.encode(x=alt.value(frame.plot + 84), text="difference:N")]


def ladder_chart(stances: Stances, width: int = WIDTH) -> Chart:
    """The ladder of stances, from cooperation down to conflict: shares of each side's sentences on every rung.

    Args:
        stances: the contrast.
        width: of the whole chart in pixels.
    """
    sides, own = stances.sides, stances.evidence
    own = own.assign(group=groups_of(sides, own))
    rungs = [k for k in reversed(stance_order(sides.codebook)) if (own["stance"] == k).any()]
    if not rungs:
        return nothing(width)
    frame = Frame.of(sides, width, "stance", rungs, counts="", step=25, dodge=False)
    totals = own["group"].value_counts()
    rows = own.groupby(["stance", "group"]).size().rename("count").reset_index()
    rows["n"] = rows["group"].map(totals)
    rows = rows.assign(row=frame.labels(rows["stance"]), side=frame.side_names(rows["group"]))
    rows["share"] = rows["count"] / rows["n"]
    rows["summary"] = [f"{r['side']} {r['count']} of {r['n']} ({percent(r['share'])})" for r in rows.to_dict("records")]
    colors = stance_colors(sides.codebook)
    narrow = width <= NARROW
    most = float(rows["share"].max()) * (1.6 if narrow else 1.32)
    half = (frame.plot - 16) // 2
    halves = []
    for number, group in enumerate(sides.groups):
        part = rows[rows["group"] == group]
        scale = alt.Scale(domain=[most, 0] if number == 0 else [0, most], nice=False)
        head = f"{frame.names[number]}, {int(totals.get(group, 0)):,}{'' if narrow else ' sentences'}"
        part = part.assign(
            note=[
                f"{c:,}" if narrow else f"{c:,} ({percent(s)})"
                for c, s in zip(part["count"], part["share"], strict=True)
            ]
        )
        halves.append(_half(part, frame, colors, scale, head, half, number == 0))
    return finish(alt.hconcat(*halves, spacing=16), "Ladder of stances", rows)


def _half(
    rows: pd.DataFrame, frame: Frame, colors: dict[str, str], scale: alt.Scale, head: str, width: int, first: bool
) -> Chart:
    """One side of the ladder; bars grow away from the middle."""
    y = row_axis(frame, axis=first)
    base = alt.Chart(rows).encode(x=alt.X("share:Q", scale=scale, axis=None), y=y)
    fill = alt.Color("stance:N", legend=None, scale=alt.Scale(domain=list(colors), range=list(colors.values())))
    text = base.mark_text(align="right" if first else "left", dx=-5 if first else 5, fontSize=11, color=MUTED)
    links = rows.assign(link=[f"#stance={k}&side={0 if first else 1}" for k in rows["stance"]])
    hits = alt.Chart(links).mark_bar(opacity=0).encode(
        x=alt.value(0), x2=alt.value(width), y=y, href="link:N", description="summary:N"
    )  # fmt: skip
    title = alt.TitleParams(head, anchor="end" if first else "start", fontSize=12, fontWeight="bold", offset=8)
    bars = base.mark_bar(height={"band": 0.72}, stroke=MUTED, strokeWidth=0.5).encode(color=fill)
    return alt.layer(bars, text.encode(text="note:N"), hits).properties(width=width, height=frame.height, title=title)
