"""What a model card says of encoder, data and limits: of a model only what is known of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from stance.annotation.corpus_files import ANNOTATIONS, WRITTEN
from stance.classifier.encoders import known_encoders
from stance.model_input import ContextWindow, DocumentWindow, Reading

_ENGLISH = """\
- English. A Chinese document is scored, but the encoder knows next to no Chinese: do not use these labels."""
_CORPUS = """\
- Trained on White House, State Department, Chinese ministry and embassy texts and on General Debate speeches of both
  sides, 2008 to 2026, and on invented ones; other governments, genres and years are out of domain.
- Sentences that are no diplomacy at all (recipes, manuals) may get some issue (`tests/robustness.yaml` probes it).
- Rare stances and issues rest on few sentences (see support), and are found less surely than frequent ones.
- Labels were made by a language model that read with the codebook; the evaluated part was coded twice and adjudicated.
  Its errors are correlated more than those of people would be. See the datasheet of the corpus.
- In a transcript, the turns of a speaker whose side the title names are read as that side's own voice. This rule was
  added after a look at errors on the development gold; the test part holds no such transcript."""
_USUAL_WINDOW = """\
- The model reads the sentence, the two before it, title, source, speaker and the opening of the paragraph; what stands
  further back, or follows, it knows at most by the issues of the sentences around it."""
_WINDOWS = """\
- The model reads a window of a document at once; what stands outside the window it does not know. A sentence that is
  scored alone lacks what its neighbours would have told."""
_OTHER_WINDOW = "- What stands outside the input named above the model does not know."
_USE = """\
- Not for judging persons, and not for decisions that nobody checks: every label carries its sentence and its
  probability."""
_DATA_LICENCE = """\
- Licence of these weights: Apache-2.0. So are the labels and the written sentences that they learned from; labels stand
  apart from the texts, by document and offsets. The published documents of governments and of the General Debate are
  not redistributed; of some no licence is stated (see the datasheet of the corpus)."""


@dataclass(frozen=True)
class Origin:
    """Where a model comes from.

    Attributes:
        encoder: its name in the recipe.
        known_encoder: its entry in ``configs/encoders.yaml``; empty if it has none.
        corpus: whether all its labels are those of the corpus that comes with the package, and if training went on from
            a checkpoint, that one is a released model.
        languages: of the documents that it was trained on.
        own_predecessor: whether training went on from a model of this project, released or not.
    """

    encoder: str
    known_encoder: dict[str, Any]
    corpus: bool
    languages: tuple[str, ...]
    own_predecessor: bool


def origin_of(manifest: dict[str, Any]) -> Origin:
    """Where a model comes from, by its manifest."""
    recipe, predecessor = manifest["recipe"], manifest.get("predecessor") or {}
    data = recipe.get("data", {})
    annotations, written = data.get("annotations", ()), data.get("written", ())
    corpus = bool(annotations) and all(_is(a, ANNOTATIONS) for a in annotations)
    corpus = corpus and all(_is(w, WRITTEN) for w in written)
    released = bool(predecessor) and _is(recipe["starts_from"], f"models/{predecessor['name'].split('@')[0]}")
    corpus = corpus and (released or not predecessor)
    encoder = recipe["encoder"]
    return Origin(encoder, known_encoders().get(encoder, {}), corpus, tuple(data.get("languages", ("en",))), released)


def _is(path: str, shipped: str) -> bool:
    """Whether a recipe's path, which is taken from ``configs``, is that of a file or folder of the repository."""
    return path.rstrip("/") == f"../{shipped}"


def encoder_items(origin: Origin) -> str:
    """The card's items on the encoder and on the licences of what the weights were made from."""
    about = origin.known_encoder
    if not about:
        return f"- Encoder: {origin.encoder}."
    first, *more = about["packages"]
    packages = f"`{first}`" + (f"\n  to `{more[-1]}`" if more else "")
    lines = f"""\
- Encoder: {about["description"]}, published by {about["publisher"]},
  licence {about["licence"]}. Its own card says that it was made from `{about["made_from"]}` with
  {about["pairs"]:,} pairs of texts from public collections, and names no licence of either.
  It comes from the package registry, {packages}, and is verified by SHA-256:
  `{about["sha256"]["model.safetensors"]}` (`model.safetensors`)."""
    return f"{lines}\n{_DATA_LICENCE}" if origin.corpus else lines


def input_line(reading: Reading) -> str:
    """The card's item on what the model is shown."""
    if isinstance(reading, DocumentWindow):
        heading = [*(["title"] if reading.title else []), *(["source", "speaker"] if reading.source else [])]
        begins = f" that begins with {', '.join(heading)}" if heading else ""
        return (
            f"- Input: windows of up to {reading.length} tokens of a document{begins};\n"
            "  each sentence is classified by the mean of its tokens, and sentences before the window's own are\n"
            f"  shown again, up to {reading.context} tokens."
        )
    shown = [f"up to {reading.previous} sentences before it"] if reading.previous else []
    shown += ["title"] if reading.title else []
    shown += ["source", "speaker"] if reading.source else []
    shown += ["opening of the paragraph"] if reading.opening else []
    if not shown:
        return f"- Input: the sentence alone, up to {reading.max_length} tokens."
    text = ", ".join(shown).replace("title, source", "title,\n  source")
    return f"- Input: the sentence; as second segment its context ({text}), {reading.max_length} tokens in all."


def limits(origin: Origin, reading: Reading) -> str:
    """The card's list of limits."""
    english = origin.languages == ("en",) and origin.known_encoder
    other = f"- Trained on documents in these languages alone: {', '.join(origin.languages)}."
    if isinstance(reading, DocumentWindow):
        context = _WINDOWS
    else:
        usual = reading == ContextWindow(max_length=reading.max_length)
        context = _USUAL_WINDOW if usual else _OTHER_WINDOW
    parts = [_ENGLISH if english else other, _CORPUS if origin.corpus else ""]
    return "\n".join(p for p in [*parts, context, _USE] if p)


def hub_fields(origin: Origin) -> dict[str, object]:
    """Metadata that the Hugging Face hub reads; a licence only where that of encoder and labels is known."""
    fields: dict[str, object] = {"license": "apache-2.0"} if origin.corpus and origin.known_encoder else {}
    return fields | {
        "language": list(origin.languages),
        "library_name": "transformers",
        "pipeline_tag": "text-classification",
        "tags": ["stance-detection", *(["diplomacy", "political-science"] if origin.corpus else [])],
    }
