"""A sequence classification model asked for every sentence of a window."""

from __future__ import annotations

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
