"""What the benchmarks score: documents put together from the project's own written sentences, or real ones."""

from __future__ import annotations

import json
import platform
import random
from collections.abc import Iterator
from pathlib import Path

from stance.classifier.engines import available_cores
from stance.documents import Document, iterate_documents
from stance.resources import resource_path


def written_sentences() -> list[str]:
    """All written sentences of the corpus."""
    lines = (resource_path("corpus/written/written.jsonl")).read_text(encoding="utf-8").splitlines()
    return sorted({json.loads(line)["text"] for line in lines if line.strip()})


def invented_documents(sentences: int, seed: int = 0) -> Iterator[Document]:
    """Documents of 8 to 40 written sentences in random order, until there are so many sentences."""
    texts, chance, number = written_sentences(), random.Random(seed), 0
    while sentences > 0:
        size = min(sentences, chance.randint(8, 40))
        chosen = [chance.choice(texts) for _ in range(size)]
        paragraphs = [" ".join(chosen[i : i + 4]) for i in range(0, size, 4)]
        side = chance.choice(["us", "china"])
        yield Document(f"invented-{number:06}", "\n\n".join(paragraphs), side, title=f"Invented talks, part {number}")
        sentences -= size
        number += 1


def documents(sentences: int, path: str | None) -> list[Document]:
    """Documents to measure with: English ones of a file or folder, or invented ones."""
    if path is None:
        return list(invented_documents(sentences))
    found = [d for d in iterate_documents([path]) if isinstance(d, Document) and d.lang == "en"]
    random.Random(0).shuffle(found)
    return found


def machine() -> str:
    """The processor, its cores and its instructions, and how busy it is."""
    cpu = platform.processor() or platform.machine()
    flags: set[str] = set()
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                cpu = line.split(":", 1)[1].strip()
            elif line.startswith("flags"):
                flags = set(line.split(":", 1)[1].split())
        load = Path("/proc/loadavg").read_text(encoding="utf-8").split()[0]
    except OSError:
        load = "?"
    wanted = [f for f in ("avx2", "avx512f", "avx512_vnni", "avx512_bf16", "amx_bf16", "amx_int8") if f in flags]
    return f"{cpu}, {available_cores()} cores ({', '.join(wanted)}), load {load}, Python {platform.python_version()}"
