"""``stance annotate``: sentences of new documents for hand coding, pre-labelled by a model, and the way back."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.core import ParameterSource

from stance.command_options import model_option
from stance.errors import InputFailure, StanceError
from stance.table.schema import SOURCES

if TYPE_CHECKING:
    from stance.annotation.examples import Example
    from stance.annotation.standoff import Annotation
    from stance.classifier.predict import Model
    from stance.codebook import Codebook
    from stance.documents.document import Document

PATH = click.Path(path_type=Path)
TOOLS = ("label-studio", "spreadsheet", "doccano")
"""What sentences can be coded in."""
OF_TASKS = {name: f"--{name}" for name in ("source", "sample", "seed", "blind")} | {"form": "--format"}
"""Options that say which tasks are made."""


@click.command()
@click.argument("inputs", nargs=-1, required=True, metavar="INPUT...")
@click.option("-o", "--output", type=PATH, required=True, help="Folder of tasks; with --collect, a .jsonl file.")
@click.option(
    "--format", "form", type=click.Choice(TOOLS), default=TOOLS[0], show_default=True,
    help="Annotation tool; `spreadsheet` is an Excel workbook.",
)  # fmt: skip
@click.option("--source", type=click.Choice(SOURCES), help="Side, where a document does not say it.")
@model_option("Model that labels in advance.")
@click.option("--sample", type=click.IntRange(1), metavar="N", help="Only N sentences a side, drawn at random.")
@click.option("--seed", type=int, default=1, show_default=True, help="Of the sample.")
@click.option("--blind", is_flag=True, help="Without the labels that the model suggests, so that they sway nobody.")
@click.option("--collect", is_flag=True, help="The other way: INPUT are coded spreadsheets or exports of Label Studio.")
def annotate(
    inputs: tuple[str, ...], output: Path, form: str, source: str | None, model: str,
    sample: int | None, seed: int, blind: bool, collect: bool,
) -> None:  # fmt: skip
    """Prepare documents for hand coding, or collect what was coded.

    Every sentence of INPUT becomes a task with its context and the labels that the model suggests. With --collect,
    finished tasks become annotations that `stance compare --gold`, `stance evaluate` and `stance train` read.
    """
    from stance.annotation.exports import write_project
    from stance.classifier.predict import Model
    from stance.documents.collect import iterate_documents, without_failures

    given = click.get_current_context().get_parameter_source
    if collect:
        if ignored := [o for name, o in OF_TASKS.items() if given(name) is ParameterSource.COMMANDLINE]:
            raise click.UsageError(f"{', '.join(ignored)} means nothing with --collect. Leave it out")
        coded, empty = collect_annotations(inputs, output, Model(model).codebook)
        rest = f"; {empty} tasks are not coded yet" if empty else ""
        click.echo(f"{coded} annotations written to {output}{rest}", err=True)
        return
    loaded = Model(model)
    failures: list[InputFailure] = []
    documents = list(without_failures(iterate_documents(inputs, source=source), failures))
    examples = suggest(documents, loaded, sample, seed)
    if examples:
        write_project(examples, output, form, loaded.codebook, blind)
    for failure in failures:
        click.echo(f"failed: {failure}", err=True)
    click.echo(f"{len(examples)} sentences written to {output}", err=True)
    if failures:
        click.get_current_context().exit(1)


def suggest(documents: list[Document], model: Model, sample: int | None = None, seed: int = 1) -> list[Example]:
    """Make examples of sentences, with the labels that a model suggests.

    Args:
        documents: the documents to be coded.
        model: suggests the labels; its identity stands as the coder.
        sample: how many sentences of each side are drawn, without replacement and with equal chances; None for all.
        seed: of the draw.

    Returns:
        the examples in the order of documents and sentences; a sample in random order, so that what is coded of it so
        far is a random sample, too.
    """
    from dataclasses import replace

    import numpy as np

    from stance.annotation.examples import Example
    from stance.annotation.standoff import sentence_hash
    from stance.classifier.evaluate import as_annotations
    from stance.model_input import ContextWindow, model_inputs
    from stance.sentences import split_sentences

    texts = [(d, split_sentences(d)) for d in documents]
    found = [(t, position) for t, (_, sentences) in enumerate(texts) for position in range(len(sentences))]
    if sample is not None:
        found = [found[i] for i in _draw([texts[t][0].source for t, _ in found], sample, seed)]
    chosen: dict[int, list[int]] = {}
    for t, position in found:
        chosen.setdefault(t, []).append(position)
    labels = as_annotations(model.decide([(*texts[t], positions) for t, positions in chosen.items()]))
    shown = {t: model_inputs(*texts[t], ContextWindow()) for t in chosen}
    examples = []
    for (t, position), label in zip(found, labels, strict=True):
        document, sentence = texts[t][0], texts[t][1][position]
        annotation = replace(
            label,
            doc_id=document.doc_id,
            sent_id=sentence.sent_id,
            start=sentence.start,
            end=sentence.end,
            sha256=sentence_hash(sentence.text),
            coder=model.identity,
        )
        examples.append(Example(document, annotation, *shown[t][position]))
    return examples if sample is None else [examples[i] for i in np.random.default_rng(seed).permutation(len(examples))]


def _draw(sides: list[str], sample: int, seed: int) -> list[int]:
    """Positions of a random sample of each side, in order."""
    import numpy as np

    rng = np.random.default_rng(seed)
    chosen: list[int] = []
    for side in sorted(set(sides)):
        at = [i for i, s in enumerate(sides) if s == side]
        chosen += rng.choice(at, min(sample, len(at)), replace=False).tolist()
    return sorted(chosen)


def collect_annotations(inputs: tuple[str, ...], output: Path, codebook: Codebook) -> tuple[int, int]:
    """Turn Label Studio's JSON exports and coded spreadsheets into an annotation file.

    Returns:
        how many annotations were written, and how many rows and tasks hold none yet.

    Raises:
        StanceError: if a file cannot be read or holds labels that the codebook does not know.
    """
    from stance.annotation.exports import from_label_studio
    from stance.annotation.spreadsheet import read_spreadsheet
    from stance.annotation.standoff import write_annotations

    annotations: list[Annotation] = []
    empty = 0
    for name in inputs:
        if name.lower().endswith(".xlsx"):
            coded, uncoded = read_spreadsheet(Path(name), codebook)
        else:
            try:
                tasks = json.loads(Path(name).read_text(encoding="utf-8"))
                coded = from_label_studio(tasks, codebook)
            except (OSError, ValueError, TypeError) as error:
                raise StanceError(
                    f"{name}: not an export of Label Studio ({error}), nor a spreadsheet (.xlsx). Export as JSON"
                ) from error
            except StanceError as error:
                raise StanceError(f"{name}: {error}") from error
            uncoded = len(tasks) - len({a.span for a in coded})
        annotations += coded
        empty += uncoded
    if not annotations:
        raise StanceError(f"{', '.join(inputs)}: nothing is coded yet ({empty} tasks). Code, save, and collect again")
    write_annotations(annotations, output)
    return len(annotations), empty
