"""Sentences a second of the scoring path and of what else could run the same weights, side by side.

All take turns on the same sentences, so that a busy machine slows all of them; figures are medians over the turns.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from benchmarks.agreement import agreement, cut_texts
from benchmarks.engines import engines, ready
from stance.annotation.standoff import Annotation
from stance.classifier.engines import Engine
from stance.classifier.evaluate import predict_labels
from stance.classifier.predict import Model
from stance.classifier.tokenization import Asked, Encoded, encode, encode_alone, tokens_alone
from stance.documents import Document
from stance.model_input import ContextWindow, clean, model_inputs
from stance.scoring.rows import to_arrow
from stance.scoring.stream import FIRST_SLICE, ahead, score_slice, slices
from stance.sentences import split_sentences

DEFAULTS, BATCHED = "transformers.pipeline, defaults", "transformers.pipeline, batch 32, sorted"
SCORER = "stance: documents to rows"


@dataclass(frozen=True)
class Portion:
    """Documents of one turn, and what the ways begin with.

    Attributes:
        documents: for the scorer.
        encoded: what the scorer's engine reads of them, for the bare engines.
        same: what the pipelines read, for labels that can be compared with theirs: the same as `encoded` where a model
            reads a sentence with its context, each sentence alone where it reads windows, which no pipeline does.
        texts: for the pipelines: ``text`` and, with context, ``text_pair``.
        lengths: sentences of each document in `same`; None where it holds each sentence alone.
    """

    documents: list[Document]
    encoded: Encoded
    same: Encoded
    texts: list[dict[str, str]]
    lengths: list[int] | None


Way = Callable[[Portion], Callable[[], Any]]
"""Makes ready what need not be timed, and gives back what is; that gives logits, or the scorer's rows."""


@dataclass
class Measured:
    """What the turns gave, by way.

    Attributes:
        rates: sentences a second, one figure a turn.
        labels: that pipelines and engines give where both read the same, in order.
        same_tokens: for each sentence whether the pipelines read the tokens that the engines read.
    """

    rates: dict[str, list[float]] = field(default_factory=dict)
    labels: dict[str, list[Annotation]] = field(default_factory=dict)
    same_tokens: list[bool] = field(default_factory=list)


def turns(documents: Sequence[Document], model: Model, sentences: int, size: int) -> list[Portion]:
    """Documents in portions of about `size` sentences, until there are so many sentences."""
    portions: list[Portion] = []
    waiting: list[Asked] = []
    held = done = 0
    for number, document in enumerate(documents, 1):
        split = split_sentences(document)
        waiting.append((document, split, range(len(split))))
        held += len(split)
        enough = done + held >= sentences
        if held and (held >= size or enough or number == len(documents)):
            portions.append(_portion(waiting, model))
            done += held
            waiting, held = [], 0
        if enough:
            break
    return portions


def _portion(items: Sequence[Asked], model: Model) -> Portion:
    reading, tokenizer = model.settings.reading, model.tokenizer
    documents, encoded = [d for d, _, _ in items], encode(tokenizer, items, reading)
    if isinstance(reading, ContextWindow):
        pairs = [pair for document, sentences, _ in items for pair in model_inputs(document, sentences, reading)]
        return Portion(
            documents, encoded, encoded, cut_texts(tokenizer, pairs, reading.max_length), [len(s) for _, s, _ in items]
        )
    texts = [clean(s.text) for _, sentences, _ in items for s in sentences]
    return Portion(documents, encoded, encode_alone(tokenizer, texts, reading), [{"text": t} for t in texts], None)


def measure(model: Model, portions: Sequence[Portion], budget: float) -> Measured:
    """Let all take turns on the portions, until they are through or the time in seconds is."""
    pipe, measured = load_pipeline(model), engines(model)
    ways: dict[str, Way] = {
        DEFAULTS: partial(_pipeline, model, pipe, None),
        BATCHED: partial(_pipeline, model, pipe, 32),
        **{name: partial(_engine, engine) for name, engine in measured.items()},
        SCORER: partial(_scorer, model),
    }
    for way in ways.values():
        way(portions[0])()
    found = Measured({k: [] for k in ways}, {k: [] for k in ways if k != SCORER})
    ends = time.monotonic() + budget
    for portion in portions:
        for name, way in ways.items():
            run = way(portion)
            started = time.perf_counter()
            output = run()
            found.rates[name].append(len(portion.texts) / (time.perf_counter() - started))
            if name in (DEFAULTS, BATCHED):
                found.labels[name] += predict_labels(output, model.codebook, model.settings, portion.lengths)
        for name, engine in measured.items():
            logits = ready(engine, portion.same)()
            found.labels[name] += predict_labels(logits, model.codebook, model.settings, portion.lengths)
        found.same_tokens += same_tokens(pipe.tokenizer, portion)
        if time.monotonic() > ends:
            break
    return found


def load_pipeline(model: Model) -> Any:
    """The pipeline of transformers over the model's weights; it gives logits, which are read as the scorer's are."""
    from transformers import pipeline

    folder, task = str(model.folder), "text-classification"
    return pipeline(task, model=folder, tokenizer=folder, top_k=None, function_to_apply="none")  # type: ignore[call-overload]


def same_tokens(tokenizer: Any, portion: Portion) -> list[bool]:
    """For each sentence, whether the pipelines' tokenizer reads the tokens that the engines read."""
    read = [tokenizer(**t)["input_ids"] for t in portion.texts]
    return [given == window.ids.tolist() for given, window in zip(read, portion.same.windows, strict=True)]


def _pipeline(model: Model, pipe: Any, batch: int | None, portion: Portion) -> Callable[[], np.ndarray]:
    outputs, length = model.codebook.outputs, tokens_alone(model.settings.reading)
    more = {"batch_size": batch} if batch else {}

    def run() -> np.ndarray:
        texts = portion.texts
        order = sorted(range(len(texts)), key=lambda i: sum(map(len, texts[i].values())) if batch else i)
        said = pipe([texts[i] for i in order], truncation=True, max_length=length, **more)
        values = np.zeros((len(texts), len(outputs)), dtype=np.float32)
        for i, labels in zip(order, said, strict=True):
            scores = {x["label"]: x["score"] for x in labels}
            values[i] = [scores[o] for o in outputs]
        return values

    return run


def _engine(engine: Engine, portion: Portion) -> Callable[[], np.ndarray]:
    return ready(engine, portion.encoded)


def _scorer(model: Model, portion: Portion) -> Callable[[], pa.Table]:
    def run() -> pa.Table:
        parts = ahead(slices(portion.documents, model, FIRST_SLICE))
        return pa.concat_tables([to_arrow(score_slice(p, model), model) for p in parts])

    return run


def speed_table(found: Measured) -> pd.DataFrame:
    """One row a way: sentences a second, and times the two pipelines."""
    rates = {k: np.array(v) for k, v in found.rates.items()}
    table = pd.DataFrame({"sentences/s": {k: float(np.median(v)) for k, v in rates.items()}})
    for column, base in (("× defaults", DEFAULTS), ("× batch 32", BATCHED)):
        table[column] = {k: float(np.median(v / rates[base])) for k, v in rates.items()}
    return table


def agreement_table(found: Measured, base: str = DEFAULTS) -> pd.DataFrame:
    """One row a way: share of sentences with the labels of a pipeline, of those with the same tokens."""

    def compared(name: str) -> list[Annotation]:
        return [a for a, same in zip(found.labels[name], found.same_tokens, strict=True) if same]

    return pd.DataFrame({k: agreement(compared(k), compared(base)) for k in found.labels if k != base}).T
