"""Eight-bit weights for OpenVINO, to measure what they would bring; not part of the product.

Every matrix of a multiplication becomes int8 with one scale a row; the processor plugin then quantizes activations on
the fly (dynamic quantization).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np


def int8_model(path: Path) -> Any:
    """Read a graph and put int8 matrices in the place of its large ones."""
    import openvino
    from openvino import opset13 as ops

    model = openvino.Core().read_model(str(path))
    for node in model.get_ordered_ops():
        if node.get_type_name() != "MatMul":
            continue
        weight = _constant(node)
        if weight is None or weight.shape[0] < 256:  # the head stays as it is
            continue
        scale = np.abs(weight).max(axis=1, keepdims=True) / 127
        quantized = np.clip(np.round(weight / np.where(scale == 0, 1, scale)), -127, 127).astype(np.int8)
        small = ops.convert(ops.constant(np.ascontiguousarray(quantized)), "f32")
        product = ops.multiply(small, ops.constant(scale.astype(np.float32)))
        node.output(0).replace(ops.matmul(node.input_value(0), product, False, True).output(0))
    return model


def _constant(node: Any) -> np.ndarray | None:
    """The second factor as (outputs, inputs), if it is a constant."""
    transposed = node.get_attributes()["transpose_b"]
    source = node.input_value(1).get_node()
    while source.get_type_name() in ("Convert", "Transpose"):
        transposed ^= source.get_type_name() == "Transpose"
        source = source.input_value(0).get_node()
    if source.get_type_name() != "Constant":
        return None
    weight = np.asarray(source.get_data(), dtype=np.float32)
    return weight if transposed else weight.T
