"""The figures behind the charts as small tables in words, for readers who do not see charts or want the numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from stance.contrast.framing import ALL
from stance.report.charts import distinctive
from stance.report.page import WORDS
from stance.report.series_findings import surest_trends, trend_change
from stance.report.style import interval, issue_link, label_link, percent, signed

TRENDS = 24
"""Most trends that the page lists; the CSV file holds all."""

if TYPE_CHECKING:
    from stance.contrast.comparison import Comparison
    from stance.report.page import Labels


def tables(comparison: Comparison, labels: Labels) -> dict[str, dict[str, Any]]:
    """The tables by contrast: ``columns``, ``rows`` of texts, the first of each its heading, and any ``links``."""
    sides = comparison.sides
    names = sides.name_of
    made: dict[str, dict[str, Any]] = {}
    for key, dimension, table in (
        ("agenda", "issue", comparison.agenda.table), ("framing", "frame", comparison.framing.table),
    ):  # fmt: skip
        rows = [
            [labels.name(dimension, r[dimension]), names[r["group"]], f"{r['count']:,}", f"{r['n']:,}",
             _share(r["estimate"]), interval(r["low"], r["high"], True)]
            for r in table.to_dict("records")
        ]  # fmt: skip
        links = [label_link(dimension, str(key)) for key in table[dimension]]
        made[key] = {
            "columns": [dimension, "side", "sentences", "of", "share", "95% interval"],
            "rows": rows,
            "links": links,
        }
    made["stances"] = _position_table(comparison, labels)
    made["disagreements"] = _difference_table(comparison, labels)
    made["words"] = _word_table(comparison)
    made["red_lines"] = {
        "columns": ["issue", "side", "labelled", "expected", "interval (too narrow)", "explicit", "hardness, 0 to 3",
                    "noted"],
        "rows": [
            [labels.name("issue", r["issue"]), names[r["group"]], f"{r['count']:,}", f"{r['expected']:.1f}",
             f"[{r['low']:.0f}, {r['high']:.0f}]", f"{r['explicit']:,}",
             "–" if pd.isna(r["hardness"]) else f"{r['hardness']:.1f}", f"{r['noted']:,}"]
            for r in comparison.red_lines.table.to_dict("records")
        ],
        "links": [issue_link(i) for i in comparison.red_lines.table["issue"]],
    }  # fmt: skip
    made["attribution"] = _attribution_table(comparison)
    made["trends"] = _trend_table(comparison, labels)
    made["corrected"] = _corrected_table(comparison, labels)
    made["wording"] = _wording_table(comparison, labels)
    return made


def _attribution_table(comparison: Comparison) -> dict[str, Any]:
    names = comparison.sides.name_of
    return {
        "columns": ["account", "reports of", "verdict", "sentences", "of", "share", "95% interval"],
        "rows": [
            [names[r["source"]], names[r["holder"]], r["verdict"], f"{r['count']:,}", f"{r['n']:,}",
             _share(r["estimate"]), interval(r["low"], r["high"], True)]
            for r in comparison.attribution.table.to_dict("records")
        ],
    }  # fmt: skip


def _trend_table(comparison: Comparison, labels: Labels) -> dict[str, Any]:
    """Trends over the meetings, the surest first."""
    names = comparison.sides.name_of
    trends = surest_trends(comparison.drift.trends.dropna(subset=["p"])).head(TRENDS)
    rows = []
    for r in trends.to_dict("records"):
        label = labels.name(r["measure"], r["label"]) if r["measure"] in ("issue", "frame") else r["label"]
        rows.append(
            [r["measure"], label, names[r["group"]], *trend_change(r), f"{r['years']:.1f}",
             f"{r['n']:,}", f"{r['p']:.2g}", f"{r['p_adjusted']:.2g}"]
        )  # fmt: skip
    units = f"{comparison.drift.unit}s"
    columns = ["measure", "label", "side", "change, first to last", "95% interval", "years", units, "p", "p, corrected"]
    return {"columns": columns, "rows": rows}


def _corrected_table(comparison: Comparison, labels: Labels) -> dict[str, Any]:
    """Figures from predicted labels beside those corrected by hand-coded ones."""
    names = comparison.sides.name_of
    rows = []
    for r in comparison.corrected.table.dropna(subset=["estimate"]).to_dict("records"):
        label = labels.name(r["measure"], r["label"]) if r["measure"] in ("issue", "frame") else r["label"]
        share = r["measure"] != "position"
        shown = percent if share else signed
        p = "" if pd.isna(r["p_adjusted"]) else f"{r['p_adjusted']:.2g}"
        rows.append(
            [r["measure"], label, names.get(r["group"], r["group"]), f"{r['n_gold']:,} of {r['n']:,}",
             "–" if pd.isna(r["predicted"]) else shown(r["predicted"]), shown(r["estimate"]),
             interval(r["low"], r["high"], share), p]
        )  # fmt: skip
    columns = ["measure", "label", "side", "coded", "predicted", "corrected", "95% interval", "p, corrected"]
    return {"columns": columns, "rows": rows}


def _wording_table(comparison: Comparison, labels: Labels) -> dict[str, Any]:
    """How the wording of red lines moves from meeting to meeting."""
    names = comparison.sides.name_of
    wording = comparison.red_lines.wording
    rows = [
        [labels.name("issue", r["issue"]), names[r["group"]], str(r["date"] or r["event"]), f"{r['count']:,}",
         f"{r['hardness']:.1f}", ", ".join(r["phrases"]) or "–", ", ".join(r["added"]), ", ".join(r["dropped"])]
        for r in wording.to_dict("records")
    ]  # fmt: skip
    columns = ["issue", "side", "meeting", "red lines", "hardness, 0 to 3", "phrases", "new", "gone"]
    return {"columns": columns, "rows": rows}


def _difference_table(comparison: Comparison, labels: Labels) -> dict[str, Any]:
    names = comparison.sides.name_of
    rows = [
        [labels.name("issue", r["issue"]), names[r["group"]], labels.name("stance", r["stance"]), f"{r['count']:,}",
         f"{r['n']:,}", percent(r["estimate"]), interval(r["low"], r["high"], True)]
        for r in comparison.disagreements.table.to_dict("records")
    ]  # fmt: skip
    columns = ["issue", "side", "stance", "sentences", "of", "share", "95% interval"]
    return {"columns": columns, "rows": rows, "links": [issue_link(i) for i in comparison.disagreements.table["issue"]]}


def _word_table(comparison: Comparison) -> dict[str, Any]:
    words = comparison.framing.words
    rows = [
        [r["term"], f"{r['count_first']:,}", f"{r['count_second']:,}", signed(r["log_odds"]), f"{r['se']:.2f}",
         "too few" if pd.isna(r["p_units"]) else f"{r['p_units']:.2g}"]
        for r in distinctive(words[words["issue"] == ALL], WORDS).to_dict("records")
    ]  # fmt: skip
    return {"columns": ["term", *comparison.sides.names, "log-odds", "standard error", "p, whole units"], "rows": rows}


def _share(value: float) -> str:
    return "–" if pd.isna(value) else percent(value)


def _position_table(comparison: Comparison, labels: Labels) -> dict[str, Any]:
    stances, sides = comparison.stances, comparison.sides
    tests = stances.differences.set_index("issue").to_dict("index")
    rows: list[list[str]] = []
    links: list[str] = []
    for issue, part in stances.table.groupby("issue", sort=False):
        by_group = part.set_index("group").to_dict("index")
        means = [
            f"{signed(r['estimate'])} {interval(r['low'], r['high'])} n = {r['n']:,}" if r["n"] else "–"
            for r in (by_group[g] for g in sides.groups)
        ]
        test = tests.get(issue)
        if not any(by_group[g]["n"] for g in sides.groups):
            continue
        difference = f"{signed(test['difference'])} {interval(test['low'], test['high'])}" if test else "–"
        p = f"{test['p_adjusted']:.2g}" if test and not pd.isna(test["p_adjusted"]) else "too few" if test else "–"
        rows.append([labels.name("issue", str(issue)), *means, difference, p])
        links.append(issue_link(str(issue)))
    return {"columns": ["issue", *sides.names, "difference", "p, corrected"], "rows": rows, "links": links}
