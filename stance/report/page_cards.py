"""Evidence as cards: a sentence in its context beside the nearest that the other side says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from stance.contrast.certainty import SURE
from stance.contrast.counterpart import THRESHOLD
from stance.report.lookup import Key, groups_of, keys_of
from stance.report.page import Labels, probability, sentence_link, text_of
from stance.report.series_findings import unanswered_first
from stance.report.style import issue_link, signed

if TYPE_CHECKING:
    from stance.contrast.comparison import Comparison
    from stance.report.lookup import Sentences

CARDS = 14
"""Most cards of one kind on the page; tables and filters hold the rest."""
OPEN_CARDS = 4
"""Cards that are shown at once; the others fold out."""
OPEN_ROWS = 6
"""Issues whose hardest sentences are shown at once."""
MATCHES = {
    "same point": "a like report stands in the other account",
    "same issue": "the other account has agreement on the issue; nothing alike enough found there",
    "not found": "no agreement found in the other account on the issue",
}  # fmt: skip
VERDICTS = {
    "confirmed": "if the two answer each other, the stance is alike",
    "softened": "if the two answer each other, more cooperative than that side's own words",
    "hardened": "if the two answer each other, less cooperative than that side's own words",
    "absent": "no counterpart found in its own account (near enough, and each the other's nearest)",
}  # fmt: skip


def decks(comparison: Comparison, labels: Labels) -> dict[str, dict[str, Any]]:
    """The cards of every section, by the name of the table that holds all of them."""
    pairs = comparison.alignment.evidence
    pairs = pairs.assign(size=pairs["gap"].abs()).sort_values(["size", "similarity"], ascending=False, kind="stable")
    tables = {
        "disagreements_evidence": comparison.disagreements.evidence,
        "red_lines_evidence": comparison.red_lines.evidence,
        "red_lines_possible": comparison.red_lines.possible,
        "cooperation_evidence": comparison.cooperation.evidence,
        "cooperation_claims": comparison.cooperation.claims,
        "cooperation_possible": comparison.cooperation.possible,
        "cooperation_overtures": comparison.cooperation.overtures,
        "attribution_evidence": unanswered_first(comparison),
        "alignment_evidence": pairs,
    }
    return {name: cards(comparison, table, labels) for name, table in tables.items()}


def cards(comparison: Comparison, evidence: pd.DataFrame, labels: Labels) -> dict[str, Any]:
    """Evidence as cards: the sentence, its context and labels, and the counterpart with its own.

    Args:
        comparison: the comparison.
        evidence: a table with the columns of `stance.contrast.result.EVIDENCE`, and counterparts or none.
        labels: names of the labels.

    Returns:
        ``open`` and ``folded`` cards, ``total`` sentences there are, ``shown`` among the cards.
    """
    sentences = comparison.sentences
    groups = list(comparison.sides.groups)
    shown = evidence.head(CARDS)
    made = []
    for key, group, row in zip(
        keys_of(shown), groups_of(comparison.sides, shown), shown.to_dict("records"), strict=True
    ):
        side = groups.index(str(group))
        card = {**_quoted(sentences, key, labels), "side": side, "other": 1 - side, "counterpart": None}
        card["limit"] = probability(row["p_limit"]) if "p_limit" in row else ""
        card["before"], card["after"] = sentences.context(key)
        card["remarks"] = _remarks(row, comparison)
        if isinstance(row.get("counterpart_doc_id"), str):
            counterpart = (row["counterpart_doc_id"], int(row["counterpart_sent_id"]))
            card["counterpart"] = {**_quoted(sentences, counterpart, labels), **_likeness(row)}
        made.append(card)
    return {"open": made[:OPEN_CARDS], "folded": made[OPEN_CARDS:], "total": len(evidence), "shown": len(made)}


def issue_rows(comparison: Comparison, labels: Labels) -> list[dict[str, Any]]:
    """Issue by issue the hardest sentence of each side.

    Returns:
        rows of ``name``, ``link`` and ``sides``: of each the quoted sentence with the badge of its ``stance``, ``n``,
            the number of its sentences on the issue, ``differs``, whether it voices difference, and ``doubt``, the
            probability of the issue where that is low, or None where it has none. Issues that both speak of go first,
            of these those on which a side voices difference, then those with the most sentences.
    """
    hardest, groups = comparison.stances.hardest, comparison.sides.groups
    voiced = comparison.sides.codebook["stance"].with_role("difference")
    found: dict[str, dict[str, dict[str, Any]]] = {}
    for key, row in zip(keys_of(hardest), hardest.to_dict("records"), strict=True):
        quoted = _quoted(comparison.sentences, key, labels)
        act = next(b for b in quoted["badges"] if b["kind"] == "stance")
        found.setdefault(str(row["issue"]), {})[str(row["group"])] = {
            **quoted, "stance": act, "n": int(row["n"]), "differs": row["stance"] in voiced,
            "doubt": probability(row["p_issue"]) if row["p_issue"] < SURE else "",
        }  # fmt: skip

    def place(issue: str) -> tuple[int, bool, int]:
        said = found[issue].values()
        return len(said), any(q["differs"] for q in said), sum(q["n"] for q in said)

    order = sorted(found, key=place, reverse=True)
    return [
        {"name": labels.name("issue", i), "link": issue_link(i), "sides": [found[i].get(g) for g in groups]}
        for i in order
    ]


def _likeness(row: dict[Any, Any]) -> dict[str, str]:
    similarity = float(row["similarity"])
    near = similarity >= THRESHOLD and row.get("verdict") != "absent"  # an absent report is not its neighbour's nearest
    found = "counterpart" if near else "no counterpart found; the nearest"
    return {"similarity": f"{similarity:.2f}", "likeness": found}


def _remarks(row: dict[Any, Any], comparison: Comparison) -> list[str]:
    """What a contrast says of a sentence besides its labels."""
    said = []
    if row.get("match") in MATCHES:
        said.append(MATCHES[row["match"]])
    if row.get("voice") == "reported":
        said.append("said of the other side")
    if row.get("verdict") in VERDICTS:
        sure = row.get(f"p_{row['verdict']}")
        told = ("uncertain: " if row["uncertain"] else "") + VERDICTS[row["verdict"]]
        said.append(told + (f" (stances alone: {probability(sure)})" if sure is not None else ""))
    if isinstance(row.get("kind"), str):
        phrases = ", ".join(f"«{p}»" for p in row["phrases"])
        said.append(f"{row['kind']}, hardness {row['hardness']} of 3" + (f": {phrases}" if phrases else ""))
        if row["addressee"] in comparison.sides.codebook["holder"].keys:
            said.append(f"addressed to {comparison.sides.codebook.name('holder', row['addressee'])}")
    if row.get("p_limit", SURE) < SURE:
        said.append(f"only possible: probability {probability(row['p_limit'])}")
    if row.get("noted") is True:
        said.append("the other account takes note of it")
    if "gap" in row:
        said.append(f"distance between the two stances {signed(row['gap'])}")
    return said


def _quoted(sentences: Sentences, key: Key, labels: Labels) -> dict[str, Any]:
    row = sentences[key]
    return {
        "text": str(row["text"]), "badges": labels.badges(row), "link": sentence_link(key), "number": key[1],
        "title": str(row["title"] or key[0]), "date": text_of(row["date"]), "lang": str(row["lang"] or ""),
    }  # fmt: skip
