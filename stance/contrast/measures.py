"""Measures: the shares and means that are followed in time and corrected by a hand-labelled sample."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from stance.contrast.cooperation import is_agreed
from stance.contrast.result import Sides, carries

ROLES = ("difference", "limit", "agreed")
MEASURES = ("issue", "frame", *ROLES, "position")
"""``issue`` and ``frame``: shares of sentences, label by label; roles: shares of the side's own sentences with a stance
of that role, of ``agreed`` those that both sides hold; ``position``: mean place of its own sentences from cooperation
(+1) to conflict (-1)."""


@dataclass(frozen=True)
class Measure:
    """One measure of every sentence of a table.

    Attributes:
        name: one of `MEASURES`.
        label: the issue or frame; empty for the others.
        values: shape (n,); 0 and 1 for shares.
        counted: bool, shape (n,): sentences that it is a share or mean of.
    """

    name: str
    label: str
    values: np.ndarray
    counted: np.ndarray

    @property
    def is_share(self) -> bool:
        """Whether it is a share rather than a mean."""
        return self.name != "position"


def measures(sides: Sides, table: pd.DataFrame) -> Iterator[Measure]:
    """All measures of a table.

    Args:
        sides: the two groups.
        table: rows with the columns of a sentence table.
    """
    substantive = table.index.isin(sides.substantive(table).index)
    own = substantive & table.index.isin(sides.own_voice(table).index)
    for name, counted in (("issue", substantive), ("frame", own)):
        for key in sides.codebook[name].keys:
            if key != sides.codebook[name].null_label:
                hit = carries(table, name, key).astype(float)
                yield Measure(name, key, hit, counted)
    stances = sides.codebook["stance"]
    for role in ROLES:
        hits = is_agreed(sides.codebook, table) if role == "agreed" else table["stance"].isin(stances.with_role(role))
        yield Measure(role, "", hits.to_numpy(dtype=float), own)
    yield Measure("position", "", table["stance"].map(sides.codebook.positions).to_numpy(dtype=float), own)
