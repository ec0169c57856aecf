"""How time and memory grow with the archive, and what a user waits for: each run is a process of its own."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
import time
from itertools import islice
from pathlib import Path

import pandas as pd

from benchmarks.material import invented_documents

BOUND = 600
"""Most megabytes that scoring an archive of any size is to take."""
PEAK = """
import sys
import tempfile
from pathlib import Path
from stance.cli import main
note = Path(sys.argv.pop(1))
try:
    main()
finally:
    status = Path("/proc/self/status").read_text()
    note.write_text(next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM")))
"""


def command(arguments: list[str]) -> tuple[float, float]:
    """Run `stance` with arguments.

    Returns:
        seconds, and peak memory in MB. The process reads the latter itself: what a parent is told (``ru_maxrss``) holds
            the parent's own memory at the fork.

    Raises:
        RuntimeError: if the command fails.
    """
    with tempfile.TemporaryDirectory() as folder:
        note = Path(folder) / "peak"
        started = time.perf_counter()
        done = subprocess.run(
            [sys.executable, "-c", PEAK, str(note), *arguments], capture_output=True, text=True, check=False
        )
        seconds = time.perf_counter() - started
        if done.returncode:
            raise RuntimeError(f"stance {' '.join(arguments)} failed: {done.stderr}")
        return seconds, int(note.read_text()) / 1024


def waits(folder: Path, readout: Path, repeats: int = 5) -> pd.DataFrame:
    """What a user waits for: the fastest of some repeats."""
    found = {}
    for name, arguments in (
        ("start-up: stance --version", ["--version"]),
        ("one readout: stance score us.md", ["score", str(readout), "-o", str(folder / "t.parquet")]),
    ):
        runs = [command(arguments) for _ in range(repeats)]
        found[name] = {"seconds": min(r[0] for r in runs), "peak MB": max(r[1] for r in runs)}
    return pd.DataFrame(found).T


def write_archive(path: Path, sentences: int) -> None:
    """Write invented documents as JSONL."""
    with path.open("w", encoding="utf-8") as file:
        for d in invented_documents(sentences):
            record = {"doc_id": d.doc_id, "text": d.text, "source": d.source, "title": d.title}
            file.write(json.dumps(record) + "\n")


def growth(folder: Path, model: str, sizes: list[int]) -> pd.DataFrame:
    """Score archives of growing size with one model.

    Returns:
        one row a size: seconds, milliseconds a sentence, peak memory and whether it is within `BOUND`, and the seconds
            of a second run, which finds everything scored.
    """
    rows = []
    for size in sizes:
        write_archive(folder / "archive.jsonl", size)
        seconds, peak, again = _twice(folder / "archive.jsonl", model)
        rows.append((size, seconds, 1000 * seconds / size, peak, _within(peak), again))
    columns = ["sentences", "seconds", "ms a sentence", "peak MB", f"within {BOUND} MB", "seconds without changes"]
    return pd.DataFrame(rows, columns=columns)


def growth_with_files(folder: Path, model: str, counts: list[int]) -> pd.DataFrame:
    """Score folders of a growing number of files with one model, a document of four sentences each.

    Returns:
        one row a number of files, with the columns of `growth`, of which one is by file.
    """
    rows = []
    for count in counts:
        place = folder / f"files-{count}"
        place.mkdir()
        for number, d in enumerate(islice(invented_documents(count * 40), count)):
            (place / f"{number:07}.txt").write_text(d.text.partition("\n\n")[0], encoding="utf-8")
        seconds, peak, again = _twice(place, model)
        rows.append((count, seconds, 1000 * seconds / count, peak, _within(peak), again))
        shutil.rmtree(place)
    columns = ["files", "seconds", "ms a file", "peak MB", f"within {BOUND} MB", "seconds without changes"]
    return pd.DataFrame(rows, columns=columns)


def _twice(documents: Path, model: str) -> tuple[float, float, float]:
    """Seconds and peak memory of a run over documents, and the seconds of a second run, which finds all scored."""
    output = documents.with_name("table")
    arguments = ["score", str(documents), "-o", str(output), "-m", model]
    seconds, peak = command(arguments)
    again, _ = command(arguments)
    shutil.rmtree(output)
    return seconds, peak, again


def _within(peak: float) -> str:
    return "yes" if peak <= BOUND else "no"
