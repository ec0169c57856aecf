"""Model card: written from a model's manifest and evaluations, so that no figure is typed by hand."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

import pandas as pd
import yaml

from stance.classifier.card_claims import Origin, encoder_items, hub_fields, input_line, limits, origin_of
from stance.classifier.card_training import training_items
from stance.classifier.decision import ScoringSettings
from stance.classifier.delta import DELTA, delta_about
from stance.classifier.markdown_tables import figure, records
from stance.codebook import load_codebook
from stance.errors import StanceError
from stance.markdown import markdown_table
from stance.model_input import DocumentWindow, Reading

NAMES = {
    "main_accuracy": "main issue accuracy",
    "micro_f1": "micro-F1",
    "macro_f1": "macro-F1",
    "accuracy": "accuracy",
    "calibration_error": "expected calibration error",
    "main_calibration_error": "main issue expected calibration error",
    "area_under_risk_coverage": "area under risk-coverage curve",
    "main_area_under_risk_coverage": "main issue area under risk-coverage curve",
}
BRIEF = (
    ("issue", "main_accuracy"), ("issue", "micro_f1"), ("issue", "macro_f1"), ("stance", "macro_f1"),
    ("stance", "accuracy"), ("holder", "macro_f1"), ("holder", "accuracy"), ("frame", "micro_f1"),
    ("frame", "macro_f1"), ("stance", "calibration_error"), ("holder", "calibration_error"),
)  # fmt: skip
"""Figures that the front page shows."""


def read_evaluations(folder: Path) -> dict[str, tuple[pd.DataFrame, pd.DataFrame]]:
    """Figures and labels of every evaluation below ``evaluation/``, by name.

    Raises:
        StanceError: if there is none.
    """
    found = {}
    for place in sorted((folder / "evaluation").glob("*/figures.csv")):
        found[place.parent.name] = (pd.read_csv(place), pd.read_csv(place.parent / "labels.csv"))
    if not found:
        raise StanceError(f"{folder}: no evaluation lies in it. Run `stance evaluate GOLD -o {folder}/evaluation/NAME`")
    return found


def figures_table(folder: Path, brief: bool = True) -> str:
    """Figures of all evaluations of a model as a Markdown table, with 95% intervals.

    Args:
        folder: the model.
        brief: only those of `BRIEF`.
    """
    evaluations = read_evaluations(folder)
    titles = {}
    for name, (figures, _) in evaluations.items():
        n, documents = int(figures["sentences"].iloc[0]), int(figures["documents"].iloc[0])
        titles[name] = f"{name.replace('-', ' ')} ({n} sentences, {documents} documents)"
    rows = []
    first = next(iter(evaluations.values()))[0]
    for dimension, metric in zip(first["dimension"], first["metric"], strict=True):
        if brief and (dimension, metric) not in BRIEF:
            continue
        cells = []
        for figures, _ in evaluations.values():
            row = figures[(figures["dimension"] == dimension) & (figures["metric"] == metric)]
            cells += [figure(r) for r in records(row.head(1))] or ["–"]
        rows.append([figure_name(dimension, metric), *cells])
    return markdown_table(["", *titles.values()], rows)


def weights_line(tables: Iterable[Path]) -> str:
    """A line that names the weights that figures are of, by name and hash.

    Args:
        tables: of evaluations, CSV; those of earlier versions of the package have no column ``model``.
    """
    found: set[str] = set()
    for table in tables:
        columns = pd.read_csv(table) if table.is_file() else pd.DataFrame()
        found |= {f"`{m}`" for m in columns["model"].unique()} if "model" in columns else {"not recorded"}
    return f"Weights: {', '.join(sorted(found))}."


def figure_name(dimension: str, metric: str) -> str:
    """What a figure is called in tables."""
    if metric.startswith("main_"):
        return NAMES.get(metric, metric.replace("main_", "main issue ").replace("_", " "))
    return f"{dimension} {NAMES.get(metric, metric.replace('_', ' '))}"


def labels_table(labels: pd.DataFrame) -> str:
    """Support, precision, recall and F1 of every label as a Markdown table; the count that its probabilities expect."""
    rows = []
    for row in labels.to_dict("records"):
        numbers = ["–" if pd.isna(row[k]) else f"{row[k]:.2f}" for k in ("precision", "recall", "f1")]
        counts = [row["support"], row["given"], f"{row['expected']:.0f}"]
        rows.append([row["dimension"], row["label"], *counts, *numbers])
    return markdown_table(["dimension", "label", "support", "given", "expected", "precision", "recall", "F1"], rows)


def model_card(folder: Path) -> str:
    """The model card in Markdown, with the metadata that the Hugging Face hub reads.

    Args:
        folder: a model with ``manifest.json`` and evaluations.

    Raises:
        StanceError: if the manifest or the evaluations are missing.
    """
    try:
        manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise StanceError(f"{folder / 'manifest.json'}: cannot be read ({error}). Train the model again") from error
    evaluations = read_evaluations(folder)
    settings, codebook = ScoringSettings.read(folder), load_codebook(folder / "codebook.yaml")
    origin = origin_of(manifest)
    calibration = "\n".join(
        f"- {k}: temperature {c.temperature}, scale {c.scale}, shift {c.shift}, threshold {c.threshold}"
        + (", transitions in `scoring.json`" if c.transitions else "")
        for k, c in settings.calibration.items()
    )
    main = "test" if "test" in evaluations else next(iter(evaluations))
    return f"""---
{yaml.safe_dump(_index(folder.name, origin, evaluations), sort_keys=False).strip()}
---

