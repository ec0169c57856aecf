"""From logits to labels: calibrated probabilities, thresholds, and the label given.

Groups of exclusive labels are a softmax with a temperature (Guo et al. 2017); the others are sigmoids with Platt's
scale and shift (Platt 1999) and a threshold. The main issue is the largest of a softmax over the issue logits, with a
temperature of its own, and also rests on those of the neighbouring sentences (`chain`).
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from stance.atomic_write import replacing
from stance.classifier.chain import chain_marginals
from stance.codebook import Codebook, Dimension
from stance.errors import StanceError
from stance.model_input import ContextWindow, DocumentWindow, Reading
from stance.resources import resource_path

FILE = "scoring.json"


@dataclass(frozen=True)
class Calibration:
    """How the logits of one dimension are read.

    Attributes:
        temperature: divides the logits before a softmax (exclusive labels; main issue).
        scale: multiplies each logit before its sigmoid.
        shift: is added before the sigmoid.
        threshold: probability from which a label of a non-exclusive dimension is given.
        transitions: at (a, b), in the order of the labels, what is added to the log probability of the main issue b
            where that of the sentence before is a; none if neighbours do not count.
        chained_temperature: the temperature for sentences with neighbours, whose word counts for less.
    """

    temperature: float = 1.0
    scale: float = 1.0
    shift: float = 0.0
    threshold: float = 0.5
    transitions: tuple[tuple[float, ...], ...] = ()
    chained_temperature: float = 1.0


_KEYS: dict[type[Reading], str] = {ContextWindow: "context", DocumentWindow: "windows"}
"""Under which key of ``scoring.json`` each way of reading stands."""


@dataclass(frozen=True)
class ScoringSettings:
    """What has to be known to score with a checkpoint, kept beside it as ``scoring.json``.

    Attributes:
        reading: how the model reads, which it was trained with.
        calibration: one `Calibration` a dimension, fitted on validation documents.
        languages: of the documents that the model was trained on; labels of others mean nothing.
    """

    reading: Reading = field(default_factory=ContextWindow)
    calibration: dict[str, Calibration] = field(default_factory=dict)
    languages: tuple[str, ...] = ("en",)

    def of(self, dimension: str) -> Calibration:
        """The calibration of a dimension; the identity where none was fitted."""
        return self.calibration.get(dimension, Calibration())

    def write(self, folder: Path) -> None:
        """Write ``scoring.json``.

        Raises:
            StanceError: if it cannot be written; what was there is left.
        """
        content = {
            _KEYS[type(self.reading)]: asdict(self.reading),
            "calibration": {k: asdict(v) for k, v in self.calibration.items()},
            "languages": list(self.languages),
        }
        one_line = r"\[\s+([^][{}]*?)\s+\]"
        text = re.sub(one_line, lambda row: f"[{' '.join(row[1].split())}]", json.dumps(content, indent=2))
        with replacing(folder / FILE, "Make the folder writable") as temporary:
            temporary.write_text(text + "\n", encoding="utf-8")

    @classmethod
    def read(cls, folder: Path) -> ScoringSettings:
        """Read ``scoring.json``.

        Raises:
            StanceError: if it is missing or broken.
        """
        file = folder / FILE
        try:
            content: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
            return cls(
                next(kind(**content[key]) for kind, key in _KEYS.items() if key in content),
                {k: _calibration(**v) for k, v in content["calibration"].items()},
                tuple(content.get("languages", cls.languages)),
            )
        except (OSError, ValueError, KeyError, TypeError, StopIteration) as error:
            raise StanceError(f"{file}: the scoring settings cannot be read ({error}). Is {folder} a model?") from error


def _calibration(transitions: Sequence[Sequence[float]] = (), **rest: float) -> Calibration:
    scores = np.array(transitions, dtype=float)
    if scores.size and (scores.shape != (len(scores), len(scores)) or not np.isfinite(scores).all()):
        raise ValueError("transitions are no square of numbers")
    return Calibration(**rest, transitions=tuple(map(tuple, scores.tolist())))


def softmax(values: np.ndarray) -> np.ndarray:
    """Softmax over the last axis. Written here because SciPy takes a quarter of a second to import."""
    exponents = np.exp(values - values.max(axis=-1, keepdims=True))
    return np.asarray(exponents / exponents.sum(axis=-1, keepdims=True))


def sigmoid(values: np.ndarray) -> np.ndarray:
    """The logistic function, without overflow."""
    return np.asarray(0.5 * (1.0 + np.tanh(0.5 * values)))


def probabilities(logits: np.ndarray, codebook: Codebook, settings: ScoringSettings) -> np.ndarray:
    """Calibrated probabilities.

    Args:
        logits: shape (sentences, outputs), in the order of ``codebook.outputs``.
        codebook: the model's codebook.
        settings: the model's settings.

    Returns:
        same shape; exclusive groups sum to one in each row.
    """
    result = np.empty(logits.shape, dtype=np.float64)
    for dimension in codebook.dimensions:
        columns, fit = codebook.columns(dimension.key), settings.of(dimension.key)
        group = logits[:, columns].astype(np.float64)
        result[:, columns] = (
            softmax(group / fit.temperature) if dimension.exclusive else sigmoid(fit.scale * group + fit.shift)
        )
    return result


def main_probabilities(
    logits: np.ndarray, codebook: Codebook, settings: ScoringSettings, lengths: Sequence[int] | None
) -> np.ndarray:
    """Probability of each issue to be the main one.

    Args:
        logits: shape (sentences, outputs), in the order of ``codebook.outputs``.
        codebook: the model's codebook.
        settings: the model's settings.
        lengths: sentences of each run of neighbours, in order; None if every sentence stands alone.

    Returns:
        shape (sentences, issues), rows sum to one.
    """
    return read_main(logits[:, codebook.columns("issue")].astype(np.float64), settings.of("issue"), lengths)


def read_main(logits: np.ndarray, calibration: Calibration, lengths: Sequence[int] | None) -> np.ndarray:
    """The same from the issues' logits alone, shape (sentences, issues)."""
    alone = softmax(logits / calibration.temperature)
    if lengths is None or not calibration.transitions:
        return alone
    own = softmax(logits / calibration.chained_temperature)
    chained = chain_marginals(own, np.array(calibration.transitions), lengths)
    return np.where(np.repeat(np.array(lengths) == 1, lengths)[:, None], alone, chained)


