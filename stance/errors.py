"""Errors that a user can act on: each says what is wrong, where, and how to cure it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from stance.table.schema import READ

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_RECORD = re.compile(rf"(stdin|.*(?:{'|'.join(map(re.escape, (*READ, '.eml')))})):\d+", re.IGNORECASE | re.DOTALL)


class StanceError(Exception):
    """Any failure that the user can mend. The command line prints its message without a traceback."""


@dataclass(frozen=True)
class InputFailure:
    """One input that could not be read; the others go on.

    Attributes:
        location: the file, or ``file:line`` for one record of it; `printable`, as are the others.
        reason: what is wrong with it.
        cure: what the user can do about it.
        inputs: how many it stands for; more than one where a file has very many bad records.
    """

    location: str
    reason: str
    cure: str
    inputs: int = 1

    def __post_init__(self) -> None:
        for key in ("location", "reason", "cure"):
            object.__setattr__(self, key, printable(getattr(self, key)))

    @property
    def file(self) -> str:
        """The location without the number of a record."""
        return without_record(self.location)

    def __str__(self) -> str:
        return f"{self.location}: {self.reason}. {self.cure}"


def without_record(location: str) -> str:
    """The file of ``file:line``; a number after what is no file of many records is part of a name, as in ``10:30``."""
    return match[1] if (match := _RECORD.fullmatch(location)) else location


def printable(text: str) -> str:
    """A text that every file and screen takes on one line: what of a file's name is no text stands as an escape."""
    return _CONTROL.sub(lambda match: match[0].encode("unicode_escape").decode(), encodable(text))


def encodable(text: str) -> str:
    """A text that UTF-8 takes: bytes in a file's name that are no text stand as escapes."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


class InputError(StanceError):
    """Raised where inputs cannot be read and the caller asked for all or nothing."""

    def __init__(self, failures: list[InputFailure]) -> None:
        self.failures = failures
        super().__init__("\n".join(str(f) for f in failures))


@contextmanager
def needs_extra(extra: str, what: str) -> Iterator[None]:
    """Turn the lack of a package into an error that names the extra with which it is installed."""
    try:
        yield
    except ImportError as error:
        raise StanceError(
            f"{what} needs the extra «{extra}»: pip install '.[{extra}]' in the cloned repository ({error})"
        ) from error


def system_error(error: OSError, place: str | Path | None = None) -> str:
    """An error of the file system or the network in words, with what can be done about it.

    Args:
        error: the error.
        place: what was to be written or read; the file that the error names, if not given.
    """
    place = place or error.filename
    text = error.strerror or str(error)
    where = f"{place}: " if place else ""
    cure = "Check the path, the rights and the space on the disk, or the connection; then run the command again"
    return f"{where}{text}. {cure}"
