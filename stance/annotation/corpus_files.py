"""Where the parts of a labelled corpus are, and reading them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stance.errors import InputFailure, StanceError
from stance.resources import resource_path

if TYPE_CHECKING:
    from stance.annotation.standoff import AnnotatedDocument, Annotation
    from stance.codebook import Codebook
    from stance.documents.document import Document

ANNOTATIONS = "corpus/annotations/annotations.jsonl"
WRITTEN = "corpus/written/written.jsonl"


def read_lines(path: str | Path, what: str) -> Iterator[tuple[int, str]]:
    """The lines of a JSONL file that are not blank, with their numbers.

    Raises:
        StanceError: if the file cannot be read; it says ``what`` was to be found there.
    """
    try:
        lines = Path(path).read_text(encoding="utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise StanceError(f"{path}: {what} cannot be read ({error}). Check the path") from error
    return ((number, line) for number, line in enumerate(lines, 1) if line.strip())


@dataclass(frozen=True)
class CorpusFiles:
    """Where the parts of a corpus are; ``codebook`` is None for the shipped one, ``raw`` are the coders' own files."""

    annotations: Path
    splits: Path
    written: Path | None
    documents: tuple[str, ...]
    raw: tuple[Path, ...]
    codebook: Path | None

    def load_codebook(self) -> Codebook:
        """Read the codebook."""
        from stance.codebook import load_codebook

        return load_codebook(self.codebook)

    def read_annotations(self) -> list[Annotation]:
        """Read the final annotations, checked against the codebook."""
        from stance.annotation.standoff import read_annotations

        return read_annotations(self.annotations, self.load_codebook())

    def read_written(self) -> list[AnnotatedDocument]:
        """Read the written part, checked against the codebook; empty if there is none."""
        from stance.annotation.written import read_written

        return read_written(self.written, self.load_codebook()) if self.written else []

    def read_documents(self, failures: list[str]) -> Iterator[Document]:
        """Read the user's documents; what cannot be read is added to ``failures``."""
        from stance.documents.collect import iterate_documents, without_failures

        unread: list[InputFailure] = []
        yield from without_failures(iterate_documents(self.documents), unread)
        failures += map(str, unread)


def find_files(**given: Any) -> CorpusFiles:
    """Find the parts of a corpus that are not given.

    Args:
        **given: paths by the names of `CorpusFiles`, or None. Without ``annotations``, the corpus is the one in the
            current folder or else in the repository. With them, splits and raw annotations are sought beside them, and
            there is no written part unless it is given.

    Raises:
        StanceError: if there is no corpus.
    """
    annotations = given.get("annotations") or find_part(ANNOTATIONS, "--annotations PATH")
    folder, written = annotations.parent, given.get("written")
    if not written and not given.get("annotations") and (folder.parents[1] / WRITTEN).is_file():
        written = folder.parents[1] / WRITTEN
    raw = given.get("raw") or ([folder / "raw"] if (folder / "raw").is_dir() else [])
    return CorpusFiles(
        annotations,
        given.get("splits") or folder / "documents.csv",
        written,
        tuple(str(d) for d in given.get("documents") or ()),
        tuple(f for path in raw for f in (sorted(path.glob("*.jsonl")) if path.is_dir() else [path])),
        given.get("codebook"),
    )


def find_part(name: str, option: str) -> Path:
    """A file or folder of the corpus: below the current folder, or in the repository.

    Raises:
        StanceError: if it is in neither; ``option`` is what the user can give instead.
    """
    if Path(name).exists():
        return Path(name).resolve()
    try:
        return resource_path(name)
    except FileNotFoundError as error:
        raise StanceError(
            f"{name} is neither below the current folder nor part of this installation. Give {option}, or "
            "run the command in a copy of the repository"
        ) from error
