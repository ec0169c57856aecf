"""Folders and globs with links in all directions and parts that cannot be read: nothing is passed over silently."""

import os
import shutil
import subprocess
import sys
import tracemalloc

import pytest

from stance.documents import iterate_documents
from stance.documents.file_list import FileList
from stance.documents.walk import Walk
from stance.errors import InputFailure

READ = "from tests.test_walk import show; show()"


def folder(path, *names):
    for name in names:
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_text(f"We met at {name}.", encoding="utf-8")
    return path


def split(given):
    items = list(iterate_documents([given]))
    failures = [i for i in items if isinstance(i, InputFailure)]
    return [i.doc_id for i in items if i not in failures], failures


def show():
    ids, failures = split(sys.argv[1])
    print(ids, [(f.location, f.reason) for f in failures])


def as_other_user(given):
    """The doc_ids and failures that a user without root's rights gets."""
    command = [sys.executable, "-c", READ, str(given)]
    if os.geteuid() == 0:
        if not shutil.which("setpriv"):
            pytest.skip("root reads everything, and setpriv is not there to take its rights away")
        command = ["setpriv", "--inh-caps=-all", "--bounding-set=-all", *command]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.mark.parametrize("mode", [0o000, 0o644, 0o311])
@pytest.mark.parametrize("given", ["in", "in/**/*.txt", "in/*/*.txt"])
def test_a_folder_that_cannot_be_read_is_named_and_the_others_go_on(tmp_path, mode, given):
    folder(tmp_path / "in", "sub/a.txt", "x/b.txt")
    sub = tmp_path / "in" / "sub"
    sub.chmod(mode)
    named = sub / "a.txt" if mode == 0o644 else sub
    try:
        found = as_other_user(tmp_path / given)
    finally:
        sub.chmod(0o755)
    doc_id = "x/b" if given == "in" else "b"
    assert found == str(([doc_id], [(str(named), "it cannot be read (Permission denied)")])).strip("()").replace(
        "], [", "] [", 1
    )


def test_linked_folders_are_read_once_and_by_their_own_name(tmp_path):
    folder(tmp_path / "in", "z/deep/a.txt")
    folder(tmp_path / "elsewhere", "b.txt")
    for link, target in (("a", "z/deep"), ("loop", "."), ("z/up", ".."), ("z/more", tmp_path / "elsewhere")):
        (tmp_path / "in" / link).symlink_to(target)
    assert split(tmp_path / "in") == (["z/deep/a", "z/more/b"], [])
    assert split(f"{tmp_path}/in/**/*.txt") == (["a", "b"], [])


@pytest.mark.parametrize("given", ["in", "in/**", "in/*"])
def test_links_that_lead_nowhere_are_named(tmp_path, given):
    folder(tmp_path / "in", "a.txt")
    for link, target in (("lost.txt", "gone.txt"), ("folder", "gone"), (".hidden", "gone"), ("self.txt", "self.txt")):
        (tmp_path / "in" / link).symlink_to(target)
    ids, failures = split(f"{tmp_path}/{given}")
    assert ids == ["a"]
    assert {(f.location, f.reason) for f in failures} == {
        (f"{tmp_path}/in/folder", "it is a link to what does not exist"),
        (f"{tmp_path}/in/lost.txt", "it is a link to what does not exist"),
        (f"{tmp_path}/in/self.txt", "it cannot be read (Too many levels of symbolic links)"),
    }


def test_a_pattern_with_stars_in_many_places(tmp_path):
    folder(tmp_path, "a[1]/b/x/c.txt", "a[1]/b/d.txt", "a[1]/e.txt", "a[1]/.b/f.txt", "b/g.txt")
    assert split(f"{tmp_path}/**/b/**/*.txt")[0] == ["d", "c", "g"]
    assert split(f"{tmp_path}/a[[]*/**")[0] == ["d", "c", "e"]


def test_a_sidecar_that_is_a_link_to_itself_is_none(tmp_path):
    folder(tmp_path, "us.md")
    (tmp_path / "us.json").symlink_to("us.json")
    assert split(tmp_path / "us.md") == (["us"], [])


@pytest.mark.parametrize("name", ["feed", "feed.jsonl", "feed.txt"])
def test_a_pipe_given_by_name_is_named_and_not_waited_for(tmp_path, name):
    os.mkfifo(tmp_path / name)
    ids, [failure] = split(tmp_path / name)
    assert (ids, failure.location, failure.reason) == ([], str(tmp_path / name), "it is a pipe")
    assert "- as input" in failure.cure


