"""The command line, run as a user runs it: in a subprocess."""

import json
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner

import stance
from stance.cli import main
from tests.conftest import ROOT

SUMMIT = ROOT / "examples" / "summit"
CONFIG = ROOT / "configs" / "readout-small.yaml"


def run(*arguments, stdin=None, cwd=None):
    command = [sys.executable, "-m", "stance", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, input=stdin, cwd=cwd, timeout=300, check=False)


@pytest.fixture(scope="module")
def scored(tmp_path_factory):
    path = tmp_path_factory.mktemp("scored") / "table.parquet"
    done = run("score", SUMMIT, "-o", path)
    assert done.returncode == 0, done.stderr
    return path


def test_score_writes_the_table_of_the_python_function(scored, summit):
    table = stance.read_table(scored)
    assert len(table) == len(summit) > 60
    assert table["text"].tolist() == summit["text"].tolist()
    assert table["stance"].tolist() == summit["stance"].tolist()
    assert set(table["source"]) == {"us", "china"}


def test_parquet_carries_model_codebook_and_version(scored):
    import pyarrow.parquet as pq

    metadata = pq.read_schema(scored).metadata
    assert metadata[b"stance.model"].decode().startswith("readout-small@")
    assert metadata[b"stance.codebook"].decode()
    assert metadata[b"stance.version"].decode() == stance.__version__


def test_stdin_to_stdout(tmp_path):
    documents = "".join(
        json.dumps({"doc_id": f"d{i}", "source": "us", "text": "The two sides met. We oppose the use of force."}) + "\n"
        for i in range(2)
    )
    done = run("score", "-", "-o", "-", stdin=documents)
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 0
    assert [r["doc_id"] for r in rows] == ["d0", "d0", "d1", "d1"]
    assert rows[0]["text"] == "The two sides met."


def test_failed_inputs_are_named_and_the_rest_is_written(tmp_path):
    (tmp_path / "good.txt").write_text("Both sides agreed to resume the talks on climate.", encoding="utf-8")
    (tmp_path / "empty.txt").write_text("", encoding="utf-8")
    (tmp_path / "broken.pdf").write_bytes(b"%PDF-1.4 nothing here")
    done = run("score", tmp_path / "*.txt", tmp_path / "broken.pdf", tmp_path / "absent.md", "-o", tmp_path / "o.csv")
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    for name in ("empty.txt", "broken.pdf", "absent.md"):
        assert name in done.stderr
    assert len(pd.read_csv(tmp_path / "o.csv")) == 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["score", SUMMIT / "us.md", "-o", "out.xlsx"], "tables are written as .parquet, .jsonl, .csv, or as a folder"),
        (["score", SUMMIT / "us.md", "-o", "o.csv", "-m", "no-such-model"], "there is no such model"),
        (["compare", SUMMIT / "us.md"], "no sentence has source 'china'"),
        (["codebook", "--file", SUMMIT / "us.md"], "us.md"),
        (["evaluate", SUMMIT / "us.md"], "us.md:1: not an annotation"),
        (["evaluate", SUMMIT / "us.md", "-o", SUMMIT / "us.md" / "out"], "us.md/out: Not a directory"),
        (["baselines", CONFIG, SUMMIT / "us.md", "-o", SUMMIT / "us.md"], "us.md: File exists"),
        (["ablate", CONFIG, "-o", SUMMIT], "summit: it is a folder. Give the name of a file"),
        (["corpus", "suspects", "-o", SUMMIT / "us.md" / "s.csv"], "us.md: File exists"),
    ],
)
def test_bad_usage_gives_one_line_and_exit_code_2(arguments, said, tmp_path):
    done = run(*arguments, cwd=tmp_path)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_compare_two_documents(tmp_path):
    done = run("compare", SUMMIT / "us.md", SUMMIT / "china.md", "-o", tmp_path / "report")
    assert done.returncode == 0, done.stderr
    assert "Report:" in done.stdout
    assert (tmp_path / "report" / "report.html").stat().st_size < 2_000_000
    tables = {f.name for f in (tmp_path / "report" / "tables").iterdir()}
    assert {"agenda.csv", "stances.csv", "disagreements.csv", "red_lines.csv", "framing.csv"} <= tables


def test_compare_takes_a_scored_table_and_prints_json(scored, tmp_path):
    done = run("compare", scored, "-o", tmp_path / "report", "--json")
    found = json.loads(done.stdout)
    assert done.returncode == 0
    assert len(found["findings"]) >= 3 and found["findings"][0]["evidence"][0]["text"]
    again = run("compare", scored, "-o", tmp_path / "report", "--format", "markdown")
    assert again.stdout == (tmp_path / "report" / "report.md").read_text(encoding="utf-8")


def test_options_that_mean_nothing_are_refused(scored, tmp_path):
    of_documents = run("compare", scored, "-o", tmp_path / "report", "--event", "Talks", "-m", "readout-base")
    assert of_documents.returncode == 2
    assert "is a scored table, for which --event, --model means nothing" in of_documents.stderr
    to_stdout = run("score", scored, "-o", "-", "--prune", "--engine", "ray")
    assert to_stdout.returncode == 2
    assert "keeps nothing, so --prune, --engine needs a file or folder" in to_stdout.stderr
    assert not (tmp_path / "report").exists()


def test_findings_are_printed_before_the_report_is_drawn(scored, tmp_path, monkeypatch):
    """They are what an analyst waits for, and a report that cannot be written does not lose them."""
    (tmp_path / "taken").write_text("a file")
    result = CliRunner().invoke(main, ["compare", str(scored), "-o", str(tmp_path / "taken")])
    assert result.exit_code == 2
    assert "Red lines" in result.stdout and "Report:" not in result.stdout
    assert "taken" in result.stderr and "another folder" in result.stderr


