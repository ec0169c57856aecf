"""Scoring an archive: resumes after any stop with the same bytes, notices changes, loses nothing."""

import importlib.util
import json
import os
import random
import socket
import subprocess
import sys
import time
from contextlib import ExitStack
from types import SimpleNamespace

import pyarrow.parquet as pq
import pytest

import stance
from benchmarks.random_checkpoint import write_random_checkpoint
from stance.classifier.predict import Model
from stance.documents import Document, iterate_documents
from stance.errors import StanceError
from stance.scoring.chunks import chunks
from stance.scoring.stream import FIRST_SLICE, slices
from tests.archive_samples import FORK, SMALL, content, invented, killed, run, write_jsonl


def test_shards_hold_the_table_that_score_gives(tiny, tmp_path):
    documents = invented(60)
    summary = run(documents, tmp_path / "t", tiny)
    assert summary.shards > 5
    assert summary.documents == 60
    table = stance.read_table(tmp_path / "t")
    direct = stance.score(documents, tiny)
    assert summary.sentences == len(table) == len(direct)
    assert table["text"].tolist() == direct["text"].tolist()
    assert table["issue"].tolist() == direct["issue"].tolist()
    assert (table["p_stance"] - direct["p_stance"]).abs().max() < 1e-5
    manifest = json.loads((tmp_path / "t" / "_manifest.json").read_text(encoding="utf-8"))
    assert manifest["model"] == tiny.identity
    assert sum(s["sentences"] for s in manifest["shards"]) == len(table)


@pytest.mark.parametrize("ending", [".parquet", ".jsonl", ".csv"])
def test_single_files_are_put_together_from_shards(tiny, tmp_path, ending):
    documents = invented(30)
    run(documents, tmp_path / f"t{ending}", tiny)
    run(documents, tmp_path / "folder", tiny)
    single, shards = stance.read_table(tmp_path / f"t{ending}"), stance.read_table(tmp_path / "folder")
    assert single["text"].tolist() == shards["text"].tolist()
    assert single["probs"].map(len).eq(44).all()
    assert [f.name for f in tmp_path.iterdir() if f.name.startswith(".")] == []


@pytest.mark.parametrize(("mode", "shut"), [(0o600, 0o700), (0o640, 0o750), (0o644, 0o755)])
def test_who_may_not_read_a_file_may_not_read_its_shards(tiny, tmp_path, mode, shut):
    output = tmp_path / "t.jsonl"
    output.touch()
    output.chmod(mode)
    seen = set()

    def watch(_):
        seen.update(f.stat().st_mode & 0o777 for f in tmp_path.glob(".t.jsonl.shards"))

    before = os.umask(0o022)
    try:
        run(invented(10), output, tiny, watch=watch)
    finally:
        os.umask(before)
    assert seen == {shut}
    assert output.stat().st_mode & 0o777 == mode


def test_killed_at_random_points_the_run_ends_with_the_same_bytes(random_model, tiny, tmp_path):
    source = write_jsonl(invented(150), tmp_path / "documents.jsonl")
    started = time.perf_counter()
    run(iterate_documents([source]), tmp_path / "undisturbed", tiny)
    lasts = time.perf_counter() - started
    expected = content(tmp_path / "undisturbed")
    assert len(expected) > 12
    chance = random.Random(1)
    kills = attempts = 0
    while kills < 50:
        output = tmp_path / f"killed-{attempts}"
        attempts += 1
        for left in range(9, -1, -1):
            if not killed(random_model, source, output, chance.uniform(0.02, 2 * lasts) if left else 120):
                break
            kills += 1
            for file in output.glob("[!.]*") if output.exists() else ():
                assert file.suffix == ".json" or pq.read_metadata(file).num_rows > 0
        assert content(output) == expected


