"""What evidence tables do not hold: the group of a sentence, its probabilities, its neighbours in the document."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

if TYPE_CHECKING:
    from stance.contrast.result import Sides

Key = tuple[str, int]


def keys_of(table: pd.DataFrame) -> list[Key]:
    """``(doc_id, sent_id)`` of each row."""
    return [(str(d), int(s)) for d, s in zip(table["doc_id"], table["sent_id"], strict=True)]


def looked_up(sides: Sides, evidence: pd.DataFrame, columns: list[str]) -> pd.DataFrame:
    """Columns of the sentence table for the rows of an evidence table, with its index."""
    keyed = sides.table.drop_duplicates(["doc_id", "sent_id"]).set_index(["doc_id", "sent_id"])[columns]
    return keyed.reindex(pd.MultiIndex.from_frame(evidence[["doc_id", "sent_id"]])).set_axis(evidence.index)


def groups_of(sides: Sides, evidence: pd.DataFrame) -> pd.Series:
    """The group of each row of an evidence table, which need not hold the grouping column."""
    return evidence[sides.by] if sides.by in evidence else looked_up(sides, evidence, [sides.by])[sides.by]


class Sentences:
    """All sentences by ``(doc_id, sent_id)``, with their neighbours."""

    def __init__(self, table: pd.DataFrame) -> None:
        """Index a sentence table; of rows with one key the first counts."""
        unique = table.drop_duplicates(["doc_id", "sent_id"])
        self._rows: dict[Key, dict[Any, Any]] = dict(zip(keys_of(unique), unique.to_dict("records"), strict=True))
        self._before: dict[Key, Key] = {}
        self._after: dict[Key, Key] = {}
        for _, part in unique.groupby("doc_id", sort=False):
            keys = sorted(keys_of(part), key=lambda k: k[1])
            for first, second in zip(keys, keys[1:], strict=False):
                self._before[second], self._after[first] = first, second

    def __getitem__(self, key: Key) -> dict[Any, Any]:
        """The row of a sentence."""
        return self._rows[key]

    def context(self, key: Key) -> tuple[str, str]:
        """Texts of the sentences before and after; empty at the ends of the document."""
        before, after = self._before.get(key), self._after.get(key)
        return (
            str(self._rows[before]["text"]) if before else "",
            str(self._rows[after]["text"]) if after else "",
        )
