"""A second look: sentences whose label a cross-validated model confidently contradicts.

The model is a logistic regression on frozen sentence embeddings, fitted on other documents than the one that it
judges (grouped cross-validation). Sentences are ranked by the probability of the label minus that of the likeliest one
(the normalised margin; Northcutt, Jiang and Chuang 2021): it tells a label that is contradicted from one that is only
uncertain, which low probability of the label alone does not. It proposes; a coder decides.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from stance.annotation.examples import Example
from stance.classifier.embeddings import embed
from stance.errors import StanceError

FOLDS = 5


def embed_examples(examples: Sequence[Example], encoder: str = "minilm-l6") -> np.ndarray:
    """Mean-pooled embeddings of sentence and context by a frozen encoder.

    Args:
        examples: the sentences.
        encoder: a name of ``configs/encoders.yaml``.

    Returns:
        float32, shape (n, 2 * width): the sentence's embedding and that of its context.
    """
    texts = [e.sentence for e in examples], [e.context or " " for e in examples]
    return np.hstack([embed(part, encoder, half=True, unit=False) for part in texts])


def suspects(
    examples: Sequence[Example], features: np.ndarray, dimension: str = "stance", most: int = 300
) -> pd.DataFrame:
    """Sentences whose label the model contradicts most confidently.

    Args:
        examples: annotated sentences.
        features: shape (n, width), from `embed_examples`.
        dimension: ``stance``, ``holder`` or ``issue`` (the main issue).
        most: how many at most.

    Returns:
        ``doc_id``, ``sent_id``, ``start``, ``end``, ``label``, ``suggested``, ``p_label``, ``p_suggested``; surest
        first.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import GroupKFold, cross_val_predict
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    labels = np.array([e.annotation.single(dimension) for e in examples])
    groups = [e.document.doc_id for e in examples]
    if len(set(groups)) < FOLDS:
        raise StanceError(
            f"labels are checked against those of other documents: {len(set(groups))} are too few. Give {FOLDS} or more"
        )
    classifier = make_pipeline(StandardScaler(), LogisticRegression(C=0.01, max_iter=300))
    p = cross_val_predict(classifier, features, labels, groups=groups, cv=GroupKFold(FOLDS), method="predict_proba")
    classes = np.unique(labels)
    own = p[np.arange(len(labels)), np.searchsorted(classes, labels)]
    best = p.argmax(axis=1)
    rows = [i for i in np.argsort(own - p.max(axis=1)) if classes[best[i]] != labels[i]][:most]
    return pd.DataFrame(
        {
            "doc_id": [groups[i] for i in rows],
            "sent_id": [examples[i].annotation.sent_id for i in rows],
            "start": [examples[i].annotation.start for i in rows],
            "end": [examples[i].annotation.end for i in rows],
            "label": labels[rows],
            "suggested": classes[best[rows]],
            "p_label": own[rows],
            "p_suggested": p.max(axis=1)[rows],
        }
    )
