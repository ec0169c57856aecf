"""All files below a folder or that fit a glob pattern: links are followed, and what cannot be looked at is named."""

from __future__ import annotations

import glob
import os
from collections import deque
from collections.abc import Iterator
from itertools import dropwhile
from pathlib import Path
from stat import S_ISREG

from stance.errors import InputFailure


class Walk:
    """What walks through folders find.

    Every folder is entered once, whatever links lead to it, and by its own name where it has one below the first.

    Attributes:
        failures: folders that cannot be read, links that lead nowhere, files that cannot be looked at; by their path.
    """

    def __init__(self) -> None:
        self.failures: dict[str, InputFailure] = {}

    def files(self, folder: Path) -> Iterator[Path]:
        """Files below a folder, without hidden ones, in no order."""
        found = (path for path, is_folder in self._below(folder) if not is_folder)
        return (f for f in found if not is_hidden(f.relative_to(folder)) and self._is_file(f))

    def fitting(self, pattern: str) -> Iterator[Path]:
        """Files that fit a glob pattern, in no order; ``**`` stands for any folders that are not hidden."""
        return (f for f in self._matches(pattern) if self._is_file(f))

    def _matches(self, pattern: str) -> Iterator[Path]:
        parts = Path(pattern).parts
        if "**" not in parts:
            for last, part in enumerate(parts):
                if is_pattern(part):
                    self._look_into(str(Path(*parts[:last])))
            yield from map(Path, glob.iglob(pattern))  # noqa: PTH207
            return
        first = parts.index("**")
        rest = Path(*([*dropwhile("**".__eq__, parts[first + 1 :])] or ["*"]))
        starts = [Path(f) for f in glob.glob(str(Path(*parts[:first])))]  # noqa: PTH207
        below = (found for start in starts if start.is_dir() for found in self._below(start))
        for place in (path for path, is_folder in below if is_folder):
            yield from self._matches(str(Path(glob.escape(str(place)), rest)))

    def _look_into(self, pattern: str) -> None:
        """Note the folders that cannot be read, of which `glob` says nothing."""
        for place in glob.glob(pattern):  # noqa: PTH207
            if os.path.isdir(place):  # noqa: PTH112  # Path.is_dir raises where it has no rights
                try:
                    os.scandir(place).close()
                except OSError as error:
                    self._failed(error)

    def _below(self, first: Path) -> Iterator[tuple[Path, bool]]:
        """A folder and all below it that is not in a hidden folder, and whether each is a folder.

        Folders are entered from the top down, sorted, and links to folders after all others.
        """
        links, met = deque([first]), set[tuple[int, int]]()
        while links:
            waiting = [links.popleft()]
            while waiting:
                place = waiting.pop()
                inside: list[Path] = []
                try:
                    about = place.stat()
                    if (about.st_dev, about.st_ino) in met:
                        continue
                    with os.scandir(place) as entries:
                        met.add((about.st_dev, about.st_ino))
                        yield place, True
                        for entry in entries:
                            if not self._is_folder(entry):
                                yield Path(entry.path), False
                            elif not is_hidden(Path(entry.name)):
                                inside.append(Path(entry.path))
                except OSError as error:
                    self._failed(error)
                inside.sort()
                links += [f for f in inside if f.is_symlink()]
                waiting += [f for f in reversed(inside) if not f.is_symlink()]

    @staticmethod
    def _is_folder(entry: os.DirEntry[str]) -> bool:
        """Whether an entry is a folder or a link to one; a link in a circle is none."""
        try:
            return entry.is_dir()
        except OSError:
            return False

    def _is_file(self, path: Path) -> bool:
        """Whether a path is a file; that it cannot be told is a failure."""
        try:
            return S_ISREG(path.stat().st_mode)
        except OSError as error:
            self._failed(error)
            return False

    def _failed(self, error: OSError) -> None:
        place = Path(os.fsdecode(error.filename))
        if isinstance(error, FileNotFoundError) and place.is_symlink():
            failure = InputFailure(str(place), "it is a link to what does not exist", "Mend or remove the link")
        else:
            failure = InputFailure(str(place), f"it cannot be read ({error.strerror})", "Check its rights")
        self.failures[str(place)] = failure


def is_pattern(text: str) -> bool:
    """Whether a text may be a glob pattern."""
    return any(c in text for c in "*?[")


def is_hidden(path: Path) -> bool:
    """Whether a path begins a part with a dot, or with what Word puts before the name of a document that is open."""
    return any(part.startswith((".", "~$")) for part in path.parts)
