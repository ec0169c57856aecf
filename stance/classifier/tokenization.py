"""From sentences to token ids, the same for training and for scoring."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from tokenizers import Encoding, Tokenizer
from tokenizers.pre_tokenizers import BertPreTokenizer

from stance.documents.document import Document
from stance.errors import StanceError
from stance.model_input import (
    SENTENCE_CHARACTERS,
    ContextWindow,
    DocumentWindow,
    Reading,
    clean,
    floor,
    heading,
    input_pieces,
)
from stance.sentences import Sentence

STEP = 8
"""Padded windows have a multiple of so many tokens: an engine prepares itself for every shape that it meets."""
BLOCK = 1024
"""Sentences of a document that are tokenized together: memory does not grow with a document."""

Asked = tuple[Document, Sequence[Sentence], Collection[int]]
"""A document, all its sentences, and the positions of those whose labels are asked for."""


@dataclass(frozen=True)
class Window:
    """What the network reads at once.

    Attributes:
        ids: token ids with the encoder's marks, int32.
        types: segment of each token, int32.
        spans: for every sentence that is asked for, in order, the positions (start, end) of the tokens whose mean is
            classified: its own, or the first token alone where a single sentence is read.
    """

    ids: np.ndarray
    types: np.ndarray
    spans: list[tuple[int, int]]


@dataclass(frozen=True)
class Encoded:
    """Inputs of a model.

    Attributes:
        windows: they hold every sentence that is asked for once, in order.
        truncated: bool, shape (sentences,): the sentence itself was cut.
    """

    windows: list[Window]
    truncated: np.ndarray


def load_tokenizer(folder: Path) -> Tokenizer:
    """Read ``tokenizer.json`` of a checkpoint; truncation and padding that it may fix are taken off.

    Raises:
        StanceError: if the file is missing or broken.
    """
    file = folder / "tokenizer.json"
    try:
        tokenizer = Tokenizer.from_file(str(file))
    except Exception as error:  # the tokenizers library raises bare Exception
        raise StanceError(f"{file}: the tokenizer cannot be read ({error}). Is {folder} a checkpoint?") from error
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer


def padding_id(tokenizer: Tokenizer) -> int:
    """Id of the token that fills shorter windows."""
    return next((i for t in ("[PAD]", "<pad>") if (i := tokenizer.token_to_id(t)) is not None), 0)


def encode(tokenizer: Tokenizer, documents: Iterable[Asked], reading: Reading) -> Encoded:
    """Make a model's inputs of documents.

    Args:
        tokenizer: from `load_tokenizer`.
        documents: with the positions of the sentences that are asked for.
        reading: how the model reads.
    """
    return join([block for item in documents for block in encode_blocks(tokenizer, item, reading)])


def join(parts: Sequence[Encoded]) -> Encoded:
    """Several inputs as one."""
    truncated = np.concatenate([p.truncated for p in parts]) if parts else np.zeros(0, dtype=bool)
    return Encoded([w for p in parts for w in p.windows], truncated)


def blocks(positions: range) -> list[range]:
    """Positions of a document's sentences, `BLOCK` at a time."""
    return [positions[start : start + BLOCK] for start in range(0, len(positions), BLOCK)]


def encode_blocks(tokenizer: Tokenizer, item: Asked, reading: Reading) -> Iterator[Encoded]:
    """Make a model's inputs of one document, up to `BLOCK` sentences at a time."""
    document, sentences, positions = item
    asked = set(positions)
    inputs = input_pieces(document, sentences, reading) if isinstance(reading, ContextWindow) else []
    for block in blocks(range(len(sentences))):
        wanted = [i for i in block if i in asked]
        if not wanted:
            continue
        if isinstance(reading, ContextWindow):
            yield _encoded(_encode_pieces(tokenizer, [inputs[i] for i in wanted], reading.max_length))
        else:
            yield _Packing(tokenizer, document, sentences, reading).encode(wanted)


