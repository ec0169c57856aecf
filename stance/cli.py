"""The command line: `stance score`, `stance compare`, and the commands of researchers who train and evaluate."""

from __future__ import annotations

import errno
import json
import logging
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from stance import __version__
from stance.annotation.annotate import annotate
from stance.annotation.commands import corpus
from stance.classifier.commands import ablate, baselines, evaluate, models, train
from stance.command_options import metadata_options, model_options
from stance.contrast.commands import alignment
from stance.errors import InputFailure, StanceError, system_error
from stance.scoring.command import score

if TYPE_CHECKING:
    import pandas as pd

    from stance.classifier.predict import Model
    from stance.contrast.comparison import Comparison
    from stance.documents.document import Document

logger = logging.getLogger(__name__)


class _Commands(click.Group):
    """Prints the package's own errors and the system's in one line; exit code 2."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except StanceError as error:
            _print_error(str(error))
        except OSError as error:
            if error.errno == errno.EPIPE:  # click ends quietly when nobody reads on
                raise
            logger.info("the system's error in full:", exc_info=True)
            _print_error(system_error(error))
        ctx.exit(2)


def _print_error(text: str) -> None:
    for line in text.splitlines():
        click.echo(f"error: {line}", err=True)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="stance")
@click.option("-v", "--verbose", is_flag=True, help="Log what is done, to stderr.")
def main(verbose: bool) -> None:
    """Read diplomatic readouts the way a careful coder would.

    \b
    stance compare us.md china.md          two readouts of one meeting -> HTML report
    stance score readouts/ -o table.csv    label every sentence of many documents
    """  # noqa: D301  # click's mark for text that is not to be wrapped
    logging.basicConfig(
        level=logging.INFO if verbose else logging.WARNING, format="%(asctime)s %(levelname)s %(message)s"
    )


@main.command()
@click.argument("first", metavar="US|TABLE|FOLDER")
@click.argument("second", metavar="[CHINA]", required=False)
@click.option(
    "-o",
    "--output",
    default="stance-report",
    show_default=True,
    help="Folder for report, tables and figures.",
)
@click.option("--by", default="source", show_default=True, help="Column that tells the two groups apart.")
@click.option("--groups", default="us,china", show_default=True, help="Its two values, joined by a comma.")
@click.option(
    "--codebook", type=click.Path(dir_okay=False), help="Codebook of a table's labels, if not the shipped one."
)
@click.option(
    "--gold",
    type=click.Path(dir_okay=False),
    help="Hand-coded labels of some of the sentences (.jsonl .csv .parquet), to correct for the model's error.",
)
@click.option("--us-speaker", help="Take only turns of this speaker from the US document (part of the name).")
@click.option("--china-speaker", help="Take only turns of this speaker from the Chinese document.")
@click.option("--open", "open_report", is_flag=True, help="Open the report in the browser.")
@metadata_options
@model_options
@click.option(
    "--format",
    "shape",
    type=click.Choice(["text", "markdown", "json"]),
    default="text",
    show_default=True,
    help="What is printed: one line a finding, the report as Markdown, or the findings for machines.",
)
@click.option("--json", "as_json", is_flag=True, help="The same as --format json.")
def compare(
    first: str, second: str | None, output: str, shape: str, as_json: bool, open_report: bool, **options: Any
) -> None:
    """Contrast how two sides put the topics that they share, as an HTML report with tables and figures.

    Two documents: the American and the Chinese account of one meeting. One argument: a scored table, or a folder (or
    JSONL) of documents that carry their source, and the event that ties two accounts together; with several meetings
    the report shows them over time.

    Written to the folder: report.html, report.md, findings.json, sentences.parquet, tables as CSV, figures as SVG and
    PNG.
    """
    import stance
    from stance.contrast.gold import read_gold

    groups = tuple(g.strip() for g in options["groups"].split(","))
    if len(groups) != 2:
        raise click.BadParameter("give two values joined by a comma", param_hint="--groups")
    if second is None and (options["us_speaker"] or options["china_speaker"]):
        raise click.UsageError("--us-speaker and --china-speaker need two documents: stance compare US CHINA")
    failures: list[InputFailure] = []
    book: Any = options["codebook"]
    if second is None and (table := _scored_table(first)) is not None:
        pass
    else:
        from stance.classifier.predict import Model

        model = Model(options["model"], threads=options["threads"])
        book = book or model.codebook
        if second is None:
            table = _score(_read([first], failures, options), model)
        else:
            table = _score_pair(first, second, model, failures, options)
    _report_failures(failures)
    if table is None or table.empty:
        raise StanceError("nothing is left to compare. Mend the inputs named above")
    gold = read_gold(options["gold"]) if options["gold"] else None
    comparison = stance.compare(table, by=options["by"], groups=(groups[0], groups[1]), codebook=book, gold=gold)
    files = comparison.write(output)
    _print_findings(comparison, files, "json" if as_json else shape)
    if open_report:
        click.launch(str(files[0]))
    sys.exit(1 if failures else 0)


def _print_findings(comparison: Comparison, files: list[Path], shape: str) -> None:
    """The findings on stdout, in words, as Markdown or as JSON."""
    from stance.report.page import finding_heading
    from stance.report.text import findings_record, markdown_report

    if shape == "json":
        record = {"report": str(files[0]), **findings_record(comparison)}
        click.echo(json.dumps(record, ensure_ascii=False, allow_nan=False, default=str))
    elif shape == "markdown":
        click.echo(markdown_report(comparison), nl=False)
    else:
        for finding in comparison.findings:
            click.echo(f"- {finding_heading(finding, comparison)}. {finding.text}")
        for note in (
            comparison.corrected.notes[:1] if "gold" in comparison.sides.table else comparison.sides.prediction_note
        ):
            click.echo(f"\n{note}")
        click.echo(f"\nReport: {files[0].resolve()}  ({len(files) - 1} more files beside it: tables, figures, text)")


@main.command()
@click.argument("dimension", required=False, type=click.Choice(["issue", "stance", "holder", "frame"]))
@click.option("--file", "path", type=click.Path(dir_okay=False), help="Another codebook; it is checked as well.")
@click.option("--rules", is_flag=True, help="Print the boundary rules too.")
@click.option("--markdown", is_flag=True, help="Print all of it as a Markdown page.")
def codebook(dimension: str | None, path: str | None, rules: bool, markdown: bool) -> None:
    """Print the codebook: every label with its definition."""
    from stance.codebook import codebook_page, load_codebook

    book = load_codebook(path)
    if markdown:
        click.echo(codebook_page(book), nl=False)
        return
    click.echo(f"Codebook {book.version}: {len(book.outputs)} labels")
    for d in book.dimensions:
        if dimension in (None, d.key):
            click.echo(f"\n{d.key} ({d.arity.replace('_', ' ')}): {d.question}")
            for label in d.labels:
                place = "" if label.position is None else f" [{label.position:+.1f}]"
                click.echo(f"  {label.key:26} {label.definition}{place}")
            for rule in d.rules if rules else ():
                click.echo(f"  - {rule}")


main.add_command(score)
main.add_command(train)
main.add_command(evaluate)
main.add_command(ablate)
main.add_command(baselines)
main.add_command(models)
main.add_command(annotate)
main.add_command(corpus)
corpus.add_command(alignment)


def _metadata(options: dict[str, Any]) -> dict[str, str | None]:
    return {k: options.get(k) for k in ("date", "lang", "title", "event")}


def _without_failures(items: Iterator[Document | InputFailure], failures: list[InputFailure]) -> Iterator[Document]:
    for item in items:
        if isinstance(item, InputFailure):
            failures.append(item)
        else:
            yield item


def _progress(documents: Iterator[Document]) -> Iterator[Document]:
    """A progress bar on a terminal; nothing in a pipe."""
    if not sys.stderr.isatty():
        return documents
    from tqdm import tqdm

    return iter(tqdm(documents, unit=" documents", desc="scoring", dynamic_ncols=True))


def _report_failures(failures: list[InputFailure]) -> None:
    for failure in failures:
        click.echo(f"failed: {failure}", err=True)


def _scored_table(path: str) -> pd.DataFrame | None:
    """The table if a file holds one, None if it holds documents or something else."""
    from stance.table import FORMATS, holds_labels, read_table

    if (Path(path) / "_manifest.json").is_file():
        return read_table(path)
    if Path(path).suffix not in FORMATS or not Path(path).is_file() or not holds_labels(path):
        return None
    return read_table(path)


def _read(inputs: list[str], failures: list[InputFailure], options: dict[str, Any]) -> list[Document]:
    from stance.documents import iterate_documents

    items = iterate_documents(inputs, manifest=options["manifest"], position=None, claims=None, **_metadata(options))
    return list(_without_failures(items, failures))


def _score(documents: list[Document], model: Model) -> pd.DataFrame:
    import stance

    return stance.score(_progress(iter(documents)), model)


def _score_pair(
    us: str, china: str, model: Model, failures: list[InputFailure], options: dict[str, Any]
) -> pd.DataFrame:
    from dataclasses import replace

    import pandas as pd

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
        elif len(part) and part["speaker"].nunique() > 1:
            there = ", ".join(sorted(set(part["speaker"].dropna())))
            click.echo(f"note: {path} holds turns of {there}; --{source}-speaker takes those of one", err=True)
        parts.append(part)
        paths.append(path)
    if any(p.empty for p in parts):
        _report_failures(failures)
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
