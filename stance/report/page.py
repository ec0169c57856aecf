"""What the page shows, as plain data for the template: no HTML is made here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pandas as pd

from stance.contrast.by_meeting import BOTH
from stance.report.agenda_findings import in_other_words, never, rows_of, told_apart
from stance.report.lookup import Key, keys_of
from stance.report.style import issue_link, label_link, stance_colors

if TYPE_CHECKING:
    from stance.contrast.comparison import Comparison
    from stance.report.finding import Finding
    from stance.report.meetings import Meetings

MANY = 6
"""Above this number of documents a side the page shows only sentences that a filter picks."""
WORDS = 10
"""Distinctive terms of each side."""
SECTIONS = {
    "copies": "sentences", "shared": "agenda", "only": "agenda", "agreed": "cooperation", "positions": "stances",
    "disagreements": "disagreements", "red_lines": "red-lines", "attribution": "attribution", "framing": "framing",
    "drift": "over-time", "evidence": "method", "corrected": "method",
}  # fmt: skip
HEADINGS = {
    "copies": "Read first: the same text",
    "shared": "On both agendas", "only": "On one agenda", "agreed": "Reported as agreed", "positions": "Positions",
    "disagreements": "Difference", "red_lines": "Red lines", "attribution": "Reported words", "framing": "Framing",
    "drift": "Over time", "evidence": "What this rests on", "corrected": "Corrected by hand-coded sentences",
}  # fmt: skip
SECTION_NAMES = {
    "agenda": "agenda", "stances": "stances", "disagreements": "disagreements", "red-lines": "red lines",
    "cooperation": "cooperation", "attribution": "reported words", "framing": "framing", "over-time": "time",
    "wordings": "wordings", "method": "method and limits", "sentences": "all sentences",
}  # fmt: skip


def sentence_link(key: Key) -> str:
    """The fragment that jumps to a sentence."""
    return f"#s={quote(key[0], safe='')}:{key[1]}"


def probability(value: float | None) -> str:
    """A probability with two decimals, which is never rounded up to certainty; a dash where it is unknown."""
    if value is None or pd.isna(value):
        return "–"
    return "> 0.99" if 0.995 <= value < 1 else "< 0.01" if 0 < value < 0.005 else f"{value:.2f}"


class Labels:
    """Names, colours and probabilities of labels."""

    def __init__(self, comparison: Comparison) -> None:
        """Take the names from the comparison's codebook."""
        self.name = comparison.sides.codebook.name
        self.colors = stance_colors(comparison.sides.codebook)

    def probability(self, row: dict[Any, Any], dimension: str, key: str) -> float | None:
        """The probability of a label; of hand-coded labels, which have none, one."""
        probs = row.get("probs") or {}
        if f"{dimension}:{key}" in probs:
            return float(probs[f"{dimension}:{key}"])
        if dimension in ("stance", "holder"):
            return float(row[f"p_{dimension}"])
        if dimension == "issue" and key == row["issue_main"]:
            return float(row["p_issue_main"])
        return None if probs else 1.0

    def badges(self, row: dict[Any, Any]) -> list[dict[str, str]]:
        """All labels of a sentence: stance, issues, holder, frames, each with its probability and its filter."""
        given = [("stance", row["stance"]), *(("issue", k) for k in row["issue"]), ("holder", row["holder"])]
        given += [("frame", k) for k in row["frame"]]
        return [
            {
                "kind": kind,
                "name": self.name(kind, str(key)),
                "p": probability(self.probability(row, kind, str(key))),
                "link": label_link(kind, str(key)),
                "color": self.colors.get(str(key), "#A6ABB2") if kind == "stance" else "",
            }
            for kind, key in given
        ]


def finding_heading(finding: Finding, comparison: Comparison) -> str:
    """The heading of a finding; with the side where it is about one."""
    heading = HEADINGS[finding.kind]
    if finding.kind != "only":
        return heading
    return f"{heading}: {comparison.sides.name_of[finding.figures['group']]}"


def finding_views(findings: list[Finding], comparison: Comparison) -> list[dict[str, Any]]:
    """Findings with links to their sentences and to their section."""
    places = {**SECTIONS, "copies": "wordings"} if comparison.wordings else SECTIONS
    return [
        {
            "heading": finding_heading(f, comparison), "brief": f.brief, "text": f.text, "number": number,
            "open": bool(f.figures.get("cautions")),
            "sentences": len(f.evidence), "section": places[f.kind], "section_name": SECTION_NAMES[places[f.kind]],
        }
        for number, f in enumerate(findings, start=1)
    ]  # fmt: skip


def chips(comparison: Comparison) -> list[dict[str, Any]]:
    """Issues that both or only one side raises, surely and then uncertainly, with the counts and meetings."""
    raised = comparison.agenda.raised
    both = "Raised by both" + (" at a meeting" if len(comparison.sides.compared) > 1 else "")
    made = []
    for uncertain, more in ((False, ""), (True, ", uncertain: read")):
        found = {who: rows_of(raised, who, uncertain) for who in (BOTH, *comparison.sides.groups)}
        words = {g: in_other_words(comparison, g, g, uncertain) for g in comparison.sides.groups}
        made += _chips(comparison, {both: found[BOTH]}, found, heading_more=more, words=words)
    return made


