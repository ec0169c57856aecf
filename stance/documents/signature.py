"""The format of a file as its first bytes tell it, whatever its name says."""

from __future__ import annotations

import re

from stance.documents.encoding import UnreadableError

_HTML = re.compile(
    rb"(?:<\?xml[^>]*>\s*)?(?:<!--(?:(?!-->).)*-->\s*)*<(?:!doctype\s+html|html|head|body)\b", re.I | re.S
)
_MHTML = re.compile(rb"(?:from|subject|date|mime-version|content-type|snapshot-content-location):", re.I)
_STARTS = {
    b"%PDF-": ".pdf", b"{\\rtf": ".rtf", b"PAR1": ".parquet", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1": ".doc",
}  # fmt: skip


def format_of(head: bytes) -> str | None:
    """The format in which a file is written.

    Args:
        head: the first bytes, a few thousand if there are so many.

    Returns:
        the ending that files of this format have, or None: text, or what no signature tells.
    """
    head = head[:8192].removeprefix(b"\xef\xbb\xbf").lstrip()
    known = next((ending for start, ending in _STARTS.items() if head.startswith(start)), None)
    if known:
        return known
    if head.startswith(b"PK\x03\x04") and (b"word/" in head or b"[Content_Types].xml" in head):
        return ".docx"
    if _HTML.match(head):
        return ".html"
    if _MHTML.match(head) and b"multipart/related" in head:
        return ".mhtml"
    if re.match(rb"\[\s*[{\]]|\{\s*\n", head):
        return ".json"
    return ".jsonl" if head.startswith(b"{") else None


def check_is_text(head: bytes, name: str) -> None:
    """Refuse a file that is named as text and written in another format; JSON is text, too.

    Args:
        head: its first bytes.
        name: its name without the ending.

    Raises:
        UnreadableError: naming the format, and what to do.
    """
    found = format_of(head)
    if found in (".rtf", ".doc"):
        raise UnreadableError(f"it is a {found} file", "Save it as .docx, .pdf or plain text")
    if found and not found.startswith(".json"):
        raise UnreadableError(f"it is a {found} file", f"Rename it to {name}{found}")
