"""Readers of every format, metadata and its precedence, and what happens to input that is broken."""

from __future__ import annotations

import datetime
import io
import json
import os
import re
import sys
from email.message import EmailMessage
from email.mime.application import MIMEApplication
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from pathlib import Path

import docx
import pandas as pd
import pytest

import stance
from stance.documents import Document, iterate_documents, read_documents
from stance.documents.document import make_document
from stance.documents.files import expand
from stance.documents.pdf import _Block, read_pdf
from stance.documents.readers import MEGABYTES, READERS
from stance.documents.records import read_csv
from stance.errors import InputError, InputFailure, StanceError
from stance.scoring import score_archive
from tests.one_page_pdf import pdf
from tests.report_samples import invented_table

ENGLISH = "The two ministers met in Lindholm. They agreed to reopen the ferry."
CHINESE = "双方就渡轮航线举行会谈，同意明年春天恢复通航。部长表示，海上安全是两国共同的关切。"


def write(path: Path, content: str | bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def one(*inputs: str | Path, **options: str | None) -> Document:
    [document] = read_documents(*inputs, **options)
    return document


def split(inputs: list[str | Path], **options: str | None) -> tuple[list[Document], list[InputFailure]]:
    items = list(iterate_documents(inputs, **options))
    good = [i for i in items if isinstance(i, Document)]
    return good, [i for i in items if isinstance(i, InputFailure)]


def failure(path: Path | str, **options: str | None) -> InputFailure:
    good, [found] = split([path], **options)
    assert good == []
    return found


def word(*blocks: str | list[list[str]], title: str = "", merge: bool = False) -> bytes:
    document = docx.Document()
    document.core_properties.title = title
    for block in blocks:
        if isinstance(block, str):
            document.add_paragraph(block)
            continue
        table = document.add_table(len(block), len(block[0]))
        for i, row in enumerate(block):
            for j, cell in enumerate(row):
                table.cell(i, j).text = cell
        if merge:
            table.cell(0, 0).merge(table.cell(0, 1))
    buffer = io.BytesIO()
    document.save(buffer)
    return buffer.getvalue()


# Formats


def test_txt(tmp_path):
    path = write(tmp_path / "call.txt", ENGLISH + "\n")
    assert one(path) == Document("call", ENGLISH, "other", None, "en", "", None, None, str(path))


def test_markdown_links_and_pictures_leave_their_text(tmp_path):
    path = write(
        tmp_path / "a.md", "See [![a seal](seal.png)](https://example.org) and [**the** text](https://example.org)."
    )
    assert one(path).text == "See a seal and the text."


def test_markdown_with_front_matter(tmp_path):
    path = write(
        tmp_path / "call.md",
        "---\ndoc_id: lindholm-us\ntitle: Readout of the\n  ferry talks\ndate: 2024-03-07\nsource: US\n"
        "event: lindholm\nkind: readout\n---\n\n## Talks on the ferry\n\nThe **two** ministers met at "
        "[the old pier](https://example.org/pier).\n\n---\n\n- They agreed.\n",
    )
    assert one(path) == Document(
        "lindholm-us",
        "Talks on the ferry\n\nThe two ministers met at the old pier.\n\n\n\n- They agreed.",
        "us",
        "2024-03-07",
        "en",
        "Readout of the ferry talks",
        "lindholm",
        "readout",
        str(path),
    )


def test_front_matter_in_txt_with_windows_line_ends_and_mark(tmp_path):
    path = write(tmp_path / "a.txt", "\ufeff---\r\nsource: china\r\n---\r\nOne line.\r\nAnother line.\r\n")
    document = one(path)
    assert (document.source, document.text) == ("china", "One line.\nAnother line.")


@pytest.mark.parametrize(
    "text",
    [
        "---\nNo second mark follows.",
        "{\nbraces\n}\nstay text",
        "Text first.\n---\nb: c\n---\nmore",
        "---\nSpokesperson: We firmly oppose the new ferry tolls.\n---\nQ: What about the pier?",
        '---\nThe envoy said: "No: never."\n---\nShe left.',
        "---\n- a pier\n- a ferry\n---\nBoth were closed.",
        "---\nAgenda:\n  title: none was given\n---\nThe talks ended.",
    ],
)
def test_what_only_looks_like_front_matter_stays_text(tmp_path, text):
    assert one(write(tmp_path / "a.txt", text)).text == text


def test_html(tmp_path):
    page = (
        "<html><head><title>Ferry talks</title><meta property='article:published_time' content='2024-03-07'></head>"
        "<body><nav>Home Search Contact</nav><article><h1>Ferry talks</h1>"
        "<p>The two ministers met in Lindholm on Thursday and agreed to reopen the ferry before the summer.</p>"
        "<p>They called 2019 a lost year for both ports &amp; set up a joint desk.</p></article></body></html>"
    )
    document = one(write(tmp_path / "a.html", page))
    assert document.title == "Ferry talks"
    assert document.date == "2024-03-07"
    assert "agreed to reopen the ferry before the summer." in document.text
    assert "both ports & set up a joint desk." in document.text
    assert "Search" not in document.text


def test_html_takes_no_date_from_running_text(tmp_path):
    page = (
        "<html><head><title>Ferry talks</title></head><body><article>"
        "<p>The two ministers met in Lindholm and agreed to reopen the ferry before the summer.</p>"
        "<p>They called 2019 a lost year for both ports and set up a joint desk.</p></article></body></html>"
    )
    assert one(write(tmp_path / "a.htm", page)).date is None


def test_a_page_that_a_browser_saved_as_one_file(tmp_path):
    page = (
        "<html><head><title>Readout of the Call</title></head><body><article><h1>Readout</h1>"
        "<p>The two ministers spoke about café rules and about the ferry.</p></article></body></html>"
    )
    for charset in ("utf-8", "cp1252"):
        saved = MIMEMultipart("related")
        saved["Subject"], saved["Date"] = "Readout of the Call", "Mon, 5 Apr 2027 10:00:00 +0000"
        saved.attach(MIMEText(page, "html", charset))
        saved.attach(MIMEText("p { color: red }", "css"))
        document = one(write(tmp_path / f"{charset}.mhtml", saved.as_bytes()))
        assert document.title == "Readout" and document.date is None, "not the day on which it was saved"
        assert "café rules" in document.text and "color" not in document.text
    assert "café rules" in one(write(tmp_path / "wrong.mht", saved.as_bytes().replace(b"cp1252", b"utf-7"))).text
    saved = MIMEText("only text", "plain")
    _, [failure] = split([write(tmp_path / "mail.mht", saved.as_bytes())])
    assert failure.reason == "it holds no web page" and "Save the page as .html" in failure.cure


SENTENCES = [
    "The two ministers spoke by phone about the ferry on Monday evening.",
    "They agreed to open a channel between their coast guards.",
    "The Secretary underscored that the strait must remain open to all ships.",
    "He raised concerns about detained sailors and asked for their release.",
    "The ministers thanked the mediators and will meet again this year.",
]


@pytest.mark.parametrize(
    ("start", "between", "end"),
    [
        ("<html><body>", "<br><br>", "</body></html>"),
        ("<html><body>", "<p>", "</body></html>"),
        ("<html><body>The <b>two</b> spoke.<br>", "<br>", "</body></html>"),
        ("<div dir=ltr>", "<br><br>", "</div>"),
        ("<table><tr><td><p>", "</p><p>", "</p></td></tr></table>"),
    ],
)
def test_no_paragraph_of_a_page_is_lost_that_has_no_tag_of_its_own(tmp_path, start, between, end):
    document = one(write(tmp_path / "a.html", start + between.join(SENTENCES) + end))
    assert document.text.split("\n")[-5:] == SENTENCES


def test_a_page_of_very_many_tags_is_refused(tmp_path):
    found = failure(write(tmp_path / "a.html", "<body>" + "<p>They met.</p>" * 50_000))
    assert found.reason == "it has more than 100,000 tags"


def mail(text="", page="", **headers):
    message = EmailMessage()
    for name, value in headers.items():
        message[name] = value
    if text:
        message.set_content(text)
    if page and text:
        message.add_alternative(page, subtype="html")
    elif page:
        message.set_content(page, subtype="html")
    return message


def test_an_email(tmp_path):
    sent = "Mon, 5 Apr 2027 23:30:00 -0400"
    page = "<html><body><p>The two ministers spoke about café rules and about the ferry.</p></body></html>"
    plain = mail("The ministers spoke about café rules.\n", page, Subject="FW: Re: Readout of the Call", Date=sent)
    document = one(write(tmp_path / "a.eml", plain.as_bytes()))
    assert document.text == "The ministers spoke about café rules."
    assert (document.title, document.date, document.doc_id) == ("Readout of the Call", "2027-04-05", "a")
    for text in ("", " \n"):
        without_text = mail(text, page, Subject="转发：会谈", Date="some day")
        document = one(write(tmp_path / "b.eml", without_text.as_bytes()))
        assert "café rules and about the ferry" in document.text and "<p>" not in document.text
        assert (document.title, document.date) == ("会谈", None)
    wrong = plain.as_bytes().replace(b'charset="utf-8"', b'charset="us-ascii"')
    assert one(write(tmp_path / "c.eml", wrong)).text == "The ministers spoke about café rules."
    for before in (b"\xef\xbb\xbf", b"\r\n\r\n", b"From a@b.c Mon Apr 5 10:00:00 2027\n"):
        document = one(write(tmp_path / "d.eml", before + plain.as_bytes()))
        assert (document.title, document.text) == ("Readout of the Call", "The ministers spoke about café rules.")
    bare = mail(page="<div dir=ltr>The ministers met.</div>")
    assert one(write(tmp_path / "e.eml", bare.as_bytes())).text == "The ministers met."
    write(tmp_path / "a.json", '{"date": "2027-04-06", "source": "us"}')
    assert one(tmp_path / "a.eml").date == "2027-04-06", "what the user wrote goes before the day of sending"


def test_a_mailbox_named_as_one_email_is_refused(tmp_path):
    message = b"From a@b.c Mon Apr 5 10:00:00 2027\n" + mail("They met.\n\nFrom there they left.\n").as_bytes()
    assert "From there they left." in one(write(tmp_path / "one.eml", message)).text
    bad = failure(write(tmp_path / "two.eml", message + b"\n" + message))
    assert (bad.reason, bad.cure) == ("it holds several messages (mbox)", "Save each message as a file of its own")


def test_titles_of_emails(tmp_path):
    for subject, title in [
        ("Agriculture: Readout", "Agriculture: Readout"),
        ("Rule of Law: Statement re: fisheries", "Rule of Law: Statement re: fisheries"),
        ("RE: Fwd: 答复：Readout", "Readout"),
    ]:
        assert one(write(tmp_path / "a.eml", mail("They met.", Subject=subject).as_bytes())).title == title


def test_of_the_versions_of_an_email_the_one_with_the_text_is_read(tmp_path):
    page = f"<html><body><p>{'</p><p>'.join(SENTENCES)}</p></body></html>"
    message = mail("Please use a program that shows pages.", page)
    assert one(write(tmp_path / "a.eml", message.as_bytes())).text.split("\n") == SENTENCES


def test_parts_of_an_email_that_are_not_read_are_named(tmp_path):
    message = MIMEMultipart("mixed")
    message.attach(MIMEText("They met.", "plain"))
    message.attach(MIMEText("They left.", "enriched"))
    message.attach(MIMEText("<html><body><a href=x>They</a></body></html>" + "<p>" * 100_001, "html"))
    message.attach(MIMEText(" <br>&nbsp;", "html"))
    message.attach(MIMEApplication(b"%PDF-1.4", "pdf"))
    [document], failures = split([write(tmp_path / "a.eml", message.as_bytes())])
    assert document.text == "They met.\n\nThey left."
    assert [f.reason for f in failures] == [
        "its part text/html (it has more than 100,000 tags) is not read",
        "its part application/pdf is not read",
    ]


@pytest.mark.parametrize(
    ("declared", "used", "text"),
    [
        ("iso-8859-1", "cp1252", "The “two” sides met – and left"),
        ("big5", "cp950", "雙方在會談裏同意"),
        ("gb2312", "gbk", "双方在会谈裏同意"),
    ],
)
def test_emails_in_encodings_that_programs_declare_too_small(tmp_path, declared, used, text):
    head = f"Subject: Talks\nContent-Type: text/plain; charset={declared}\nContent-Transfer-Encoding: 8bit\n\n"
    assert one(write(tmp_path / "a.eml", head.encode() + text.encode(used))).text == text


def test_an_email_in_parts_and_its_attachments(tmp_path):
    message = mail("The first part.", Subject="Readout")
    message.add_attachment("The second part.")
    message.get_payload()[-1].replace_header("Content-Disposition", "inline")
    message.add_attachment(b"x", maintype="image", subtype="png", filename="seal.png")
    message.add_attachment(b"%PDF-1.4", maintype="application", subtype="pdf", filename="readout  .pdf")
    message.add_attachment(mail("An earlier mail."))
    path = write(tmp_path / "a.eml", message.as_bytes())
    [document], failures = split([path])
    assert document.text == "The first part.\n\nThe second part."
    assert [(f.location, f.reason) for f in failures] == [
        (f"{path}:1", "its attachment readout .pdf is not read"),
        (f"{path}:2", "its attachment message/rfc822 is not read"),
    ]
    assert {f.cure for f in failures} == {"Save it as a file of its own"}
    assert {f.file for f in failures} == {str(path)}
    only = mail(Subject="Readout")
    only.add_attachment(b"%PDF-1.4", maintype="application", subtype="pdf", filename="readout.pdf")
    _, [failure] = split([write(tmp_path / "b.eml", only.as_bytes())])
    assert failure.reason == "no text was found in the e-mail (its attachment readout.pdf is not read)"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"Subject: " + b"=?utf-8?q?a?= " * 1000, "a header is longer than 10,000 characters"),
        (b"Content-Type: multipart/mixed; boundary=x\n\n" + b"--x\n\n" * 2001, "it has more than 2,000 parts"),
        (b"Content-Type: multipart/mixed; boundary=x\r\r" + b"--x\r\r" * 2001, "it has more than 2,000 parts"),
        (
            b"Content-Type: multipart/mixed; boundary=x\n\n"
            + (b"--x\nContent-Type: a/b;" + b" c=d;" * 1500 + b"\n\n") * 30,
            "the headers of its parts are longer than any that mail programs write",
        ),
        (
            b"Content-Type: a/b;" + b"\r c=d;" * 1700,
            "the headers of its parts are longer than any that mail programs write",
        ),
        (b"A: b\n" * 1_000_001, "it has more than 1,000,000 lines"),
        (b"A: b\r" * 1_000_001, "it has more than 1,000,000 lines"),
    ],
)
def test_a_message_that_would_take_very_long_is_refused(tmp_path, content, reason):
    for ending in (".eml", ".mhtml"):
        _, [failure] = split([write(tmp_path / f"a{ending}", content + b"\n\nThe text.")])
        assert (failure.reason, failure.cure) == (reason, "Save its text as a .txt file")