def test_compare_takes_one_speaker_of_a_transcript(tmp_path):
    text = (
        "PRESIDENT REYES: Welcome. We have to manage our rivalry so that it does not turn into a conflict.\n\n"
        "PRESIDENT LIANG: Thank you. The Taiwan question is a line that nobody may cross.\n"
    )
    (tmp_path / "remarks.txt").write_text(text, encoding="utf-8")
    (tmp_path / "us.txt").write_text("The President said that the one China policy stands.", encoding="utf-8")
    arguments = ("compare", tmp_path / "us.txt", tmp_path / "remarks.txt", "-o", tmp_path / "r")
    done = run(*arguments, "--china-speaker", "liang")
    assert done.returncode == 0, done.stderr
    table = stance.read_table(tmp_path / "r" / "sentences.parquet")
    assert set(table.loc[table["source"] == "china", "speaker"]) == {"PRESIDENT LIANG"}
    absent = run(*arguments, "--china-speaker", "Smith")
    assert absent.returncode == 2
    assert "PRESIDENT LIANG, PRESIDENT REYES" in absent.stderr


def test_codebook_is_printed():
    done = run("codebook", "stance")
    assert "red_line" in done.stdout
    assert "taiwan" not in done.stdout


def test_start_up_is_fast():
    run("--version")
    started = [time.perf_counter()]
    for _ in range(3):
        run("--version")
        started.append(time.perf_counter())
    fastest = min(b - a for a, b in zip(started, started[1:], strict=False))
    assert fastest < 0.5


def test_scoring_imports_no_torch(tmp_path):
    code = (
        "import sys, stance\n"
        "table = stance.score(stance.Document('d', 'We oppose the use of force.', 'us'))\n"
        "stance.compare(__import__('pandas').concat([table, table.assign(source='china')])).agenda\n"
        "assert not {'torch', 'transformers', 'datasets'} & set(sys.modules), 'heavy import'\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_annotate_draws_a_blind_sample_of_each_side(tmp_path):
    for form, file in (("label-studio", "tasks.json"), ("doccano", "sentences.jsonl")):
        done = run("annotate", SUMMIT, "-o", tmp_path / form, "--format", form, "--sample", "4", "--blind")
        assert done.returncode == 0, done.stderr
        text = (tmp_path / form / file).read_text(encoding="utf-8")
        if form == "label-studio":
            assert "predictions" not in text
            drawn = [task["data"] for task in json.loads(text)]
        else:
            drawn = [json.loads(line) for line in text.splitlines()]
            assert not any(record["label"] for record in drawn)
        assert Counter(d["source"] for d in drawn) == {"us": 4, "china": 4}
    run("annotate", SUMMIT, "-o", tmp_path / "again", "--sample", "4", "--seed", "2")
    again = json.loads((tmp_path / "again" / "tasks.json").read_text(encoding="utf-8"))
    places = [{(d["doc_id"], d["start"]) for d in part} for part in (drawn, [task["data"] for task in again])]
    assert places[0] != places[1], "another seed draws others"


def test_annotate_prepares_tasks_and_collects_what_was_coded(tmp_path):
    done = run("annotate", SUMMIT / "us.md", "-o", tmp_path / "tasks")
    assert done.returncode == 0, done.stderr
    tasks = json.loads((tmp_path / "tasks" / "tasks.json").read_text(encoding="utf-8"))
    assert len(tasks) == 33
    for task in tasks[:5]:  # a coder accepts the first five suggestions
        task["annotations"] = [{"result": task["predictions"][0]["result"]}]
    (tmp_path / "export.json").write_text(json.dumps(tasks[:5]), encoding="utf-8")
    done = run("annotate", "--collect", tmp_path / "export.json", "-o", tmp_path / "coded.jsonl")
    assert done.returncode == 0, done.stderr
    done = run("evaluate", tmp_path / "coded.jsonl", "--documents", SUMMIT / "us.md", "--json")
    figures = {(f["dimension"], f["metric"]): f["estimate"] for f in json.loads(done.stdout)}
    assert figures["stance", "accuracy"] == 1.0
    frame = pd.read_json(tmp_path / "coded.jsonl", lines=True)
    frame.to_parquet(tmp_path / "coded.parquet")
    frame[["issue", "frame"]] = frame[["issue", "frame"]].map(";".join)
    frame.to_csv(tmp_path / "coded.csv", index=False)
    for name in ("coded.csv", "coded.parquet"):
        same = run("evaluate", tmp_path / name, "--documents", SUMMIT / "us.md", "--json")
        assert same.stdout == done.stdout, name
    broken = run("annotate", "--collect", SUMMIT / "us.md", "-o", tmp_path / "x.jsonl")
    assert broken.returncode == 2
    assert "us.md: not an export of Label Studio" in broken.stderr
    nowhere = run("annotate", "--collect", tmp_path / "export.json", "-o", tmp_path / "nodir" / "x.jsonl")
    assert nowhere.returncode == 2
    assert "nodir/x.jsonl: No such file or directory. Check the path" in nowhere.stderr
    assert "Traceback" not in nowhere.stderr
    if Path("/dev/full").exists():
        full = run("annotate", "--collect", tmp_path / "export.json", "-o", "/dev/full")
        assert full.returncode == 2
        assert full.stderr.startswith("error: No space left on device. Check")


def test_pairs_that_are_not_shipped_are_asked_for(monkeypatch, tmp_path):
    def lacking(name):
        raise FileNotFoundError(f"{name} is not part of this installation of stance")

    monkeypatch.setattr("stance.annotation.corpus_files.resource_path", lacking)
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(main, ["corpus", "alignment", "table.parquet"])
    assert done.exit_code == 2
    assert "corpus/alignment is neither below the current folder" in done.output
