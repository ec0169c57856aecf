"""Charts of curves: a measure over time, and a count over the threshold that it depends on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import altair as alt
import pandas as pd

from stance.report.marks import NARROW, SIGNED, WIDTH, Chart, nothing, time_axis
from stance.report.style import INK, MUTED, SIDE_COLORS, SIDE_SHAPES, dressed

if TYPE_CHECKING:
    from stance.contrast.agenda import Agenda
    from stance.contrast.drift import Drift

FACETS = 9
"""Most issues in a chart of sensitivity."""


def drift_chart(drift: Drift, measure: str = "position", label: str = "", width: int = WIDTH) -> Chart:
    """One measure over time, both sides, with intervals.

    Args:
        drift: the contrast.
        measure: one of its measures.
        label: the issue or frame, where the measure has labels.
        width: of the whole chart in pixels.
    """
    sides = drift.sides
    table = drift.table[(drift.table["measure"] == measure) & (drift.table["label"] == label)]
    if table.empty:
        return nothing(width)
    names = list(sides.names)
    rows = table.assign(side=table["group"].map(sides.name_of))
    share = measure != "position"
    x = alt.X("date:T", title=None, axis=alt.Axis(labelOverlap=True, **time_axis(list(rows["date"]))))
    title = "Position: conflict (−1) to cooperation (+1)" if not share else f"Share of sentences, {label or measure}"
    axis = alt.Axis(title=title, tickCount=5, labelExpr="format(datum.value, '.0%')" if share else SIGNED)
    domain = alt.Scale(domainMin=0, nice=True) if share else alt.Scale(domain=[-1, 1])
    legend = alt.Legend(symbolOpacity=1)
    color = alt.Color("side:N", scale=alt.Scale(domain=names, range=list(SIDE_COLORS)), title=None, legend=legend)
    shape = alt.Shape("side:N", scale=alt.Scale(domain=names, range=list(SIDE_SHAPES)), title=None, legend=legend)
    base = alt.Chart(rows).encode(x=x, color=color)
    line = base.mark_line(strokeWidth=1, opacity=0.45).encode(y=alt.Y("estimate:Q", axis=axis, scale=domain))
    points = base.mark_point(filled=True, size=60, opacity=1).encode(y="estimate:Q", shape=shape)
    layers = [line, points]
    known = rows.dropna(subset=["low", "high"])
    if len(known):
        rules = alt.Chart(known).mark_rule(strokeWidth=1.5, opacity=0.6)
        layers.insert(0, rules.encode(x=x, y="low:Q", y2="high:Q", color=color))
    summary = "; ".join(f"{r['side']} {r['period']}: {r['estimate']:.2f}" for r in rows.head(24).to_dict("records"))
    return dressed(alt.layer(*layers).properties(width=width - 80, height=260), f"{title}. {summary}")


def sensitivity_chart(agenda: Agenda, width: int = WIDTH) -> Chart:
    """How many sentences name each issue that only one side raises, over the threshold on its probability.

    Args:
        agenda: the contrast.
        width: of the whole chart in pixels.
    """
    sides = agenda.sides
    alone = [i for g in sides.groups for i in (*agenda.raised_by(g), *agenda.uncertain(g))][:FACETS]
    curves = agenda.sensitivity[agenda.sensitivity["issue"].isin(alone)]
    if curves.empty:
        return nothing(width)
    names = list(sides.names)
    rows = pd.DataFrame(
        {
            "issue": curves["issue"].map(sides.issue_name),
            "side": curves["group"].map(sides.name_of),
            "threshold": curves["threshold"],
            "count": curves["count"],
        }
    )
    color = alt.Color("side:N", scale=alt.Scale(domain=names, range=list(SIDE_COLORS)), title=None)
    ticks = min(4, max(1, int(rows["count"].max())))
    columns = 1 if width <= NARROW else 3
    lines = alt.Chart(rows).mark_line(interpolate="step-after", strokeWidth=2)
    lines = lines.encode(
        x=alt.X("threshold:Q", title="Threshold", axis=alt.Axis(tickCount=4, titleColor=MUTED)),
        y=alt.Y("count:Q", title="Sentences", axis=alt.Axis(tickCount=ticks, format="d")),
        color=color,
    )
    header = alt.Header(title=None, labelColor=INK, labelFontSize=12)
    facets = lines.properties(width=(width - 60 * columns) // columns, height=110).facet(
        facet=alt.Facet("issue:N", header=header, sort=[sides.issue_name(i) for i in alone]), columns=columns
    )
    return dressed(facets.resolve_scale(y="independent"), "Sentences that name an issue, over the threshold")
