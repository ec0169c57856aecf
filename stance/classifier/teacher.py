"""The teacher: a base-size encoder that reads windows of a document, from which the small models learn.

It is not released: a checkpoint that labels one sentence with its context as second segment is what users load. Reading
many sentences at once makes its training cheaper on a CPU, and shows it what follows a sentence, within the window.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from transformers import AutoModel, AutoTokenizer, get_linear_schedule_with_warmup

from stance.annotation.examples import targets
from stance.annotation.standoff import AnnotatedDocument, annotations_of
from stance.classifier.calibrate import fit_calibration
from stance.classifier.decision import ScoringSettings
from stance.classifier.delta import WEIGHTS
from stance.classifier.document_windows import Window, batches, make_windows, tensors
from stance.classifier.encoders import find_encoder
from stance.classifier.evaluate import headline, predict_labels, validation_score
from stance.classifier.losses import GroupLoss
from stance.classifier.recipe import Recipe, WindowRecipe
from stance.classifier.training_data import Corpus
from stance.codebook import Codebook, load_codebook
from stance.errors import StanceError

logger = logging.getLogger(__name__)


def freeze_layers(body: Any, layers: int) -> None:
    """Take an encoder's embeddings and so many of its lowest layers out of training; nothing where it is 0.

    Raises:
        StanceError: if the encoder's layers are not where BERT has them.
    """
    if layers and not hasattr(getattr(body, "encoder", None), "layer"):
        raise StanceError(f"training.frozen_layers: layers of {type(body).__name__} cannot be frozen. Set it to 0")
    if layers:
        for part in (body.embeddings, *body.encoder.layer[:layers]):
            part.requires_grad_(False)


class DocumentEncoder(torch.nn.Module):
    """An encoder with a head over the mean of each sentence's token states.

    Args:
        recipe: names the encoder and how it reads windows.
        outputs: how many.
    """

    def __init__(self, recipe: Recipe, outputs: int) -> None:
        super().__init__()
        folder = find_encoder(recipe.encoder)
        self.reading = recipe.windows or WindowRecipe()
        self.body = AutoModel.from_pretrained(
            folder,
            dtype=torch.float32,
            hidden_dropout_prob=recipe.training.dropout,
            attention_probs_dropout_prob=0.0,
        )
        freeze_layers(self.body, recipe.training.frozen_layers)
        width = self.body.config.hidden_size
        self.head = torch.nn.Sequential(
            torch.nn.Dropout(recipe.training.head_dropout),
            torch.nn.Linear(width, width),
            torch.nn.Tanh(),
            torch.nn.Linear(width, outputs),
        )
        tokenizer = AutoTokenizer.from_pretrained(folder)
        self.marks = (tokenizer.cls_token_id, tokenizer.sep_token_id)
        self.pad_id = tokenizer.pad_token_id
        self.tokenizer = tokenizer.backend_tokenizer
        self.tokenizer.no_truncation()
        self.tokenizer.no_padding()

    def forward(self, ids: torch.Tensor, mask: torch.Tensor, pooling: torch.Tensor) -> torch.Tensor:
        """Logits, shape (sentences, outputs), of a batch from `stance.classifier.document_windows.tensors`."""
        states = self.body(input_ids=ids, attention_mask=mask).last_hidden_state
        pooled = pooling.float() @ states.float().flatten(0, 1)
        logits: torch.Tensor = self.head(pooled)
        return logits

    def windows(self, documents: Sequence[AnnotatedDocument], every_sentence: bool = False) -> list[Window]:
        """Pack documents as this encoder reads them; see `make_windows`."""
        how = self.reading
        return make_windows(documents, self.tokenizer, self.marks, how.length, how.context, every_sentence)

    def predict(self, windows: Sequence[Window]) -> np.ndarray:
        """Logits of all numbered sentences, shape (sentences, outputs)."""
        self.eval()
        found: dict[int, np.ndarray] = {}
        for batch in batches(windows, 2 * self.reading.batch_tokens, None):
            ids, mask, pooling, rows = tensors(batch, self.pad_id)
            with torch.inference_mode(), torch.autocast("cpu", dtype=torch.bfloat16):
                logits = self(ids, mask, pooling).float().numpy()
            found.update(zip(rows.tolist(), logits, strict=True))
        return np.array([found[i] for i in range(len(found))])


def train_teacher(recipe: Recipe, corpus: Corpus, codebook: Codebook, output: Path) -> dict[str, int]:
    """Train a teacher and write its weights and calibration, of the best epoch on validation, to ``output``.

    Returns:
        how many windows an epoch has, for the manifest.
    """
    how = recipe.training
    model = DocumentEncoder(recipe, len(codebook.outputs))
    windows, held = model.windows(corpus.train), model.windows(corpus.validation)
    truth = annotations_of(corpus.validation)
    taught = annotations_of(corpus.train)
    labels, main = targets(taught, codebook)
    weight = np.array([recipe.data.written_weight if a.round == "written" else 1.0 for a in taught], dtype=np.float32)
    loss = GroupLoss(codebook, labels, how.class_weight_power, how.positive_weight_power, how.loss_weights)
    rng = np.random.default_rng(how.seed)
    plan = [batches(windows, model.reading.batch_tokens, rng) for _ in range(how.epochs)]
    steps = sum(map(len, plan))
    best = -1.0
    groups: list[dict[str, Any]] = [
        {"params": [p for p in model.body.parameters() if p.requires_grad]},
        {"params": list(model.head.parameters()), "lr": how.head_learning_rate},
    ]
    optimizer = torch.optim.AdamW(
        groups,
        lr=how.learning_rate,
        weight_decay=how.weight_decay,
        fused=True,
    )
    warmup = int(steps * how.warmup)
    schedule = get_linear_schedule_with_warmup(optimizer, warmup, steps)  # type: ignore[no-untyped-call]
    for epoch, shuffled in enumerate(plan, 1):
        started = time.time()
        model.train()
        for batch in shuffled:
            ids, mask, pooling, rows = tensors(batch, model.pad_id)
            with torch.autocast("cpu", dtype=torch.bfloat16, enabled=how.bf16):
                logits = model(ids, mask, pooling)
            value = loss(logits, *(torch.tensor(part[rows]) for part in (labels, main, weight)))
            value.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            schedule.step()
            optimizer.zero_grad()
        logits = model.predict(held)
        figures = headline(truth, predict_labels(logits, codebook, ScoringSettings()), codebook)
        score = validation_score(figures)
        logger.info("epoch %d: score %.4f, loss %.3f, %.0f s", epoch, score, value.item(), time.time() - started)
        if score > best:
            best = score
            save_file({k: v.to(torch.float16) for k, v in model.state_dict().items()}, str(output / WEIGHTS))
            ScoringSettings(calibration=fit_calibration(logits, truth, codebook)).write(output)
    return {"windows": len(windows)}


def start_from_teacher(model: Any, teacher: DocumentEncoder) -> None:
    """Give a sequence classification model the encoder and the head of a teacher.

    Args:
        model: over the same encoder, with a head of two layers (as BERT's pooler and classifier, or MPNet's).
        teacher: a trained one of the same labels.

    Raises:
        StanceError: if the two do not fit.
    """
    if not hasattr(model.base_model, "encoder"):
        raise StanceError(f"starts_from: a teacher's weights do not fit {type(model).__name__}. Take the key out")
    lacking, unknown = model.base_model.load_state_dict(teacher.body.state_dict(), strict=False)
    inside = set(model.base_model.encoder.modules())
    head = [m for m in model.modules() if isinstance(m, torch.nn.Linear) and m not in inside]
    if len(head) != 2 or any(not k.startswith("pooler.") for k in (*lacking, *unknown)):
        raise StanceError(f"starts_from: a teacher's weights do not fit {type(model).__name__}. Take the key out")
    for layer, taught in zip(head, (teacher.head[1], teacher.head[3]), strict=True):
        layer.load_state_dict(taught.state_dict())


def load_teacher(recipe: Recipe, codebook: Codebook, folder: Path) -> tuple[DocumentEncoder, ScoringSettings]:
    """Load a trained teacher.

    Raises:
        StanceError: if it was trained with other labels.
    """
    if load_codebook(folder / "codebook.yaml").outputs != codebook.outputs:
        raise StanceError(f"{folder}: the teacher has other labels. Remove the folder, so that it is trained anew")
    model = DocumentEncoder(recipe, len(codebook.outputs))
    try:
        model.load_state_dict({k: v.float() for k, v in load_file(str(folder / WEIGHTS)).items()})
    except RuntimeError as error:
        raise StanceError(
            f"{folder}: the teacher has another encoder than its recipe says now ({recipe.encoder}). "
            "Remove the folder, so that it is trained anew"
        ) from error
    return model, ScoringSettings.read(folder)
