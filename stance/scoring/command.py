"""The command `stance score`."""

from __future__ import annotations

import datetime
import io
import logging
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from stance.command_options import metadata_options, model_options
from stance.errors import InputFailure
from stance.scoring.record import RunRecord, say
from stance.table.schema import SOURCES

if TYPE_CHECKING:
    from stance.documents.claims import Claims
    from stance.documents.document import Document
    from stance.documents.position import Position
    from stance.scoring.archive import Summary
    from stance.scoring.engine import Engine

Items = Iterator["Document | InputFailure"]
logger = logging.getLogger(__name__)


@click.command()
@click.argument("inputs", nargs=-1, required=True, metavar="INPUT...")
@click.option(
    "-o", "--output", required=True, metavar="OUT",
    help="A folder (Parquet shards; later runs add to it), .parquet, .jsonl or .csv; - for JSONL on stdout.",
)  # fmt: skip
@click.option("--source", type=click.Choice(SOURCES), help="Side, where a document does not say it.")
@metadata_options
@click.option(
    "--since", metavar="DATE|DAYS", help="Only documents from this date (YYYY-MM-DD) or of the last days (7d)."
)
@click.option(
    "--prune",
    is_flag=True,
    help="Drop rows of documents that are not among the inputs (unless their file cannot be read); else they are kept.",
)
@click.option("--dry-run", is_flag=True, help="Read the inputs and say what would be scored.")
@click.option("--engine", type=click.Choice(["local", "ray"]), default="local", show_default=True, help="What scores.")
@click.option("--ray-address", metavar="ADDRESS", help="auto, or HOST:PORT: the Ray cluster this machine is part of.")
@click.option(
    "--shard-size",
    type=click.IntRange(1),
    default=150,
    show_default=True,
    help="Least text of a shard, in thousands of characters.",
)
@model_options
@click.option("--json", "as_json", is_flag=True, help="Print a summary as JSON, also where the run fails.")
def score(inputs: tuple[str, ...], output: str, as_json: bool, **options: Any) -> None:
    """Label every sentence of documents: issue, stance, holder and frame, with probabilities.

    INPUT: files (.txt .md .html .eml .docx .pdf .json .jsonl .csv .parquet), folders, quoted globs, or - for stdin. One
    row a sentence is written to OUT. A run that was stopped goes on when the same command is given again. Exit code
    0: all done; 1: some inputs failed, the rest is written; 2: nothing could be done; 3: a fault of the program.
    """
    first = None if options["since"] is None else first_day(options["since"])
    if first and options["prune"]:
        raise click.UsageError("--prune with --since would drop every earlier document. Give one of them")
    if output == "-" and (named := _without_folder(options)):
        raise click.UsageError(f"-o - scores here and keeps nothing, so {', '.join(named)} needs a file or folder")
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8")  # JSON is UTF-8 whatever the locale
    record = RunRecord(output, options["model"])
    stopped = "stopped"
    if output != "-" and not options["dry_run"]:
        stopped += f". What is finished is kept: the same command goes on from there ({output})"
    with record.ended(as_json, stopped):
        from stance.classifier.predict import Model
        from stance.documents import iterate_documents
        from stance.documents.claims import Claims
        from stance.documents.position import Position
        from stance.scoring.archive import Summary
        from stance.scoring.output import check_output

        position, claims = Position(), Claims()
        metadata = {k: options[k] for k in ("date", "lang", "title", "event", "source")}
        items = iterate_documents(inputs, manifest=options["manifest"], position=position, claims=claims, **metadata)
        if first:
            items = _since(items, first)
        model = Model(options["model"], threads=options["threads"])
        record.begun(inputs, model, options["threads"], options["engine"])
        if output != "-":
            check_output(Path(output))  # before the network is loaded
        model.warm_up()
        if options["dry_run"]:
            _dry_run(items, record, model, claims, options)
        elif output == "-":
            _to_stdout(items, record, model)
        else:
            _to_disk(items, record, model, position, claims, {**options, "as_json": as_json})
    summary = record.summary or Summary(output, model.identity)
    code = 1 if summary.failed else 0
    if not as_json:
        say(_in_words(summary, options["dry_run"]))
    record.end(code, None, as_json)
    sys.exit(code)


def _to_disk(
    items: Items, record: RunRecord, model: Any, position: Position, claims: Claims, options: dict[str, Any]
) -> None:
    import pandas  # noqa: F401  # Arrow looks for it; meanwhile the network loads
    import pyarrow.parquet  # noqa: F401

    from stance.scoring.archive import score_archive

    show, close = _progress(position)

    def watch(summary: Summary) -> None:
        record.summary = summary
        show(summary)

    try:
        score_archive(
            items,
            record.output,
            model,
            shard_characters=options["shard_size"] * 1000,
            prune=options["prune"],
            engine=_engine(options),
            claims=claims,
            watch=watch,
        )
    finally:
        close()


def _without_folder(options: dict[str, Any]) -> list[str]:
    """Options given that mean nothing where rows go to standard output."""
    given = {"--prune": options["prune"], "--engine": options["engine"] != "local"}
    return [name for name, value in (given | {"--ray-address": options["ray_address"]}).items() if value]


