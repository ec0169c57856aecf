"""Sentences a second of the scoring path and of what else could run the same weights, side by side.

All take turns on the same sentences, so that a busy machine slows all of them; figures are medians over the turns.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.int8 import int8_model
from stance.classifier.engines import Engine, load_engine
from stance.classifier.evaluate import predict_labels
from stance.classifier.predict import Encoded, Model
from stance.classifier.tokenization import pad
from stance.documents import Document
from stance.model_input import model_inputs
from stance.scoring.rows import to_arrow
from stance.scoring.stream import ahead, score_slice, slices
from stance.sentences import split_sentences

Pairs = list[tuple[str, str]]
Way = Callable[[list[Document], Pairs, Encoded], np.ndarray | None]
BASE, BATCHED, REFERENCE = "transformers.pipeline, defaults", "transformers.pipeline, batch 32, sorted", "OpenVINO f32"
SCORER, BARE = "stance: documents to rows", "the same engine, ready tensors"


def turns(documents: Sequence[Document], model: Model, sentences: int, size: int) -> list[tuple[list[Document], Pairs]]:
    """Documents in portions of about `size` sentences, with their inputs."""
    portions: list[tuple[list[Document], Pairs]] = [([], [])]
    total = 0
    for document in documents:
        found = split_sentences(document)
        portions[-1][0].append(document)
        portions[-1][1].extend(model_inputs(document, found, model.settings.window))
        total += len(found)
        if total >= sentences:
            break
        if len(portions[-1][1]) >= size:
            portions.append(([], []))
    return [p for p in portions if p[1]]


def ways(model: Model) -> dict[str, Way]:
    """Everything that is measured, by name."""
    found: dict[str, Way] = {BASE: _pipeline(model, None), BATCHED: _pipeline(model, 32)}
    for engine, precision, name in (
        ("onnxruntime", None, "ONNX Runtime f32"),
        ("openvino", "f32", REFERENCE),
        ("openvino", "bf16", "OpenVINO bf16"),
    ):
        found[name] = _engine(model, load_engine(model.folder, engine=engine, precision=precision))
    found["OpenVINO int8 weights, bf16"] = _engine(model, _int8(model.folder))
    found[BARE] = _ready(model)
    found[SCORER] = _scorer(model)
    return found


def _pipeline(model: Model, batch: int | None) -> Way:
    from transformers import pipeline

    given: Any = pipeline(
        "text-classification",
        model=str(model.folder),
        tokenizer=str(model.folder),
        top_k=None,
        function_to_apply="none",
    )
    outputs = model.codebook.outputs

    def run(_: list[Document], pairs: Pairs, __: Encoded) -> np.ndarray:
        inputs = [{"text": s, "text_pair": c} for s, c in pairs]
        order = sorted(range(len(pairs)), key=lambda i: sum(map(len, pairs[i]))) if batch else list(range(len(pairs)))
        more = {"batch_size": batch} if batch else {}
        said = given([inputs[i] for i in order], truncation=True, max_length=model.settings.window.max_length, **more)
        values = np.zeros((len(pairs), len(outputs)), dtype=np.float32)
        for i, labels in zip(order, said, strict=True):
            scores = {x["label"]: x["score"] for x in labels}
            values[i] = [scores[o] for o in outputs]
        return values

    return run


def batches(
    encoded: Encoded, inputs: Sequence[str], size: int = 16
) -> tuple[list[np.ndarray], list[dict[str, np.ndarray]]]:
    """Rows and padded tensors, longest first."""
    order = np.argsort([-len(i) for i in encoded.ids], kind="stable")
    rows = [order[i : i + size] for i in range(0, len(order), size)]
    arrays = [pad([encoded.ids[i] for i in r], [encoded.types[i] for i in r], 0) for r in rows]
    return rows, [{k: a[k] for k in inputs} for a in arrays]


def _engine(model: Model, engine: Engine) -> Way:
    def run(_: list[Document], __: Pairs, encoded: Encoded) -> np.ndarray:
        rows, feeds = batches(encoded, engine.inputs)
        values = np.zeros((len(encoded.ids), engine.outputs), dtype=np.float32)
        for r, logits in zip(rows, engine.run(feeds), strict=True):
            values[r] = logits
        return values

    return run


def _int8(folder: Path) -> Engine:
    import openvino

    from stance.classifier.engines import available_cores, openvino_engine

    return openvino_engine(int8_model(folder / "model.onnx"), available_cores(), "bf16", openvino.Core())


def _ready(model: Model) -> Way:
    """The engine alone: tensors are made before the clock starts."""
    engine = load_engine(model.folder)
    made: dict[int, list[dict[str, np.ndarray]]] = {}

    def run(_: list[Document], __: Pairs, encoded: Encoded) -> None:
        if id(encoded) not in made:
            made[id(encoded)] = batches(encoded, engine.inputs)[1]
            raise LookupError  # the caller starts the clock again
        engine.run(made.pop(id(encoded)))

    return run


def _scorer(model: Model) -> Way:
    def run(documents: list[Document], _: Pairs, __: Encoded) -> None:
        for part in ahead(slices(documents, model)):
            to_arrow(score_slice(part, model, 16), model)

    return run


def measure(model: Model, portions: list[tuple[list[Document], Pairs]], budget: float) -> tuple[pd.DataFrame, int]:
    """Let all take turns on the portions, until they are through or the time is.

    Returns:
        one row a way: sentences a second, times the two pipelines, label agreement with single precision (main issue,
        stance, holder, issue set, frame set); and the number of sentences.
    """
    everything = ways(model)
    rates: dict[str, list[float]] = {k: [] for k in everything}
    labels: dict[str, list[Any]] = {k: [] for k in everything}
    warm = model.encode(portions[0][1][:32])
    for name, way in everything.items():
        if name not in (SCORER, BARE):
            way([], portions[0][1][:32], warm)
    started, sentences = time.monotonic(), 0
    for documents, pairs in portions:
        encoded = model.encode(pairs)
        for name, way in everything.items():
            values, seconds = _timed(way, documents, pairs, encoded)
            rates[name].append(len(pairs) / seconds)
            if values is not None:
                labels[name] += predict_labels(values, model.codebook, model.settings)
        sentences += len(pairs)
        if time.monotonic() - started > budget:
            break
    table = pd.DataFrame({"sentences/s": {k: float(np.median(v)) for k, v in rates.items()}})
    for column, base in (("× defaults", BASE), ("× batch 32", BATCHED)):
        table[column] = {k: float(np.median(np.array(v) / np.array(rates[base]))) for k, v in rates.items()}
    agree = {k: agreement(v, labels[REFERENCE]) for k, v in labels.items() if v}
    return table.join(pd.DataFrame(agree).T), sentences


def _timed(way: Way, documents: list[Document], pairs: Pairs, encoded: Encoded) -> tuple[np.ndarray | None, float]:
    for _ in range(2):
        started = time.perf_counter()
        try:
            values = way(documents, pairs, encoded)
            return values, time.perf_counter() - started
        except LookupError:
            continue
    raise RuntimeError("not reached")


def agreement(given: Sequence[Any], reference: Sequence[Any]) -> dict[str, float]:
    """Share of sentences whose label is that of the reference; sets count only where they are the same as a whole."""
    n = len(given)
    return {
        "main issue": sum(g.issue[0] == r.issue[0] for g, r in zip(given, reference, strict=True)) / n,
        "stance": sum(g.stance == r.stance for g, r in zip(given, reference, strict=True)) / n,
        "holder": sum(g.holder == r.holder for g, r in zip(given, reference, strict=True)) / n,
        "issues": sum(set(g.issue) == set(r.issue) for g, r in zip(given, reference, strict=True)) / n,
        "frames": sum(set(g.frame) == set(r.frame) for g, r in zip(given, reference, strict=True)) / n,
    }
