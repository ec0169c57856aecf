"""Coverage-guided fuzzing of the readers: `make fuzz`. Needs atheris (`pip install atheris`); runs until stopped.

Any exception that is not one of the package's own failures is a finding; atheris writes the input that caused it.
"""

from __future__ import annotations

import io
import sys
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["stance", "docx", "pdfminer", "frontmatter", "trafilatura"]):
    from stance.documents.document import make_document
    from stance.documents.encoding import UnreadableError
    from stance.documents.readers import READERS
    from stance.sentences import split_sentences

NAMES = sorted(READERS)


def read(data: bytes) -> None:
    """Read bytes as the format that their first byte chooses."""
    if not data:
        return
    reader = READERS[NAMES[data[0] % len(NAMES)]]
    try:
        for _, record in reader(io.BytesIO(data[1:])):
            if isinstance(record, dict):
                split_sentences(make_document(record["text"], record, "d", None))
    except (UnreadableError, ValueError):
        return


def seeds(folder: Path) -> None:
    """Write one small sound file of every format to begin with."""
    from tests.bad_input import SAMPLES

    folder.mkdir(parents=True, exist_ok=True)
    for name, samples in SAMPLES.items():
        for i, sample in enumerate(samples):
            (folder / f"{name[1:]}-{i}").write_bytes(bytes([NAMES.index(name)]) + sample)


if __name__ == "__main__":
    seeds(Path(sys.argv[1]))
    atheris.Setup([sys.argv[0], *sys.argv[1:]], read)
    atheris.Fuzz()
