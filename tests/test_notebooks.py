"""Notebooks are executed from top to bottom; they are kept with what they show for the invented examples."""

import json
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

import stance
from tests.conftest import ROOT

NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
SHOWN = ("execute_result", "display_data")


def outputs(notebook, kinds):
    return [o for cell in notebook.cells if cell.cell_type == "code" for o in cell.outputs if o.output_type in kinds]


def test_there_are_three_studies():
    assert [p.stem for p in NOTEBOOKS] == ["how_far_to_trust", "one_summit", "series_over_time"]


@pytest.mark.notebook
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_notebook_runs(path):
    notebook = nbformat.read(path, as_version=4)
    kept = len(outputs(notebook, SHOWN))
    NotebookClient(notebook, timeout=600, resources={"metadata": {"path": str(path.parent)}}).execute()
    assert not outputs(notebook, ("error",))
    assert len(outputs(notebook, SHOWN)) == kept >= 8


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_notebook_is_kept_as_it_was_executed(path):
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1))
    assert not outputs(notebook, ("error",))
    assert sum("image/svg+xml" in o.data for o in outputs(notebook, SHOWN)) >= 3
    assert not any(word in json.dumps(notebook) for word in (str(ROOT), str(Path.home()), "Traceback"))


@pytest.mark.notebook
def test_a_notebook_runs_on_documents_of_ones_own(tmp_path, monkeypatch):
    for side, text in (("us", "We oppose the use of force."), ("china", "Nobody may cross this line on Taiwan.")):
        lines = ["---", f"source: {side}", "date: 2027-01-05", "event: Talks", "---", "", text]
        (tmp_path / f"{side}.md").write_text("\n".join(lines), encoding="utf-8")
    assert len(stance.read_documents(tmp_path)) == 2
    monkeypatch.setenv("STANCE_SUMMIT", str(tmp_path))
    notebook = nbformat.read(ROOT / "notebooks" / "one_summit.ipynb", as_version=4)
    NotebookClient(notebook, timeout=600, resources={"metadata": {"path": str(ROOT / "notebooks")}}).execute()
    assert "Nobody may cross this line" in json.dumps(notebook)
