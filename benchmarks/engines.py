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
from stance.classifier.predict import Model, gather, make_batches
from stance.classifier.tokenization import Encoded, pad


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
    """Make the tensors, longest windows first.

    Returns:
        what runs the engine on them and gives the logits, one row a sentence in the order of `encoded`.
    """
    windows = encoded.windows
    batches = list(make_batches(windows))
    arrays = [pad([windows[i] for i in batch], 0) for batch in batches]
    feeds = [{k: a[k] for k in engine.inputs} for a in arrays]
    return lambda: gather(windows, batches, engine.run(feeds))
