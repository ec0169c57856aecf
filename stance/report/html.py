"""The report: one HTML file that needs nothing else."""

from __future__ import annotations

import base64
import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stance.contrast.certainty import POSSIBLE, SURE
from stance.contrast.framing import ALL
from stance.report import page
from stance.report.figures import PHONE, Figures, make_figures
from stance.report.inline_svg import inline_svg
from stance.report.marks import WIDTH
from stance.report.page_cards import OPEN_ROWS, decks, issue_rows
from stance.report.page_meetings import history, meeting_lines
from stance.report.page_tables import tables
from stance.report.style import signed, stance_order
from stance.report.table_files import all_tables, csv_files, packed

if TYPE_CHECKING:
    from stance.contrast.comparison import Comparison
    from stance.report.meetings import Meetings

HERE = Path(__file__).resolve().parent
OVERVIEW = 540
"""Width of the figure beside the findings."""


def render_report(comparison: Comparison, figures: Figures | None = None, files: dict[str, str] | None = None) -> str:
    """Render a comparison as one self-contained HTML page.

    Args:
        comparison: from `stance.compare`.
        figures: from `stance.report.figures.make_figures`, to draw each only once; made here if None.
        files: from `stance.report.table_files.csv_files`, to write each only once; made here if None.

    Returns:
        HTML that loads nothing: style, script, data and charts are inside, and its content security policy forbids
        requests. Texts of documents appear as text whatever they hold.
    """
    from jinja2 import Environment, FileSystemLoader, StrictUndefined
    from markupsafe import Markup

    environment = Environment(
        loader=FileSystemLoader(HERE), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["signed"] = signed
    script = (HERE / "report.js").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    labels, meetings = page.Labels(comparison), comparison.meetings
    drawn = _drawn(figures or make_figures(comparison, meetings))
    files = csv_files(comparison) if files is None else files
    return environment.get_template("report.html.j2").render(
        **_content(comparison, labels, meetings),
        sure=f"{SURE:.2f}",
        possible=f"{POSSIBLE:.2f}",
        charts={
            k: {w: text if w == "label" else Markup(text) for w, text in pair.items()} for k, pair in drawn.items()
        },
        files={name: len(table) for name, table in all_tables(comparison).items()},
        data=Markup(safe_json(page.page_data(comparison, labels, meetings))),
        packed=packed(files),
        style=Markup((HERE / "report.css").read_text(encoding="utf-8")),
        script=Markup(script),
        policy=f"default-src 'none'; script-src 'sha256-{digest}'; style-src 'unsafe-inline'; img-src data:; "
        "base-uri 'none'; form-action 'none'",
    )


def report_title(comparison: Comparison) -> str:
    """The event that was compared; of several, the two sides."""
    sides = comparison.sides
    events = [str(e) for e in sides.table["event"].dropna().unique()]
    own = f"{sides.names[0]} and {sides.names[1]}"
    return events[0] if len(events) == 1 else f"{own} at {len(events)} meetings" if events else f"{own} compared"


def _content(comparison: Comparison, labels: page.Labels, meetings: Meetings) -> dict[str, Any]:
    """Everything that the template shows besides charts and data."""
    sides, table = comparison.sides, comparison.sides.table
    documents = page.documents(comparison)
    speakers = [str(s) for s in table["speaker"].dropna().unique() if s.strip("[]") not in ("", "Q")]
    codebook = sides.codebook
    return {
        "title": report_title(comparison),
        "events": [str(e) for e in table["event"].dropna().unique()],
        "meetings": meeting_lines(comparison, meetings) if meetings.several else [],
        "history": history(comparison, meetings, labels) if meetings.several else [],
        "speakers": speakers,
        "sides": list(sides.names),
        "documents": documents,
        "several": max(map(len, documents)) > 1,
        "findings": page.finding_views(comparison.findings, comparison),
        "chips": page.chips(comparison),
        "decks": decks(comparison, labels),
        "hardest": issue_rows(comparison, labels),
        "wordings": comparison.wordings.marked if comparison.wordings else [],
        "open_rows": OPEN_ROWS,
        "agreed": page.agreed_chips(comparison),
        "tables": tables(comparison, labels),
        "coded": f"{len(comparison.corrected.evidence):,}",
        "notes": {name: contrast.notes for name, contrast in comparison.contrasts.items()},
        "palette": [(codebook["stance"].label(k), labels.colors[k]) for k in stance_order(codebook)],
        "options": _options(comparison),
        "words": _words(comparison),
        "intervals": _has_intervals(comparison),
        **_method(comparison),
    }


def _options(comparison: Comparison) -> dict[str, list[tuple[str, str]]]:
    """Choices of the filters: labels that occur, by name, and all stances that report something agreed as one."""
    table, codebook = comparison.sides.table, comparison.sides.codebook
    found = {
        "issue": {k for row in table["issue"] for k in row},
        "stance": set(table["stance"]),
        "holder": set(table["holder"]),
        "frame": {k for row in table["frame"] for k in row},
    }
    made = {d: [(label.key, label.name) for label in codebook[d].labels if label.key in k] for d, k in found.items()}
    agreed = codebook["stance"].with_role("agreed")
    if len(agreed) > 1 and found["stance"] & set(agreed):
        names = [codebook["stance"].label(key).name for key in agreed]
        made["stance"].append((",".join(agreed), " or ".join(names)))
    return made


def _words(comparison: Comparison) -> dict[str, Any]:
    """How many distinctive words there are: any, tested by exchanging units, and standing that test."""
    words = comparison.framing.words
    words = words[words["issue"] == ALL]
    p = words["p_units"]
    return {"any": bool(len(words)), "tested": bool(p.notna().any()), "sure": int((p < 0.05).sum())}


def _has_intervals(comparison: Comparison) -> bool:
    """Whether the positions over time have any interval."""
    table = comparison.drift.table
    return bool(table.loc[table["measure"] == "position", ["low", "high"]].notna().all(axis=1).any())


def _method(comparison: Comparison) -> dict[str, Any]:
    from stance import __version__

    table = comparison.sides.table
    return {
        "models": sorted({str(m) for m in table["model"] if m}),
        "codebooks": sorted({str(c) for c in table["codebook"] if c}) or [comparison.sides.codebook.version],
        "version": __version__,
        "truncated": int(table["truncated"].astype(bool).sum()),
        "total": len(table),
        "languages": sorted({str(v) for v in table["lang"] if v}),
    }


def _drawn(figures: Figures) -> dict[str, dict[str, str]]:
    """Every figure for screens and paper, and for phones those that do not scroll there; with its name."""
    drawn = {}
    for name, label in figures.labels.items():
        wide = OVERVIEW if name == "divergence" else WIDTH
        said = f"{label}; the figures are in the text and the tables"
        small = figures.svg(name, PHONE) if name not in figures.scrolled else ""
        drawn[name] = {
            "wide": inline_svg(figures.svg(name, wide), f"{name}-w", said, wide),
            "narrow": inline_svg(small, f"{name}-n", said, PHONE, hover=False) if small else "",
            "label": label,
        }
    return drawn


def safe_json(data: object) -> str:
    """JSON that cannot end the script element that holds it."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text
