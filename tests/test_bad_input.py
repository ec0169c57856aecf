"""Files that hold what files should not: every one gives documents or named failures, in bounded time and memory.

`STANCE_FUZZ_FILES=2000` tries so many of every format; coverage-guided fuzzing is `make fuzz`.
"""

import contextlib
import gc
import io
import json
import os
import subprocess
import sys
import time
import zipfile
import zlib
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import stance
from benchmarks.scale import command
from stance.classifier import engines
from stance.documents import Document, iterate_documents
from stance.documents.encoding import UnreadableError
from stance.documents.readers import READERS, read_markdown
from stance.documents.records import read_csv, read_parquet
from stance.errors import InputFailure, StanceError
from stance.sentences import split_sentences
from tests.bad_input import SAMPLES, TEXT, damaged

FILES = int(os.environ.get("STANCE_FUZZ_FILES", "230"))
SECONDS = 20


def read(path):
    """What reading a file gives; checks that nothing is lost silently and nothing hangs."""
    started = time.process_time()
    items = list(iterate_documents([path]))
    assert items, "neither a document nor a failure"
    for item in items:
        assert isinstance(item, Document | InputFailure)
        if isinstance(item, Document):
            item.text.encode("utf-8")
            item.title.encode("utf-8")
            sentences = split_sentences(item)
            assert all(item.text[s.start : s.end] == s.text for s in sentences)
        else:
            assert item.reason
            assert item.cure
    assert time.process_time() - started < SECONDS
    return items


def _memory(name):
    """A figure of the process in MB; the kernel's own peak (``ru_maxrss``) never falls, so that it tells nothing."""
    status = Path("/proc/self/status").read_text()
    return int(status.split(f"{name}:")[1].split()[0]) / 1024


@contextlib.contextmanager
def peak():
    """A list that holds, afterwards, by how many MB memory had grown at most in the meantime."""
    growth = []
    gc.collect()
    pa.default_memory_pool().release_unused()
    Path("/proc/self/clear_refs").write_text("5")  # forgets the peak
    before = _memory("VmRSS")
    yield growth
    growth.append(_memory("VmHWM") - before)


def test_growth_of_memory_is_measured():
    with peak() as growth:
        assert len(bytearray(b"x" * (64 << 20))) == 64 << 20
    assert 100 < growth[0] < 160
    with peak() as growth:
        assert len(bytearray(b"x" * (8 << 20))) == 8 << 20
    assert growth[0] < 40


def test_every_format_has_a_sample():
    aliases = {".text": ".txt", ".markdown": ".md", ".htm": ".html", ".ndjson": ".jsonl", ".mht": ".mhtml"}
    assert {aliases.get(e, e) for e in READERS} == set(SAMPLES)


@pytest.mark.parametrize("ending", sorted(SAMPLES))
def test_damaged_files(ending, tmp_path):
    path = tmp_path / f"a{ending}"

    @settings(
        max_examples=FILES, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck), database=None
    )
    @given(st.sampled_from(SAMPLES[ending]), st.integers(0, 2**32), st.integers(0, 12))
    def check(sample, seed, times):
        path.write_bytes(damaged(sample, seed, times))
        read(path)

    check()


def with_part(change, name="word/document.xml"):
    """A sound archive of a Word document in which one part is changed."""
    sample, content = zipfile.ZipFile(io.BytesIO(SAMPLES[".docx"][0])), io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for info in sample.infolist():
            data = sample.read(info.filename)
            archive.writestr(info.filename, change(data) if info.filename == name else data)
    return content.getvalue()


