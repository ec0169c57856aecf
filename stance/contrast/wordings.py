"""Two wordings of one text: what each side's version of a joint statement says, sentence by sentence."""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import SequenceMatcher

import numpy as np
import pandas as pd
from scipy.optimize import linear_sum_assignment
from sklearn.feature_extraction.text import TfidfVectorizer

ALIKE = 0.3
"""Cosine of the words and word pairs of two sentences from which they are taken for two wordings of one."""

Marked = list[tuple[str, bool]]
"""Parts of a sentence in order, each with whether the other wording lacks it."""


@dataclass(frozen=True)
class Wordings:
    """Two texts aligned.

    Attributes:
        table: ``sent_id``, ``text``, ``other_sent_id``, ``other_text``, ``similarity``: sentences that differ, in the
            order of the first text; one side is missing where a sentence has no like in the other.
        same: sentences whose words are the same in both.
    """

    table: pd.DataFrame
    same: int

    @property
    def marked(self) -> list[tuple[Marked, Marked]]:
        """The sentences of the table in parts, each with whether the other wording lacks it; empty for none."""
        rows: list[tuple[Marked, Marked]] = []
        for first, second in zip(self.table["text"], self.table["other_text"], strict=True):
            if first is None or second is None:
                rows.append((([(first, True)] if first else []), ([(second, True)] if second else [])))
            else:
                rows.append((_marked(first, second), _marked(second, first)))
        return rows


def align_wordings(first: pd.DataFrame, second: pd.DataFrame) -> Wordings:
    """Align the sentences of two wordings one to one, so that the sum of their similarities is largest.

    The similarity is the cosine of TF-IDF vectors of words and word pairs; the assignment is optimal (Crouse 2016, as
    `scipy.optimize.linear_sum_assignment` has it).

    Args:
        first: sentences of one document in order, with ``sent_id`` and ``text``.
        second: of the other.
    """
    columns = ["sent_id", "text", "other_sent_id", "other_text", "similarity"]
    texts, others = first["text"].tolist(), second["text"].tolist()
    numbers, other_numbers = first["sent_id"].tolist(), second["sent_id"].tolist()
    vectors = TfidfVectorizer(ngram_range=(1, 2), token_pattern=r"(?u)\w+").fit_transform(texts + others)
    similarity = np.asarray((vectors[: len(texts)] @ vectors[len(texts) :].T).todense())
    assigned = zip(*linear_sum_assignment(similarity, maximize=True), strict=True)
    pairs = {int(a): int(b) for a, b in assigned if similarity[a, b] >= ALIKE}
    found: list[tuple[float, tuple[object, ...]]] = []
    same = 0
    for a, text in enumerate(texts):
        b = pairs.get(a)
        if b is None:
            found.append((a, (numbers[a], text, None, None, None)))
        elif _words(text) == _words(others[b]):
            same += 1
        else:
            found.append((a, (numbers[a], text, other_numbers[b], others[b], similarity[a, b])))
    place, before = -1.0, {b: a for a, b in pairs.items()}
    for b, text in enumerate(others):
        place = before.get(b, place)
        if b not in before:
            found.append((place + 0.5, (None, None, other_numbers[b], text, None)))
    ordered = [row for _, row in sorted(found, key=lambda item: item[0])]
    table = pd.DataFrame(ordered, columns=columns, dtype=object)
    return Wordings(table.astype({"sent_id": "Int64", "other_sent_id": "Int64", "similarity": float}), same)


def _marked(text: str, other: str) -> Marked:
    """A sentence in parts, each with whether its words are not in the other at that place (Ratcliff and Obershelp)."""
    own = list(re.finditer(r"\w+", text))
    matcher = SequenceMatcher(None, [w.group().casefold() for w in own], _words(other), autojunk=False)
    changed = np.ones(len(own), dtype=bool)
    for start, _, size in matcher.get_matching_blocks():
        changed[start : start + size] = False
    parts: Marked = []
    for i, word in enumerate(own):
        until = own[i + 1].start() if i + 1 < len(own) else len(text)
        piece = text[word.start() if parts else 0 : until]
        if parts and parts[-1][1] == changed[i]:
            parts[-1] = (parts[-1][0] + piece, parts[-1][1])
        else:
            parts.append((piece, bool(changed[i])))
    return parts or [(text, False)]


def _words(text: str) -> list[str]:
    return [word.casefold() for word in re.findall(r"\w+", text)]
