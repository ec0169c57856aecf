"""A sequence classification model asked for every sentence of a window."""

from __future__ import annotations

import math
from typing import Any

import torch

from stance.errors import StanceError


class SentenceClassifier(torch.nn.Module):
    """Runs a Hugging Face sequence classification model over windows.

    The model's own head, which it puts on the state of the first token, is put on the mean of the states of each
    sentence's tokens (as sentence encoders pool: Reimers and Gurevych 2019, section 3). Where that mean is of the first
    token alone, the logits are the model's own.

    Args:
        model: one whose head reads the encoder's states at the first token, through a pooler as BERT does, or by
            itself as RoBERTa and MPNet do.

    Raises:
        StanceError: if the model's head is another.
    """

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.model = model
        self.outputs = int(model.config.num_labels)
        self.uses_types = int(getattr(model.config, "type_vocab_size", 0) or 0) > 1
        self.pooler = getattr(model.base_model, "pooler", None) is not None
        if not self.pooler and not hasattr(getattr(model, "classifier", None), "out_proj"):
            raise StanceError(
                f"encoder: {type(model).__name__} has a head that cannot be put on several sentences. Take an encoder "
                "of configs/encoders.yaml, or another with the head of BERT, RoBERTa or MPNet"
            )

    def forward(
        self, input_ids: Any, attention_mask: Any, pooling: torch.Tensor, token_type_ids: Any = None
    ) -> torch.Tensor:
        """Logits of sentences.

        Args:
            input_ids: shape (windows, tokens).
            attention_mask: the same.
            pooling: shape (windows, sentences, tokens), rows that average a sentence's tokens.
            token_type_ids: segments, where the encoder has any.

        Returns:
            shape (windows, sentences, outputs).
        """
        types = {"token_type_ids": token_type_ids} if self.uses_types else {}
        states = self.model.base_model(input_ids, attention_mask, **types).last_hidden_state
        pooled = (pooling if pooling.dtype == states.dtype else pooling.to(states.dtype)) @ states
        windows, sentences, width = pooled.shape
        first = pooled.reshape(windows * sentences, 1, width)
        if self.pooler:
            logits = self.model.classifier(self.model.dropout(self.model.base_model.pooler(first)))
        else:
            logits = self.model.classifier(first)
        found: torch.Tensor = logits.view(windows, sentences, self.outputs)
        return found


class FirstTokenClassifier(torch.nn.Module):
    """Runs a Hugging Face sequence classification model whose head reads the first token, for inference.

    The encoder's last layer works for that token alone. The others' keys and values are needed there, not what the
    layer would make of them: of an encoder of six layers a seventh of the work. The logits are the model's own.

    Args:
        model: as for `SentenceClassifier`; its last layer is replaced.

    Raises:
        StanceError: if the model's head is another.
    """

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.uses_types = SentenceClassifier(model).uses_types
        self.model = model
        layers = model.base_model.encoder.layer
        layers[-1] = _LastLayer(layers[-1])

    def forward(self, input_ids: Any, attention_mask: Any, token_type_ids: Any = None) -> torch.Tensor:
        """Logits of texts, shape (windows, outputs); inputs as for `SentenceClassifier`."""
        types = {"token_type_ids": token_type_ids} if self.uses_types else {}
        logits: torch.Tensor = self.model(input_ids, attention_mask, **types).logits
        return logits


class _LastLayer(torch.nn.Module):
    """A layer of BERT, RoBERTa or MPNet for the first token alone; its parts keep their names."""

    def __init__(self, layer: Any) -> None:
        super().__init__()
        self.attention, self.intermediate, self.output = layer.attention, layer.intermediate, layer.output
        self.bert = hasattr(layer.attention, "self")
        own = layer.attention.self if self.bert else layer.attention.attn
        self.heads: int = own.num_attention_heads
        self.projections = (own.query, own.key, own.value) if self.bert else (own.q, own.k, own.v)

    def forward(self, states: torch.Tensor, mask: Any = None, position_bias: Any = None, **_: Any) -> Any:
        """States of the first token, shape (windows, 1, width), as the encoder's layers give them.

        Args:
            states: shape (windows, tokens, width).
            mask: added to the scores of attention, shape (windows, 1, 1 or tokens, tokens), or None.
            position_bias: the same of MPNet, shape (windows, heads, tokens, tokens); BERT gives none.
        """
        first = states[:, :1]
        read_by = zip(self.projections, (first, states, states), strict=True)
        query, key, value = (p(x).unflatten(-1, (self.heads, -1)).transpose(1, 2) for p, x in read_by)
        scores = query @ key.transpose(-1, -2) / math.sqrt(query.shape[-1])
        for added in (position_bias, mask):
            scores = scores if added is None else scores + added[:, :, :1]
        read = (scores.softmax(-1) @ value).transpose(1, 2).flatten(2)
        if self.bert:
            read = self.attention.output(read, first)
        else:
            read = self.attention.LayerNorm(self.attention.attn.o(read) + first)
        found = self.output(self.intermediate(read), read)
        return found if self.bert else (found,)
