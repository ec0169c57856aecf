"""Options that several commands share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from stance.resources import DEFAULT_MODEL
from stance.table.schema import LANGUAGES

F = TypeVar("F", bound=Callable[..., Any])


def model_option(text: str = "A shipped model, or a folder.") -> Callable[[F], F]:
    """The option that chooses the model."""
    return click.option("-m", "--model", default=DEFAULT_MODEL, show_default=True, help=text)


def _date(context: click.Context, option: click.Parameter, given: str | None) -> str | None:
    """The date that is given, refused at the start if it is none."""
    from stance.documents.dates import iso_date

    try:
        iso_date(given)
    except ValueError as error:
        raise click.BadParameter(f"{error}; give YYYY-MM-DD") from error
    return given


def metadata_options(command: F) -> F:
    """Options that fill metadata which documents do not carry themselves."""
    options = [
        click.option(
            "--manifest", type=click.Path(dir_okay=False), help="CSV with a path column and metadata columns."
        ),
        click.option("--event", help="Name of the meeting, where a document does not say it."),
        click.option("--title", help="Title, where a document has none."),
        click.option("--lang", type=click.Choice(LANGUAGES), help="Language; detected by default."),
        click.option("--date", callback=_date, help="Date (YYYY-MM-DD), where a document has none."),
    ]
    for option in options:
        command = option(command)
    return command


def model_options(command: F) -> F:
    """Options that choose the model and how it runs."""
    options = [
        click.option("--threads", type=click.IntRange(1), help="Threads; all cores by default."),
        model_option(),
    ]
    for option in options:
        command = option(command)
    return command
