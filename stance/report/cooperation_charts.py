"""Charts of what the accounts have in common: agreements, pairs of sentences, and what each reports of the other."""

from __future__ import annotations

from collections.abc import Callable
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
    dot_rows,
    finish,
    furniture,
    interval_rows,
    nothing,
    row_axis,
)
from stance.report.style import INK, PAPER, SIDE_COLORS, interval, issue_link, percent

if TYPE_CHECKING:
    from stance.contrast.alignment import Alignment
    from stance.contrast.attribution import Attribution
    from stance.contrast.cooperation import Cooperation

MATCHES = ("same point", "same issue", "not found")
OPACITY = (1.0, 0.5, 0.18)
"""From what the other side reports too to what it does not."""


def cooperation_chart(cooperation: Cooperation, width: int = WIDTH) -> Chart:
    """Sentences that report something agreed, by issue and side; the paler, the less the other account reports it.

    Args:
        cooperation: the contrast.
        width: of the whole chart in pixels.
    """
    sides, evidence = cooperation.sides, cooperation.evidence
    rows = pd.DataFrame(
        {"issue": evidence["issue"], "group": groups_of(sides, evidence), "match": evidence["match"]}
    ).explode("issue", ignore_index=True)
    rows = rows[rows["issue"].isin(sides.issues)]
    if rows.empty:
        return nothing(width)
    table = rows.groupby(["issue", "group", "match"]).size().rename("count").reset_index()
    frame = Frame.of(sides, width, "issue", by_count(table, "issue"), counts="9")
    table["row"], table["side"] = frame.labels(table["issue"]), frame.side_names(table["group"])
    table["summary"] = [f"{r['side']}: {r['count']} {r['match']}" for r in table.to_dict("records")]
    bars = _stacked_counts(table, frame, columns=1 if width <= NARROW else len(MATCHES))
    chart = alt.layer(*bars, *furniture(table, frame, table["issue"], issue_link))
    return finish(chart.properties(width=frame.plot, height=frame.height), "Reported as agreed", table)


def _stacked_counts(table: pd.DataFrame, frame: Frame, columns: int) -> list[alt.Chart]:
    """Stacked bars in the sides' colours, the kinds of ``match`` told apart by lightness."""
    table = table.assign(
        place=table["match"].map({p: i for i, p in enumerate(MATCHES)}),
    ).sort_values(["row", "side", "place"], kind="stable")
    end = table.groupby(["row", "side"])["count"].cumsum()
    table = table.assign(start=end - table["count"], end=end, middle=end - table["count"] / 2)
    axis = alt.Axis(tickCount=min(6, int(end.max())), format="d")
    x = alt.X("start:Q", title="Sentences reported as agreed", axis=axis, scale=alt.Scale(nice=True))
    base = alt.Chart(table).encode(y=row_axis(frame), yOffset=frame.offset())
    shades = alt.Opacity(
        "match:N",
        sort=list(MATCHES),
        scale=alt.Scale(type="ordinal", domain=list(MATCHES), range=list(OPACITY)),
        legend=alt.Legend(symbolType="square", symbolFillColor=INK, symbolStrokeWidth=0, columns=columns),
    )
    fill = alt.Fill(
        "side:N",
        scale=alt.Scale(domain=list(frame.names), range=list(SIDE_COLORS)),
        legend=alt.Legend(symbolType="square", symbolStrokeWidth=0, columns=columns),
    )
    bars = base.mark_bar(stroke=PAPER, strokeWidth=1).encode(x=x, x2="end:Q", fill=fill, opacity=shades)
    pale = table["match"].isin(MATCHES[1:])
    layers = [bars]
    for chosen, color in ((~pale, PAPER), (pale, INK)):
        if chosen.any():
            text = alt.Chart(table[chosen]).mark_text(fontSize=11, color=color)
            layers.append(text.encode(x="middle:Q", y=row_axis(frame), yOffset=frame.offset(), text="count:Q"))
    return layers


def alignment_chart(alignment: Alignment, width: int = WIDTH) -> Chart:
    """Share of each side's sentences that have a partner on the other side, by issue.

    Args:
        alignment: the contrast.
        width: of the whole chart in pixels.
    """
    table = alignment.table[alignment.table["n"] > 0]
    table = table[table.groupby("issue")["group"].transform("nunique") == 2]
    if table.empty:
        return nothing(width)
    frame = Frame.of(alignment.sides, width, "issue", by_count(table, "issue"), counts="999 of 9,999")
    title = "Paired sentences" if width <= NARROW else "Share of sentences with a partner on the other side"
    return _share_dots(table.assign(part=table["issue"]), frame, "", title, issue_link)


def attribution_chart(attribution: Attribution, width: int = WIDTH) -> Chart:
    """Reports of what the other side said, by how they stand to its own account.

    Args:
        attribution: the contrast.
        width: of the whole chart in pixels.
    """
    from stance.contrast.attribution import VERDICTS

    table = attribution.table
    if table.empty:
        return nothing(width)
    frame = Frame.of(attribution.sides, width, "", list(VERDICTS), counts="99 of 999 [99%, 99%]")
    title = "Share of what an account reports of the other side"
    parts = table.rename(columns={"verdict": "part", "source": "group"})
    return _share_dots(parts, frame, " account,", title, lambda _: "#holder=")


def _share_dots(table: pd.DataFrame, frame: Frame, said: str, title: str, link: Callable[[str], str]) -> Chart:
    """Shares with intervals, a row for each ``part`` and a dot for each ``group``."""
    notes = [f"{c:,} of {n:,}" for c, n in zip(table["count"], table["n"], strict=True)]
    rows = interval_rows(table, frame, table["part"], table["count"] == 0, notes)
    rows["summary"] = [
        f"{r['side']}{said} {r['note']} ({percent(r['value'])} {interval(r['low'], r['high'], True)})"
        for r in rows.to_dict("records")
    ]
    x = alt.X("value:Q", axis=alt.Axis(format="%", tickCount=5, title=title), scale=alt.Scale(domain=[0, 1]))
    chart = alt.layer(*dot_rows(rows, frame, x), *furniture(rows, frame, table["part"], link))
    return finish(chart.properties(width=frame.plot, height=frame.height), title, rows)
