"""Text of unknown encoding."""

from __future__ import annotations

ENCODINGS = ["gb18030", "big5", "cp1252"]
"""What text in the two languages comes in where it is not Unicode; in this order where several fit equally well."""
UNPACKED = 64
"""Largest content of a Word document or a PDF when it is unpacked, in megabytes."""


class UnreadableError(ValueError):
    """The bytes are not what the file's name says; carries the cure."""

    def __init__(self, reason: str, cure: str) -> None:
        super().__init__(reason)
        self.cure = cure


def unpacks_to_too_much() -> UnreadableError:
    """The error for a file that is small on the disk and holds more than `UNPACKED` megabytes."""
    return UnreadableError(f"it holds more than {UNPACKED} MB when it is unpacked", "Save its text as a .txt file")


def decode(data: bytes) -> str:
    """Decode text of unknown encoding: Unicode where it is valid, else the most likely of `ENCODINGS`.

    Raises:
        UnreadableError: if the bytes are binary, damaged UTF-8, or no encoding fits.
    """
    marked = data.startswith((b"\xff\xfe", b"\xfe\xff"))
    try:
        text = data.decode("utf-16" if marked else "utf-8-sig")
    except UnicodeDecodeError as error:
        if not marked and is_mostly_utf8(data):
            line = data.count(b"\n", 0, error.start) + 1
            raise UnreadableError(f"line {line} is damaged UTF-8", "Mend the line, or save it again") from error
        text = _decode_legacy(data)
    if "\x00" in text:
        raise UnreadableError("it holds binary data, not text", "Save it as UTF-8 text")
    return text


def is_mostly_utf8(data: bytes) -> bool:
    """Whether bytes that are not valid UTF-8 are UTF-8 with some damage: most of what is not ASCII is sound."""
    text = data.decode("utf-8", errors="replace")
    broken = text.count("\ufffd")
    return sum(c > "\x7f" for c in text) > 2 * broken


def _decode_legacy(data: bytes) -> str:
    encoding = _legacy_encoding(data)
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        raise UnreadableError(f"it is not valid {encoding}", "Save it as UTF-8 text") from error


def _legacy_encoding(data: bytes) -> str:
    from charset_normalizer import from_bytes

    best = from_bytes(data[:1_000_000], cp_isolation=ENCODINGS).best()
    if best is None:
        raise UnreadableError("its encoding cannot be told", "Save it as UTF-8 text")
    return str(best.encoding)


def encoding_of(head: bytes) -> str:
    """The encoding of a long file, told from its beginning: ``utf-16``, ``utf-8-sig``, or one of `ENCODINGS`.

    Raises:
        UnreadableError: if the bytes are binary, or no encoding fits.
    """
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    if b"\x00" in head:
        raise UnreadableError("it holds binary data, not text", "Save it as UTF-8 text")
    sound = head.decode("utf-8", errors="ignore").encode()
    if len(head) - len(sound) <= 3 and head.startswith(sound[: len(head) - 4]):  # the last character may be cut
        return "utf-8-sig"
    return "utf-8-sig" if is_mostly_utf8(head) else _legacy_encoding(head)
