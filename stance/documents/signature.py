"""The format of a file as its first bytes tell it, whatever its name says."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable

from stance.documents.encoding import UnreadableError
from stance.table.schema import csv_delimiter

_HTML = re.compile(
    rb"(?:<\?xml[^>]*>\s*)?(?:<!--(?:(?!-->).)*-->\s*)*<(?:!doctype\s+html|html|head|body)\b", re.I | re.S
)
_MHTML = re.compile(rb"(?:from|subject|date|mime-version|content-type|snapshot-content-location):", re.I)
_MAIL = re.compile(
    rb"(?:from [^\r\n]*\r?\n)?[a-z][a-z0-9-]{1,40}:[ \t].*?"
    rb"^(?:mime-version:[ \t]*1|message-id:[ \t]*<|received:[ \t]*(?:from|by)[ \t])",
    re.I | re.M | re.S,
)
_COLUMN = re.compile(r"[\w.-]*(?: [\w.-]+){0,2}")
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
    head = head[:8192]
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        head = head.decode("utf-16", errors="ignore").encode()
    head = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    known = next((ending for start, ending in _STARTS.items() if head.startswith(start)), None)
    if known:
        return known
    return next((ending for ending, fits in _CONTENTS.items() if fits(head)), None)


def _is_table(head: bytes) -> bool:
    """Whether the first line names the columns of a table, one of them ``text``."""
    line = re.split(rb"[\r\n\0]", head, maxsplit=1)[0].decode("utf-8", errors="replace")
    cells = {c.strip().casefold() for c in next(csv.reader([line], delimiter=csv_delimiter(line)), [])}
    return "text" in cells and len(cells) > 1 and all(_COLUMN.fullmatch(c) for c in cells)


_CONTENTS: dict[str, Callable[[bytes], object]] = {
    ".docx": lambda head: head.startswith(b"PK\x03\x04") and (b"word/" in head or b"[Content_Types].xml" in head),
    ".html": _HTML.match,
    ".mhtml": lambda head: _MHTML.match(head) and b"multipart/related" in head,
    ".eml": lambda head: _MAIL.match(re.split(rb"\r?\n\r?\n", head, maxsplit=1)[0]),
    ".json": re.compile(rb"\[\s*[{\]]|\{\s*\n").match,
    ".jsonl": lambda head: head.startswith(b"{"),
    ".csv": _is_table,
}
"""What the first bytes of other formats are like, asked in this order."""


def check_is_text(head: bytes, name: str) -> None:
    """Refuse a file that is named as text and written in another format; JSON and CSV are text, too.

    Args:
        head: its first bytes.
        name: its name without the ending.

    Raises:
        UnreadableError: naming the format, and what to do.
    """
    found = format_of(head)
    if found in (".rtf", ".doc"):
        raise UnreadableError(f"it is a {found} file", "Save it as .docx, .pdf or plain text")
    if found and not found.startswith((".json", ".csv")):
        raise UnreadableError(f"it is a {found} file", f"Rename it to {name}{found}")
