"""The list of the files that an archive's documents came from: no other document of the same id takes their place."""

import json
import os
import shutil
import sqlite3
from contextlib import closing
from dataclasses import replace
from itertools import count

import pyarrow.parquet as pq
import pytest

import stance
from stance.documents import iterate_documents
from stance.documents.claims import Claims
from stance.documents.document import Document
from stance.errors import StanceError, without_record
from tests.archive_samples import content, invented, killed_at_random, run, write_jsonl


def folder(path, **texts):
    path.mkdir(exist_ok=True)
    for name, text in texts.items():
        (path / f"{name}.txt").write_text(text, encoding="utf-8")
    return path


def score(tmp_path, tiny, *inputs, **options):
    claims = Claims()
    return run(iterate_documents(inputs, claims=claims), tmp_path / "t", tiny, claims=claims, **options)


def texts(tmp_path):
    table = stance.read_table(tmp_path / "t")
    assert not table.duplicated(["doc_id", "sent_id"]).any()
    return {d: " ".join(rows["text"]) for d, rows in table.groupby("doc_id")}


def listed(output):
    with closing(sqlite3.connect(output / ".sources.sqlite")) as database:
        return {d: os.fsdecode(f) for d, f in database.execute("SELECT doc_id, file FROM documents")}


def test_a_doc_id_of_two_files_of_a_run_stays_with_the_one_that_had_it(tiny, tmp_path):
    a = folder(tmp_path / "a", m="---\ndoc_id: talks\n---\nWe met.")
    score(tmp_path, tiny, a)
    folder(a, b="---\ndoc_id: talks\n---\nThey left.", c="They came.")
    for options in ({}, {"prune": True}):
        [failure] = score(tmp_path, tiny, a, **options).failed
        assert failure.location == str(a / "b.txt")
        assert failure.reason == f"its doc_id 'talks' is already used by {a / 'm.txt'}"
        assert "another doc_id" in failure.cure
        assert texts(tmp_path) == {"talks": "We met.", "c": "They came."}
    (a / "m.txt").write_bytes(b"\x00\x01")
    assert len(score(tmp_path, tiny, a).failed) == 2
    assert texts(tmp_path)["talks"] == "We met."
    (a / "m.txt").unlink()
    assert score(tmp_path, tiny, a).failed == []
    assert texts(tmp_path) == {"talks": "They left.", "c": "They came."}


@pytest.mark.parametrize("names", ["ab", "ba"])
def test_a_record_that_was_moved_to_another_file_is_replaced(tiny, tmp_path, names, caplog):
    old, new = (folder(tmp_path / "feed") / f"{n}.jsonl" for n in names)
    documents = invented(6)
    write_jsonl(documents[:4], old)
    score(tmp_path, tiny, tmp_path / "feed")
    write_jsonl(documents[:3], old)
    write_jsonl([replace(documents[3], text="We met."), *documents[4:]], new)
    assert score(tmp_path, tiny, tmp_path / "feed").failed == []
    assert texts(tmp_path)["doc-0003"] == "We met."
    assert not [r for r in caplog.records if r.levelname == "WARNING"]


def test_another_document_of_the_same_stem_in_another_folder_is_a_failure(tiny, tmp_path):
    a = folder(tmp_path / "a", talks="We met.", call="We called.", same="We agree.")
    b = folder(tmp_path / "b", talks="They left.", visit="They came.", same="We agree.")
    score(tmp_path, tiny, a)
    for _ in range(2):
        second = score(tmp_path, tiny, b)
        [failure] = second.failed
        assert failure.location == str(b / "talks.txt")
        assert failure.reason == f"its doc_id 'talks' is already used by {a / 'talks.txt'}"
        assert "the folder above both" in failure.cure
        kept = {"talks": "We met.", "call": "We called.", "visit": "They came.", "same": "We agree."}
        assert texts(tmp_path) == kept
    assert score(tmp_path, tiny, b, prune=True).failed == []
    assert texts(tmp_path) == {"talks": "They left.", "visit": "They came.", "same": "We agree."}


def test_a_changed_document_in_the_same_file_is_replaced(tiny, tmp_path, monkeypatch):
    a = folder(tmp_path / "a", talks="We met.", call="We called.")
    score(tmp_path, tiny, a)
    (tmp_path / "link").symlink_to(a)
    monkeypatch.chdir(tmp_path)
    for n, place in enumerate((a, "a", "link", "link/../a/talks.txt")):
        folder(a, talks=f"We met {n} times.")
        assert score(tmp_path, tiny, place).failed == []
        assert texts(tmp_path) == {"talks": f"We met {n} times.", "call": "We called."}


