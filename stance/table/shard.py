"""Shards that are damaged on the disk: an error that names the file."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from stance.errors import StanceError


@contextmanager
def readable_shard(file: Path) -> Iterator[None]:
    """Turn what Arrow raises where it reads a shard into an error that names it and the cure."""
    import pyarrow as pa

    try:
        yield
    except (pa.ArrowException, OSError, StanceError) as error:
        reason = " ".join(str(error.__cause__ or error).split())[:100]
        raise StanceError(
            f"{file}: this part of the table is damaged or out of reach ({reason}). Check the disk; "
            "then remove it and give the same command again, with all inputs, so that it is scored anew"
        ) from error