def test_docx(tmp_path):
    content = word("First paragraph.", [["Left cell.", "Right cell."]], "", "Last paragraph.", title="Ferry talks")
    document = one(write(tmp_path / "a.docx", content))
    assert document.text == "First paragraph.\n\nLeft cell.\n\nRight cell.\n\nLast paragraph."
    assert document.title == "Ferry talks"


def test_docx_reads_a_merged_cell_once(tmp_path):
    content = word([["Wide cell.", ""], ["Left.", "Right."]], merge=True)
    assert one(write(tmp_path / "a.docx", content)).text.split("\n\n") == ["Wide cell.", "Left.", "Right."]


def test_docx_reads_what_is_not_plain_paragraphs(tmp_path):
    """Content controls, text boxes, and changes that are tracked; tab stops are no text."""
    from docx.oxml import parse_xml

    names = (
        'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main" '
        'xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006"'
    )
    box = "<w:txbxContent><w:p><w:r><w:t>In a box.</w:t></w:r></w:p></w:txbxContent>"
    blocks = [
        f"<w:sdt {names}><w:sdtContent><w:p><w:r><w:t>In a control.</w:t></w:r></w:p></w:sdtContent></w:sdt>",
        f"<w:p {names}><w:pPr><w:tabs><w:tab w:pos='9'/></w:tabs></w:pPr><w:r><w:t>Both sides</w:t></w:r><w:ins><w:r>"
        "<w:t> agreed</w:t></w:r></w:ins><w:del><w:r><w:delText> refused</w:delText></w:r></w:del>"
        "<w:moveFrom><w:r><w:t> yesterday</w:t></w:r></w:moveFrom><w:r><w:tab/><w:t>to talk.</w:t></w:r></w:p>",
        f"<w:p {names}><w:r><w:t>Beside it.</w:t></w:r><w:r><mc:AlternateContent><mc:Choice>{box}</mc:Choice>"
        f"<mc:Fallback>{box}</mc:Fallback></mc:AlternateContent></w:r></w:p>",
    ]
    document, buffer = docx.Document(), io.BytesIO()
    for block in reversed(blocks):
        document.element.body.insert(0, parse_xml(block))
    document.save(buffer)
    texts = one(write(tmp_path / "a.docx", buffer.getvalue())).text.split("\n\n")
    assert texts == ["In a control.", "Both sides agreed\tto talk.", "Beside it.", "In a box."]


