"""What README, model card and changelog say is what the repository holds."""

import re
from importlib import import_module

import pandas as pd
import pytest

import stance
from stance.classifier.model_card import model_card
from stance.classifier.page_figures import filled
from stance.classifier.predict import identity, shipped_models
from stance.cli import main
from stance.codebook import codebook_page
from tests.conftest import ROOT


@pytest.mark.parametrize("page", ["README.md", "docs/evaluation.md", "docs/error-analysis.md"])
def test_figures_of_a_page_are_those_of_the_evaluations(model, page):
    text = (ROOT / page).read_text(encoding="utf-8")
    assert ":start -->" in text
    assert text == filled(text, model.folder, page)
    assert f":start -->\nWeights: `{identity(model.folder)}`.\n" in text


MEASURED = [
    ("issue", "main_accuracy"), ("issue", "micro_f1"), ("stance", "macro_f1"), ("stance", "accuracy"),
    ("holder", "accuracy"), ("frame", "micro_f1"),
]  # fmt: skip
FLOORS = {
    "readout-small": [0.79, 0.80, 0.70, 0.75, 0.89, 0.78],
    "readout-base": [0.83, 0.81, 0.73, 0.79, 0.90, 0.81],
}
"""Of the released figures on the test part of the corpus, in the order of `MEASURED`; they only go up."""


def test_every_released_model_has_floors():
    assert {f.name for f in shipped_models()} == set(FLOORS)


@pytest.mark.parametrize("name", FLOORS)
@pytest.mark.parametrize("evaluation", ["test", "test-untouched-kinds", "development-gold"])
def test_released_figures_are_of_the_released_model(name, evaluation):
    folder = ROOT / "models" / name
    figures = pd.read_csv(folder / "evaluation" / evaluation / "figures.csv")
    assert set(figures["model"]) == {identity(folder)}


@pytest.mark.parametrize("name", FLOORS)
def test_released_figures_reach_their_floors(name):
    figures = pd.read_csv(ROOT / "models" / name / "evaluation" / "test" / "figures.csv")
    estimates = figures.set_index(["dimension", "metric"])["estimate"]
    floors = dict(zip(MEASURED, FLOORS[name], strict=True))
    assert {k: round(estimates[k], 3) for k, floor in floors.items() if estimates[k] < floor} == {}


@pytest.mark.parametrize("name", FLOORS)
def test_model_card_is_written_from_the_model(name):
    folder = ROOT / "models" / name
    assert (folder / "README.md").read_text(encoding="utf-8") == model_card(folder)


def test_released_models_are_small_enough_to_ship():
    assert sum(f.stat().st_size for f in (ROOT / "models").rglob("*") if f.is_file()) < 80e6


def test_readme_names_only_commands_that_exist():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    named = set(re.findall(r"^stance (\w+)", readme, flags=re.MULTILINE)) | set(re.findall(r"`stance (\w+)", readme))
    assert {"compare", "score", "train", "evaluate", "corpus", "codebook"} <= named
    assert named <= set(main.commands)


def test_the_page_of_the_codebook_is_written_from_the_codebook():
    page = (ROOT / "docs" / "codebook.md").read_text(encoding="utf-8")
    assert page == codebook_page(stance.load_codebook())
    assert "| `management` |" in page and "| difference |" in page


def test_versions_agree():
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert f"version: {stance.__version__}\n" in citation
    assert f'version = "{stance.__version__}"' in project
    assert f"## {stance.__version__}" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_public_names_can_be_imported():
    for name in stance.__all__:
        assert getattr(stance, name) is not None
    import_module("stance.scoring")
    assert callable(stance.score)  # no module of the package takes a public name
