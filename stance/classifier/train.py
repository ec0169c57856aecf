"""Training a model from a recipe."""

from __future__ import annotations

import json
import logging
import shutil
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from safetensors.torch import load_file
from tokenizers import Tokenizer
from transformers import AutoTokenizer, set_seed

from stance.annotation.standoff import annotations_of, asked
from stance.classifier.calibrate import fit_calibration, learn_neighbours
from stance.classifier.decision import ScoringSettings
from stance.classifier.delta import DELTA, WEIGHTS, write_delta
from stance.classifier.distillation import add_soft_targets, uncoded_documents
from stance.classifier.encoders import find_encoder
from stance.classifier.export import export_onnx, save_checkpoint
from stance.classifier.initial_model import new_model
from stance.classifier.network import SentenceClassifier
from stance.classifier.output import require_folder
from stance.classifier.predict import FILES
from stance.classifier.recipe import Recipe, recipe_from
from stance.classifier.sentence_trainer import TrainingSet, sentence_trainer
from stance.classifier.tokenization import Asked, Encoded, encode, encode_alone, join, load_tokenizer, most_tokens
from stance.classifier.training_data import Corpus, load_corpus, make_targets
from stance.classifier.training_manifest import predecessor_of, teachers_of, write_manifest
from stance.codebook import Codebook, load_codebook
from stance.documents.document import Document
from stance.errors import StanceError

logger = logging.getLogger(__name__)


def train(
    recipe: Recipe,
    documents: Iterable[Document],
    output: Path,
    keep_teachers: bool = False,
    pupils: tuple[Path, ...] = (),
) -> Path:
    """Train, calibrate and export a model.

    Args:
        recipe: from `stance.classifier.recipe.load_recipe`.
        documents: the documents that the recipe's annotations refer to; with ``distillation.unlabelled`` also others.
        output: folder that the model is written to; its name should be the recipe's. Teachers that the recipe names
            are trained first, unless their folders hold them, of the same recipe and annotations.
        keep_teachers: take the teachers that are there although annotations or recipes have changed since; the
            manifest says what they were trained on.
        pupils: files of the recipes that this training is for, where it is a teacher's.

    Returns:
        the folder: a Hugging Face checkpoint with ``model.onnx``, ``scoring.json``, ``codebook.yaml``,
            ``manifest.json``, whose weights are ``delta.safetensors`` where the recipe has ``delta_bits``.

    Raises:
        StanceError: if the recipe's data, encoder or teachers cannot be had or do not go together, or no document fits
            its annotations, or the folder cannot be written. What is in it is left alone until the new model is
            finished.
    """
    set_seed(recipe.training.seed)
    predecessor = predecessor_of(recipe)
    codebook = load_codebook(recipe.resolve(recipe.data.codebook))
    documents = list(documents)
    corpus = load_corpus(recipe, documents, codebook)
    if output.resolve() in {t.folder.resolve() for t in recipe.teachers}:
        raise StanceError(
            f"{output}: the folder of this recipe's own teacher. Give the recipe another name, or --output"
        )
    require_folder(output if output.exists() else output.parent)
    for teacher in recipe.teachers:
        _prepare_teacher(teacher, documents, codebook, keep_teachers, (*pupils, recipe.path.resolve()))
    started = time.time()
    beside = output.with_name(f".{output.name}.training")
    shutil.rmtree(beside, ignore_errors=True)
    beside.mkdir(parents=True)
    try:
        shutil.copy(recipe.resolve(recipe.data.codebook), beside / "codebook.yaml")
        counts = _train_checkpoint(recipe, corpus, documents, codebook, beside)
        write_manifest(recipe, corpus, counts, predecessor, beside, time.time() - started)
        _put_in_place(beside, output)
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    return output


def _put_in_place(finished: Path, output: Path) -> None:
    """Move a finished model to its folder; the manifest comes last, and says that all is there."""
    output.mkdir(parents=True, exist_ok=True)
    for name in ("manifest.json", *FILES, DELTA):
        (output / name).unlink(missing_ok=True)
    for file in sorted(finished.iterdir(), key=lambda f: f.name == "manifest.json"):
        file.replace(output / file.name)


def _prepare_teacher(
    teacher: Recipe, documents: list[Document], codebook: Codebook, keep: bool, pupils: tuple[Path, ...]
) -> None:
    """Train a teacher that is not there, or not of its present recipe and annotations."""
    there = (teacher.folder / "manifest.json").is_file()
    if (keep and there) or _is_trained(teacher, documents, codebook, pupils):
        return
    if there:
        raise StanceError(
            f"{teacher.folder}: trained by another recipe or on other annotations than the present ones. "
            f"Train it first (stance train {teacher.path}), or give --keep-teachers"
        )
    logger.info("%s: no teacher of this recipe and these annotations is there; it is trained first", teacher.folder)
    train(teacher, documents, teacher.folder, keep, pupils)


