"""One line per finding, from its figures: what is to be seen at a glance."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from stance.contrast.by_meeting import BOTH, EACH
from stance.contrast.certainty import POSSIBLE, SURE
from stance.report.agenda_findings import never
from stance.report.corrected_findings import figure
from stance.report.finding import account, upper, worded
from stance.report.style import count, interval, joined, percent, signed

if TYPE_CHECKING:
    from collections.abc import Callable

    from stance.contrast.comparison import Comparison
    from stance.report.finding import Finding

FEW = 10
"""Below this many sentences of a side, shares are said to be thin."""
NAMED = 4
"""How many issues a line names."""


def brief(comparison: Comparison, finding: Finding) -> str:
    """A finding in one line.

    Args:
        comparison: from `stance.compare`.
        finding: one of its findings, with figures.

    Returns:
        at most some twenty words, without what the heading of the finding says.
    """
    makers: dict[str, Callable[[Comparison, dict[str, Any]], str]] = {
        "copies": _copies,
        "shared": _shared, "only": _only, "agreed": _agreed, "red_lines": _red_lines, "positions": _positions,
        "disagreements": _disagreements, "attribution": _attribution, "framing": _framing, "drift": _drift,
        "evidence": _evidence, "corrected": _corrected,
    }  # fmt: skip
    return makers[finding.kind](comparison, finding.figures)


def _issues(
    comparison: Comparison,
    keys: list[str],
    most: int = NAMED,
    at: dict[str, int] | None = None,
    notes: dict[str, str] | None = None,
) -> str:
    """Names of issues, with the number of meetings of several at which they are so, and notes; the rest counted."""
    several = len(comparison.sides.compared)
    named = []
    for place, key in enumerate(keys[:most]):
        where = [f"{at[key]:,}{'' if place else f' of {several:,} meetings'}"] if at and several > 1 else []
        where += [notes[key]] if notes and key in notes else []
        named.append(comparison.sides.issue_name(key) + (f" ({'; '.join(where)})" if where else ""))
    return joined([*named, f"{len(keys) - most} more"] if len(keys) > most else named)


def _copies(comparison: Comparison, figures: dict[str, Any]) -> str:
    across, within = len(figures["across"]), len(figures["within"])
    parts = [f"{count(across, 'pair')} of accounts {'is' if across == 1 else 'are'} largely one text"] if across else []
    return joined(parts + ([f"{count(within, 'document')} counted again as copies"] if within else []))


def _corrected(comparison: Comparison, figures: dict[str, Any]) -> str:
    names = {"difference": "difference", "position": "mean position"}
    parts = []
    for measure, name in names.items():
        if rows := figures.get(measure):
            sides = [f"{side} {figure(rows.get(g), measure)}" for g, side in comparison.sides.name_of.items()]
            parts.append(f"{name} {', '.join(sides)}")
    return upper("; ".join(parts)) or "Too few hand-coded sentences of own words to correct anything"


def _shared(comparison: Comparison, figures: dict[str, Any]) -> str:
    issues = list(figures["issues"])
    if issues:
        what = "raised by both at a meeting" if figures["compared"] > 1 else "in common"
        return f"{count(len(issues), 'issue')} {what}: {_issues(comparison, issues, at=figures['meetings'])}"
    if figures["uncertain"]:
        return f"No issue surely in common; uncertain, read: {_issues(comparison, list(figures['uncertain']))}"
    return "No issue in common at this threshold"


def _only(comparison: Comparison, figures: dict[str, Any]) -> str:
    sides, reported = comparison.sides, figures["reported"]
    counts = {**figures["issues"], **figures["uncertain"]}
    notes = {
        i: f"in {sides.name_of[sides.other(figures['group'])]} words" for i, n in counts.items() if n == reported[i]
    }
    parts = []
    if figures["issues"]:
        parts.append(_issues(comparison, list(figures["issues"]), at=figures["meetings"], notes=notes))
    if doubtful := [i for i in figures["uncertain"] if figures["highest"].get(i, 1) >= POSSIBLE]:
        parts.append(f"uncertain, read: {_issues(comparison, doubtful, notes=notes)}")
    return upper("; ".join(parts)) or "No issue surely"


def _agreed(comparison: Comparison, figures: dict[str, Any]) -> str:
    sides, each, at = comparison.sides, figures["each"], figures["meetings"]
    doubt, several = any(figures["uncertain"].values()), " of one meeting" if len(sides.compared) > 1 else ""
    if figures["both"]:
        points = [i for i in figures["both"] if figures["same_point"][i]]
        parts = [
            f"By both on {_issues(comparison, figures['both'], at=at[BOTH])}"
            + ("" if points else ", but no two sentences alike enough to pair")
        ]
    else:
        parts = [f"Nothing{' surely' if doubt else ''} by both{several}" if figures["issues"] else "Nothing by both"]
    if each:
        apart = f"by each, but {never(comparison, each)} in the same meeting"
        parts.append(f"{apart}, on {_issues(comparison, each, at=at[EACH])}")
    for group, name in sides.name_of.items():
        if alone := figures["alone"][group]:
            parts.append(f"{name} alone on {_issues(comparison, alone, at=at[group])}")
    if doubt:
        issues = list(dict.fromkeys(i for found in figures["uncertain"].values() for i in found))
        parts.append(f"uncertain, read: {_issues(comparison, issues)}")
    claims = {name: sum(figures["claimed"][g].values()) for g, name in sides.name_of.items()}
    if any(claims.values()):
        parts.append(f"held by one side, {joined([f'{name} {n:,}' for name, n in claims.items() if n])}")
    parts += [f"{figures['possible']:,} possible"] if figures["possible"] else []
    return "; ".join(parts)


def _red_lines(comparison: Comparison, figures: dict[str, Any]) -> str:
    labelled = {name: figures[g]["labelled"] for g, name in comparison.sides.name_of.items() if figures[g]["labelled"]}
    if not any(figures[g]["count"] for g in comparison.sides.groups):
        if labelled:
            sure = [p for own in labelled.values() for p in own]
            most = f"{'at most ' if len(sure) > 1 else ''}{max(sure):.2f}"
            rest = figures["possible"] - len(sure)
            more = f"; {rest:,} more possible" if rest else ""
            return f"None surely; {len(sure):,} labelled so at {most} ({joined(list(labelled))}){more}"
        return f"None found on either side; {figures['possible']:,} possible" if figures["possible"] else "None found"
    parts = []
    for group, name in comparison.sides.name_of.items():
        number, issues = figures[group]["count"], list(figures[group]["issues"])
        kinds = worded(figures[group]["explicit"], number)
        parts.append(f"{name} {number:,} ({_issues(comparison, issues, 2)}; {kinds})" if number else f"{name} none")
    return "; ".join(parts + ([f"{figures['possible']:,} possible"] if figures["possible"] else []))


def _positions(comparison: Comparison, figures: dict[str, Any]) -> str:
    if "issue" not in figures:
        return "No issue on which both sides speak for themselves"
    if not figures["enough"]:
        return "No issue has three sentences of each side; too few to compare"
    name = comparison.sides.issue_name(figures["issue"])
    said = [f"{side} {signed(m, 2)}" for side, m in zip(comparison.sides.names, figures["means"], strict=True)]
    if figures["issues"] == 1:
        return f"On {name}: {', '.join(said)}; {_sure(figures)}"
    if spans_zero(figures):
        return f"No clear difference in position (largest on {name}: {', '.join(said)})"
    return upper(f"{figures['ranking']}furthest apart on {name}: {', '.join(said)}; {_sure(figures)}")


def spans_zero(figures: dict[str, Any]) -> bool:
    """Whether a difference has an interval, and it holds zero."""
    return figures["low"] is not None and figures["low"] <= 0 <= figures["high"]


def _sure(figures: dict[str, Any]) -> str:
    """How far a difference can be trusted."""
    if figures["p_adjusted"] is None:
        return "too little material for a test"
    if spans_zero(figures):
        return "may be chance"
    return "significant" if figures["p_adjusted"] < 0.05 else "not significant after correction"


def _disagreements(comparison: Comparison, figures: dict[str, Any]) -> str:
    parts = []
    few = min(figures[g]["n"] for g in comparison.sides.groups) < FEW
    for group, name in comparison.sides.name_of.items():
        own = figures[group]
        if few:
            kinds = f" ({stance_counts(comparison, own)})" if own["count"] else ""
            parts.append(f"{name} {own['count']:,} of {own['n']:,}{kinds}")
            continue
        if not own["count"]:
            parts.append(f"{name} none of {own['n']:,}")
            continue
        low, high = (float("nan") if own[k] is None else own[k] for k in ("low", "high"))
        parts.append(f"{name} {percent(own['share'])} {interval(low, high, True)}".strip())
    return f"Of own sentences: {', '.join(parts)}"


def _attribution(comparison: Comparison, figures: dict[str, Any]) -> str:
    parts = []
    for group, name in comparison.sides.name_of.items():
        if own := figures.get(group):
            found = own["n"] - own["absent"]
            told = f"{name} {count(own['n'], 'report')} of the other, {found:,} with a counterpart"
            if own["unanswered"]:
                there = account(comparison, comparison.sides.other(group))
                told += f"; on {_issues(comparison, list(own['unanswered']), 2)} nothing in {there}"
            parts.append(told)
    return "; ".join(parts)


def _drift(comparison: Comparison, figures: dict[str, Any]) -> str:
    if not figures["sure"]:
        return f"No trend is significant after correction, of {figures['trends']} tried"
    moved = f"moves by {figures['change']} in {figures['years']:.1f} years"
    return f"{figures['side']}: {figures['name']} {moved}"


def _framing(comparison: Comparison, figures: dict[str, Any]) -> str:
    sides = comparison.sides
    name = sides.codebook["frame"].label(figures["frame"]).name
    said = [f"{side} {percent(s)}" for side, s in zip(sides.names, figures["shares"], strict=True)]
    if spans_zero(figures):
        return f"No clear difference (largest in {name}: {', '.join(said)})"
    return f"Most different in {name}: {', '.join(said)}; {_sure(figures)}"


def stance_counts(comparison: Comparison, own: dict[str, Any]) -> str:
    """The stances in which a side voices difference, with how sure those of red lines are where that is little."""
    told = []
    for key, number in own["kinds"].items():
        unsure = own["unsure"].get(key, [])
        doubt = f"{unsure[0]:.2f}" if number == 1 and unsure else f"{len(unsure):,} of them below {SURE:.2f}"
        told.append(
            f"{comparison.sides.codebook['stance'].label(key).name} {number:,}{f' ({doubt})' if unsure else ''}"
        )
    return ", ".join(told)


def nothing_told(finding: Finding) -> int:
    """How far back a finding goes: 0 where it tells something, 1 where it found nothing, 2 where it may be chance."""
    figures = finding.figures
    if finding.kind in ("framing", "drift"):
        sure = figures["sure"] if finding.kind == "drift" else _sure(figures) == "significant"
        return 0 if sure else 2
    sides = [own for own in figures.values() if isinstance(own, dict)]
    told: dict[str, Callable[[], Any]] = {
        "agreed": lambda: figures["issues"] or figures["possible"] or any(map(_any, figures["claimed"].values())),
        "red_lines": lambda: figures["possible"] or any(own["count"] for own in sides),
        "disagreements": lambda: any(own["count"] for own in sides),
        "positions": lambda: figures.get("enough"),
        "shared": lambda: figures["issues"] or figures["uncertain"],
    }
    return int(finding.kind in told and not told[finding.kind]())


def _any(counts: dict[str, int]) -> bool:
    return any(counts.values())


def _evidence(comparison: Comparison, figures: dict[str, Any]) -> str:
    documents = figures["documents"]
    each = "one document each" if max(documents) == 1 else f"{documents[0]:,} and {documents[1]:,} documents"
    thin = "; thin" if min(figures["n"]) < 10 else ""
    warned = len(figures["cautions"])
    first = f"; {count(warned, 'caution')} to read first" if warned else ""
    return f"{figures['n'][0]:,} and {figures['n'][1]:,} sentences with an issue, {each}{thin}{first}"
