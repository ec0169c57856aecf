"""Counterparts: for a sentence of one side, the nearest that the other side says on a shared issue."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from stance.contrast.result import Sides
from stance.contrast.similarity import THRESHOLDS, Vectors, sentence_vectors, shared_issues

SIMILARITY = "mixed"
"""The similarity that contrasts use; docs/contrasts.md tells what it was measured against."""
THRESHOLD = THRESHOLDS[SIMILARITY]
"""Similarity from which two sentences are taken to answer each other."""
BLOCK = 1024
FIELDS = ("doc_id", "sent_id", "start", "end", "text", "stance", "holder")
COLUMNS = (*(f"counterpart_{f}" for f in FIELDS), "similarity")


def nearest_counterparts(
    sides: Sides, evidence: pd.DataFrame, candidates: pd.DataFrame | None = None, similarity: str = SIMILARITY
) -> pd.DataFrame:
    """Set each sentence beside the most similar sentence of the other side, of the same meeting and on a shared issue.

    Args:
        sides: the two groups.
        evidence: rows of the sides' table.
        candidates: rows in which counterparts are sought; those in which a side speaks for itself or for both if None.
        similarity: a name in `stance.contrast.similarity.SIMILARITIES`.

    Returns:
        with the index of ``evidence``: the columns of `COLUMNS`, None and NaN where the other side says nothing on the
        issue; and ``counterpart_row``, the counterpart's number in the sides' table.
    """
    if candidates is None:
        candidates = sides.substantive(sides.own_voice())
    best = np.full(len(evidence), -1)
    score = np.full(len(evidence), np.nan)
    vectors = sentence_vectors(sides, similarity)
    for here, there in matched_meetings(sides, evidence, candidates):
        across, score[here], _ = nearest(sides, vectors, evidence.iloc[here], candidates.iloc[there])
        best[here] = there[across]
    found = score > 0
    chosen = candidates.iloc[best[found]]
    columns = [*COLUMNS, "counterpart_row"]
    result = pd.DataFrame(None, index=evidence.index, columns=columns, dtype=object)
    for name in (*FIELDS, "row"):
        result.loc[found, f"counterpart_{name}"] = chosen[name].to_numpy(dtype=object)
    result["similarity"] = np.where(found, score, np.nan)
    return result


def matched_meetings(
    sides: Sides, first: pd.DataFrame, second: pd.DataFrame
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Positions of one side's rows in a table and of the other side's in another, meeting by meeting.

    Args:
        sides: the two groups.
        first: rows of either side.
        second: rows of either side.

    Yields:
        positions in ``first``, positions in ``second``; none of them empty. Every meeting comes once for each side.
    """
    places = [t.groupby([t[sides.by], t["meeting_id"]], sort=False).indices if len(t) else {} for t in (first, second)]
    for key, here in places[0].items():
        group, event = (str(k) for k in key)  # type: ignore[attr-defined]
        there = places[1].get((sides.other(group), event))
        if there is not None:
            yield np.asarray(here), np.asarray(there)


def on_same_issue(sides: Sides, table: pd.DataFrame, told: pd.DataFrame) -> np.ndarray:
    """Whether the other side's account of the meeting has one of the told sentences on an issue of each sentence.

    Args:
        sides: the two groups.
        table: rows of either side.
        told: rows of either side.

    Returns:
        bool, shape (len(table),).
    """
    there = {
        (event, group, issue)
        for event, group, issues in zip(told["meeting_id"], told[sides.by], told["issue"], strict=True)
        for issue in issues
    }
    found = [
        any((event, sides.other(group), issue) in there for issue in issues)
        for event, group, issues in zip(table["meeting_id"], table[sides.by], table["issue"], strict=True)
    ]
    return np.array(found, dtype=bool)


def nearest(
    sides: Sides, vectors: Vectors, first: pd.DataFrame, second: pd.DataFrame
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Nearest neighbours in both directions; sentences that share no issue have similarity 0.

    Args:
        sides: the two groups.
        vectors: of all sentences of the sides, from `sentence_vectors`.
        first: rows of the sides' table.
        second: other rows of it.

    Returns:
        for each row of ``first`` the position of the nearest in ``second`` and its similarity; for each row of
        ``second`` the position of the nearest in ``first``.
    """
    left, right = vectors[first["row"].to_numpy()], vectors[second["row"].to_numpy()].T
    share = shared_issues(first, second, sides.codebook)
    across, score = np.zeros(len(first), dtype=int), np.zeros(len(first))
    back, back_score = np.zeros(len(second), dtype=int), np.full(len(second), -1.0)
    columns = np.arange(len(second))
    for start in range(0, len(first), BLOCK):
        rows = slice(start, start + BLOCK)
        alike = np.asarray((left[rows] @ right).multiply(share[rows] > 0).todense())
        across[rows], score[rows] = alike.argmax(axis=1), alike.max(axis=1)
        best = alike.argmax(axis=0)
        better = alike[best, columns] > back_score
        back[better], back_score[better] = best[better] + start, alike[best, columns][better]
    return across, score, back
