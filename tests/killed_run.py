"""What the tests of an archive kill: one scoring run in a process of its own."""

import os

import openvino  # noqa: F401  # loaded once, before the processes are forked
import pandas  # noqa: F401
import pyarrow.parquet  # noqa: F401

from stance.classifier.predict import Model
from stance.documents import iterate_documents
from stance.documents.claims import Claims
from stance.scoring import score_archive


def work(model: str, source: str, output: str, characters: int) -> None:
    """Score a JSONL of documents."""
    claims = Claims()
    items = iterate_documents([source], claims=claims)
    score_archive(items, output, Model(model, threads=1), shard_characters=characters, claims=claims)


def die_at(call: str, when: int, before: bool, *arguments: object) -> None:
    """The same, but the process dies before or after the call of that number."""
    real = getattr(os, call)
    count = 0

    def counted(*args: object, **kwargs: object) -> object:
        nonlocal count
        count += 1
        if count == when and before:
            os._exit(77)
        done = real(*args, **kwargs)
        if count == when:
            os._exit(77)
        return done

    setattr(os, call, counted)
    work(*arguments)  # type: ignore[arg-type]
