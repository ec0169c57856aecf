"""All files below a folder or that fit a glob pattern: links are followed, and what cannot be looked at is named."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterator
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

    def files(self, folder: Path) -> list[Path]:
        """Files below a folder, sorted, without hidden ones."""
        found = (place / name for place, names in self._folders(folder) for name in names)
        return sorted(f for f in found if not is_hidden(f.relative_to(folder)) and self._is_file(f))

    def fitting(self, pattern: str) -> list[Path]:
        """Files that fit a glob pattern, sorted; ``**`` stands for any folders that are not hidden."""
        return sorted(f for f in self._matches(pattern) if self._is_file(f))

    def _matches(self, pattern: str) -> set[Path]:
        parts = Path(pattern).parts
        if "**" not in parts:
            for last, part in enumerate(parts):
                if is_pattern(part):
                    self._look_into(str(Path(*parts[:last])))
            return {Path(f) for f in glob.glob(pattern)}  # noqa: PTH207
        first = parts.index("**")
        rest = Path(*parts[first + 1 :] or "*")
        starts = [Path(f) for f in glob.glob(str(Path(*parts[:first])))]  # noqa: PTH207
        folders = (place for start in starts if start.is_dir() for place, _ in self._folders(start))
        return {f for place in folders for f in self._matches(str(Path(glob.escape(str(place)), rest)))}

    def _look_into(self, pattern: str) -> None:
        """Note the folders that cannot be read, of which `glob` says nothing."""
        for place in glob.glob(pattern):  # noqa: PTH207
            if os.path.isdir(place):  # noqa: PTH112  # Path.is_dir raises where it has no rights
                try:
                    os.scandir(place).close()
                except OSError as error:
                    self._failed(error)

    def _folders(self, first: Path) -> Iterator[tuple[Path, list[str]]]:
        """A folder and all below it, each with the names of its files; links to folders come after the others."""
        waiting, met = [first], set[tuple[int, int]]()
        while waiting:
            for place, folders, names in os.walk(waiting.pop(0), onerror=self._failed):
                about = Path(place).stat()
                if (about.st_dev, about.st_ino) in met:
                    folders.clear()
                    continue
                met.add((about.st_dev, about.st_ino))
                below = [Path(place, f) for f in sorted(folders) if not is_hidden(Path(f))]
                waiting += [f for f in below if f.is_symlink()]
                folders[:] = [f.name for f in below if not f.is_symlink()]
                yield Path(place), names

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
