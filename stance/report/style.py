"""The visual language that charts and page share: side colours and marks, the stance palette, chart settings."""

from __future__ import annotations

import math
import textwrap
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

if TYPE_CHECKING:
    from stance.codebook import Codebook

SIDE_COLORS = ("#0072B2", "#D55E00")
"""First and second group: Okabe and Ito's blue and vermilion, which differ in hue for every kind of colour vision."""
SIDE_SHAPES = ("circle", "diamond")
SIDE_TINTS = ("#D3E7F4", "#FADFCB")
INK, MUTED, RULE, PAPER = "#1D2126", "#59616B", "#DFE3E8", "#FFFFFF"
ON_LIGHT = "#0B0D10"
"""Text on a light mark; not `INK`, which the page turns light in dark mode."""
FONT = "Helvetica Neue, Arial, Liberation Sans, sans-serif"

_CONFLICT = ("#5B1049", "#DFAECB")
_NEUTRAL = ("#A6ABB2", "#E3E6E9")
_COOPERATION = ("#A9D9C5", "#0B5D47")


def stance_order(codebook: Codebook) -> list[str]:
    """Keys of the stances from conflict to cooperation; those of one position in the codebook's order."""
    return sorted(codebook.positions, key=codebook.positions.__getitem__)


def stance_colors(codebook: Codebook) -> dict[str, str]:
    """A colour for each stance: plum for conflict, grey for neither, green for cooperation; darker further out.

    The three families differ in hue, and within each lightness gives the order, so that prints in grey keep it. The
    colours follow from the positions in the codebook: a codebook with other stances gets a palette too.
    """
    positions, order = codebook.positions, stance_order(codebook)
    families = (
        ([k for k in order if positions[k] < 0], _CONFLICT),
        ([k for k in order if positions[k] == 0], _NEUTRAL),
        ([k for k in order if positions[k] > 0], _COOPERATION),
    )
    colors: dict[str, str] = {}
    for keys, (start, end) in families:
        for number, key in enumerate(keys):
            colors[key] = _mix(start, end, number / max(1, len(keys) - 1))
    return colors


def _mix(start: str, end: str, share: float) -> str:
    first, second = (tuple(int(c[i : i + 2], 16) for i in (1, 3, 5)) for c in (start, end))
    return "#" + "".join(f"{round(a + (b - a) * share):02X}" for a, b in zip(first, second, strict=True))


def text_on(color: str) -> str:
    """Black or white, whichever contrasts more with a background colour (WCAG 2.2 relative luminance)."""
    channels = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    r, g, b = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    luminance = 0.2126 * r + 0.7152 * g + 0.0722 * b
    return PAPER if 1.05 / (luminance + 0.05) > (luminance + 0.05) / 0.054 else ON_LIGHT


def label_link(dimension: str, key: str) -> str:
    """The fragment that filters the report's sentences by a label."""
    return f"#{dimension}={quote(key, safe='')}"


issue_link = partial(label_link, "issue")


def meeting_link(meeting: str, start: str = "#") -> str:
    """The fragment, or part of one, that filters the report's sentences by a meeting."""
    return f"{start}meeting={quote(meeting, safe='')}"


def wrapped(name: str, width: int) -> str:
    """A name broken into lines for an axis; the axis splits it at the line breaks again."""
    return "\n".join(textwrap.wrap(name, width)) or name


def percent(share: float) -> str:
    """A share as whole percent."""
    text = f"{share:.0%}"
    return "0%" if text == "-0%" else text.replace("-", "−")


def signed(value: float, decimals: int = 1) -> str:
    """A number with its sign, one decimal unless another number is given, and a true minus."""
    text = f"{value:+.{decimals}f}"
    return (text[1:] if float(text) == 0 else text).replace("-", "−")


def interval(low: float, high: float, share: bool = False, decimals: int = 1) -> str:
    """An interval in brackets; an empty string where there is none."""
    if math.isnan(low) or math.isnan(high):
        return ""
    return f"[{percent(low)}, {percent(high)}]" if share else f"[{signed(low, decimals)}, {signed(high, decimals)}]"


def count(number: int, noun: str) -> str:
    """A number with its noun in singular or plural: ``1 sentence``, ``2 sentences``."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def joined(items: list[str]) -> str:
    """Items as prose: ``a``, ``a and b``, ``a, b and c``; with a comma before the last where an item holds an «and»."""
    if len(items) < 2:
        return "".join(items)
    last = ", and " if any(" and " in item for item in items) else " and "
    return ", ".join(items[:-1]) + last + items[-1]


def dressed(chart: Any, summary: str) -> Any:
    """Give a chart the common type, colours and background, and a description for screen readers."""
    return chart.properties(description=summary).configure(  # in one call: each copies the whole chart
        background="transparent", font=FONT, padding=4,
        view={"stroke": None},
        axis={
            "domain": False, "ticks": False, "gridColor": RULE, "labelColor": INK, "titleColor": MUTED,
            "labelFontSize": 12, "titleFontSize": 12, "titleFontWeight": "normal", "labelPadding": 8,
            "labelLimit": 320, "titlePadding": 10,
        },
        legend={
            "orient": "top", "title": None, "labelColor": INK, "labelFontSize": 12, "symbolSize": 90, "padding": 0,
            "offset": 10, "columnPadding": 14, "labelLimit": 240,
        },
        title={"color": INK, "font": FONT},
        text={"font": FONT},
        concat={"spacing": 28},
    )  # fmt: skip
