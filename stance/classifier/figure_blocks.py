"""Blocks of figures, each written from one table of an evaluation or a few."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd

from stance.classifier.fitting_record import DIGEST
from stance.classifier.markdown_tables import difference, figure_cell, figure_row, interval, matrix, records
from stance.classifier.model_card import BRIEF, figure_name, figures_table, labels_table
from stance.errors import StanceError
from stance.markdown import markdown_table

HEADLINE = (
    ("issue", "main_accuracy"), ("stance", "accuracy"), ("stance", "macro_f1"), ("holder", "accuracy"),
    ("frame", "micro_f1"),
)  # fmt: skip
"""Figures of the wide tables."""


def models_block(place: Path) -> str:
    """Headline figures of all models of the repository, and what one has over another by its paired comparison."""
    tables = {
        folder.name: pd.read_csv(folder / "evaluation" / place.name / "figures.csv")
        for folder in sorted(place.parents[2].iterdir())
        if (folder / "evaluation" / place.name / "figures.csv").is_file()
    }
    counts = {(int(t["sentences"].iloc[0]), int(t["documents"].iloc[0])) for t in tables.values()}
    if len(counts) != 1:
        raise StanceError(
            f"models are not evaluated on the same sentences of {place.name}. Run `stance evaluate` on each"
        )
    [(sentences, documents)] = counts
    rows = [[figure_name(*m), *(figure_cell(table, *m, digits=3) for table in tables.values())] for m in BRIEF]
    head = ["", *tables]
    for name in tables:
        comparison = place.parents[2] / name / "evaluation" / place.name / "comparison.csv"
        paired = pd.read_csv(comparison) if comparison.is_file() else pd.DataFrame(columns=["system"])
        for other in (n for n in tables if n in set(paired["system"])):
            head.append(f"{name} less {other}")
            for row, measure in zip(rows, BRIEF, strict=True):
                found = figure_row(paired[paired["system"] == other], *measure)
                mine, others = (figure_row(tables[n], *measure)["estimate"] for n in (name, other))
                if found and abs(found["difference"] - (mine - others)) > 1e-4:
                    raise StanceError(f"{comparison}: of other weights than the figures. Run `stance evaluate` again")
                row.append(difference(found))
    return f"{sentences} sentences, {documents} documents.\n\n" + markdown_table(head, rows)


def breakdown_block(place: Path) -> str:
    """Figures by side, year, kind and length."""
    table = pd.read_csv(place / "breakdown.csv", dtype={"stratum": str})
    rows = []
    for (by, stratum), part in table.groupby(["by", "stratum"], sort=False):
        first = part.iloc[0]
        rows.append([by, stratum, first["sentences"], first["documents"], *(figure_cell(part, *m) for m in HEADLINE)])
    return markdown_table(["by", "", "sentences", "documents", *(figure_name(*m) for m in HEADLINE)], rows)


def sides_block(place: Path) -> str:
    """Figures of the documents of each side."""
    table = pd.read_csv(place / "breakdown.csv", dtype={"stratum": str})
    rows = []
    for source, part in table[table["by"] == "source"].groupby("stratum", sort=False):
        first = part.iloc[0]
        rows.append([source, first["sentences"], first["documents"], *(figure_cell(part, *m) for m in HEADLINE)])
    return markdown_table(["source", "sentences", "documents", *(figure_name(*m) for m in HEADLINE)], rows)


def labels_block(place: Path) -> str:
    """Support, precision, recall and F1 of every label."""
    return labels_table(pd.read_csv(place / "labels.csv", keep_default_na=False, na_values=[""]))


def confusion_block(place: Path) -> str:
    """The confusion matrix of stances."""
    return matrix(place / "confusion_stance.csv") + "\n\n" + matrix(place / "confusion_holder.csv")


def calibration_block(place: Path) -> str:
    """Mean probability against the share right, of all sentences and by side."""
    table = pd.read_csv(place / "calibration.csv")
    head = [
        "",
        "source",
        "sentences",
        "mean probability",
        "share right",
        "too sure by",
        "calibration error",
        "by chance",
    ]
    rows = [
        [r.of, r.source, r.sentences, f"{r.confidence:.3f}", f"{r.accuracy:.3f}",
         f"{r.gap:+.3f} [{r.low:+.3f}, {r.high:+.3f}]", f"{r.calibration_error:.3f}", f"{r.by_chance:.3f}"]
        for r in table.itertuples()
    ]  # fmt: skip
    return markdown_table(head, rows)


def reliability_block(place: Path) -> str:
    """Reliability: mean probability and share right in tenths of equal count."""
    table = pd.read_csv(place / "reliability.csv")
    kinds = list(dict.fromkeys(table["of"]))
    parts = {k: table[table["of"] == k].reset_index(drop=True) for k in kinds}
    rows = []
    for i in range(max(len(p) for p in parts.values())):
        cells = [p.loc[i] if i < len(p) else None for p in parts.values()]
        rows.append([i + 1, *("–" if c is None else f"{c['confidence']:.2f} → {c['accuracy']:.2f}" for c in cells)])
    return markdown_table(["tenth", *kinds], rows)


def coverage_block(place: Path) -> str:
    """Accuracy against coverage."""
    table = pd.read_csv(place / "risk_coverage.csv")
    kinds = list(dict.fromkeys(table["of"]))
    rows = []
    for coverage, part in table.groupby("coverage"):
        by = part.set_index("of")
        cells = [interval(by.loc[k, "accuracy"], by.loc[k, "low"], by.loc[k, "high"]) for k in kinds]
        rows.append(
            [f"{coverage:.0%}", *(f"{c}, p ≥ {by.loc[k, 'threshold']:.2f}" for c, k in zip(cells, kinds, strict=True))]
        )
    return markdown_table(["sentences labelled", *kinds], rows)


def coders_block(place: Path) -> str:
    """The model's distance to two coders' agreement."""
    table = pd.read_csv(place / "coders.csv")
    rows = []
    for r in records(table):
        name = figure_name(
            r["dimension"], "main_alpha" if (r["dimension"], r["metric"]) == ("issue", "alpha") else r["metric"]
        )
        agreement = [f"{x:.3f}" for x in (r["coders"], r["model_coder"], r["model_final"])]
        rows.append([name, *agreement, interval(r["distance"], r["low"], r["high"])])
    first = table.iloc[0]
    head = ["", "coder and coder", "model and coder", "model and final label", "distance to coders"]
    return f"{first['sentences']} sentences of {first['documents']} documents.\n\n" + markdown_table(head, rows)


def comparison_block(place: Path) -> str:
    """The model beside other systems, and on which annotations each was fitted."""
    table = pd.read_csv(place / "comparison.csv", dtype={DIGEST: str})
    rows = []
    for dimension, metric in HEADLINE:
        part = table[(table["dimension"] == dimension) & (table["metric"] == metric)]
        for r in records(part):
            tested = not pd.isna(r["p"])
            change = interval(r["difference"], r["difference_low"], r["difference_high"], sign="+") if tested else ""
            q = ("< 0.001" if r["p_adjusted"] < 0.001 else f"{r['p_adjusted']:.3f}") if tested else ""
            name = figure_name(dimension, metric)
            rows.append([name, r["system"], interval(r["estimate"], r["low"], r["high"]), change, q])
    return f"{_fitted_on(table)}\n\n" + markdown_table(["", "system", "figure", "model less system", "q"], rows)


def _fitted_on(table: pd.DataFrame) -> str:
    """A line on the annotations that the systems of a comparison were fitted on."""
    digests = table.reindex(columns=["system", DIGEST]).drop_duplicates("system").fillna("")
    parts = []
    for digest, part in digests.groupby(DIGEST, sort=False):
        known = f"`{digest!s}`" if digest else "not recorded"
        parts.append(f"{', '.join(part['system'])} {known}")
    return f"Hash of the annotations fitted on: {'; '.join(parts)}."


def confusions_block(place: Path) -> str:
    """The most costly confusions."""
    table = pd.read_csv(place / "confusions.csv", keep_default_na=False, na_values=[""])
    blocks = []
    for dimension, most in (("stance", 20), ("holder", 8), ("issue", 12)):
        rows = []
        for i, r in enumerate(records(table[table["dimension"] == dimension].head(most)), 1):
            p = "–" if pd.isna(r["probability"]) else f"{r['probability']:.2f}"
            counts = [r["true"], r["given"], r["count"], r["documents"], r["largest"]]
            rows.append([i, *counts, f"{r['share']:.0%}", f"{r['cost']:.1f}", p])
        head = [
            "",
            f"true {dimension}",
            "given",
            "sentences",
            "documents",
            "most in one",
            "share of true",
            "cost",
            "mean p",
        ]
        blocks.append(markdown_table(head, rows))
    return "\n\n".join(blocks)


def robustness_block(folder: Path) -> str:
    """Rates of the robustness probes."""
    table = pd.read_csv(folder / "evaluation" / "robustness.csv")
    rows = [[r["probe"], r["measure"], r["n"], f"{r['rate']:.2f}", f"{r['floor']:.2f}"] for r in records(table)]
    return markdown_table(["probe", "what is measured", "n", "rate", "floor"], rows)


KINDS: dict[str, Callable[[Path], str]] = {
    "figures": figures_table,
    "models": models_block,
    "breakdown": breakdown_block,
    "sides": sides_block,
    "labels": labels_block,
    "confusion": confusion_block,
    "reliability": reliability_block,
    "calibration": calibration_block,
    "coverage": coverage_block,
    "coders": coders_block,
    "comparison": comparison_block,
    "confusions": confusions_block,
    "robustness": robustness_block,
}
"""What can stand between marks. ``figures`` and ``robustness`` need no evaluation."""
