"""The Hugging Face `Trainer` set up for windows of sentences: data set, batches, loss, learning rates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
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
from stance.classifier.network import SentenceClassifier
from stance.classifier.recipe import Recipe
from stance.classifier.tokenization import Encoded, Window, load_tokenizer, pad, padding_id
from stance.classifier.training_data import Targets
from stance.codebook import Codebook


@dataclass(frozen=True)
class TrainingSet:
    """Inputs and targets of the same sentences.

    Attributes:
        encoded: the windows that hold them, in order.
        targets: what is to be learnt of each.
    """

    encoded: Encoded
    targets: Targets

    def dataset(self) -> Dataset:
        """One row a window; ``first`` is the row of its first sentence in the targets."""
        windows = self.encoded.windows
        return Dataset.from_dict(
            {
                "input_ids": [w.ids for w in windows],
                "token_type_ids": [w.types for w in windows],
                "spans": [w.spans for w in windows],
                "first": np.cumsum([0, *(len(w.spans) for w in windows[:-1])]),
            }
        )


class _Collator:
    """Pads a batch of windows, makes tensors of it, and adds the targets of its sentences."""

    def __init__(self, pad_id: int, targets: Targets) -> None:
        self.pad_id = pad_id
        self.targets = targets

    def __call__(self, rows: list[dict[str, Any]]) -> dict[str, torch.Tensor]:
        windows = [Window(np.array(r["input_ids"]), np.array(r["token_type_ids"]), r["spans"]) for r in rows]
        batch = {key: torch.from_numpy(values) for key, values in pad(windows, self.pad_id).items()}
        chosen = [r["first"] + k for r in rows for k in range(len(r["spans"]))]
        for key in ("labels", "main", "weight"):
            batch[key] = torch.from_numpy(getattr(self.targets, key)[chosen])
        return batch


class _GroupTrainer(Trainer):
    """The `Trainer` with the groups' loss and a learning rate of its own for the head."""

    def __init__(
        self, *args: Any, loss: GroupLoss, head_rate: float, validation_collator: _Collator, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.validation_collator = validation_collator
        self.group_loss = loss
        self.head_rate = head_rate

    def compute_loss(self, model: Any, inputs: dict[str, Any], return_outputs: bool = False, *_: Any, **__: Any) -> Any:
        inputs = dict(inputs)
        labels, main, weight = (inputs.pop(k) for k in ("labels", "main", "weight"))
        there = inputs["pooling"].any(dim=2)
        outputs = {"logits": model(**inputs)[there]}
        loss = self.group_loss(outputs["logits"], labels, main, weight)
        return (loss, outputs) if return_outputs else loss

    def get_eval_dataloader(self, eval_dataset: Any = None) -> Any:
        """The validation windows come with their own targets."""
        collator, self.data_collator = self.data_collator, self.validation_collator
        try:
            return super().get_eval_dataloader(eval_dataset)
        finally:
            self.data_collator = collator

    def get_test_dataloader(self, test_dataset: Any) -> Any:
        """See `get_eval_dataloader`."""
        return self.get_eval_dataloader(test_dataset)

    def evaluation_loop(self, *args: Any, **kwargs: Any) -> Any:
        """All sentences of the last batch, too: `gather_for_metrics` would keep as many as there are windows."""
        self.gather_function = self.accelerator.gather
        return super().evaluation_loop(*args, **kwargs)

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
                if name.startswith("model.classifier") or ".pooler." in name:
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
    network: SentenceClassifier,
    output: Path,
    train_set: TrainingSet,
    hard: np.ndarray,
    validation_set: TrainingSet,
    annotations: Sequence[Annotation],
    codebook: Codebook,
) -> Trainer:
    """Set up the trainer of a recipe.

    Args:
        recipe: how to train.
        network: with one output for each of the codebook's.
        output: folder of the model, with its tokenizer; steps are kept in it.
        train_set: to train on.
        hard: labels of the hand-coded sentences, shape (sentences, outputs), for the class weights.
        validation_set: to choose the epoch on.
        annotations: labels of the validation sentences, in order.
        codebook: gives the groups of outputs.
    """
    how = recipe.training
    pad_id = padding_id(load_tokenizer(output))
    each_epoch = "epoch" if how.patience else "no"
    arguments = TrainingArguments(
        output_dir=str(output / "steps"),
        num_train_epochs=how.epochs,
        per_device_train_batch_size=how.batch_size,
        per_device_eval_batch_size=8,  # in document order, so long and short windows meet: few of them, little padding
        learning_rate=how.learning_rate,
        weight_decay=how.weight_decay,
        warmup_steps=how.warmup,
        lr_scheduler_type="linear",
        eval_strategy=each_epoch,
        save_strategy=each_epoch,
        save_total_limit=1,
        load_best_model_at_end=how.patience > 0,
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
        given = predict_labels(prediction.predictions, codebook, ScoringSettings(recipe.reading), None)
        figures = headline(annotations, given, codebook)
        return {**figures, "score": validation_score(figures)}

    def predictions_only(logits: Any, _: Any) -> Any:
        return logits[0] if isinstance(logits, tuple) else logits

    return _GroupTrainer(
        model=network,
        args=arguments,
        train_dataset=train_set.dataset(),
        eval_dataset=validation_set.dataset(),
        data_collator=_Collator(pad_id, train_set.targets),
        validation_collator=_Collator(pad_id, validation_set.targets),
        compute_metrics=compute,
        preprocess_logits_for_metrics=predictions_only,
        callbacks=[EarlyStoppingCallback(how.patience)] if how.patience else [],
        loss=GroupLoss(codebook, hard, how.class_weight_power, how.positive_weight_power, how.loss_weights),
        head_rate=how.head_learning_rate,
    )