@pytest.mark.parametrize("part", ["word/document.xml", "word/styles.xml", "docProps/core.xml", "[Content_Types].xml"])
def test_word_documents_damaged_inside_a_sound_archive(part, tmp_path):
    path = tmp_path / "a.docx"
    tags = [b"w:body", b"w:tbl", b"w:tr", b"w:tc", b"w:p", b"w:r", b"w:t", b"w:tblGrid", b"dc:title", b"w:pPr"]

    def renamed(data, seed):
        """Other names for elements: XML that is well-formed and not what the reader looks for."""
        old, new = tags[seed % len(tags)], tags[seed // 16 % len(tags)]
        return data.replace(b"<" + old, b"<" + new).replace(b"</" + old, b"</" + new)

    @settings(
        max_examples=FILES // 4, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck), database=None
    )
    @given(st.integers(0, 2**32), st.integers(0, 6))
    def check(seed, times):
        path.write_bytes(with_part(lambda data: damaged(renamed(data, seed), seed, times), part))
        read(path)

    check()


def test_a_word_document_without_a_body_is_named_and_the_others_go_on(tmp_path):
    broken = with_part(lambda data: data.replace(b"w:body", b"w:other"))
    (tmp_path / "a.docx").write_bytes(broken)
    (tmp_path / "b.txt").write_text(TEXT, encoding="utf-8")
    failure, document = iterate_documents([tmp_path])
    assert failure == InputFailure(
        str(tmp_path / "a.docx"), "it is not a readable Word document", "Open it in Word and save it again"
    )
    assert document.doc_id == "b"


@pytest.mark.parametrize("error", [AttributeError("no body"), ValueError("odd"), RecursionError(), OSError("torn")])
def test_whatever_a_reader_raises_is_named_and_the_others_go_on(error, tmp_path, monkeypatch):
    def reader(file):
        yield "", {"text": TEXT}
        raise error

    monkeypatch.setitem(READERS, ".html", reader)
    (tmp_path / "a.html").write_text(TEXT, encoding="utf-8")
    (tmp_path / "b.txt").write_text(TEXT, encoding="utf-8")
    first, failure, last = iterate_documents([tmp_path])
    assert (first.doc_id, last.doc_id) == ("a", "b")
    assert failure.location == str(tmp_path / "a.html")
    assert failure.reason.startswith(f"it is not a readable .html file ({type(error).__name__}")
    assert "save it again" in failure.cure


@pytest.mark.parametrize("error", [KeyboardInterrupt, MemoryError])
def test_what_is_no_fault_of_the_file_is_raised(error, tmp_path, monkeypatch):
    def reader(file):
        raise error

    for ending in (".html", ".docx"):
        monkeypatch.setitem(READERS, ending, reader)
        (tmp_path / f"a{ending}").write_text(TEXT, encoding="utf-8")
        with pytest.raises(error):
            list(iterate_documents([tmp_path / f"a{ending}"]))


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=40),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
_KEYS = st.sampled_from(["doc_id", "text", "source", "date", "lang", "title", "event", "kind", "x"])


@settings(max_examples=FILES, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck), database=None)
@given(st.lists(st.dictionaries(_KEYS, _JSON, max_size=6), min_size=1, max_size=6))
def test_records_of_any_content_are_read_or_named_one_by_one(tmp_path, records):
    path = tmp_path / "a.jsonl"
    path.write_text("".join(json.dumps(r) + "\n" for r in records), encoding="utf-8")
    assert len(read(path)) == len(records)
    path = tmp_path / "a.json"
    path.write_text(json.dumps(records), encoding="utf-8")
    assert len(read(path)) == len(records)


@settings(max_examples=FILES, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck), database=None)
@given(st.text(max_size=400))
def test_text_of_any_characters(tmp_path, text):
    for ending in (".txt", ".md", ".html"):
        (tmp_path / f"a{ending}").write_text(text, encoding="utf-8", errors="replace")
        read(tmp_path / f"a{ending}")


def test_a_zip_bomb_is_refused_before_it_is_unpacked(tmp_path):
    path = tmp_path / "a.docx"
    archive = io.BytesIO(SAMPLES[".docx"][0])
    with (
        zipfile.ZipFile(archive, "a", zipfile.ZIP_DEFLATED) as file,
        file.open("word/extra.xml", "w", force_zip64=True) as part,
    ):
        for _ in range(300):
            part.write(b" " * (1 << 20))
    path.write_bytes(archive.getvalue())
    assert path.stat().st_size < 1 << 20
    [failure] = read(path)
    assert "when it is unpacked" in failure.reason


def _with_stream(packed, filters, mark=b"stream\n"):
    """A PDF whose page is drawn by a packed stream."""
    head = b"4 0 obj\n<< /Length %d /Filter %s >>\n" % (len(packed), filters)
    stream = head + mark + packed + b"\nendstream\nendobj\n"
    return SAMPLES[".pdf"][0].replace(b"4 0 obj", stream + b"9 0 obj", 1)


