"""Training recipes: everything that a researcher may want to change, in one YAML file."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

import yaml

from stance.classifier.recipe_values import checked_values
from stance.errors import StanceError
from stance.model_input import ContextWindow, DocumentWindow, Reading


@dataclass(frozen=True)
class DataRecipe:
    """What to train on. Paths are relative to the recipe's folder.

    Attributes:
        codebook: the codebook file.
        annotations: stand-off annotation files.
        splits: a CSV with ``doc_id`` and ``split`` (``train``, ``validation`` or ``test``).
        written: files of written sentences; they are trained on only.
        written_weight: weight of a written sentence beside a real one.
        languages: languages that the encoder reads; documents in others are left out.
        sentences: train on whole published documents drawn at random until so many sentences are together, and on the
            same share of the written ones; 0 for all.
    """

    codebook: str = "codebook.yaml"
    annotations: tuple[str, ...] = ()
    splits: str = ""
    written: tuple[str, ...] = ()
    written_weight: float = 1.0
    languages: tuple[str, ...] = ("en",)
    sentences: int = 0


@dataclass(frozen=True)
class TrainingRecipe:
    """How to train.

    Attributes:
        epochs: at most; training stops early on validation, and the best epoch is kept.
        patience: epochs without gain after which it stops; 0 to train all of them and keep the last.
        batch_size: sentences a step, or windows of a model that reads windows.
        learning_rate: peak of the linear schedule.
        head_learning_rate: for the new classification head.
        weight_decay: of AdamW.
        warmup: share of the steps in which the rate rises.
        context_dropout: share of the documents whose sentences are shown without context, so that a sentence alone can
            be scored.
        class_weight_power: exponent of the inverse class frequencies that weigh stance and holder; 0 for none.
        positive_weight_power: the same for the positive side of the issue and frame sigmoids.
        loss_weights: weight of each dimension's loss, and of ``main`` (the main issue).
        seed: of every random choice.
        dropout: of the encoder's hidden states; 0 makes a step on the CPU nearly twice as fast.
        head_dropout: before the classification head.
        bf16: automatic mixed precision in bfloat16, where the CPU has it.
        frozen_layers: so many of the encoder's lowest layers, and its embeddings, are not trained; biases of relative
            positions, which all layers of some encoders share, are.
    """

    epochs: int = 8
    patience: int = 3
    batch_size: int = 32
    learning_rate: float = 1e-4
    head_learning_rate: float = 1e-3
    weight_decay: float = 0.01
    warmup: float = 0.1
    context_dropout: float = 0.05
    class_weight_power: float = 0.3
    positive_weight_power: float = 0.3
    loss_weights: dict[str, float] = field(default_factory=lambda: {"main": 1.0})
    seed: int = 1
    dropout: float = 0.0
    head_dropout: float = 0.1
    bf16: bool = True
    frozen_layers: int = 0


@dataclass(frozen=True)
class DistillationRecipe:
    """What to learn from teachers (Hinton, Vinyals and Dean 2015).

    Attributes:
        teachers: recipes of other models. The mean of their probabilities, calibrated on validation documents, is
            learnt; on sentences that a teacher was itself trained on they are surer than elsewhere.
        weight: of the teachers' probabilities in the targets of hand-coded sentences; the rest is the hand's label.
            With 0 the teachers are not asked about these.
        unlabelled: at least so many sentences of whole documents that nobody coded are learnt from the teachers alone.
    """

    teachers: tuple[str, ...] = ()
    weight: float = 0.5
    unlabelled: int = 0


@dataclass(frozen=True)
class Recipe:
    """A whole recipe.

    Attributes:
        name: of the model.
        encoder: a name of ``configs/encoders.yaml``, a hub id or a folder.
        context: what the model is shown beside a sentence, where it reads sentence by sentence.
        data: what to train on.
        training: how.
        windows: given for a model that reads documents in windows instead.
        starts_from: folder of a checkpoint over the same encoder that training goes on from; "" for the bare encoder.
        distillation: what the model learns from teachers.
        delta_bits: keep the weights as differences from the encoder in so many bits at most, 2 to 8, see
            `stance.classifier.delta`; 0 for a whole checkpoint.
        path: the recipe's file.
    """

    name: str
    encoder: str
    context: ContextWindow = field(default_factory=ContextWindow)
    data: DataRecipe = field(default_factory=DataRecipe)
    training: TrainingRecipe = field(default_factory=TrainingRecipe)
    windows: DocumentWindow | None = None
    starts_from: str = ""
    distillation: DistillationRecipe = field(default_factory=DistillationRecipe)
    delta_bits: int = 0
    path: Path = Path()

    def resolve(self, name: str) -> Path:
        """A path of the recipe, taken from the recipe's folder."""
        return (self.path.parent / name).resolve()

    @property
    def reading(self) -> Reading:
        """How the model reads."""
        return self.windows or self.context

    @property
    def teachers(self) -> list[Recipe]:
        """Recipes of the teachers.

        Raises:
            StanceError: if one of them cannot be read.
        """
        return [load_recipe(self.resolve(name)) for name in dict.fromkeys(self.distillation.teachers)]

    @property
    def predecessor(self) -> Path | None:
        """Folder of the checkpoint that it goes on from, None where it starts from the bare encoder.

        Raises:
            StanceError: if there is no such folder.
        """
        if not self.starts_from:
            return None
        folder = self.resolve(self.starts_from)
        if not folder.is_dir():
            raise StanceError(f"{self.path}: starts_from names {folder}, which is no folder. Name that of a checkpoint")
        return folder

    @property
    def folder(self) -> Path:
        """Where the model is written to by default: ``models/`` beside the recipe's folder."""
        return self.resolve("../models") / self.name

    def to_dict(self) -> dict[str, Any]:
        """As a dictionary, for the manifest."""
        content = asdict(self)
        content["path"] = self.path.name
        return content