def test_changed_records_of_one_file_are_replaced_and_lines_may_move(tiny, tmp_path):
    documents = invented(30)
    write_jsonl(documents, tmp_path / "d.jsonl")
    score(tmp_path, tiny, tmp_path / "d.jsonl")
    write_jsonl([*documents[9::-1], Document("doc-0020", "We met.", "us")], tmp_path / "d.jsonl")
    assert score(tmp_path, tiny, tmp_path / "d.jsonl").failed == []
    assert texts(tmp_path)["doc-0020"] == "We met."


@pytest.mark.parametrize("text", ["We met.", "We met again."])
def test_a_folder_that_was_moved_holds_the_same_documents(tiny, tmp_path, text):
    score(tmp_path, tiny, folder(tmp_path / "a", talks="We met."))
    (tmp_path / "a").rename(tmp_path / "b")
    assert score(tmp_path, tiny, folder(tmp_path / "b", talks=text)).failed == []
    assert texts(tmp_path) == {"talks": text}
    assert listed(tmp_path / "t") == {"talks": str(tmp_path / "b" / "talks.txt")}


def test_a_copy_is_the_same_document(tiny, tmp_path):
    score(tmp_path, tiny, folder(tmp_path / "a", talks="We met."))
    assert score(tmp_path, tiny, folder(tmp_path / "b", talks="We met.")).failed == []
    assert texts(tmp_path) == {"talks": "We met."}


def test_documents_without_a_file_replace_what_has_their_id(tiny, tmp_path):
    score(tmp_path, tiny, folder(tmp_path / "a", talks="We met."))
    for place in ("stdin", "stdin:1", None):
        document = Document("talks", f"They left {place}.", path=place)
        assert run([document], tmp_path / "t", tiny).failed == []
        assert texts(tmp_path) == {"talks": f"They left {place}."}
    assert listed(tmp_path / "t") == {"talks": str(tmp_path / "a" / "talks.txt")}


def test_prune_replaces_and_frees_ids(tiny, tmp_path):
    a = folder(tmp_path / "a", talks="We met.", call="We called.")
    b = folder(tmp_path / "b", talks="They left.")
    score(tmp_path, tiny, a)
    assert score(tmp_path, tiny, b, prune=True).failed == []
    assert texts(tmp_path) == {"talks": "They left."}
    assert score(tmp_path, tiny, folder(tmp_path / "c", call="They called.")).failed == []
    assert texts(tmp_path) == {"talks": "They left.", "call": "They called."}


def test_an_archive_whose_shards_were_removed_begins_anew(tiny, tmp_path):
    score(tmp_path, tiny, folder(tmp_path / "a", talks="We met."))
    for file in (tmp_path / "t").glob("[!.]*"):
        file.unlink()
    assert score(tmp_path, tiny, folder(tmp_path / "b", talks="They left.")).failed == []


def test_a_single_file_is_written_anew_from_whatever_file(tiny, tmp_path):
    for name in "ab":
        source = folder(tmp_path / name, talks=f"We met {name}.")
        assert run(iterate_documents([source]), tmp_path / "t.csv", tiny).failed == []
    assert stance.read_table(tmp_path / "t.csv")["text"].tolist() == ["We met b."]


def test_of_the_records_of_one_file_the_first_hundred_are_named(tiny, tmp_path):
    documents = invented(130)
    source = folder(tmp_path / "feed")
    write_jsonl(documents, source / "b.jsonl")
    score(tmp_path, tiny, source)
    before = texts(tmp_path)
    write_jsonl([replace(d, text="Changed.") for d in documents], source / "a.jsonl")
    failed = score(tmp_path, tiny, source).failed
    assert len(failed) == 101
    assert sum(f.inputs for f in failed) == 130
    assert failed[-1].location == str(source / "a.jsonl")
    assert texts(tmp_path) == before


def test_a_list_that_is_damaged_is_named_and_one_that_is_lost_is_made_anew(tiny, tmp_path):
    a = folder(tmp_path / "a", talks="We met.", call="We called.")
    score(tmp_path, tiny, a)
    before = content(tmp_path / "t")
    place = tmp_path / "t" / ".sources.sqlite"
    place.write_bytes(b"damaged" * 1000)
    with pytest.raises(StanceError, match=r"\.sources\.sqlite: .*remove it if it is damaged"):
        score(tmp_path, tiny, a)
    place.unlink()
    assert score(tmp_path, tiny, a).scored == 0
    assert content(tmp_path / "t") == before
    assert set(listed(tmp_path / "t")) == {"talks", "call"}


