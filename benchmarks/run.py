"""`make bench`: measure, print, and put the tables into docs/benchmarks.md."""

from __future__ import annotations

import argparse
import os
import re
import shlex
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")

import pandas as pd

from benchmarks.accuracy import accuracy, coded_sentences
from benchmarks.material import documents, machine, processor
from benchmarks.random_checkpoint import write_random_checkpoint
from benchmarks.scale import growth, growth_with_files, waits
from benchmarks.speed import BATCHED, DEFAULTS, SCORER, Measured, agreement_table, measure, speed_table, turns
from stance.annotation.splits import read_splits
from stance.classifier.predict import Model
from stance.markdown import markdown_table
from stance.model_input import DocumentWindow
from stance.resources import resource_path

GOALS = {"× defaults": (DEFAULTS, 6), "× batch 32": (BATCHED, 4)}
"""How many times as fast as each pipeline the scorer is meant to be."""
AGREEMENT = 0.995
"""Share of sentences on which the scorer is meant to give the labels of the pipelines."""
TURN = 1250
"""Sentences of a turn, so many that the scorer reads ahead while its engine works, as it does in an archive."""
PAGE = Path(__file__).resolve().parent.parent / "docs" / "benchmarks.md"


def main() -> None:
    """Run what is asked for and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--part", choices=PARTS, action="append", help="Only this part; may be repeated.")
    parser.add_argument("--sentences", type=int, default=5000)
    parser.add_argument("--minutes", type=float, default=9, help="Longest time for the comparison of speeds.")
    parser.add_argument("--documents", help="Real documents to take the sentences from; else invented ones.")
    parser.add_argument("--gold", nargs=2, action="append", metavar=("GOLD", "DOCUMENTS"), help="Coded sentences.")
    parser.add_argument(
        "--splits", help="CSV with doc_id and split; coded sentences of other splits than test are left."
    )
    parser.add_argument("--shipped-sizes", default="1000,10000", help="Sentences of the archives, shipped model.")
    parser.add_argument("--sizes", default="1000,10000,100000", help="Sentences of the archives, with random weights.")
    parser.add_argument("--files", default="1000,50000", help="Numbers of files in folders, with random weights.")
    parser.add_argument(
        "--full",
        action="store_true",
        help="Grow further: 100,000 with the shipped model, a million with random weights.",
    )
    parser.add_argument("--no-page", action="store_true", help="Print only.")
    options = parser.parse_args()
    model = Model()
    command = shlex.join(["python", "-m", "benchmarks.run", *sys.argv[1:]])
    for part in options.part or PARTS:
        when = f"Measured {time.strftime('%Y-%m-%d %H:%M')} by `{command}`"
        measured = f"{when} on {machine()}; {model.identity}, {model.engine}."
        text = "\n\n".join([measured, *PARTS[part](options, model)])
        print(text)
        if not options.no_page:
            put(PAGE, part, text)


def speed_tables(options: argparse.Namespace, model: Model) -> list[str]:
    """Sentences per second side by side, and labels against those of the pipelines and hand-coded ones."""
    splits = read_splits(options.splits) if options.splits else {}
    coded = {Path(gold).name: coded_sentences(model, gold, files, splits) for gold, files in options.gold or []}
    portions = turns(documents(options.sentences, options.documents), model, options.sentences, TURN)
    found = measure(model, portions, options.minutes * 60)
    kind = "real" if options.documents else "invented"
    table = speed_table(found)
    alone = isinstance(model.settings.reading, DocumentWindow)
    what = "; the pipelines read each alone, which is all they can" if alone else " with their context"
    size = f"{len(found.same_tokens)} {kind} sentences{what}, turns of {TURN}."
    parts = [
        f"### Speed\n\n{size}\n\n{markdown(table, 'engine')}",
        f"### What the engine allows\n\n{limits(table, model.engine)}",
        f"### Labels against those of the pipelines\n\n{agreements(found, model.engine)}",
    ]
    for name, examples in coded.items():
        labels = markdown(accuracy(model, examples), "engine")
        parts.append(f"### Labels against coded sentences: {name}\n\n{labels}")
    return parts


def limits(table: pd.DataFrame, bare: str) -> str:
    """What the goals of speed come to: the engine alone, on ready tensors, is the most that the scorer can reach.

    Args:
        table: from `benchmarks.speed.speed_table`.
        bare: the row of the engine that the scorer uses.
    """
    share = table.loc[SCORER, "sentences/s"] / table.loc[bare, "sentences/s"]
    lines = [f"From documents to rows, the scorer reaches {share:.0%} of its engine, {bare}, on ready tensors."]
    units = "has" if any(f.startswith("amx") for f in processor()[1]) else "has no"
    lines.append(f"This processor {units} matrix units (AMX).")
    for column, (base, goal) in GOALS.items():
        most, scorer, best = table.loc[bare, column], table.loc[SCORER, column], table[column].idxmax()
        within = "within reach" if most >= goal else "out of reach on this machine with these weights"
        verdict = "reached" if scorer >= goal else within
        lines.append(
            f"{goal} times {base}: {verdict}. The engine alone is {most:.2f} times as fast, the scorer {scorer:.2f} "
            f"times; the fastest of all rows, {best}, {table.loc[best, column]:.2f} times."
        )
    return "\n".join(f"- {line}" for line in lines)


def agreements(found: Measured, bare: str) -> str:
    """Labels of every row against the pipeline's defaults, and the scorer's engine against the other pipeline, too.

    Args:
        found: what was measured.
        bare: the row of the engine that the scorer uses.
    """
    table = agreement_table(found)
    sorted_row = agreement_table(found, BATCHED).loc[[bare]].rename(index={bare: f"{bare}; against batch 32"})
    table = pd.concat([table, sorted_row])
    same, n = sum(found.same_tokens), len(found.same_tokens)
    lowest = table.loc[[bare, *sorted_row.index]].min().min()
    return (
        f"{same} of {n} sentences: those of which the pipelines read the very tokens that the engines "
        f"read.\n\n{markdown(table, 'engine')}\n\nThe lowest agreement of the scorer's engine, {bare}, is "
        f"{lowest:.4f}; the goal of {AGREEMENT:.1%} is {'reached' if lowest >= AGREEMENT else 'missed'}."
    )


def growth_tables(options: argparse.Namespace, _: Model) -> list[str]:
    """What a user waits for, and time and memory of archives of growing size."""
    with tempfile.TemporaryDirectory() as folder:
        readout = resource_path("examples/summit/us.md")
        sizes = [int(s) for s in options.shipped_sizes.split(",")]
        small = growth(Path(folder), "readout-small", [*sizes, *([100_000] if options.full else [])])
        random = write_random_checkpoint(Path(folder) / "random")
        grown = growth(Path(folder), str(random), [int(s) for s in options.sizes.split(",")])
        many = growth_with_files(Path(folder), str(random), [int(n) for n in options.files.split(",")])
        parts = [
            f"### What a user waits for\n\n{markdown(waits(Path(folder), readout), 'command')}",
            f"### Growth\n\nThe shipped model:\n\n{markdown(small.set_index('sentences'), 'sentences')}",
            "A tiny model with random weights, which shows what surrounds the model:",
            markdown(grown.set_index("sentences"), "sentences"),
            "### Growth with the number of files\n\nThe same tiny model:",
            markdown(many.set_index("files"), "files"),
        ]
        if options.full:
            million = growth(Path(folder), str(random), [1_000_000])
            table = markdown(million.set_index("sentences"), "sentences")
            parts.append(f"### Growth to a million\n\nThe same tiny model:\n\n{table}")
        return parts


PARTS: dict[str, Callable[[argparse.Namespace, Model], list[str]]] = {"speed": speed_tables, "growth": growth_tables}


def markdown(table: pd.DataFrame, index: str) -> str:
    """A table as Markdown, figures to three places that count."""

    def cell(value: object) -> str:
        if isinstance(value, float):
            return (
                ""
                if pd.isna(value)
                else f"{value:.4f}"
                if 0.9 < value < 1
                else f"{value:.3g}"
                if value < 100
                else f"{value:.0f}"
            )
        return str(value)

    rows = [[i, *map(cell, row)] for i, row in zip(table.index, table.to_numpy(), strict=True)]
    return markdown_table([index, *table.columns], rows)


def put(page: Path, part: str, text: str) -> None:
    """Put the tables of a part between its marks of the page; sections that were not measured now are kept."""
    start, end = f"<!-- {part}:start -->", f"<!-- {part}:end -->"
    content = page.read_text(encoding="utf-8")
    marked = re.sub(
        f"{start}\n(.*){end}", lambda m: f"{start}\n{with_kept(m[1], text)}\n{end}", content, flags=re.DOTALL
    )
    page.write_text(marked, encoding="utf-8")


def with_kept(old: str, new: str) -> str:
    """New sections of a part, and those of the old part that have no new one, under the old line on how they were made.

    Args:
        old: a line on how it was measured, then sections with headings of the third level.
        new: the same.
    """
    head, *sections = re.split("^(?=### )", old.strip(), flags=re.MULTILINE)
    measured = set(re.findall("^### .*", new, flags=re.MULTILINE))
    kept = []
    for section in sections:
        title, _, body = section.strip().partition("\n\n")
        if title not in measured:
            kept += [title, body if body.startswith("Measured ") else f"{head.strip()}\n\n{body}"]
    return "\n\n".join([new, *kept])


if __name__ == "__main__":
    main()
