"""The loss: cross-entropy for exclusive groups and the main issue, binary cross-entropy for the others.

Targets may be soft, so that learning from annotations and learning from teachers is the same loss.
"""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812  # the customary name

from stance.codebook import Codebook


class GroupLoss(torch.nn.Module):
    """Sum of the dimensions' losses.

    Args:
        codebook: gives the groups and their columns.
        labels: float array (n, outputs) of the training labels, for class weights.
        class_power: exponent of inverse frequency for exclusive groups.
        positive_power: exponent of the negative-to-positive ratio for sigmoid groups.
        weights: weight of each dimension, and of ``main``; 1 where not given.
    """

    def __init__(
        self,
        codebook: Codebook,
        labels: np.ndarray,
        class_power: float,
        positive_power: float,
        weights: dict[str, float],
    ) -> None:
        super().__init__()
        self.codebook = codebook
        self.weights = weights
        share = np.clip(labels.mean(axis=0), 1e-3, 1 - 1e-3)
        for d in codebook.dimensions:
            group = share[codebook.columns(d.key)]
            if d.exclusive:
                weight = group**-class_power
                weight = weight / float((weight * group).sum() / group.sum())
            else:
                weight = ((1 - group) / group) ** positive_power
            self.register_buffer(f"weight_{d.key}", torch.tensor(weight, dtype=torch.float32), persistent=False)

    def forward(
        self, logits: torch.Tensor, labels: torch.Tensor, main: torch.Tensor, weight: torch.Tensor
    ) -> torch.Tensor:
        """Weighted mean loss.

        Args:
            logits: (batch, outputs).
            labels: (batch, outputs), hard or soft targets.
            main: (batch, issues), the main issue, hard or soft.
            weight: (batch,), weight of each example.
        """
        logits = logits.float()
        total = torch.zeros(len(logits), device=logits.device)
        for d in self.codebook.dimensions:
            columns = self.codebook.columns(d.key)
            given, wanted = logits[:, columns], labels[:, columns]
            factor = getattr(self, f"weight_{d.key}")
            if d.exclusive:
                loss = -(F.log_softmax(given, dim=1) * wanted * factor).sum(dim=1)
            else:
                each = F.binary_cross_entropy_with_logits(given, wanted, pos_weight=factor, reduction="none")
                loss = each.sum(dim=1) / 2
            total = total + self.weights.get(d.key, 1.0) * loss
        issues = logits[:, self.codebook.columns("issue")]
        total = total - self.weights.get("main", 1.0) * (F.log_softmax(issues, dim=1) * main).sum(dim=1)
        return (total * weight).sum() / weight.sum()
