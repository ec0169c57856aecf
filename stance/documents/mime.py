"""Readers of MIME messages: e-mails, and web pages that a browser saved as a single file."""

from __future__ import annotations

import email
import email.policy
import io
import re
from collections.abc import Iterator
from contextlib import suppress
from email.message import EmailMessage, MIMEPart
from typing import BinaryIO

from stance.documents.encoding import UnreadableError, decode
from stance.documents.records import Located
from stance.documents.web_page import PAGE_MEGABYTES, encoding_named, read_html

_LONGEST_HEADER = 10_000
_MOST_CONTENT_HEADERS = 200_000
"""Bytes of the headers ``Content-…`` of all parts together, for each of which the parser needs quadratic time."""
_CONTENT_HEADER = re.compile(rb"(?:^|[\r\n])content-[\w-]+:[^\r\n]*(?:[\r\n]{1,2}[ \t][^\r\n]*)*", re.IGNORECASE)
_MOST_PARTS = 2_000
_MOST_LINES = 1_000_000
_FORWARDED = re.compile(r"\A(?:(?:re|fwd?|aw|wg|sv|tr|回复|答复|转发)\s*[:：]\s*)+", re.IGNORECASE)
_NEXT_MESSAGE = re.compile(rb"\n\r?\nFrom [^\r\n]+\r?\n[A-Za-z][A-Za-z0-9-]*:[ \t]")
"""Where the next message of a mailbox begins (RFC 4155)."""
_NO_DOCUMENT = re.compile(r"(?:image|audio|video|font)/|.+/(?:css|calendar|[\w.+-]*vcard|[\w.+-]*signature)$")
"""Types of parts that are passed over: they hold no text of a document."""


def read_mhtml(file: BinaryIO) -> Iterator[Located]:
    """Read a web page that a browser saved as a single file (MHTML, RFC 2557), as `read_html` reads it."""
    page = _message(file.read()).get_body(("html",))
    if page is None:
        raise UnreadableError("it holds no web page", "Save the page as .html, or its text as a .txt file")
    yield from _page(page)


def read_eml(file: BinaryIO) -> Iterator[Located]:
    """Read an e-mail: its text, or where it has none its page, with subject and date.

    Attached documents are not read; they are named, and so is any other part that is not.
    """
    data = file.read()
    if data.startswith(b"From ") and _NEXT_MESSAGE.search(data):
        raise UnreadableError("it holds several messages (mbox)", "Save each message as a file of its own")
    message = _message(data)
    attached: list[str] = []
    failed: list[str] = []
    text = _text(message, attached, failed)
    unread = [*attached, *failed]
    if not text:
        why = f" ({unread[0]} is not read)" if unread else ""
        cure = "Save its text, or its attachment, as a file of its own"
        raise UnreadableError(f"no text was found in the e-mail{why}", cure)
    subject, date = message["subject"], message["date"]
    sent = date.datetime if date else None
    title = _FORWARDED.sub("", str(subject or "").strip())
    yield "", {"text": text, "title": title, "date": sent.date().isoformat() if sent else None}
    for number, what in enumerate(unread, 1):
        yield f":{number}", UnreadableError(f"{what} is not read", "Save it as a file of its own")


def _message(data: bytes) -> EmailMessage:
    """Parse a message; one that the parser would need very long or very much memory for is refused."""
    data = data.removeprefix(b"\xef\xbb\xbf").lstrip()
    cure = "Save its text as a .txt file"
    if data.count(b"\n--") + data.count(b"\r--") > _MOST_PARTS:
        raise UnreadableError(f"it has more than {_MOST_PARTS:,} parts", cure)
    if max(data.count(b"\n"), data.count(b"\r")) > _MOST_LINES:
        raise UnreadableError(f"it has more than {_MOST_LINES:,} lines", cure)
    lengths = [len(m.group()) for m in _CONTENT_HEADER.finditer(data)]
    if max(lengths, default=0) > _LONGEST_HEADER or sum(lengths) > _MOST_CONTENT_HEADERS:
        raise UnreadableError("the headers of its parts are longer than any that mail programs write", cure)
    message = email.message_from_bytes(data, policy=email.policy.default)
    if any(len(value) > _LONGEST_HEADER for part in message.walk() for _, value in part.raw_items()):
        raise UnreadableError(f"a header is longer than {_LONGEST_HEADER:,} characters", cure)
    return message


def _text(part: MIMEPart, attached: list[str], failed: list[str]) -> str:
    """The text of a part, and of the parts that it has; what is not read is added to the lists."""
    kind, name = part.get_content_type(), part.get_filename()
    if part.is_attachment() or name or kind == "message/rfc822":
        if not _NO_DOCUMENT.match(kind):
            attached.append(f"its attachment {_on_a_line(name or kind)}")
        return ""
    if kind == "multipart/alternative":
        return _alternative(part, attached, failed)
    if part.is_multipart():
        return "\n\n".join(text for p in part.iter_parts() if (text := _text(p, attached, failed)))
    return "" if _NO_DOCUMENT.match(kind) else _leaf(part, kind, failed)


def _alternative(part: MIMEPart, attached: list[str], failed: list[str]) -> str:
    """The first of several versions of a text, or, where that only tells to look at another one, the longest."""
    missed: list[str] = []
    texts = [text for p in part.iter_parts() if (text := _text(p, attached, missed))]
    if not texts:
        failed += missed
        return ""
    longest = max(texts, key=len)
    return longest if len(longest) > 4 * len(texts[0]) else texts[0]


def _leaf(part: MIMEPart, kind: str, failed: list[str]) -> str:
    """The text of a part that has no others."""
    why = ""
    try:
        if kind == "text/html":
            return "\n\n".join(str(record["text"]) for _, record in _page(part) if isinstance(record, dict))
        if kind.startswith("text/"):
            return _unicode(part).strip()
    except UnreadableError as error:
        if not re.sub(rb"<[^>]*>|&nbsp;|\s", b"", _content(part)):
            return ""
        why = f" ({error})"
    failed.append(f"its part {_on_a_line(kind)}{why}")
    return ""


def _on_a_line(name: str) -> str:
    return " ".join("".join(c if c.isprintable() else " " for c in name).split())[:80]


def _content(part: MIMEPart) -> bytes:
    content = part.get_payload(decode=True)
    return content if isinstance(content, bytes) else b""


def _declared(part: MIMEPart) -> str | None:
    """The text of a part in the encoding that it declares, or in UTF-8 where that fits; None if neither does."""
    content = _content(part)
    charset = part.get_content_charset()
    for name in [charset] if charset and content.isascii() else ["utf-8", charset or "utf-8"]:
        with suppress(LookupError, UnicodeDecodeError):
            return content.decode(encoding_named(name))
    return None


def _unicode(part: MIMEPart) -> str:
    text = _declared(part)
    return decode(_content(part) if text is None else text.encode("utf-8", "replace"))  # which refuses what is no text


def _page(part: MIMEPart) -> Iterator[Located]:
    content = _content(part)
    if len(content) > PAGE_MEGABYTES << 20:
        raise UnreadableError(f"its page is larger than {PAGE_MEGABYTES} MB", "Save its text as a .txt file")
    text = _declared(part)
    yield from read_html(io.BytesIO(content if text is None else text.encode("utf-8-sig", "replace")))
