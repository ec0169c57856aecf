"""Training a checkpoint from a recipe, with the Hugging Face `Trainer`."""

from __future__ import annotations

import hashlib
import json
import logging
import platform
import shutil
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np
import torch
from datasets import Dataset
from transformers import (
    AutoConfig,
    AutoModelForSequenceClassification,
    AutoTokenizer,
    EarlyStoppingCallback,
    Trainer,
    TrainingArguments,
    set_seed,
)

from stance.annotation.examples import Example, make_examples, targets
from stance.annotation.splits import read_splits
from stance.annotation.standoff import AnnotatedDocument, join, read_annotations
from stance.annotation.written import read_written
from stance.classifier.calibrate import fit_calibration
from stance.classifier.decision import ScoringSettings
from stance.classifier.encoders import find_encoder
from stance.classifier.evaluate import headline, predict_labels, validation_score
from stance.classifier.export import export_onnx, save_checkpoint
from stance.classifier.losses import GroupLoss
from stance.classifier.recipe import Recipe
from stance.classifier.tokenization import encode_pairs, load_tokenizer
from stance.codebook import Codebook, load_codebook
from stance.documents.document import Document
from stance.errors import StanceError
from stance.model_input import ContextWindow

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Targets:
    """Inputs and targets of a set of sentences: ``labels`` (n, outputs), ``main`` (n, issues), ``weight`` (n,)."""

    pairs: list[tuple[str, str]]
    labels: np.ndarray
    main: np.ndarray
    weight: np.ndarray


@dataclass(frozen=True)
class Corpus:
    """The labelled data of a recipe.

    Attributes:
        train: examples to train on, real and written.
        validation: examples for early stopping, calibration and thresholds.
        digest: hash of the annotations that are trained and validated on.
    """

    train: list[Example]
    validation: list[Example]
    digest: str


def train(recipe: Recipe, documents: Iterable[Document], output: Path) -> Path:
    """Train, calibrate and export a model.

    Args:
        recipe: from `stance.classifier.recipe.load_recipe`.
        documents: the documents that the recipe's annotations refer to.
        output: folder that the model is written to; its name should be the recipe's.

    Returns:
        the folder: a Hugging Face checkpoint with ``model.onnx``, ``scoring.json``, ``codebook.yaml``,
            ``manifest.json``.

    Raises:
        StanceError: if the recipe's data cannot be read or no document fits its annotations.
    """
    started = time.time()
    set_seed(recipe.training.seed)
    codebook = load_codebook(recipe.resolve(recipe.data.codebook))
    corpus = load_corpus(recipe, documents, codebook)
    encoder = find_encoder(recipe.encoder)
    output.mkdir(parents=True, exist_ok=True)
    _write_tokenizer(encoder, output, recipe.context.max_length)
    shutil.copy(recipe.resolve(recipe.data.codebook), output / "codebook.yaml")
    train_set = _targets(corpus.train, codebook, recipe.data.written_weight)
    validation_set = _targets(corpus.validation, codebook)
    config = AutoConfig.from_pretrained(
        encoder,
        num_labels=len(codebook.outputs),
        id2label=dict(enumerate(codebook.outputs)),
        label2id={k: i for i, k in enumerate(codebook.outputs)},
        problem_type="multi_label_classification",
    )
    _set_dropout(config, recipe)
    model = AutoModelForSequenceClassification.from_pretrained(
        encoder, config=config, dtype=torch.float32, attn_implementation="eager"
    )
    trainer = _trainer(recipe, model, output, train_set, validation_set, corpus, codebook)
    trainer.train()
    logits = np.asarray(trainer.predict(trainer.eval_dataset).predictions)  # type: ignore[arg-type]
    calibration = fit_calibration(logits, [e.annotation for e in corpus.validation], codebook)
    ScoringSettings(recipe.context, calibration).write(output)
    save_checkpoint(trainer.model, output)
    export_onnx(output)
    shutil.rmtree(output / "steps", ignore_errors=True)
    _write_manifest(recipe, corpus, output, time.time() - started)
    return output