def _engine(options: dict[str, Any]) -> Engine | None:
    if options["engine"] == "local":
        return None
    from stance.scoring.ray_engine import ray_engine

    return ray_engine(options["ray_address"], options["threads"] or 1)


def _to_stdout(items: Items, record: RunRecord, model: Any) -> None:
    from stance.scoring.archive import Summary
    from stance.scoring.stream import score_stream
    from stance.table.write import TableWriter

    record.summary = summary = Summary("-", model.identity)
    with TableWriter("-") as writer:
        for part in score_stream(_documents(items, summary), model):
            writer.write(part)
            summary.sentences += len(part)
            summary.scored = summary.sentences


def _dry_run(items: Items, record: RunRecord, model: Any, claims: Claims, options: dict[str, Any]) -> None:
    """Read everything and score nothing; output and cluster are looked at, so what a run refuses is refused."""
    from stance.scoring.archive import Summary, finished_shards, owners_told, scorer
    from stance.scoring.chunks import chunks
    from stance.scoring.output import refuse_to_empty

    _engine(options)
    record.summary = summary = Summary(record.output, model.identity)
    finished = finished_shards(record.output)
    left = texts = 0
    with owners_told(claims, record.output, options["prune"]):
        for chunk in chunks(_documents(items, summary), scorer(model), options["shard_size"] * 1000):
            size = sum(len(d.text) for d in chunk.documents)
            texts += size
            left += 0 if chunk.key in finished else size
            summary.shards += 1
    if record.output != "-" and not summary.documents and not claims.documents:
        refuse_to_empty(Path(record.output), summary.failed, options["prune"] and bool(finished))
    say(f"{summary.documents} documents, {texts} characters, {summary.shards} shards; to be scored: {left} characters")


def _documents(items: Items, summary: Summary) -> Iterator[Document]:
    for item in items:
        if isinstance(item, InputFailure):
            summary.failed.append(item)
            logger.warning("left out: %s", item)
        else:
            summary.documents += 1
            yield item


def first_day(since: str) -> str:
    """The day that ``--since`` means, as ISO date: a date, or a number of days before today such as ``7d``."""
    from stance.documents.dates import iso_date

    if days := re.fullmatch(r"(\d{1,5})d", since):
        return (datetime.date.today() - datetime.timedelta(int(days[1]))).isoformat()
    try:
        if day := iso_date(since):
            return day
        error = "an empty text is not a date"
    except ValueError as unread:
        error = str(unread)
    raise click.BadParameter(f"{error}; give YYYY-MM-DD, or days such as 7d", param_hint="--since")


def _since(items: Items, first: str) -> Items:
    """Leave out documents of earlier days; those without a date are taken."""
    earlier = undated = 0
    for item in items:
        if not isinstance(item, InputFailure):
            if item.date is None:
                undated += 1
            elif item.date < first[: len(item.date)]:
                earlier += 1
                continue
        yield item
    say(f"since {first}: {earlier} earlier documents left out, {undated} without a date taken")


def _progress(position: Position) -> tuple[Callable[[Summary], None], Callable[[], None]]:
    """A bar with rate and time left on a terminal; in a pipe, log lines once in a while with -v."""
    import time

    started = last = time.monotonic()
    if sys.stderr is not None and sys.stderr.isatty():
        from tqdm import tqdm

        form = "{percentage:3.0f}%|{bar}| {elapsed}, {remaining} left{postfix}"
        bar = tqdm(total=1.0, desc="scoring", bar_format=form, dynamic_ncols=True)

        def show(summary: Summary) -> None:
            rate = summary.scored / (time.monotonic() - started)
            bar.set_postfix_str(f"{summary.sentences} sentences, {rate:.0f}/s", refresh=False)
            bar.n = position.share or 0.0
            bar.refresh()

        return show, bar.close

    def log(summary: Summary) -> None:
        nonlocal last
        now = time.monotonic()
        if now - last < 30:
            return
        last, rate, share = now, summary.scored / (now - started), position.share
        left = f", {share:.0%} read, {_clock((now - started) * (1 - share) / share)} left" if share else ""
        logger.info("%d sentences of %d documents, %.0f/s%s", summary.sentences, summary.documents, rate, left)

    return log, lambda: None


def _clock(seconds: float) -> str:
    return str(datetime.timedelta(seconds=round(seconds)))


def _in_words(summary: Summary, dry_run: bool) -> str:
    if dry_run:
        return f"dry run: nothing was scored ({summary.model})"
    text = f"{summary.sentences} sentences of {summary.documents} documents -> {summary.output} ({summary.model})"
    before = summary.sentences - summary.scored
    more = [f"{before} sentences were finished before"] if before else []
    more += [f"{summary.kept} documents that are not among the inputs were kept"] if summary.kept else []
    more += [f"{summary.dropped} documents were dropped"] if summary.dropped else []
    failed = sum(f.inputs for f in summary.failed)
    more += [f"{failed} inputs failed"] if failed else []
    return "; ".join([text, *more])