@pytest.mark.parametrize("lost", [True, False])
def test_killed_runs_end_with_the_same_table_even_if_the_list_is_lost(random_model, tiny, tmp_path, lost):
    """Whatever the point of the kill, the list knows every document that has rows, unless it is lost."""
    documents = invented(90)
    score(tmp_path, tiny, write_jsonl(documents[:50], tmp_path / "first.jsonl"))
    clash = [] if lost else [Document("doc-0040", "Another one.", "us")]
    source = write_jsonl([*clash, *documents[50:]], tmp_path / "second.jsonl")
    expected = None
    outputs = (shutil.copytree(tmp_path / "t", tmp_path / f"t{n}") for n in count())
    for output, stopped in killed_at_random(random_model, source, outputs, 6):
        rows = {d for f in output.glob("[!.]*.parquet") for d in pq.read_table(f)["doc_id"].to_pylist()}
        assert rows >= {d.doc_id for d in documents[:50]}
        if lost:
            (output / ".sources.sqlite").unlink(missing_ok=True)
        else:
            assert rows <= set(listed(output))
        if not stopped:
            expected = expected or content(output)
            assert content(output) == expected
            table = stance.read_table(output)
            assert " ".join(table[table["doc_id"] == "doc-0040"]["text"]) == documents[40].text


@pytest.mark.parametrize("given", ["in", "in/**", "in/*/*.txt"])
def test_prune_leaves_the_table_where_no_document_was_read(tiny, tmp_path, given):
    folder(folder(tmp_path / "in") / "a", talks="We met.")
    score(tmp_path, tiny, tmp_path / "in")
    before = content(tmp_path / "t")
    (tmp_path / "in").rename(tmp_path / "away")
    with pytest.raises(StanceError, match=r"left as it is, because no document was read \(1 inputs failed"):
        score(tmp_path, tiny, f"{tmp_path}/{given}", prune=True)
    assert content(tmp_path / "t") == before


def test_prune_keeps_the_rows_of_inputs_that_could_not_be_read(tiny, tmp_path):
    a = folder(tmp_path / "a", talks="We met.", call="We called.", visit="We came.")
    b, c = folder(tmp_path / "b", notes="They left."), folder(tmp_path / "c", more="They came.")
    write_jsonl(invented(2), a / "records.jsonl")
    inputs = (a, f"{b}/*.txt", c)
    score(tmp_path, tiny, *inputs)
    before = texts(tmp_path)
    (a / "talks.txt").write_bytes(b"\x00\x01" * 50)
    (a / "call.txt").unlink()
    (a / "records.jsonl").write_text('{"text": 1}\n', encoding="utf-8")
    shutil.rmtree(b)
    shutil.rmtree(c)
    update = score(tmp_path, tiny, *inputs, prune=True)
    assert len(update.failed) == 4
    assert (update.documents, update.kept, update.dropped) == (1, 5, 1)
    del before["call"]
    assert texts(tmp_path) == before
    assert set(listed(tmp_path / "t")) == set(before)
    (a / "records.jsonl").unlink()
    (a / "talks.txt").unlink()
    assert score(tmp_path, tiny, a, prune=True).dropped == 5
    assert texts(tmp_path) == {"visit": "We came."}


def feed(path, *texts, **keys):
    records = [{"text": t, **keys} for t in texts]
    path.write_text("".join(json.dumps(r) + "\n" for r in records), encoding="utf-8")
    return path


def test_records_without_doc_id_that_moved_up_stand_once_in_the_table(tiny, tmp_path, caplog):
    source = feed(tmp_path / "feed.jsonl", "We met.", "We called.", "They left.", "They came.")
    score(tmp_path, tiny, source)
    feed(source, "We called.", "They left.", "They came.")
    assert score(tmp_path, tiny, source).kept == 0
    assert texts(tmp_path) == {"feed-1": "We called.", "feed-2": "They left.", "feed-3": "They came."}
    assert set(listed(tmp_path / "t")) == set(texts(tmp_path))
    assert "1 documents have another doc_id now" in caplog.text
    assert "feed-4 (now feed-3)" in caplog.text


def test_records_that_left_a_file_are_kept(tiny, tmp_path):
    """A file may hold the latest records only."""
    source = feed(tmp_path / "feed.jsonl", "We met.", "We called.")
    score(tmp_path, tiny, source)
    feed(source, "We met.")
    assert score(tmp_path, tiny, source).kept == 1


@pytest.mark.parametrize("body", ["We met.", "We met again."])
def test_a_document_whose_front_matter_names_it_anew_stands_once_in_the_table(tiny, tmp_path, body):
    a = folder(tmp_path / "a", talks="---\ndoc_id: first\n---\nWe met.")
    score(tmp_path, tiny, a)
    folder(a, talks=f"---\ndoc_id: second\n---\n{body}")
    assert score(tmp_path, tiny, a).kept == 0
    assert texts(tmp_path) == {"second": body}


