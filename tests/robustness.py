"""Probes of robustness, after CheckList (Ribeiro et al. 2020): what should leave the labels alone, and what should not.

All sentences are invented. ``python -m tests.robustness`` measures the shipped model and writes the rates beside its
other evaluations; `tests.test_robustness` holds them to the floors below. The floors follow from the idea of each
probe, not from what a model reaches:

- what cleaning removes before the model reads (soft hyphens) must change nothing;
- names, dates, places, capitals and quotation marks carry no label: one sentence in ten may change, for thresholds
  have two sides;
- a paraphrase or a sentence with one letter in forty misread may be read otherwise by a careful coder, too: three
  in ten and one in four;
- the holder follows the side that is named nine times in ten;
- of what is no diplomacy seven in ten have no issue and no stance, and the probability of the main issue is not more
  than 0.25 above the share that is right.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import yaml

from stance.classifier.decision import main_probabilities
from stance.classifier.evaluate import predict_labels
from stance.classifier.predict import Model
from stance.documents.document import Document
from stance.model_input import model_inputs
from stance.sentences import Sentence

PROBES = yaml.safe_load((Path(__file__).parent / "robustness.yaml").read_text(encoding="utf-8"))
PLAIN: dict[str, str] = PROBES["plain"]
SWAPS: dict[str, list[dict[str, str]]] = PROBES["swaps"]
SIDES: dict[str, list[str]] = PROBES["sides"]
SENTENCES: list[tuple[str, str]] = [(source, t) for source, texts in PROBES["sentences"].items() for t in texts]
PARAPHRASES: list[tuple[str, str, str]] = [
    (source, *p) for source, pairs in PROBES["paraphrases"].items() for p in pairs
]


@dataclass(frozen=True)
class Reading:
    """What the model says of sentences: labels, and the probability of each main issue."""

    stance: list[str]
    issue: list[str]
    holder: list[str]
    p_issue: np.ndarray


def read(model: Model, sentences: Sequence[tuple[str, str]]) -> Reading:
    """Label sentences, each given as (source, text) and read as a document of its own without a title."""
    pairs = []
    for source, text in sentences:
        pairs += model_inputs(
            Document("probe", text, source), [Sentence(0, 0, len(text), text, 0)], model.settings.window
        )
    logits = model.predict(pairs).values
    labels = predict_labels(logits, model.codebook, model.settings)
    p = main_probabilities(logits, model.codebook, model.settings).max(axis=1)
    return Reading([a.stance for a in labels], [a.issue[0] for a in labels], [a.holder for a in labels], p)


def misread(text: str) -> str:
    """Make about one letter in forty what a bad scan makes of it, never the same way twice in a row."""
    pairs = {"l": "1", "o": "0", "e": "c", "i": "l", "h": "b", "S": "5", "a": "o", "t": "f", "n": "u"}
    chance = random.Random(len(text))
    return "".join(pairs[c] if c in pairs and chance.random() < 0.04 else c for c in text)


def soft_hyphens(text: str) -> str:
    """Put a soft hyphen into every word of six letters or more."""
    return " ".join(f"{w[:3]}\u00ad{w[3:]}" if len(w) >= 6 else w for w in text.split())


def smart_quotes(text: str) -> str:
    """Put the sentence into typographic quotation marks, and make its apostrophes typographic."""
    return "“" + text.replace("'", "’") + "”"


CHANGES: dict[str, tuple[Callable[[str], str], float]] = {
    "capitals": (str.upper, 0.9),
    "misread letters": (misread, 0.75),
    "soft hyphens": (soft_hyphens, 1.0),
    "quotation marks": (smart_quotes, 0.9),
}
"""What is done to the text, and the least share of labels that stay."""


def measure(model: Model) -> pd.DataFrame:
    """All rates: ``probe``, ``measure``, ``n``, ``rate``, ``floor``."""
    rows: list[tuple[str, str, int, float, float]] = []

    def stays(probe: str, before: Reading, after: Reading, floor: float) -> None:
        for name in ("stance", "issue"):
            same = [a == b for a, b in zip(getattr(before, name), getattr(after, name), strict=True)]
            rows.append((probe, f"{name} stays", len(same), float(np.mean(same)), floor))

    plain = [(source, text.format(**PLAIN)) for source, text in SENTENCES]
    for probe, swaps in SWAPS.items():
        touched = [(s, t) for s, t in SENTENCES if any("{" + k + "}" in t for k in swaps[0])]
        one = [(s, t.format(**PLAIN)) for s, t in touched for _ in swaps]
        two = [(s, t.format(**(PLAIN | swap))) for s, t in touched for swap in swaps]
        stays(f"other {probe}", read(model, one), read(model, two), 0.9)
    known = read(model, plain)
    for probe, (change, floor) in CHANGES.items():
        stays(probe, known, read(model, [(s, change(t)) for s, t in plain]), floor)
    first, second = (read(model, [(p[0], p[k]) for p in PARAPHRASES]) for k in (1, 2))
    stays("paraphrase", first, second, 0.7)
    expected = [(side, name, t) for side, names in SIDES.items() for name in names for t in PROBES["holders"]]
    named = read(model, [("other", t.format(side=name)) for _, name, t in expected])
    moved = [h == side for h, (side, _, _) in zip(named.holder, expected, strict=True)]
    rows.append(("other side named", "holder follows", len(moved), float(np.mean(moved)), 0.9))
    strange = read(model, [("other", t) for t in PROBES["elsewhere"]])
    none, neutral = (np.mean([x == y for x in z]) for z, y in ((strange.issue, "none"), (strange.stance, "neutral")))
    rows.append(("recipes, sport, manuals", "issue is none", len(strange.issue), float(none), 0.7))
    rows.append(("recipes, sport, manuals", "stance is neutral", len(strange.issue), float(neutral), 0.7))
    honesty = float(1 - max(0.0, strange.p_issue.mean() - none))
    rows.append(("recipes, sport, manuals", "1 less overconfidence in the issue", len(strange.issue), honesty, 0.75))
    return pd.DataFrame(rows, columns=["probe", "measure", "n", "rate", "floor"])


if __name__ == "__main__":
    measured = Model(*sys.argv[1:2])
    table = measure(measured)
    table.to_csv(measured.folder / "evaluation" / "robustness.csv", index=False, float_format="%.4f")
    print(table.round(3).to_string(index=False))
