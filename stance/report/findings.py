"""The headline findings: what a comparison shows, in plain sentences that say no more than the evidence carries."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from stance.contrast.certainty import POSSIBLE, SURE
from stance.contrast.framing import ALL
from stance.contrast.limit_wording import EXPLICIT
from stance.contrast.result import carries
from stance.contrast.statistics import clustered_share
from stance.report.agenda_findings import agreed, only, shared
from stance.report.briefs import FEW, brief, nothing_told, stance_counts
from stance.report.cautions import cautions
from stance.report.charts import distinctive
from stance.report.copy_findings import copied
from stance.report.corrected_findings import corrected
from stance.report.finding import LISTED, Finding, account, certainty, listed, rounded, substantive, upper, worded
from stance.report.lookup import groups_of, keys_of, looked_up
from stance.report.position_charts import ranked_differences
from stance.report.series_findings import attribution, drift
from stance.report.style import count, interval, joined, percent, signed

if TYPE_CHECKING:
    import pandas as pd

    from stance.contrast.comparison import Comparison


def headline(comparison: Comparison) -> list[Finding]:
    """The findings to read first, about ten.

    Args:
        comparison: from `stance.compare`.

    Returns:
        findings, those that a reader under deadline looks for first, and those that found nothing, or nothing beyond
        chance, behind the others; the last says how much the evidence carries, and comes first where it holds cautions.
        Of a joint text there are no others than this and what says so.
    """
    first, second = comparison.sides.groups
    found = [copied(comparison), corrected(comparison)]
    if not comparison.is_one_text:
        rest: list[Finding | None] = [_red_lines(comparison), agreed(comparison)]
        rest += [_disagreements(comparison), _positions(comparison)]
        rest += [shared(comparison), only(comparison, first), only(comparison, second)]
        rest += [attribution(comparison), _framing(comparison), drift(comparison)]
        told = sorted([f for f in rest if f is not None], key=nothing_told)
        found += told
    base = _carries(comparison)
    found.insert(0 if base.figures["cautions"] else len(found), base)
    return [replace(f, brief=brief(comparison, f)) for f in found if f]


def _red_lines(comparison: Comparison) -> Finding:
    sides, red = comparison.sides, comparison.red_lines
    named_lines, near = red.named, red.maybe
    groups, by_side = groups_of(sides, named_lines), groups_of(sides, near)
    labelled = near["stance"].isin(sides.codebook["stance"].with_role("limit"))
    parts: list[str] = []
    figures: dict[str, Any] = {}
    for group in sides.groups:
        mine = named_lines[groups == group]
        figures[group] = {"count": len(mine), "p": [round(float(p), 4) for p in mine["p_limit"]]}
        figures[group]["labelled"] = [round(float(p), 4) for p in near.loc[labelled & (by_side == group), "p_limit"]]
        explicit = figures[group]["explicit"] = int((mine["kind"] == EXPLICIT).sum())
        figures[group]["issues"] = {str(i): int(n) for i, n in mine["issue_main"].value_counts().items()}
        if mine.empty:
            parts.append(f"{account(comparison, group)} names none")
            continue
        issues = mine["issue_main"].value_counts()
        named = [f"{sides.issue_name(str(i))}{'' if len(issues) == 1 else f' ({c:,})'}" for i, c in issues.items()]
        sure = [f"{p:.2f}" for p in mine["p_limit"].head(3)] + (["…"] if len(mine) > 3 else [])
        what = f"{count(len(mine), 'red line')}, on {listed(named[:LISTED], len(named))} "
        what += f"(p = {', '.join(sure)}; {worded(explicit, len(mine))})"
        parts.append(f"{account(comparison, group)} names {what}")
    possible = len(near)
    whose = joined([f"{name} {(by_side == g).sum():,}" for g, name in sides.name_of.items()])
    below = f"{whose}; labelled so below {SURE:.2f}, or with another label and {POSSIBLE:.2f} or more"
    if possible == 1:
        one = near.iloc[0]
        label = "so" if labelled.iloc[0] else f"{sides.codebook.name('stance', one['stance'])}, a red line"
        below = f"{sides.name_of[by_side.iloc[0]]}, labelled {label} at {one['p_limit']:.2f}"
    more = "sentence" if named_lines.empty else "more sentence"
    told = f" {count(possible, more)} may name one ({below}): read."
    text = f"Red lines: {'; '.join(parts)}."
    if named_lines.empty:
        text = f"Neither side {'surely names' if labelled.any() else 'is found to name'} a red line."
    return Finding(
        "red_lines",
        text + (told if possible else ""),
        {**figures, "possible": possible},
        keys_of(red.evidence) + keys_of(red.possible),
    )


def _positions(comparison: Comparison) -> Finding | None:
    stances, sides = comparison.stances, comparison.sides
    if stances.differences.empty:
        return Finding("positions", "No issue has sentences in which both sides speak for themselves.", {})
    ranked = ranked_differences(stances)
    top = ranked.iloc[0].to_dict()
    issue = str(top["issue"])
    rows = stances.table[stances.table["issue"] == issue].set_index("group").to_dict("index")
    said = [f"{signed(rows[g]['estimate'], 2)} ({name}, n = {rows[g]['n']:,})" for g, name in sides.name_of.items()]
    which, enough = _ranking(ranked), int(ranked["enough"].sum())
    name = sides.issue_name(issue)
    first = f"{upper(f'{which}furthest')} apart on {name}"
    if enough == 1 and top["enough"]:
        first = f"On {name}, the only issue {'of both' if len(ranked) == 1 else 'with three sentences of each side'}"
    text = (
        f"{first}, from +1 (cooperation) to −1 (conflict): "
        f"{said[0]} against {said[1]}, difference {signed(top['difference'], 2)}{certainty(top, share=False)}"
    )
    figures: dict[str, Any] = {
        "issue": issue,
        "enough": bool(top["enough"]),
        "ranking": which,
        "issues": enough if top["enough"] else len(ranked),
        **{k: rounded(top[k]) for k in ("difference", "low", "high", "p", "p_adjusted")},
    }
    figures |= {
        "means": [rounded(rows[g]["estimate"]) for g in sides.groups],
        "n": [rows[g]["n"] for g in sides.groups],
    }
    own = stances.evidence
    own = own[carries(own, "issue", issue)]
    own = own.assign(extent=own["stance"].map(sides.codebook.positions).abs())
    return Finding("positions", text, figures, keys_of(own.sort_values("extent", ascending=False, kind="stable")))


def _ranking(ranked: pd.DataFrame) -> str:
    """Which issues the first is the furthest apart of, where it is not that of all.

    Args:
        ranked: from `stance.report.position_charts.ranked_differences`.
    """
    top = ranked.iloc[0]
    if not top["enough"] and not top["sure"]:
        return "no issue has three sentences of each side, so this is a pointer to read: "
    if top["difference"] and abs(top["difference"]) >= ranked["difference"].abs().max():
        return ""
    return (
        "of the issues with a significant difference, "
        if top["sure"]
        else "of the issues with three sentences of each side, "
    )


def _disagreements(comparison: Comparison) -> Finding:
    sides, evidence = comparison.sides, comparison.disagreements.evidence
    own = comparison.stances.evidence
    own_groups, groups = groups_of(comparison.sides, own), groups_of(comparison.sides, evidence)
    voiced = set(sides.codebook["stance"].with_role("difference"))
    units = looked_up(sides, own, ["event", "paragraph"]).assign(doc_id=own["doc_id"])
    design = sides.design(units.assign(**{sides.by: own_groups})) if len(own) else None
    lines = comparison.red_lines.evidence
    lines = lines[lines["p_limit"] < SURE]
    doubtful = dict(zip(keys_of(lines), lines["p_limit"].round(4).tolist(), strict=True))
    parts: list[str] = []
    figures: dict[str, Any] = {}
    for number, group in enumerate(sides.groups):
        mine, n = evidence[groups == group], int((own_groups == group).sum())
        kinds = mine["stance"].value_counts().sort_index(key=lambda k: k.map(sides.codebook.positions))
        unsure = {str(k): [p for p in map(doubtful.get, keys_of(mine[mine["stance"] == k])) if p] for k in kinds.index}
        figures[group] = {"count": len(mine), "n": n, "kinds": {str(k): int(c) for k, c in kinds.items()}}
        figures[group]["unsure"] = {k: found for k, found in unsure.items() if found}
        if mine.empty or design is None:
            parts.append(f"{account(comparison, group)} in none of {n:,} own sentences")
            continue
        hit = own["stance"].isin(voiced).to_numpy(dtype=bool)
        share, low, high = clustered_share(hit, design.group == number, design.unit)
        figures[group] |= {"share": rounded(share), "low": rounded(low), "high": rounded(high)}
        shares = f"{percent(share)} {interval(low, high, True)}".strip()
        where = _most_on(comparison, mine)
        told = f"{len(mine):,} of {n:,} own sentences ({shares}; {stance_counts(comparison, figures[group])}), {where}"
        parts.append(f"{account(comparison, group)} in {told}")
    text = f"Difference is voiced by {'; by '.join(parts)}."
    hardness = evidence["stance"].map(sides.codebook.positions)
    hardest_first = evidence.assign(hardness=hardness).sort_values("hardness", kind="stable")
    return Finding("disagreements", text, figures, keys_of(hardest_first))


def _most_on(comparison: Comparison, voiced: pd.DataFrame) -> str:
    """The issue that most sentences are surely on; all that come first where several do."""
    found = looked_up(comparison.sides, voiced, ["p_issue_main"])["p_issue_main"].astype(float)
    sure = (found.fillna(1.0) >= SURE).to_numpy()
    if not sure.any():
        return "on no issue surely"
    counts = voiced.loc[sure, "issue_main"].value_counts()
    first = [comparison.sides.issue_name(str(i)) for i in counts.index[counts == counts.iloc[0]]]
    return f"{'on' if len(first) == len(counts) else 'most on'} {listed(first[:LISTED], len(first))}"


def _framing(comparison: Comparison) -> Finding | None:
    framing, sides = comparison.framing, comparison.sides
    if framing.differences.empty or framing.differences["difference"].isna().all():
        return None
    ranked = framing.differences.assign(
        sure=framing.differences["p_adjusted"] < 0.05, size=framing.differences["difference"].abs()
    ).sort_values(["sure", "size"], ascending=False)
    top = ranked.iloc[0].to_dict()
    frame = str(top["frame"])
    rows = framing.table[framing.table["frame"] == frame].set_index("group").to_dict("index")
    if min(rows[g]["n"] for g in sides.groups) < FEW:
        return None  # shares of a handful of sentences say nothing
    shares = [
        f"{percent(rows[g]['estimate'])} of the {name} sentences ({rows[g]['count']:,} of {rows[g]['n']:,})"
        for g, name in sides.name_of.items()
    ]
    text = f"Framed most differently: {sides.codebook['frame'].label(frame).name}, {shares[0]} against {shares[1]}"
    text += f"; difference {signed(100 * top['difference'], 0)} percentage points{certainty(top, share=True)}"
    text += _words(comparison)
    evidence = comparison.stances.evidence
    carrying = evidence[carries(evidence, "frame", frame)]
    figures: dict[str, Any] = {"shares": [rounded(rows[g]["estimate"]) for g in sides.groups]}
    figures |= {"frame": frame, **{k: rounded(top[k]) for k in ("difference", "low", "high", "p", "p_adjusted")}}
    return Finding("framing", text, figures, keys_of(carrying))


def _words(comparison: Comparison) -> str:
    """The words that set the sides apart beyond chance when whole units are exchanged, or why none are named."""
    sides, words = comparison.sides, comparison.framing.words
    words = words[words["issue"] == ALL]
    if words.empty:
        return ""
    if words["p_units"].isna().all():
        return " Too few documents to tell which words set the sides apart."
    best = distinctive(words[words["p_units"] < 0.05], 3)
    if best.empty:
        return " No word or phrase sets the sides apart beyond chance."
    lists = [best.loc[np.sign(best["z"]) == sign, "term"].tolist() for sign in (1, -1)]
    told = [f"{name} «{'», «'.join(terms)}»" for name, terms in zip(sides.names, lists, strict=True) if terms]
    return f" Most distinctive words: {'; '.join(told)}."


def _carries(comparison: Comparison) -> Finding:
    sides, table = comparison.sides, comparison.sides.table
    documents = [int(sides.of(g)["doc_id"].nunique()) for g in sides.groups]
    n = [substantive(comparison, g) for g in sides.groups]
    design = sides.design(sides.substantive())
    each = count(documents[1], "document")
    text = (
        f"The comparison rests on {count(n[0], 'sentence')} ({sides.names[0]}) and {n[1]:,} ({sides.names[1]}) with an "
        f"issue, from {'1 document each' if max(documents) == 1 else f'{documents[0]:,} and {each}'}. "
    )
    if min(n) < FEW:
        text += "That is thin: read the sentences and the counts, not the shares. "
    text += f"{design.caution} " if design.caution else ""
    if any(table["model"]):
        text += "Labels are a classifier's, and no figure is corrected for its errors"
        text += "." if comparison.corrected.evidence.empty else " but those that are called corrected."
    figures = {"n": n, "documents": documents, "sentences": len(table), "units": list(design.names)}
    warnings = cautions(comparison)
    return Finding("evidence", " ".join([text.strip(), *warnings]), figures | {"cautions": warnings})
