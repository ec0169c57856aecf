"""Counterparts: for a sentence of one side, the nearest that the other side says on the same issue."""

from __future__ import annotations

import numpy as np
import pandas as pd

from stance.contrast.result import Sides


def nearest_counterparts(sides: Sides, evidence: pd.DataFrame) -> pd.DataFrame:
    """Set each sentence beside the most similar sentence of the other side.

    Candidates are sentences in which the other side speaks for itself or for both, on a shared issue; similarity is the
    cosine of TF-IDF vectors of words and word pairs (Salton and Buckley 1988), so it finds shared wording and misses
    paraphrase.

    Args:
        sides: the two groups.
        evidence: rows of the sentence table, with the grouping column.

    Returns:
        with the index of ``evidence``: ``counterpart_doc_id``, ``counterpart_sent_id``, ``counterpart_start``,
        ``counterpart_end``, ``counterpart_text``, ``counterpart_stance`` and ``similarity``; None and NaN where the
        other side says nothing on the issue.
    """
    from sklearn.feature_extraction.text import TfidfVectorizer

    fields = ("doc_id", "sent_id", "start", "end", "text", "stance")
    columns = [*(f"counterpart_{f}" for f in fields), "similarity"]
    table = sides.substantive(sides.own_voice()).reset_index(drop=True)
    vectorizer = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, token_pattern=r"(?u)\b\w\w+\b|[\u4e00-\u9fff]")
    try:
        vectors = vectorizer.fit_transform(table["text"])
        queries = vectorizer.transform(evidence["text"])
    except ValueError:  # no words at all
        return pd.DataFrame(None, index=evidence.index, columns=columns)
    positions: dict[tuple[str, str], set[int]] = {}
    for position, (side, issues) in enumerate(zip(table[sides.by], table["issue"], strict=True)):
        for issue in issues:
            positions.setdefault((side, issue), set()).add(position)
    rows = []
    for number, (_, sentence) in enumerate(evidence.iterrows()):
        other = sides.other(sentence[sides.by])
        candidates = np.array(
            sorted(set().union(*(positions.get((other, issue), set()) for issue in sentence["issue"]))), dtype=int
        )
        if len(candidates) == 0:
            rows.append((*[None] * len(fields), np.nan))
            continue
        similarity = np.asarray((vectors[candidates] @ queries[number].T).todense()).ravel()
        best = int(similarity.argmax())
        if similarity[best] <= 0:
            rows.append((*[None] * len(fields), np.nan))
            continue
        found = table.iloc[candidates[best]]
        rows.append((*(found[f] for f in fields), float(similarity[best])))
    return pd.DataFrame(rows, index=evidence.index, columns=columns)
