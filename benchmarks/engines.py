"""Every engine and precision that is measured, and how tokenized sentences are run through one."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import openvino

from benchmarks.int8 import openvino_int8, write_onnx_int8
from stance.classifier.engines import Engine, available_cores, load_engine, openvino_engine
from stance.classifier.predict import Encoded, Model
from stance.classifier.tokenization import pad

BATCH = 16


def reference(model: Model) -> Engine:
    """The engine that others are compared with: OpenVINO in single precision."""
    return load_engine(model.folder, engine="openvino", precision="f32")


def engines(model: Model) -> dict[str, Engine]:
    """All engines by their names, that of `reference` and that of the scorer (``model.engine``) among them."""
    version = openvino.__version__.split("-")[0]
    graph = openvino_int8(model.folder / "model.onnx")
    eight_bit = openvino_engine(graph, available_cores(), "bf16", openvino.Core())
    found = [
        load_engine(model.folder, engine="onnxruntime"),
        onnx_int8(model.folder),
        reference(model),
        load_engine(model.folder, engine="openvino", precision="bf16"),
        replace(eight_bit, name=f"openvino {version} int8 weights, bf16"),
    ]
    return {e.name: e for e in found}


def onnx_int8(folder: Path) -> Engine:
    """ONNX Runtime with a dynamically quantized graph."""
    with tempfile.TemporaryDirectory() as quantized:
        write_onnx_int8(folder / "model.onnx", Path(quantized) / "model.onnx")
        engine = load_engine(Path(quantized), engine="onnxruntime")
    return replace(engine, name=engine.name.replace("f32", "int8"))


def ready(engine: Engine, encoded: Encoded) -> Callable[[], np.ndarray]:
    """Make the tensors, longest sentences first.

    Returns:
        what runs the engine on them and gives the logits, one row a sentence in the order of `encoded`.
    """
    order = np.argsort([-len(i) for i in encoded.ids], kind="stable")
    rows = [order[i : i + BATCH] for i in range(0, len(order), BATCH)]
    arrays = [pad([encoded.ids[i] for i in r], [encoded.types[i] for i in r], 0) for r in rows]
    feeds = [{k: a[k] for k in engine.inputs} for a in arrays]
    back = np.argsort(order, kind="stable")
    return lambda: np.concatenate(engine.run(feeds))[back]