def test_a_name_too_long_for_a_sidecar_has_none(tmp_path):
    name = "a" * 252
    folder(tmp_path, f"{name}.md")
    for given in (tmp_path, tmp_path / f"{name}.md"):
        assert split(given) == ([name], [])


def test_the_list_of_files_takes_no_memory_for_each(tmp_path):
    """It lies on the disk; in memory each file took more than a kilobyte."""
    peaks = {}
    for count in (200, 2200):
        many = folder(tmp_path / str(count), *(f"document {n}.txt" for n in range(count)))
        tracemalloc.start()
        try:
            files = FileList([many])
            peaks[count] = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
        assert [name for _, name in files] == sorted(f"document {n}" for n in range(count))
    assert peaks[2200] - peaks[200] < 2000 * 100


def test_files_stand_in_the_order_of_the_inputs_each_once(tmp_path):
    place = folder(tmp_path / "in", "b/c.txt", "b.txt", "b c.txt", "a/z/y.txt", "B.txt")
    (place / "link").symlink_to(place / "a")
    files = FileList([place / "b.txt", tmp_path / "lost", place, f"{place}/*.txt"])
    assert [name for _, name in files] == ["b", str(tmp_path / "lost"), "B", "a/z/y", "b/c", "b c"]
    assert files.bytes == sum(p.stat().st_size for p in (*place.glob("*.txt"), place / "b/c.txt", place / "a/z/y.txt"))


def test_what_is_still_to_come_is_known(tmp_path):
    place = folder(tmp_path / "in", "a.txt", "b.txt").resolve()
    files = FileList([place])
    seen = []
    for path, _ in files:
        seen.append((path.name, [files.still_to_come(str(place / n)) for n in ("a.txt", "b.txt", "c.txt")]))
    assert seen == [("a.txt", [None, (place / "b.txt", "b"), None]), ("b.txt", [None, None, None])]
    assert str(place / "a.txt") in files and str(place / "c.txt") not in files


def test_a_folder_that_links_lead_to_is_entered_by_the_link_that_is_nearest(tmp_path):
    place = folder(tmp_path / "in", "a/own.txt")
    far = folder(tmp_path / "far", "t.txt")
    (place / "b").symlink_to(far)
    (place / "a" / "z").symlink_to(far)
    assert split(place)[0] == ["a/own", "b/t"]


def test_a_sidecar_of_a_lost_text_is_no_document(tmp_path):
    place = folder(tmp_path / "in", "b.TXT", "c.tXt")
    (place / "a.txt").symlink_to("gone")
    for name in ("a", "b", "c"):
        (place / f"{name}.json").write_text('{"text": "We met.", "title": "Talks"}', encoding="utf-8")
    ids, [lost] = split(place)
    assert ids == ["b", "c"]
    assert lost.location == str(place / "a.txt")


def test_failures_stand_in_order(tmp_path):
    place = folder(tmp_path / "in", "m.txt")
    for name in ("d", "b", "c/z", "a", "c"):
        (place / name).parent.mkdir(exist_ok=True)
        (place / f"{name}.txt").symlink_to("gone")
    failures = split(place)[1]
    assert [f.location for f in failures] == [str(place / f"{n}.txt") for n in ("a", "b", "c/z", "c", "d")]


def test_a_name_that_is_no_text_is_a_failure(tmp_path):
    assert split(f"{tmp_path}/\ud800") == (
        [],
        [InputFailure(f"{tmp_path}/\\ud800", "there is no such file or folder", "Check the path")],
    )


@pytest.mark.parametrize("pattern", ["**", "**/**", "**/*.txt", "**/**/**/*.txt"])
def test_two_stars_find_every_file_once(tmp_path, pattern, monkeypatch):
    place = folder(tmp_path / "in", "a.txt", "x/b.txt", "x/y/c.txt")
    looked = []
    is_file = Walk._is_file
    monkeypatch.setattr(Walk, "_is_file", lambda self, path: looked.append(path.name) or is_file(self, path))
    assert split(f"{place}/{pattern}")[0] == ["a", "b", "c"]
    assert sorted(n for n in looked if n.endswith(".txt")) == ["a.txt", "b.txt", "c.txt"]
