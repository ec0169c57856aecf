"""How well sentences are aligned: precision and recall on pairs that were judged by reading.

The judged pairs are a stratified random sample of all pairs that share an issue and a meeting (or a week), so that
every figure is an estimate for all of them: each pair weighs by its inverse sampling probability (Horvitz and Thompson
1952).
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from stance.annotation.corpus_files import read_lines
from stance.annotation.standoff import sentence_hash
from stance.contrast.alignment import mutual_pairs
from stance.contrast.result import Sides, make_sides
from stance.contrast.similarity import SIMILARITIES, sentence_vectors
from stance.errors import StanceError
from stance.intervals import expanded_percentiles

SAMPLES = 1000
COLUMNS = [
    "similarity", "threshold", "judged", "answering", "selected", "precision", "precision_low", "precision_high",
    "recall", "recall_low", "recall_high", "average_precision", "average_precision_low", "average_precision_high",
]  # fmt: skip


@dataclass(frozen=True)
class JudgedPairs:
    """Sentences of both sides, and the judgements of some of their pairs.

    Attributes:
        sides: the sentences, with their labels.
        pairs: ``split``, ``stratum``, ``probability``, ``answers`` (bool), ``first``, ``second`` (rows of the sides'
            table).
    """

    sides: Sides
    pairs: pd.DataFrame


def read_judged_pairs(folder: str | Path, scored: pd.DataFrame, codebook: Any) -> JudgedPairs:
    """Read the judged pairs and join them with a scored table of their documents.

    Args:
        folder: with ``frame.jsonl`` (``event``, ``doc_id``, ``source``, ``spans``: the sentences from which pairs were
            drawn) and ``pairs.jsonl`` (``event``, ``split``, ``stratum``, ``probability``, ``first`` and ``second``
            with ``doc_id``, ``start``, ``end``, ``sha256``, and ``answers``).
        scored: the sentence table of the documents.
        codebook: of its labels.

    Raises:
        StanceError: if a file cannot be read, or a document or sentence is missing or another one.
    """
    folder = Path(folder)
    frame = [
        {"event": record["event"], "doc_id": record["doc_id"], "source": record["source"], "start": a, "end": b}
        for record in _records(folder / "frame.jsonl")
        for a, b in record["spans"]
    ]
    wanted = pd.DataFrame(frame)
    missing = sorted(set(wanted["doc_id"]) - set(scored["doc_id"]))
    if missing:
        raise StanceError(f"{len(missing)} documents are not among those given (first: {missing[0]}). Score them too")
    table = wanted.merge(scored.drop(columns=["event", "source"]), on=["doc_id", "start", "end"], how="left")
    if table["text"].isna().any():
        lost = table[table["text"].isna()].iloc[0]
        raise StanceError(
            f"{int(table['text'].isna().sum())} sentences are not found (first: {lost['doc_id']} "
            f"{lost['start']}-{lost['end']}): the documents differ, or sentences are split in another way"
        )
    sides = make_sides(table, "source", ("us", "china"), codebook)
    place = {k: i for i, k in enumerate(zip(table["event"], table["doc_id"], table["start"], strict=True))}
    rows = []
    for record in _records(folder / "pairs.jsonl"):
        at = [place[record["event"], record[k]["doc_id"], record[k]["start"]] for k in ("first", "second")]
        for k, row in zip(("first", "second"), at, strict=True):
            if sentence_hash(str(table["text"].iloc[row])) != record[k]["sha256"]:
                raise StanceError(f"{record[k]['doc_id']} {record[k]['start']}: the text is not the judged one")
        rows.append({**{k: record[k] for k in ("split", "stratum", "probability", "answers")}, "first": at[0]})
        rows[-1]["second"] = at[1]
    return JudgedPairs(sides, pd.DataFrame(rows))


def _records(path: Path) -> Iterable[dict[str, Any]]:
    try:
        return [json.loads(line) for _, line in read_lines(path, "the file")]
    except ValueError as error:
        raise StanceError(f"{path}: the file cannot be read ({error}). Mend it") from error


def evaluate_similarities(judged: JudgedPairs, split: str, thresholds: dict[str, float] | None = None) -> pd.DataFrame:
    """Precision and recall of every similarity.

    Args:
        judged: from `read_judged_pairs`.
        split: ``choice`` (for choosing a similarity and threshold) or ``report``.
        thresholds: lowest similarity of a pair by the name of the similarity; none if not given.

    Returns:
        the columns of `COLUMNS`: ``precision`` and ``recall`` of the mutual nearest neighbours at the threshold,
        ``average_precision`` of the order that the similarity alone gives all judged pairs; each with a 95%
        interval from drawing judged pairs again within their strata.
    """
    pairs = judged.pairs[judged.pairs["split"] == split].reset_index(drop=True)
    weight = 1 / pairs["probability"].to_numpy(dtype=float)
    answers = pairs["answers"].to_numpy(dtype=bool)
    draws = _draws(pairs["stratum"], np.random.default_rng(0))
    rows = []
    for name in SIMILARITIES:
        vectors = sentence_vectors(judged.sides, name)
        at = [vectors[pairs[k].to_numpy()] for k in ("first", "second")]
        alike = np.asarray(at[0].multiply(at[1]).sum(axis=1)).ravel()
        threshold = (thresholds or {}).get(name, 0.0)
        mutual = mutual_pairs(judged.sides, judged.sides.table, name)
        mutual = mutual[mutual["similarity"] >= threshold]
        chosen = set(zip(mutual["first"], mutual["second"], strict=True))
        selected = np.array([k in chosen for k in zip(pairs["first"], pairs["second"], strict=True)], dtype=bool)
        figures = [_figures(weight, answers, selected, alike)]
        figures += [_figures(weight[d], answers[d], selected[d], alike[d]) for d in draws]
        drawn = np.array(figures[1:]).T
        triples = [v for i in range(3) for v in (figures[0][i], *expanded_percentiles(drawn[i], len(pairs)))]
        rows.append((name, threshold, len(pairs), int(answers.sum()), int(selected.sum()), *triples))
    return pd.DataFrame(rows, columns=COLUMNS)


def _draws(strata: pd.Series, rng: np.random.Generator) -> list[np.ndarray]:
    groups = [np.asarray(g) for g in strata.groupby(strata).indices.values()]
    return [np.concatenate([rng.choice(g, len(g)) for g in groups]) for _ in range(SAMPLES)]


def _figures(
    weight: np.ndarray, answers: np.ndarray, selected: np.ndarray, alike: np.ndarray
) -> tuple[float, float, float]:
    """Weighted precision, recall and average precision; NaN where nothing is selected or nothing answers."""
    hits = float(weight[answers & selected].sum())
    all_selected, all_answers = float(weight[selected].sum()), float(weight[answers].sum())
    order = np.argsort(-alike, kind="stable")
    w, a = weight[order], answers[order]
    precision = np.cumsum(w * a) / np.cumsum(w)
    average = float((precision * w * a).sum() / all_answers) if all_answers else float("nan")
    return (
        hits / all_selected if all_selected else float("nan"),
        hits / all_answers if all_answers else float("nan"),
        average,
    )
