"""The figures of a report: which there are, and their drawings, each made once."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from stance.contrast.framing import ALL
from stance.report.charts import (
    agenda_chart,
    frame_chart,
    stance_chart,
    to_svg,
    words_chart,
)
from stance.report.cooperation_charts import alignment_chart, attribution_chart, cooperation_chart
from stance.report.corrected_charts import corrected_chart
from stance.report.curve_charts import drift_chart, sensitivity_chart
from stance.report.difference_charts import disagreement_chart, red_line_chart
from stance.report.marks import WIDTH
from stance.report.page import WORDS
from stance.report.position_charts import divergence_chart, ladder_chart
from stance.report.time_charts import agenda_matrix, red_line_timeline, stance_timeline

if TYPE_CHECKING:
    from collections.abc import Callable

    from stance.contrast.comparison import Comparison
    from stance.report.meetings import Meetings

PHONE = 330
"""Width of the figures that phones show."""
MANY = 12
"""Above this number of meetings the figures with a column for each scroll on phones."""
TOP = 12
"""Issues of the overview."""


@dataclass(frozen=True)
class Figures:
    """The figures of a comparison by name.

    Attributes:
        labels: what each shows, for screen readers and lists.
        makers: how each is drawn at a width.
        scrolled: those too wide for a phone at any width.
    """

    labels: dict[str, str]
    makers: dict[str, Callable[[int], Any]]
    scrolled: frozenset[str] = frozenset()
    _drawn: dict[tuple[str, int], str] = field(default_factory=dict, repr=False)

    def svg(self, name: str, width: int = WIDTH) -> str:
        """The drawing of a figure as SVG."""
        if (name, width) not in self._drawn:
            self._drawn[name, width] = to_svg(self.makers[name](width))
        return self._drawn[name, width]


def make_figures(comparison: Comparison, meetings: Meetings) -> Figures:
    """All figures that a comparison has something to show in.

    Args:
        comparison: from `stance.compare`.
        meetings: its meetings; with one there is no figure over time.
    """
    c = comparison
    names = f"{c.sides.names[0]} and {c.sides.names[1]}"
    listed: list[tuple[str, str, Callable[[int], Any]]] = [
        ("divergence", "Mean position on each issue", lambda w: divergence_chart(c.stances, w, TOP)),
        ("agenda", "Share of sentences on each issue", lambda w: agenda_chart(c.agenda, w)),
        ("ladder", "Sentences on each rung of the ladder of stances", lambda w: ladder_chart(c.stances, w)),
        ("stances", "Stances on each issue", lambda w: stance_chart(c.stances, w)),
        ("disagreements", "Sentences voicing difference", lambda w: disagreement_chart(c.disagreements, w)),
        ("red_lines", "Probability of each red line", lambda w: red_line_chart(c.red_lines, w)),
        ("cooperation", "Sentences reported as agreed", lambda w: cooperation_chart(c.cooperation, w)),
        ("attribution", "What each reports of the other", lambda w: attribution_chart(c.attribution, w)),
        ("alignment", "Share of sentences with a partner", lambda w: alignment_chart(c.alignment, w)),
        ("framing", "Share of sentences in each frame", lambda w: frame_chart(c.framing, w)),
        ("words", "Distinctive words", lambda w: words_chart(c.framing, ALL, WORDS, w)),
    ]
    if not c.agenda.sensitivity.empty:
        listed.append(
            ("sensitivity", "Issues of one side over the threshold", lambda w: sensitivity_chart(c.agenda, w))
        )
    if not c.corrected.table.empty:
        listed.append(
            ("corrected", "Shares corrected by hand-coded sentences", lambda w: corrected_chart(c.corrected, width=w))
        )
    if meetings.several:
        listed += [
            ("drift", "Mean position over time", lambda w: drift_chart(c.drift, width=w)),
            ("stance_timeline", "Positions over time", lambda w: stance_timeline(c, meetings, w)),
            ("agenda_matrix", "Agenda of each meeting", lambda w: agenda_matrix(c, meetings, w)),
            ("red_line_timeline", "Red lines of each meeting", lambda w: red_line_timeline(c, meetings, w)),
        ]
    empty = _empty(c)
    listed = [entry for entry in listed if entry[0] not in empty]
    scrolled = frozenset({"agenda_matrix", "red_line_timeline"} if len(meetings.keys) > MANY else ())
    return Figures({n: f"{label}, {names}" for n, label, _ in listed}, {n: make for n, _, make in listed}, scrolled)


def _empty(c: Comparison) -> set[str]:
    """Figures of contrasts that found nothing."""
    found = {
        "cooperation": len(c.cooperation.evidence),
        "attribution": len(c.attribution.evidence),
        "alignment": len(c.alignment.evidence),
        "red_lines": len(c.red_lines.evidence) + len(c.red_lines.possible),
        "words": int((c.framing.words["issue"] == ALL).sum()),
    }
    return {name for name, number in found.items() if not number}