def load_corpus(recipe: Recipe, documents: Iterable[Document], codebook: Codebook) -> Corpus:
    """Read a recipe's annotations and join them with documents.

    Raises:
        StanceError: if nothing is left to train or validate on.
    """
    annotations = [a for name in recipe.data.annotations for a in read_annotations(recipe.resolve(name), codebook)]
    written = [d for name in recipe.data.written for d in read_written(recipe.resolve(name), codebook)]
    joined = join(annotations, documents)
    logger.info("%s", joined)
    if joined.mismatches:
        raise StanceError(
            f"{joined}. These documents are not the annotated ones: get the corpus that the datasheet names"
        )
    splits = read_splits(recipe.resolve(recipe.data.splits)) if recipe.data.splits else {}
    parts: dict[str, list[AnnotatedDocument]] = {"train": list(written), "validation": [], "test": []}
    for item in joined.documents:
        if item.document.lang not in recipe.data.languages:
            continue
        parts[splits.get(item.document.doc_id, "train")].append(item)
    if not parts["validation"]:
        raise StanceError(
            f"{recipe.path}: no annotated validation document is at hand ({joined}). "
            "Give the documents with --documents"
        )
    train, validation = (make_examples(parts[k], recipe.context) for k in ("train", "validation"))
    digest = hashlib.sha256(repr([[e.annotation for e in part] for part in (train, validation)]).encode())
    return Corpus(train, validation, digest.hexdigest()[:16])


def _targets(examples: Sequence[Example], codebook: Codebook, written_weight: float = 1.0) -> Targets:
    labels, main = targets([e.annotation for e in examples], codebook)
    weight = [written_weight if e.annotation.round == "written" else 1.0 for e in examples]
    return Targets([(e.sentence, e.context) for e in examples], labels, main, np.array(weight, dtype=np.float32))


def _dataset(data: Targets, folder: Path, window: ContextWindow, dropout: float, seed: int) -> Dataset:
    rng = np.random.default_rng(seed)
    keep = rng.random(len(data.pairs)) >= dropout
    pairs = [(s, c if k else "") for (s, c), k in zip(data.pairs, keep, strict=True)]
    encoded = encode_pairs(load_tokenizer(folder), pairs, window.max_length)
    return Dataset.from_dict(
        {
            "input_ids": [e.ids for e, _ in encoded],
            "token_type_ids": [e.type_ids for e, _ in encoded],
            "labels": list(data.labels),
            "main": list(data.main),
            "weight": data.weight,
        }
    )


class _Collator:
    """Pads a batch and makes tensors of it."""

    def __init__(self, pad_id: int, uses_types: bool) -> None:
        self.pad_id = pad_id
        self.uses_types = uses_types

    def __call__(self, rows: list[dict[str, Any]]) -> dict[str, torch.Tensor]:
        longest = max(len(r["input_ids"]) for r in rows)
        ids = torch.full((len(rows), longest), self.pad_id)
        mask = torch.zeros((len(rows), longest), dtype=torch.long)
        types = torch.zeros((len(rows), longest), dtype=torch.long)
        for i, row in enumerate(rows):
            n = len(row["input_ids"])
            ids[i, :n] = torch.tensor(row["input_ids"])
            types[i, :n] = torch.tensor(row["token_type_ids"])
            mask[i, :n] = 1
        batch = {"input_ids": ids, "attention_mask": mask}
        if self.uses_types:
            batch["token_type_ids"] = types
        for key in ("labels", "main", "weight"):
            batch[key] = torch.tensor(np.array([r[key] for r in rows], dtype=np.float32))
        return batch


