"""The record of one run of `stance score`: what an operator reads the next morning."""

from __future__ import annotations

import datetime
import errno
import json
import logging
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from stance.errors import StanceError, encodable, printable, system_error

if TYPE_CHECKING:
    from stance.classifier.predict import Model
    from stance.scoring.archive import Summary

logger = logging.getLogger(__name__)


def say(text: str) -> None:
    """Print a line on stderr; that it cannot be written, as on a full disk, stops no run."""
    with suppress(OSError):
        click.echo(text, err=True)


class RunRecord:
    """Start, end and outcome of a run.

    Args:
        output: where the table goes.
        model: the model as it was asked for.

    Attributes:
        summary: what the run has done so far; None before it has begun.
        loaded: the model; None before it is found.
    """

    def __init__(self, output: str, model: str) -> None:
        self.output, self.model = output, model
        self.summary: Summary | None = None
        self.loaded: Model | None = None
        self._started = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
        self._clock = time.monotonic()

    def begun(self, inputs: Sequence[str], model: Model, threads: int | None, engine: str) -> None:
        """Note the model, and log what is scored with what."""
        self.loaded = model
        if logger.isEnabledFor(logging.INFO):  # the name of what runs the network waits for it
            places = (printable(" ".join(inputs)), printable(self.output))
            what = (*places, model.identity, model.engine, engine, threads or "all")
            logger.info("scoring %s -> %s with %s, %s; engine %s, threads: %s", *what)

    def to_dict(self, exit_code: int, error: str | None) -> dict[str, Any]:
        """The record for machines.

        Args:
            exit_code: of the process.
            error: why the run ended early; None if it did not.
        """
        from stance.scoring.archive import Summary

        summary = self.summary or Summary(self.output, self.model)
        if self.loaded:
            summary.model, summary.codebook = self.loaded.identity, self.loaded.codebook.version
            with suppress(StanceError):
                summary.engine = self.loaded.engine
        seconds = round(time.monotonic() - self._clock, 3)
        return {"started": self._started, "seconds": seconds, "exit": exit_code, "error": error, **asdict(summary)}

    def end(self, exit_code: int, error: str | None, as_json: bool) -> None:
        """Log the end, and print the record if it is asked for: on stderr where the rows go to stdout."""
        logger.info("ended after %.1f s with exit code %d", time.monotonic() - self._clock, exit_code)
        if as_json:
            line = encodable(json.dumps(self.to_dict(exit_code, error), ensure_ascii=False))
            if self.output == "-":
                say(line)
            else:
                click.echo(line)

    @contextmanager
    def ended(self, as_json: bool, stopped: str) -> Iterator[None]:
        """End the record where the run fails or is stopped.

        Errors go on to the command line, which prints them; after an interrupt, `stopped` is said and the exit code
        is 130. A fault of the program itself is logged with its traceback, and the exit code is 3: with Python's own,
        1, it would pass for a run of which some inputs failed.
        """
        try:
            yield
        except KeyboardInterrupt:
            say(stopped)
            self.end(130, stopped, as_json)
            sys.exit(130)
        except (StanceError, OSError) as error:
            if isinstance(error, OSError) and error.errno == errno.EPIPE:
                raise
            self.end(2, system_error(error) if isinstance(error, OSError) else str(error), as_json)
            raise
        except click.ClickException:
            raise
        except Exception as error:
            logger.error("stopped by a fault of the program; please report these lines:", exc_info=True)
            said = f"a fault of the program, {type(error).__name__}: {error}"
            say(f"error: {printable(said)}")
            self.end(3, said, as_json)
            sys.exit(3)