@pytest.mark.parametrize(
    ("times", "filters", "mark"),
    [
        (1, b"/FlateDecode", b"stream\n"),
        (1, b"/FlateDecode", b"stream \n"),
        (2, b"[/FlateDecode /FlateDecode]", b"stream\n"),
        (2, b"[/Fl /FlateDecode]", b"stream\r\n"),
    ],
)
def test_a_bomb_in_a_pdf_is_refused(times, filters, mark, tmp_path):
    packed = b" " * (100 << 20)
    for _ in range(times):
        packed = zlib.compress(packed, 9)
    (tmp_path / "a.pdf").write_bytes(_with_stream(packed, filters, mark))
    with peak() as growth:
        [failure] = read(tmp_path / "a.pdf")
    assert "when it is unpacked" in failure.reason
    assert growth[0] < 250


def test_packed_pages_are_read_though_their_checksum_is_wrong(tmp_path):
    packed = zlib.compress(b"BT /F1 11 Tf 72 740 Td (The two sides met.) Tj ET")
    for data in (packed, packed[:-1] + bytes([packed[-1] ^ 1])):
        (tmp_path / "a.pdf").write_bytes(_with_stream(data, b"/FlateDecode"))
        [document] = read(tmp_path / "a.pdf")
        assert document.text == "The two sides met."


def test_a_pdf_of_streams_that_never_end_takes_linear_time(tmp_path):
    (tmp_path / "a.pdf").write_bytes(SAMPLES[".pdf"][0] + b"stream\n" * 60_000)
    started = time.process_time()
    read(tmp_path / "a.pdf")
    assert time.process_time() - started < 3


def test_paths_in_an_archive_write_nothing(tmp_path):
    archive = io.BytesIO(SAMPLES[".docx"][0])
    with zipfile.ZipFile(archive, "a") as file:
        file.writestr("../../../evil.txt", "x")
        file.writestr("/evil.txt", "x")
    (tmp_path / "inside").mkdir()
    (tmp_path / "inside" / "a.docx").write_bytes(archive.getvalue())
    read(tmp_path / "inside" / "a.docx")
    assert sorted(f.name for f in tmp_path.rglob("*")) == ["a.docx", "inside"]


def test_entities_in_xml_are_not_expanded(tmp_path):
    sample = zipfile.ZipFile(io.BytesIO(SAMPLES[".docx"][0]))
    entities = "".join(f'<!ENTITY a{i} "{f"&a{i - 1};" * 10}">' for i in range(1, 12))
    with zipfile.ZipFile(tmp_path / "a.docx", "w") as archive:
        for info in sample.infolist():
            data = sample.read(info.filename)
            if info.filename == "word/document.xml":
                head, body = data.split(b"?>", 1)
                data = head + f'?><!DOCTYPE x [<!ENTITY a0 "boom">{entities}]>'.encode() + body
                data = data.replace(b"Lindholm", b"&a11;")
            archive.writestr(info.filename, data)
    read(tmp_path / "a.docx")


def test_aliases_in_front_matter_do_not_grow(tmp_path):
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 12)]
    (tmp_path / "a.md").write_text("---\n" + "\n".join(lines) + f"\ntitle: *a11\n---\n{TEXT}", encoding="utf-8")
    [failure] = read(tmp_path / "a.md")
    assert failure.reason == "title is not a text"


@pytest.mark.parametrize("piece", ["[", "![", "[x](", "[x](a]", "**x ", "__x ", "**x __y "])
def test_marks_that_are_never_closed_take_linear_time(piece):
    data = (piece * 400_000)[:400_000].encode()
    started = time.process_time()
    [(_, record)] = read_markdown(io.BytesIO(data))
    assert time.process_time() - started < 4
    assert len(record["text"]) >= 399_000


def test_front_matter_and_codebooks_run_nothing(tmp_path):
    evil = f"!!python/object/apply:os.system ['touch {tmp_path}/ran']"
    (tmp_path / "a.md").write_text(f"---\ntitle: {evil}\n---\n{TEXT}", encoding="utf-8")
    [failure] = read(tmp_path / "a.md")
    assert "front matter" in failure.reason
    (tmp_path / "codebook.yaml").write_text(f"version: {evil}\n", encoding="utf-8")
    with pytest.raises(StanceError):
        stance.load_codebook(tmp_path / "codebook.yaml")
    assert not (tmp_path / "ran").exists()


