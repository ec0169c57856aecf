"""Exports for hand coding and for Hugging Face, and the way back from Label Studio."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

import yaml

from stance.annotation.examples import Example, sentence_record
from stance.annotation.spreadsheet import write_spreadsheet
from stance.annotation.standoff import Annotation, annotation_from_record, sentence_hash, write_jsonl
from stance.codebook import Codebook, Dimension
from stance.errors import StanceError
from stance.markdown import markdown_table

if TYPE_CHECKING:
    from datasets import DatasetDict

MAIN = "_main"
"""Ending of the question for the first of several labels: tools do not keep the order in which labels are chosen."""

_COLOURS = {"issue": "#2f6f9f", "stance": "#b0413e", "holder": "#4f7a3a", "frame": "#7a5c99"}

_CARD = """
# {name}

Sentences of official readouts, statements and speeches of the United States and China, each with its issues (the main
one first), stance, holder and frames, by codebook {version}. Made by `stance corpus export huggingface`.

{table}

`written` marks invented sentences in the register of readouts. They are in train only.

The labels are the project's. **The text of published sentences is not: it comes from your own copies of the documents.
Keep this folder to yourself unless you may pass the documents on.**

`start` and `end` are character offsets in the document; `context` is what the classifier reads beside the sentence.

{labels}
"""


def write_project(
    examples: Sequence[Example], folder: Path, form: str, codebook: Codebook, blind: bool = False
) -> None:
    """Write sentences for hand coding: a spreadsheet, or tasks and the labelling interface of an annotation tool.

    Args:
        examples: annotated sentences; their labels are suggestions that a coder accepts or changes.
        folder: made if need be.
        form: ``label-studio``, ``spreadsheet`` or ``doccano``.
        codebook: of the labels.
        blind: leave the labels out.

    Raises:
        StanceError: if they cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if form == "spreadsheet":
            write_spreadsheet(examples, codebook, folder / "tasks.xlsx", blind)
        elif form == "label-studio":
            interface, tasks = to_label_studio(examples, codebook)
            tasks = [{"data": t["data"]} for t in tasks] if blind else tasks
            (folder / "interface.xml").write_text(interface, encoding="utf-8")
            (folder / "tasks.json").write_text(json.dumps(tasks, ensure_ascii=False, indent=1), encoding="utf-8")
        else:
            categories, records = to_doccano(examples, codebook)
            records = [{**r, "label": []} for r in records] if blind else records
            (folder / "labels.json").write_text(json.dumps(categories, indent=1), encoding="utf-8")
            write_jsonl(records, folder / "sentences.jsonl")
    except OSError as error:
        raise StanceError(f"{folder}: the tasks cannot be written ({error.strerror}). Check the folder") from error


def to_label_studio(examples: Sequence[Example], codebook: Codebook) -> tuple[str, list[dict[str, Any]]]:
    """Make a Label Studio project: its labelling interface and its tasks.

    Args:
        examples: annotated sentences.
        codebook: becomes one question for each dimension, and one more for the main label where several may be given.

    Returns:
        the interface as XML, and tasks whose existing labels are predictions that a coder accepts or changes.
    """
    return _interface(codebook), [_task(example, codebook) for example in examples]


def from_label_studio(tasks: Iterable[Mapping[str, Any]], codebook: Codebook) -> list[Annotation]:
    """Read the annotations of tasks made by `to_label_studio` back from Label Studio's JSON export.

    Args:
        tasks: the export (format "JSON"), loaded.
        codebook: every label is checked against it.

    Returns:
        one annotation for each completed one, the coder being who completed it. Tasks that nobody has labelled, and
        skipped ones, give none.

    Raises:
        StanceError: naming the task, if it is of another project, its text was changed, or labels break the codebook.
    """
    found = []
    for task in tasks:
        name = f"task {task.get('id', '?')}" if isinstance(task, Mapping) else "export"
        try:
            completed = [a for a in task["annotations"] if not a.get("was_cancelled")]
            found += [_read_task(task["data"], a, codebook) for a in completed]
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise StanceError(
                f"{name}: not from a project that stance made ({error!r}). Export it from Label Studio as JSON"
            ) from error
        except StanceError as error:
            raise StanceError(f"{name}: {error}") from error
    return found


