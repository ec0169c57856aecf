"""Where the package keeps what it ships: the codebook, the released models and the example documents."""

from __future__ import annotations

from pathlib import Path

DEFAULT_MODEL = "readout-small"
_HERE = Path(__file__).resolve().parent


def resource_path(name: str) -> Path:
    """Path of a shipped file or folder.

    Args:
        name: path below the project's top, such as ``configs/codebook.yaml`` or ``models/readout-small``.

    Raises:
        FileNotFoundError: if neither an installed package nor a working tree holds it.
    """
    for root in (_HERE / "_data", _HERE.parent):
        if (root / name).exists():
            return root / name
    raise FileNotFoundError(f"{name} is not part of this installation of stance")
