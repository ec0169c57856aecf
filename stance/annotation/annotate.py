"""``stance annotate``: sentences of new documents for hand coding, pre-labelled by a model, and the way back."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from stance.errors import InputFailure, StanceError

if TYPE_CHECKING:
    from stance.annotation.examples import Example
    from stance.classifier.predict import Model
    from stance.documents.document import Document

PATH = click.Path(path_type=Path)


@click.command()
@click.argument("inputs", nargs=-1, required=True, metavar="INPUT...")
@click.option("-o", "--output", type=PATH, required=True, help="Folder of tasks; with --collect, a .jsonl file.")
@click.option(
    "--format", "form", type=click.Choice(["label-studio", "doccano"]), default="label-studio", show_default=True,
    help="Annotation tool.",
)  # fmt: skip
@click.option("--source", type=click.Choice(["us", "china", "other"]), help="Side, where a document does not say it.")
@click.option("-m", "--model", default="readout-small", show_default=True, help="Model that labels in advance.")
@click.option("--sample", type=click.IntRange(1), metavar="N", help="Only N sentences a side, drawn at random.")
@click.option("--seed", type=int, default=1, show_default=True, help="Of the sample.")
@click.option("--blind", is_flag=True, help="Without the labels that the model suggests, so that they sway nobody.")
@click.option("--collect", is_flag=True, help="The other way: INPUT are Label Studio's JSON exports.")
def annotate(
    inputs: tuple[str, ...], output: Path, form: str, source: str | None, model: str,
    sample: int | None, seed: int, blind: bool, collect: bool,
) -> None:  # fmt: skip
    """Prepare documents for hand coding, or collect what was coded.

    Every sentence of INPUT becomes a task with its context and the labels that the model suggests. With --collect,
    finished tasks become annotations that `stance compare --gold`, `stance evaluate` and `stance train` read.
    """
    from stance.classifier.predict import Model
    from stance.documents import iterate_documents

    loaded = Model(model)
    if collect:
        click.echo(f"{collect_annotations(inputs, output, loaded)} annotations written to {output}", err=True)
        return
    items = list(iterate_documents(inputs, source=source))
    failures = [i for i in items if isinstance(i, InputFailure)]
    examples = suggest([i for i in items if not isinstance(i, InputFailure)], loaded, sample, seed)
    if examples:
        write_tasks(examples, output, form, loaded, blind)
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
    from stance.classifier.evaluate import predict_labels
    from stance.model_input import ContextWindow, model_inputs
    from stance.sentences import split_sentences

    texts = [(d, split_sentences(d)) for d in documents]
    found = [(t, position) for t, (_, sentences) in enumerate(texts) for position in range(len(sentences))]
    if sample is not None:
        found = [found[i] for i in _draw([texts[t][0].source for t, _ in found], sample, seed)]
    chosen: dict[int, list[int]] = {}
    for t, position in found:
        chosen.setdefault(t, []).append(position)
    logits = model.predict([(*texts[t], positions) for t, positions in chosen.items()]).values
    shown = {t: model_inputs(*texts[t], ContextWindow()) for t in chosen}
    examples = []
    for (t, position), label in zip(found, predict_labels(logits, model.codebook, model.settings), strict=True):
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


def write_tasks(examples: list[Example], folder: Path, form: str, model: Model, blind: bool = False) -> None:
    """Write tasks and the labelling interface for an annotation tool; ``blind`` leaves the suggested labels out.

    Raises:
        StanceError: if they cannot be written.
    """
    from stance.annotation import exports

    try:
        folder.mkdir(parents=True, exist_ok=True)
        if form == "label-studio":
            interface, tasks = exports.to_label_studio(examples, model.codebook)
            tasks = [{"data": t["data"]} for t in tasks] if blind else tasks
            (folder / "interface.xml").write_text(interface, encoding="utf-8")
            (folder / "tasks.json").write_text(json.dumps(tasks, ensure_ascii=False, indent=1), encoding="utf-8")
        else:
            categories, records = exports.to_doccano(examples, model.codebook)
            records = [{**r, "label": []} for r in records] if blind else records
            (folder / "labels.json").write_text(json.dumps(categories, indent=1), encoding="utf-8")
            exports.write_jsonl(records, folder / "sentences.jsonl")
    except OSError as error:
        raise StanceError(f"{folder}: the tasks cannot be written ({error.strerror}). Check the folder") from error


def collect_annotations(inputs: tuple[str, ...], output: Path, model: Model) -> int:
    """Turn Label Studio's JSON exports into an annotation file.

    Returns:
        how many annotations were written.

    Raises:
        StanceError: if an export cannot be read or holds labels that the codebook does not know.
    """
    from stance.annotation.exports import from_label_studio
    from stance.annotation.standoff import write_annotations

    tasks: list[Any] = []
    for name in inputs:
        try:
            tasks += json.loads(Path(name).read_text(encoding="utf-8"))
        except (OSError, ValueError, TypeError) as error:
            raise StanceError(f"{name}: not an export of Label Studio ({error}). Export as JSON") from error
    annotations = from_label_studio(tasks, model.codebook)
    write_annotations(annotations, output)
    return len(annotations)
