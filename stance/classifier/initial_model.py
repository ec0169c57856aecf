"""The model that a training begins with: an encoder with a new head, or an earlier checkpoint."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from transformers import AutoConfig, AutoModelForSequenceClassification, set_seed

from stance.classifier.delta import WEIGHTS
from stance.classifier.predict import find_model
from stance.classifier.recipe import Recipe
from stance.codebook import Codebook, load_codebook
from stance.errors import StanceError


def new_model(recipe: Recipe, encoder: str, codebook: Codebook) -> Any:
    """Make the model that a training begins with.

    Args:
        recipe: names the encoder, and the checkpoint that it starts from.
        encoder: folder or hub id of the encoder.
        codebook: gives the outputs.

    Returns:
        a Hugging Face sequence classification model in single precision: the encoder with a new head of one output a
            label, or with the weights of what it starts from.

    Raises:
        StanceError: if those do not fit.
    """
    config = AutoConfig.from_pretrained(
        encoder,
        num_labels=len(codebook.outputs),
        id2label=dict(enumerate(codebook.outputs)),
        label2id={k: i for i, k in enumerate(codebook.outputs)},
        problem_type="multi_label_classification",
    )
    _set_dropout(config, recipe)
    set_seed(recipe.training.seed)  # again: what went before, such as a teacher's training, has drawn from it
    model = AutoModelForSequenceClassification.from_pretrained(
        encoder, config=config, dtype=torch.float32, attn_implementation="eager"
    )
    _set_head_dropout(model, recipe.training.head_dropout)
    _spread_hidden_layer(model)
    if recipe.predecessor:
        _go_on_from(model, recipe.predecessor, codebook)
    freeze_layers(model.base_model, recipe.training.frozen_layers)
    return model


def _spread_hidden_layer(model: Any) -> None:
    """Draw the hidden layer of the head so that its outputs spread over the range of tanh (Glorot and Bengio 2010).

    A new layer is drawn with a standard deviation of 0.02, and so are the poolers of sentence encoders, which pool by
    the mean and have never trained them: their outputs hardly differ, and a head learns nothing for hundreds of steps.
    """
    for name, module in model.named_modules():
        if name.endswith(("pooler.dense", "classifier.dense")):
            torch.nn.init.xavier_uniform_(module.weight, gain=torch.nn.init.calculate_gain("tanh"))
            torch.nn.init.zeros_(module.bias)


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


def _go_on_from(model: Any, folder: Path, codebook: Codebook) -> None:
    """Give a model the weights of a checkpoint over the same encoder."""
    if load_codebook(folder / "codebook.yaml").outputs != codebook.outputs:
        raise StanceError(
            f"{folder}: the checkpoint has other labels. Leave starts_from out of the recipe, to begin with the bare "
            "encoder, or name a checkpoint of this codebook; see docs/training.md"
        )
    try:
        model.load_state_dict(load_file(find_model(folder) / WEIGHTS))
    except RuntimeError as error:
        raise StanceError(
            f"{folder}: the checkpoint has another encoder. Leave starts_from out of the recipe, to begin with the "
            "bare encoder, or name a checkpoint over this one; see docs/training.md"
        ) from error


def _set_dropout(config: Any, recipe: Recipe) -> None:
    for key, value in (
        ("hidden_dropout_prob", recipe.training.dropout),
        ("attention_probs_dropout_prob", 0.0),
        ("classifier_dropout", recipe.training.head_dropout),
    ):
        if hasattr(config, key):
            setattr(config, key, value)


def _set_head_dropout(model: Any, share: float) -> None:
    """Set it in heads that would take the encoder's, as MPNet's does."""
    for module in getattr(model, "classifier", torch.nn.Identity()).modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = share