# {folder.name}

Labels a sentence of a diplomatic document with issue, stance, holder and frame: {len(codebook.outputs)} outputs,
codebook {codebook.version}. {_form(folder, origin)}

{encoder_items(origin)}
{training_items(manifest, origin.own_predecessor)}
{input_line(settings.reading)}
- `stance` and `holder` are read as a softmax over their logits, `issue` and `frame` as sigmoids. The main issue is read
  from a softmax over the logits of `issue`, with the temperature given there: `p_issue_main` comes of that softmax, and
  is not the probability of the same issue in `probs`, which is its sigmoid:

{calibration}{_neighbours(settings)}

## Figures

95% intervals from resampling documents.{" Evaluated documents were never trained on." if origin.corpus else ""}
{weights_line(sorted(folder.glob("evaluation/*/figures.csv")))}

{figures_table(folder, brief=False)}

Figures by label, on {main.replace("-", " ")}:

{labels_table(evaluations[main][1])}

## With transformers

{_with_transformers(settings.reading)}

## Limits

{limits(origin, settings.reading)}
"""


def _neighbours(settings: ScoringSettings) -> str:
    """How sentences of a document bear on each other, if they do."""
    if not settings.of("issue").transitions:
        return ""
    return """
- The main issue of a sentence also rests on those of the sentences before and after it: a linear chain over the
  document joins its softmax, at a temperature of its own, with how main issues followed each other in training
  documents (`stance.classifier.chain`). A sentence scored alone lacks this."""


def _with_transformers(reading: Reading) -> str:
    """What the pipeline of transformers gives, and how to get more."""
    alone = """\
`pipeline("text-classification", model=…, top_k=None)` gives the sigmoid of every output for a sentence alone: it ranks
labels, but these are not the probabilities of a scored table. """
    if isinstance(reading, DocumentWindow):
        return f"""{alone}For those, read windows of the document, and put
the head on the mean of each sentence's tokens: `stance.classifier.tokenization.encode` makes the windows,
`stance.classifier.network.SentenceClassifier` gives the logits, `stance.classifier.decision.probabilities` reads
them."""
    return f"""{alone}For those, give the context as `text_pair`, and read the
logits of `stance` and of `holder` as one softmax each, with the temperatures above:
`stance.model_input.model_inputs` makes the pairs, `stance.classifier.decision.decide` reads the logits, those of whole
documents with the numbers of their sentences."""


def _form(folder: Path, origin: Origin) -> str:
    """How the weights are kept and loaded."""
    if not (folder / DELTA).is_file():
        return (
            "A standard `AutoModelForSequenceClassification` checkpoint; `stance` reads it by OpenVINO or ONNX Runtime."
        )
    about = delta_about(folder)
    size = (folder / DELTA).stat().st_size / 1e6
    fetched = "fetches the encoder from the package registry,\n" if origin.known_encoder else ""
    return f"""\
The weights are kept as differences of at most {about["bits"]} bits from those of the encoder,
{size:.0f} MB; on first use `stance` {fetched}puts the checkpoint together in its cache \
and verifies it. `stance models --folder {folder.name}` prints where it lies:
a standard `AutoModelForSequenceClassification` checkpoint."""


def _index(name: str, origin: Origin, evaluations: dict[str, tuple[pd.DataFrame, pd.DataFrame]]) -> dict[str, object]:
    results = [
        {
            "task": {"type": "text-classification"},
            "dataset": {"name": title, "type": "stance-readouts"},
            "metrics": [
                {
                    "type": r["metric"],
                    "name": figure_name(r["dimension"], r["metric"]),
                    "value": round(float(r["estimate"]), 4),
                }
                for r in figures.to_dict("records")
            ],
        }
        for title, (figures, _) in evaluations.items()
    ]
    return hub_fields(origin) | {"model-index": [{"name": name, "results": results}]}