@pytest.mark.parametrize("call", ["replace", "fsync"])
def test_killed_at_every_step_of_the_file_system(tiny, tmp_path, call):
    """Dies before and after each rename and each flush in turn, as a power cut would have it."""
    documents = invented(40)
    run(documents, tmp_path / "undisturbed", tiny)
    expected = content(tmp_path / "undisturbed")
    source = write_jsonl(documents, tmp_path / "documents.jsonl")
    from tests.killed_run import die_at

    for when in range(1, 40):
        process = FORK.Process(
            target=die_at, args=(call, when, when % 2 == 1, str(tiny.folder), str(source), str(tmp_path / "t"), SMALL)
        )
        process.start()
        process.join(60)
        assert process.exitcode in (0, 77)
        if process.exitcode == 0:
            break
    assert when > 1
    assert content(tmp_path / "t") == expected


def test_only_what_has_changed_is_scored_again(tiny, tmp_path):
    documents = invented(120)
    first = run(documents, tmp_path / "t", tiny)
    assert first.scored == first.sentences
    before = content(tmp_path / "t")
    again = run(documents, tmp_path / "t", tiny)
    assert again.scored == 0
    assert content(tmp_path / "t") == before
    changed = [*documents[:50], Document("doc-0050", "The text of this one is new.", "us"), *documents[51:]]
    update = run(changed, tmp_path / "t", tiny)
    assert 0 < update.scored < 0.3 * first.scored
    assert update.kept == 0
    run(changed, tmp_path / "fresh", tiny)
    assert content(tmp_path / "t") == content(tmp_path / "fresh")


def test_a_document_in_the_middle_leaves_the_other_shards(tiny, tmp_path):
    documents = invented(120)
    first = run(documents, tmp_path / "t", tiny)
    more = [*documents[:30], Document("new", "A new one. It has two sentences.", "us"), *documents[30:]]
    update = run(more, tmp_path / "t", tiny)
    assert 0 < update.scored < 0.3 * first.scored
    run(more, tmp_path / "fresh", tiny)
    assert content(tmp_path / "t") == content(tmp_path / "fresh")


def test_another_model_or_codebook_is_noticed(tiny, tmp_path, tmp_path_factory):
    documents = invented(20)
    run(documents, tmp_path / "t", tiny)
    other = Model(write_random_checkpoint(tmp_path_factory.mktemp("m") / "random", seed=1), threads=1)
    update = run(documents, tmp_path / "t", other)
    assert update.scored == update.sentences
    assert set(stance.read_table(tmp_path / "t")["model"]) == {other.identity}
    book = other.folder / "codebook.yaml"
    book.write_text(book.read_text(encoding="utf-8") + "# changed\n", encoding="utf-8")
    assert run(documents, tmp_path / "t", Model(other.folder, threads=1)).scored == update.sentences


@pytest.mark.parametrize("codebook", ["1.0", "2.0"])
def test_the_manifest_names_what_scored_each_shard(tiny, tmp_path, tmp_path_factory, caplog, codebook):
    documents = invented(30)
    run(documents, tmp_path / "t", tiny)
    folder = write_random_checkpoint(tmp_path_factory.mktemp("m") / "other", seed=1)
    book = folder / "codebook.yaml"
    lines = [f'version: "{codebook}"' if x.startswith("version:") else x for x in book.read_text("utf-8").splitlines()]
    book.write_text("\n".join(lines), encoding="utf-8")
    other = Model(folder, threads=1)
    assert not [r for r in caplog.records if r.levelname == "WARNING"]
    both = f"{other.identity} (codebook {codebook}), {tiny.identity} (codebook {tiny.codebook.version})"
    run([documents[3], Document("new", "A new one.", "us")], tmp_path / "t", other)
    assert caplog.messages == [m for m in caplog.messages if both in m and "with one" in m]
    assert len(caplog.messages) == 1
    manifest = json.loads((tmp_path / "t" / "_manifest.json").read_text(encoding="utf-8"))
    assert manifest["models"] == sorted([tiny.identity, other.identity])
    assert manifest["codebooks"] == sorted({tiny.codebook.version, codebook})
    for shard in manifest["shards"]:
        rows = pq.read_table(tmp_path / "t" / shard["file"]).select(["model", "codebook"]).to_pylist()
        assert {(r["model"], r["codebook"]) for r in rows} == {(shard["model"], shard["codebook"])}
        assert shard["engine"] == tiny.engine
    caplog.clear()
    stance.read_table(tmp_path / "t")
    assert len(caplog.messages) == 1
    assert both in caplog.messages[0]
    caplog.clear()
    run([*documents, Document("new", "A new one.", "us")], tmp_path / "t", other)
    stance.read_table(tmp_path / "t")
    assert not caplog.messages


