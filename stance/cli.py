"""The command line: `stance score`, `stance compare`, and the commands of researchers who train and evaluate."""

from __future__ import annotations

import errno
import json
import logging
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from stance import __version__
from stance.annotation.annotate import annotate
from stance.annotation.commands import corpus
from stance.classifier.commands import ablate, baselines, calibrate, evaluate, models, train
from stance.command_options import metadata_options, model_options
from stance.contrast.commands import alignment
from stance.errors import InputFailure, StanceError, system_error
from stance.scoring.command import score

if TYPE_CHECKING:
    from stance.contrast.comparison import Comparison

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
    from stance.contrast.scored_inputs import report_failures, score_inputs, score_pair, scored_table

    groups = tuple(g.strip() for g in options["groups"].split(","))
    if len(groups) != 2:
        raise click.BadParameter("give two values joined by a comma", param_hint="--groups")
    if second is None and (options["us_speaker"] or options["china_speaker"]):
        raise click.UsageError("--us-speaker and --china-speaker need two documents: stance compare US CHINA")
    failures: list[InputFailure] = []
    book: Any = options["codebook"]
    if second is None and (table := scored_table(first)) is not None:
        _refuse_of_table(first)
    else:
        from stance.classifier.predict import Model

        model = Model(options["model"], threads=options["threads"])
        book = book or model.codebook
        if second is None:
            table = score_inputs([first], model, failures, options)
        else:
            table = score_pair(first, second, model, failures, options)
    report_failures(failures)
    if table is None or table.empty:
        raise StanceError("nothing is left to compare. Mend the inputs named above")
    gold = read_gold(options["gold"]) if options["gold"] else None
    comparison = stance.compare(table, by=options["by"], groups=(groups[0], groups[1]), codebook=book, gold=gold)
    shape = "json" if as_json else shape
    if shape == "text":
        _print_findings(comparison)  # before the figures are drawn, which takes longer than all the rest
    files = comparison.write(output)
    _print_written(comparison, files, shape)
    if open_report:
        click.launch(str(files[0]))
    sys.exit(1 if failures else 0)


OF_DOCUMENTS = ("event", "title", "date", "lang", "manifest", "model", "threads")
"""Options of `compare` that say something of documents and how they are scored."""


def _refuse_of_table(path: str) -> None:
    """Raise where options are given that mean nothing for a table that is scored already."""
    source = click.get_current_context().get_parameter_source
    if given := [f"--{name}" for name in OF_DOCUMENTS if source(name) is ParameterSource.COMMANDLINE]:
        raise click.UsageError(
            f"{path} is a scored table, for which {', '.join(given)} means nothing. Leave it out, or give the documents"
        )


def _print_findings(comparison: Comparison) -> None:
    """The findings on stdout, a line each, and what corrects them or does not."""
    from stance.report.text import findings_at_a_glance

    click.echo(findings_at_a_glance(comparison))
    corrected = "gold" in comparison.sides.table
    for note in comparison.corrected.notes[:1] if corrected else comparison.sides.prediction_note:
        click.echo(f"\n{note}")


def _print_written(comparison: Comparison, files: list[Path], shape: str) -> None:
    """Where the report is; or its findings on stdout, as Markdown or as JSON."""
    from stance.report.text import findings_record, markdown_report

    if shape == "json":
        record = {"report": str(files[0]), **findings_record(comparison)}
        click.echo(json.dumps(record, ensure_ascii=False, allow_nan=False, default=str))
    elif shape == "markdown":
        click.echo(markdown_report(comparison), nl=False)
    else:
        click.echo(f"\nReport: {files[0].resolve()}")
        click.echo(f"Beside it report.md, with each finding in full, and {len(files) - 2} more files: tables, figures")


@main.command()
@click.argument("dimension", required=False, type=click.Choice(["issue", "stance", "holder", "frame"]))
@click.option("--file", "path", type=click.Path(dir_okay=False), help="Another codebook; it is checked as well.")
@click.option("--rules", is_flag=True, help="Print notes, examples and boundary rules too.")
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
            if rules and d.note:
                click.echo(f"  {d.note}")
            for label in d.labels:
                place = "" if label.position is None else f" [{label.position:+.1f}]"
                click.echo(f"  {label.key:26} {label.definition}{place}")
                if rules and label.example:
                    click.echo(f"  {'':26} Example: {label.example}")
            for rule in d.rules if rules else ():
                click.echo(f"  - {rule}")


main.add_command(score)
main.add_command(train)
main.add_command(calibrate)
main.add_command(evaluate)
main.add_command(ablate)
main.add_command(baselines)
main.add_command(models)
main.add_command(annotate)
main.add_command(corpus)
corpus.add_command(alignment)
