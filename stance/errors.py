"""Errors that a user can act on: each says what is wrong, where, and how to cure it."""

from __future__ import annotations

from dataclasses import dataclass


class StanceError(Exception):
    """Any failure that the user can mend. The command line prints its message without a traceback."""


@dataclass(frozen=True)
class InputFailure:
    """One input that could not be read; the others go on.

    Attributes:
        location: the file, or ``file:line`` for one record of it.
        reason: what is wrong with it.
        cure: what the user can do about it.
    """

    location: str
    reason: str
    cure: str

    def __str__(self) -> str:
        return f"{self.location}: {self.reason}. {self.cure}"


class InputError(StanceError):
    """Raised where inputs cannot be read and the caller asked for all or nothing."""

    def __init__(self, failures: list[InputFailure]) -> None:
        self.failures = failures
        super().__init__("\n".join(str(f) for f in failures))
