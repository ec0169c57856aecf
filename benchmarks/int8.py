"""Eight-bit weights for both engines, to measure what they would bring; not part of the product."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np


def write_onnx_int8(path: Path, quantized: Path) -> None:
    """Quantize a graph dynamically: int8 weights, one scale a column; activations are quantized while it runs.

    Args:
        path: the graph. Its weights are half-precision, cast and transposed on use; that is done once here, for only
            constants are quantized.
        quantized: the file to write.
    """
    import onnxruntime
    from onnxruntime.quantization import QuantType, quantize_dynamic

    with tempfile.TemporaryDirectory() as folder:
        options = onnxruntime.SessionOptions()
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
        options.optimized_model_filepath = str(Path(folder) / "constant.onnx")
        options.log_severity_level = 3
        onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        quantize_dynamic(
            options.optimized_model_filepath,
            str(quantized),
            op_types_to_quantize=["MatMul"],
            per_channel=True,
            weight_type=QuantType.QInt8,
            extra_options={"MatMulConstBOnly": True},
        )


def openvino_int8(path: Path) -> Any:
    """Read a graph for OpenVINO and put int8 matrices, one scale a row, in the place of its large ones.

    The processor plugin then quantizes activations on the fly (dynamic quantization).
    """
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
