"""Checks that results can be kept, made before the work that would be lost otherwise."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from stance.errors import StanceError, system_error


def require_folder(folder: Path) -> None:
    """Make a folder, with those above it, and try to write there.

    Raises:
        StanceError: if it cannot be made or written to.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise StanceError(system_error(error, folder)) from error


def require_file(file: Path) -> None:
    """Make the folder of a file that is to be written, and check that nothing is in its way.

    Raises:
        StanceError: if the file could not be written.
    """
    require_folder(file.parent)
    if file.is_dir():
        raise StanceError(f"{file}: it is a folder. Give the name of a file")
    if file.exists() and not os.access(file, os.W_OK):
        raise StanceError(f"{file}: it is there and must not be overwritten. Give another name, or change its rights")


@contextmanager
def keeping_weights(folder: Path) -> Iterator[None]:
    """Turn the error of a file of weights, of a full disk above all, into one that names the folder and the cure.

    Raises:
        StanceError: in its place.
    """
    from safetensors import SafetensorError

    try:
        yield
    except SafetensorError as error:
        raise StanceError(
            f"{folder}: weights cannot be written or read ({error}). Check rights and space on the disk; "
            "then train again"
        ) from error
