"""The code blocks of the documentation run."""

import importlib.util
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections import Counter
from operator import attrgetter
from pathlib import Path

import pandas as pd
import pytest

import stance
from stance.annotation.splits import read_splits
from stance.classifier.recipe import load_recipe
from tests.conftest import ROOT

PAGE = (ROOT / "docs" / "scoring.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```(\w+)( \w+)?\n(.*?)```", PAGE, re.DOTALL)
SHELL = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}


@pytest.fixture
def place(tmp_path):
    """A folder with the examples, and some of them as incoming readouts."""
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    shutil.copytree(ROOT / "examples" / "summit", tmp_path / "incoming")
    return tmp_path


def sh(script, place):
    done = subprocess.run(["sh", "-e", "-c", script], cwd=place, env=SHELL, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def block(kind, mark=""):
    return [content for k, m, content in BLOCKS if k == kind and m.strip() == mark]


def test_the_shell_blocks(place):
    assert len(block("sh")) == 2
    for script in block("sh"):
        sh(script, place)
    assert len(stance.read_table(place / "us.parquet")) > 20
    assert stance.read_table(place / "table")["doc_id"].nunique() == 16
    assert len((place / "rows.jsonl").read_text(encoding="utf-8").splitlines()) > 20


def test_a_sample_is_drawn_coded_collected_and_corrects_the_comparison(place):
    page = (ROOT / "docs" / "checking-by-hand.md").read_text(encoding="utf-8")
    [draw] = re.findall(r"```sh\n(.*?)```", page, re.DOTALL)
    [collect] = re.findall(r"```sh collect\n(.*?)```", page, re.DOTALL)
    sh(draw, place)
    sh("stance annotate examples/series -o suggested --sample 40", place)
    blind, tasks = (json.loads((place / f / "tasks.json").read_text(encoding="utf-8")) for f in ("tasks", "suggested"))
    assert [t["data"] for t in blind] == [t["data"] for t in tasks]
    assert len(tasks) == 80
    for task in tasks:  # a coder who agrees with everything
        task["annotations"] = [{"result": task["predictions"][0]["result"]}]
    (place / "export.json").write_text(json.dumps(tasks), encoding="utf-8")
    sh(collect, place)
    corrected = pd.read_csv(place / "report" / "tables" / "corrected.csv")
    assert len(corrected) and (corrected["n_gold"] > 0).any()
    assert (place / "evaluation" / "figures.csv").is_file()


def test_two_coders_code_in_a_spreadsheet_and_agree(place, monkeypatch):
    page = (ROOT / "docs" / "checking-by-hand.md").read_text(encoding="utf-8")
    [measure] = re.findall(r"```sh agreement\n(.*?)```", page, re.DOTALL)
    sh("stance annotate examples/series -o coding --sample 20 --format spreadsheet", place)
    for coder in ("anna", "ben"):
        shutil.copy(place / "coding" / "tasks.xlsx", place / f"{coder}.xlsx")
    sh(measure, place)
    coded = [json.loads(line) for line in (place / "both.jsonl").read_text(encoding="utf-8").splitlines()]
    assert Counter(row["coder"] for row in coded) == {"anna": 40, "ben": 40}
    [adjudicate] = re.findall(r"```python adjudicate\n(.*?)```", page, re.DOTALL)
    coded[-1]["stance"] = "red_line" if coded[-1]["stance"] != "red_line" else "demand"
    (place / "both.jsonl").write_text("".join(json.dumps(row) + "\n" for row in coded), encoding="utf-8")
    monkeypatch.chdir(place)
    exec(adjudicate, {})
    [row] = pd.read_csv("differ.csv", header=[0, 1], index_col=[0, 1, 2]).index
    assert row == (coded[-1]["doc_id"], coded[-1]["start"], coded[-1]["end"])


def test_the_line_of_the_crontab_scores_what_is_new(place):
    [line] = block("cron")
    command = line.split(maxsplit=5)[5]
    for said, here in (("/srv/readouts", place), ("/srv/env/bin", Path(sys.executable).parent)):
        assert command.count(said) == 1
        command = command.replace(said, shlex.quote(str(here)))
    as_cron_starts = "cd / && export PATH=/usr/bin:/bin"  # elsewhere, and without the environment
    sh(f"{as_cron_starts} && {command}", place)
    shutil.copy(ROOT / "examples" / "series" / "2025-02-11-us.md", place / "incoming")
    sh(f"{as_cron_starts} && {command}", place)
    first, second = (json.loads(x) for x in (place / "summary.jsonl").read_text(encoding="utf-8").splitlines())
    assert (first["documents"], second["documents"]) == (2, 3)
    assert "INFO part-000000-" in (place / "score.log").read_text(encoding="utf-8")


def test_a_similarity_of_ones_own_is_plugged_in(place, monkeypatch):
    from stance.contrast import similarity

    page = (ROOT / "docs" / "contrasts.md").read_text(encoding="utf-8")
    [code] = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    monkeypatch.chdir(place)
    monkeypatch.setattr(similarity, "SIMILARITIES", dict(similarity.SIMILARITIES))
    names = {}
    exec(code, names)
    assert len(names["pairs"].evidence)


def test_the_recipe_of_ones_own_labels_has_keys_and_defaults_that_exist(tmp_path):
    page = (ROOT / "docs" / "training.md").read_text(encoding="utf-8")
    [recipe] = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    (tmp_path / "mine-recipe.yaml").write_text(recipe, encoding="utf-8")
    read = load_recipe(tmp_path / "mine-recipe.yaml")
    assert not read.starts_from and not read.data.written and not read.distillation.teachers
    [table] = re.findall(r"\| key \| default \| \|\n\|[-|]+\n(.*?)\n\n", page, re.DOTALL)
    rows = [[cell.strip() for cell in line.split("|")[1:3]] for line in table.splitlines()]
    assert len(rows) > 15
    for keys, default in rows:
        for key in re.findall(r"`([\w.]+)`", keys):
            value = attrgetter(key)(read)
            if re.fullmatch(r"[\d.e-]+", default):
                assert value == float(default), key
    [splits] = re.findall(r"```csv\n(.*?)```", page, re.DOTALL)
    (tmp_path / "splits.csv").write_text(splits, encoding="utf-8")
    assert set(read_splits(tmp_path / "splits.csv").values()) == {"train", "validation", "test"}


@pytest.mark.xdist_group("ray")  # a second Ray on this machine would join the cluster of the first
@pytest.mark.skipif(importlib.util.find_spec("ray") is None, reason="Ray is not installed")
def test_the_cluster_example(place):
    for script in block("sh", "ray"):
        sh(script, place)
    assert stance.read_table(place / "table-ray")["doc_id"].nunique() == 16


def test_the_recipe_for_datasets(place, monkeypatch):
    monkeypatch.chdir(place)
    names = {}
    for code in block("python"):
        exec(code, names)
    direct = stance.score(names["documents"], names["model"])
    assert names["labelled"]["text"][:] == direct["text"].tolist()
    assert names["labelled"]["stance"][:] == direct["stance"].tolist()


def test_every_option_of_score_is_named():
    from stance.scoring.command import score

    said = {o for p in score.params for o in p.opts if o.startswith("--")}
    named = {"--prune", "--since", "--dry-run", "--engine", "--ray-address", "--json", "--threads"}
    assert named <= said
    assert [o for o in sorted(named) if o not in PAGE] == []
