"""Files that appear under their name only when they are complete and on the disk."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from stance.errors import StanceError

TEMPORARY = ".tmp-"
"""How the names of files begin that are being written."""


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a temporary file that takes the place of `path` when all is written and on the disk, or else vanishes."""
    temporary = path.with_name(f"{TEMPORARY}{path.name}")
    try:
        with writable(path):
            yield temporary
            with temporary.open("rb+") as file:
                os.fsync(file.fileno())
            temporary.replace(path)
            sync_folder(path.parent)
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


def sync_folder(folder: Path) -> None:
    """Have the names in a folder on the disk, too; not every system can."""
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


@contextmanager
def writable(path: Path) -> Iterator[None]:
    """Turn an error of the file system into one that names the place and the cure."""
    try:
        yield
    except OSError as error:
        raise StanceError(
            f"{path}: it cannot be written ({error.strerror or error}). Check place and rights; then run the same "
            "command again, and what is finished is not scored again"
        ) from error
