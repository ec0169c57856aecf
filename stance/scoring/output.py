"""Where a table goes: a folder of shards, or a single file that is put together from them."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from stance.atomic_write import RESUME, replacing, writable
from stance.errors import InputFailure, StanceError, printable
from stance.scoring.shards import ShardFolder, row_groups
from stance.table.schema import FORMATS
from stance.table.shard import readable_shard


def folder_of(path: Path) -> Path:
    """Where the shards of an output are."""
    return path.with_name(f".{path.name}.shards") if path.suffix in FORMATS else path


def check_output(path: Path) -> None:
    """Check whether a table may be written to an output; nothing is changed.

    Raises:
        StanceError: if the ending is unknown, the name is no text, there is something else of this name, rights are
            missing, or another run writes to it.
    """
    if printable(str(path)) != str(path):
        raise StanceError(f"{printable(str(path))}: the name is not printable UTF-8. Choose another output")
    single = path.suffix in FORMATS
    if path.suffix and not single and not path.is_dir():
        raise StanceError(
            f"{path}: tables are written as {', '.join(FORMATS)}, or as a folder of shards (a name without an ending)"
        )
    if single and path.is_dir():
        raise StanceError(f"{path}: it is a folder. Choose another output")
    if single and path.is_symlink() and not os.access(Path(os.path.realpath(path)).parent, os.W_OK | os.X_OK):
        raise StanceError(f"{path}: it is a link into a folder that is not there or cannot be written. Mend the link")
    with writable(path, cure=RESUME):
        ShardFolder(folder_of(path)).check()


@contextmanager
def shard_folder(path: Path) -> Iterator[ShardFolder]:
    """The output itself, or for a single file a folder beside it that lasts until the file is complete."""
    check_output(path)
    single, folder = path.suffix in FORMATS, folder_of(path)
    with ShardFolder(folder).opened() as shards:
        if single:
            _keep_from_others(folder, path)
        yield shards
        if single:
            shutil.rmtree(folder, ignore_errors=True)


def _keep_from_others(folder: Path, path: Path) -> None:
    """Shut a folder to those who may not read the file that its shards become."""
    with suppress(OSError):
        file, now = path.stat(), folder.stat()
        group = 0o070 if file.st_mode & 0o040 and file.st_gid == now.st_gid else 0
        others = 0o007 if file.st_mode & 0o004 else 0
        folder.chmod(now.st_mode & (0o7700 | group | others))


def refuse_to_empty(path: Path, failed: list[InputFailure], pruned: bool) -> None:
    """Leave the table of an earlier run as it is where no document was read: its source may only be out of reach.

    Args:
        path: the output.
        failed: inputs that could not be read.
        pruned: whether rows that a folder holds would be dropped; a single file is written anew each time.

    Raises:
        StanceError: if there is such a table.
    """
    if not (path.exists() if path.suffix in FORMATS else pruned):
        return
    why = f" ({sum(f.inputs for f in failed)} inputs failed; the first: {failed[0]})" if failed else ""
    raise StanceError(
        f"{path}: it was left as it is, because no document was read{why}. Check that the source is mounted and "
        "holds documents; remove the table to start anew"
    )


def assemble(shards: ShardFolder, path: Path) -> None:
    """Put the shards of a table together in one file, which appears under its name when it is complete."""
    import pyarrow.parquet as pq

    if path.suffix != ".parquet":
        from stance.table.read import read_table
        from stance.table.write import TableWriter

        with TableWriter(path) as writer:
            for file in shards.files():
                with readable_shard(file):
                    rows = read_table(file)
                writer.write(rows)
        return
    with replacing(path, RESUME) as temporary:
        schema = pq.read_schema(shards.files()[0])
        kept = {k: v for k, v in (schema.metadata or {}).items() if k != b"stance.shard"}
        with pq.ParquetWriter(temporary, schema.with_metadata(kept), compression="zstd") as single:
            for file in shards.files():
                for group in row_groups(pq.ParquetFile(file), file):
                    single.write_table(group.replace_schema_metadata(kept))