def test_model_folders_run_nothing(tmp_path, random_model):
    """A pickle in place of the weights is not loaded, and a script beside them is not run."""
    import pickle
    import shutil

    from stance.classifier.predict import Model

    class Evil:
        def __reduce__(self):
            return os.system, (f"touch {tmp_path}/ran",)

    folder = tmp_path / "model"
    shutil.copytree(random_model, folder)
    (folder / "modeling_evil.py").write_text(f"open('{tmp_path}/ran', 'w')", encoding="utf-8")
    (folder / "model.safetensors").write_bytes(pickle.dumps(Evil()))
    (folder / "pytorch_model.bin").write_bytes(pickle.dumps(Evil()))
    with pytest.raises(StanceError):
        stance.score(stance.Document("a", "Hello."), Model(folder, threads=1))
    assert not (tmp_path / "ran").exists()


def test_a_page_of_50_megabytes_is_named_quickly(tmp_path):
    path = tmp_path / "a.html"
    path.write_bytes(b"<html><body><p>" + b"The sides met. " * (50 * 70_000) + b"</p></body></html>")
    assert path.stat().st_size > 50_000_000
    [failure] = read(path)
    assert failure.reason == "it is larger than 8 MB"


def test_a_sentence_of_a_megabyte_is_scored(tiny, tmp_path):
    (tmp_path / "a.txt").write_text("word " * 200_000 + ".\n\nA short one.", encoding="utf-8")
    [document] = read(tmp_path / "a.txt")
    table = stance.score(document, tiny)
    assert table["truncated"].any()
    assert table["text"].iloc[-1] == "A short one."


def test_right_to_left_marks_and_null_bytes(tmp_path):
    (tmp_path / "a.txt").write_text("The \u202eevil\u202c sides\u200f met. They left.", encoding="utf-8")
    [document] = read(tmp_path / "a.txt")
    assert "".join(s.text for s in split_sentences(document)).count("\u202e") == 1
    (tmp_path / "b.txt").write_bytes(b"The sides\x00 met.")
    [failure] = read(tmp_path / "b.txt")
    assert failure.reason == "it holds binary data, not text"


def test_rows_in_another_encoding_are_named_and_the_others_go_on(tmp_path):
    good = "doc_id,text\n" + "".join(f"{i},The café met.\n" for i in range(9))
    (tmp_path / "a.csv").write_bytes(good.encode() + "9,Das Café.\n".encode("cp1252") + b"10,Good.\n")
    items = read(tmp_path / "a.csv")
    assert [isinstance(i, Document) for i in items] == [True] * 9 + [False, True]


def test_cells_like_formulas_are_safe_in_exports_and_come_back(tiny, tmp_path):
    text = '=HYPERLINK("http://example.org")'
    document = Document("=1+1", text, "us", title="@SUM(A1)", event="+x")
    stance.write_table(stance.score(document, tiny), tmp_path / "t.csv")
    written = (tmp_path / "t.csv").read_text(encoding="utf-8")
    assert all(f",{c}" not in written and f'"{c}' not in written for c in ("=HYP", "@SUM", "+x"))
    back = stance.read_table(tmp_path / "t.csv").iloc[0]
    assert (back["text"], back["doc_id"], back["title"], back["event"]) == (text, "=1+1", "@SUM(A1)", "+x")


def test_memory_stays_bounded_for_a_long_file(random_model, tmp_path):
    """Ten times the documents take no more memory."""
    peaks = []
    for copies in (300, 3000):
        path = tmp_path / f"{copies}.jsonl"
        with path.open("w", encoding="utf-8") as file:
            for i in range(copies):
                file.write(
                    json.dumps(
                        {
                            "doc_id": f"d{i}",
                            "text": " ".join(f"{TEXT} Round {i}-{k} is over." for k in range(8)),
                            "source": "us",
                        }
                    )
                    + "\n"
                )
        _, peak = command(
            ["score", str(path), "-o", str(tmp_path / f"t{copies}"), "-m", str(random_model), "--threads", "1"]
        )
        peaks.append(peak)
    assert peaks[1] < peaks[0] + 60
    assert max(peaks) < 600


@pytest.mark.parametrize("ending", [".jsonl", ".csv"])
def test_a_line_without_end_does_not_fill_the_memory(ending, tmp_path):
    path = tmp_path / f"a{ending}"
    with path.open("wb") as file:
        file.write(b'{"text": "' if ending == ".jsonl" else b'text\n"')
        for _ in range(60):
            file.write(b"x " * (1 << 19))
    with peak() as growth:
        [failure] = read(path)
    assert "longer than 16 MB" in failure.reason
    assert growth[0] < 100  # MB; the file has 60, and takes 120 as text beside its bytes