def to_doccano(examples: Sequence[Example], codebook: Codebook) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Make a doccano project (text classification, several categories to a text).

    Args:
        examples: annotated sentences.
        codebook: becomes the list of categories, named ``dimension:label``, with ``issue_main:`` for the main issue.

    Returns:
        the categories for doccano's label import, and one record for each sentence, for JSONL.
    """
    categories = []
    for dimension in codebook.dimensions:
        colour = _COLOURS.get(dimension.key, "#666666")
        for name in _questions(dimension):
            categories += [
                {"text": f"{name}:{key}", "background_color": colour, "text_color": "#ffffff"} for key in dimension.keys
            ]
    records = [
        {
            **sentence_record(example),
            "label": [f"{name}:{key}" for name, keys in _answers(example.annotation, codebook).items() for key in keys],
        }
        for example in examples
    ]
    return categories, records


def to_huggingface(dataset: DatasetDict, folder: str | Path, codebook: Codebook) -> Path:
    """Save a data set as Parquet, one file for each split, with a card, so that ``load_dataset(folder)`` reads it.

    Args:
        dataset: from `stance.annotation.dataset.dataset_from_joined`.
        folder: made if need be.
        codebook: listed in the card.

    Returns:
        the card, ``README.md``.
    """
    folder = Path(folder)
    (folder / "data").mkdir(parents=True, exist_ok=True)
    for split, part in dataset.items():
        part.to_parquet(folder / "data" / f"{split}.parquet")
    card = folder / "README.md"
    card.write_text(dataset_card(dataset, folder.resolve().name, codebook), encoding="utf-8")
    return card


def dataset_card(dataset: DatasetDict, name: str, codebook: Codebook) -> str:
    """The card of a data set: what the Hub reads (YAML), what people read, and the labels."""
    parts = dict(dataset.items())
    metadata = {
        "pretty_name": name,
        "language": sorted({lang for part in parts.values() for lang in part.unique("lang")}),
        "task_categories": ["text-classification"],
        "license": "other",
        "configs": [
            {
                "config_name": "default",
                "data_files": [{"split": split, "path": f"data/{split}.parquet"} for split in parts],
            }
        ],
    }
    rows = [(split, len(part), sum(part["written"]), len(part.unique("doc_id"))) for split, part in parts.items()]
    table = markdown_table(["split", "sentences", "written", "documents"], rows)
    labels = [
        f"**{d.key}** ({d.question}) " + ", ".join(f"`{label.key}`" for label in d.labels) for d in codebook.dimensions
    ]
    body = _CARD.format(name=name, version=codebook.version, table=table, labels="\n\n".join(labels))
    return f"---\n{yaml.safe_dump(metadata, sort_keys=False)}---\n{body}"


def _interface(codebook: Codebook) -> str:
    view = ElementTree.Element("View")
    ElementTree.SubElement(view, "Header", value="$title", size="4")
    ElementTree.SubElement(view, "Text", name="context", value="$context", granularity="word")
    ElementTree.SubElement(view, "Text", name="text", value="$text", granularity="word")
    for dimension in codebook.dimensions:
        for name in _questions(dimension):
            _question(view, dimension, name)
    ElementTree.indent(view)
    return ElementTree.tostring(view, encoding="unicode") + "\n"


def _questions(dimension: Dimension) -> list[str]:
    """Names of the questions that a dimension becomes."""
    return [dimension.key + MAIN, dimension.key] if dimension.arity == "one_or_more" else [dimension.key]


def _question(view: ElementTree.Element, dimension: Dimension, name: str) -> None:
    main = name.endswith(MAIN)
    asked = f"{dimension.question} (the main one)" if main else dimension.question
    choice = "single" if main or dimension.exclusive else "multiple"
    ElementTree.SubElement(view, "Header", value=asked, size="5")
    attributes = {"name": name, "toName": "text", "choice": choice, "showInline": "true"}
    if dimension.arity != "any":
        attributes |= {"required": "true", "requiredMessage": f"Choose a label: {name}"}
    choices = ElementTree.SubElement(view, "Choices", attributes)
    for label in dimension.labels:
        ElementTree.SubElement(choices, "Choice", value=label.name, alias=label.key, hint=label.definition)


def _answers(annotation: Annotation, codebook: Codebook) -> dict[str, list[str]]:
    """Labels by question, as `_interface` asks them."""
    answers: dict[str, list[str]] = {}
    for dimension in codebook.dimensions:
        given = annotation.labels[dimension.key]
        keys = given if isinstance(given, list) else [given]
        for name in _questions(dimension):
            answers[name] = keys[:1] if name.endswith(MAIN) else keys
    return answers


def _task(example: Example, codebook: Codebook) -> dict[str, Any]:
    result = [
        {"from_name": name, "to_name": "text", "type": "choices", "value": {"choices": keys}}
        for name, keys in _answers(example.annotation, codebook).items()
        if keys
    ]
    version = example.annotation.coder or "existing"
    return {"data": sentence_record(example), "predictions": [{"model_version": version, "result": result}]}


def _read_task(data: Mapping[str, Any], completed: Mapping[str, Any], codebook: Codebook) -> Annotation:
    if sentence_hash(data["text"]) != data["sha256"]:
        raise StanceError("the text is not the exported one. Import the tasks again without changing them")
    answers = {r["from_name"]: r["value"]["choices"] for r in completed["result"] if r["type"] == "choices"}
    labels: dict[str, Any] = {}
    for dimension in codebook.dimensions:
        keys = list(answers.get(dimension.key, []))
        first = answers.get(dimension.key + MAIN, [])
        keys = [*first, *(k for k in keys if k not in first)]
        labels[dimension.key] = keys[0] if dimension.exclusive and len(keys) == 1 else keys
    problems = codebook.problems(labels)
    if problems:
        raise StanceError(f"{'; '.join(problems)}. Mend it in Label Studio and export again")
    who = completed.get("completed_by", "")
    coder = who.get("email") or who.get("id", "") if isinstance(who, Mapping) else who
    record = {key: data[key] for key in ("doc_id", "sent_id", "start", "end", "sha256", "round")}
    return annotation_from_record({**record, **labels, "coder": coder})