def test_docx_without_properties_has_no_title(tmp_path, monkeypatch):
    document = docx.Document()
    document.add_paragraph("Body.")
    package = document.part.package
    rel = next(k for k, r in package.rels.items() if r.reltype.endswith("core-properties"))
    del package.rels[rel]
    buffer = io.BytesIO()
    document.save(buffer)
    assert one(write(tmp_path / "a.docx", buffer.getvalue())).title == ""


def test_pdf_joins_lines_and_mends_hyphens(tmp_path):
    content = pdf(
        "The two ministers met in Lindholm to talk about re-", "opening the ferry.", "A new line.", gap_after=1
    )
    assert one(write(tmp_path / "a.pdf", content)).text == (
        "The two ministers met in Lindholm to talk about reopening the ferry.\n\nA new line."
    )


def test_pdf_joins_chinese_lines_without_a_space(monkeypatch):
    blocks = [_Block("双方讨论渡\n轮航线，\n并同意 A\n方案。", False), _Block("完。", False)]
    monkeypatch.setattr("stance.documents.pdf._pages", lambda data: [blocks])
    [(_, record)] = read_pdf(io.BytesIO())
    assert record == {"text": "双方讨论渡轮航线，并同意 A 方案。\n\n完。"}


def test_jsonl(tmp_path):
    lines = [
        {"doc_id": "a", "text": ENGLISH, "source": "us", "date": "2024-03", "unknown": [1]},
        {"text": CHINESE, "source": "china", "title": "会谈\u2028消息", "event": None},
    ]
    path = write(tmp_path / "d.jsonl", "\n\n".join(json.dumps(x, ensure_ascii=False) for x in lines))
    assert read_documents(path) == [
        Document("a", ENGLISH, "us", "2024-03", "en", path=f"{path}:1"),
        Document("d-3", CHINESE, "china", None, "zh", "会谈 消息", path=f"{path}:3"),
    ]


