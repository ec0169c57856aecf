"""Files that appear under their name only when they are complete and on the disk."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from stat import S_IMODE

from stance.errors import StanceError

TEMPORARY = ".tmp-"
"""How the names of files begin that are being written."""
CURE = "Check place and rights"
RESUME = f"{CURE}; then run the same command again, and what is finished is not scored again"


@contextmanager
def replacing(path: Path, cure: str = CURE) -> Iterator[Path]:
    """Give a temporary file that takes the place of `path` when all is written and on the disk, or else vanishes.

    Where `path` is a link, that is the file that it leads to. An existing file keeps its mode.
    """
    target = Path(os.path.realpath(path))
    temporary = target.with_name(f"{TEMPORARY}{target.name}")
    try:
        with writable(path, cure=cure):
            begin(temporary, target)
            yield temporary
            settle(temporary, target)
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


def begin(temporary: Path, target: Path) -> None:
    """Make an empty file to take the place of another, which nobody may read who may not read that one."""
    temporary.touch()
    if target.is_file():
        temporary.chmod(S_IMODE(target.stat().st_mode) | 0o600)


def settle(temporary: Path, target: Path) -> None:
    """Put a file that is written in the place of another, with its mode, and have it on the disk."""
    with temporary.open("rb+") as file:
        os.fsync(file.fileno())
    if target.is_file():
        temporary.chmod(S_IMODE(target.stat().st_mode))
    temporary.replace(target)
    sync_folder(target.parent)


def sync_folder(folder: Path) -> None:
    """Have the names in a folder on the disk, too; not every system can."""
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


@contextmanager
def writable(path: Path, what: str = "it", cure: str = CURE) -> Iterator[None]:
    """Turn an error of the file system into one that names the place and the cure; that nobody reads on is none."""
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        raise StanceError(f"{path}: {what} cannot be written ({error.strerror or error}). {cure}") from error
