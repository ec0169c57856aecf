"""Probes of robustness, after CheckList (Ribeiro et al. 2020): what should leave the labels alone, and what should not.

All sentences are invented, and labelled by the codebook. ``python -m tests.robustness [MODEL]`` measures a shipped
model and writes the rates beside its other evaluations; `tests.test_robustness` holds them to the floors below. The
floors follow from the idea of each probe, not from what a model reaches:

- the sentences are plain cases of the codebook: nine main issues and holders in ten are right, and four stances in
  five, whose borders are finer;
- what carries no label (names, dates, places, quotation marks, spelling, a dateline, a bullet, words that a PDF joins
  or splits) may change one sentence in ten, for thresholds have two sides;
- of sentences with one letter in forty misread, one in four may be read otherwise by a careful coder, too;
- so what is right of changed sentences is what is right of plain ones, times the share that stays: a reader that
  always says the same stays, but is not right;
- a paraphrase is a plain case of its own, with the labels of the first wording; three pairs in ten may differ;
- the holder follows the side that is named nine times in ten;
- of what is no diplomacy seven in ten have no issue and no stance, and the probability of the main issue is not more
  than 0.25 above the share that is right.

What a model cannot see, for cleaning or the tokenizer takes it away (`UNSEEN`), is no probe of the model; the tests
compare what it is given.
"""

from __future__ import annotations

import random
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import yaml

from stance.classifier.predict import Model, model_folder
from stance.classifier.tokenization import Asked
from stance.documents.document import Document
from stance.resources import DEFAULT_MODEL
from stance.sentences import Sentence


class Probe(NamedTuple):
    """A sentence, or two wordings of it, with the labels that it has by the codebook."""

    source: str
    holder: str
    stance: str
    issue: str
    text: str
    other_text: str = ""


PROBES = yaml.safe_load((Path(__file__).parent / "robustness.yaml").read_text(encoding="utf-8"))
PLAIN: dict[str, str] = PROBES["plain"]
SWAPS: dict[str, list[dict[str, str]]] = PROBES["swaps"]
SIDES: dict[str, list[str]] = PROBES["sides"]
TEMPLATES = [Probe(*row) for row in PROBES["sentences"]]
SENTENCES = [p._replace(text=p.text.format(**PLAIN)) for p in TEMPLATES]
PARAPHRASES = [Probe(*row) for row in PROBES["paraphrases"]]
ELSEWHERE: list[str] = [text for texts in PROBES["elsewhere"].values() for text in texts]
RIGHT = {"stance": 0.8, "issue": 0.9, "holder": 0.9}
"""Least share of plain sentences that is right."""


@dataclass(frozen=True)
class Reading:
    """What a model says of sentences: labels, and the probability of each main issue."""

    stance: np.ndarray
    issue: np.ndarray
    holder: np.ndarray
    p_issue: np.ndarray


Reader = Callable[[Sequence[tuple[str, str]]], Reading]
"""Labels sentences, each given as (source, text)."""
Rate = tuple[str, str, int, float, float]
"""Probe, measure, sentences, rate, floor."""


def inputs(sentences: Sequence[tuple[str, str]]) -> list[Asked]:
    """What a model is asked of sentences, each as (source, text) and a document of its own without a title."""
    return [(Document("probe", text, source), [Sentence(0, 0, len(text), text, 0)], [0]) for source, text in sentences]


def reader(model: Model) -> Reader:
    """Read with a model."""

    def read(sentences: Sequence[tuple[str, str]]) -> Reading:
        found = model.decide(inputs(sentences))
        columns = (found.stance, [issues[0] for issues in found.issue], found.holder)
        return Reading(*(np.array(c) for c in columns), found.main.max(axis=1))

    return read


def misread(text: str) -> str:
    """Make about one letter in forty what a bad scan makes of it, never the same way twice in a row."""
    pairs = {"l": "1", "o": "0", "e": "c", "i": "l", "h": "b", "S": "5", "a": "o", "t": "f", "n": "u"}
    chance = random.Random(len(text))
    return "".join(pairs[c] if c in pairs and chance.random() < 0.04 else c for c in text)


