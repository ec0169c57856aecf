"""What the benchmarks score: documents put together from the project's own written sentences, or real ones."""

from __future__ import annotations

import json
import platform
import random
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from stance.classifier.engines import available_cores
from stance.documents import Document, iterate_documents
from stance.resources import resource_path

INSTRUCTIONS = ("avx2", "avx512f", "avx512_vnni", "avx512_bf16", "amx_bf16", "amx_int8")
CONSONANTS, VOWELS = "bcdfghjklmnprstvwxyz", "aeiouy"


def written_sentences() -> list[str]:
    """All written sentences of the corpus."""
    lines = (resource_path("corpus/written/written.jsonl")).read_text(encoding="utf-8").splitlines()
    return sorted({json.loads(line)["text"] for line in lines if line.strip()})


def invented_documents(sentences: int, seed: int = 0) -> Iterator[Document]:
    """Documents of 8 to 40 written sentences in random order, until there are so many sentences.

    Each sentence gets an invented name, so that none comes twice: what repeats would be found in caches.
    """
    texts, chance, number = written_sentences(), random.Random(seed), 0
    while sentences > 0:
        size = min(sentences, chance.randint(8, 40))
        chosen = [with_name(chance.choice(texts), chance) for _ in range(size)]
        paragraphs = [" ".join(chosen[i : i + 4]) for i in range(0, size, 4)]
        side = chance.choice(["us", "china"])
        yield Document(f"invented-{number:06}", "\n\n".join(paragraphs), side, title=f"Invented talks, part {number}")
        sentences -= size
        number += 1


def with_name(text: str, chance: random.Random) -> str:
    """A sentence with an invented name before its last word: one of 200 million."""
    name = "".join(chance.choice(CONSONANTS) + chance.choice(VOWELS) for _ in range(4)).capitalize()
    before, space, last = text.rpartition(" ")
    return f"{before}{space}{name} {last}"


def documents(sentences: int, path: str | None) -> list[Document]:
    """Documents to measure with: English ones of a file or folder, or invented ones."""
    if path is None:
        return list(invented_documents(sentences))
    found = [d for d in iterate_documents([path]) if isinstance(d, Document) and d.lang == "en"]
    random.Random(0).shuffle(found)
    return found


def processor() -> tuple[str, list[str]]:
    """Name of the processor, and which of the instructions it has that matter to a network."""
    facts: dict[str, str] = {}
    with suppress(OSError):
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        facts = {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in lines)}
    flags = facts.get("flags", "").split()
    name = facts.get("model name") or platform.processor() or platform.machine()
    return name, [f for f in INSTRUCTIONS if f in flags]


def machine() -> str:
    """The processor, its cores and its instructions, and how busy it is."""
    name, instructions = processor()
    try:
        load = Path("/proc/loadavg").read_text(encoding="utf-8").split()[0]
    except OSError:
        load = "?"
    cores = f"{available_cores()} cores ({', '.join(instructions)})"
    return f"{name}, {cores}, load {load}, Python {platform.python_version()}"
