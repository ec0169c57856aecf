"""What README, model card and changelog say is what the repository holds."""

import re
from importlib import import_module

import pandas as pd
import pytest

import stance
from stance.classifier.model_card import model_card
from stance.classifier.page_figures import filled
from stance.cli import main
from tests.conftest import ROOT


@pytest.mark.parametrize("page", ["README.md", "docs/evaluation.md", "docs/error-analysis.md"])
def test_figures_of_a_page_are_those_of_the_evaluations(model, page):
    text = (ROOT / page).read_text(encoding="utf-8")
    assert ":start -->" in text
    assert text == filled(text, model.folder, page)


FLOORS = {
    ("issue", "main_accuracy"): 0.78,
    ("issue", "micro_f1"): 0.77,
    ("stance", "macro_f1"): 0.67,
    ("stance", "accuracy"): 0.73,
    ("holder", "accuracy"): 0.87,
    ("frame", "micro_f1"): 0.71,
}
"""Of the released figures on the test part of the corpus; they only go up."""


@pytest.mark.parametrize("evaluation", ["test", "development-gold"])
def test_released_figures_are_of_the_released_model(model, evaluation):
    figures = pd.read_csv(model.folder / "evaluation" / evaluation / "figures.csv")
    assert set(figures["model"]) == {model.identity}


def test_released_figures_reach_their_floors(model):
    figures = pd.read_csv(model.folder / "evaluation" / "test" / "figures.csv")
    estimates = figures.set_index(["dimension", "metric"])["estimate"]
    assert {k: round(estimates[k], 3) for k, floor in FLOORS.items() if estimates[k] < floor} == {}


def test_model_card_is_written_from_the_model(model):
    assert (model.folder / "README.md").read_text(encoding="utf-8") == model_card(model.folder)


def test_readme_names_only_commands_that_exist():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    named = set(re.findall(r"^stance (\w+)", readme, flags=re.MULTILINE)) | set(re.findall(r"`stance (\w+)", readme))
    assert {"compare", "score", "train", "evaluate", "corpus", "codebook"} <= named
    assert named <= set(main.commands)


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