def test_a_file_that_was_moved_within_its_folder_stands_once_in_the_table(tiny, tmp_path):
    a = folder(tmp_path / "a", talks="We met.", other="We met.")
    score(tmp_path, tiny, a)
    (a / "2025").mkdir()
    (a / "talks.txt").rename(a / "2025" / "talks.txt")
    score(tmp_path, tiny, a)
    assert set(texts(tmp_path)) == {"2025/talks", "other"}


@pytest.mark.parametrize("first", [True, False])
def test_a_file_that_is_given_by_itself_and_in_its_folder_stands_once_in_the_table(tiny, tmp_path, first):
    inside = folder(folder(tmp_path / "a", call="We called.") / "2025", talks="We met.")
    inputs = [inside / "talks.txt", tmp_path / "a"]
    for given in inputs if first else inputs[::-1]:
        score(tmp_path, tiny, given)
    assert set(texts(tmp_path)) == {"2025/talks" if first else "talks", "call"}
    assert score(tmp_path, tiny, *inputs).failed == []
    assert set(texts(tmp_path)) == {"talks", "call"}


def test_copies_and_documents_that_are_left_out_stay(tiny, tmp_path):
    a, b = folder(tmp_path / "a", talks="We met."), folder(tmp_path / "b", copy="We met.")
    score(tmp_path, tiny, a)
    score(tmp_path, tiny, b)
    source = feed(tmp_path / "feed.jsonl", "We left.")
    score(tmp_path, tiny, source)
    feed(source, "We left.", "We left.")
    claims = Claims()
    items = iterate_documents([source], claims=claims)
    run((i for i in items if i.doc_id != "feed-1"), tmp_path / "t", tiny, claims=claims)
    assert set(texts(tmp_path)) == {"talks", "copy", "feed-1", "feed-2"}


def test_a_run_that_was_stopped_knows_what_was_renamed(tiny, tmp_path):
    source = write_jsonl(invented(40), tmp_path / "d.jsonl")
    score(tmp_path, tiny, source)
    write_jsonl([replace(d, doc_id=f"new-{d.doc_id}") for d in invented(40)], source)
    expected = shutil.copytree(tmp_path / "t", tmp_path / "undisturbed")
    claims = Claims()
    run(iterate_documents([source], claims=claims), expected, tiny, claims=claims)

    def stopped():
        yield from list(iterate_documents([source]))
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(stopped(), tmp_path / "t", tiny)
    score(tmp_path, tiny, source)
    assert content(tmp_path / "t") == content(expected)
    assert all(d.startswith("new-") for d in texts(tmp_path))


@pytest.mark.parametrize("given", ["in", "in/loop.txt", "in/*.txt"])
def test_links_in_a_circle_do_not_end_a_run_that_prunes(tiny, tmp_path, given):
    source = folder(tmp_path / "in", talks="We met.")
    score(tmp_path, tiny, source)
    (source / "loop.txt").symlink_to("loop.txt")
    [failure] = score(tmp_path, tiny, source / "talks.txt", f"{tmp_path}/{given}", prune=True).failed
    assert failure.location == str(source / "loop.txt")
    assert texts(tmp_path) == {"talks": "We met."}


def test_a_file_that_became_a_link_to_itself_is_out_of_reach(tiny, tmp_path):
    source = folder(tmp_path / "in", talks="We met.", call="We called.")
    score(tmp_path, tiny, source)
    (source / "talks.txt").unlink()
    (source / "talks.txt").symlink_to("talks.txt")
    folder(tmp_path / "new", talks="They left.")
    for options in ({}, {"prune": True}):
        score(tmp_path, tiny, source, tmp_path / "new" / "talks.txt", **options)
        assert texts(tmp_path)["call"] == "We called."


def test_a_number_at_the_end_of_a_name_is_no_record(tiny, tmp_path):
    (tmp_path / "snap").mkdir()
    source, other = folder(tmp_path / "snap" / "10:30", talks="We met."), folder(tmp_path / "b", visit="They came.")
    write_jsonl(invented(2), source / "d.jsonl")
    score(tmp_path, tiny, source)
    source.rename(tmp_path / "out of reach")
    assert len(score(tmp_path, tiny, source, other, prune=True).failed) == 1
    assert set(texts(tmp_path)) == {"talks", "visit", "doc-0000", "doc-0001"}
    assert listed(tmp_path / "t")["doc-0001"] == str(source / "d.jsonl")
    for location in ("a/b.jsonl:7", "a/b.eml:2", "stdin:7", "a\n.CSV:12"):
        assert without_record(location) == location.rpartition(":")[0]
    for location in ("a/10:30", "a.txt:7", "b.jsonl", "stdin"):
        assert without_record(location) == location