def test_json_object_and_list(tmp_path):
    single = write(tmp_path / "one.json", json.dumps({"text": "Alone.", "source": "us"}))
    many = write(tmp_path / "many.json", json.dumps([{"text": "First."}, {"doc_id": 7, "text": "Second."}]))
    assert [(d.doc_id, d.text, d.source) for d in read_documents(single, many)] == [
        ("one", "Alone.", "us"),
        ("many-1", "First.", "other"),
        ("7", "Second.", "other"),
    ]


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_csv(tmp_path, separator):
    rows = [["doc_id", "date", "text"], ["007", "2024-03-07", '"Two lines,\nor; ""more""."'], ["x", "", "Plain."]]
    path = write(tmp_path / "d.csv", "\r\n".join(separator.join(r) for r in rows))
    assert [(d.doc_id, d.date, d.text, d.path) for d in read_documents(path)] == [
        ("007", "2024-03-07", 'Two lines,\nor; "more".', f"{path}:2"),
        ("x", None, "Plain.", f"{path}:4"),
    ]


def test_csv_of_one_column_and_of_long_cells():
    assert list(read_csv(io.BytesIO(b"text\nHello there.\nNA\n"))) == [
        (":2", {"text": "Hello there."}),
        (":3", {"text": "NA"}),
    ]
    long = "word " * 40_000
    [(_, record)] = read_csv(io.BytesIO(f"text,title\n{long},x\n".encode()))
    assert record == {"text": long, "title": "x"}


@pytest.mark.parametrize("above", ["\n\n", " \n;;\n", ";;;;\n"])
def test_blank_rows_above_the_header_of_a_csv_are_passed_over(tmp_path, above):
    path = write(tmp_path / "d.csv", above + "doc_id;date;text\nx;2024-03-07;Plain, and one.\n")
    document = one(path)
    assert (document.doc_id, document.date, document.text) == ("x", "2024-03-07", "Plain, and one.")
    assert document.path == f"{path}:{above.count(chr(10)) + 2}"


def test_tsv(tmp_path):
    assert one(write(tmp_path / "d.tsv", "text\tsource\nA, b.\tchina\n")).text == "A, b."


def test_parquet(tmp_path):
    frame = pd.DataFrame(
        {
            "text": [ENGLISH, CHINESE],
            "date": [datetime.date(2024, 3, 7), None],
            "source": ["us", None],
            "doc_id": [1, 2],
        }
    )
    frame.to_parquet(tmp_path / "d.parquet")
    first, second = read_documents(tmp_path / "d.parquet", source="china")
    assert (first.doc_id, first.date, first.source, first.lang) == ("1", "2024-03-07", "us", "en")
    assert (second.doc_id, second.date, second.source, second.lang) == ("2", None, "china", "zh")


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (ENGLISH.encode(), [ENGLISH]),
        (b"---\ntitle: Talks\n---\n" + ENGLISH.encode(), [ENGLISH]),
        (b'\xef\xbb\xbf {"text": "A."}\n{"text": "B."}\n', ["A.", "B."]),
        (b'\xef\xbb\xbfText;Date\r\n"A, ""B""; C.";2027-04-14\r\nD.;\r\n', ['A, "B"; C.', "D."]),
        (b"id,text\n1,A.\n", ["A."]),
        ("id,text\n1,A.\n".encode("utf-16"), ["A."]),
        ('{"text": "A."}\n{"text": "B."}\n'.encode("utf-16"), ["A.", "B."]),
        (b"text\nA.\nB.\n", ["text\nA.\nB."]),
        (b"Text, date and place were agreed.\nThey met.", ["Text, date and place were agreed.\nThey met."]),
        (b"Received: by x.org\n y\nSubject: Talks\nMIME-Version: 1.0\n\nA.\n", ["A."]),
        (b"From a@b.c Mon Apr 5\nX-Status2: 0\nMessage-ID: <a@b.c>\n\nA.\n", ["A."]),
        (b"Subject: Talks\nReceived: with thanks.\n\nA.", ["Subject: Talks\nReceived: with thanks.\n\nA."]),
    ],
)
def test_stdin(monkeypatch, data, found):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))
    documents = read_documents("-", source="us")
    assert [d.text for d in documents] == found
    assert {d.source for d in documents} == {"us"}


def test_documents_on_stdin_are_named_by_their_text(monkeypatch):
    def ids(*records: dict[str, str]) -> list[str]:
        data = "".join(json.dumps(r) + "\n" for r in records).encode()
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))
        return [d.doc_id for d in read_documents("-")]

    first, named, second = ids({"text": "One."}, {"text": "Named.", "doc_id": "stdin"}, {"text": "Two."})
    assert named == "stdin"
    assert re.fullmatch("stdin-[0-9a-f]{12}", first)
    assert ids({"text": "Two.", "source": "us"}, {"text": "Three."})[0] == second
    assert ids({"text": "One.\r\n"}) != [first] != [second]