def test_documents_that_are_not_among_the_inputs_are_kept_unless_pruned(tiny, tmp_path):
    documents = invented(40)
    run(documents[:30], tmp_path / "t", tiny)
    update = run(documents[25:], tmp_path / "t", tiny)
    assert (update.documents, update.kept) == (15, 25)
    table = stance.read_table(tmp_path / "t")
    assert sorted(table["doc_id"].unique()) == [d.doc_id for d in documents]
    assert not table.duplicated(["doc_id", "sent_id"]).any()
    back = run(documents[:30], tmp_path / "t", tiny)
    assert back.kept == 10
    pruned = run(documents[25:], tmp_path / "t", tiny, prune=True)
    assert pruned.dropped == 25
    run(documents[25:], tmp_path / "fresh", tiny)
    assert content(tmp_path / "t") == content(tmp_path / "fresh")


def test_two_runs_on_one_output(tiny, tmp_path):
    from stance.scoring.shards import ShardFolder

    with ShardFolder(tmp_path / "t").opened(), pytest.raises(StanceError, match="another run is writing"):
        run(invented(3), tmp_path / "t", tiny)
    assert run(invented(3), tmp_path / "t", tiny).documents == 3


def test_a_table_that_is_not_finished_is_not_read(tiny, tmp_path):
    def stopped():
        yield from invented(40)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(stopped(), tmp_path / "t", tiny)
    assert list((tmp_path / "t").glob("part-*"))
    with pytest.raises(StanceError, match="not finished"):
        stance.read_table(tmp_path / "t")
    run(invented(40), tmp_path / "t", tiny)
    assert len(stance.read_table(tmp_path / "t"))


def test_a_stopped_run_leaves_nothing_of_other_inputs_in_a_file(tiny, tmp_path):
    def stopped():
        yield from invented(40)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(stopped(), tmp_path / "t.parquet", tiny)
    other = [Document("other", "Another one.", "us")]
    run(other, tmp_path / "t.parquet", tiny)
    assert stance.read_table(tmp_path / "t.parquet")["doc_id"].tolist() == ["other"]


@pytest.mark.parametrize("ending", [".parquet", ".jsonl", ".csv"])
def test_a_source_without_documents_leaves_the_file_of_an_earlier_run(tiny, tmp_path, ending):
    output = tmp_path / f"t{ending}"
    run(invented(3), output, tiny)
    before = output.read_bytes()
    (tmp_path / "empty").mkdir()
    for source in ("empty", "missing"):
        with pytest.raises(StanceError, match="Check that the source is mounted") as caught:
            run(iterate_documents([tmp_path / source]), output, tiny)
        assert str(caught.value).startswith(f"{output}: it was left as it is")
        assert str(tmp_path / source) in str(caught.value)
    with pytest.raises(StanceError, match="no document was read"):
        run([], output, tiny)
    assert output.read_bytes() == before
    assert sorted(f.name for f in tmp_path.iterdir()) == ["empty", output.name]


