"""What the page shows over time: a line a meeting, and the red lines in the order in which they were named."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from stance.contrast.cooperation import is_agreed
from stance.report.lookup import groups_of
from stance.report.meetings import red_line_history
from stance.report.page import Labels, probability, sentence_link
from stance.report.style import issue_link, meeting_link, signed

if TYPE_CHECKING:
    import pandas as pd

    from stance.contrast.comparison import Comparison
    from stance.report.meetings import Meetings

HISTORY = 60
"""Most red lines that the history on the page quotes."""


def meeting_lines(comparison: Comparison, meetings: Meetings) -> list[dict[str, Any]]:
    """One line a meeting: sentences, mean position, red lines and agreed sentences of each side."""
    sides, own = comparison.sides, comparison.stances.evidence
    places = own["stance"].map(sides.codebook.positions)
    table = own.assign(group=groups_of(sides, own), meeting=meetings.of(own), place=places)
    table["agreed"] = is_agreed(sides.codebook, table)
    table["limit"] = table["stance"].isin(sides.codebook["stance"].with_role("limit"))
    lines = []
    for key, name, label, date in zip(meetings.keys, meetings.names, meetings.labels, meetings.dates, strict=True):
        when = f"{date:%Y-%m-%d}" if date is not None else label
        parts = [table[(table["meeting"] == key) & (table["group"] == g)] for g in sides.groups]
        lines.append(
            {
                "key": key, "name": name, "date": when, "link": meeting_link(key),
                "sides": [_side_line(part) for part in parts],
            }
        )  # fmt: skip
    return lines


def _side_line(part: pd.DataFrame) -> dict[str, Any]:
    if part.empty:
        return {"n": 0, "mean": "–", "agreed": 0, "limit": 0}
    return {
        "n": len(part),
        "mean": signed(float(part["place"].mean())),
        "agreed": int(part["agreed"].sum()),
        "limit": int(part["limit"].sum()),
    }


def history(comparison: Comparison, meetings: Meetings, labels: Labels) -> list[dict[str, Any]]:
    """Red lines by issue, in the order of time: date, side, words, probability, and a link to the sentence."""
    groups = list(comparison.sides.groups)
    when = dict(zip(meetings.keys, meetings.labels, strict=True))
    shown: list[dict[str, Any]] = []
    for row in red_line_history(comparison, meetings).head(HISTORY).to_dict("records"):
        if not shown or shown[-1]["key"] != row["issue"]:
            name = labels.name("issue", row["issue"])
            shown.append({"key": row["issue"], "name": name, "link": issue_link(row["issue"]), "lines": []})
        shown[-1]["lines"].append(
            {
                "when": when[row["meeting"]], "side": groups.index(row["group"]), "text": row["text"],
                "p": probability(row["p_limit"]), "link": sentence_link((str(row["doc_id"]), int(row["sent_id"]))),
            }
        )  # fmt: skip
    return shown
