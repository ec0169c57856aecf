"""What a model's ``manifest.json`` says of its training: recipe, data, teachers, time, machine and versions."""

from __future__ import annotations

import json
import platform
from collections.abc import Iterator
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import torch

import stance
from stance.annotation.standoff import annotations_of
from stance.classifier.predict import identity
from stance.classifier.recipe import Recipe
from stance.classifier.training_data import Corpus
from stance.errors import StanceError

PACKAGES = (
    "torch",
    "transformers",
    "datasets",
    "tokenizers",
    "onnx",
    "onnxruntime",
    "numpy",
)
"""Packages whose versions a manifest keeps beside that of this one."""


def teachers_of(recipe: Recipe) -> list[dict[str, Any]]:
    """What the manifest says of the teachers, from their own, and what was taken from each.

    Returns:
        one dictionary a teacher: ``name``, ``model`` (with its hash) and the keys of `_origin`.
    """
    folders = [teacher.folder for teacher in recipe.teachers]
    return [{"name": folder.name, "model": identity(folder), **_origin(folder)} for folder in folders]


def predecessor_of(recipe: Recipe) -> dict[str, Any] | None:
    """What the manifest says of the checkpoint that training goes on from, None where there is none.

    Raises:
        StanceError: if the recipe names a folder that is no trained model.
    """
    folder = recipe.predecessor
    if folder is None:
        return None
    if not (folder / "manifest.json").is_file():
        raise StanceError(f"{folder}: no trained model, it has no manifest.json. Name another in starts_from")
    return {"name": identity(folder), **_origin(folder)}


def _origin(folder: Path) -> dict[str, Any]:
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    kept = ("train_sentences", "annotations_sha256", "seconds", "machine")
    return {
        "encoder": manifest["recipe"]["encoder"],
        **{k: manifest[k] for k in kept},
    }


def write_manifest(
    recipe: Recipe,
    corpus: Corpus,
    counts: dict[str, int],
    predecessor: dict[str, Any] | None,
    output: Path,
    seconds: float,
) -> None:
    """Write ``manifest.json``.

    Args:
        recipe: of the training.
        corpus: that it learnt from.
        counts: further counts, by key.
        predecessor: from `predecessor_of`, taken before the training, which may write to that very folder.
        output: folder of the model.
        seconds: that training took.
    """
    trained = annotations_of(corpus.train)
    content = {
        "recipe": recipe.to_dict(),
        "train_sentences": len(trained),
        "written_sentences": sum(a.round == "written" for a in trained),
        "validation_sentences": len(annotations_of(corpus.validation)),
        **counts,
        "annotations_sha256": corpus.digest,
        "teachers": teachers_of(recipe),
        "predecessor": predecessor,
        "seconds": round(seconds),
        "machine": f"{platform.machine()}, {torch.get_num_threads()} threads",
        "packages": dict(_versions()),
    }
    (output / "manifest.json").write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def _versions() -> Iterator[tuple[str, str]]:
    yield "stance-readouts", stance.__version__  # metadata of an editable installation may be older
    for name in PACKAGES:
        with suppress(PackageNotFoundError):
            yield name, version(name)