def encode_alone(tokenizer: Tokenizer, texts: Iterable[str], reading: Reading) -> Encoded:
    """Inputs of sentences without any context, which are what another tool would make of them."""
    pairs = [(clean(t[:SENTENCE_CHARACTERS]), "") for t in texts]
    return _encoded(encode_pairs(tokenizer, pairs, tokens_alone(reading)))


def tokens_alone(reading: Reading) -> int:
    """Most tokens of a sentence that is read without context, the two marks among them."""
    return reading.max_length if isinstance(reading, ContextWindow) else reading.sentence + 2


def most_tokens(reading: Reading) -> int:
    """Tokens of the longest input, save that of a single long sentence in its window."""
    return reading.max_length if isinstance(reading, ContextWindow) else reading.length


def _encoded(encoded: Sequence[tuple[Encoding, bool]]) -> Encoded:
    windows = [Window(np.array(e.ids, np.int32), np.array(e.type_ids, np.int32), [(0, 1)]) for e, _ in encoded]
    return Encoded(windows, np.array([cut for _, cut in encoded], dtype=bool))


def encode_pairs(
    tokenizer: Tokenizer, pairs: Sequence[tuple[str, str]], max_length: int
) -> list[tuple[Encoding, bool]]:
    """Tokenize pairs of (sentence, context).

    Args:
        tokenizer: from `load_tokenizer`.
        pairs: the two segments; an empty context makes a single segment.
        max_length: most tokens of both together, special tokens included.

    Returns:
        for each pair its encoding and whether the sentence itself was cut. The context is cut from its left to what
        room the sentence leaves.
    """
    sentences = tokenizer.encode_batch([s for s, _ in pairs], add_special_tokens=False)
    contexts = tokenizer.encode_batch([c for _, c in pairs], add_special_tokens=False)
    return _cut(tokenizer, zip(sentences, contexts, strict=True), max_length)


def _encode_pieces(
    tokenizer: Tokenizer, items: Sequence[tuple[str, list[str]]], max_length: int
) -> list[tuple[Encoding, bool]]:
    """`encode_pairs` of (sentence, pieces of its context), in which no text is tokenized twice.

    Of a tokenizer that splits at spaces first, the tokens of a context are those of its pieces.
    """
    if not isinstance(tokenizer.pre_tokenizer, BertPreTokenizer):
        return encode_pairs(tokenizer, [(s, " ".join(pieces)) for s, pieces in items], max_length)
    texts = list(dict.fromkeys(text for s, pieces in items for text in (s, *pieces)))
    known = dict(zip(texts, tokenizer.encode_batch(texts, add_special_tokens=False), strict=True))
    pairs = ((Encoding.merge([known[s]]), Encoding.merge([known[p] for p in pieces])) for s, pieces in items)
    return _cut(tokenizer, pairs, max_length)


def _cut(
    tokenizer: Tokenizer, pairs: Iterable[tuple[Encoding, Encoding]], max_length: int
) -> list[tuple[Encoding, bool]]:
    """Cut both segments to their room and put the encoder's marks about them; see `encode_pairs`."""
    single = max_length - tokenizer.num_special_tokens_to_add(False)
    double = max_length - tokenizer.num_special_tokens_to_add(True)
    encoded = []
    for sentence, context in pairs:
        cut = len(sentence) > single
        if cut:
            sentence.truncate(single)
        room = double - len(sentence)
        if room < 1 or len(context) == 0:
            encoded.append((tokenizer.post_process(sentence), cut))
            continue
        if len(context) > room:
            context.truncate(room, direction="left")
        encoded.append((tokenizer.post_process(sentence, context), cut))
    return encoded


