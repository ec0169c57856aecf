"""On which annotations a system was fitted: recorded beside its labels, and read back where systems are compared."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from stance.errors import StanceError

RECORD = "manifest.json"
"""In a folder of labels: what every file in it was fitted on, by its name without ending."""
DIGEST = "annotations_sha256"


def write_fitting(folder: Path, names: Iterable[str], fitting: dict[str, Any]) -> None:
    """Record what systems were fitted on; what the record says of others stays.

    Args:
        folder: where their labels lie.
        names: of the systems.
        fitting: ``annotations_sha256`` and counts of sentences.
    """
    content = dict(sorted((_read(folder / RECORD) | dict.fromkeys(names, fitting)).items()))
    (folder / RECORD).write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def digest_of_labels(file: Path) -> str:
    """Hash of the annotations that the system with these labels was fitted on; "" if it is not recorded."""
    fitting = _read(file.parent / RECORD).get(file.stem)
    return str(fitting.get(DIGEST, "")) if isinstance(fitting, dict) else ""


def digest_of_model(folder: Path) -> str:
    """The same of a model, by its manifest."""
    return str(_read(folder / "manifest.json").get(DIGEST, ""))


def _read(file: Path) -> dict[str, Any]:
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise StanceError(f"{file}: cannot be read ({error}). Delete it, or write it anew by fitting again") from error
    return content if isinstance(content, dict) else {}
