"""SetFit (Tunstall et al. 2022, arXiv:2209.11055): an encoder taught by a few examples a label. Extra «baselines».

The encoder is fine-tuned on pairs of sentences, whose cosine is to be one where they share a label and zero where they
do not; then a logistic regression is fitted on the embeddings of the same few. Both steps are the package's own, with
its rates and batch sizes; what is set here was fixed in advance, not tuned.
"""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy.special import logit

from stance.annotation.examples import Example, targets
from stance.classifier.embeddings import LONGEST
from stance.classifier.encoders import find_encoder
from stance.codebook import Codebook
from stance.errors import needs_extra

logger = logging.getLogger(__name__)

EXAMPLES = 16
"""Sentences drawn for each label; all there are, where they are fewer."""
PAIRS = 5
"""For each sentence drawn, so many pairs that share a label and as many that do not; the paper takes 20."""
SEED = 0
LEAST = 1e-6
"""Least probability that becomes a logit."""


def setfit(
    parts: Sequence[Sequence[Example]], codebook: Codebook, encoder: str = "minilm-l6"
) -> tuple[np.ndarray, np.ndarray]:
    """SetFit for each dimension by itself: a body and a head of its own, one epoch over the pairs.

    A sentence is read with the side that published it in front, and without its context.

    Args:
        parts: sentences to draw the examples from, to calibrate on, and to label.
        codebook: the labels.
        encoder: where the body starts; as for `stance.classifier.embeddings.embed`.

    Returns:
        logits of the second and of the third part: shape (sentences, outputs).

    Raises:
        StanceError: if the package setfit is not installed, or the encoder cannot be had.
    """
    require_setfit()
    texts = [[f"{e.document.source}: {e.sentence}" for e in part] for part in parts]
    wanted = targets([e.annotation for e in parts[0]], codebook)[0].astype(bool)
    logits = [np.full((len(part), len(codebook.outputs)), logit(LEAST)) for part in parts[1:]]
    for dimension in codebook.dimensions:
        columns = np.arange(len(codebook.outputs))[codebook.columns(dimension.key)]
        columns = columns[wanted[:, columns].any(axis=0)]
        drawn = draw_examples(wanted[:, columns])
        labels = wanted[np.ix_(drawn, columns)].astype(int)
        if (labels == labels[0]).all():  # nothing to tell apart
            logits[0][:, columns] = logits[1][:, columns] = logit(labels[0].clip(LEAST, 1 - LEAST))
            continue
        logger.info("setfit %s: %d examples", dimension.key, len(drawn))
        kinds = labels.argmax(axis=1) if dimension.exclusive else labels.squeeze()
        model = _fit([texts[0][i] for i in drawn], kinds, find_encoder(encoder))
        for part, given in zip(logits, texts[1:], strict=True):
            found = model.predict_proba(given, as_numpy=True, show_progress_bar=False)
            shares = found[:, -len(columns) :].clip(LEAST, 1 - LEAST)  # a single label's: no, yes
            part[:, columns] = np.log(shares) if dimension.exclusive else logit(shares)
    return logits[0], logits[1]


def draw_examples(wanted: np.ndarray, number: int = EXAMPLES, seed: int = SEED) -> np.ndarray:
    """Rows of so many sentences of each label at random, and of sentences with none of them.

    Args:
        wanted: bool, shape (sentences, labels).
        number: of each label. A sentence of two labels may be drawn for either, and is taken once.
        seed: of the draw.

    Returns:
        int, ascending.
    """
    rng = np.random.default_rng(seed)
    groups = [np.flatnonzero(group) for group in (*wanted.T, ~wanted.any(axis=1))]
    return np.unique(np.concatenate([rng.permutation(group)[:number] for group in groups]))


def require_setfit() -> Any:
    """The package setfit.

    Raises:
        StanceError: if it cannot be imported.
    """
    with needs_extra("baselines", "setfit (or name other baselines)"):
        import setfit as package
    return package


def _fit(texts: Sequence[str], labels: np.ndarray, folder: str) -> Any:
    """A fitted `setfit.SetFitModel`; labels are numbers, or rows of zeros and ones where several may be given."""
    from datasets import Dataset
    from transformers import ProgressCallback

    package = require_setfit()
    several = labels.ndim > 1
    model = package.SetFitModel.from_pretrained(
        folder, multi_target_strategy="one-vs-rest" if several else None, normalize_embeddings=True
    )
    model.model_body.max_seq_length = LONGEST
    with tempfile.TemporaryDirectory() as place:
        arguments = package.TrainingArguments(
            output_dir=place, num_epochs=1, num_iterations=PAIRS, seed=SEED, show_progress_bar=False,
            report_to="none", save_strategy="no", logging_strategy="no", logging_first_step=False,
        )  # fmt: skip
        examples = Dataset.from_dict({"text": list(texts), "label": labels.tolist()})
        trainer = package.Trainer(model=model, args=arguments, train_dataset=examples)
        trainer.remove_callback(ProgressCallback)  # it prints to where the command's own lines go
        trainer.train()
    return model
