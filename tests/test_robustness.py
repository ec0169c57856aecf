"""The shipped model on probes of robustness: what should leave the labels alone, and what should not."""

import math

import numpy as np
import pandas as pd
import pytest

from tests.robustness import SENTENCES, measure, misread, smart_quotes, soft_hyphens

ERRORS = 1.645
"""Standard errors below its floor from which a rate counts as too low (one-sided, five in a hundred)."""


@pytest.fixture(scope="module")
def rates(model):
    return measure(model)


def _too_low(row) -> bool:
    return row.rate < row.floor - ERRORS * math.sqrt(row.floor * (1 - row.floor) / row.n)


def test_rates_reach_their_floors(rates):
    assert {(r.probe, r.measure): r.rate for r in rates.itertuples() if _too_low(r)} == {}


def test_published_rates_are_those_of_the_model(rates, model):
    published = pd.read_csv(model.folder / "evaluation" / "robustness.csv")
    assert published[["probe", "measure", "n"]].equals(rates[["probe", "measure", "n"]])
    assert np.abs(published["rate"] - rates["rate"]).max() < 0.05  # one sentence may differ between machines


def test_probes_change_the_text():
    for _, text in SENTENCES:
        changed = {soft_hyphens(text), smart_quotes(text), text.upper()}
        assert text not in changed
        assert len(changed) == 3
    noisy = [misread(text) for _, text in SENTENCES]
    letters = sum(a != b for (_, t), n in zip(SENTENCES, noisy, strict=True) for a, b in zip(t, n, strict=True))
    assert 1 / 80 < letters / sum(len(t) for _, t in SENTENCES) < 1 / 25
