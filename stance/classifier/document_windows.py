"""Documents as the teacher reads them: windows of many sentences at once, every sentence among its neighbours."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from tokenizers import Tokenizer

from stance.annotation.standoff import AnnotatedDocument
from stance.model_input import TITLE_CHARACTERS, clean, speaker_side

SENTENCE_TOKENS = 160
"""Longer sentences are cut."""


@dataclass(frozen=True)
class Window:
    """A run of sentences of one document.

    Attributes:
        ids: token ids, with the beginning and end marks of the encoder.
        spans: for every sentence of the window the positions (start, end) of its tokens.
        rows: for every sentence its row in the caller's list of sentences, or -1 where it stands there as context only.
    """

    ids: list[int]
    spans: list[tuple[int, int]]
    rows: list[int]


def make_windows(
    documents: Iterable[AnnotatedDocument],
    tokenizer: Tokenizer,
    marks: tuple[int, int],
    length: int,
    context: int,
    every_sentence: bool = False,
) -> list[Window]:
    """Pack documents into windows.

    Args:
        documents: rows are numbered over their annotated sentences, in order, as in `make_examples`.
        tokenizer: of the encoder, without truncation and padding.
        marks: ids of the encoder's beginning and separation marks.
        length: most tokens of a window.
        context: tokens of sentences before the window's first own one that are shown again, where there are such.
        every_sentence: number all sentences, not only the annotated ones.

    Returns:
        windows that together hold every numbered sentence once. A window begins with the document's title and source;
        sentences end with a separation mark, paragraphs with two.
    """
    windows: list[Window] = []
    row = 0
    for item in documents:
        numbered = [every_sentence or i in item.annotations for i in range(len(item.sentences))]
        rows = []
        for wanted in numbered:
            rows.append(row if wanted else -1)
            row += wanted
        header = f"{clean(item.document.title)[:TITLE_CHARACTERS]} | source: {item.document.source}"
        header_ids = tokenizer.encode(header, add_special_tokens=False).ids
        document = _TokenizedDocument(item, header_ids, list(_sentence_ids(item, tokenizer)), rows, marks)
        windows += document.windows(length, context)
    return windows


def _sentence_ids(item: AnnotatedDocument, tokenizer: Tokenizer) -> Iterator[list[int]]:
    turn = None
    for sentence in item.sentences:
        text = clean(sentence.text)
        if sentence.speaker and sentence.speaker != turn:
            side = speaker_side(item.document, sentence.speaker) or ""
            text = f"{clean(sentence.speaker)} {side}: {text}"
        turn = sentence.speaker
        yield tokenizer.encode(text, add_special_tokens=False).ids[:SENTENCE_TOKENS] or [_unknown_id(tokenizer)]


def _unknown_id(tokenizer: Tokenizer) -> int:
    """Id of the token for what the encoder does not know."""
    return next((i for t in ("[UNK]", "<unk>") if (i := tokenizer.token_to_id(t)) is not None), 0)


@dataclass(frozen=True)
class _TokenizedDocument:
    """A document on its way into windows: the ids of its header and sentences, and what `make_windows` is given."""

    item: AnnotatedDocument
    header: list[int]
    pieces: Sequence[list[int]]
    rows: Sequence[int]
    marks: tuple[int, int]

    def windows(self, length: int, context: int) -> Iterator[Window]:
        pieces, rows = self.pieces, self.rows
        first = 0
        while first < len(pieces):
            if all(r < 0 for r in rows[first:]):
                return
            while rows[first] < 0:  # nothing is asked here
                first += 1
            before, used = first, len(self.header) + 3
            budget = context
            while before > 0 and len(pieces[before - 1]) + 2 <= budget:
                before -= 1
                budget -= len(pieces[before]) + 2
                used += len(pieces[before]) + 2
            last = first
            while last < len(pieces) and (last == first or used + len(pieces[last]) + 2 <= length):
                used += len(pieces[last]) + 2
                last += 1
            yield self._window(before, first, last)
            first = last

    def _window(self, before: int, first: int, last: int) -> Window:
        begin, separation = self.marks
        sentences = self.item.sentences
        ids = [begin, *self.header, separation]
        spans, kept = [], []
        for i in range(before, last):
            if i > before and sentences[i].paragraph != sentences[i - 1].paragraph:
                ids.append(separation)
            spans.append((len(ids), len(ids) + len(self.pieces[i])))
            ids += [*self.pieces[i], separation]
            kept.append(self.rows[i] if i >= first else -1)
        return Window(ids, spans, kept)


def batches(windows: Sequence[Window], tokens: int, rng: np.random.Generator | None) -> list[list[Window]]:
    """Group windows of like length into batches of at most so many padded tokens; shuffled where ``rng`` is given."""
    jitter = rng.normal(0, 20, len(windows)) if rng else np.zeros(len(windows))
    order = np.argsort([len(w.ids) for w in windows] + jitter)
    found: list[list[Window]] = [[]]
    for i in order:
        longest = max([len(windows[i].ids), *(len(w.ids) for w in found[-1])])
        if found[-1] and longest * (len(found[-1]) + 1) > tokens:
            found.append([])
        found[-1].append(windows[i])
    if rng:
        rng.shuffle(found)
    return found


def tensors(batch: Sequence[Window], pad_id: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, np.ndarray]:
    """Make tensors of a batch.

    Returns:
        ids: (windows, longest); mask: the same; pooling: (sentences, windows * longest), rows that average a sentence's
            tokens; rows: (sentences,), the numbers of the sentences that count.
    """
    longest = max(len(w.ids) for w in batch)
    ids = torch.full((len(batch), longest), pad_id)
    mask = torch.zeros((len(batch), longest), dtype=torch.long)
    rows, places = [], []
    for i, w in enumerate(batch):
        ids[i, : len(w.ids)] = torch.tensor(w.ids)
        mask[i, : len(w.ids)] = 1
        for (start, end), row in zip(w.spans, w.rows, strict=True):
            if row >= 0:
                rows.append(row)
                places.append((i * longest + start, i * longest + end))
    pooling = torch.zeros((len(rows), len(batch) * longest))
    for k, (start, end) in enumerate(places):
        pooling[k, start:end] = 1 / (end - start)
    return ids, mask, pooling, np.array(rows)
