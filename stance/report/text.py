"""The findings as Markdown for people and as JSON for machines."""

from __future__ import annotations

import json
import re
import textwrap
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from stance.markdown import markdown_table
from stance.report.meetings import red_line_history
from stance.report.page import Labels, finding_heading, probability
from stance.report.page_cards import issue_rows
from stance.report.page_tables import tables
from stance.report.style import count

if TYPE_CHECKING:
    import pandas as pd

    from stance.contrast.comparison import Comparison
    from stance.contrast.wordings import Wordings
    from stance.report.finding import Finding

QUOTED = 3
"""Sentences of each side that are quoted for a finding."""
QUOTED_LENGTH = 240
"""Most characters of a sentence on a terminal."""
ISSUES = 5
"""Issues whose hardest sentences stand on a terminal."""
SHOWN = ("corrected", "stances", "red_lines", "agenda", "framing")
"""Tables that the text holds; the CSV files hold all."""


def findings_json(comparison: Comparison, files: list[str]) -> str:
    """`findings_record` as JSON, with the ``files`` of the report, relative to its folder."""
    return (
        json.dumps(
            {**findings_record(comparison), "files": files}, ensure_ascii=False, indent=1, allow_nan=False, default=str
        )
        + "\n"
    )


def findings_record(comparison: Comparison) -> dict[str, Any]:
    """The findings for machines.

    Args:
        comparison: from `stance.compare`.

    Returns:
        ``sides``, ``documents``, ``models``, ``codebook``, and ``findings``: each with ``heading``, ``kind``,
        ``brief``, ``text``, ``figures`` and ``evidence`` (``doc_id``, ``sent_id``, ``start``, ``end``, ``text``);
        where sentences were coded by hand, ``corrected``, the rows of `stance.contrast.corrected.Corrected.table`.
    """
    sides, documents = comparison.sides, comparison.documents
    return {
        "sides": sides.name_of,
        "documents": documents.astype(object).where(documents.notna(), None).to_dict("records"),
        "models": sorted({str(m) for m in sides.table["model"] if m}),
        "codebook": ", ".join(sorted({str(c) for c in sides.table["codebook"] if c})) or sides.codebook.version,
        "findings": [_finding_record(f, comparison) for f in comparison.findings],
        **_corrected(comparison),
    }


def _corrected(comparison: Comparison) -> dict[str, Any]:
    table = comparison.corrected.table.astype(object)
    return {} if table.empty else {"corrected": table.where(table.notna(), None).to_dict("records")}


def _finding_record(finding: Finding, comparison: Comparison) -> dict[str, Any]:
    record = {"heading": finding_heading(finding, comparison), **asdict(finding)}
    record["evidence"] = [
        {"doc_id": key[0], "sent_id": key[1], "start": int(row["start"]), "end": int(row["end"]), "text": row["text"]}
        for key in finding.evidence
        for row in [comparison.sentences[key]]
    ]
    return record


def markdown_report(comparison: Comparison) -> str:
    """The findings, the main tables and the red lines as Markdown.

    Args:
        comparison: from `stance.compare`.
    """
    from stance.report.html import report_title

    labels = Labels(comparison)
    made = tables(comparison, labels)
    parts = [f"# {_plain(report_title(comparison))}", _documents(comparison), "## What stands out"]
    parts += [_finding(f, comparison) for f in comparison.findings]
    parts += [_wordings(comparison.wordings, comparison.sides.names)] if comparison.wordings else []
    parts += [_issue_by_issue(comparison, labels), _history(comparison, labels)]
    for name in SHOWN:
        if made[name]["rows"]:
            parts += [f"## {name.replace('_', ' ').capitalize()} in figures", _table(made[name])]
    notes = dict.fromkeys(n for contrast in comparison.contrasts.values() for n in contrast.notes)
    parts += ["## How to read the figures", "\n".join(f"- {_plain(n)}" for n in notes)]
    return "\n\n".join(p for p in parts if p) + "\n"


def findings_at_a_glance(comparison: Comparison) -> str:
    """One line a finding, then the hardest sentences on issues that both speak of and one differs on, for a terminal.

    Args:
        comparison: from `stance.compare`.
    """
    lines = []
    for finding in comparison.findings:
        lines.append(f"- {finding_heading(finding, comparison)}: {finding.brief}.")
        lines += [f"  {caution}" for caution in finding.figures.get("cautions", [])]
    if comparison.wordings:
        return "\n".join([*lines, *_changes(comparison.wordings, comparison.sides.names)])
    return "\n".join([*lines, "", *_hard_words(comparison)])


def _hard_words(comparison: Comparison) -> list[str]:
    """Issue by issue where both speak and either voices difference, its hardest sentence, for a terminal."""
    rows = [row for row in issue_rows(comparison, Labels(comparison)) if all(row["sides"])]
    rows = [row for row in rows if any(quoted["differs"] for quoted in row["sides"])]
    if not rows:
        return ["No difference is voiced on an issue on which both sides speak for themselves."]
    shown = f"{min(len(rows), ISSUES)} of {count(len(rows), 'issue')}"
    lines = [f"The hardest sentences where both speak and either voices difference, on {shown}:"]
    width = max(len(name) for name in comparison.sides.names)
    for row in rows[:ISSUES]:
        lines.append(f"  {row['name']}")
        for name, quoted in zip(comparison.sides.names, row["sides"], strict=True):
            said = "voices no difference"
            if quoted["differs"]:
                date = "" if comparison.sides.one_document_each else quoted["date"]
                said = textwrap.shorten(quoted["text"], QUOTED_LENGTH, placeholder=" …")
                said += f" ({', '.join(filter(None, (_label(quoted), date)))})"
            lines.append(f"    {name:{width}}  {said}")
    return lines