class _Packing:
    """Packs sentences of a document into windows.

    A window begins with the encoder's mark of beginning and a heading. Every sentence ends with its mark of end; a new
    paragraph has one more before it.
    """

    def __init__(
        self, tokenizer: Tokenizer, document: Document, sentences: Sequence[Sentence], reading: DocumentWindow
    ) -> None:
        self.tokenizer = tokenizer
        self.document = document
        self.sentences = sentences
        self.reading = reading
        self.begin, self.end = tokenizer.encode("").ids

    def encode(self, wanted: Sequence[int]) -> Encoded:
        """Windows that hold the sentences at these positions, ascending, with what stands before and between them."""
        start = max(0, wanted[0] - self.reading.context)  # a sentence takes a token at least
        texts = [clean(s.text[:SENTENCE_CHARACTERS]) for s in self.sentences[start : wanted[-1] + 1]]
        most = self.reading.sentence
        ids = [e.ids for e in self.tokenizer.encode_batch(texts, add_special_tokens=False)]
        pieces = {start + i: tokens[:most] for i, tokens in enumerate(ids)}
        windows = list(self._windows(pieces, wanted))
        return Encoded(windows, np.array([len(ids[i - start]) > most for i in wanted], dtype=bool))

    def _windows(self, pieces: dict[int, list[int]], wanted: Sequence[int]) -> Iterator[Window]:
        asked, lowest, after = set(wanted), min(pieces), max(pieces) + 1
        headings: dict[str, list[int]] = {}
        first = wanted[0]
        while first < after:
            before, room = first, self.reading.context
            while before > lowest and len(pieces[before - 1]) + 1 <= room:
                before -= 1
                room -= len(pieces[before]) + 1
            speaker = self.sentences[before].speaker or ""
            if speaker not in headings:
                text = heading(self.document, self.reading, speaker)
                headings[speaker] = self.tokenizer.encode(text, add_special_tokens=False).ids if text else []
            ids = [self.begin, *([*headings[speaker], self.end] if headings[speaker] else [])]
            spans: list[tuple[int, int]] = []
            last = before
            while last < after:
                gap, piece = self._piece(pieces[last], last, before)
                if last > first and len(ids) + len(gap) + len(piece) > self.reading.length:
                    break
                ids += gap
                if last >= first and last in asked:
                    spans.append((len(ids), len(ids) + max(1, len(piece) - 1)))
                ids += piece
                last += 1
            yield Window(np.array(ids, np.int32), np.zeros(len(ids), np.int32), spans)
            first = next((i for i in range(last, after) if i in asked), after)

    def _piece(self, tokens: list[int], position: int, before: int) -> tuple[list[int], list[int]]:
        """What stands before a sentence, and the sentence with its mark; who takes the floor is named there."""
        sentence = self.sentences[position]
        if position == before:
            return [], [*tokens, self.end]
        previous = self.sentences[position - 1]
        if self.reading.source and sentence.speaker and sentence.speaker != previous.speaker:
            text = floor(self.document, sentence.speaker) + ":"
            tokens = [*self.tokenizer.encode(text, add_special_tokens=False).ids, *tokens]
        return [self.end] if sentence.paragraph != previous.paragraph else [], [*tokens, self.end]


def padded_length(window: Window) -> int:
    """Tokens of a window with its padding, where no other is longer."""
    return -(-len(window.ids) // STEP) * STEP


def pad(windows: Sequence[Window], pad_id: int) -> dict[str, np.ndarray]:
    """Pad windows to the longest of them, or some tokens more (`padded_length`).

    Returns:
        ``input_ids``, ``attention_mask`` and ``token_type_ids``, each int64 of shape (windows, tokens); ``pooling``,
            float32 of shape (windows, most sentences, tokens), whose rows average the tokens of a sentence.
    """
    shape = (len(windows), max(map(padded_length, windows)))
    most = max(len(w.spans) for w in windows)
    pooling = np.zeros((shape[0], most if most < 2 else -(-most // 4) * 4, shape[1]), dtype=np.float32)
    arrays: dict[str, np.ndarray] = {
        "pooling": pooling,
        "input_ids": np.full(shape, pad_id, dtype=np.int64),
        "attention_mask": np.zeros(shape, dtype=np.int64),
        "token_type_ids": np.zeros(shape, dtype=np.int64),
    }
    for row, window in enumerate(windows):
        arrays["input_ids"][row, : len(window.ids)] = window.ids
        arrays["attention_mask"][row, : len(window.ids)] = 1
        arrays["token_type_ids"][row, : len(window.ids)] = window.types
        for i, (start, end) in enumerate(window.spans):
            pooling[row, i, start:end] = 1 / (end - start)
    return arrays
