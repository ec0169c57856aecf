"""Web pages whose markup would lose or join text, and pages in the encoding that they declare."""

from __future__ import annotations

import logging

import pytest

from stance.documents.web_page import decode_page
from tests.test_documents import failure, one, write

FIRST = "The two ministers met in Lindholm on Thursday and agreed to reopen the ferry before the summer."
MORE = "The pier will be closed in the winter, and so will the road."


def lines(tmp_path, inner):
    page = f"<html><head><title>Talks</title></head><body><article><p>{FIRST}</p>{inner}</article></body></html>"
    first, *rest = one(write(tmp_path / "a.html", page)).text.split("\n")
    assert first == FIRST
    return rest


@pytest.mark.parametrize(
    ("inner", "expected"),
    [
        (
            f"<table><tr><td><p>Q: Will the ferry run?</p><p>A: {MORE}</p></td></tr></table>",
            ["Q: Will the ferry run?", f"A: {MORE}"],
        ),
        (f"<table><tr><td>The road is old.</td></tr><tr><td>{MORE}</td></tr></table>", ["The road is old.", MORE]),
        (
            "<p>Talks go on <time datetime='2027-04-16'>Friday</time> and end later.</p>",
            ["Talks go on Friday and end later."],
        ),
        ("<p>He said <q>we will <b>not</b> wait</q> and left.</p>", ["He said “we will not wait” and left."]),
        ("<p>He said <q>we will <b>not</b></q>.</p>", ["He said “we will not”."]),
        (
            "<blockquote>They spoke of the Sea<blockquote>and of the strait.</blockquote>Of more.</blockquote>",
            ["They spoke of the Sea", "and of the strait.", "Of more."],
        ),
        (f"<center><p>{MORE}</p></center>", [MORE]),
        (f"<form><p>{MORE}</p></form>", [MORE]),
    ],
)
def test_markup_that_would_lose_or_join_text(tmp_path, inner, expected):
    assert lines(tmp_path, inner) == expected


def test_a_table_of_figures_stays_one(tmp_path):
    table = "<table><tr><td>Port</td><td>Crates</td></tr><tr><td>Lindholm</td><td>40</td></tr></table>"
    assert [x.strip() for x in lines(tmp_path, table)] == ["| Port | Crates |", "| Lindholm | 40 |"]


def test_the_date_of_a_page_is_found_in_its_time_element(tmp_path):
    page = (
        f"<html><head><title>Talks</title></head><body><article><time class='published' datetime='2024-03-07'>"
        f"March 7</time><p>{FIRST}</p><p>{MORE}</p></article></body></html>"
    )
    assert one(write(tmp_path / "a.html", page)).date == "2024-03-07"


@pytest.mark.parametrize(
    ("charset", "encoding", "text"),
    [
        ("iso-8859-2", "iso-8859-2", "Minister Dvořák přijel do Lindholmu."),
        ("koi8-r", "koi8-r", "Министр прибыл в Линдхольм."),
        ("Shift_JIS", "cp932", "大臣は港を訪問した。①"),
        ("iso-8859-1", "cp1252", "The minister’s visit – “cordial”"),
        ("gb2312", "gb18030", "双方就渡轮航线举行会谈。"),
        ("koi8-r", "utf-8", "双方就渡轮航线举行会谈。"),
        ("no-such", "gb18030", "双方就渡轮航线举行会谈，同意明年春天恢复通航。"),
        ("utf-8", "gb18030", "双方就渡轮航线举行会谈，同意明年春天恢复通航。"),
    ],
)
def test_the_encoding_that_a_page_declares(charset, encoding, text):
    for declared in (f"<meta charset='{charset}'>", f'<meta http-equiv="x" content="text/html; charset={charset}">'):
        page = f"<html><head>{declared}</head><body><p>{text}</p></body></html>"
        assert decode_page(page.encode(encoding)) == page


def test_the_log_names_the_file_only(tmp_path, caplog):
    caplog.set_level(logging.WARNING)
    assert failure(write(tmp_path / "a.html", "<html><body></body></html>")).reason.startswith("no main text")
    assert caplog.messages == []