_PARTS = {
    "context": ContextWindow,
    "data": DataRecipe,
    "training": TrainingRecipe,
    "windows": DocumentWindow,
    "distillation": DistillationRecipe,
}


def load_recipe(path: str | Path) -> Recipe:
    """Read a recipe.

    Raises:
        StanceError: if the file is missing, not YAML, or has a key that no recipe knows or a value of another
            type; the message names it.
    """
    content = read_yaml(path)
    return recipe_from({k: {} if v is None and k in _PARTS else v for k, v in content.items()}, Path(path))


def read_yaml(path: str | Path) -> dict[str, Any]:
    """Content of a recipe's file.

    Raises:
        StanceError: if the file is missing, not UTF-8, or no YAML mapping.
    """
    try:
        content = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise StanceError(f"{path}: the recipe cannot be read ({error.strerror}). Check the path") from error
    except UnicodeDecodeError as error:
        raise StanceError(f"{path}: the recipe is not UTF-8 text ({error}). Save it as UTF-8") from error
    except yaml.YAMLError as error:
        raise StanceError(f"{path}: the recipe is not valid YAML ({error}). Mend the file") from error
    if not isinstance(content, dict):
        raise StanceError(f"{path}: a recipe needs at least a name and an encoder. See configs/readout-small.yaml")
    return content


def recipe_from(content: dict[str, Any], path: Path) -> Recipe:
    """Make a recipe of a file's content, or of what a manifest keeps of one.

    Args:
        content: the keys of `Recipe`, nested.
        path: the recipe's file; paths are taken from its folder.

    Raises:
        StanceError: if a key is lacking or unknown, a value is of another type than its field, or two do not go
            together.
    """
    if "name" not in content or "encoder" not in content:
        raise StanceError(f"{path}: a recipe needs at least a name and an encoder. See configs/readout-small.yaml")
    _refuse_unknown(path, "", content, {f.name for f in fields(Recipe)})
    plain = ("name", "encoder", "starts_from", "delta_bits")
    parts = checked_values({k: content[k] for k in plain if k in content}, Recipe, f"{path}: ")
    for key, kind in _PARTS.items():
        part = content.get(key)
        if part is None:
            continue
        if not isinstance(part, dict):
            raise StanceError(f"{path}: {key} is {part!r}, not keys with values. See configs/readout-small.yaml")
        _refuse_unknown(path, f"{key}.", part, {f.name for f in fields(kind)})
        parts[key] = kind(**checked_values(part, kind, f"{path}: {key}."))
    recipe = Recipe(path=path, **parts)
    if recipe.delta_bits not in (0, *range(2, 9)):
        raise StanceError(f"{path}: delta_bits is {recipe.delta_bits!r}. Give 2 to 8, or 0 for a whole checkpoint")
    return recipe


def _refuse_unknown(path: Path, prefix: str, given: dict[str, Any], known: set[str]) -> None:
    unknown = sorted(set(given) - known)
    if unknown:
        raise StanceError(f"{path}: no recipe has the key {prefix}{unknown[0]}. Known keys: {', '.join(sorted(known))}")
