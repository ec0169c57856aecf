"""Texts embedded by a frozen encoder, for baselines and for second looks at labels. Needs the extra «train»."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from stance.atomic_write import replacing, writable
from stance.classifier.delta import WEIGHTS
from stance.classifier.encoders import CURE, cache_folder, file_sha256, find_encoder
from stance.errors import needs_extra

LONGEST = 128
"""Tokens of a text that are read."""
BATCH = 64
"""Texts a batch, sorted by length."""


def embed(texts: Sequence[str], encoder: str = "minilm-l6", *, half: bool = False, unit: bool = True) -> np.ndarray:
    """Embed texts with a frozen encoder: mean of the last hidden states (Reimers and Gurevych 2019).

    Args:
        texts: what to embed. The result is kept in the cache folder, by texts and by the encoder's weights.
        encoder: a name of ``configs/encoders.yaml``, a folder, or a model of the Hugging Face hub.
        half: run the encoder in bfloat16, faster where the processor has it and a little less exact.
        unit: scale each embedding to length one.

    Returns:
        float32, shape (texts, width).

    Raises:
        StanceError: if torch is not installed, the encoder cannot be had, or the cache folder cannot be written.
    """
    folder = find_encoder(encoder)
    weights, network = Path(folder) / WEIGHTS, None
    if weights.is_file():
        identity = file_sha256(weights)
    else:  # on the hub: known by what is loaded
        network = _load(folder, half)
        identity = _hash_of(network)
    key = "\0".join([identity, f"half={half} unit={unit}", *texts])
    kept = cache_folder() / "embeddings" / f"{hashlib.sha256(key.encode()).hexdigest()[:16]}.npy"
    if kept.is_file():
        return np.asarray(np.load(kept))
    rows = _means(texts, folder, network or _load(folder, half))
    if unit:
        rows /= np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)
    with writable(kept.parent, cure=CURE):
        kept.parent.mkdir(parents=True, exist_ok=True)
    with replacing(kept, CURE) as temporary:
        np.save(temporary, rows)
    return rows


def _load(folder: str, half: bool) -> Any:
    with needs_extra("train", "embedding"):
        import torch
        from transformers import AutoModel
    return AutoModel.from_pretrained(folder, dtype=torch.bfloat16 if half else torch.float32).eval()


def _hash_of(network: Any) -> str:
    """Hash of the weights of a loaded encoder."""
    digest = hashlib.sha256()
    for name, value in sorted(network.state_dict().items()):
        digest.update(name.encode() + value.float().numpy().tobytes())
    return digest.hexdigest()


def _means(texts: Sequence[str], folder: str, network: Any) -> np.ndarray:
    """Means of the last hidden states over the tokens of each text: float32, shape (texts, width)."""
    import torch
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder)
    order = np.argsort([len(t) for t in texts], kind="stable")
    rows = np.zeros((len(texts), network.config.hidden_size), dtype=np.float32)
    for start in range(0, len(order), BATCH):
        chosen = order[start : start + BATCH]
        batch = tokenizer(
            [texts[i] for i in chosen], padding=True, truncation=True, max_length=LONGEST, return_tensors="pt"
        )
        with torch.inference_mode():
            states = network(**batch).last_hidden_state.float()
        mask = batch["attention_mask"].unsqueeze(-1).float()
        rows[chosen] = ((states * mask).sum(dim=1) / mask.sum(dim=1)).numpy()
    return rows
