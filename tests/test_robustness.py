"""The shipped models on probes of robustness: what should leave the labels alone, and what should not."""

import math
from collections import Counter

import numpy as np
import pandas as pd
import pytest

import stance
from stance.classifier.decision import ScoringSettings
from stance.classifier.predict import identity, shipped_models
from stance.classifier.tokenization import encode, load_tokenizer
from tests import robustness
from tests.conftest import ROOT
from tests.robustness import CHANGES, PARAPHRASES, SENTENCES, UNSEEN, Reading, inputs, measure, misread, reader

ERRORS = 1.645
"""Standard errors below its floor from which a rate counts as too low (one-sided, five in a hundred)."""
SHORTCOMINGS: set[tuple[str, str, str]] = set()
"""Floors that a released model is known to miss: model, probe, measure; `docs/evaluation.md` says what that means."""


def _published(name: str) -> pd.DataFrame:
    return pd.read_csv(ROOT / "models" / name / "evaluation" / "robustness.csv")


def _measured_models() -> list[str]:
    return [f.name for f in shipped_models() if (f / "evaluation" / "robustness.csv").is_file()]


def _floors():
    for name in _measured_models():
        for row in _published(name).itertuples():
            reason = f"known: {row.rate:.2f} of {row.n}, floor {row.floor:.2f}"
            known = (name, row.probe, row.measure) in SHORTCOMINGS
            marks = [pytest.mark.xfail(reason=reason, strict=True)] if known else []
            yield pytest.param(row, marks=marks, id=f"{name}-{row.probe}-{row.measure}")


@pytest.mark.parametrize("row", _floors())
def test_rate_reaches_its_floor(row):
    assert row.rate >= row.floor - ERRORS * math.sqrt(row.floor * (1 - row.floor) / row.n)


def test_known_shortcomings_are_of_probes_that_exist():
    probes = {(name, r.probe, r.measure) for name in _measured_models() for r in _published(name).itertuples()}
    assert probes >= SHORTCOMINGS


def _monotonous(sentences) -> Reading:
    said = (np.full(len(sentences), label) for label in ("neutral", "none", "us"))
    return Reading(*said, np.zeros(len(sentences)))


@pytest.mark.parametrize("folder", shipped_models(), ids=lambda f: f.name)
def test_published_rates_are_of_the_released_model_and_of_these_probes(folder):
    if folder.name not in _measured_models():
        pytest.skip(f"not measured: python -m tests.robustness {folder.name}")
    published, probes = _published(folder.name), measure(_monotonous)
    assert set(published["model"]) == {identity(folder)}
    columns = ["probe", "measure", "n"]
    assert published[columns].equals(probes[columns])
    assert np.abs(published["floor"] - probes["floor"]).max() < 1e-4


def test_published_rates_are_those_of_the_model(model):
    published, measured = _published(model.folder.name), measure(reader(model))
    assert np.abs(published["rate"] - measured["rate"]).max() < 0.05  # one sentence may differ between machines


def test_a_reader_that_always_says_the_same_stays_but_is_not_right():
    rates = measure(_monotonous).set_index(["probe", "measure"])
    for probe in [*CHANGES, "other names", "other dates", "other places", "paraphrase"]:
        for name in ("stance", "issue"):
            assert rates.loc[(probe, f"{name} stays"), "rate"] == 1
            assert rates.loc[(probe, f"{name} is right"), "rate"] < 0.3


def test_rates_of_a_model_are_written_beside_its_evaluations_even_if_it_runs_elsewhere(tiny, tmp_path, monkeypatch):
    (tmp_path / "evaluation").mkdir()
    monkeypatch.setattr(robustness, "Model", lambda name: tiny)
    monkeypatch.setattr(robustness, "model_folder", lambda name: tmp_path)
    monkeypatch.setattr(robustness, "reader", lambda model: _monotonous)
    robustness.main("random")
    assert set(pd.read_csv(tmp_path / "evaluation" / "robustness.csv")["model"]) == {tiny.identity}


def test_every_label_is_probed():
    codebook = stance.load_codebook()
    for name in ("issue", "stance", "holder"):
        labels = [label.key for d in codebook.dimensions if d.key == name for label in d.labels]
        counts = Counter(getattr(p, name) for p in SENTENCES)
        assert set(counts) == set(labels)
        assert min(counts.values()) >= 2
        assert {getattr(p, name) for p in PARAPHRASES} <= set(labels)
    texts = [p.text for p in SENTENCES]
    assert len(set(texts)) == len(texts)


@pytest.mark.parametrize("folder", shipped_models(), ids=lambda f: f.name)
@pytest.mark.parametrize("name", UNSEEN)
def test_what_cleaning_takes_away_does_not_reach_the_model(name, folder):
    tokenizer, reading = load_tokenizer(folder), ScoringSettings.read(folder).reading

    def given(texts):
        windows = encode(tokenizer, inputs([("us", text) for text in texts]), reading).windows
        return [w.ids.tolist() for w in windows]

    plain = [p.text for p in SENTENCES]
    changed = [UNSEEN[name](text) for text in plain]
    assert sum(a != b for a, b in zip(plain, changed, strict=True)) > 20
    assert given(changed) == given(plain)


def test_probes_change_the_text():
    for text in (p.text for p in SENTENCES):
        changed = {name: change(text) for name, (change, _) in CHANGES.items()}
        assert text not in {changed["words joined"], changed["words split"], changed["curly quotation marks"]}
        assert changed["words joined"].replace(" ", "") == changed["words split"].replace(" ", "")
    noisy = [misread(p.text) for p in SENTENCES]
    letters = sum(a != b for p, n in zip(SENTENCES, noisy, strict=True) for a, b in zip(p.text, n, strict=True))
    assert 1 / 80 < letters / sum(len(p.text) for p in SENTENCES) < 1 / 25
    assert (
        CHANGES["PRC"][0]("China held a drill in the South China Sea.")
        == "the PRC held a drill in the South China Sea."
    )
    assert CHANGES["U.S."][0]("The US side and the United States") == "The U.S. side and the U.S."
    assert CHANGES["British spelling"][0]("The Defense Department") == "The Defence Department"
