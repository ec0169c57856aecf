"""Folders and globs with links in all directions and parts that cannot be read: nothing is passed over silently."""

import os
import shutil
import subprocess
import sys

import pytest

from stance.documents import iterate_documents
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
