"""How often two ways of running a model give the same labels, and the same input for those that cut it otherwise."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from operator import itemgetter

from tokenizers import Encoding, Tokenizer

from stance.annotation.standoff import Annotation
from stance.classifier.tokenization import encode_pairs


def agreement(given: Sequence[Annotation], reference: Sequence[Annotation]) -> dict[str, float]:
    """Share of sentences whose label is that of the reference; sets count only where they are the same as a whole."""
    pairs, n = list(zip(given, reference, strict=True)), len(given)
    return {
        "main issue": sum(g.issue[0] == r.issue[0] for g, r in pairs) / n,
        "stance": sum(g.stance == r.stance for g, r in pairs) / n,
        "holder": sum(g.holder == r.holder for g, r in pairs) / n,
        "issues": sum(set(g.issue) == set(r.issue) for g, r in pairs) / n,
        "frames": sum(set(g.frame) == set(r.frame) for g, r in pairs) / n,
    }


def cut_texts(tokenizer: Tokenizer, pairs: Sequence[tuple[str, str]], max_length: int) -> list[dict[str, str]]:
    """Cut pairs as the scorer cuts them, but as text, for pipelines that would cut long ones in another way.

    Args:
        tokenizer: from `stance.classifier.tokenization.load_tokenizer`.
        pairs: (sentence, context).
        max_length: most tokens of both.

    Returns:
        ``text`` and, where the sentence leaves room for it, ``text_pair``. A text that was cut within a word begins
            with its rest, which may be read as other tokens.
    """
    encoded = encode_pairs(tokenizer, pairs, max_length)
    return [_cut_text(pair, encoding) for pair, (encoding, _) in zip(pairs, encoded, strict=True)]


def _cut_text(pair: tuple[str, str], encoding: Encoding) -> dict[str, str]:
    texts: dict[str, str] = {"text": ""}
    marked = zip(encoding.special_tokens_mask, encoding.offsets, strict=True)
    runs = [[span for _, span in run] for special, run in groupby(marked, key=itemgetter(0)) if not special]
    if runs:
        texts["text"] = pair[0][: runs[0][-1][1]]
    return {**texts, "text_pair": pair[1][runs[1][0][0] :]} if len(runs) > 1 else texts