# Encodings


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gb18030"])
def test_encodings_of_chinese(tmp_path, encoding):
    document = one(write(tmp_path / "a.txt", CHINESE.encode(encoding)))
    assert (document.text, document.lang) == (CHINESE, "zh")


@pytest.mark.parametrize(
    "text", ["The envoy’s visit – “cordial” – ended in Málaga with Señora Ruíz.", "Résumé", "Over…"]
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "cp1252"])
def test_encodings_of_english(tmp_path, text, encoding):
    assert one(write(tmp_path / "a.txt", text.encode(encoding))).text == text


def test_damaged_utf8_is_named_and_not_guessed_at(tmp_path):
    path = write(tmp_path / "a.txt", "“One line.”\n“Another”".encode() + b" is \xff broken.")
    assert failure(path) == InputFailure(str(path), "line 2 is damaged UTF-8", "Mend the line, or save it again")


def test_damaged_line_of_jsonl_is_named_and_the_others_go_on(tmp_path):
    path = write(tmp_path / "d.jsonl", '{"text": "“Good.”"}\n'.encode() + b'{"text": "\xff"}\n{"text": "\xe2\x80\xa6"}')
    good, [bad] = split([path])
    assert [d.text for d in good] == ["“Good.”", "…"]
    assert bad.location == f"{path}:2"
    assert bad.reason.startswith("the line is not valid JSON")


def test_a_file_whose_name_is_no_text_is_read_and_named(tmp_path):
    names = (b"call\xff.txt", b"call\xfe.txt", b"empty\xff.txt")
    for name, text in zip(names, ("The sides met.", "They met again.", ""), strict=True):
        try:
            (tmp_path / os.fsdecode(name)).write_text(text, encoding="utf-8")
        except OSError:
            pytest.skip("this file system takes no such names")
    document, same, empty = iterate_documents([tmp_path])
    assert document.doc_id == "call\ufffd" and document.text == "They met again."
    assert "is already used by" in same.reason
    assert "no text" in empty.reason and empty.location.endswith("empty\\udcff.txt")


def test_lone_surrogates_are_replaced(tmp_path):
    path = write(tmp_path / "d.jsonl", '{"text": "Broken \\ud83d escape.", "title": "\\udc00"}')
    document = one(path)
    assert (document.text, document.title) == ("Broken \ufffd escape.", "\ufffd")


# Folders, globs, sidecars, manifest, flags


def test_folder_is_read_in_order_without_hidden_files_and_sidecars(tmp_path):
    write(tmp_path / "b.txt", "B.")
    write(tmp_path / "a" / "z.MD", "Z.")
    write(tmp_path / "a" / "z.json", '{"source": "us"}')
    write(tmp_path / "c.json", '{"text": "C."}')
    write(tmp_path / ".git" / "x.txt", "X.")
    write(tmp_path / "photo.png", b"\x89PNG")
    assert [(d.doc_id, d.text, d.source) for d in read_documents(tmp_path)] == [
        ("a/z", "Z.", "us"),
        ("b", "B.", "other"),
        ("c", "C.", "other"),
    ]


@pytest.mark.parametrize("expanded", [True, False], ids=["by the shell", "by the package"])
def test_glob_passes_over_sidecars(tmp_path, expanded):
    write(tmp_path / "b.txt", "B.")
    write(tmp_path / "b.json", '{"source": "china", "text": "ignored"}')
    write(tmp_path / "a.txt", "A.")
    inputs: list[str | Path] = [*sorted(tmp_path.iterdir())] if expanded else [f"{tmp_path}/*"]
    assert [(d.doc_id, d.text, d.source) for d in read_documents(*inputs)] == [
        ("a", "A.", "other"),
        ("b", "B.", "china"),
    ]


def test_glob_goes_into_folders(tmp_path):
    write(tmp_path / "x" / "y" / "deep.txt", "Deep.")
    assert one(f"{tmp_path}/**/*.txt").doc_id == "deep"


def test_precedence_is_document_sidecar_manifest_flags(tmp_path):
    write(tmp_path / "a.md", "---\ntitle: from front matter\n---\nBody.")
    write(tmp_path / "a.json", json.dumps({"title": "from sidecar", "event": "from sidecar", "text": "no"}))
    manifest = write(
        tmp_path / "manifest.csv",
        "path,title,event,kind,date\r\na.md,from manifest,from manifest,from manifest,\r\n",
    )
    flags = {"title": "flag", "event": "flag", "kind": "flag", "date": "2024-03-07", "source": "us", "lang": None}
    document = one(tmp_path, manifest=str(manifest), **flags)
    assert document == Document(
        "a",
        "Body.",
        "us",
        "2024-03-07",
        "en",
        "from front matter",
        "from sidecar",
        "from manifest",
        str(tmp_path / "a.md"),
    )


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("path,title\na.md,Readout of talks, part 1\n", "m.csv:2: more cells than the header has. Quote a cell that"),
        ("path,source\na.md,us\n./a.md,china\n", "m.csv:3: the manifest names"),
    ],
)
def test_a_manifest_that_would_give_wrong_metadata_is_refused(tmp_path, rows, message):
    write(tmp_path / "a.md", "The ministers met.")
    with pytest.raises(StanceError) as error:
        read_documents(tmp_path, manifest=write(tmp_path / "m.csv", rows))
    assert message in str(error.value)


def test_a_manifest_may_have_semicolons_and_its_unknown_columns_are_named(tmp_path, caplog):
    write(tmp_path / "a.md", "The ministers met.")
    manifest = write(tmp_path / "m.csv", "path;title;sorce\na.md;Talks, part 1;us\n")
    [document] = read_documents(tmp_path, manifest=manifest)
    assert (document.title, document.source) == ("Talks, part 1", "other")
    assert "the columns sorce mean nothing to stance" in caplog.text


def test_what_a_file_tells_of_itself_goes_after_manifest_and_before_flags(tmp_path):
    for name in "abc":
        write(tmp_path / f"{name}.docx", word("Body.", title="from Word"))
    write(tmp_path / "a.json", '{"title": "from sidecar"}')
    manifest = write(tmp_path / "m.csv", "path,title\nb.docx,from manifest\n")
    documents = read_documents(tmp_path, manifest=manifest, title="flag")
    assert [d.title for d in documents] == ["from sidecar", "from manifest", "from Word"]