@pytest.mark.parametrize("piece", [b",x", b'"a\n",'])
def test_a_row_of_csv_without_end_is_refused(piece):
    class Endless(io.RawIOBase):
        given = 0

        def read(self, size=-1):
            head = b"doc_id,text\n" if not self.given else b""
            at = (self.given - len(b"doc_id,text\n")) % len(piece) if self.given else 0
            data = head + (piece * (size // len(piece) + 2))[at : at + size - len(head)]
            self.given += len(data)
            assert self.given < 24 << 20
            return data

    with pytest.raises(UnreadableError, match="a row is longer than 16 MB"):
        list(read_csv(Endless()))


def test_a_small_parquet_file_that_unpacks_to_much_is_refused(tmp_path):
    path = tmp_path / "a.parquet"
    pd.DataFrame({"text": [f"{i}" + "x" * (4 << 20) for i in range(20)]}).to_parquet(path, compression="zstd")
    assert path.stat().st_size < 50_000
    [failure] = read(path)
    assert "unpacks to 80 MB" in failure.reason


def test_a_long_cell_in_many_rows_of_parquet_is_held_once(tmp_path):
    path = tmp_path / "a.parquet"
    titles = pa.DictionaryArray.from_arrays(pa.array([0] * 300), ["x" * (2 << 20)])
    table = pa.table({"text": ["A."] * 300, "title": titles})
    pq.write_table(table, path, store_schema=False, dictionary_pagesize_limit=8 << 20)
    with peak() as growth, path.open("rb") as file:
        assert sum(len(record["title"]) == 2 << 20 for _, record in read_parquet(file)) == 300
    assert growth[0] < 150  # MB, of 600 if every row held its own


def test_json_has_a_limit_and_jsonl_has_none(tmp_path):
    records = [{"text": "x" * (1 << 20)} for _ in range(9)]
    (tmp_path / "a.json").write_text(json.dumps(records), encoding="utf-8")
    [failure] = iterate_documents([tmp_path / "a.json"])
    assert failure.reason == "it is larger than 8 MB"
    (tmp_path / "a.jsonl").write_text("".join(json.dumps(r) + "\n" for r in records), encoding="utf-8")
    assert all(isinstance(d, Document) for d in iterate_documents([tmp_path / "a.jsonl"]))


@pytest.mark.parametrize(
    ("files", "cores"),
    [
        ({}, 8),
        ({"cpu.max": "max 100000\n"}, 8),
        ({"cpu.max": "250000 100000\n"}, 3),
        ({"cpu.max": "20000 100000\n"}, 1),
        ({"cpu.max": "1600000 100000\n"}, 8),
        ({"cpu.max": "nonsense"}, 8),
        ({"cpu/cpu.cfs_quota_us": "150000\n", "cpu/cpu.cfs_period_us": "100000\n"}, 2),
        ({"cpu/cpu.cfs_quota_us": "-1\n", "cpu/cpu.cfs_period_us": "100000\n"}, 8),
    ],
)
def test_cores_are_those_of_the_quota_of_the_container(files, cores, tmp_path, monkeypatch):
    for name, content in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(content)
    monkeypatch.setattr(engines, "CGROUPS", tmp_path)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)), raising=False)
    assert engines.available_cores() == cores


def test_the_slower_engine_is_announced(random_model, monkeypatch, caplog):
    def broken(*_):
        raise RuntimeError("no such plugin")

    monkeypatch.setattr(engines, "_openvino", broken)
    assert engines.load_engine(random_model, threads=1).name.startswith("onnxruntime")
    [record] = [r for r in caplog.records if r.name == engines.__name__]
    assert record.levelname == "WARNING"
    assert "no such plugin" in record.message
    assert "scored again" in record.message


def test_the_command_names_what_fails_and_scores_the_rest(random_model, tmp_path):
    (tmp_path / "good.txt").write_text(TEXT, encoding="utf-8")
    (tmp_path / "bad.pdf").write_bytes(b"%PDF-1.4 nothing")
    (tmp_path / "bad.docx").write_bytes(b"PK nothing")
    command = [
        sys.executable,
        "-m",
        "stance",
        "score",
        tmp_path,
        "-o",
        tmp_path / "t.jsonl",
        "-m",
        random_model,
        "--json",
    ]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False)
    assert done.returncode == 1
    summary = json.loads(done.stdout)
    assert summary["documents"] == 1
    assert {f["location"].rsplit("/", 1)[-1] for f in summary["failed"]} == {"bad.pdf", "bad.docx"}
    assert "Traceback" not in done.stderr
