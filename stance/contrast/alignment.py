"""Alignment: sentence pairs on the same issue that answer each other, and the unpaired rest."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from stance.contrast.certainty import SENSITIVITY
from stance.contrast.counterpart import (
    COLUMNS,
    FIELDS,
    SIMILARITY,
    THRESHOLD,
    matched_meetings,
    nearest,
    nearest_counterparts,
)
from stance.contrast.result import EVIDENCE, Contrast, Sides
from stance.contrast.similarity import sentence_vectors
from stance.contrast.statistics import clustered_share


@dataclass(frozen=True, repr=False)
class Alignment(Contrast):
    """Mutual nearest neighbours.

    Attributes:
        table: ``issue``, ``group``, ``count`` (sentences with a partner), ``n`` (the side's own sentences on the
            issue), ``estimate`` (share with a partner), ``low``, ``high``.
        evidence: one row a pair, most similar first: the first side's sentence, its partner
            (`stance.contrast.counterpart.COLUMNS`), and ``gap``, the first side's position minus the second's.
        unpaired: sentences without a partner, with ``nearest``, the similarity of the nearest of the other side.
        sensitivity: ``threshold``, ``count``: pairs at that similarity.
        threshold: lowest similarity of a pair.
    """

    unpaired: pd.DataFrame = field(default_factory=pd.DataFrame)
    sensitivity: pd.DataFrame = field(default_factory=pd.DataFrame)
    threshold: float = THRESHOLD

    def plot(self) -> Any:
        """Share of each side's sentences that have a partner, by issue."""
        from stance.report.cooperation_charts import alignment_chart

        return alignment_chart(self)


def alignment(sides: Sides, threshold: float = THRESHOLD, similarity: str = SIMILARITY) -> Alignment:
    """Pair the sentences of two sides.

    Two sentences are a pair if they share an issue and meeting, each is the other's nearest there (mutual nearest
    neighbours), and their similarity reaches the threshold.

    Args:
        sides: from `stance.contrast.result.make_sides`.
        threshold: lowest similarity of a pair.
        similarity: a name in `stance.contrast.similarity.SIMILARITIES`.

    Raises:
        StanceError: if there is no such similarity.
    """
    table = sides.tied(sides.substantive(sides.own_voice())).reset_index(drop=True)
    everything = mutual_pairs(sides, table, similarity)
    pairs = everything[everything["similarity"] >= threshold]
    paired = np.isin(np.arange(len(table)), pairs[["first", "second"]].to_numpy())
    design = sides.design(table)
    rows = []
    for issue, group, inside in sides.cells(table):
        shares = clustered_share(paired, inside, design.unit)
        rows.append((issue, group, int((paired & inside).sum()), int(inside.sum()), *shares))
    rest = table[~paired]
    similar = nearest_counterparts(sides, rest, table, similarity)["similarity"]
    notes = (
        f"A pair shares an issue and a meeting, is mutually nearest, and has a similarity of at least {threshold:g}.",
        "Similarity rests on shared words and on issues and frames: pairs that answer each other in other words are "
        "missed, and «unpaired» means only that no counterpart was found at this threshold.",
        design.note,
    )
    return Alignment(
        sides,
        pd.DataFrame(rows, columns=["issue", "group", "count", "n", "estimate", "low", "high"]),
        _evidence(sides, table, pairs),
        notes,
        unpaired=rest[list(EVIDENCE)].assign(nearest=similar).reset_index(drop=True),
        sensitivity=pd.DataFrame(
            {"threshold": SENSITIVITY, "count": [int((everything["similarity"] >= t).sum()) for t in SENSITIVITY]}
        ),
        threshold=threshold,
    )


def mutual_pairs(sides: Sides, table: pd.DataFrame, similarity: str = SIMILARITY) -> pd.DataFrame:
    """Mutual nearest neighbours among sentences that share an issue and a meeting, whatever their similarity.

    Args:
        sides: the two groups.
        table: rows of the sides' table.
        similarity: a name in `stance.contrast.similarity.SIMILARITIES`.

    Returns:
        ``first``, ``second`` (positions in ``table``), ``similarity``.
    """
    vectors = sentence_vectors(sides, similarity)
    rows: list[tuple[int, int, float]] = []
    for here, there in matched_meetings(sides, table, table):
        if table[sides.by].iloc[here[0]] != sides.groups[0]:
            continue
        across, score, back = nearest(sides, vectors, table.iloc[here], table.iloc[there])
        mutual = np.flatnonzero((back[across] == np.arange(len(here))) & (score > 0))
        rows += [(int(here[i]), int(there[across[i]]), float(score[i])) for i in mutual]
    return pd.DataFrame(rows, columns=["first", "second", "similarity"])


def _evidence(sides: Sides, table: pd.DataFrame, pairs: pd.DataFrame) -> pd.DataFrame:
    pairs = pairs.sort_values("similarity", ascending=False, kind="stable")
    first, second = (table.iloc[pairs[k]].reset_index(drop=True) for k in ("first", "second"))
    place = sides.codebook.positions
    partner = second[list(FIELDS)].add_prefix("counterpart_").assign(similarity=pairs["similarity"].to_numpy())
    gap = first["stance"].map(place).astype(float) - second["stance"].map(place).astype(float)
    return first[list(EVIDENCE)].join(partner[list(COLUMNS)]).assign(gap=gap)
