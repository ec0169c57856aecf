"""Kept shards: rows of documents that are not among the inputs outlive a run that is stopped."""

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from stance.scoring.chunks import Chunk
from stance.scoring.shards import ShardFolder

SCHEMA = pa.schema([("doc_id", pa.string())])


class Killed(BaseException):
    """The end of a process that is killed."""


@pytest.mark.parametrize("digit", ["0", "f"])
def test_rows_kept_of_a_kept_shard_outlive_a_run_that_was_killed_in_between(tmp_path, monkeypatch, digit):
    """Killed after the smaller kept shard is there and before the larger is gone, whichever sorts first."""
    with ShardFolder(tmp_path / "t").opened() as shards:
        shards.write(Chunk(0, digit * 24, ()), [pa.table({"doc_id": ["a", "b"]}, schema=SCHEMA)], SCHEMA)
        assert shards.retire(set(), lambda doc_id: False) == (2, 0)

    def die(*arguments):
        raise Killed

    with monkeypatch.context() as patch, ShardFolder(tmp_path / "t").opened() as shards:
        patch.setattr(ShardFolder, "_remove", die)
        with pytest.raises(Killed):
            shards.retire(set(), "a".__contains__)
    with ShardFolder(tmp_path / "t").opened() as shards:
        assert len(shards.files()) == 2
        assert shards.retire(set(), "a".__contains__) == (1, 0)
        assert [pq.read_table(f)["doc_id"].to_pylist() for f in shards.files()] == [["b"]]
