"""From pairs of segments to token ids, the same for training and for scoring."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from tokenizers import Encoding, Tokenizer

from stance.errors import StanceError


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
    single = max_length - tokenizer.num_special_tokens_to_add(False)
    double = max_length - tokenizer.num_special_tokens_to_add(True)
    encoded = []
    for sentence, context in zip(sentences, contexts, strict=True):
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


def pad(ids: Sequence[np.ndarray], types: Sequence[np.ndarray], pad_id: int) -> dict[str, np.ndarray]:
    """Pad token ids and their segments to the longest of them.

    Returns:
        ``input_ids``, ``attention_mask`` and ``token_type_ids``, each int64 of shape (batch, longest).
    """
    shape = (len(ids), max(map(len, ids)))
    arrays = {
        "input_ids": np.full(shape, pad_id, dtype=np.int64),
        "attention_mask": np.zeros(shape, dtype=np.int64),
        "token_type_ids": np.zeros(shape, dtype=np.int64),
    }
    for row, (tokens, segments) in enumerate(zip(ids, types, strict=True)):
        arrays["input_ids"][row, : len(tokens)] = tokens
        arrays["attention_mask"][row, : len(tokens)] = 1
        arrays["token_type_ids"][row, : len(tokens)] = segments
    return arrays
