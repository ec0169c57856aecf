"""Labels of each engine against hand-coded ones: what a faster engine costs in accuracy, if anything."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from benchmarks.speed import REFERENCE, agreement, ways
from stance.annotation.examples import make_examples
from stance.annotation.splits import read_splits
from stance.annotation.standoff import join, read_annotations
from stance.classifier.evaluate import headline, predict_labels
from stance.classifier.predict import Model
from stance.documents import read_documents
from stance.resources import resource_path


def accuracy(model: Model, gold: str, documents: str) -> pd.DataFrame:
    """Headline figures of every engine, and agreement with single precision.

    Args:
        model: the model.
        gold: annotations as JSONL; of the corpus' own, only documents of the test split are taken.
        documents: the documents that they refer to.
    """
    joined = join(read_annotations(Path(gold), model.codebook), read_documents(documents)).documents
    if Path(gold).name == "annotations.jsonl":
        splits = read_splits(str(resource_path("corpus/annotations/documents.csv")))
        joined = [d for d in joined if splits.get(d.document.doc_id) == "test"]
    examples = make_examples(joined, model.settings.window)
    encoded = model.encode([(e.sentence, e.context) for e in examples])
    labels = {}
    for name, way in ways(model).items():
        if name.startswith(("OpenVINO", "ONNX")):
            values = way([], [], encoded)
            labels[name] = predict_labels(values, model.codebook, model.settings) if values is not None else []
    truth = [e.annotation for e in examples]
    wanted = ("issue_main_accuracy", "issue_micro_f1", "stance_macro_f1", "holder_accuracy", "frame_micro_f1")
    rows = {}
    for name, given in labels.items():
        figures = headline(truth, given, model.codebook)
        agree = {f"{k}: as f32": v for k, v in agreement(given, labels[REFERENCE]).items()}
        rows[name] = {"n": str(len(truth)), **{k.replace("_", " "): figures[k] for k in wanted}, **agree}
    return pd.DataFrame(rows).T
