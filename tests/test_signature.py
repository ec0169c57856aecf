"""Formats told by the first bytes: on stdin, and where the name of a file says something else."""

from __future__ import annotations

import io
import json
import sys

import pandas as pd
import pytest

from stance.documents import read_documents
from stance.documents.signature import format_of
from tests.bad_input import SAMPLES
from tests.one_page_pdf import pdf
from tests.test_documents import ENGLISH, failure, split, word, write

PAGE = f"<!DOCTYPE html>\n<html><head><title>Talks</title></head><body><p>{ENGLISH}</p></body></html>".encode()


def parquet():
    buffer = io.BytesIO()
    pd.DataFrame({"text": [ENGLISH]}).to_parquet(buffer)
    return buffer.getvalue()


@pytest.mark.parametrize(
    "data",
    [
        PAGE,
        b"\xef\xbb\xbf<!-- saved -->\n" + PAGE,
        b'<?xml version="1.0"?>\n' + PAGE,
        pdf(ENGLISH),
        word(ENGLISH),
        parquet(),
        json.dumps([{"text": ENGLISH}]).encode(),
        json.dumps({"text": ENGLISH}, indent=1).encode(),
        b"MIME-Version: 1.0\nContent-Type: multipart/related; boundary=x\n\n--x\nContent-Type: text/html\n\n"
        + PAGE
        + b"\n--x--\n",
    ],
)
def test_stdin_takes_every_format_that_its_first_bytes_tell(monkeypatch, data):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))
    [document] = read_documents("-", source="us", title="Given")
    assert (document.text, document.source) == (ENGLISH, "us")
    assert document.title in {"Given", "Talks"}


def test_what_is_not_read_is_named_on_stdin(monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"{\\rtf1 The two sides met.}")))
    _, [bad] = split(["-"])
    assert (bad.location, bad.reason) == ("stdin", "files ending in .rtf are not read")


@pytest.mark.parametrize(
    ("data", "reason", "cure"),
    [
        (PAGE, "it is a .html file", "Rename it to a.html"),
        (pdf(ENGLISH), "it is a .pdf file", "Rename it to a.pdf"),
        (word(ENGLISH), "it is a .docx file", "Rename it to a.docx"),
        (b"{\\rtf1 The two sides met.}", "it is a .rtf file", "Save it as .docx, .pdf or plain text"),
    ],
)
@pytest.mark.parametrize("ending", [".txt", ".md"])
def test_another_format_under_the_name_of_a_text_is_refused(tmp_path, data, reason, cure, ending):
    bad = failure(write(tmp_path / f"a{ending}", data))
    assert (bad.reason, bad.cure) == (reason, cure)


@pytest.mark.parametrize(
    "text",
    [
        "[Q] Harbor Daily: When?",
        "<b>Both</b> sides met.",
        "Date: 7 March\n\nThey met.",
        "%PDF files are not liked.",
        "",
    ],
)
def test_text_stays_text(text):
    assert format_of(text.encode()) is None


def test_samples_have_the_format_of_their_names():
    for ending in (".html", ".eml", ".docx", ".pdf", ".jsonl", ".csv", ".parquet"):
        assert {format_of(data) for data in SAMPLES[ending]} == {ending}
    for ending in (".txt", ".md"):
        assert {format_of(data) for data in SAMPLES[ending]} == {None}
