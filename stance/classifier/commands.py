"""Commands of those who train and evaluate: `stance train`, `stance evaluate`, `stance models`."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from stance.errors import StanceError

if TYPE_CHECKING:
    from stance.annotation.standoff import Annotation, Joined
    from stance.classifier.evaluate import Evaluation
    from stance.documents.document import Document

documents_option = click.option(
    "--documents",
    multiple=True,
    envvar="STANCE_DOCUMENTS",
    metavar="PATH",
    help="Documents that the annotations refer to: files, folders, JSONL. Also $STANCE_DOCUMENTS.",
)


@click.command()
@click.argument("config", type=click.Path(exists=True, dir_okay=False))
@documents_option
@click.option("-o", "--output", help="Folder of the model; models/NAME beside the recipe's folder by default.")
@click.option("--seed", type=int, help="Another seed than the recipe's.")
def train(config: str, documents: tuple[str, ...], output: str | None, seed: int | None) -> None:
    """Train a model from a recipe (configs/*.yaml), calibrate and export it. Needs the extra «train»."""
    from dataclasses import replace

    from stance.classifier.recipe import load_recipe
    from stance.documents import read_documents

    try:
        from stance.classifier.train import train as run
    except ImportError as error:
        raise StanceError(f"training needs the extra: pip install 'stance-readouts[train]' ({error.name})") from error
    logging.getLogger("stance").setLevel(logging.INFO)
    recipe = load_recipe(config)
    if seed is not None:
        recipe = replace(recipe, training=replace(recipe.training, seed=seed))
    folder = Path(output) if output else recipe.resolve("../models") / recipe.name
    run(recipe, read_documents(*documents) if documents else [], folder)
    click.echo(f"{folder}: trained, calibrated and exported")


@click.command()
@click.argument("gold", type=click.Path(exists=True, dir_okay=False))
@documents_option
@click.option("-m", "--model", default="readout-small", show_default=True, help="A shipped model, or a folder.")
@click.option("--splits", type=click.Path(exists=True), help="CSV with doc_id and split.")
@click.option("--split", default="test", show_default=True, help="Which split, where --splits is given.")
@click.option("--source", type=click.Choice(["us", "china", "other"]), help="Only documents of one side.")
@click.option("-o", "--output", help="Folder for figures, labels, confusions and errors as CSV.")
@click.option("--json", "as_json", is_flag=True, help="Print the figures as JSON.")
def evaluate(
    gold: str, documents: tuple[str, ...], model: str, output: str | None, as_json: bool, **options: Any
) -> None:
    """Compare a model's labels with hand-coded ones (GOLD: JSONL with offsets and labels).

    Documents are looked for in --documents, then in *documents.jsonl beside GOLD; where there are none, they are put
    together from the sentences' own text.
    """
    from stance.annotation.examples import make_examples
    from stance.annotation.splits import read_splits
    from stance.classifier.evaluate import evaluate as run
    from stance.classifier.predict import Model

    loaded = Model(model)
    joined = _join_gold(Path(gold), documents, loaded)
    if joined.missing or joined.mismatches:
        click.echo(f"note: {joined}", err=True)
    chosen = joined.documents
    if options["splits"]:
        splits = read_splits(options["splits"])
        chosen = [d for d in chosen if splits.get(d.document.doc_id) == options["split"]]
    if options["source"]:
        chosen = [d for d in chosen if d.document.source == options["source"]]
    examples = make_examples(chosen, loaded.settings.window)
    if not examples:
        raise StanceError(f"{gold}: no sentence is left to evaluate on. Give its documents with --documents")
    result = run(loaded, examples)
    if output:
        write_evaluation(result, Path(output))
    click.echo(json.dumps(result.figures.to_dict("records")) if as_json else f"{loaded.identity}\n{result}")


@click.command()
@click.option("--card", "name", help="Write README.md, the model card, into the folder of this model.")
@click.option("--page", type=click.Path(exists=True), help="Put its figures between the marks of this page, too.")
def models(name: str | None, page: str | None) -> None:
    """List the models that come with the package, or write a model card from a model's own evaluations."""
    from stance.classifier.predict import Model, find_model, shipped_models

    if name:
        from stance.classifier.model_card import figures_table, model_card, put_figures

        folder = find_model(name)
        (folder / "README.md").write_text(model_card(folder), encoding="utf-8")
        if page:
            put_figures(Path(page), figures_table(folder))
        return
    for folder in shipped_models():
        model = Model(folder)
        size = sum(f.stat().st_size for f in folder.iterdir() if f.is_file()) / 1e6
        click.echo(f"{model.identity}  codebook {model.codebook.version}  {size:.0f} MB  {folder}")


def _join_gold(gold: Path, documents: tuple[str, ...], model: Any) -> Joined:
    from stance.annotation.standoff import join, read_annotations
    from stance.documents import read_documents

    annotations = read_annotations(gold, model.codebook)
    paths = [str(p) for p in documents] or [str(p) for p in sorted(gold.parent.glob("*documents.jsonl"))]
    found = read_documents(*paths) if paths else _documents_of_sentences(gold, annotations)
    return join(annotations, found)


def _documents_of_sentences(gold: Path, annotations: list[Annotation]) -> list[Document]:
    """Put documents together from the sentences' own text, for gold files that come without documents."""
    from stance.documents.document import make_document

    texts: dict[str, str] = {}
    for line, a in zip(
        (x for x in gold.read_text(encoding="utf-8").split("\n") if x.strip()), annotations, strict=True
    ):
        text = json.loads(line).get("text")
        if text is None:
            raise StanceError(f"{gold}: the annotations carry no text. Give their documents with --documents")
        texts[a.doc_id] = texts.get(a.doc_id, "").ljust(a.start) + text
    return [make_document(text, {}, doc_id, None) for doc_id, text in texts.items()]


def write_evaluation(result: Evaluation, folder: Path) -> None:
    """Write an evaluation's tables as CSV."""
    folder.mkdir(parents=True, exist_ok=True)
    result.figures.to_csv(folder / "figures.csv", index=False)
    result.labels.to_csv(folder / "labels.csv", index=False)
    result.errors.to_csv(folder / "errors.csv", index=False)
    for name, counts in result.confusion.items():
        counts.to_csv(folder / f"confusion_{name}.csv")
