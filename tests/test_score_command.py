"""`stance score` as an operator uses it: dry runs, pipes, dates, logs, exit codes, resuming."""

import datetime
import importlib.util
import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

import stance
from stance.cli import main
from stance.documents.registry import Registry
from stance.scoring.output import check_output
from stance.scoring.shards import ShardFolder
from tests.conftest import ROOT

SUMMIT = ROOT / "examples" / "summit"


@pytest.fixture
def score(random_model):
    def run(*arguments, stdin=None, before=()):
        command = [sys.executable, "-m", "stance", *before, "score", *map(str, arguments), "-m", str(random_model)]
        return subprocess.run(
            [*command, "--threads", "1"], input=stdin, capture_output=True, text=True, encoding="utf-8", check=False
        )

    return run


def test_a_dry_run_scores_nothing(score, tmp_path):
    done = score(SUMMIT, "-o", tmp_path / "t", "--dry-run", "--json")
    assert done.returncode == 0, done.stderr
    assert "2 documents" in done.stderr
    assert "nothing was scored" not in done.stdout
    assert json.loads(done.stdout)["documents"] == 2
    assert not (tmp_path / "t").exists()


@pytest.mark.skipif(importlib.util.find_spec("ray") is None, reason="Ray is not installed")
def test_a_dry_run_is_refused_where_no_cluster_answers(score, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"127.0.0.1:{server.getsockname()[1]}"
    done = score(SUMMIT, "-o", tmp_path / "t", "--dry-run", "--engine", "ray", "--ray-address", address)
    assert done.returncode == 2
    assert done.stderr.startswith(f"error: {address}: the Ray cluster cannot be reached")


def test_from_stdin_to_stdout(score):
    record = json.dumps({"doc_id": "a", "text": "We met. We agreed.", "source": "us"})
    done = score("-", "-o", "-", stdin=record + "\n")
    assert done.returncode == 0, done.stderr
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert [r["text"] for r in rows] == ["We met.", "We agreed."]


def test_the_second_run_scores_only_what_is_new(score, tmp_path):
    new = tmp_path / "incoming"
    new.mkdir()
    (new / "a.txt").write_text("We met.", encoding="utf-8")
    first = json.loads(score(new, "-o", tmp_path / "t", "--json").stdout)
    assert (first["documents"], first["scored"]) == (1, 1)
    assert json.loads(score(new, "-o", tmp_path / "t", "--json").stdout)["scored"] == 0
    (new / "a.txt").unlink()
    (new / "b.txt").write_text("They agreed. They left.", encoding="utf-8")
    third = json.loads(score(f"{new}/*.txt", "-o", tmp_path / "t", "--json").stdout)
    assert (third["documents"], third["scored"], third["kept"]) == (1, 2, 1)
    assert set(stance.read_table(tmp_path / "t")["doc_id"]) == {"a", "b"}


def test_what_is_piped_into_an_archive_is_added(score, tmp_path):
    for text in ("One.", "Two.", "One."):
        assert score("-", "-o", tmp_path / "t", stdin=json.dumps({"text": text})).returncode == 0
    assert sorted(stance.read_table(tmp_path / "t")["text"]) == ["One.", "Two."]


def test_since_takes_later_documents_and_says_what_it_left(score, tmp_path):
    lines = [
        {"doc_id": "old", "text": "Old.", "date": "2027-01-01"},
        {"doc_id": "new", "text": "New.", "date": "2027-05-01"},
        {"doc_id": "none", "text": "Undated."},
    ]
    (tmp_path / "d.jsonl").write_text("".join(json.dumps(x) + "\n" for x in lines), encoding="utf-8")
    done = score(tmp_path / "d.jsonl", "-o", "-", "--since", "2027-05-01")
    assert [json.loads(x)["doc_id"] for x in done.stdout.splitlines()] == ["new", "none"]
    assert "1 earlier documents left out, 1 without a date taken" in done.stderr
    assert score(tmp_path / "d.jsonl", "-o", "-", "--since", "soon").returncode == 2
    both = score(tmp_path / "d.jsonl", "-o", tmp_path / "t", "--since", "7d", "--prune")
    assert both.returncode == 2
    assert "--prune with --since" in both.stderr


def test_a_week_with_nothing_new_is_an_empty_table(score, tmp_path):
    (tmp_path / "d.jsonl").write_text('{"text": "We met.", "date": "2027-01-01"}', encoding="utf-8")
    for since, rows in (("2027-01-01", 1), ("2027-02-01", 0), ("2027-02-01", 0)):
        done = score(tmp_path / "d.jsonl", "-o", tmp_path / "new.jsonl", "--since", since)
        assert done.returncode == 0, done.stderr
        assert len(stance.read_table(tmp_path / "new.jsonl")) == rows
    (tmp_path / "d.jsonl").unlink()
    done = score(tmp_path / "d.jsonl", "-o", tmp_path / "new.jsonl", "--since", "2027-02-01")
    assert done.returncode == 2
    assert "no document was read (1 inputs failed" in done.stderr


@pytest.mark.parametrize("options", [["--date", "soon"], ["--since", ""], ["--since", "", "--prune"]])
def test_options_that_are_no_dates_are_refused_at_once(options, tmp_path):
    done = CliRunner().invoke(main, ["score", str(SUMMIT), "-o", str(tmp_path / "t"), *options])
    assert done.exit_code == 2
    assert "Invalid value for " in done.output and options[0] in done.output
    assert "is not a date; give YYYY-MM-DD" in done.output
    assert not (tmp_path / "t").exists()


@pytest.mark.parametrize("output", ["-", "t"])
def test_documents_in_a_language_that_the_model_does_not_read_are_named(score, tmp_path, output):
    lines = [{"doc_id": "a", "text": "We met."}, *({"doc_id": d, "text": "双方举行会谈。"} for d in ("b", "c"))]
    done = score(
        "-", "-o", output if output == "-" else tmp_path / output, stdin="".join(json.dumps(x) + "\n" for x in lines)
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("do not use the labels of such documents") == 1
    assert "b is in «zh»" in done.stderr


def test_failures_are_listed_and_the_exit_code_is_1(score, tmp_path):
    (tmp_path / "good.txt").write_text("We met.", encoding="utf-8")
    done = score(tmp_path / "good.txt", tmp_path / "missing.txt", "-o", tmp_path / "t.csv", "--json")
    assert done.returncode == 1
    summary = json.loads(done.stdout)
    assert summary["sentences"] == 1
    assert summary["failed"][0]["cure"] == "Check the path"
    assert len(stance.read_table(tmp_path / "t.csv")) == 1


def test_an_empty_source_leaves_the_table_and_the_exit_code_is_2(score, tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.txt").write_text("We met.", encoding="utf-8")
    assert score(tmp_path / "in", "-o", tmp_path / "t.csv").returncode == 0
    (tmp_path / "in" / "a.txt").unlink()
    done = score(tmp_path / "in", "-o", tmp_path / "t.csv")
    assert done.returncode == 2
    assert "Check that the source is mounted" in done.stderr
    assert "Traceback" not in done.stderr
    dry = score(tmp_path / "in", "-o", tmp_path / "t.csv", "--dry-run")
    assert (dry.returncode, dry.stderr.splitlines()[-1]) == (2, done.stderr.splitlines()[-1])
    assert len(stance.read_table(tmp_path / "t.csv")) == 1


@pytest.mark.parametrize("output", ["table.csv", "table"])
def test_a_table_beside_its_documents_is_not_read_back(score, tmp_path, output):
    (tmp_path / "us.md").write_text("We met. We agreed.", encoding="utf-8")
    for _ in range(2):
        done = score(tmp_path, "-o", tmp_path / output, "--json")
        assert done.returncode == 0, done.stderr
        assert (json.loads(done.stdout)["documents"], json.loads(done.stdout)["sentences"]) == (1, 2)
    assert "left out tables of scored sentences" in done.stderr


def test_the_log_names_shards_and_failures_with_the_time(score, tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "good.txt").write_text("We met.", encoding="utf-8")
    (tmp_path / "in" / "bad.pdf").write_bytes(b"nothing")
    done = score(tmp_path / "in", "-o", tmp_path / "t", before=["-v"])
    assert "INFO part-000000-" in done.stderr
    assert "WARNING left out:" in done.stderr
    assert "bad.pdf: it is not a readable PDF" in done.stderr

    assert done.stderr.count("bad.pdf") == 1
    lines = done.stderr.splitlines()
    assert [
        x for x in lines if "INFO scoring" in x and str(tmp_path / "in") in x and "threads: 1" in x and "random@" in x
    ]
    assert "with exit code 1" in lines[-1]


@pytest.mark.parametrize("output", ["t", "t.csv", "-"])
def test_the_summary_tells_when_and_with_what(score, tmp_path, output):
    before = datetime.datetime.now(datetime.UTC).replace(microsecond=0)
    (tmp_path / "bad.pdf").write_bytes(b"nothing")
    done = score(SUMMIT, tmp_path / "bad.pdf", "-o", output if output == "-" else tmp_path / output, "--json")
    assert done.returncode == 1, (done.returncode, done.stderr)
    found = json.loads(done.stderr.splitlines()[-1] if output == "-" else done.stdout)
    assert before <= datetime.datetime.fromisoformat(found["started"]) <= datetime.datetime.now(datetime.UTC)
    assert 0 < found["seconds"] < 600
    assert (found["exit"], found["error"], found["documents"]) == (1, None, 2)
    assert found["engine"].startswith(("openvino", "onnxruntime"))
    assert found["codebook"] == stance.load_codebook().version
    assert done.stderr.count("it is not a readable PDF") == (2 if output == "-" else 1)


def test_a_run_that_fails_prints_a_summary_and_one_error(score, tmp_path):
    (tmp_path / "file").write_text("mine", encoding="utf-8")
    done = score(SUMMIT, "-o", tmp_path / "file", "--json")
    assert done.returncode == 2
    [line] = done.stdout.splitlines()
    found = json.loads(line)
    assert found["exit"] == 2
    assert "Choose another output" in found["error"]
    assert found["model"].startswith("random@")
    assert done.stderr.splitlines() == [f"error: {found['error']}"]


@pytest.mark.parametrize("output", ["t.xlsx", "folder-with-notes", "file"])
def test_outputs_that_are_refused(score, tmp_path, output):
    (tmp_path / "folder-with-notes").mkdir()
    (tmp_path / "folder-with-notes" / "notes.md").write_text("mine", encoding="utf-8")
    (tmp_path / "file").write_text("mine", encoding="utf-8")
    for options in ([], ["--dry-run"]):
        done = score(SUMMIT, "-o", tmp_path / output, *options)
        assert done.returncode == 2
        assert "Choose another" in done.stderr or "written as" in done.stderr
    assert (tmp_path / "folder-with-notes" / "notes.md").read_text(encoding="utf-8") == "mine"


def test_a_dry_run_is_refused_where_another_run_writes(score, tmp_path):
    with ShardFolder(tmp_path / "t").opened():
        before = sorted(tmp_path.rglob("*"))
        done = score(SUMMIT, "-o", tmp_path / "t", "--dry-run")
        assert done.returncode == 2
        assert f"{tmp_path / 't'}: another run is writing to it (process {os.getpid()} on " in done.stderr
        assert sorted(tmp_path.rglob("*")) == before
    (tmp_path / "t" / ".run").write_text("process 1 on earth, which was killed", encoding="utf-8")
    assert score(SUMMIT, "-o", tmp_path / "t", "--dry-run").returncode == 0


def test_a_dry_run_is_refused_where_rights_are_missing(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("mine", encoding="utf-8")
    with pytest.raises(stance.StanceError, match=r"cannot be written \(Not a directory"):
        check_output(tmp_path / "file" / "t")
    check_output(tmp_path / "new" / "t")
    monkeypatch.setattr(os, "access", lambda place, mode: place != tmp_path)  # root has all rights
    for output in ("new/t", "t.csv"):
        with pytest.raises(stance.StanceError, match=r"cannot be written \(Permission denied"):
            check_output(tmp_path / output)
    assert not (tmp_path / "new").exists()


def test_an_archive_is_compared(score, tmp_path):
    assert score(SUMMIT, "-o", tmp_path / "t").returncode == 0
    command = [sys.executable, "-m", "stance", "compare", str(tmp_path / "t"), "-o", str(tmp_path / "report")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(("given", "threads"), [(3, 3), (None, 1)])
def test_threads_are_those_of_each_ray_actor(monkeypatch, given, threads):
    from stance.scoring.command import _engine

    monkeypatch.setattr("stance.scoring.ray_engine.ray_engine", lambda *arguments: arguments)
    assert _engine({"engine": "ray", "ray_address": "auto", "threads": given}) == ("auto", threads)


def test_another_document_of_the_same_id_is_named_with_both_files_and_the_exit_code_is_1(score, tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "b.txt").write_text("---\ndoc_id: talks\n---\nWe met in b.", encoding="utf-8")
    assert score(tmp_path / "in", "-o", tmp_path / "t").returncode == 0
    (tmp_path / "in" / "a.txt").write_text("---\ndoc_id: talks\n---\nWe met in a.", encoding="utf-8")
    for options in (["--dry-run"], []):
        done = score(tmp_path / "in", "-o", tmp_path / "t", *options)
        assert done.returncode == 1
        assert f"left out: {tmp_path / 'in' / 'a.txt'}: its doc_id 'talks' is already used by" in done.stderr
        assert f"used by {tmp_path / 'in' / 'b.txt'}. Give one of them another doc_id" in done.stderr
        assert stance.read_table(tmp_path / "t")["text"].tolist() == ["We met in b."]


def test_a_reader_who_takes_the_first_rows_only_ends_the_run_quietly(random_model, tmp_path):
    (tmp_path / "us.txt").write_text("We met. " * 3000, encoding="utf-8")
    command = [sys.executable, "-m", "stance", "score", tmp_path / "us.txt", "-o", "-", "-m", random_model]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as done:
        assert done.stdout is not None
        assert done.stderr is not None
        assert json.loads(done.stdout.readline())["text"] == "We met."
        done.stdout.close()
        assert done.stderr.read() == ""
    assert done.returncode == 1


@pytest.mark.parametrize("encoding", ["latin-1", "gbk"])
def test_rows_on_stdout_are_utf8_whatever_the_locale(score, monkeypatch, encoding):
    monkeypatch.setenv("PYTHONIOENCODING", encoding)
    done = score("-", "-o", "-", stdin="He called it “very frank”.")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["text"] == "He called it “very frank”."


def test_a_closed_stdin_is_named(random_model):
    script = '"$0" -m stance score - -o - -m "$1" <&-'
    done = subprocess.run(
        ["sh", "-c", script, sys.executable, random_model], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "stdin: standard input is closed" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("ending", [".jsonl", ".csv", ".parquet"])
def test_an_output_that_is_a_link_stays_one_and_a_file_keeps_its_mode(score, tmp_path, ending):
    (tmp_path / "far").mkdir()
    file, link = tmp_path / "far" / f"real{ending}", tmp_path / f"t{ending}"
    link.symlink_to(file)
    for mode in (None, 0o600, 0o440):
        if mode:
            file.chmod(mode)
        assert score(SUMMIT, "-o", link).returncode == 0
        assert link.is_symlink()
        assert len(stance.read_table(file)) > 1
        assert mode is None or file.stat().st_mode & 0o777 == mode
    assert sorted(f.name for f in tmp_path.rglob("*")) == sorted(["far", file.name, link.name])


@pytest.mark.parametrize("options", [[], ["--prune"]])
def test_a_dry_run_of_an_empty_source_ends_as_the_run_would(score, tmp_path, options):
    (tmp_path / "in").mkdir()
    assert score(SUMMIT, "-o", tmp_path / "t").returncode == 0
    codes = [score(tmp_path / "in", "-o", tmp_path / "t", *options, *dry).returncode for dry in (["--dry-run"], [])]
    assert codes == ([2, 2] if options else [1, 1])


@pytest.mark.parametrize("dry", [[], ["--dry-run"]])
def test_names_of_files_forge_no_lines_of_the_log(score, tmp_path, dry):
    forged = "a\n2027-01-01 ERROR all is lost\x1b[2J"
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / f"{forged}.txt").write_text("", encoding="utf-8")
    (tmp_path / "in" / f"b.{forged}").write_text("", encoding="utf-8")
    record = {"doc_id": forged, "text": "双方举行会谈。"}
    (tmp_path / "in" / "d.jsonl").write_text(json.dumps(record), encoding="utf-8")
    done = score(tmp_path / "in", tmp_path / "in" / f"{forged}.txt", "-o", tmp_path / "t", *dry, before=["-v"])
    assert done.returncode == 1
    assert "\\n2027-01-01 ERROR all is lost\\x1b[2J.txt: the document has no text" in done.stderr
    assert "\x1b" not in done.stderr
    assert not [line for line in done.stderr.splitlines() if line.startswith("2027-01-01")]


def test_a_link_to_no_folder_is_named_as_such(score, tmp_path):
    (tmp_path / "t").symlink_to("gone")
    (tmp_path / "t.csv").symlink_to("gone/t.csv")
    for options in ([], ["--dry-run"]):
        done = score(SUMMIT, "-o", tmp_path / "t.csv", *options)
        assert (done.returncode, done.stderr.splitlines()[-1]) == (
            2,
            f"error: {tmp_path / 't.csv'}: it is a link into a folder that is not there or cannot be written. "
            "Mend the link",
        )
        done = score(SUMMIT, "-o", tmp_path / "t", *options)
        assert done.returncode == 2
        assert done.stderr == f"error: {tmp_path / 't'}: it is a link to what does not exist. Mend or remove the link\n"


def shell(script, *arguments, cwd=None):
    """Run a script in which "$@" is the command with its arguments."""
    command = ["sh", "-c", script, "sh", sys.executable, "-m", "stance", *map(str, arguments), "--threads", "1"]
    return subprocess.run(command, capture_output=True, text=True, cwd=cwd, check=False)


def test_a_closed_stdout_is_named(random_model, tmp_path):
    done = shell('exec "$@" >&-', "score", SUMMIT, "-o", "-", "-m", random_model, cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr.startswith("error: -: standard output is closed")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("output", ["-", "t", "t.csv"])
def test_a_closed_stderr_does_no_harm(random_model, tmp_path, output):
    done = shell('exec "$@" 2>&-', "-v", "score", SUMMIT, "-o", output, "-m", random_model, "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stdout
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(found) > 1 if output == "-" else found[0]["documents"] == 2


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
@pytest.mark.parametrize("options", [["--since", "2000-01-01"], ["--dry-run"]])
def test_a_full_stderr_stops_no_run(random_model, tmp_path, options):
    done = shell('exec "$@" 2>/dev/full', "-v", "score", SUMMIT, "-o", "t", "-m", random_model, *options, cwd=tmp_path)
    assert done.returncode == 0
    assert (tmp_path / "t" / "_manifest.json").exists() == ("--since" in options)


@pytest.mark.parametrize("ending", ["", ".jsonl", ".parquet"])
def test_an_output_whose_name_is_no_text_is_refused(score, tmp_path, ending):
    for options in ([], ["--dry-run"]):
        done = score(SUMMIT, "-o", tmp_path / f"t\udcff{ending}", "--json", *options, before=["-v"])
        assert done.returncode == 2
        assert done.stderr.splitlines()[
            -1
        ] == f"error: {tmp_path}/t\\udcff{ending}: the name is not printable UTF-8. " + ("Choose another output")
        assert json.loads(done.stdout)["exit"] == 2
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("options", [["-o", "-"], ["-o", "t"], ["-o", "t", "--dry-run"]])
def test_an_interrupt_while_the_model_loads_leaves_a_line(options, monkeypatch, tmp_path):
    def interrupted(*arguments, **keys):
        raise KeyboardInterrupt

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("stance.classifier.predict.Model.__init__", interrupted)
    done = CliRunner().invoke(main, ["score", str(SUMMIT), *options, "--json"])
    assert done.exit_code == 130
    [line] = [x for x in done.output.splitlines() if x.startswith("{")]
    assert (json.loads(line)["exit"], json.loads(line)["error"][:7]) == (130, "stopped")


@pytest.mark.parametrize("options", [["-o", "-"], ["-o", "t"], ["-o", "t", "--dry-run"]])
def test_a_fault_of_the_program_does_not_pass_for_inputs_that_failed(options, monkeypatch, tmp_path, caplog):
    def broken(*arguments, **keys):
        raise KeyError("a fault\x1b[2J")

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("stance.documents.iterate_documents", broken)
    done = CliRunner().invoke(main, ["score", str(SUMMIT), *options, "--json"])
    assert done.exit_code == 3
    [line] = [x for x in done.output.splitlines() if x.startswith("{")]
    assert (json.loads(line)["exit"], "KeyError" in json.loads(line)["error"]) == (3, True)
    assert [r.exc_info[0] for r in caplog.records if r.exc_info] == [KeyError]
    assert "\x1b" not in done.output


def test_a_full_folder_of_temporary_files_is_named(monkeypatch):
    monkeypatch.setenv("TMPDIR", "/full")
    registry = Registry()
    registry._database.execute("PRAGMA max_page_count = 3")
    with pytest.raises(stance.StanceError, match=r"^/full: .*is full.*set TMPDIR"):
        for n in range(100_000):
            registry.add(f"document {n}", "")
