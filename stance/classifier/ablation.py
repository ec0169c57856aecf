"""Ablations: a recipe trained with parts of it changed, several seeds each, compared on its validation documents."""

from __future__ import annotations

import hashlib
import itertools
import json
import logging
import tempfile
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from stance.annotation.standoff import annotations_of
from stance.atomic_write import replacing
from stance.classifier.evaluate import headline, label_documents
from stance.classifier.predict import Model
from stance.classifier.recipe import Recipe, read_yaml, recipe_from
from stance.classifier.train import train
from stance.classifier.training_data import load_corpus
from stance.codebook import load_codebook
from stance.documents.document import Document
from stance.errors import StanceError

logger = logging.getLogger(__name__)

FIGURES = ("issue_main_accuracy", "issue_micro_f1", "stance_macro_f1", "stance_accuracy", "holder_accuracy",
           "frame_micro_f1")  # fmt: skip


def read_variants(path: str | Path) -> tuple[dict[str, Recipe], list[int]]:
    """Read a file of ablations, such as ``configs/ablations.yaml``.

    Returns:
        the variants' recipes by name, the first of which the others are compared with; and the seeds.

    Raises:
        StanceError: if the file or a variant cannot be read, or there are fewer than two seeds.
    """
    path = Path(path)
    content = read_yaml(path)
    kinds = {"recipe": str, "seeds": list, "variants": dict}
    if not all(isinstance(content.get(key), kind) for key, kind in kinds.items()) or not content["variants"]:
        raise StanceError(f"{path}: ablations need a recipe, a list of seeds, and variants. See configs/ablations.yaml")
    file = path.parent / content["recipe"]
    common = _merged(read_yaml(file), content.get("common") or {})
    variants = {}
    for name, changes in content["variants"].items():
        try:
            variants[str(name)] = recipe_from(_merged(common, changes or {}), file)
        except StanceError as error:
            raise StanceError(f"{path}: variant «{name}»: {error}") from error
    seeds: list[int] = content["seeds"]
    if not all(isinstance(s, int) for s in seeds) or len(set(seeds)) < max(2, len(seeds)):
        raise StanceError(f"{path}: an interval needs at least two seeds, each of them once. Mend seeds")
    return variants, seeds


def _merged(content: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """A recipe's content with changes, key by key also within its parts."""
    new = dict(content)
    for key, value in changes.items():
        both = isinstance(value, dict) and isinstance(content.get(key), dict)
        new[key] = {**content[key], **value} if both else value
    return new


def run_ablations(path: str | Path, documents: Iterable[Document], runs: Path) -> pd.DataFrame:
    """Train every variant with every seed and compare them.

    Args:
        path: a file of ablations.
        documents: those that the recipe's annotations refer to.
        runs: folder for one small JSON a run; a run that is there, of the same recipe, annotations and teachers, is not
            repeated, so that the command can be stopped and started.

    Returns:
        one row a variant and figure: ``variant``; ``curve``, whether it differs from the first in the number of
            sentences alone; ``learned``, the mean number of sentences that it learned from, written ones among them;
            ``figure``, ``runs``, ``mean``, ``sd`` over the seeds, ``sentences`` (of validation) and, against the first
            variant with the same seed, the mean ``difference`` with its 95% interval ``low``, ``high`` (t distribution
            over seeds; it covers seeds and samples of training documents, not the choice of validation documents);
            ``step``, ``step_low``, ``step_high``, the same against the next smaller variant of the curve. Epoch,
            calibration and thresholds are chosen on the same validation documents: the means are better than
            elsewhere, for all variants alike.
    """
    variants, seeds = read_variants(path)
    first = next(iter(variants.values()))
    documents = list(documents)
    found = []
    for seed in seeds:
        for name, recipe in variants.items():
            logger.info("%s, seed %d", name, seed)
            seeded = replace(recipe, training=replace(recipe.training, seed=seed))
            run = _run(seeded, documents, runs)
            found.append({"variant": name, "seed": seed, "curve": on_curve(recipe, first), **run})
    return compare_variants(pd.DataFrame(found))


def on_curve(recipe: Recipe, first: Recipe) -> bool:
    """Whether a recipe differs from another in the number of training sentences alone."""
    return replace(recipe, data=replace(recipe.data, sentences=first.data.sentences)) == first


def compare_variants(found: pd.DataFrame) -> pd.DataFrame:
    """The table of `run_ablations`, from one row a run.

    Args:
        found: ``variant``, ``seed``, ``curve``, ``learned``, ``sentences`` and the figures; the first row is of the
            variant that the others are compared with.
    """
    parts = {name: part.set_index("seed") for name, part in found.groupby("variant", sort=False)}
    first = next(iter(parts.values()))
    curve = sorted((p for p in parts.values() if p["curve"].all()), key=lambda p: float(p["learned"].mean()))
    smaller = {id(large): small for small, large in itertools.pairwise(curve)}
    rows = []
    for name, part in parts.items():
        for figure in FIGURES:
            row = {"variant": name, "curve": bool(part["curve"].all()), "learned": round(part["learned"].mean()),
                   "figure": figure, "runs": len(part), "mean": part[figure].mean(), "sd": part[figure].std(ddof=1),
                   "sentences": int(part["sentences"].iloc[0])}  # fmt: skip
            if part is not first:
                row |= dict(zip(("difference", "low", "high"), _paired(part[figure], first[figure]), strict=True))
            if id(part) in smaller:
                paired = _paired(part[figure], smaller[id(part)][figure])
                row |= dict(zip(("step", "step_low", "step_high"), paired, strict=True))
            rows.append(row)
    return pd.DataFrame(rows)


def _paired(one: pd.Series, other: pd.Series) -> tuple[float, float, float]:
    """Mean difference of two variants with the same seeds, with its 95% interval (t distribution over seeds)."""
    difference = (one - other).to_numpy()
    mean, error = float(np.mean(difference)), float(stats.sem(difference))
    margin = float(stats.t.ppf(0.975, len(difference) - 1)) * error
    return mean, mean - margin, mean + margin


def _run(recipe: Recipe, documents: list[Document], runs: Path) -> dict[str, Any]:
    """Figures of one run on validation, trained unless they are there."""
    codebook = load_codebook(recipe.resolve(recipe.data.codebook))
    corpus = load_corpus(recipe, documents, codebook)
    learned = len(annotations_of(corpus.train))
    teachers = [t.to_dict() for t in recipe.teachers]
    made_of = {"recipe": recipe.to_dict(), "annotations_sha256": corpus.digest, "teachers": teachers,
               "outputs": codebook.outputs}  # fmt: skip
    digest = hashlib.sha256(json.dumps(made_of, sort_keys=True).encode()).hexdigest()[:16]
    file = runs / f"{digest}.json"
    if file.is_file():
        figures: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))["figures"]
        return {**figures, "learned": learned}
    runs.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=runs) as folder:
        model = Model(train(replace(recipe, delta_bits=0), documents, Path(folder) / recipe.name))
        values = headline(annotations_of(corpus.validation), label_documents(model, corpus.validation), codebook)
        figures = {**{k: round(values[k], 4) for k in FIGURES}, "sentences": len(annotations_of(corpus.validation))}
    with replacing(file) as aside:
        aside.write_text(json.dumps({"figures": figures, **made_of}, indent=1) + "\n", encoding="utf-8")
    logger.info("%s", figures)
    return {**figures, "learned": learned}
