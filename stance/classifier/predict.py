"""Prediction without torch: a released model, read by OpenVINO or ONNX Runtime."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from stance.classifier.decision import FILE as SETTINGS
from stance.classifier.decision import Decision, ScoringSettings, decide
from stance.classifier.delta import DELTA, WEIGHTS, delta_about, reconstruct
from stance.classifier.engines import Engine, load_engine, require_known
from stance.classifier.tokenization import (
    Asked,
    Encoded,
    Window,
    blocks,
    encode,
    load_tokenizer,
    pad,
    padded_length,
    padding_id,
)
from stance.codebook import Codebook, load_codebook
from stance.errors import StanceError
from stance.resources import DEFAULT_MODEL, resource_path

FILES = ("config.json", "model.onnx", "model.safetensors", "scoring.json", "codebook.yaml", "tokenizer.json")


BATCH_TOKENS = 2048
"""Most tokens of a batch, padding among them."""


@dataclass(frozen=True)
class Logits:
    """What a model says of a run of sentences.

    Attributes:
        values: float32, shape (sentences, outputs), in the order of ``codebook.outputs``.
        truncated: bool, shape (sentences,): the sentence itself was longer than the model reads.
    """

    values: np.ndarray
    truncated: np.ndarray


class Model:
    """A released model: its folder, codebook, settings and the network.

    Args:
        name: the name of a shipped model, or the path of a checkpoint folder.
        threads: threads that run the network; None for one a core.
        engine: ``openvino`` or ``onnxruntime``; None for the faster that works here, see `stance.classifier.engines`.
        precision: ``bf16`` or ``f32``; None for the faster that the processor has.

    Raises:
        StanceError: if there is no such model, engine or precision, or a file of the model is missing.
    """

    def __init__(
        self,
        name: str | Path = DEFAULT_MODEL,
        threads: int | None = None,
        engine: str | None = None,
        precision: str | None = None,
    ) -> None:
        require_known(engine, precision)
        self.name = str(name)
        self.folder = find_model(name)
        self.codebook: Codebook = load_codebook(self.folder / "codebook.yaml")
        self.settings = ScoringSettings.read(self.folder)
        known, issues = len(self.settings.of("issue").transitions), len(self.codebook["issue"].labels)
        if known not in (0, issues):
            raise StanceError(
                f"{self.folder / SETTINGS}: transitions of {known} issues, where the codebook has {issues}. "
                "Calibrate again with `stance calibrate`"
            )
        self.tokenizer = load_tokenizer(self.folder)
        self._pad_id = padding_id(self.tokenizer)
        self._threads = threads
        self._engine_name, self._precision = engine, precision
        self._loading = threading.Lock()
        self._loaded: Engine | None = None

    @cached_property
    def identity(self) -> str:
        """Name and hash, as it stands in every row of a scored table: ``readout-small@1a2b3c4d5e6f``.

        The hash covers the weights, the graph, the tokenizer, the codebook and the scoring settings.
        """
        return identity(self.folder)

    @property
    def _engine(self) -> Engine:
        with self._loading:
            self._loaded = self._loaded or self._load()
            return self._loaded

    def warm_up(self) -> None:
        """Begin to load the network in a thread, while the caller does something else; errors come with its use.

        The thread is waited for when the interpreter ends: a library that is loading must not be torn down.
        """

        def load() -> None:
            with suppress(Exception):
                self._engine  # noqa: B018

        threading.Thread(target=load, name="stance-engine").start()

    def _load(self) -> Engine:
        engine = load_engine(self.folder, self._threads, self._engine_name, self._precision)
        if engine.outputs != len(self.codebook.outputs):
            raise StanceError(
                f"{self.folder}: the model has {engine.outputs} outputs, its codebook {len(self.codebook.outputs)} "
                "labels. Train again with this codebook"
            )
        return engine

    @property
    def engine(self) -> str:
        """What runs the model, with version and precision."""
        return self._engine.name

    def predict(self, documents: Iterable[Asked]) -> Logits:
        """Predict the logits of sentences, in the order of documents and positions.

        Args:
            documents: each with all its sentences, and the positions of those whose logits are asked for.
        """
        return self.run(encode(self.tokenizer, documents, self.settings.reading))

    def decide(self, documents: Sequence[Asked]) -> Decision:
        """Label sentences as they are labelled when their whole documents are scored.

        Args:
            documents: each with all its sentences, and the positions of those whose labels are asked for.

        Returns:
            what is said of the sentences asked for, in the order of documents and positions. Where the main issue rests
            on those of neighbours, all sentences of the documents are read for it.
        """
        if not self.settings.of("issue").transitions:
            return decide(self.predict(documents).values, self.codebook, self.settings, None)
        read = [(document, sentences, range(len(sentences))) for document, sentences, _ in documents]
        lengths = [len(b) for _, _, all_of in read for b in blocks(all_of)]
        found = decide(self.predict(read).values, self.codebook, self.settings, lengths)
        starts = np.cumsum([0, *(len(sentences) for _, sentences, _ in documents)]).tolist()
        asked = zip(starts, documents, strict=False)
        return found.of([start + i for start, (_, _, positions) in asked for i in sorted(positions)])

    def run(self, encoded: Encoded) -> Logits:
        """Run the network.

        Args:
            encoded: from `stance.classifier.tokenization`.
        """
        windows = encoded.windows
        if not windows:
            return Logits(np.zeros((0, len(self.codebook.outputs)), dtype=np.float32), encoded.truncated)
        batches = list(make_batches(windows))
        feeds = []
        for batch in batches:
            arrays = pad([windows[i] for i in batch], self._pad_id)
            feeds.append({k: arrays[k] for k in self._engine.inputs})
        return Logits(gather(windows, batches, self._engine.run(feeds)), encoded.truncated)


def make_batches(windows: Sequence[Window]) -> Iterator[list[int]]:
    """Numbers of windows of like length, longest first: at most `BATCH_TOKENS` padded tokens together, or one alone.

    Where there are few windows the batches are smaller, so that every thread has some. Engines keep what they prepare
    for the shape of a batch, so that there are few shapes: a batch has as many windows as it may hold, or a power of
    two, to which it repeats its last window. The numbers of a batch are therefore not all different.
    """
    tokens = min(BATCH_TOKENS, -(-sum(len(w.ids) for w in windows) // 8))
    order = sorted(range(len(windows)), key=lambda i: -len(windows[i].ids))
    start = 0
    while start < len(order):
        length = padded_length(windows[order[start]])
        most = max(1, BATCH_TOKENS // length) if tokens == BATCH_TOKENS else _power_of_two(tokens // length)
        batch = order[start : start + most]
        start += most
        rows = min(most, _power_of_two(2 * len(batch) - 1))
        yield batch + batch[-1:] * (rows - len(batch))


def _power_of_two(number: int) -> int:
    """The largest power of two that is not above a number; 1 for 0."""
    return 1 << max(0, number.bit_length() - 1)


def gather(windows: Sequence[Window], batches: Sequence[list[int]], logits: Sequence[np.ndarray]) -> np.ndarray:
    """Logits of sentences, in order.

    Args:
        windows: what was read, at least one.
        batches: numbers of the windows in each batch.
        logits: of each batch, shape (windows, most sentences, outputs).

    Returns:
        float32, shape (sentences, outputs).
    """
    found: list[np.ndarray] = [np.empty(0)] * len(windows)
    for batch, values in zip(batches, logits, strict=True):
        for row, i in enumerate(batch):
            found[i] = values[row, : len(windows[i].spans)]
    return np.concatenate(found)


def identity(folder: Path) -> str:
    """See `Model.identity`; a model whose weights are kept as differences need not be reconstructed for it."""
    digest = hashlib.sha256()
    for name in sorted(FILES[1:]):
        if name == WEIGHTS and _is_delta(folder):
            digest.update(bytes.fromhex(delta_about(folder)["sha256"]))
        else:
            digest.update(hashlib.sha256((folder / name).read_bytes()).digest())
    return f"{folder.name}@{digest.hexdigest()[:12]}"


def shipped_models() -> list[Path]:
    """Folders of the models that come with the package."""
    try:
        root = resource_path("models")
    except FileNotFoundError:
        return []
    return [f for f in sorted(root.iterdir()) if not _missing(f)]


def find_model(name: str | Path) -> Path:
    """Folder of a model, of one whose weights are kept as differences the one that it is reconstructed in.

    Raises:
        StanceError: if there is none, or it is not complete; the message says what is there.
    """
    folder = model_folder(name)
    if missing := _missing(folder):
        raise StanceError(f"{folder}: the model lacks {', '.join(missing)}. Export it with `stance train`")
    return reconstruct(folder) if _is_delta(folder) else folder


def _is_delta(folder: Path) -> bool:
    return (folder / DELTA).is_file() and not (folder / WEIGHTS).is_file()


def _missing(folder: Path) -> list[str]:
    files = [DELTA if f == WEIGHTS and _is_delta(folder) else f for f in FILES]
    return [f for f in files if not (folder / f).is_file()]


def model_folder(name: str | Path) -> Path:
    """Folder of a shipped model, or the one that is named, complete or not.

    Raises:
        StanceError: if there is none; the message says what is there.
    """
    folder = Path(name)
    if folder.is_dir():
        return folder.absolute()
    shipped = {f.name: f for f in shipped_models()}
    if str(name) not in shipped:
        known = ", ".join(shipped) or "none"
        raise StanceError(f"{name}: there is no such model. Shipped models: {known}; or give the path of a folder")
    return shipped[str(name)]