def test_manifest_itself_is_no_document_and_gives_doc_ids(tmp_path):
    write(tmp_path / "texts" / "a.txt", "A.")
    manifest = write(tmp_path / "texts" / "manifest.csv", "\ufeffpath,doc_id\na.txt,lindholm\n")
    assert one(tmp_path / "texts", manifest=manifest).doc_id == "lindholm"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "m.csv: the manifest cannot be read (No such file or directory). Check the path"),
        ("file\na.txt\n", "m.csv: the manifest has no column named path. Add one"),
        ("path\nlost.txt\n", "lost.txt, which does not exist. Mend the path"),
        (bytes(range(256)), "m.csv: the manifest cannot be read ("),
        ("path,title\ra.txt,x\r", "m.csv: the manifest cannot be read ("),
    ],
)
def test_bad_manifest(tmp_path, content, message):
    if content is not None:
        write(tmp_path / "m.csv", content)
    with pytest.raises(StanceError) as error:
        list(iterate_documents([write(tmp_path / "a.txt", "A.")], manifest=tmp_path / "m.csv"))
    assert message in str(error.value)


def test_misspelt_flag_is_refused(tmp_path):
    with pytest.raises(TypeError, match="no such metadata: sourc"):
        read_documents(write(tmp_path / "a.txt", "A."), sourc="us")


# Bad input: named with place, reason and cure, and the rest goes on


@pytest.mark.parametrize(
    ("name", "content", "reason", "cure"),
    [
        ("a.txt", "", "the document has no text", "Check the file"),
        ("a.txt", " \n\t\n", "the document has no text", "Check the file"),
        ("a.txt", "---\ntitle: only\n---\n", "the document has no text", "Check the file"),
        ("a.txt", bytes(range(256)), "its encoding cannot be told", "Save it as UTF-8 text"),
        ("a.txt", b"plain\x00text", "it holds binary data, not text", "Save it as UTF-8 text"),
        ("a.txt", "wide".encode("utf-32"), "it holds binary data, not text", "Save it as UTF-8 text"),
        (
            "a.md",
            "---\ntitle: a\nsource: us: x\n---\nB.",
            "its front matter is not valid YAML in line 3",
            "Mend the lines",
        ),
        ("a.md", "\n---\n\ttitle: a\n---\nB.", "its front matter is not valid YAML in line 3", "Mend the lines"),
        ("a.md", "---\ndate: 2024-02-30\n---\nB.", "its front matter holds a bad date (", "Write it as YYYY-MM-DD"),
        ("a.md", "---\ndate: some day\n---\nB.", "'some day' is not a date", "Write the date as YYYY-MM-DD"),
        (
            "a.md",
            "---\nsource: candidate\n---\nB.",
            "source 'candidate' is not one of us, china, other",
            "Set it to us",
        ),
        ("a.md", "---\nlang: fr\n---\nB.", "lang 'fr' is not one of en, zh", "Set it to en or zh"),
        ("a.html", "<html><body></body></html>", "no main text was found in the page", "Save the text of the page"),
        ("a.docx", b"PK\x03\x04 no zip", "it is not a readable Word document", "Open it in Word"),
        ("a.pdf", b"%PDF-1.4 cut off", "it is not a readable PDF", "Open it in a PDF viewer"),
        ("a.pdf", pdf(""), "the PDF holds no text (a scan?)", "Run it through OCR"),
        ("a.json", "{'text': 1}", "it is not valid JSON (", "Write it with a JSON library"),
        ("a.json", '{"body": "x"}', "the record has no text field", "Give every record a text field"),
        ("a.json", "[]", "it holds no records", "Check the file"),
        ("a.jsonl", "\n", "it holds no records", "Check the file"),
        ("a.csv", "", "it has no column named text", "Rename the column (it has: none)"),
        ("a.csv", "body,date\nx,y\n", "it has no column named text", "Rename the column (it has: body, date)"),
        ("a.csv", "text,date\n", "it holds no records", "Check the file"),
        ("a.parquet", b"PAR1", "it is not a readable Parquet file", "Write it again"),
        ("a.xyz", "x", "files ending in .xyz are not read", "Known endings: .csv .docx .eml .htm"),
        ("README", "x", "files without an ending are not read", "Known endings: .csv .docx .eml .htm"),
    ],
)
def test_bad_file_is_named_and_the_others_go_on(tmp_path, name, content, reason, cure):
    before, after = write(tmp_path / "before.txt", "Before."), write(tmp_path / "z" / "after.txt", "After.")
    path = write(tmp_path / name, content)
    good, [bad] = split([before, path, after])
    assert [d.text for d in good] == ["Before.", "After."]
    assert bad.location == str(path)
    assert bad.reason.startswith(reason)
    assert bad.cure.startswith(cure)
    assert str(bad) == f"{path}: {bad.reason}. {bad.cure}"


def test_parquet_without_text(tmp_path):
    pd.DataFrame({"body": ["x"]}).to_parquet(tmp_path / "a.parquet")
    assert failure(tmp_path / "a.parquet").cure == "Rename the column (it has: body)"


def test_bad_records_of_jsonl_are_named_and_the_others_go_on(tmp_path):
    lines = [
        '{"text": "A."}',
        '{"text": "B',
        "[1]",
        '{"text": 5}',
        '{"text": " "}',
        '{"text": "D", "date": "13/13/2024"}',
    ]
    path = write(tmp_path / "d.jsonl", "\n".join([*lines, '{"text": "E", "n": ' + "1" * 5000 + "}", '{"text": "F."}']))
    good, bad = split([path])
    assert [(d.doc_id, d.text) for d in good] == [("d-1", "A."), ("d-8", "F.")]
    assert [f.location for f in bad] == [f"{path}:{n}" for n in (2, 3, 4, 5, 6, 7)]
    assert bad[0].reason.startswith("the line is not valid JSON (Unterminated string")
    assert bad[0].cure == "Mend the line"
    assert [f.reason for f in bad[1:5]] == [
        "the record is not a JSON object",
        "the record has no text field",
        "the document has no text",
        "'13/13/2024' is not a date",
    ]
    assert bad[5].reason.startswith("the line is not valid JSON (Exceeds the limit")


