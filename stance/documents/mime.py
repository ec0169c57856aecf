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
from stance.documents.web_page import PAGE, read_html

_LONGEST_HEADER = 20_000
_MOST_PARTS = 5_000
_MOST_LINES = 1_000_000
_FORWARDED = re.compile(r"(?:(?:re|fwd?|aw|wg|sv|tr|回复|答复|转发)\s*[:：]\s*)+", re.IGNORECASE)
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

    Attached documents are not read; each is named.
    """
    message = _message(file.read())
    attached: list[str] = []
    text = _text(message, attached)
    cure = "Save it as a file of its own"
    if not text:
        without = "Save its text as a .txt file, or remove it"
        raise UnreadableError("no text was found in the e-mail", f"{cure}, if it is attached" if attached else without)
    subject, date = message["subject"], message["date"]
    sent = date.datetime if date else None
    title = _FORWARDED.sub("", str(subject or "").strip(), count=1)
    yield "", {"text": text, "title": title, "date": sent.date().isoformat() if sent else None}
    for name in attached:
        yield f":{name}", UnreadableError("it is attached to an e-mail, and attachments are not read", cure)


def _message(data: bytes) -> EmailMessage:
    """Parse a message; one that the parser would need very long or very much memory for is refused."""
    data = data.removeprefix(b"\xef\xbb\xbf").lstrip()
    cure = "Save its text as a .txt file"
    if data.count(b"\n--") > _MOST_PARTS:
        raise UnreadableError(f"it has more than {_MOST_PARTS:,} parts", cure)
    if data.count(b"\n") > _MOST_LINES:
        raise UnreadableError(f"it has more than {_MOST_LINES:,} lines", cure)
    message = email.message_from_bytes(data, policy=email.policy.default)
    if any(len(value) > _LONGEST_HEADER for part in message.walk() for _, value in part.raw_items()):
        raise UnreadableError(f"a header is longer than {_LONGEST_HEADER:,} characters", cure)
    return message


def _text(part: MIMEPart, attached: list[str]) -> str:
    """The text of a part, and of the parts that it has; names of attachments are added to a list."""
    kind, name = part.get_content_type(), part.get_filename()
    if part.is_attachment() or name or kind == "message/rfc822":
        if not _NO_DOCUMENT.match(kind):
            attached.append(" ".join((name or "attached message").split()))
        return ""
    if kind == "multipart/alternative":
        parts = sorted(part.iter_parts(), key=lambda p: p.get_content_type() != "text/plain")
        return next((text for p in parts if (text := _text(p, attached))), "")
    if part.is_multipart():
        return "\n\n".join(text for p in part.iter_parts() if (text := _text(p, attached)))
    if kind == "text/plain":
        return _unicode(part).strip()
    if kind == "text/html":
        with suppress(UnreadableError):  # no main text: what is left may have some
            return "\n\n".join(str(record["text"]) for _, record in _page(part) if isinstance(record, dict))
    return ""


def _content(part: MIMEPart) -> bytes:
    content = part.get_payload(decode=True)
    return content if isinstance(content, bytes) else b""


def _unicode(part: MIMEPart) -> str:
    content = _content(part)
    with suppress(LookupError, UnicodeDecodeError):  # an encoding that is not known, or not that of the text
        if charset := part.get_content_charset():
            return content.decode(charset)
    return decode(content)


def _page(part: MIMEPart) -> Iterator[Located]:
    content = _content(part)
    if len(content) > PAGE << 20:
        raise UnreadableError(f"its page is larger than {PAGE} MB", "Save its text as a .txt file")
    with suppress(LookupError, UnicodeDecodeError):
        content = content.decode(part.get_content_charset("utf-8")).encode("utf-8-sig")
    if not re.search(rb"<(?:html|body)\b", content, re.IGNORECASE):  # as some mail programs write it
        content = b"<html><body>" + content.removeprefix(b"\xef\xbb\xbf") + b"</body></html>"
    yield from read_html(io.BytesIO(content))