def test_a_source_without_documents_leaves_the_shards_of_a_stopped_run(tiny, tmp_path):
    def stopped():
        yield from invented(40)
        raise KeyboardInterrupt

    run(invented(3), tmp_path / "t.parquet", tiny)
    with pytest.raises(KeyboardInterrupt):
        run(stopped(), tmp_path / "t.parquet", tiny)
    with pytest.raises(StanceError):
        run([], tmp_path / "t.parquet", tiny)
    resumed = run(invented(40), tmp_path / "t.parquet", tiny)
    assert 0 < resumed.scored < resumed.sentences


def test_a_source_without_documents_empties_no_folder_and_begins_a_file_without_rows(tiny, tmp_path):
    run(invented(3), tmp_path / "t", tiny)
    assert run([], tmp_path / "t", tiny).kept == 3
    assert stance.read_table(tmp_path / "t")["doc_id"].nunique() == 3
    run([], tmp_path / "t.parquet", tiny)
    assert len(stance.read_table(tmp_path / "t.parquet")) == 0


def test_a_folder_with_other_files_is_left_alone(tiny, tmp_path):
    (tmp_path / "notes.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(StanceError, match=r"notes\.txt"):
        run(invented(3), tmp_path, tiny)
    assert [f.name for f in tmp_path.iterdir()] == ["notes.txt"]


def test_a_damaged_shard_is_written_anew(tiny, tmp_path):
    run(invented(40), tmp_path / "t", tiny)
    before = content(tmp_path / "t")
    shard = sorted((tmp_path / "t").glob("part-*"))[1]
    shard.write_bytes(shard.read_bytes()[:-20])
    assert run(invented(40), tmp_path / "t", tiny).scored > 0
    assert content(tmp_path / "t") == before


def limited(source, output, model):
    code = (
        "import resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (30_000, 30_000))\n"
        "import signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "from stance.cli import main; main()"
    )
    arguments = ["score", str(source), "-o", str(output), "-m", str(model), "--threads", "1"]
    return subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=False)


def test_a_limit_of_the_file_system_is_named_and_nothing_half_written_is_left(random_model, tiny, tmp_path):
    source = write_jsonl(invented(300), tmp_path / "documents.jsonl")
    done = limited(source, tmp_path / "t", random_model)
    assert done.returncode == 2
    assert "run the same command again" in done.stderr
    assert "Traceback" not in done.stderr
    assert content(tmp_path / "t") == {}
    assert not list((tmp_path / "t").glob(".tmp-*"))


@pytest.fixture
def small_disk(tmp_path):
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=160k", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("mounting a small file system needs root")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def test_a_full_disk_is_named_and_the_run_goes_on_when_there_is_room(small_disk, tiny, tmp_path):
    documents = invented(150)
    run(documents, tmp_path / "undisturbed", tiny)
    with pytest.raises(StanceError, match="No space left"):
        run(documents, small_disk / "t", tiny)
    finished = [f for f in (small_disk / "t").iterdir() if f.name.startswith("part-")]
    assert finished
    assert all(pq.read_metadata(f).num_rows for f in finished)
    assert not list((small_disk / "t").glob(".tmp-*"))
    subprocess.run(["mount", "-o", "remount,size=8m", str(small_disk)], check=True)
    resumed = run(documents, small_disk / "t", tiny)
    assert 0 < resumed.scored < resumed.sentences
    assert content(small_disk / "t") == content(tmp_path / "undisturbed")


def test_the_first_slices_of_a_stream_are_small(tiny):
    """The model has work after 128 sentences, while more is read; in a shard the slices are full from the first."""
    documents = [Document(f"d{i}", "We met. " * 32, "us") for i in range(120)]

    def sizes(*first: int) -> list[int]:
        return [len(part.encoded.windows) for part in slices(documents, tiny, *first)]

    assert sizes(FIRST_SLICE) == [128, 256, 512, 1024, 1024, 896]
    assert sizes() == [1024, 1024, 1024, 768]


def test_chunks_keep_order_and_lose_nothing():
    documents = invented(200)
    cut = list(chunks(documents, "x", 2000))
    assert [d for c in cut for d in c.documents] == documents
    assert len({c.key for c in cut}) == len(cut)
    assert all(sum(len(d.text) for d in c.documents) >= 2000 for c in cut[:-1])
    assert sorted(c.file for c in cut) == [c.file for c in cut]