def test_bad_records_after_the_first_hundred_are_counted(tmp_path, caplog):
    caplog.set_level("INFO")
    path = write(tmp_path / "d.jsonl", '{"text": "A."}\n' + "no record\n" * 1300 + '{"text": "B.", "doc_id": "d-1"}\n')
    other = write(tmp_path / "e.jsonl", "[1]\n")
    good, bad = split([path, other])
    assert [d.text for d in good] == ["A."]
    assert [f.location for f in bad] == [*(f"{path}:{n}" for n in range(2, 102)), str(path), f"{other}:1"]
    last = f"{path}:1302: its doc_id 'd-1' is already used by {path}:1"
    assert bad[100] == InputFailure(
        str(path),
        f"1,201 more of its records cannot be read; the last is {last}",
        "Mend those like the first 100, which are named; stance -v names all",
        inputs=1201,
    )
    assert sum(f.inputs for f in bad) == 1302, "every one is counted"
    assert len(caplog.messages) == 1201
    assert caplog.messages[0].startswith(f"left out: {path}:102: the line is not valid JSON")


def test_a_file_that_breaks_off_is_named_beside_many_bad_rows(tmp_path):
    path = write(tmp_path / "d.csv", "text\n" + "a,b\n" * 150 + '"open')
    good, bad = split([path])
    assert good == []
    assert [f.location for f in bad[-2:]] == [str(path), str(path)]
    assert bad[-2].reason.startswith("it is broken near line 151")
    assert bad[-1].reason.startswith("50 more of its records cannot be read")


def test_bad_rows_of_csv_are_named_and_the_others_go_on(tmp_path):
    path = write(tmp_path / "d.csv", 'text,source\nA.,us\nB., or more,us\nC.\n,us\nE.,mars\nF.,us\n"G.,us\n')
    good, bad = split([path])
    assert [(d.text, d.source) for d in good] == [("A.", "us"), ("C.", "other"), ("F.", "us")]
    assert [(f.location, f.reason) for f in bad[:3]] == [
        (f"{path}:3", "the row has more cells than the header"),
        (f"{path}:5", "the document has no text"),
        (f"{path}:6", "source 'mars' is not one of us, china, other"),
    ]
    assert bad[0].cure == "Check its quotes and commas"
    assert (bad[3].location, bad[3].cure) == (str(path), "Check its quotes")


def test_broken_sidecar(tmp_path):
    path = write(tmp_path / "a.txt", "A.")
    write(tmp_path / "a.json", "{source: us}")
    assert failure(path) == InputFailure(str(path), "its sidecar a.json is not valid JSON", "Mend or remove it")
    write(tmp_path / "a.json", "[]")
    assert failure(path) == InputFailure(str(path), "its sidecar a.json is not a JSON object", "Mend or remove it")


def test_missing_inputs_and_empty_folders(tmp_path):
    lost, pattern, text = str(tmp_path / "lost.txt"), f"{tmp_path}/*.txt", "Not a path but a text. " * 300
    good, bad = split([lost, pattern, tmp_path, text])
    assert good == []
    assert [(f.location, f.reason, f.cure) for f in bad] == [
        (lost, "there is no such file or folder", "Check the path"),
        (pattern, "no file fits the pattern", "Check it, and quote it in the shell"),
        (
            str(tmp_path),
            "the folder holds no documents",
            "Known endings: .csv .docx .eml .htm .html .json .jsonl .markdown .md .mht .mhtml .ndjson .parquet .pdf "
            ".text .tsv .txt",
        ),
        (text, "there is no such file or folder", "Check the path"),
    ]


@pytest.mark.parametrize("ending", sorted(READERS))
def test_every_format_is_found_in_a_folder(tmp_path, ending):
    path = write(tmp_path / f"a{ending}", ENGLISH)
    assert list(expand(tmp_path)) == [(path, "a")]


@pytest.mark.parametrize("ending", [".rtf", ".doc", ".ODT", ".pages", ".wps"])
def test_documents_of_formats_that_are_not_read_are_failures_in_folders_too(tmp_path, ending):
    text = write(tmp_path / "in" / "a.txt", ENGLISH)
    other = write(tmp_path / "in" / "b" / f"y{ending}", b"anything")
    good, [bad] = split([tmp_path / "in"])
    assert [d.path for d in good] == [str(text)]
    assert bad == failure(other)
    assert bad.location == str(other)
    assert bad.reason == f"files ending in {ending} are not read"
    assert ".docx" in bad.cure
    write(other.with_suffix(".txt"), CHINESE)
    assert [d.doc_id for d in split([tmp_path / "in"])[0]] == ["a", "b/y"]
    assert split([tmp_path / "in"])[1] == []


@pytest.mark.parametrize(
    ("name", "unpacked", "reason", "cure"),
    [
        ("us.md.gz", "us.md", "files ending in .gz are not read", "Unpack it"),
        ("us.ZIP", "us.html", "files ending in .ZIP are not read", "Unpack it"),
        ("us.xlsx", "us.csv", "files ending in .xlsx are not read", "Save it as .csv"),
        ("us.xml", "us.txt", "files ending in .xml are not read", "Known endings"),
        ("us.html?id=3", None, "its name goes on after .html", "ends in .html"),
        ("us.HTM.1", None, "its name goes on after .HTM", "ends in .HTM"),
    ],
)
def test_archives_spreadsheets_and_odd_endings_are_not_passed_over(tmp_path, name, unpacked, reason, cure):
    write(tmp_path / "china.txt", CHINESE)
    write(tmp_path / name, ENGLISH)
    good, [bad] = split([tmp_path])
    assert len(good) == 1
    assert (bad.location, bad.reason) == (str(tmp_path / name), reason)
    assert cure in bad.cure
    if unpacked:
        write(tmp_path / unpacked, f"text,title\n{ENGLISH},")
        assert split([tmp_path])[1] == []


