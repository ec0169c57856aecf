"""What the page shows, as plain data for the template: no HTML is made here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pandas as pd

from stance.report.findings import headline
from stance.report.lookup import Key, Sentences, groups_of, keys_of
from stance.report.style import issue_link, stance_colors

if TYPE_CHECKING:
    from stance.contrast.comparison import Comparison
    from stance.report.finding import Finding
    from stance.report.meetings import Meetings

CARDS = 24
"""Most cards of one kind on the page; tables and filters hold the rest."""
OPEN_CARDS = 6
"""Cards that are shown at once; the others fold out."""
MANY = 6
"""Above this number of documents a side the page shows only sentences that a filter picks."""
WORDS = 10
"""Distinctive terms of each side."""
ALIKE = 0.2
"""Similarity of wording from which a counterpart is called similar."""
SECTIONS = {
    "shared": "agenda", "only": "agenda", "agreed": "stances", "positions": "stances", "disagreements": "disagreements",
    "red_lines": "red-lines", "framing": "framing", "evidence": "method",
}  # fmt: skip
HEADINGS = {
    "shared": "On both agendas", "only": "On one agenda", "agreed": "Reported as agreed", "positions": "Positions",
    "disagreements": "Difference", "red_lines": "Red lines", "framing": "Framing", "evidence": "What this rests on",
}  # fmt: skip
SECTION_NAMES = {
    "agenda": "agenda", "stances": "stances", "disagreements": "disagreements", "red-lines": "red lines",
    "framing": "framing", "method": "method and limits",
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
        self.codebook = comparison.sides.codebook
        self.colors = stance_colors(self.codebook)

    def name(self, dimension: str, key: str) -> str:
        """A label in words; the key itself where the codebook does not know it."""
        known = {label.key: label.name for label in self.codebook[dimension].labels}
        return known.get(key, key)

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
                "link": f"#{kind}={quote(str(key), safe='')}",
                "color": self.colors.get(str(key), "#A6ABB2") if kind == "stance" else "",
            }
            for kind, key in given
        ]


def finding_heading(finding: Finding, comparison: Comparison) -> str:
    """The heading of a finding; with the side where it is about one."""
    heading = HEADINGS[finding.kind]
    if "group" not in finding.figures:
        return heading
    sides = comparison.sides
    return f"{heading}: {sides.names[sides.groups.index(finding.figures['group'])]}"


def finding_views(findings: list[Finding], comparison: Comparison) -> list[dict[str, Any]]:
    """Findings with links to their sentences and to their section."""
    return [
        {
            "heading": finding_heading(f, comparison), "brief": f.brief, "text": f.text, "number": number,
            "sentences": len(f.evidence), "section": SECTIONS[f.kind], "section_name": SECTION_NAMES[SECTIONS[f.kind]],
        }
        for number, f in enumerate(findings, start=1)
    ]  # fmt: skip


def chips(comparison: Comparison) -> list[dict[str, Any]]:
    """Issues that both or only one side raises, with the two counts."""
    agenda, sides = comparison.agenda, comparison.sides
    counts = agenda.table.groupby(["issue", "group"])["count"].sum().astype(int).to_dict()
    first, second = sides.names
    lists = [
        ("Raised by both", "both", None),
        (f"Only {first}", sides.groups[0], 0),
        (f"Only {second}", sides.groups[1], 1),
    ]
    return [
        {
            "heading": heading,
            "side": number,
            "chips": [
                {
                    "name": sides.issue_name(issue),
                    "link": issue_link(issue),
                    "counts": [counts[issue, g] for g in sides.groups],
                }
                for issue in agenda.raised_by(who)
            ],
        }
        for heading, who, number in lists
    ]


def cards(comparison: Comparison, evidence: pd.DataFrame, labels: Labels) -> dict[str, Any]:
    """Evidence as cards: the sentence, its context and labels, and the counterpart with its own.

    Args:
        comparison: the comparison.
        evidence: a table with the columns of `stance.contrast.result.EVIDENCE`, and counterparts or none.
        labels: names of the labels.
    """
    sentences = Sentences(comparison.table)
    groups = list(comparison.sides.groups)
    evidence = evidence.dropna(subset=["doc_id"])
    shown = evidence.head(CARDS)
    made = []
    for key, group, row in zip(
        keys_of(shown), groups_of(comparison.sides, shown), shown.to_dict("records"), strict=True
    ):
        side = groups.index(str(group))
        card = {**_quoted(sentences, key, labels), "side": side, "other": 1 - side, "counterpart": None}
        card["limit"] = probability(row["p_limit"]) if "p_limit" in row else ""
        card["before"], card["after"] = sentences.context(key)
        if isinstance(row.get("counterpart_doc_id"), str):
            counterpart = (row["counterpart_doc_id"], int(row["counterpart_sent_id"]))
            similarity = float(row["similarity"])
            likeness = "similar wording" if similarity >= ALIKE else "little wording in common"
            told = {"similarity": f"{similarity:.2f}", "likeness": likeness}
            card["counterpart"] = {**_quoted(sentences, counterpart, labels), **told}
        made.append(card)
    return {"open": made[:OPEN_CARDS], "folded": made[OPEN_CARDS:], "total": len(evidence), "shown": len(made)}


def _quoted(sentences: Sentences, key: Key, labels: Labels) -> dict[str, Any]:
    row = sentences[key]
    return {
        "text": str(row["text"]), "badges": labels.badges(row), "link": sentence_link(key), "number": key[1] + 1,
        "title": str(row["title"] or key[0]), "date": _text(row["date"]), "lang": str(row["lang"] or ""),
    }  # fmt: skip


def _text(value: object) -> str:
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
                    **{c: _text(r[c]) for c in columns},
                    "title": _text(r["title"]) or _text(r["doc_id"]),
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
    found = headline(comparison)
    return {
        "findings": [[place[k] for k in f.evidence if k in place] for f in found],
        "headings": [finding_heading(f, comparison) for f in found],
        "meetings": dict(zip(meetings.keys, meetings.labels, strict=True)) if meetings.several else {},
        "many": max(sides.of(g)["doc_id"].nunique() for g in groups) > MANY,
        "sides": list(sides.names),
        "labels": {d.key: {label.key: label.name for label in d.labels} for d in codebook.dimensions},
        "colors": labels.colors,
        "none": codebook["issue"].null_label,
        "docs": [
            {
                "id": r["doc_id"],
                "title": _text(r["title"]) or r["doc_id"],
                "date": _text(r["date"]),
                "lang": _text(r["lang"]),
                "meeting": meetings.of_document.get(str(r["doc_id"]), ""),
            }
            for r in meta
        ],
        "sentences": rows,
    }


def _p(value: float | None) -> float | None:
    return None if value is None or pd.isna(value) else round(value, 4)
