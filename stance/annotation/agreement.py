"""Agreement of two coders: Krippendorff's alpha with intervals, agreement per label, and confusions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd

from stance.annotation.examples import targets
from stance.annotation.standoff import Annotation
from stance.classifier.metrics import f1, f1_counts, grouped_bootstrap, micro_f1
from stance.codebook import Codebook
from stance.errors import StanceError

Pair = tuple[Annotation, Annotation]


@dataclass(frozen=True)
class Agreement:
    """Agreement on sentences that two coders labelled independently.

    Attributes:
        figures: ``dimension``, ``measure``, ``estimate``, ``low``, ``high``, ``sentences``, ``documents``; intervals
            are of 95%, from resampling documents.
        labels: ``dimension``, ``label``, ``first``, ``second``, ``both``, ``f1``, ``alpha`` (label given or not).
        confusions: ``dimension``, ``first``, ``second``, ``count``, most frequent first; the order of coders is
            dropped.
    """

    figures: pd.DataFrame
    labels: pd.DataFrame
    confusions: pd.DataFrame

    def __str__(self) -> str:
        n, d = self.figures["sentences"].iloc[0], self.figures["documents"].iloc[0]
        parts = [
            f"{n} sentences of {d} documents, coded twice; 95% intervals from resampling documents",
            self.figures.drop(columns=["sentences", "documents"]).round(3).to_string(index=False),
            self.labels.round(3).to_string(index=False),
            self.confusions.head(40).to_string(index=False),
        ]
        return "\n\n".join(parts)


def double_coded(annotations: Sequence[Annotation]) -> list[Pair]:
    """Pairs of annotations of one span by two coders.

    Args:
        annotations: of all coders.

    Returns:
        of a span that two coders of one round coded, those of the last such round, since later rounds follow the later
            codebook; else of any rounds. Where there are more than two coders, the first two by name.
    """
    by_span: dict[tuple[str, int, int], dict[str, Annotation]] = {}
    for a in annotations:
        by_span.setdefault(a.span, {})[a.coder] = a
    pairs = []
    for coders in by_span.values():
        if len(coders) > 1:
            per_round = Counter(a.round for a in coders.values())
            last = max(
                (r for r, count in per_round.items() if count > 1), key=lambda r: (len(r), r), default=None
            )  # 10 after 9
            first, second = sorted(name for name, a in coders.items() if last in (None, a.round))[:2]
            pairs.append((coders[first], coders[second]))
    return pairs


def alpha(first: np.ndarray, second: np.ndarray) -> float:
    """Krippendorff's alpha (2011) for nominal codes of two coders; NaN if all codes are one."""
    import krippendorff

    data = np.stack([first, second]).astype(float)
    if len(np.unique(data)) < 2:
        return float("nan")
    return float(krippendorff.alpha(reliability_data=data, level_of_measurement="nominal"))


def measure_agreement(pairs: Sequence[Pair], codebook: Codebook, samples: int = 300) -> Agreement:
    """Measure the agreement of two coders.

    Args:
        pairs: from `double_coded`.
        codebook: the labels.
        samples: bootstrap samples.

    Raises:
        StanceError: if no sentence is coded twice.
    """
    if not pairs:
        raise StanceError("no sentence is coded by two coders. Give the raw annotations of at least two coders")
    groups = [a.doc_id for a, _ in pairs]
    codes = {
        "stance": _codes(pairs, codebook, "stance"),
        "holder": _codes(pairs, codebook, "holder"),
        "issue (main)": _codes(pairs, codebook, "issue"),
    }
    rows = []
    for name, (one, two) in codes.items():
        low, high = grouped_bootstrap(partial(_at, alpha, one, two), groups, samples)
        rows.append((name, "alpha", alpha(one, two), low, high))
    first, second = (targets([p[k] for p in pairs], codebook)[0].astype(bool) for k in (0, 1))
    for key in ("issue", "frame"):
        a, b = first[:, codebook.columns(key)], second[:, codebook.columns(key)]
        low, high = grouped_bootstrap(partial(_at, _mean_alpha, a, b), groups, samples)
        rows.append((f"{key} (mean of labels)", "alpha", _mean_alpha(a, b), low, high))
        low, high = grouped_bootstrap(partial(_at, micro_f1, a, b), groups, samples)
        rows.append((f"{key} (sets)", "micro F1", micro_f1(a, b), low, high))
    figures = pd.DataFrame(rows, columns=["dimension", "measure", "estimate", "low", "high"])
    figures["sentences"], figures["documents"] = len(pairs), len(set(groups))
    return Agreement(figures, _label_table(first, second, codebook), _confusions(pairs))


def _at(
    measure: Callable[[np.ndarray, np.ndarray], float], first: np.ndarray, second: np.ndarray, rows: np.ndarray
) -> float:
    return measure(first[rows], second[rows])


def _codes(pairs: Sequence[Pair], codebook: Codebook, key: str) -> tuple[np.ndarray, np.ndarray]:
    index = {k: i for i, k in enumerate(codebook[key].keys)}
    array = np.array([[index[a.single(key)] for a in p] for p in pairs])
    return array[:, 0], array[:, 1]


def _mean_alpha(first: np.ndarray, second: np.ndarray) -> float:
    return float(np.nanmean([alpha(first[:, i], second[:, i]) for i in range(first.shape[1])]))


def _label_table(first: np.ndarray, second: np.ndarray, codebook: Codebook) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "dimension": [o.split(":")[0] for o in codebook.outputs],
            "label": [o.split(":")[1] for o in codebook.outputs],
            "first": first.sum(axis=0),
            "second": second.sum(axis=0),
            "both": (first & second).sum(axis=0),
            "f1": f1(f1_counts(first, second)),
            "alpha": [alpha(first[:, i], second[:, i]) for i in range(first.shape[1])],
        }
    )


def _confusions(pairs: Sequence[Pair]) -> pd.DataFrame:
    rows = []
    for a, b in pairs:
        for key, x, y in (
            ("stance", a.stance, b.stance),
            ("holder", a.holder, b.holder),
            ("issue (main)", a.issue[0], b.issue[0]),
        ):
            if x != y:
                rows.append((key, *sorted((x, y))))
    frame = pd.DataFrame(rows, columns=["dimension", "first", "second"])
    return frame.value_counts().rename("count").reset_index()
