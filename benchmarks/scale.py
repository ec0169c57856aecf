"""How time and memory grow with the archive, and what a user waits for: each run is a process of its own."""

from __future__ import annotations

import json
import os
import shutil
import sys
import time
from pathlib import Path

import pandas as pd

from benchmarks.material import invented_documents


def command(arguments: list[str]) -> tuple[float, float]:
    """Run `stance` with arguments.

    Returns:
        seconds, and peak memory in MB.
    """
    started = time.perf_counter()
    pid = os.fork()
    if pid == 0:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 1)
        os.dup2(nowhere, 2)
        os.execv(sys.executable, [sys.executable, "-m", "stance", *arguments])
    _, status, usage = os.wait4(pid, 0)
    if os.waitstatus_to_exitcode(status):
        raise RuntimeError(f"stance {' '.join(arguments)} failed")
    return time.perf_counter() - started, usage.ru_maxrss / 1024


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
    """Score archives of growing size with one model."""
    rows = []
    for size in sizes:
        write_archive(folder / "archive.jsonl", size)
        output = folder / f"table-{size}"
        shutil.rmtree(output, ignore_errors=True)
        seconds, peak = command(["score", str(folder / "archive.jsonl"), "-o", str(output), "-m", model])
        again, _ = command(["score", str(folder / "archive.jsonl"), "-o", str(output), "-m", model])
        shutil.rmtree(output)
        rows.append((size, seconds, 1000 * seconds / size, peak, again))
    columns = ["sentences", "seconds", "ms a sentence", "peak MB", "seconds when nothing has changed"]
    return pd.DataFrame(rows, columns=columns)
