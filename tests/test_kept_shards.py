"""Kept shards: rows of documents that are not among the inputs outlive a run that is stopped."""

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import stance
from stance.documents.document import Document
from stance.scoring.chunks import Chunk
from stance.scoring.output import assemble
from stance.scoring.shards import ShardFolder
from tests.archive_samples import invented, run

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


def damage(file):
    """Overwrite the data of a shard; its footer stays."""
    data = bytearray(file.read_bytes())
    end = len(data) - 8 - int.from_bytes(data[-8:-4], "little")
    data[4:end] = b"\xff" * (end - 4)
    file.write_bytes(data)


def test_a_damaged_shard_is_named_with_its_cure(tiny, tmp_path):
    run(invented(3), tmp_path / "t", tiny)
    [file] = (tmp_path / "t").glob("part-*")
    damage(file)
    named = f"^{file}: .*damaged.*remove it and give the same command again"
    with pytest.raises(stance.StanceError, match=named):
        stance.read_table(tmp_path / "t")
    with ShardFolder(tmp_path / "t").opened() as shards:
        for ending in (".csv", ".parquet"):
            with pytest.raises(stance.StanceError, match=named):
                assemble(shards, tmp_path / f"t{ending}")
        with pytest.raises(stance.StanceError, match=named):
            shards._keep(file.name, "0" * 24, {"doc-0001"})
    with pytest.raises(stance.StanceError, match=named):
        run([Document("new", "We met.")], tmp_path / "t", tiny)
    file.unlink()
    run(invented(3), tmp_path / "t", tiny)
    assert len(stance.read_table(tmp_path / "t")["doc_id"].unique()) == 4
    assert sorted(f.name[:4] for f in tmp_path.iterdir()) == ["t"]


def test_a_manifest_that_is_no_text_is_written_anew(tiny, tmp_path):
    run(invented(3), tmp_path / "t", tiny)
    manifest = tmp_path / "t" / "_manifest.json"
    before = manifest.read_bytes()
    manifest.write_bytes(before.replace(b"random", b"r\xffndom"))
    run(invented(3), tmp_path / "t", tiny)
    assert manifest.read_bytes() == before
