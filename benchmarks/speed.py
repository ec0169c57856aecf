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
from stance.classifier.predict import Encoded, Model
from stance.classifier.tokenization import load_tokenizer
from stance.documents import Document
from stance.model_input import model_inputs
from stance.scoring.rows import to_arrow
from stance.scoring.stream import ahead, score_slice, slices
from stance.sentences import split_sentences

DEFAULTS, BATCHED = "transformers.pipeline, defaults", "transformers.pipeline, batch 32, sorted"
SCORER = "stance: documents to rows"


@dataclass(frozen=True)
class Portion:
    """Documents of one turn, and what the ways begin with.

    Attributes:
        documents: for the scorer.
        encoded: for the bare engines, one input a sentence.
        texts: for the pipelines, from `benchmarks.agreement.cut_texts`.
    """

    documents: list[Document]
    encoded: Encoded
    texts: list[dict[str, str]]


Output = np.ndarray | pa.Table
"""Logits, one row a sentence; or the scorer's rows."""
Way = Callable[[Portion], Callable[[], Output]]
"""Makes ready what need not be timed, and gives back what is."""


@dataclass
class Measured:
    """What the turns gave, by way.

    Attributes:
        rates: sentences a second, one figure a turn.
        labels: of all sentences, in order.
        same_tokens: for each sentence whether the pipelines read the tokens that the scorer reads.
    """

    rates: dict[str, list[float]] = field(default_factory=dict)
    labels: dict[str, list[Annotation]] = field(default_factory=dict)
    same_tokens: list[bool] = field(default_factory=list)


def turns(documents: Sequence[Document], model: Model, sentences: int, size: int) -> list[Portion]:
    """Documents in portions of about `size` sentences, until there are so many sentences."""
    tokenizer, window = load_tokenizer(model.folder), model.settings.window
    portions: list[Portion] = []
    waiting: list[Document] = []
    pairs: list[tuple[str, str]] = []
    for number, document in enumerate(documents, 1):
        waiting.append(document)
        pairs += model_inputs(document, split_sentences(document), window)
        enough = sum(len(p.texts) for p in portions) + len(pairs) >= sentences
        if pairs and (len(pairs) >= size or enough or number == len(documents)):
            portions.append(Portion(waiting, model.encode(pairs), cut_texts(tokenizer, pairs, window.max_length)))
            waiting, pairs = [], []
        if enough:
            break
    return portions


def measure(model: Model, portions: Sequence[Portion], budget: float) -> Measured:
    """Let all take turns on the portions, until they are through or the time in seconds is."""
    pipe = load_pipeline(model)
    ways: dict[str, Way] = {
        DEFAULTS: partial(_pipeline, model, pipe, None),
        BATCHED: partial(_pipeline, model, pipe, 32),
        **{name: partial(_engine, engine) for name, engine in engines(model).items()},
        SCORER: partial(_scorer, model),
    }
    for way in ways.values():
        way(portions[0])()
    found = Measured({k: [] for k in ways}, {k: [] for k in ways})
    ends = time.monotonic() + budget
    for portion in portions:
        for name, way in ways.items():
            run = way(portion)
            started = time.perf_counter()
            output = run()
            found.rates[name].append(len(portion.texts) / (time.perf_counter() - started))
            found.labels[name] += _labels(output, model)
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
    """For each sentence, whether the pipelines' tokenizer reads the tokens that the scorer reads."""
    read = [tokenizer(**t)["input_ids"] for t in portion.texts]
    return [given == ids.tolist() for given, ids in zip(read, portion.encoded.ids, strict=True)]


def _pipeline(model: Model, pipe: Any, batch: int | None, portion: Portion) -> Callable[[], np.ndarray]:
    outputs, length = model.codebook.outputs, model.settings.window.max_length
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
        parts = ahead(slices(portion.documents, model))
        return pa.concat_tables([to_arrow(score_slice(p, model, 16), model) for p in parts])

    return run


def _labels(output: Output, model: Model) -> list[Annotation]:
    if isinstance(output, np.ndarray):
        return predict_labels(output, model.codebook, model.settings)
    return [
        Annotation("", i, 0, 0, tuple(row["issue"]), row["stance"], row["holder"], tuple(row["frame"]))
        for i, row in enumerate(output.select(["issue", "stance", "holder", "frame"]).to_pylist())
    ]


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
