"""The page of ablations is written from the table, and the table from the runs."""

from __future__ import annotations

import json
from dataclasses import replace

import pandas as pd
import pytest

from stance.classifier.ablation import FIGURES, compare_variants, read_variants
from stance.classifier.ablation_page import ablations_text, put_ablations
from stance.errors import StanceError
from tests.conftest import ROOT


def runs() -> pd.DataFrame:
    """Four variants with two seeds: the first, one that is better by 0.1 and 0.3, and two other sizes."""
    found = []
    for name, curve, learned, values in (
        ("first", True, 200, (0.5, 0.6)),
        ("better", False, 200, (0.6, 0.9)),
        ("twice", True, 400, (0.6, 0.7)),
        ("half", True, 100, (0.4, 0.2)),
    ):
        for seed, value in enumerate(values):
            row = {"variant": name, "seed": seed, "curve": curve, "learned": learned + seed, "sentences": 50}
            found.append(row | dict.fromkeys(FIGURES, value))
    return pd.DataFrame(found)


def test_variants_are_compared_by_seed_and_sizes_step_by_step():
    table = compare_variants(runs()).set_index(["variant", "figure"])
    better = table.loc[("better", "stance_accuracy")]
    assert better["difference"] == pytest.approx(0.2)
    assert better["high"] - better["low"] == pytest.approx(2 * 12.706 * 0.1, rel=1e-3)
    steps = table.xs("stance_accuracy", level="figure")["step"]
    assert steps["first"] == pytest.approx(0.25) and steps["twice"] == pytest.approx(0.1)
    assert steps[["better", "half"]].isna().all()


def test_the_page_holds_every_variant_and_the_curve_in_order(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("# Page\n\n<!-- ablations:start -->\nearlier\n<!-- ablations:end -->\n\nEnd.\n", encoding="utf-8")
    put_ablations(page, compare_variants(runs()), tmp_path)
    text = page.read_text(encoding="utf-8")
    assert text.startswith("# Page\n") and text.endswith("\n\nEnd.\n") and "earlier" not in text
    assert "| better | 200 | +0.200 [-1.071, +1.471] |" in text
    curve = text[text.index("Learning curve") :]
    assert [curve.index(f"\n| {n} |") for n in (100, 200, 400)] == sorted(
        curve.index(f"\n| {n} |") for n in (100, 200, 400)
    )
    assert "better" not in curve
    assert "<svg" in (tmp_path / "learning_curve.svg").read_text(encoding="utf-8")
    page.write_text("no marks", encoding="utf-8")
    with pytest.raises(StanceError, match="Add the two marks"):
        put_ablations(page, compare_variants(runs()), tmp_path)


def test_the_released_page_is_made_of_the_released_runs():
    """The table of the page is that of the CSV, whose every variant has the runs that lie beside it."""
    folder = ROOT / "docs/ablations"
    table = pd.read_csv(folder / "ablations.csv")
    assert ablations_text(table) in (ROOT / "docs/ablations.md").read_text(encoding="utf-8")
    variants, seeds = read_variants(ROOT / "configs/ablations.yaml")
    assert list(table["variant"].unique()) == list(variants) and set(table["runs"]) == {len(seeds)} and len(seeds) > 2
    kept = [json.loads(f.read_text(encoding="utf-8")) for f in (folder / "runs").glob("*.json")]
    for name, recipe in variants.items():
        seeded = [replace(recipe, training=replace(recipe.training, seed=seed)) for seed in seeds]
        wanted = [json.loads(json.dumps(r.to_dict())) for r in seeded]  # lists for tuples, as in the files
        mine = [run["figures"] for run in kept if run["recipe"] in wanted]
        part = table[table["variant"] == name].set_index("figure")["mean"]
        assert len(mine) == len(seeds), name
        for figure, mean in part.items():
            assert mean == pytest.approx(sum(run[figure] for run in mine) / len(mine), abs=1e-4)
