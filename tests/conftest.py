"""Fixtures shared by the tests: the shipped model, a scored example, and where real readouts are, if anywhere."""

import os
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

import stance
from stance.classifier.predict import Model

if "PYTEST_XDIST_WORKER" in os.environ:  # before torch is loaded: two pools of threads would wait for each other
    os.environ.setdefault("OMP_NUM_THREADS", "1")

ROOT = Path(__file__).resolve().parent.parent
REAL = Path(os.environ.get("STANCE_REAL", ROOT.parent / "shared"))


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> Iterator[None]:
    """Keep the tests of a file in one process, which makes their fixtures once, unless they name another group."""
    for item in items:
        if not item.get_closest_marker("xdist_group"):
            item.add_marker(pytest.mark.xdist_group(item.nodeid.split("::")[0]))
    return (yield)


@pytest.fixture(scope="session")
def model() -> Model:
    return Model()


@pytest.fixture(scope="session")
def summit(model: Model) -> pd.DataFrame:
    """The invented summit of the examples, scored with the shipped model."""
    return stance.score(stance.read_documents(ROOT / "examples" / "summit"), model)


@pytest.fixture(scope="session")
def series(model: Model) -> pd.DataFrame:
    """The invented series of meetings, scored with the shipped model."""
    return stance.score(stance.read_documents(ROOT / "examples" / "series"), model)


@pytest.fixture(scope="session")
def real() -> Path:
    """Folder of real readouts; tests that need them are skipped where there are none."""
    if not (REAL / "gold" / "dev.jsonl").is_file():
        pytest.skip("no real readouts here; set STANCE_REAL to a folder that holds gold/ and corpus/")
    return REAL


@pytest.fixture(scope="session")
def random_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny model with random weights, for tests of what surrounds a model."""
    from benchmarks.random_checkpoint import write_random_checkpoint

    return write_random_checkpoint(tmp_path_factory.mktemp("model") / "random")


@pytest.fixture(scope="session")
def tiny(random_model: Path) -> Model:
    return Model(random_model, threads=1)