def test_what_is_no_document_in_a_folder_is_counted_in_one_line_of_the_log(tmp_path, caplog):
    caplog.set_level("INFO")
    for name in ("a.txt", "b.png", "c.png", "Makefile", ".hidden.rtf", "~$open.doc", "a.json"):
        write(tmp_path / name, '{"title": "Talks"}' if name == "a.json" else ENGLISH)
    assert one(tmp_path).title == "Talks"
    [line] = caplog.messages
    assert line == (f"{tmp_path}: passed over files that are no documents: 1 without an ending, 1 .json, 2 .png")


# Tables of scored sentences among the inputs


def scored(path: Path, model: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    score_archive([Document("us", ENGLISH, "us")], path, model)
    return path


@pytest.mark.parametrize("name", ["table.csv", "table.jsonl", "table.parquet", "table"])
def test_tables_of_earlier_runs_are_left_out_of_folders_and_globs(tmp_path, tiny, caplog, name):
    write(tmp_path / "us.md", ENGLISH)
    write(tmp_path / "x" / "china.md", CHINESE)
    table = scored(tmp_path / "x" / name, tiny)
    caplog.clear()
    for given in (tmp_path, f"{tmp_path}/**"):
        good, bad = split([given])
        assert [Path(d.path or "").name for d in good] == ["us.md", "china.md"]
        assert bad == []
        [warning] = [r for r in caplog.records if r.levelname == "WARNING"]
        assert warning.getMessage() == (
            f"{given}: left out tables of scored sentences and reports, which are no documents: {table}"
        )
        caplog.clear()


@pytest.mark.parametrize("name", ["table.csv", "table.jsonl", "table.parquet", "table"])
def test_a_scored_table_given_by_name_is_a_failure(tmp_path, tiny, name):
    table = scored(tmp_path / name, tiny)
    bad = failure(table)
    assert bad.location == str(table)
    assert bad.reason == "it is a table of scored sentences, not a document"
    assert "Give the documents" in bad.cure
    assert failure(f"{tmp_path}/*[!x]/*" if table.is_dir() else f"{tmp_path}/t*").reason == (
        "only tables of scored sentences fit the pattern"
    )


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("z.csv", {"sep": ";", "decimal": ","}),
        ("z.csv", {"sep": ";", "encoding": "cp1252"}),
        ("z.csv", {"sep": "\t", "encoding": "utf-16"}),
        ("Z.CSV", {}),
        ("z.tsv", {"sep": "\t"}),
        ("z.ndjson", {"lines": True}),
        ("z.json", {"indent": 2}),
        ("Z.JSONL", {"lines": True}),
        ("Z.PARQUET", {}),
    ],
)
def test_a_table_that_another_program_has_saved_is_left_out(tmp_path, tiny, caplog, name, options):
    write(tmp_path / "us.md", ENGLISH)
    table = stance.read_table(scored(tmp_path / "t.csv", tiny)).assign(speaker="Mr Peña")
    (tmp_path / "t.csv").unlink()
    kind = name.lower().split(".")[1]
    if kind in ("csv", "tsv"):
        table.to_csv(tmp_path / name, index=False, **options)
    elif kind == "parquet":
        table.drop(columns="probs").to_parquet(tmp_path / name)
    else:
        table.to_json(tmp_path / name, orient="records", **options)
    assert one(tmp_path).path == str(tmp_path / "us.md")
    assert f"left out tables of scored sentences and reports, which are no documents: {tmp_path / name}" in caplog.text


def test_a_report_in_a_folder_is_left_out(tmp_path, caplog):
    write(tmp_path / "us.md", ENGLISH)
    stance.compare(invented_table()).write(tmp_path / "x" / "report")
    assert one(tmp_path).doc_id == "us"
    assert f"reports, which are no documents: {tmp_path / 'x' / 'report'}" in caplog.text


def test_shards_of_a_stopped_run_are_no_documents(tmp_path, tiny):
    write(tmp_path / "us.md", ENGLISH)
    (scored(tmp_path / "table", tiny) / "_manifest.json").unlink()
    assert one(tmp_path).doc_id == "us"


@pytest.mark.parametrize(
    ("name", "content"),
    [("a.jsonl", b"[" * 5000), ("a.csv", b'"' + b"x" * 200_000), ("a.parquet", b"PAR1"), ("a.jsonl", b"\xff\xfe\x00")],
)
def test_damaged_files_that_might_be_tables_are_named_by_their_reader(tmp_path, name, content):
    bad = failure(write(tmp_path / name, content))
    assert "scored" not in bad.reason


def test_duplicate_doc_id_is_named_with_both_places(tmp_path):
    first, second = write(tmp_path / "x" / "a.txt", "A."), write(tmp_path / "y" / "a.txt", "B.")
    good, [bad] = split([first, second])
    assert [d.text for d in good] == ["A."]
    assert bad.location == str(second)
    assert bad.reason == f"its doc_id 'a' is already used by {first}"
    assert bad.cure == "Give one of them another doc_id, in front matter, sidecar or manifest"


def test_too_large_a_file(tmp_path, monkeypatch):
    monkeypatch.setitem(MEGABYTES, ".txt", 1)
    path = write(tmp_path / "a.txt", b"x" * ((1 << 20) + 1))
    assert failure(path) == InputFailure(str(path), "it is larger than 1 MB", "Split it into smaller files")


def test_read_documents_lists_all_failures(tmp_path):
    with pytest.raises(InputError) as error:
        read_documents(tmp_path / "a.txt", write(tmp_path / "good.txt", "Good."), tmp_path / "b.txt")
    assert [f.location for f in error.value.failures] == [str(tmp_path / "a.txt"), str(tmp_path / "b.txt")]
    assert str(error.value).count("there is no such file or folder. Check the path") == 2


# The document


def test_make_document_normalises():
    document = make_document(
        "\ufeffA\r\nb\rc", {"source": " China ", "lang": "zh-CN", "title": " a\n b ", "event": 5, "kind": ""}, "x", None
    )
    assert document == Document("x", "A\nb\nc", "china", None, "zh", "a b", "5", None, None)
