"""Export: an ONNX graph whose weights stay in the checkpoint's safetensors file, so that they are kept once.

ONNX lets a tensor live in an external file at an offset; a safetensors file holds each tensor as plain bytes at an
offset. The graph therefore points into ``model.safetensors`` and is itself a few hundred kilobytes.
"""

from __future__ import annotations

import json
import logging
import struct
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import torch

from stance.classifier.decision import ScoringSettings
from stance.classifier.network import FirstTokenClassifier, SentenceClassifier
from stance.errors import StanceError
from stance.model_input import DocumentWindow

logger = logging.getLogger(__name__)

_ONNX_TYPES = {"F16": 10, "F32": 1, "BF16": 16}
_BYTES = {"F16": 2, "F32": 4, "BF16": 2}


def save_checkpoint(model: Any, folder: Path) -> None:
    """Write a Hugging Face checkpoint with half-precision weights that loads in single precision."""
    from safetensors.torch import save_file

    folder.mkdir(parents=True, exist_ok=True)
    weights = {
        k: v.detach().to(torch.float16).contiguous() for k, v in model.state_dict().items() if v.is_floating_point()
    }
    save_file(weights, str(folder / "model.safetensors"), metadata={"format": "pt"})
    config = model.config.to_dict()
    config["architectures"] = [type(model).__name__]
    for key in ("_name_or_path", "torch_dtype", "transformers.js_config", "gradient_checkpointing"):
        config.pop(key, None)
    config["dtype"] = "float32"
    (folder / "config.json").write_text(json.dumps(config, indent=2, sort_keys=True) + "\n", encoding="utf-8")


def export_onnx(folder: Path) -> Path:
    """Write ``model.onnx`` beside a checkpoint and check that it gives the checkpoint's own logits.

    The graph of a model that reads windows is that of `stance.classifier.network.SentenceClassifier`, with logits by
    sentence; of one that reads a sentence with its context, that of `FirstTokenClassifier` there.

    Args:
        folder: a checkpoint with ``model.safetensors`` and ``scoring.json``.

    Returns:
        the path of the graph.

    Raises:
        StanceError: if its logits differ from torch's by more than 0.01.
    """
    import onnx
    import onnxruntime as ort
    from transformers import AutoModelForSequenceClassification

    model = AutoModelForSequenceClassification.from_pretrained(
        folder, dtype=torch.float32, attn_implementation="eager"
    ).eval()
    windows = isinstance(ScoringSettings.read(folder).reading, DocumentWindow)
    ids = torch.randint(5, min(1000, model.config.vocab_size), (3, 24), generator=torch.Generator().manual_seed(0))
    mask = torch.ones_like(ids)
    mask[1, 20:] = 0
    example = {
        "input_ids": ids,
        "attention_mask": mask,
        "pooling": torch.eye(24)[None, :2].repeat(3, 1, 1),
        "token_type_ids": torch.zeros_like(ids),
    }
    path = folder / "model.onnx"
    axes = {n: {0: "windows", 1: "tokens"} for n in example} | {"pooling": {0: "windows", 1: "sentences", 2: "tokens"}}
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")
        expected = model(ids, mask).logits.numpy()
        network = (SentenceClassifier if windows else FirstTokenClassifier)(model).eval()
        left = {n for n, read in (("pooling", windows), ("token_type_ids", network.uses_types)) if not read}
        names = [n for n in example if n not in left]
        torch.onnx.export(
            network, tuple(example[n] for n in names), str(path), input_names=names, output_names=["logits"],
            dynamo=False, do_constant_folding=False, opset_version=17, dynamic_axes={n: axes[n] for n in names},
        )  # fmt: skip
    graph = onnx.load(str(path))
    _point_into_safetensors(graph, folder / "model.safetensors")
    onnx.save(graph, str(path))
    session = ort.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    given = session.run(["logits"], {n: example[n].numpy() for n in names})[0]
    given = given[:, 0] if windows else given
    difference = float(np.abs(given - expected).max())
    if difference > 0.01:
        raise StanceError(f"{path}: its logits differ from the checkpoint's by {difference:.4f}")
    logger.info("%s: largest difference from torch %.6f", path, difference)
    return path


def _point_into_safetensors(model: Any, weights: Path) -> None:
    """Replace the graph's weights by references into a safetensors file, cast to single precision on use."""
    from onnx import helper

    with weights.open("rb") as file:
        (size,) = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(size))
    base = 8 + size
    graph = model.graph
    casts = []
    for tensor in graph.initializer:
        key = tensor.name.removeprefix("model.")
        entry = header.get(key)
        if entry is None:
            continue
        start, end = entry["data_offsets"]
        if list(tensor.dims) != entry["shape"] or end - start != int(np.prod(entry["shape"])) * _BYTES[entry["dtype"]]:
            raise StanceError(f"{weights}: {key} has another shape than in the graph")
        name = tensor.name
        tensor.Clear()
        tensor.name = f"{name}.stored"
        tensor.data_type = _ONNX_TYPES[entry["dtype"]]
        tensor.dims.extend(entry["shape"])
        tensor.data_location = 1  # external
        for k, v in (("location", weights.name), ("offset", str(base + start)), ("length", str(end - start))):
            item = tensor.external_data.add()
            item.key, item.value = k, v
        casts.append(helper.make_node("Cast", [tensor.name], [name], name=f"cast.{name}", to=1))
    nodes = list(graph.node)
    del graph.node[:]
    graph.node.extend(casts + nodes)
