"""A base-size checkpoint in a few tens of megabytes: quantised differences from its public encoder.

Fine-tuning moves an encoder's weights little, so that the differences bear far fewer bits than the weights (Liu et al.
2024, BitDelta, who keep one bit and one scale a matrix). Here a uniform mid-rise quantiser keeps a few bits of every
difference and one scale for `GROUP` of them. Matrices that moved less get fewer bits, so that all err alike (reverse
water-filling: Cover and Thomas 2006, theorem 10.3.3), and none where the encoder's own weights err no more. All that is
small or new (biases, norms, the head) is kept in half precision. The checkpoint is reconstructed on the user's machine,
from the encoder that the package registry has, and verified by hash.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import shutil
import tempfile
from collections.abc import Sequence
from filecmp import cmp
from pathlib import Path

import numpy as np
import safetensors
import safetensors.numpy
from filelock import FileLock

from stance.atomic_write import writable
from stance.classifier.encoders import CURE, cache_folder, file_sha256, find_encoder
from stance.errors import StanceError

logger = logging.getLogger(__name__)

WEIGHTS = "model.safetensors"
DELTA = "delta.safetensors"
GROUP = 64
"""Neighbours in a matrix's row that share a scale."""

Tensors = dict[str, np.ndarray]


def write_delta(folder: Path, encoder: str, bits: int) -> None:
    """Write ``delta.safetensors`` beside a checkpoint, and make the checkpoint what is reconstructed from it.

    Args:
        folder: of a checkpoint with half-precision weights; ``model.safetensors`` is replaced.
        encoder: name in ``configs/encoders.yaml`` of the encoder that it was trained from.
        bits: of a difference in the matrix that moved most, 2 to 8; a matrix that moved half as far has one less.
    """
    base = _encoder_weights(encoder)
    stored: Tensors = {}
    unchanged: list[str] = []
    whole: Tensors = safetensors.numpy.load_file(folder / WEIGHTS)
    moved = {}
    for name, tensor in whole.items():
        before = base.get(_bare(name))
        if before is not None and np.array_equal(before.astype(np.float16), tensor):
            unchanged.append(name)
        elif before is None or tensor.ndim < 2 or tensor.shape[1] % GROUP:
            stored[name] = tensor
        else:
            moved[name] = tensor.astype(np.float32) - before
    for name, kept in _bits(moved, bits).items():
        if kept:
            stored[f"{name}:packed"], stored[f"{name}:scales"] = _quantise(moved[name], kept)
        else:
            unchanged.append(name)
    about = {"encoder": encoder, "bits": str(bits), "unchanged": json.dumps(unchanged)}
    weights = _whole_weights(stored, base, about)
    safetensors.numpy.save_file(weights, folder / WEIGHTS, metadata={"format": "pt"})
    safetensors.numpy.save_file(
        stored,
        folder / DELTA,
        metadata={**about, "sha256": file_sha256(folder / WEIGHTS), "bytes": str((folder / WEIGHTS).stat().st_size)},
    )


def delta_about(folder: Path) -> dict[str, str]:
    """What ``delta.safetensors`` says of itself.

    Returns:
        ``encoder``; ``bits`` of the matrix that moved most; ``unchanged``, a JSON list of tensors; ``sha256`` and
            ``bytes`` of the whole weights.

    Raises:
        StanceError: if the file cannot be read.
    """
    try:
        with safetensors.safe_open(folder / DELTA, "np") as file:
            about: dict[str, str] = file.metadata() or {}
        if not {"sha256", "bytes"} <= set(about):
            raise StanceError(f"{folder / DELTA}: holds no differences of weights. Install the package again")
        return about
    except (safetensors.SafetensorError, OSError) as error:
        raise StanceError(f"{folder / DELTA}: cannot be read ({error}). Install the package again") from error


def reconstruct(folder: Path) -> Path:
    """Make a whole checkpoint of ``delta.safetensors`` and its encoder, once.

    Args:
        folder: of a model whose weights are kept as differences.

    Returns:
        a folder of the same name with the whole model, in the cache of `stance.classifier.encoders`.

    Raises:
        StanceError: if the encoder cannot be had, the cache cannot be written to, or the weights have another hash than
            when they were released.
    """
    folder = folder.absolute()
    files = [f for f in sorted(folder.iterdir()) if f.is_file() and f.suffix in {".json", ".yaml", ".onnx", ".txt"}]
    files = [f for f in files if f.name != "manifest.json"]
    digest = hashlib.sha256()
    for file in (*files, folder / DELTA):
        digest.update(file.name.encode() + hashlib.sha256(file.read_bytes()).digest())
    about = delta_about(folder)
    target = cache_folder() / "models" / digest.hexdigest()[:16] / folder.name
    if _is_whole(target, files, about):
        return target
    with writable(target, cure=CURE):
        target.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(target.parent / "lock"):
            if not _is_whole(target, files, about):
                shutil.rmtree(target, ignore_errors=True)
                _reconstruct_into(target, folder, files, about)
    return target


