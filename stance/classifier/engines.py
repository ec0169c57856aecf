"""What runs the network: OpenVINO where it can be had, else ONNX Runtime.

`make bench` measures them side by side: OpenVINO in bfloat16 is the fastest whose labels stay those of single
precision. Processors without bfloat16 run it in single precision.
"""

from __future__ import annotations

import logging
import math
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from stance.errors import StanceError

logger = logging.getLogger(__name__)

ENGINES = ("openvino", "onnxruntime")
KEPT_SHAPES = 64
"""Shapes of batches for which OpenVINO keeps what it prepared; with its own 5,000, memory grows with an archive."""
PRECISIONS = ("bf16", "f32")
CGROUPS = Path("/sys/fs/cgroup")
"""Where Linux tells a container's quota."""

Batch = dict[str, np.ndarray]


@dataclass(frozen=True)
class Engine:
    """A network that is ready to run.

    Attributes:
        name: what runs it, with version and precision; it stands in the metadata of tables, and shards are scored
            again where it differs, for logits differ in their last digits between engines.
        inputs: names of its inputs.
        outputs: number of its outputs.
        run: from batches, arrays by name as `stance.classifier.tokenization.pad` makes them, to their logits, float32
            of shape (windows, sentences, outputs), in the same order.
    """

    name: str
    inputs: tuple[str, ...]
    outputs: int
    run: Callable[[Sequence[Batch]], list[np.ndarray]]


def require_known(engine: str | None, precision: str | None) -> None:
    """Refuse an engine or a precision that there is not.

    Raises:
        StanceError: naming those that there are.
    """
    for what, name, known in (("engine", engine, ENGINES), ("precision", precision, PRECISIONS)):
        if name is not None and name not in known:
            raise StanceError(f"{name!r}: there is no such {what}. Give one of {', '.join(known)}, or none")


def load_engine(
    folder: Path, threads: int | None = None, engine: str | None = None, precision: str | None = None
) -> Engine:
    """Load a model's graph.

    Args:
        folder: the model's folder, with ``model.onnx``.
        threads: None for one a core that this process may use.
        engine: one of `ENGINES`; None for the first that works here.
        precision: one of `PRECISIONS`, for OpenVINO; None for bfloat16 where the processor has it.

    Raises:
        StanceError: if the graph cannot be read, or there is no such engine or precision.
    """
    require_known(engine, precision)
    threads = threads or available_cores()
    if engine in (None, "openvino"):
        try:
            return _openvino(folder / "model.onnx", threads, precision)
        except (ImportError, RuntimeError) as error:
            if engine:
                raise StanceError(f"{folder}: OpenVINO cannot run it ({error})") from error
            logger.warning(
                "OpenVINO cannot be used (%s); ONNX Runtime is, which is slower. An archive that OpenVINO scored is "
                "scored again, for the engine is in its keys",
                error,
            )
    return _onnxruntime(folder / "model.onnx", threads)


def _openvino(path: Path, threads: int, precision: str | None) -> Engine:
    import openvino

    core = openvino.Core()
    if precision is None:
        precision = "bf16" if "BF16" in core.get_property("CPU", "OPTIMIZATION_CAPABILITIES") else "f32"
    return openvino_engine(str(path), threads, precision, core)


def openvino_engine(model: Any, threads: int, precision: str, core: Any) -> Engine:
    """Compile a graph, a path or a model in memory, for OpenVINO.

    There is one stream of batches a thread: threads that share a batch wait for the slowest of them, above all on a
    busy machine.
    """
    import openvino

    settings = {
        "INFERENCE_PRECISION_HINT": precision,
        "NUM_STREAMS": threads,
        "INFERENCE_NUM_THREADS": threads,
        "CPU_RUNTIME_CACHE_CAPACITY": KEPT_SHAPES,
    }
    compiled = core.compile_model(model, "CPU", settings)
    requests = openvino.AsyncInferQueue(compiled, threads)

    def run(batches: Sequence[Batch]) -> list[np.ndarray]:
        logits: list[np.ndarray] = [np.empty(0)] * len(batches)

        def keep(request: Any, number: int) -> None:
            logits[number] = _by_sentence(np.array(request.get_output_tensor(0).data, dtype=np.float32))

        requests.set_callback(keep)
        for number, arrays in enumerate(batches):
            requests.start_async(arrays, number, share_inputs=True)
        requests.wait_all()
        return logits

    version = openvino.__version__.split("-")[0]
    inputs = tuple(i.get_any_name() for i in compiled.inputs)
    width = compiled.outputs[0].get_partial_shape()[-1].get_length()
    return Engine(f"openvino {version} {precision}", inputs, width, run)


def _onnxruntime(path: Path, threads: int) -> Engine:
    import onnxruntime as ort

    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 3
    try:
        session = ort.InferenceSession(str(path), sess_options=options, providers=["CPUExecutionProvider"])
    except Exception as error:  # ONNX Runtime raises many kinds
        raise StanceError(f"{path}: the graph cannot be read ({error}). Export it again") from error

    def run(batches: Sequence[Batch]) -> list[np.ndarray]:
        return [_by_sentence(session.run(["logits"], arrays)[0]) for arrays in batches]

    inputs = tuple(i.name for i in session.get_inputs())
    return Engine(f"onnxruntime {ort.__version__} f32", inputs, session.get_outputs()[0].shape[-1], run)


def _by_sentence(logits: np.ndarray) -> np.ndarray:
    """Logits by sentence; graphs of models that read a single one at once may have no dimension for it."""
    return logits if logits.ndim == 3 else logits[:, None]


def available_cores() -> int:
    """Cores that this process may use: those of its affinity, or what its container's quota gives if that is less."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(cores, _quota_cores() or cores))


def _quota_cores() -> int | None:
    """Cores of the container's processor quota, rounded up; None where there is no quota."""
    try:
        if (CGROUPS / "cpu.max").is_file():  # version 2: "200000 100000", or "max 100000"
            quota, period = map(int, (CGROUPS / "cpu.max").read_text().split())
        else:
            quota = int((CGROUPS / "cpu" / "cpu.cfs_quota_us").read_text())
            period = int((CGROUPS / "cpu" / "cpu.cfs_period_us").read_text())
    except (OSError, ValueError):
        return None
    return math.ceil(quota / period) if quota > 0 and period > 0 else None