def joined(text: str) -> str:
    """Lose one space in eight, and at least one."""
    words = text.split(" ")
    lost = set(random.Random(len(text)).sample(range(1, len(words)), max(1, len(words) // 8)))
    return words[0] + "".join(("" if i in lost else " ") + w for i, w in enumerate(words[1:], 1))


def split_words(text: str) -> str:
    """Put a space into one word in eight, and at least one, among those of five letters or more."""
    words = text.split(" ")
    long = [i for i, w in enumerate(words) if len(w) >= 5]
    chosen = random.Random(len(text)).sample(long, min(len(long), max(1, len(words) // 8)))
    return " ".join(f"{w[: len(w) // 2]} {w[len(w) // 2 :]}" if i in chosen else w for i, w in enumerate(words))


def british(text: str) -> str:
    """Spell as in Britain."""
    for american, spelling in PROBES["spellings"].items():
        text = text.replace(american, spelling).replace(american.capitalize(), spelling.capitalize())
    return text


def call_us(name: str) -> Callable[[str], str]:
    """Call the United States by another of its names; "the" goes where it was, and before a bare "US"."""
    return lambda text: re.sub(r"\bUnited States\b|\bU\.S\.|\bUS\b", name, text)


def call_china(text: str) -> str:
    """Call China "the PRC", except in names of seas and policies."""
    return re.sub(r"(?<!South )(?<!East )(?<!one )\bChina\b(?!-US)", "the PRC", text)


def soft_hyphens(text: str) -> str:
    """Put a soft hyphen into every word of six letters or more."""
    return " ".join(f"{w[:3]}\u00ad{w[3:]}" if len(w) >= 6 else w for w in text.split())


UNSEEN: dict[str, Callable[[str], str]] = {
    "capitals": str.upper,
    "title case": lambda text: " ".join(w[:1].upper() + w[1:] for w in text.split(" ")),
    "soft hyphens": soft_hyphens,
    "spaces that do not break": lambda text: text.replace(" ", "\u00a0"),
    "spaces without width": lambda text: text.replace(" ", " \u200b"),
    "line breaks": lambda text: text.replace(" ", "\n"),
    "ligatures": lambda text: text.replace("fi", "ﬁ").replace("fl", "ﬂ"),
}
"""Changes that a model is not given."""
CHANGES: dict[str, tuple[Callable[[str], str], float]] = {
    "misread letters": (misread, 0.75),
    "words joined": (joined, 0.9),
    "words split": (split_words, 0.9),
    "curly quotation marks": (lambda text: "“" + text.replace("'", "’") + "”", 0.9),
    "no full stop": (lambda text: text.removesuffix("."), 0.9),
    "United States": (call_us("United States"), 0.9),
    "US": (call_us("US"), 0.9),
    "U.S.": (call_us("U.S."), 0.9),
    "PRC": (call_china, 0.9),
    "British spelling": (british, 0.9),
    "number in front": (lambda text: "2. " + text, 0.9),
    "bullet in front": (lambda text: "• " + text, 0.9),
    "dateline in front": (lambda text: "BEIJING, March 3 — " + text, 0.9),
}
"""What is done to the text, and the least share of labels that stay; measured where it does something."""


def variants() -> Iterator[tuple[str, list[int], list[str], float]]:
    """Changed sentences: name of the probe, numbers of the sentences that it touches, their new texts, floor."""
    for name, swaps in SWAPS.items():
        pairs = [(i, p.text.format(**(PLAIN | swap))) for swap in swaps for i, p in enumerate(TEMPLATES)]
        yield f"other {name}", *_touched(pairs), 0.9
    for name, (change, floor) in CHANGES.items():
        yield name, *_touched([(i, change(p.text)) for i, p in enumerate(SENTENCES)]), floor


def _touched(pairs: list[tuple[int, str]]) -> tuple[list[int], list[str]]:
    kept = [(i, text) for i, text in pairs if text != SENTENCES[i].text]
    return [i for i, _ in kept], [text for _, text in kept]


def measure(read: Reader) -> pd.DataFrame:
    """All rates: ``probe``, ``measure``, ``n``, ``rate``, ``floor``."""
    known = read([(p.source, p.text) for p in SENTENCES])
    rows = [_right("plain", name, known, SENTENCES) for name in RIGHT]
    for probe, touched, texts, floor in variants():
        expected = [SENTENCES[i] for i in touched]
        after = read([(p.source, text) for p, text in zip(expected, texts, strict=True)])
        for name in ("stance", "issue"):
            rows.append(_rate(probe, f"{name} stays", getattr(known, name)[touched] == getattr(after, name), floor))
            rows.append(_right(probe, name, after, expected, floor))
    return pd.DataFrame(
        [*rows, *_paraphrases(read), *_holders(read), *_elsewhere(read)],
        columns=["probe", "measure", "n", "rate", "floor"],
    )


def _paraphrases(read: Reader) -> Iterator[Rate]:
    first, second = (read([(p.source, text) for p, text in zip(PARAPHRASES, texts, strict=True)]) for texts in (
        [p.text for p in PARAPHRASES], [p.other_text for p in PARAPHRASES],
    ))  # fmt: skip
    for name in ("stance", "issue"):
        yield _rate("paraphrase", f"{name} stays", getattr(first, name) == getattr(second, name), 0.7)
        yield _right("paraphrase", name, second, PARAPHRASES)


def _holders(read: Reader) -> Iterator[Rate]:
    named = [(side, t.format(side=name)) for side, names in SIDES.items() for name in names for t in PROBES["holders"]]
    given = read([("other", text) for _, text in named]).holder
    yield _rate("other side named", "holder follows", given == np.array([side for side, _ in named]), 0.9)


def _elsewhere(read: Reader) -> Iterator[Rate]:
    strange = read([("other", text) for text in ELSEWHERE])
    yield _rate("other fields", "issue is none", none := strange.issue == "none", 0.7)
    yield _rate("other fields", "stance is neutral", strange.stance == "neutral", 0.7)
    honesty = float(1 - max(0.0, strange.p_issue.mean() - none.mean()))
    yield "other fields", "1 less overconfidence in the issue", len(none), honesty, 0.75


def _right(probe: str, name: str, given: Reading, expected: Sequence[Probe], stays: float = 1.0) -> Rate:
    right = np.array([getattr(p, name) for p in expected])
    return _rate(probe, f"{name} is right", getattr(given, name) == right, stays * RIGHT[name])


def _rate(probe: str, measured: str, hits: np.ndarray, floor: float) -> Rate:
    return probe, measured, len(hits), float(hits.mean()), floor


def main(name: str) -> None:
    """Measure a model, write the rates into its folder and print them."""
    model, folder = Model(name), model_folder(name)
    table = measure(reader(model))
    file = folder / "evaluation" / "robustness.csv"
    table.assign(model=model.identity).to_csv(file, index=False, float_format="%.4f")
    print(table.round(3).to_string(index=False))


if __name__ == "__main__":
    main(*(sys.argv[1:2] or [DEFAULT_MODEL]))