def _is_whole(target: Path, files: Sequence[Path], about: dict[str, str]) -> bool:
    """Whether all files are there, the weights in full length, the others byte for byte."""
    weights = target / WEIGHTS
    return (
        weights.is_file()
        and weights.stat().st_size == int(about["bytes"])
        and all((target / f.name).is_file() and cmp(f, target / f.name, shallow=False) for f in files)
    )


def _reconstruct_into(target: Path, folder: Path, files: Sequence[Path], about: dict[str, str]) -> None:
    logger.warning("%s is reconstructed once from the encoder %s, into %s", folder.name, about["encoder"], target)
    base = _encoder_weights(about["encoder"])
    with tempfile.TemporaryDirectory(dir=target.parent) as temporary:
        place = Path(temporary) / "model"
        place.mkdir()
        for file in files:
            shutil.copyfile(file, place / file.name)
        safetensors.numpy.save_file(
            _whole_weights(safetensors.numpy.load_file(folder / DELTA), base, about),
            place / WEIGHTS,
            metadata={"format": "pt"},
        )
        if file_sha256(place / WEIGHTS) != about["sha256"]:
            raise StanceError(
                f"{folder / DELTA}: the weights that it gives are not those that were released. Install the package "
                f"again, and with it the release of safetensors that it asks for"
            )
        for written in place.iterdir():
            written.chmod(0o644)
            with written.open("rb") as stream:
                os.fsync(stream.fileno())
        place.replace(target)


def _encoder_weights(encoder: str) -> Tensors:
    try:
        weights: Tensors = safetensors.numpy.load_file(Path(find_encoder(encoder)) / WEIGHTS)
    except (OSError, safetensors.SafetensorError) as error:
        raise StanceError(
            f"{encoder}: the weights of this encoder cannot be read ({error}). Check its folder"
        ) from error
    return weights


def _bare(name: str) -> str:
    """The encoder's own name of a tensor, without the prefix that a checkpoint with a head gives it."""
    return name.split(".", 1)[1] if "." in name else name


def _whole_weights(stored: Tensors, base: Tensors, about: dict[str, str]) -> Tensors:
    weights: Tensors = {name: base[_bare(name)].astype(np.float16) for name in json.loads(about["unchanged"])}
    for name, tensor in stored.items():
        key, _, part = name.partition(":")
        if not part:
            weights[key] = tensor
        elif part == "packed":
            before = base[_bare(key)]
            difference = _restore(tensor, stored[f"{key}:scales"]).reshape(before.shape)
            weights[key] = (before + difference).astype(np.float16)
    return dict(sorted(weights.items()))


def _bits(moved: Tensors, most: int) -> dict[str, int]:
    """Bits of each matrix's differences, by their root mean square: `most` for the largest, one less for its half."""
    far = {name: float(np.sqrt(np.mean(d.astype(np.float64) ** 2))) for name, d in moved.items()}
    farthest = max(far.values(), default=1.0)
    return {name: max(0, most + round(np.log2(f / farthest))) for name, f in far.items()}


def _quantise(difference: np.ndarray, bits: int) -> tuple[np.ndarray, np.ndarray]:
    """Packed whole numbers and scales of a matrix; of each group's scales the one that errs least is taken."""
    groups = difference.reshape(-1, GROUP)
    most = 2 ** (bits - 1) - 0.5  # levels lie at odd halves, so that both signs have the same
    widest = np.abs(groups).max(axis=1, keepdims=True)
    best_error = np.full((len(groups), 1), np.inf, dtype=np.float32)
    best = np.ones((len(groups), 1), dtype=np.float16)
    for share in np.linspace(0.2, 1.0, 17, dtype=np.float32):
        scale = np.maximum(share * widest / most, 1e-7).astype(np.float16)
        error = ((_levels(groups, scale, bits) - most) * scale.astype(np.float32) - groups) ** 2
        total = error.sum(axis=1, keepdims=True)
        best = np.where(total < best_error, scale, best)
        best_error = np.minimum(total, best_error)
    levels = _levels(groups, best, bits).astype(np.uint8)
    return np.packbits(np.unpackbits(levels.reshape(-1, 1), axis=1)[:, -bits:]), best


def _levels(groups: np.ndarray, scale: np.ndarray, bits: int) -> np.ndarray:
    """Number of the nearest level of every difference, 0 to ``2 ** bits - 1``."""
    most = 2 ** (bits - 1) - 0.5
    levels: np.ndarray = np.clip(np.rint(groups / scale.astype(np.float32) + most), 0, 2 * most)
    return levels


def _restore(packed: np.ndarray, scales: np.ndarray) -> np.ndarray:
    """Differences, shape (groups, `GROUP`), from packed whole numbers; their bits follow from their room."""
    bits = packed.size * 8 // (scales.size * GROUP)
    digits = np.unpackbits(packed, count=scales.size * GROUP * bits).reshape(-1, bits)
    filled = np.zeros((len(digits), 8), dtype=np.uint8)
    filled[:, 8 - bits :] = digits
    levels = np.packbits(filled, axis=1).reshape(-1, GROUP).astype(np.float32)
    differences: np.ndarray = (levels - (2 ** (bits - 1) - 0.5)) * scales.reshape(-1, 1).astype(np.float32)
    return differences
