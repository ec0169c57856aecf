"""Small sound files of every format, all invented, and ways to damage them."""

import io
import json
import random
from email.message import EmailMessage
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText

import docx
import pandas as pd

from tests.one_page_pdf import pdf

TEXT = "The two sides met in Lindholm. They discussed the strait, trade and visas.\n\nBoth agreed to meet again."
CHINESE = "双方就渡轮航线举行会谈。部长表示，海上安全是两国共同的关切。"


def _docx() -> bytes:
    document = docx.Document()
    document.add_heading("Readout of the talks")
    for paragraph in TEXT.split("\n\n"):
        document.add_paragraph(paragraph)
    table = document.add_table(2, 2)
    table.cell(0, 0).text = "A cell."
    file = io.BytesIO()
    document.save(file)
    return file.getvalue()


def _parquet() -> bytes:
    file = io.BytesIO()
    pd.DataFrame({"text": [TEXT, CHINESE], "source": ["us", "china"], "date": ["2027-04-14", None]}).to_parquet(file)
    return file.getvalue()


def _mhtml() -> bytes:
    saved = MIMEMultipart("related")
    saved.attach(MIMEText(f"<html><body><p>{CHINESE * 9}</p></body></html>", "html", "gb18030"))
    saved.attach(MIMEText("p { color: red }", "css"))
    return saved.as_bytes()


def _eml() -> bytes:
    mail = EmailMessage()
    mail["Subject"], mail["Date"] = "Fwd: Readout of the talks", "Mon, 5 Apr 2027 23:30:00 -0400"
    mail.set_content(TEXT)
    mail.add_alternative(_PAGE, subtype="html")
    mail.add_attachment(b"%PDF-1.4", maintype="application", subtype="pdf", filename="talks.pdf")
    return mail.as_bytes()


_RECORDS = [{"doc_id": str(i), "text": t, "source": "us", "date": "2027-04-14"} for i, t in enumerate((TEXT, CHINESE))]
_CSV = f'doc_id,text,source\n1,"{TEXT}",us\n2,"=HYPERLINK(""x"")",china\n'
_FRONT = f"---\ntitle: Talks\ndate: 2027-04-14\nsource: us\n---\n{TEXT}\n"
_PAGE = (
    f"<html><head><title>Talks</title></head><body><article><p>{TEXT * 3}</p>"
    "<script>alert(1)</script></article></body></html>"
)

SAMPLES: dict[str, list[bytes]] = {
    ".txt": [TEXT.encode(), CHINESE.encode("gb18030"), TEXT.encode("utf-16"), _FRONT.encode()],
    ".md": [_FRONT.encode(), f"# Talks\n\n**{TEXT}** [link](http://example.org)\n".encode()],
    ".html": [_PAGE.encode()],
    ".mhtml": [f"MIME-Version: 1.0\nContent-Type: text/html; charset=utf-8\n\n{_PAGE}".encode(), _mhtml()],
    ".eml": [_eml(), f"Subject: Talks\nMIME-Version: 1.0\n\n{TEXT}".encode()],
    ".docx": [_docx()],
    ".pdf": [pdf("The two sides met in Lindholm.", "They discussed trade.")],
    ".json": [json.dumps(_RECORDS).encode(), json.dumps(_RECORDS[0]).encode()],
    ".jsonl": ["".join(json.dumps(r, ensure_ascii=False) + "\n" for r in _RECORDS * 3).encode()],
    ".csv": [_CSV.encode(), _CSV.replace(",", ";").encode("cp1252")],
    ".tsv": [_CSV.replace(",", "\t").encode()],
    ".parquet": [_parquet()],
}
TOKENS = [
    b"\x00", b"\xff\xfe", b"\xef\xbb\xbf", b"\r", b"\n\n---\n", b"&a", b"*a", b"<!ENTITY x", b"]]>", b'"', b"'",
    b"{" * 50, b"[" * 2000, b"\xe2\x80\xae", b"\xed\xa0\x80", b"1" * 5000, b"../../etc/passwd", b"<p>" * 500,
    b"\xc3\x28", b"\\ud800", b"99999999999999999999", b"-1", b"stream\n", b"endobj", b"/Kids [2 0 R]", b"NaN", b",",
    b";;;;", b"\xf0\x9f\x87\xba",
]  # fmt: skip


def damaged(data: bytes, seed: int, times: int) -> bytes:
    """Flip, cut, double and insert bytes, in places that the seed decides."""
    chance = random.Random(seed)
    content = bytearray(data)
    for _ in range(times):
        at = chance.randrange(len(content) + 1)
        end = min(len(content), at + chance.choice([1, 4, 40, 400]))
        kind = chance.randrange(5)
        if kind == 0 and content:
            content[min(at, len(content) - 1)] = chance.randrange(256)
        elif kind == 1:
            del content[at:end]
        elif kind == 2:
            content[at:at] = content[at:end]
        elif kind == 3:
            content[at:at] = chance.choice(TOKENS)
        else:
            content[at:end] = chance.randbytes(end - at)
    return bytes(content)
