"""Chart of corrected figures beside those from predicted labels alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import altair as alt

from stance.report.marks import WIDTH, Chart, Frame, dot_rows, finish, furniture, interval_rows, nothing
from stance.report.style import interval, issue_link, percent, signed

if TYPE_CHECKING:
    from stance.contrast.corrected import Corrected


def corrected_chart(corrected: Corrected, measure: str = "issue", width: int = WIDTH) -> Chart:
    """Corrected shares with intervals, both sides; beside them the figures from predicted labels alone.

    Args:
        corrected: the figures.
        measure: one of `stance.contrast.measures.MEASURES`.
        width: of the whole chart in pixels.
    """
    sides = corrected.sides
    table = corrected.table[(corrected.table["measure"] == measure) & corrected.table["group"].isin(sides.groups)]
    table = table.dropna(subset=["estimate"])
    if table.empty:
        return nothing(width)
    totals = table.groupby("label", sort=False)["estimate"].sum().sort_values(ascending=False, kind="stable")
    dimension = measure if measure in ("issue", "frame") else ""
    keys = table["label"].where(table["label"] != "", measure)
    order = [str(k) or measure for k in totals.index]
    frame = Frame.of(sides, width, dimension, order, counts="predicted +0.99")
    share = measure != "position"
    shown = percent if share else signed
    rows = interval_rows(table, frame, keys, False, [f"predicted {shown(v)}" for v in table["predicted"]])
    rows["summary"] = [
        f"{r['side']} {shown(r['value'])} {interval(r['low'], r['high'], share)}, {r['note']}"
        for r in rows.to_dict("records")
    ]
    title = "Corrected share, with 95% interval" if share else "Corrected position, with 95% interval"
    x = alt.X("value:Q", axis=alt.Axis(format="%" if share else "+.1f", tickCount=5, title=title))
    chart = alt.layer(*dot_rows(rows, frame, x), *furniture(rows, frame, keys, issue_link))
    return finish(chart.properties(width=frame.plot, height=frame.height), title, rows)