def _label(quoted: dict[str, Any]) -> str:
    """The stance of a hardest sentence with its probability, and that of the issue where it is low."""
    doubt = f", issue {quoted['doubt']}" if quoted["doubt"] else ""
    return f"{quoted['stance']['name']} {quoted['stance']['p']}{doubt}"


def _changes(wordings: Wordings, names: tuple[str, str]) -> list[str]:
    """The first sentences of a joint text that differ, for a terminal, with what differs between asterisks."""
    pairs = wordings.marked
    lines = [
        "",
        f"Where the two versions differ, *so*, in {min(len(pairs), ISSUES)} of {count(len(pairs), 'sentence')}:",
    ]
    for pair in pairs[:ISSUES]:
        for name, parts in zip(names, pair, strict=True):
            said = "".join(f"*{t.rstrip()}*{t[len(t.rstrip()) :]}" if new else t for t, new in parts)
            lines.append(f"  {name}: {said or '–'}")
        lines.append("")
    return lines[:-1]


def _documents(comparison: Comparison) -> str:
    names = comparison.sides.name_of
    table: pd.DataFrame = comparison.sides.table
    first = table.drop_duplicates("doc_id").sort_values("date", na_position="last", kind="stable")
    lines = []
    for row in first.to_dict("records"):
        n = int((table["doc_id"] == row["doc_id"]).sum())
        when = f", {row['date']}" if row["date"] else ""
        lines.append(
            f"- {names[row[comparison.sides.by]]}: {_plain(row['title'] or row['doc_id'])}{when}, {n} sentences"
        )
    return "\n".join(lines)


def _finding(finding: Finding, comparison: Comparison) -> str:
    lines = [f"### {finding_heading(finding, comparison)}", f"**{_plain(finding.brief)}.** {_plain(finding.text)}"]
    if finding.evidence:
        lines.append("\n>\n".join(_quote(comparison.sentences[k]) for k in _spread(finding, comparison)))
    return "\n\n".join(lines)


def _spread(finding: Finding, comparison: Comparison) -> list[tuple[str, int]]:
    """The first sentences of each side."""
    by, sentences = comparison.sides.by, comparison.sentences
    return [
        key
        for group in comparison.sides.groups
        for key in [k for k in finding.evidence if str(sentences[k][by]) == group][:QUOTED]
    ]


def _quote(row: dict[Any, Any]) -> str:
    where = ", ".join(str(v) for v in (row["doc_id"], f"sentence {row['sent_id']}") if v)
    return f"> {_plain(row['text'])} ({_plain(where)})"


def _wordings(wordings: Wordings, names: tuple[str, str]) -> str:
    """The sentences of a joint text that differ, with what differs in bold."""
    rows = [["".join(_bold(text) if new else _cell(text) for text, new in parts) or "–" for parts in row]
            for row in wordings.marked]  # fmt: skip
    return "## Where the two versions differ\n\n" + markdown_table([_cell(name) for name in names], rows)


def _bold(text: str) -> str:
    """Text in bold, its space outside of it."""
    inner = text.rstrip()
    return f"**{_cell(inner)}**{text[len(inner) :]}"


def _issue_by_issue(comparison: Comparison, labels: Labels) -> str:
    """The hardest sentence of each side on each issue."""
    alone = comparison.sides.one_document_each
    rows = [
        [row["name"], *(_hardest(quoted, alone) if quoted else "–" for quoted in row["sides"])]
        for row in issue_rows(comparison, labels)
    ]
    if not rows:
        return ""
    heading = "## Issue by issue, the hardest sentence of each side\n\n"
    return heading + _table({"columns": ["issue", *comparison.sides.names], "rows": rows})


def _hardest(quoted: dict[str, Any], alone: bool) -> str:
    """A sentence with its label and place; its document is named where a side has more than one."""
    where = "" if alone else " ".join(filter(None, (quoted["date"], quoted["title"]))) + ", "
    place = "the only one" if quoted["n"] == 1 else f"the hardest of {quoted['n']:,}"
    return f"{quoted['text']} ({_label(quoted)}, {where}sentence {quoted['number']}, {place})"


def _history(comparison: Comparison, labels: Labels) -> str:
    """The red lines in the order of time, where there are several meetings."""
    meetings = comparison.meetings
    if not meetings.several:
        return ""
    history = red_line_history(comparison, meetings)
    if history.empty:
        return ""
    names = comparison.sides.name_of
    when = dict(zip(meetings.keys, meetings.labels, strict=True))
    rows = [
        [when[r["meeting"]], labels.name("issue", r["issue"]), names[r["group"]], r["text"], probability(r["p_limit"])]
        for r in history.to_dict("records")
    ]
    return "## Red lines over time\n\n" + _table(
        {"columns": ["meeting", "issue", "side", "sentence", "probability"], "rows": rows}
    )


def _table(made: dict[str, Any]) -> str:
    head, *rows = ([_cell(c) for c in line] for line in (made["columns"], *made["rows"]))
    return markdown_table(head, rows)


def _cell(text: object) -> str:
    """`_plain` text for a cell of a table, with the space at its ends."""
    given = str(text)
    plain = _plain(given).replace("|", "\\|")
    return f"{' ' * given[:1].isspace()}{plain}{' ' * given[-1:].isspace()}" if plain else ""


def _plain(text: object) -> str:
    """Text in which neither Markdown nor HTML means anything, on one line."""
    return re.sub(r"([\\`*_{}\[\]<>#])", r"\\\1", " ".join(str(text).split()))
