"""Commands for training and evaluation: `stance train`, `calibrate`, `ablate`, `evaluate`, `baselines`, `models`."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import click

from stance.classifier.output import keeping_weights, require_file, require_folder
from stance.command_options import model_option
from stance.errors import StanceError, needs_extra
from stance.table.schema import SOURCES

STRATA = ("source", "year", "kind", "length")

documents_option = click.option(
    "--documents",
    multiple=True,
    type=click.Path(),
    envvar="STANCE_DOCUMENTS",
    metavar="PATH",
    help="Documents that the annotations refer to: files, folders, JSONL. Also $STANCE_DOCUMENTS.",
)


@click.command()
@click.argument("config", type=click.Path(exists=True, dir_okay=False))
@documents_option
@click.option(
    "-o",
    "--output",
    help="Folder of the model; default: models/NAME beside the recipe's, runs/NAME for a teacher.",
)
@click.option("--seed", type=int, help="Another seed than the recipe's.")
@click.option("--keep-teachers", is_flag=True, help="Take a teacher that is there, though trained on other data.")
def train(config: str, documents: tuple[str, ...], output: str | None, seed: int | None, keep_teachers: bool) -> None:
    """Train a model from a recipe (configs/*.yaml), calibrate and export it. Needs the extra «train»."""
    from dataclasses import replace

    from stance.classifier.recipe import load_recipe
    from stance.documents import read_documents

    with needs_extra("train", "training"):
        from stance.classifier.train import train as run
    logging.getLogger("stance").setLevel(logging.INFO)
    recipe = load_recipe(config)
    if seed is not None:
        recipe = replace(recipe, training=replace(recipe.training, seed=seed))
    folder = Path(output) if output else recipe.folder
    with keeping_weights(folder):
        run(recipe, read_documents(*documents), folder, keep_teachers)
    click.echo(f"{folder}: trained and calibrated")


@click.command()
@click.argument("config", type=click.Path(exists=True, dir_okay=False))
@documents_option
@click.option(
    "-o",
    "--output",
    type=click.Path(exists=True, file_okay=False),
    help="Folder of the trained model; default: where `stance train` puts it.",
)
def calibrate(config: str, documents: tuple[str, ...], output: str | None) -> None:
    """Fit a trained model's temperatures, weight of neighbours and thresholds anew, on the recipe's validation part.

    Writes the model's scoring.json; its weights stay. Give the documents of training, too: how labels follow each
    other is learned from them.
    """
    from stance.classifier.calibrate import calibrate_model
    from stance.classifier.recipe import load_recipe
    from stance.documents import read_documents

    logging.getLogger("stance").setLevel(logging.INFO)
    recipe = load_recipe(config)
    folder = Path(output) if output else recipe.folder
    calibrate_model(folder, recipe, read_documents(*documents))
    click.echo(f"{folder}: calibrated. It is another model now: evaluate it again")


@click.command()
@click.argument("config", type=click.Path(exists=True, dir_okay=False))
@documents_option
@click.option("--runs", default="runs/ablations", show_default=True, help="Folder of finished runs.")
@click.option("-o", "--output", required=True, help="The table, CSV.")
@click.option("--page", type=click.Path(exists=True, dir_okay=False), help="Markdown to put the figures into.")
def ablate(config: str, documents: tuple[str, ...], runs: str, output: str, page: str | None) -> None:
    """Train variants of a recipe (configs/ablations.yaml), some seeds each, and compare them on validation documents.

    A run that is finished is not repeated: stop and start the command as you like. With --page also the learning curve
    as a chart, beside the table. Needs the extra «train».
    """
    from stance.documents import read_documents

    require_file(Path(output))
    require_folder(Path(runs))
    with needs_extra("train", "training"):
        from stance.classifier.ablation import run_ablations
    logging.getLogger("stance").setLevel(logging.INFO)
    with keeping_weights(Path(runs)):
        table = run_ablations(config, read_documents(*documents), Path(runs)).round(4)
    table.to_csv(output, index=False)
    if page:
        from stance.classifier.ablation_page import put_ablations

        put_ablations(Path(page), table, Path(output).parent)
    click.echo(table.round(3).to_string(index=False))


@click.command()
@click.argument("gold", type=click.Path(exists=True, dir_okay=False))
@documents_option
@model_option()
@click.option("--splits", type=click.Path(exists=True), help="CSV with doc_id and split.")
@click.option("--split", default="test", show_default=True, help="Which split, where --splits is given.")
@click.option("--source", type=click.Choice(SOURCES), help="Only documents of one side.")
@click.option(
    "--leave-out", multiple=True, help="Documents to leave out: a doc_id, or a pattern with *; may be repeated."
)
@click.option("--by", multiple=True, type=click.Choice(STRATA), help="Print the figures by these, too.")
@click.option(
    "--raw",
    type=click.Path(exists=True),
    help="Single coders' labels, a folder of JSONL: how far the model is from them.",
)
@click.option(
    "--against",
    multiple=True,
    help="Another system: its labels of the same sentences (JSONL, or a folder of it, as from `stance baselines`), "
    "or a model.",
)
@click.option("-o", "--output", help="Folder for tables (CSV) and figures (SVG).")
@click.option("--json", "as_json", is_flag=True, help="Print the figures as JSON.")
def evaluate(
    gold: str, documents: tuple[str, ...], model: str, output: str | None, as_json: bool, **options: Any
) -> None:
    """Compare a model's labels with coded ones (GOLD: offsets and labels, as JSONL, CSV or Parquet).

    Documents are looked for in --documents, then in *documents.jsonl beside GOLD; where there are none, they are put
    together from the sentences' own text. With -o also: figures by side, year, kind and length, reliability, accuracy
    against coverage, the most costly confusions, and what --raw and --against ask for.
    """
    if output:
        require_folder(Path(output))
    from stance.annotation.splits import read_splits
    from stance.classifier.evaluate import evaluate as run
    from stance.classifier.evaluation_output import evaluation_files, further_tables
    from stance.classifier.fitting_record import digest_of_model
    from stance.classifier.gold_documents import join_gold, without
    from stance.classifier.predict import Model, model_folder

    loaded = Model(model)
    splits = read_splits(options["splits"]) if options["splits"] else None
    joined = join_gold(
        Path(gold), documents, loaded.codebook, lambda d: splits is None or splits.get(d) == options["split"]
    )
    if joined.missing or joined.mismatches:
        click.echo(f"note: {joined}", err=True)
    chosen = joined.documents
    if options["source"]:
        chosen = [d for d in chosen if d.document.source == options["source"]]
    chosen = without(chosen, options["leave_out"])
    if not any(d.annotations for d in chosen):
        raise StanceError(f"{gold}: no sentence is left to evaluate on. Give its documents with --documents")
    result = run(loaded, chosen)
    result.figures["model"] = loaded.identity
    digest = digest_of_model(model_folder(model))
    tables = further_tables(result, chosen, loaded.codebook, options["raw"], options["against"], digest)
    if output:
        for file, write in evaluation_files(result, tables, Path(output)).items():
            write(file)
    if as_json:
        click.echo(json.dumps(result.figures.to_dict("records")))
        return
    click.echo(f"{loaded.identity}\n{result}")
    shown = result.breakdown[result.breakdown["by"].isin(options["by"])]
    for table in (shown, *(t for name, t in tables.items() if name in ("coders", "comparison"))):
        if len(table):
            click.echo(f"\n{table.round(3).to_string(index=False)}")


@click.command()
@click.argument("recipe", type=click.Path(exists=True, dir_okay=False))
@click.argument("gold", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False))
@documents_option
@click.option("--name", "names", multiple=True, help="Only this baseline; may be repeated. All by default.")
@click.option("-o", "--output", required=True, help="Folder; one JSONL of labels a baseline, and a record.")
def baselines(
    recipe: str, gold: tuple[str, ...], documents: tuple[str, ...], names: tuple[str, ...], output: str
) -> None:
    """Label GOLD with baselines fitted on a recipe's training sentences, to compare a model with.

    Majority, nearest label description (zero-shot), logistic regression on TF-IDF and on frozen embeddings of either
    encoder, and SetFit (few-shot). Of GOLD every sentence that is not in the recipe's train or validation part is
    labelled. Then `stance evaluate GOLD --against OUTPUT`. Needs the extra «train», for SetFit «baselines».
    """
    folder = Path(output)
    require_folder(folder)
    from stance.annotation.standoff import read_annotations, write_annotations
    from stance.classifier.baselines import BASELINES, label_with_baselines
    from stance.classifier.fitting_record import write_fitting
    from stance.classifier.gold_documents import documents_of
    from stance.classifier.recipe import load_recipe

    if unknown := sorted(set(names) - set(BASELINES)):
        raise StanceError(f"{unknown[0]}: no such baseline. There are: {', '.join(BASELINES)}")
    logging.getLogger("stance").setLevel(logging.INFO)
    files = [Path(g) for g in gold]
    given = documents_of(files, documents, {a.doc_id for file in files for a in read_annotations(file)})
    found, fitting = label_with_baselines(load_recipe(recipe), given, files, names or tuple(BASELINES))
    for name, labels in found.items():
        write_annotations(labels, folder / f"{name}.jsonl")
        click.echo(f"{folder / name}.jsonl: {len(labels)} sentences")
    write_fitting(folder, found, fitting)


@click.command()
@click.option("--card", "name", help="Write README.md, the model card, into the folder of this model.")
@click.option(
    "--page",
    "pages",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False),
    help="Put its figures between the marks of this page, too; may be repeated.",
)
@click.option("--folder", "whole", help="Print the folder of this model's checkpoint, put together if need be.")
def models(name: str | None, pages: tuple[str, ...], whole: str | None) -> None:
    """List the models that come with the package, or write a model card from a model's own evaluations."""
    from stance.classifier.predict import find_model, identity, model_folder, shipped_models
    from stance.codebook import load_codebook

    if pages and not name:
        raise click.UsageError("--page takes its figures from the model of --card. Give --card, too")
    if whole and name:
        raise click.UsageError("--card and --folder do different things. Give one of them")
    if name:
        from stance.classifier.model_card import model_card
        from stance.classifier.page_figures import put_figures

        folder = model_folder(name)
        (folder / "README.md").write_text(model_card(folder), encoding="utf-8")
        for page in pages:
            put_figures(Path(page), folder)
        return
    if whole:
        click.echo(find_model(whole))
        return
    for folder in shipped_models():
        size = sum(f.stat().st_size for f in folder.iterdir() if f.is_file()) / 1e6
        codebook = load_codebook(folder / "codebook.yaml").version
        click.echo(f"{identity(folder)}  codebook {codebook}  {size:.0f} MB  {folder}")