@pytest.mark.xdist_group("ray")  # a second Ray on this machine would join the cluster of the first
@pytest.mark.skipif(importlib.util.find_spec("ray") is None, reason="Ray is not installed")
def test_ray_gives_the_same_shards(tiny, tmp_path):
    from stance.scoring.ray_engine import ray_engine

    documents = invented(60)
    run(documents, tmp_path / "local", tiny)
    run(documents[:30], tmp_path / "ray", tiny)
    summary = run(documents, tmp_path / "ray", tiny, engine=ray_engine())
    assert 0 < summary.scored < summary.sentences
    assert content(tmp_path / "ray") == content(tmp_path / "local")
    with pytest.raises(stance.StanceError, match="an actor of 9999 threads finds no machine"):
        run(documents, tmp_path / "crowded", tiny, engine=ray_engine(threads=9999))


@pytest.mark.xdist_group("ray")  # a second Ray on this machine would join the cluster of the first
@pytest.mark.skipif(importlib.util.find_spec("ray") is None, reason="Ray is not installed")
def test_a_ray_cluster_gives_the_same_shards(random_model, tmp_path, monkeypatch):
    from ray.cluster_utils import Cluster

    monkeypatch.setenv("RAY_AUTH_MODE", "disabled")
    lines = [json.dumps({"doc_id": d.doc_id, "text": d.text, "source": d.source}) for d in invented(20)]
    (tmp_path / "in.jsonl").write_text("\n".join(lines), encoding="utf-8")
    command = [sys.executable, "-m", "stance", "score", "in.jsonl", "-m", str(random_model), "--shard-size", "2", "-o"]
    subprocess.run([*command, "local"], cwd=tmp_path, check=True)
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
    try:
        cluster.add_node(num_cpus=1)
        on_ray = ["ray", "--engine", "ray", "--ray-address", cluster.address]
        subprocess.run([*command, *on_ray], cwd=tmp_path, check=True)
    finally:
        cluster.shutdown()
    assert content(tmp_path / "ray") == content(tmp_path / "local")


class FakeRayError(Exception):
    """Stands for `ray.exceptions.RayError`."""


@pytest.fixture
def fake_ray(monkeypatch):
    """A Ray whose workers score in this process; tests break parts of it."""

    class Dataset:
        def __init__(self, items):
            self.items = items

        def map_batches(self, scorer, fn_constructor_args, **options):
            work = scorer(*fn_constructor_args)
            return Dataset([{"rows": work({"chunk": [i["chunk"]]})["rows"][0]} for i in self.items])

        def iter_rows(self):
            return iter(self.items)

    data = SimpleNamespace(
        DataContext=SimpleNamespace(get_current=lambda: SimpleNamespace(execution_options=SimpleNamespace())),
        from_items=lambda items, **options: Dataset(items),
        ActorPoolStrategy=lambda size: size,
    )
    exceptions = SimpleNamespace(RayError=FakeRayError)
    ray = SimpleNamespace(
        is_initialized=lambda: False, init=lambda **options: None, shutdown=lambda: None, data=data,
        exceptions=exceptions, nodes=lambda: [{"Alive": True, "Resources": {"CPU": 2.0}}], Dataset=Dataset,
    )  # fmt: skip
    monkeypatch.setitem(sys.modules, "ray", ray)
    monkeypatch.setitem(sys.modules, "ray.exceptions", exceptions)
    return ray


def failing(error):
    def fail(*arguments, **options):
        raise error

    return fail


