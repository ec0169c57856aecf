"""Copies: documents that are largely the same text, by the shingles that they share (Broder 1997)."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
from sklearn.feature_extraction.text import HashingVectorizer

from stance.contrast.result import Sides

SHINGLE = 3
"""Words in a row that are compared, whatever their case and punctuation."""
COPY = 0.9
"""Resemblance from which two documents of one side are copies."""
SAME = 0.1
"""Resemblance from which documents of the two sides are taken for one text. Accounts written apart share a few
names and phrases, less than 0.04 in the meetings looked at; the one joint statement in two wordings had 0.18."""
LEAST = 20
"""Fewest shared shingles of such documents, so that short texts are not taken for one over a name."""
BLOCK = 512


def copies(sides: Sides) -> pd.DataFrame:
    """Pairs of documents that are largely the same text.

    Two documents of one side are compared wherever they stand, documents of the two sides within their meeting. The
    resemblance of two documents is the number of different shingles (`SHINGLE` words in a row) that both have, divided
    by the number that either has.

    Args:
        sides: from `stance.contrast.result.make_sides`.

    Returns:
        ``doc_id``, ``group``, ``other_doc_id``, ``other_group``, ``resemblance``: within a side every document that
        repeats an earlier one, once, if their resemblance is at least `COPY`; across the sides, the first before the
        second, every pair with at least `SAME` and `LEAST` shared shingles.
    """
    documents = _documents(sides)
    rows = []
    repeated = set()
    for one, two, shared, resemblance in _pairs(documents["text"].tolist()):
        a, b = documents.iloc[one], documents.iloc[two]
        within = a["group"] == b["group"]
        if within and resemblance >= COPY and two not in repeated:
            repeated.add(two)
            rows.append((b["doc_id"], b["group"], a["doc_id"], a["group"], resemblance))
        elif not within and a["event"] == b["event"] and shared >= LEAST:
            rows.append((a["doc_id"], a["group"], b["doc_id"], b["group"], resemblance))
    return pd.DataFrame(rows, columns=["doc_id", "group", "other_doc_id", "other_group", "resemblance"])


def _documents(sides: Sides) -> pd.DataFrame:
    """``doc_id``, ``group``, ``event``, ``text`` of each document, those of the first group first."""
    table = sides.table.assign(event=sides.table["meeting_id"], group=sides.table[sides.by]).sort_values(
        ["doc_id", "sent_id"], kind="stable"
    )
    texts = table.groupby(["group", "doc_id", "event"], sort=False)["text"].agg(" ".join).reset_index()
    return texts.sort_values("group", key=lambda g: g.map(sides.groups.index), kind="stable", ignore_index=True)


def _pairs(texts: list[str]) -> Iterator[tuple[int, int, int, float]]:
    """Positions of two texts, the first before the second, their shared shingles and resemblance, from `SAME` up."""
    shingles = HashingVectorizer(ngram_range=(SHINGLE, SHINGLE), binary=True, norm=None, alternate_sign=False)
    found = shingles.transform(texts).tocsr()
    size = np.asarray(found.sum(axis=1)).ravel()
    for start in range(0, len(texts), BLOCK):
        shared = (found[start : start + BLOCK] @ found.T).tocoo()
        one, two = shared.row + start, shared.col
        resemblance = shared.data / (size[one] + size[two] - shared.data)
        for k in np.flatnonzero((one < two) & (resemblance >= SAME)):
            yield int(one[k]), int(two[k]), int(shared.data[k]), float(resemblance[k])
