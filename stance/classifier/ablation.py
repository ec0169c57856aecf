"""Ablations: a recipe trained with parts of it changed, several seeds each, compared on its validation documents."""

from __future__ import annotations

import json
import logging
import shutil
from collections.abc import Iterable
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml
from scipy import stats

from stance.annotation.examples import make_examples
from stance.annotation.standoff import annotations_of
from stance.classifier.evaluate import headline, predict_labels
from stance.classifier.predict import Model
from stance.classifier.recipe import Recipe, load_recipe
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
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        recipe = load_recipe(path.parent / content["recipe"])
        seeds = [int(s) for s in content["seeds"]]
        common = changed(recipe, content.get("common") or {})
        variants = {str(name): changed(common, what or {}) for name, what in content["variants"].items()}
    except (OSError, yaml.YAMLError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise StanceError(f"{path}: no file of ablations ({error}). See configs/ablations.yaml") from error
    if len(set(seeds)) < 2:
        raise StanceError(f"{path}: an interval needs at least two seeds. Give more in seeds")
    return variants, seeds


def changed(recipe: Recipe, changes: dict[str, Any]) -> Recipe:
    """A recipe with some keys changed, in the form of a recipe's YAML.

    Raises:
        StanceError: if a recipe has no such key.
    """
    new: dict[str, Any] = {}
    for key, value in changes.items():
        if key not in {f.name for f in fields(Recipe)}:
            raise StanceError(f"no recipe has the key {key}. Mend the file of ablations")
        part = getattr(recipe, key)
        if is_dataclass(part) and isinstance(value, dict):
            if unknown := sorted(set(value) - {f.name for f in fields(part)}):
                raise StanceError(f"no recipe has the key {key}.{unknown[0]}. Mend the file of ablations")
            new[key] = replace(part, **{k: tuple(v) if isinstance(v, list) else v for k, v in value.items()})  # type: ignore[type-var]
        else:
            new[key] = value
    return replace(recipe, **new)


def run_ablations(path: str | Path, documents: Iterable[Document], runs: Path) -> pd.DataFrame:
    """Train every variant with every seed and compare them.

    Args:
        path: a file of ablations.
        documents: those that the recipe's annotations refer to.
        runs: folder for one small JSON a run; a run that is there, of the same recipe and annotations, is not repeated,
            so that the command can be stopped and started.

    Returns:
        one row a variant and figure: ``variant``, ``figure``, ``runs``, ``mean``, ``sd`` over the seeds,
            ``sentences`` (of validation) and, against the first variant with the same seed, the mean ``difference``
            with its 95% interval ``low``, ``high`` (t distribution over seeds; it covers seeds and samples of training
            documents, not the choice of validation documents).
    """
    variants, seeds = read_variants(path)
    documents = list(documents)
    found = [
        {
            "variant": name,
            "seed": seed,
            **_run(replace(recipe, training=replace(recipe.training, seed=seed)), documents, runs),
        }
        for seed in seeds
        for name, recipe in variants.items()
    ]
    return compare_variants(pd.DataFrame(found))


def compare_variants(found: pd.DataFrame) -> pd.DataFrame:
    """The table of `run_ablations`, from one row a run: ``variant``, ``seed``, ``sentences`` and the figures."""
    first = found["variant"].iloc[0]
    rows = []
    for variant in found["variant"].unique():
        part = found[found["variant"] == variant].set_index("seed")
        base = found[found["variant"] == first].set_index("seed")
        for figure in FIGURES:
            row = {"variant": variant, "figure": figure, "runs": len(part), "mean": part[figure].mean(),
                   "sd": part[figure].std(ddof=1), "sentences": int(part["sentences"].iloc[0])}  # fmt: skip
            difference = (part[figure] - base[figure]).dropna().to_numpy()
            if variant != first and len(difference) > 1:
                margin = stats.t.ppf(0.975, len(difference) - 1) * stats.sem(difference)
                mean = float(np.mean(difference))
                row |= {"difference": mean, "low": mean - margin, "high": mean + margin}
            rows.append(row)
    return pd.DataFrame(rows)


def _run(recipe: Recipe, documents: list[Document], runs: Path) -> dict[str, Any]:
    """Figures of one run on validation, trained unless they are there."""
    codebook = load_codebook(recipe.resolve(recipe.data.codebook))
    corpus = load_corpus(recipe, documents, codebook)
    made_of = json.loads(json.dumps({"recipe": recipe.to_dict(), "annotations_sha256": corpus.digest}))
    runs.mkdir(parents=True, exist_ok=True)
    for file in sorted(runs.glob("*.json")):
        known = json.loads(file.read_text(encoding="utf-8"))
        if known["made_of"] == made_of:
            figures: dict[str, Any] = known["figures"]
            return figures
    folder = runs / "model"
    train(recipe, documents, folder)
    model = Model(folder)
    examples = make_examples(corpus.validation, model.settings.window)
    logits = model.predict([(e.sentence, e.context) for e in examples]).values
    values = headline(annotations_of(corpus.validation), predict_labels(logits, codebook, model.settings), codebook)
    figures = {**{k: round(values[k], 4) for k in FIGURES}, "sentences": len(examples)}
    number = len(list(runs.glob("*.json")))
    (runs / f"{number:03d}.json").write_text(json.dumps({"made_of": made_of, "figures": figures}, indent=1) + "\n")
    shutil.rmtree(folder)
    logger.info("%s", figures)
    return figures
