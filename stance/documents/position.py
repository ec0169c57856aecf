"""How far reading has come, for a rate and the time left."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class Position:
    """Bytes of the inputs.

    Attributes:
        total: bytes of all inputs that are files; None while they are not known, or where stdin is among them.
        done: bytes of the files that are read.
        within: bytes of the present file that are read.
    """

    total: int | None = None
    done: int = 0
    within: int = 0

    @property
    def share(self) -> float | None:
        """Share of the inputs that is read, 0 to 1, or None where it is not known."""
        return min(1.0, (self.done + self.within) / self.total) if self.total else None