class _GroupTrainer(Trainer):
    """The `Trainer` with the groups' loss and a learning rate of its own for the head."""

    def __init__(self, *args: Any, loss: GroupLoss, head_rate: float, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.group_loss = loss
        self.head_rate = head_rate

    def compute_loss(self, model: Any, inputs: dict[str, Any], return_outputs: bool = False, *_: Any, **__: Any) -> Any:
        inputs = dict(inputs)
        labels, main, weight = (inputs.pop(k) for k in ("labels", "main", "weight"))
        outputs = model(**inputs)
        loss = self.group_loss(outputs.logits, labels, main, weight)
        return (loss, outputs) if return_outputs else loss

    def _get_eval_sampler(self, eval_dataset: Any) -> Any:
        """In order: grouping by length would shuffle predictions away from their sentences."""
        return torch.utils.data.SequentialSampler(eval_dataset)

    def create_optimizer(self, model: Any = None) -> torch.optim.Optimizer:
        if self.optimizer is None:
            decay: list[Any] = []
            plain: list[Any] = []
            head: list[Any] = []
            network: Any = self.model
            for name, p in network.named_parameters():
                if name.startswith("classifier"):
                    head.append(p)
                else:
                    (plain if p.ndim < 2 else decay).append(p)
            self.optimizer = torch.optim.AdamW(
                [
                    {"params": decay, "weight_decay": self.args.weight_decay},
                    {"params": plain, "weight_decay": 0.0},
                    {"params": head, "weight_decay": self.args.weight_decay, "lr": self.head_rate},
                ],
                lr=self.args.learning_rate,
                fused=True,
            )
        return self.optimizer


def _trainer(
    recipe: Recipe,
    model: Any,
    output: Path,
    train_set: Targets,
    validation_set: Targets,
    corpus: Corpus,
    codebook: Codebook,
) -> _GroupTrainer:
    how = recipe.training
    tokenizer = load_tokenizer(output)
    pad_id = next((i for t in ("[PAD]", "<pad>") if (i := tokenizer.token_to_id(t)) is not None), 0)
    arguments = TrainingArguments(
        output_dir=str(output / "steps"),
        num_train_epochs=how.epochs,
        per_device_train_batch_size=how.batch_size,
        per_device_eval_batch_size=64,
        learning_rate=how.learning_rate,
        weight_decay=how.weight_decay,
        warmup_steps=how.warmup,
        lr_scheduler_type="linear",
        eval_strategy="epoch",
        save_strategy="epoch",
        save_total_limit=1,
        load_best_model_at_end=True,
        metric_for_best_model="score",
        greater_is_better=True,
        train_sampling_strategy="group_by_length",
        bf16=how.bf16 and torch.ops.mkldnn._is_mkldnn_bf16_supported(),
        use_cpu=True,
        seed=how.seed,
        data_seed=how.seed,
        remove_unused_columns=False,
        label_names=["labels", "main", "weight"],
        report_to=[],
        logging_steps=50,
        disable_tqdm=True,
        dataloader_num_workers=0,
    )
    annotations = [e.annotation for e in corpus.validation]

    def compute(prediction: Any) -> dict[str, float]:
        given = predict_labels(prediction.predictions, codebook, ScoringSettings(recipe.context))
        figures = headline(annotations, given, codebook)
        return {**figures, "score": validation_score(figures)}

    def predictions_only(logits: Any, _: Any) -> Any:
        return logits[0] if isinstance(logits, tuple) else logits

    return _GroupTrainer(
        model=model,
        args=arguments,
        train_dataset=_dataset(train_set, output, recipe.context, how.context_dropout, how.seed),
        eval_dataset=_dataset(validation_set, output, recipe.context, 0.0, how.seed),
        data_collator=_Collator(pad_id, getattr(model.config, "type_vocab_size", 0) > 1),
        compute_metrics=compute,
        preprocess_logits_for_metrics=predictions_only,
        callbacks=[EarlyStoppingCallback(how.patience)],
        loss=GroupLoss(codebook, train_set.labels, how.class_weight_power, how.positive_weight_power, how.loss_weights),
        head_rate=how.head_learning_rate,
    )


def _set_dropout(config: Any, recipe: Recipe) -> None:
    for key, value in (
        ("hidden_dropout_prob", recipe.training.dropout),
        ("attention_probs_dropout_prob", 0.0),
        ("classifier_dropout", recipe.training.head_dropout),
    ):
        if hasattr(config, key):
            setattr(config, key, value)


def _write_tokenizer(encoder: str, output: Path, max_length: int) -> None:
    """Save the encoder's tokenizer without the truncation and padding that its files may fix."""
    tokenizer = AutoTokenizer.from_pretrained(encoder)
    tokenizer.backend_tokenizer.no_truncation()
    tokenizer.backend_tokenizer.no_padding()
    tokenizer.model_max_length = max_length
    tokenizer.save_pretrained(str(output))


def _write_manifest(recipe: Recipe, corpus: Corpus, output: Path, seconds: float) -> None:
    packages = {}
    for name in (
        "stance-readouts",
        "torch",
        "transformers",
        "datasets",
        "tokenizers",
        "onnx",
        "onnxruntime",
        "numpy",
    ):
        try:
            packages[name] = version(name)
        except PackageNotFoundError:
            continue
    content = {
        "recipe": recipe.to_dict(),
        "train_sentences": len(corpus.train),
        "written_sentences": sum(e.annotation.round == "written" for e in corpus.train),
        "validation_sentences": len(corpus.validation),
        "annotations_sha256": corpus.digest,
        "seconds": round(seconds),
        "machine": f"{platform.machine()}, {torch.get_num_threads()} threads",
        "packages": packages,
    }
    (output / "manifest.json").write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