def decide_issues(main: np.ndarray, each: np.ndarray, dimension: Dimension, threshold: float) -> list[str]:
    """The issues of one sentence, main one first.

    Args:
        main: probability of each issue to be the main one.
        each: probability of each issue to be present.
        dimension: the issue dimension.
        threshold: from which probability an issue is given beside the main one.

    Returns:
        keys; the null label alone where it is the most probable main issue.
    """
    keys = dimension.keys
    order = np.argsort(-main, kind="stable")
    first = keys[order[0]]
    if first == dimension.null_label:
        return [first]
    rest = [keys[i] for i in order[1:] if each[i] >= threshold and keys[i] != dimension.null_label]
    return [first, *rest]


def decide_any(each: np.ndarray, dimension: Dimension, threshold: float) -> list[str]:
    """The labels of a dimension that may have none or several, most probable first."""
    chosen = [i for i in np.argsort(-each, kind="stable") if each[i] >= threshold]
    return [dimension.keys[i] for i in chosen]


@dataclass(frozen=True)
class Decision:
    """What is said of sentences, one entry each in every list.

    Attributes:
        issue: keys, the main issue first.
        stance: a key.
        holder: a key.
        frame: keys, most probable first; may be empty.
        each: from `probabilities`.
        main: from `main_probabilities`.
    """

    issue: list[list[str]]
    stance: list[str]
    holder: list[str]
    frame: list[list[str]]
    each: np.ndarray
    main: np.ndarray

    def of(self, rows: Sequence[int]) -> Decision:
        """What is said of some of the sentences."""
        return Decision(
            [self.issue[i] for i in rows],
            [self.stance[i] for i in rows],
            [self.holder[i] for i in rows],
            [self.frame[i] for i in rows],
            self.each[rows],
            self.main[rows],
        )


def decide(
    logits: np.ndarray, codebook: Codebook, settings: ScoringSettings, lengths: Sequence[int] | None
) -> Decision:
    """The labels that a model gives, with their probabilities.

    Args:
        logits: shape (sentences, outputs), in the order of ``codebook.outputs``.
        codebook: the model's codebook.
        settings: its calibration and thresholds.
        lengths: sentences of each run of neighbours, in order; None if every sentence stands alone.
    """
    each = probabilities(logits, codebook, settings)
    main = main_probabilities(logits, codebook, settings, lengths)
    issue, frame = codebook["issue"], codebook["frame"]
    least, present = settings.of("issue").threshold, each[:, codebook.columns("issue")]
    issues = [decide_issues(m, p, issue, least) for m, p in zip(main, present, strict=True)]
    least = settings.of("frame").threshold
    frames = [decide_any(row, frame, least) for row in each[:, codebook.columns("frame")]]
    stances, holders = (
        [codebook[key].keys[i] for i in each[:, codebook.columns(key)].argmax(axis=1)] for key in ("stance", "holder")
    )
    return Decision(issues, stances, holders, frames, each, main)


def languages_of(identity: str) -> tuple[str, ...]:
    """Languages that a shipped model reads.

    Args:
        identity: of the model, as the sentence table gives it: its name, ``@`` and digits of its hash.

    Returns:
        the languages of the documents that it was trained on; none where no such model is shipped.
    """
    name = identity.partition("@")[0]
    try:
        return ScoringSettings.read(resource_path(f"models/{Path(name).name}")).languages if name else ()
    except FileNotFoundError:
        return ()
