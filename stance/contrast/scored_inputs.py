"""The inputs of a comparison on the command line: a scored table, documents to be scored, or a pair of them."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from stance.errors import InputFailure, StanceError

if TYPE_CHECKING:
    import pandas as pd

    from stance.classifier.predict import Model
    from stance.documents.document import Document


def scored_table(path: str) -> pd.DataFrame | None:
    """Read a scored table.

    Returns:
        the table if a file or a folder of shards holds one, None if it holds documents or something else.
    """
    from stance.documents.files import is_archive
    from stance.table import holds_labels, read_table

    if is_archive(Path(path)) or any(Path(path).glob("part-*.parquet")):  # those of a run that was stopped, too
        return read_table(path)
    if not Path(path).is_file() or not holds_labels(path):
        return None
    return read_table(path)


def score_inputs(
    inputs: list[str], model: Model, failures: list[InputFailure], options: dict[str, Any]
) -> pd.DataFrame:
    """Read and score documents.

    Args:
        inputs: as for `stance.documents.iterate_documents`.
        model: labels the sentences.
        failures: what cannot be read is added.
        options: of the command: metadata and ``manifest``.

    Returns:
        the sentence table.
    """
    return _score(_read(inputs, failures, options), model)


def score_pair(
    us: str, china: str, model: Model, failures: list[InputFailure], options: dict[str, Any]
) -> pd.DataFrame:
    """Read and score the two accounts of one meeting.

    Args:
        us: file of the American account.
        china: of the Chinese one.
        model: labels the sentences.
        failures: what cannot be read is added.
        options: of the command: metadata, ``manifest``, ``us_speaker``, ``china_speaker``.

    Returns:
        the sentence table of both, in the order of the sides, tied together by one event.

    Raises:
        StanceError: if a document's source contradicts its place, a side is empty, or no turn is of the speaker.
    """
    from dataclasses import replace

    import pandas as pd

    from stance.sentences import TURN_MARKS

    given = [(path, _read([path], failures, options)) for path in (us, china)]
    parts, paths = [], []
    for (path, documents), source in zip(_in_place(given, options), ("us", "china"), strict=True):
        part = _score([replace(d, source=source) for d in documents], model)
        speaker = options[f"{source}_speaker"]
        if speaker and len(part):
            turns = part["speaker"].fillna("").str.contains(speaker, case=False, regex=False)
            if not turns.any():
                there = ", ".join(sorted(set(part["speaker"].dropna()))) or "none"
                raise StanceError(f"{path}: no turn of {speaker!r}. Speakers found: {there}")
            part = part[turns]
        elif len(named := set(part["speaker"].dropna()) - set(TURN_MARKS)) > 1:
            there = ", ".join(sorted(named))
            click.echo(f"note: {path} holds turns of {there}; --{source}-speaker takes those of one", err=True)
        parts.append(part)
        paths.append(path)
    if any(p.empty for p in parts):
        report_failures(failures)
        raise StanceError("one side has no sentences. Mend the inputs named above" if failures else "one side is empty")
    _unite_event(parts, paths)
    if set(parts[0]["doc_id"]) & set(parts[1]["doc_id"]):  # both sides name a document alike
        parts = [p.assign(doc_id=p["source"] + "-" + p["doc_id"]) for p in parts]
    return pd.concat(parts, ignore_index=True)


def _in_place(given: list[tuple[str, list[Document]]], options: dict[str, Any]) -> list[tuple[str, list[Document]]]:
    """Put the American documents first: swap two inputs that both say so, refuse one that contradicts its place.

    A transcript of which one speaker's turns are taken may have been published by the other side.
    """
    says = [{d.source for d in documents} - {"other"} for _, documents in given]
    if says == [{"china"}, {"us"}]:
        text = f"note: {given[1][0]} is the American account and {given[0][0]} the Chinese one, as their source says"
        click.echo(f"{text}; they are taken in this order", err=True)
        return given[::-1]
    for (path, _), sources, place in zip(given, says, ("us", "china"), strict=True):
        if sources - {place} and not options[f"{place}_speaker"]:
            raise StanceError(
                f"{path}: its source is {', '.join(sorted(sources))}, but it stands in the place of {place}. Give the "
                "American document first and the Chinese one second, or mend or remove its source"
            )
    return given


def _unite_event(parts: list[pd.DataFrame], paths: list[str]) -> None:
    """Give two documents, which are one meeting, one event: the first that is given."""
    from stance.contrast.meetings import folded

    if any(part["doc_id"].nunique() > 1 for part in parts):
        return
    events = [part["event"].iloc[0] for part in parts]
    given = [(path, event) for path, event in zip(paths, events, strict=True) if isinstance(event, str) and event]
    if len({folded(event) for _, event in given}) > 1:
        named = " and ".join(f"{path} {event!r}" for path, event in given)
        click.echo(f"note: the events differ: {named}. The two are compared as one meeting, {given[0][1]!r}", err=True)
    for number, part in enumerate(parts):
        parts[number] = part.assign(event=given[0][1] if given else None)


def report_failures(failures: list[InputFailure]) -> None:
    """Print what could not be read on stderr, one line each."""
    for failure in failures:
        click.echo(f"failed: {failure}", err=True)


def _read(inputs: list[str], failures: list[InputFailure], options: dict[str, Any]) -> list[Document]:
    from stance.documents.collect import iterate_documents, without_failures

    items = iterate_documents(inputs, manifest=options["manifest"], position=None, claims=None, **_metadata(options))
    return list(without_failures(items, failures))


def _score(documents: list[Document], model: Model) -> pd.DataFrame:
    import stance

    return stance.score(_progress(iter(documents)), model)


def _metadata(options: dict[str, Any]) -> dict[str, str | None]:
    return {k: options.get(k) for k in ("date", "lang", "title", "event")}


def _progress(documents: Iterator[Document]) -> Iterator[Document]:
    """A progress bar on a terminal; nothing in a pipe."""
    if not sys.stderr.isatty():
        return documents
    from tqdm import tqdm

    return iter(tqdm(documents, unit=" documents", desc="scoring", dynamic_ncols=True))
