"""Runs that are killed while they update an archive or write a single file."""

import shutil
from itertools import count

import pyarrow.parquet as pq
import pytest

from stance.documents import Document, iterate_documents
from tests.archive_samples import FORK, SMALL, content, invented, killed, killed_at_random, run, write_jsonl


@pytest.fixture(scope="module")
def update(random_model, tiny, tmp_path_factory):
    """An archive, the inputs of an update (documents kept, changed, new), and the archive after it."""
    place = tmp_path_factory.mktemp("update")
    archive, source, updated = place / "archive", place / "documents.jsonl", place / "updated"
    documents = invented(110)
    run(iterate_documents([write_jsonl(documents[:80], source)]), archive, tiny)
    changed = {d.doc_id: Document(d.doc_id, f"Changed. {d.text}", d.source) for d in documents[20:50:6]}
    given = [d for i, d in enumerate(documents) if i >= 20 and i % 9]
    write_jsonl([changed.get(d.doc_id, d) for d in given], source)
    shutil.copytree(archive, updated)
    assert not killed(random_model, source, updated, 300)
    before, after = ({f.stem[-24:] for f in place.glob("*.parquet")} for place in (archive, updated))
    assert before & after
    assert {f.stem[-24:] for f in updated.glob("kept-*")} - before, "parts of shards are kept"
    assert doc_ids(updated) == doc_ids(archive) | {d.doc_id for d in given}
    return archive, source, updated


def doc_ids(folder):
    """The documents of all shards; every shard is whole."""
    return {d for f in folder.glob("[!.]*.parquet") for d in pq.read_table(f)["doc_id"].to_pylist()}


def check_soundness(folder, archive, updated):
    """No document is lost, and a manifest stands only beside the shards that it names."""
    assert doc_ids(folder) >= doc_ids(archive)
    found = content(folder)
    assert "_manifest.json" not in found or found in (content(archive), content(updated))


def test_an_update_killed_at_random_points_ends_with_the_same_table(random_model, update, tmp_path):
    archive, source, updated = update
    outputs = (shutil.copytree(archive, tmp_path / f"t{n}") for n in count())
    for output, stopped in killed_at_random(random_model, source, outputs, 12):
        check_soundness(output, archive, updated)
        assert stopped or content(output) == content(updated)


def died_at(call, when, before, model, source, output):
    """Score in a process that dies at a step of the file system; whether it died before its end."""
    from tests.killed_run import die_at

    process = FORK.Process(target=die_at, args=(call, when, before, str(model), str(source), str(output), SMALL))
    process.start()
    process.join(300)
    assert process.exitcode in (0, 77)
    return process.exitcode == 77


@pytest.mark.parametrize("call", ["replace", "rename", "unlink"])
def test_an_update_killed_at_every_step_of_the_file_system(random_model, update, tmp_path, call):
    """Each run goes on from the last; dies before and after the step in turn."""
    archive, source, updated = update
    output = shutil.copytree(archive, tmp_path / "t")
    for when in count(1):
        died = died_at(call, when, when % 2 == 1, random_model, source, output)
        check_soundness(output, archive, updated)
        if not died:
            break
    assert when > 1
    assert content(output) == content(updated)


@pytest.mark.parametrize("call", ["replace", "rename"])
def test_an_update_killed_before_each_step_of_the_file_system(random_model, update, tmp_path, call):
    """Each run goes on from the archive as it was."""
    archive, source, updated = update
    for when in count(1):
        output = shutil.copytree(archive, tmp_path / f"t{when}")
        died = died_at(call, when, True, random_model, source, output)
        check_soundness(output, archive, updated)
        if not died:
            break
    assert when > 1
    assert not killed(random_model, source, tmp_path / f"t{when - 1}", 300)
    assert content(tmp_path / f"t{when - 1}") == content(updated)


@pytest.mark.parametrize("ending", [".parquet", ".csv"])
@pytest.mark.parametrize("earlier", [True, False])
def test_a_single_file_killed_at_random_points_is_the_old_one_or_the_new_one(
    random_model, tiny, tmp_path, ending, earlier
):
    source = write_jsonl(invented(90), tmp_path / "documents.jsonl")
    run(invented(5, seed=1), tmp_path / f"old{ending}", tiny)
    run(iterate_documents([source]), tmp_path / f"new{ending}", tiny)
    old, new = ((tmp_path / f"{name}{ending}").read_bytes() for name in ("old", "new"))

    def outputs():
        for n in count():
            output = tmp_path / str(n) / f"t{ending}"
            output.parent.mkdir()
            if earlier:
                output.write_bytes(old)
            yield output

    for output, stopped in killed_at_random(random_model, source, outputs(), 6):
        visible = [f.read_bytes() for f in output.parent.glob("[!.]*")]
        assert visible in ([new], [old] if earlier else [])
        if not stopped:
            assert visible == [new]
            assert list(output.parent.iterdir()) == [output]