@pytest.mark.parametrize("error", [ConnectionError("no cluster there"), ValueError("bad scheme"), RuntimeError("old")])
def test_a_ray_cluster_that_cannot_be_reached_is_named(fake_ray, tiny, tmp_path, error):
    from stance.scoring.ray_engine import ray_engine

    fake_ray.init = failing(error)
    with pytest.raises(StanceError, match=rf"auto: .*{error}.*Check --ray-address"):
        run(invented(3), tmp_path / "t", tiny, engine=ray_engine("auto"))
    with pytest.raises(StanceError, match="Ray cannot be started on this machine"):
        run(invented(3), tmp_path / "t", tiny, engine=ray_engine())


@pytest.fixture(params=["refuses", "is silent"])
def dead_port(request):
    """A port that is not used, or one whose queue is full, so that nothing answers, as with a host out of reach."""
    with ExitStack() as sockets:
        server = sockets.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        port = server.getsockname()[1]
        if request.param == "refuses":
            server.close()
        for _ in range(8):
            client = sockets.enter_context(socket.socket())
            client.setblocking(False)
            client.connect_ex(("127.0.0.1", port))
        yield port


def test_a_ray_address_where_nothing_answers_is_named_at_once(fake_ray, tiny, tmp_path, monkeypatch, dead_port):
    from stance.scoring import ray_engine

    monkeypatch.setattr(ray_engine, "PATIENCE", 0.2)
    fake_ray.init = lambda **options: pytest.fail("Ray would try for minutes")
    address = f"127.0.0.1:{dead_port}"
    with pytest.raises(StanceError, match=rf"^{address}: the Ray cluster cannot be reached .*Check --ray-address"):
        run(invented(3), tmp_path / "t", tiny, engine=ray_engine.ray_engine(address))
    monkeypatch.setenv("RAY_ADDRESS", address)
    with pytest.raises(StanceError, match=f"^{address}: "):
        run(invented(3), tmp_path / "t", tiny, engine=ray_engine.ray_engine())


def test_an_address_of_ray_client_is_refused(fake_ray, monkeypatch):
    from stance.scoring.ray_engine import ray_engine

    with pytest.raises(StanceError, match=r"^ray://head:10001: Ray Data .* on a machine of the cluster"):
        ray_engine("ray://head:10001")
    monkeypatch.setenv("RAY_ADDRESS", "ray://other:10001")
    with pytest.raises(StanceError, match=r"^ray://other:10001: "):
        ray_engine()


@pytest.mark.parametrize("form", ["{}", "auto", "local"])
def test_a_ray_address_that_answers_is_handed_to_ray(fake_ray, tiny, tmp_path, form):
    from stance.scoring.ray_engine import ray_engine

    given = []
    fake_ray.init = lambda **options: given.append(options["address"])
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = form.format(f"127.0.0.1:{server.getsockname()[1]}")
        assert run(invented(3), tmp_path / "t", tiny, engine=ray_engine(address)).documents == 3
    assert given == [address]


def test_a_ray_worker_that_fails_is_named_without_its_traceback(fake_ray, tiny, tmp_path):
    from stance.scoring.ray_engine import ray_engine

    text = "ray::worker()\n  File x.py, line 1\nModuleNotFoundError: No module named 'stance'\n"
    fake_ray.Dataset.iter_rows = failing(FakeRayError(text))
    with pytest.raises(StanceError, match=r"No module named 'stance'\)\. All machines need") as found:
        run(invented(3), tmp_path / "t", tiny, engine=ray_engine())
    assert "x.py" not in str(found.value)


def test_ray_workers_get_the_absolute_folder_of_the_model(fake_ray, random_model, tmp_path, monkeypatch):
    from stance.scoring.ray_engine import ChunkScorer, ray_engine

    given = []
    make = ChunkScorer.__init__
    monkeypatch.setattr(ChunkScorer, "__init__", lambda self, *a: (given.append(a[0]), make(self, *a))[1])
    monkeypatch.chdir(random_model.parent)
    local = Model(random_model.name, threads=1)
    run(invented(3), tmp_path / "t", local, engine=ray_engine())
    assert given == [str(random_model)]
    assert len(stance.read_table(tmp_path / "t"))