def _is_trained(recipe: Recipe, documents: list[Document], codebook: Codebook, pupils: tuple[Path, ...] = ()) -> bool:
    """Whether a finished model of just this recipe, these annotations and its present teachers lies in its folder.

    Teachers of a teacher need not be there: a released model comes without those that are not released.
    """
    if recipe.path.resolve() in pupils:
        raise StanceError(f"{recipe.path}: this recipe would be its own teacher. Take it out of its teachers' recipes")
    try:
        manifest = json.loads((recipe.folder / "manifest.json").read_text(encoding="utf-8"))
        kept = {k: v for k, v in manifest["recipe"].items() if k != "path"}
        same = recipe_from(kept, recipe.path) == recipe
    except (OSError, ValueError, KeyError, StanceError):
        return False
    if not same or manifest["annotations_sha256"] != load_corpus(recipe, documents, codebook).digest:
        return False
    pupils = (*pupils, recipe.path.resolve())
    present = [t for t in recipe.teachers if (t.folder / "manifest.json").is_file()]
    if not all(_is_trained(teacher, documents, codebook, pupils) for teacher in present):
        return False
    return len(present) < len(recipe.teachers) or manifest.get("teachers", []) == teachers_of(recipe)


def _train_checkpoint(
    recipe: Recipe, corpus: Corpus, documents: list[Document], codebook: Codebook, output: Path
) -> dict[str, int]:
    encoder = find_encoder(recipe.encoder)
    if recipe.delta_bits and not (Path(encoder) / WEIGHTS).is_file():
        raise StanceError(
            f"{recipe.path}: delta_bits needs an encoder of configs/encoders.yaml or a folder, not {encoder}"
        )
    _write_tokenizer(encoder, output, most_tokens(recipe.reading))
    tokenizer = load_tokenizer(output)
    hard = make_targets(corpus.train, codebook, recipe.data.written_weight)
    coded, targets = [asked(d) for d in corpus.train], hard
    added: list[Asked] = []
    if recipe.distillation.teachers:
        added = uncoded_documents(recipe, corpus, documents)
        targets = add_soft_targets(hard, coded, added, recipe, codebook)
    train_set = TrainingSet(_encode_training(tokenizer, [*coded, *added], recipe), targets)
    validation = encode(tokenizer, [asked(d) for d in corpus.validation], recipe.reading)
    validation_set = TrainingSet(validation, make_targets(corpus.validation, codebook))
    annotations = annotations_of(corpus.validation)
    network = SentenceClassifier(new_model(recipe, encoder, codebook))
    trainer = sentence_trainer(recipe, network, output, train_set, hard.labels, validation_set, annotations, codebook)
    trainer.train()
    save_checkpoint(network.model, output)
    if recipe.delta_bits:
        write_delta(output, recipe.encoder, recipe.delta_bits)
        network.model.load_state_dict(load_file(output / WEIGHTS), strict=False)  # those that users will have
    logits = np.asarray(trainer.predict(trainer.eval_dataset).predictions)  # type: ignore[arg-type]
    neighbours = learn_neighbours(corpus.train, corpus.validation, codebook)
    calibration = fit_calibration(logits, annotations, codebook, neighbours)
    ScoringSettings(recipe.reading, calibration, tuple(recipe.data.languages)).write(output)
    export_onnx(output)
    if recipe.delta_bits:
        (output / WEIGHTS).unlink()
    shutil.rmtree(output / "steps", ignore_errors=True)
    return {"soft_labelled_sentences": len(targets.labels) - len(hard.labels)}


def _encode_training(tokenizer: Tokenizer, documents: Sequence[Asked], recipe: Recipe) -> Encoded:
    """Inputs of all sentences; those of a share of the documents stand without context."""
    drawn = np.random.default_rng(recipe.training.seed).random(len(documents))
    parts = []
    for item, number in zip(documents, drawn, strict=True):
        _, sentences, positions = item
        if number < recipe.training.context_dropout:
            texts = [sentences[i].text for i in sorted(positions)]
            parts.append(encode_alone(tokenizer, texts, recipe.reading))
        else:
            parts.append(encode(tokenizer, [item], recipe.reading))
    return join(parts)


def _write_tokenizer(encoder: str, output: Path, max_length: int) -> None:
    """Save the encoder's tokenizer without the truncation and padding that its files may fix."""
    tokenizer = AutoTokenizer.from_pretrained(encoder)
    tokenizer.backend_tokenizer.no_truncation()
    tokenizer.backend_tokenizer.no_padding()
    tokenizer.model_max_length = max_length
    tokenizer.save_pretrained(str(output))
