"""Shards: parts of a sentence table in files of their own, named after what they hold.

A shard's key is a hash of its documents and of what scored them, so a finished shard is known again by its name, and
its bytes do not depend on what was scored before it, or on how often a run was stopped.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import re
import socket
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stance.atomic_write import RESUME, TEMPORARY, replacing, writable
from stance.errors import StanceError, printable
from stance.scoring.chunks import Chunk
from stance.table.schema import MANIFEST
from stance.table.shard import readable_shard

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq
    from filelock import BaseFileLock

LOCK = ".lock"
RUN = ".run"
"""The file that says which process holds the lock."""
_SHARD = re.compile(r"(?:part-\d{6}|kept)-([0-9a-f]{24})\.parquet")


class ShardFolder:
    """A folder of shards that one run at a time writes to.

    Args:
        folder: the folder; it is made if it is missing.

    Attributes:
        finished: finished shards by key, with the file's name.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.finished: dict[str, str] = {}

    @contextmanager
    def opened(self) -> Iterator[ShardFolder]:
        """Hold the folder for this run alone.

        Raises:
            StanceError: if another run holds it, it cannot be written, or it holds other files than a table's.
        """
        with writable(self.folder, cure=RESUME):
            self.check_empty_or_ours()
            self.folder.mkdir(parents=True, exist_ok=True)
            lock = self._lock()
        try:
            with writable(self.folder, cure=RESUME):
                (self.folder / RUN).write_text(f"process {os.getpid()} on {socket.gethostname()}", encoding="utf-8")
                self._take_over()
            yield self
        finally:
            with suppress(OSError):
                (self.folder / RUN).unlink()
            lock.release()

    def check(self) -> None:
        """Look whether this run could hold the folder; nothing is changed, and a full disk is not foreseen.

        Raises:
            StanceError: if another run holds it, or it holds other files than a table's.
            OSError: if it cannot be made or written.
        """
        self.check_empty_or_ours()
        place = next(p for p in (self.folder.absolute(), *self.folder.absolute().parents) if p.exists())
        if not place.is_dir():
            raise OSError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))
        if not os.access(place, os.W_OK | os.X_OK):
            raise OSError(errno.EACCES, os.strerror(errno.EACCES))
        if (self.folder / RUN).exists():  # also after a run that was killed
            self._lock().release()

    def _lock(self) -> BaseFileLock:
        from filelock import FileLock, Timeout

        lock = FileLock(self.folder / LOCK)
        try:
            lock.acquire(timeout=0)
        except Timeout as error:
            holder = _holder(self.folder)
            raise StanceError(
                f"{self.folder}: another run is writing to it{holder}. Wait for it, or choose another output"
            ) from error
        return lock

    def check_empty_or_ours(self) -> None:
        """Raise a `StanceError` where the folder holds other files than a table's, or is a file."""
        if self.folder.is_symlink() and not self.folder.exists():
            raise StanceError(f"{self.folder}: it is a link to what does not exist. Mend or remove the link")
        if self.folder.exists() and not self.folder.is_dir():
            raise StanceError(f"{self.folder}: there is a file of this name. Choose another output, or remove it")
        if self.folder.is_dir():
            for file in self.folder.iterdir():
                if file.name != MANIFEST and not _SHARD.fullmatch(file.name) and not file.name.startswith("."):
                    raise StanceError(
                        f"{self.folder}: it holds {printable(file.name)}, which is no part of a sentence table. Choose "
                        "another folder for the output"
                    )

    def look(self) -> dict[str, str]:
        """Finished shards by key, with the file's name; nothing is changed."""
        found: dict[str, str] = {}
        for file in sorted(self.folder.iterdir()) if self.folder.is_dir() else ():
            match = _SHARD.fullmatch(file.name)
            if match and match[1] not in found and _is_whole(file):
                found[match[1]] = file.name
        return found

    def _take_over(self) -> None:
        """Find finished shards, and clear away what a stopped run left half-written."""
        self.finished = self.look()
        names = set(self.finished.values())
        for file in list(self.folder.iterdir()):
            if file.name.startswith(TEMPORARY) or (_SHARD.fullmatch(file.name) and file.name not in names):
                file.unlink()

    def write(self, chunk: Chunk, tables: Iterable[pa.Table], schema: pa.Schema) -> int:
        """Write a shard; it appears under its name only when it is complete and on the disk.

        Returns:
            its number of rows.
        """
        rows = self._write(chunk.file, chunk.key, tables, schema)
        self.finished[chunk.key] = chunk.file
        return rows

    def _write(self, name: str, key: str, tables: Iterable[pa.Table], schema: pa.Schema) -> int:
        import pyarrow.parquet as pq

        metadata = {**(schema.metadata or {}), b"stance.shard": key.encode()}
        rows = 0
        self._unsettle()
        with (
            replacing(self.folder / name, RESUME) as temporary,
            pq.ParquetWriter(temporary, schema.with_metadata(metadata), compression="zstd") as writer,
        ):
            for table in tables:
                writer.write_table(table.replace_schema_metadata(metadata))
                rows += len(table)
        return rows

    def place(self, chunk: Chunk) -> int:
        """Give a finished shard the number that it has now.

        Returns:
            its number of rows.
        """
        self._rename(chunk.key, chunk.file)
        return rows_of(self.folder / chunk.file)

    def retire(
        self, live: set[str], scored: Callable[[str], bool], drop: Callable[[str], bool] = lambda _: False
    ) -> tuple[int, int]:
        """Remove shards that this run has replaced; rows of documents that it was not given are kept.

        Args:
            live: keys of this run's shards.
            scored: whether a doc_id is among this run's documents.
            drop: whether the rows of another doc_id are dropped instead.

        Returns:
            how many documents were kept, and dropped, that were not among the inputs.
        """
        kept: set[str] = set()
        dropped: set[str] = set()
        settled = set(live)
        for key, name in sorted(self.finished.items(), key=lambda item: item[1]):
            if key in settled:
                continue
            documents = _documents_in(self.folder / name)
            others = {d for d in documents if not scored(d)} - kept
            gone = {d for d in others if not drop(d)}
            dropped |= others - gone
            kept |= gone
            if not gone:
                self._remove(key, name)
            elif gone == documents:
                self._rename(key, f"kept-{key}.parquet")
            else:
                settled.add(self._keep(name, key, gone))  # a stopped run may have left it, and it may sort later
                self._remove(key, name)
        return len(kept), len(dropped)

    def _keep(self, name: str, key: str, gone: set[str]) -> str:
        """Write a shard with the rows of some documents of another, and return its key."""
        import pyarrow as pa
        import pyarrow.compute as pc
        import pyarrow.parquet as pq

        wanted = pa.array(sorted(gone), pa.string())
        with pq.ParquetFile(self.folder / name) as file:
            groups = row_groups(file, self.folder / name)
            parts = (t.filter(pc.is_in(t["doc_id"], wanted)) for t in groups)
            new = hashlib.sha256(json.dumps([key, sorted(gone)]).encode()).hexdigest()[:24]
            self._write(f"kept-{new}.parquet", new, parts, file.schema_arrow)
        self.finished[new] = f"kept-{new}.parquet"
        return new

    def _rename(self, key: str, name: str) -> None:
        if self.finished[key] != name:
            self._unsettle()
            with writable(self.folder, cure=RESUME):
                (self.folder / self.finished[key]).rename(self.folder / name)
            self.finished[key] = name

    def _unsettle(self) -> None:
        """The manifest stands only beside a complete table."""
        with writable(self.folder, cure=RESUME):
            (self.folder / MANIFEST).unlink(missing_ok=True)

    def _remove(self, key: str, name: str) -> None:
        self._unsettle()
        with writable(self.folder, cure=RESUME):
            (self.folder / name).unlink()
        del self.finished[key]

    def files(self) -> list[Path]:
        """Finished shards in the order of the table: kept documents first."""
        return [self.folder / name for name in sorted(self.finished.values())]

    def write_manifest(self, content: dict[str, Any]) -> None:
        """Write ``_manifest.json``, unless it says this already."""
        text = json.dumps(content, indent=2, ensure_ascii=False) + "\n"
        path = self.folder / MANIFEST
        if path.is_file() and path.read_bytes() == text.encode():
            return
        with replacing(path, RESUME) as temporary:
            temporary.write_text(text, encoding="utf-8")


def rows_of(file: Path) -> int:
    """Number of rows of a shard."""
    import pyarrow.parquet as pq

    return int(pq.read_metadata(file).num_rows)


def row_groups(file: pq.ParquetFile, path: Path) -> Iterator[pa.Table]:
    """The parts of a shard, one after another.

    Raises:
        StanceError: if it is damaged.
    """
    for number in range(file.num_row_groups):
        with readable_shard(path):
            group = file.read_row_group(number)
        yield group


def _is_whole(file: Path) -> bool:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return b"stance.shard" in (pq.read_metadata(file).metadata or {})
    except (pa.ArrowException, OSError):
        return False


def _documents_in(file: Path) -> set[str]:
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    with readable_shard(file):
        return set(pc.unique(pq.read_table(file, columns=["doc_id"])["doc_id"]).to_pylist())


def _holder(folder: Path) -> str:
    with suppress(OSError):
        return f" ({(folder / RUN).read_text(encoding='utf-8')})"
    return ""