def agreed_chips(comparison: Comparison) -> list[dict[str, Any]]:
    """Issues on which both or only one side surely reports something agreed, and those uncertain, as in `chips`."""
    cooperation, sides = comparison.cooperation, comparison.sides
    stances = ",".join(sides.codebook["stance"].with_role("agreed"))
    link = f"&stance={quote(stances, safe=',')}&holder={BOTH}"
    apart = told_apart(cooperation, sides.groups)
    separately = f"By each, but {never(comparison, list(apart))} in the same meeting"
    made = []
    for uncertain, more in ((False, ""), (True, ", uncertain: read")):
        found = {who: rows_of(cooperation.reported, who, uncertain) for who in (BOTH, *sides.groups)}
        found |= {g: {i: row for i, row in found[g].items() if i not in apart} for g in sides.groups}
        headings = {"Reported as agreed by both": found[BOTH], separately: {} if uncertain else apart}
        made += _chips(comparison, headings, found, link, more)
    return made


def _chips(
    comparison: Comparison,
    both: dict[str, dict[str, dict[Any, Any]]],
    alone: dict[str, dict[str, dict[Any, Any]]],
    link: str = "",
    heading_more: str = "",
    words: dict[str, dict[str, int]] | None = None,
) -> list[dict[str, Any]]:
    """Lists of issues: those of the two sides under the headings given, then those of each side alone.

    Those of which a side alone speaks only in the other's ``words`` (sentences by side and issue) are marked.
    """
    sides = comparison.sides

    def whose(issue: str, row: dict[Any, Any], side: int | None) -> str:
        if side is None or not words or words[sides.groups[side]].get(issue) != row[("first", "second")[side]]:
            return ""
        return f"in {sides.names[1 - side]} words"

    several = len(sides.compared)
    lists = [
        *((heading, rows, None) for heading, rows in both.items()),
        *((f"Only {name}", alone[g], i) for i, (g, name) in enumerate(sides.name_of.items())),
    ]
    return [
        {
            "heading": heading + heading_more,
            "side": side,
            "chips": [
                {
                    "name": sides.issue_name(issue), "link": issue_link(issue) + link,
                    "counts": [int(row["first"]), int(row["second"])],
                    "meetings": f"{row['meetings']:,} of {several:,} meetings" if several > 1 else "",
                    "words": whose(issue, row, side),
                }
                for issue, row in rows.items()
            ],
        }
        for heading, rows, side in lists
    ]  # fmt: skip


def text_of(value: object) -> str:
    """A value as text, empty where it is missing."""
    return "" if value is None or (isinstance(value, float) and pd.isna(value)) else str(value)


def documents(comparison: Comparison) -> list[list[dict[str, Any]]]:
    """The documents of each side, by date."""
    sides = comparison.sides
    columns = ["doc_id", "title", "date", "source", "lang", "event"]
    lists: list[list[dict[str, Any]]] = []
    for group in sides.groups:
        grouped = sides.of(group).groupby(columns, dropna=False, sort=False)
        part = grouped.agg(sentences=("sent_id", "size"), first=("sent_id", "min")).reset_index()
        rows: list[dict[Any, Any]] = part.sort_values("date", na_position="last", kind="stable").to_dict("records")
        lists.append(
            [
                {
                    **{c: text_of(r[c]) for c in columns},
                    "title": text_of(r["title"]) or text_of(r["doc_id"]),
                    "sentences": int(r["sentences"]),
                    "link": sentence_link((str(r["doc_id"]), int(r["first"]))),
                }
                for r in rows
            ]
        )
    return lists


def page_data(comparison: Comparison, labels: Labels, meetings: Meetings) -> dict[str, Any]:
    """All sentences, documents and labels, for the script that filters them."""
    sides, codebook = comparison.sides, comparison.sides.codebook
    groups = list(sides.groups)
    meta = sides.table.drop_duplicates("doc_id").to_dict("records")
    number = {row["doc_id"]: i for i, row in enumerate(meta)}
    rows = [
        [
            number[row["doc_id"]], int(row["sent_id"]), groups.index(row[sides.by]), str(row["text"]),
            [[k, _p(labels.probability(row, "issue", k))] for k in row["issue"]],
            row["stance"], _p(labels.probability(row, "stance", row["stance"])),
            row["holder"], _p(labels.probability(row, "holder", row["holder"])),
            [[k, _p(labels.probability(row, "frame", k))] for k in row["frame"]], int(row["paragraph"]),
        ]
        for row in sides.table.to_dict("records")
    ]  # fmt: skip
    place = {key: i for i, key in reversed(list(enumerate(keys_of(sides.table))))}
    found = comparison.findings
    return {
        "findings": [[place[k] for k in f.evidence if k in place] for f in found],
        "headings": [finding_heading(f, comparison) for f in found],
        "many": max(sides.of(g)["doc_id"].nunique() for g in groups) > MANY,
        "sides": list(sides.names),
        "labels": {d.key: {label.key: label.name for label in d.labels} for d in codebook.dimensions},
        "colors": labels.colors,
        "none": codebook["issue"].null_label,
        "docs": [
            {
                "id": r["doc_id"],
                "title": text_of(r["title"]) or r["doc_id"],
                "date": text_of(r["date"]),
                "lang": text_of(r["lang"]),
                "meeting": meetings.of_document.get(str(r["doc_id"]), ""),
            }
            for r in meta
        ],
        "sentences": rows,
    }


def _p(value: float | None) -> float | None:
    return None if value is None or pd.isna(value) else round(value, 4)
