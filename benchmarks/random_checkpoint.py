"""A tiny checkpoint with random weights: to show what surrounds the model, not what the model says."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

from stance.resources import resource_path


def write_random_checkpoint(folder: Path, hidden: int = 32, layers: int = 1, seed: int = 0) -> Path:
    """Write a complete model folder: the shipped tokenizer, codebook and settings, a tiny BERT, and its graph."""
    import torch
    from transformers import BertConfig, BertForSequenceClassification

    from stance.classifier.export import export_onnx, save_checkpoint

    shipped = resource_path("models/readout-small")
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("codebook.yaml", "tokenizer.json", "tokenizer_config.json", "scoring.json"):
        shutil.copyfile(shipped / name, folder / name)
    given = json.loads((shipped / "config.json").read_text(encoding="utf-8"))
    torch.manual_seed(seed)
    config = BertConfig(
        vocab_size=given["vocab_size"], hidden_size=hidden, num_hidden_layers=layers, num_attention_heads=2,
        intermediate_size=2 * hidden, max_position_embeddings=512, id2label=given["id2label"],
        label2id=given["label2id"], problem_type="multi_label_classification",
    )  # fmt: skip
    model = BertForSequenceClassification(config).eval()
    with torch.no_grad():  # so that labels differ between sentences
        model.classifier.weight.mul_(40)
    save_checkpoint(model, folder)
    export_onnx(folder)
    return folder


if __name__ == "__main__":
    write_random_checkpoint(Path(sys.argv[1]))
