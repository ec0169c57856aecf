"""The Hugging Face `Trainer` set up for sentences with their context: data set, batches, loss, learning rates."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from datasets import Dataset
from transformers import EarlyStoppingCallback, Trainer, TrainingArguments

from stance.annotation.standoff import Annotation
from stance.classifier.decision import ScoringSettings
from stance.classifier.evaluate import headline, predict_labels, validation_score
from stance.classifier.losses import GroupLoss
from stance.classifier.recipe import Recipe
from stance.classifier.tokenization import encode_pairs, load_tokenizer
from stance.classifier.training_data import Targets
from stance.codebook import Codebook
from stance.model_input import ContextWindow


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
                if not p.requires_grad:
                    continue
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


def sentence_trainer(
    recipe: Recipe,
    model: Any,
    output: Path,
    train_set: Targets,
    hard: np.ndarray,
    validation_set: Targets,
    annotations: Sequence[Annotation],
    codebook: Codebook,
) -> Trainer:
    """Set up the trainer of a recipe.

    Args:
        recipe: how to train.
        model: a sequence classification model with one output for each of the codebook's.
        output: folder of the model, with its tokenizer; steps are kept in it.
        train_set: to train on.
        hard: labels of the hand-coded sentences, shape (sentences, outputs), for the class weights.
        validation_set: to choose the epoch on.
        annotations: labels of the validation sentences, in order.
        codebook: gives the groups of outputs.
    """
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
        loss=GroupLoss(codebook, hard, how.class_weight_power, how.positive_weight_power, how.loss_weights),
        head_rate=how.head_learning_rate,
    )
