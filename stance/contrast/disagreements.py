"""Disagreements: who voices difference on what, and how, beside the nearest that the other side said."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd

from stance.contrast.counterpart import nearest_counterparts
from stance.contrast.result import EVIDENCE, Contrast, Sides, names_issue
from stance.contrast.statistics import clustered_share


@dataclass(frozen=True)
class Disagreements(Contrast):
    """Sentences in which a side voices difference.

    Attributes:
        table: ``issue``, ``group``, ``stance``, ``count``, ``n`` (the side's own sentences on the issue), ``estimate``
            (share), ``low``, ``high``; stances are those with the role ``difference`` in the codebook.
        evidence: the sentences, strongest first, each with its counterpart (`stance.contrast.counterpart`).
    """

    def plot(self) -> Any:
        """Counts of difference-voicing stances by issue and side."""
        from stance.report.charts import disagreement_chart

        return disagreement_chart(self)


def disagreements(sides: Sides) -> Disagreements:
    """Contrast how two sides voice difference.

    Args:
        sides: from `stance.contrast.result.make_sides`.
    """
    table = sides.substantive(sides.own_voice()).reset_index(drop=True)
    voiced = sides.codebook["stance"].with_role("difference")
    rows = []
    design = sides.design(table) if len(table) else None
    for issue in sides.issues:
        named = names_issue(table, issue).to_numpy(dtype=bool)
        for number, group in enumerate(sides.groups):
            if design is None:
                continue
            inside = named & (design.group == number)
            for stance in voiced:
                hit = (table["stance"] == stance).to_numpy(dtype=bool)
                count = int((hit & inside).sum())
                if count:
                    share, low, high = clustered_share(hit, inside, design.unit)
                    rows.append((issue, group, stance, count, int(inside.sum()), share, low, high))
    found = table[table["stance"].isin(voiced)]
    rank = {stance: i for i, stance in enumerate(voiced)}
    found = found.sort_values(
        ["stance", "p_stance"], key=lambda c: c.map(rank) if c.name == "stance" else -c, kind="stable"
    )
    evidence = found[list(EVIDENCE)].join(nearest_counterparts(sides, found))
    columns = ["issue", "group", "stance", "count", "n", "estimate", "low", "high"]
    notes = (
        "Counted: sentences in which a side speaks for itself or for both with a stance that voices difference "
        f"({', '.join(sides.codebook['stance'].label(s).name for s in voiced)}).",
        "The counterpart is the most similar sentence of the other side on a shared issue, by wording alone.",
        *([design.note] if design else []),
    )
    return Disagreements(sides, pd.DataFrame(rows, columns=columns), evidence.reset_index(drop=True), notes)
