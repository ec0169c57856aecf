"""Invented archives, and what tests of scoring them share."""

import hashlib
import json
import multiprocessing
import random
import time
from pathlib import Path

from stance.documents import Document
from stance.scoring import score_archive

SMALL = 1500
TOPICS = ["trade", "Taiwan", "climate", "fentanyl", "maritime safety", "export controls", "visas", "the strait"]
FORK = multiprocessing.get_context("forkserver")
FORK.set_forkserver_preload(["tests.killed_run"])


def invented(n, seed=0):
    chance = random.Random(seed)
    sentences = [
        "The two sides discussed {}.", "We oppose pressure over {}.", "Both agreed to keep talking about {}.",
        "The minister said that {} is a matter of sovereignty.", "Work on {} goes on.",
    ]  # fmt: skip
    return [
        Document(
            f"doc-{i:04}",
            " ".join(chance.choice(sentences).format(chance.choice(TOPICS)) for _ in range(chance.randint(3, 12))),
            chance.choice(["us", "china"]),
            title=f"Invented talks {i}",
        )
        for i in range(n)
    ]


def write_jsonl(documents, path):
    keys = ("doc_id", "text", "source", "title")
    path.write_text("".join(json.dumps({k: getattr(d, k) for k in keys}) + "\n" for d in documents), encoding="utf-8")
    return path


def content(folder):
    """Hash of every visible file of a table."""
    files = [f for f in sorted(Path(folder).iterdir()) if not f.name.startswith(".")]
    return {f.name: hashlib.sha256(f.read_bytes()).hexdigest() for f in files}


def run(documents, output, tiny, **options):
    return score_archive(documents, output, tiny, shard_characters=SMALL, **options)


def killed(model, source, output, seconds):
    """Score in a process of its own and kill it after so many seconds; whether it was killed before its end."""
    from tests.killed_run import work

    process = FORK.Process(target=work, args=(str(model), str(source), str(output), SMALL))
    process.start()
    process.join(seconds)
    if process.exitcode is None:
        process.kill()
        process.join()
        return True
    assert process.exitcode == 0
    return False


def killed_at_random(model, source, outputs, kills):
    """Score into one output after another; all but the first are killed at random points, so many in all.

    Yields:
        each output after every kill (with True), and when it is finished (with False).
    """
    chance = random.Random(kills)
    lasts = None
    for output in outputs:
        for left in range(5, -1, -1):
            started = time.perf_counter()
            stopped = killed(model, source, output, chance.uniform(0.1, 1) * lasts if lasts and left else 300)
            assert left or not stopped
            if left == 5 and not stopped:
                lasts = min(lasts or 300, time.perf_counter() - started)
            kills -= stopped
            yield output, stopped
            if not stopped:
                break
        if kills <= 0:
            return
