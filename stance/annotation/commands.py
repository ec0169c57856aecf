"""``stance corpus``: what the labelled corpus holds, whether it is sound, how well coders agree, and exports of it."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from stance.annotation.annotate import TOOLS
from stance.annotation.corpus_files import ANNOTATIONS, WRITTEN, CorpusFiles, find_files
from stance.errors import StanceError

if TYPE_CHECKING:
    import pandas as pd

    from stance.annotation.checks import CorpusCheck
    from stance.annotation.standoff import AnnotatedDocument, Joined

PATH = click.Path(path_type=Path)


Command = TypeVar("Command", bound=Callable[..., Any])


def corpus_options(command: Command) -> Command:
    """Add the options that say where the corpus is."""
    for option in (
        click.option("--codebook", type=PATH, help="Codebook (YAML); default: the one that stance ships."),
        click.option("--splits", type=PATH, help="CSV with doc_id and split; default: documents.csv beside them."),
        click.option("--written", type=PATH, help=f"Written sentences; default, without --annotations: {WRITTEN}."),
        click.option(
            "--documents", type=PATH, multiple=True, envvar="STANCE_DOCUMENTS", show_envvar=True, metavar="PATH",
            help="File, folder or glob of the annotated documents; may be given again.",
        ),
        click.option("--annotations", type=PATH, help=f"Annotations (JSONL); default: {ANNOTATIONS}."),
    ):  # fmt: skip
        command = option(command)
    return command


@click.group("corpus")
def corpus() -> None:
    """Look at the labelled corpus, check it, and export it.

    The corpus holds labels and offsets. Exports need the text: your copies of the documents (--documents).
    """


@corpus.command("stats")
@corpus_options
@click.option(
    "--by", type=click.Choice(["source", "year", "kind", "split", "written"]), multiple=True,
    help="Which tables; default: all.",
)  # fmt: skip
@click.option("--minimum", type=click.IntRange(1), help="Also list labels with fewer sentences than this, by side.")
@click.option("--figure", type=PATH, help="Draw sentences by side, year and kind: .svg or .png.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def stats(by: tuple[str, ...], minimum: int | None, figure: Path | None, as_json: bool, **given: Any) -> None:
    """Count every label by side, year, kind and split. Needs no documents."""
    from stance.annotation import statistics

    files = find_files(**given)
    annotations, catalogue = files.read_annotations(), statistics.read_catalogue(files.splits)
    counts = statistics.label_counts(annotations, catalogue, files.read_written(), files.load_codebook())
    lacking = statistics.shortfalls(counts.tables["source"], minimum) if minimum else None
    counts = replace(counts, tables={k: v for k, v in counts.tables.items() if not by or k in by})
    if as_json:
        tables = {k: _records(v.reset_index()) for k, v in counts.tables.items()}
        content = {"sentences": counts.sentences, "documents": counts.documents, "tables": tables}
        click.echo(_dump(content | ({} if lacking is None else {"shortfalls": _records(lacking)})))
    else:
        click.echo(str(counts))
        if lacking is not None:
            click.echo(f"\nlabels with fewer than {minimum} sentences\n{lacking.to_string(index=False)}")
    if figure:
        from stance.report.charts import save_chart

        save_chart(statistics.sentences_figure(annotations, catalogue), figure)


@corpus.command("check")
@corpus_options
@click.option("--json", "as_json", is_flag=True, help="Print JSON, with every problem and every repeated formula.")
def check(as_json: bool, **given: Any) -> None:
    """Check labels, offsets, hashes and splits, and count sentences that stand in two splits.

    Exit code 1 if anything is wrong. Repeated sentences are counted, not condemned: formulas recur.
    """
    from stance.annotation.checks import check_corpus, label_problems, record_problems
    from stance.annotation.standoff import read_annotations

    files = find_files(**given)
    codebook = files.load_codebook()
    failures: list[str] = []
    documents = files.read_documents(failures) if files.documents else None
    found = check_corpus(files.annotations, files.splits, codebook, documents, files.written)
    for file in files.raw:
        failures += record_problems(file)
        failures += [f"{file}: {p}" for p in label_problems(read_annotations(file), codebook)]
    found = replace(found, problems=[*failures, *found.problems])
    click.echo(_dump(_check_record(found)) if as_json else str(found))
    if found.problems:
        click.get_current_context().exit(1)


@corpus.command("agreement")
@click.option("--annotations", type=PATH, help="Annotations; raw ones are in raw/ beside them.")
@click.option("--raw", type=PATH, multiple=True, help="JSONL of one or more coders, or a folder of them.")
@click.option("--codebook", type=PATH, help="Codebook (YAML).")
@click.option("--samples", type=click.IntRange(10), default=300, show_default=True, help="Bootstrap samples.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def agreement(samples: int, as_json: bool, **given: Any) -> None:
    """Measure how well coders agree where two of them coded a sentence. Needs no documents."""
    from stance.annotation.agreement import double_coded, measure_agreement
    from stance.annotation.standoff import read_annotations

    if given["raw"] and not given["annotations"]:
        given["annotations"] = given["raw"][0]  # no corpus is needed
    files = find_files(**given)
    codebook = files.load_codebook()
    annotations = [a for file in files.raw for a in read_annotations(file, codebook)]
    measured = measure_agreement(double_coded(annotations), codebook, samples)
    tables = {k: _records(getattr(measured, k)) for k in ("figures", "labels", "confusions")}
    click.echo(_dump(tables) if as_json else str(measured))


@corpus.command("export")
@click.argument("form", metavar="FORMAT", type=click.Choice(["huggingface", *TOOLS]))
@click.option("-o", "--output", type=PATH, required=True, help="Folder to write.")
@click.option(
    "--part", type=click.Choice(["all", "published", "written"]), default="all", show_default=True,
    help="Which sentences; written ones need no documents.",
)  # fmt: skip
@corpus_options
def export(form: str, output: Path, part: str, **given: Any) -> None:
    """Write the sentences with their labels as FORMAT: huggingface, label-studio, spreadsheet or doccano.

    Exit code 1 if documents are missing or differ from the annotated ones; the rest is written.
    """
    from stance.annotation.standoff import Joined

    files = find_files(**given)
    failures: list[str] = []
    joined = Joined() if part == "written" else _join(files, failures)
    written = [] if part == "published" else files.read_written()
    if not joined.documents and not written:
        raise StanceError(f"there is nothing to export: {joined}. Check --documents and --written")
    try:
        output.mkdir(parents=True, exist_ok=True)
        _write(form, output, joined, written, files)
    except OSError as error:
        raise StanceError(f"{output}: the export cannot be written ({error}). Check the folder") from error
    count = sum(len(d.annotations) for d in [*joined.documents, *written])
    click.echo("\n".join([f"{count} sentences written to {output}", *failures]), err=True)
    if failures:
        click.get_current_context().exit(1)


@corpus.command("suspects")
@click.option("--dimension", type=click.Choice(["stance", "issue", "holder"]), default="stance", show_default=True)
@click.option("--most", type=click.IntRange(1), default=300, show_default=True, help="How many at most.")
@click.option("-o", "--output", type=PATH, required=True, help="CSV to write; it holds no text.")
@corpus_options
def suspects(dimension: str, most: int, output: Path, **given: Any) -> None:
    """Propose labels for a second look: those that a cross-validated model confidently contradicts."""
    from stance.annotation.examples import make_examples
    from stance.annotation.label_errors import embed_examples
    from stance.annotation.label_errors import suspects as find
    from stance.classifier.output import require_file
    from stance.model_input import ContextWindow

    require_file(output)
    failures: list[str] = []
    examples = make_examples(_join(find_files(**given), failures).documents, ContextWindow())
    find(examples, embed_examples(examples), dimension, most).to_csv(output, index=False)
    click.echo("\n".join([f"{output}: written", *failures]), err=True)


def _write(form: str, output: Path, joined: Joined, written: list[AnnotatedDocument], files: CorpusFiles) -> None:
    from stance.annotation import exports
    from stance.annotation.examples import make_examples
    from stance.model_input import ContextWindow

    codebook, window = files.load_codebook(), ContextWindow()
    if form == "huggingface":
        from stance.annotation.dataset import dataset_from_joined
        from stance.annotation.splits import read_splits

        os.environ.setdefault("HF_DATASETS_DISABLE_PROGRESS_BARS", "1")
        data = dataset_from_joined(joined, read_splits(files.splits), written, codebook, window)
        exports.to_huggingface(data, output, codebook)
        return
    exports.write_project(make_examples([*joined.documents, *written], window), output, form, codebook)


def _join(files: CorpusFiles, failures: list[str]) -> Joined:
    from stance.annotation.standoff import join

    if not files.documents:
        raise StanceError(
            "the corpus holds no published text, and an export needs it. Give your copies of the documents with "
            "--documents PATH or STANCE_DOCUMENTS, or export the written sentences alone with --part written"
        )
    joined = join(files.read_annotations(), files.read_documents(failures))
    failures += [f"{d}: the document is not among those given" for d in joined.missing]
    failures += [f"{a.place}: the text is not the annotated one" for a in joined.mismatches]
    return joined


def _check_record(found: CorpusCheck) -> dict[str, Any]:
    repeats = [
        {"doc_id": r.annotation.doc_id, "start": r.annotation.start, "end": r.annotation.end, "words": r.words,
         "repeats": r.repeats, "part": r.part}
        for r in found.repeats or []
    ]  # fmt: skip
    return {"problems": found.problems, "duplicates": _records(found.duplicates), "repeats": repeats}


def _records(table: pd.DataFrame) -> Any:
    return json.loads(table.to_json(orient="records"))


def _dump(content: Any) -> str:
    return json.dumps(content, ensure_ascii=False, indent=1)
