"""Checks of the corpus: labels, offsets, hashes, splits, and sentences that stand in more than one split."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import pandas as pd

from stance.annotation.corpus_files import read_lines
from stance.annotation.splits import SPLITS, read_rows
from stance.annotation.standoff import AnnotatedDocument, Annotation, Joined, join, read_annotations
from stance.annotation.written import read_written
from stance.codebook import Codebook
from stance.documents.document import Document
from stance.errors import StanceError
from stance.model_input import clean

RECORD_FIELDS = frozenset(f.name for f in fields(Annotation))
"""All that a published annotation may hold: labels and a place, and no text."""

WRITTEN = "written"
PAIRS = (
    ("test", "train"), ("test", "validation"), ("validation", "train"),
    ("test", WRITTEN), ("validation", WRITTEN), ("train", WRITTEN),
)  # fmt: skip
FORMULA_WORDS = 6
NEAR_WORDS = 8
NEAR_JACCARD = 0.9
SHOWN = 40
GRAM = 5

Pair = tuple[int, int, float]
_TOKEN = re.compile(r"[\u4e00-\u9fff]|[^\W_\u4e00-\u9fff]+")


@dataclass(frozen=True)
class Repeat:
    """A test sentence that repeats one that the model was fitted to.

    Attributes:
        annotation: the test sentence.
        words: its length.
        repeats: document of the first sentence that it repeats.
        part: ``train``, ``validation`` or ``written``.
    """

    annotation: Annotation
    words: int
    repeats: str
    part: str


@dataclass(frozen=True)
class CorpusCheck:
    """What a check found.

    Attributes:
        problems: what is wrong; empty where the corpus is sound.
        duplicates: by pair of splits (columns ``part``, ``against``): ``sentences`` of the part, and how many of them
            stand in the other too: ``exact`` (after `normalise`), ``exact_long`` (those of `FORMULA_WORDS` words
            or more), ``near`` (others of `NEAR_WORDS` words or more with a Jaccard similarity of character 5-grams
            of `NEAR_JACCARD` or more). Without documents, only ``exact``, by hash.
        repeats: from `formula_repeats`, or None without documents.
        joined: annotations with documents, or None without documents.
    """

    problems: list[str]
    duplicates: pd.DataFrame
    repeats: list[Repeat] | None = None
    joined: Joined | None = None

    def __str__(self) -> str:
        parts = [f"{len(self.problems)} problems", *(f"  {p}" for p in self.problems[:SHOWN])]
        if len(self.problems) > SHOWN:
            parts.append(f"  … and {len(self.problems) - SHOWN} more")
        parts.append(str(self.joined or "no documents given: offsets, hashes and near duplicates are not checked"))
        parts += ["", "sentences that stand in two parts", self.duplicates.to_string(index=False)]
        if self.repeats is not None:
            counts = dict(Counter(r.part for r in self.repeats))
            parts += ["", f"{len(self.repeats)} test sentences repeat a formula {counts or ''}"]
        return "\n".join(parts)


@dataclass(frozen=True)
class _Text:
    """A sentence, and what of it is compared."""

    annotation: Annotation
    text: str
    words: int = 0


def normalise(text: str) -> str:
    """Words without case and punctuation, as repeats are sought; a Chinese character is a word."""
    return " ".join(_TOKEN.findall(clean(text).casefold()))


def check_corpus(
    annotations: str | Path,
    splits: str | Path,
    codebook: Codebook,
    documents: Iterable[Document] | None = None,
    written: str | Path | None = None,
) -> CorpusCheck:
    """Check a corpus.

    Args:
        annotations: the final annotations, JSONL.
        splits: CSV with ``doc_id`` and ``split``.
        codebook: the labels.
        documents: the annotated documents, or None: then offsets, hashes and texts are not checked.
        written: the written sentences, JSONL.

    Raises:
        StanceError: if a file cannot be read at all.
    """
    given = read_annotations(annotations)
    invented = read_written(written) if written else []
    fictions = [a for item in invented for a in item.annotations.values()]
    split_of, problems = _read_split_rows(splits)
    problems = [
        *record_problems(annotations),
        *label_problems([*given, *fictions], codebook),
        *span_problems(given),
        *problems,
        *(f"{d}: no split" for d in sorted({a.doc_id for a in given} - set(split_of))),
        *(f"{i.document.doc_id}: written and published" for i in invented if i.document.doc_id in split_of),
    ]
    if documents is None:
        texts = _parts([_Text(a, a.sha256) for a in given], [_Text(a, a.sha256) for a in fictions], split_of)
        return CorpusCheck(problems, duplicate_counts(texts).drop(columns=["exact_long", "near"]))
    joined = join(given, documents)
    problems += [f"{d}: the document is not among those given" for d in joined.missing]
    problems += [f"{a.place}: another text than the annotated one (hash)" for a in joined.mismatches]
    texts = _parts(_texts(joined.documents), _texts(invented), split_of)
    repeats = formula_repeats(joined.documents, split_of, invented)
    return CorpusCheck(problems, duplicate_counts(texts), repeats, joined)


def record_problems(path: str | Path) -> list[str]:
    """Fields that a published annotation must not have, above all its text.

    Args:
        path: JSONL of annotations.

    Raises:
        StanceError: if the file cannot be read.
    """
    found = []
    try:
        for number, line in read_lines(path, "the annotations"):
            extra = sorted(set(json.loads(line)) - RECORD_FIELDS)
            found += [f"{path}:{number}: field {name!r}: annotations are published without text" for name in extra]
    except (ValueError, TypeError) as error:
        raise StanceError(f"{path}: the annotations cannot be read ({error}). Check the file") from error
    return found


def label_problems(annotations: Iterable[Annotation], codebook: Codebook) -> list[str]:
    """Labels that are not in the codebook or break its rules, one message for each sentence."""
    return [f"{a.place}: {'; '.join(found)}" for a in annotations if (found := codebook.problems(a.labels))]


def span_problems(annotations: Sequence[Annotation]) -> list[str]:
    """Spans that are empty, coded twice, overlap another, or have no hash."""
    found = [f"{a.place}: empty span" for a in annotations if not 0 <= a.start < a.end]
    found += [f"{a.place}: no hash" for a in annotations if not a.sha256]
    ordered = sorted(annotations, key=lambda a: a.span)
    last = ordered[0] if ordered else None
    for first, second in zip(ordered, ordered[1:], strict=False):
        if last is None or last.doc_id != first.doc_id or first.end > last.end:
            last = first  # the one that reaches furthest so far
        if first.span == second.span:
            found.append(f"{second.place}: coded twice ({first.coder or '?'}, {second.coder or '?'})")
        elif last.doc_id == second.doc_id and second.start < last.end:
            found.append(f"{second.place}: overlaps {last.start}-{last.end}")
    return found


def formula_repeats(
    documents: Iterable[AnnotatedDocument],
    splits: Mapping[str, str],
    written: Iterable[AnnotatedDocument] = (),
    minimum_words: int = FORMULA_WORDS,
) -> list[Repeat]:
    """Test sentences that repeat a sentence of train, validation or the written part word for word.

    Diplomatic formulas recur from document to document, and a model may know them by heart: figures should be given
    without them too.

    Args:
        documents: the joined corpus.
        splits: split of each document.
        written: written documents.
        minimum_words: shorter sentences are not counted as formulas.

    Returns:
        the repeats in order of the documents, `normalise` having been applied to both sides.
    """
    parts = _parts(_texts(documents), _texts(written), splits)
    fitted = [(t.text, (t.annotation.doc_id, part)) for part in ("train", "validation", WRITTEN) for t in parts[part]]
    known = dict(reversed(fitted))  # the first sentence with a text stands
    return [
        Repeat(item.annotation, item.words, *known[item.text])
        for item in parts["test"]
        if item.words >= minimum_words and item.text in known
    ]


def duplicate_counts(parts: Mapping[str, Sequence[_Text]]) -> pd.DataFrame:
    """Count the sentences of one part that another holds too; see `CorpusCheck.duplicates`."""
    rows = []
    for part, against in PAIRS:
        if not parts[part] or not parts[against]:
            continue
        known = {t.text for t in parts[against]}
        exact = [t for t in parts[part] if t.text in known]
        rest = [t for t in parts[part] if t.text not in known and t.words >= NEAR_WORDS]
        others = sorted({t.text for t in parts[against] if t.words >= NEAR_WORDS})
        near = near_duplicates([t.text for t in rest], others)
        long = sum(t.words >= FORMULA_WORDS for t in exact)
        rows.append((part, against, len(parts[part]), len(exact), long, len({i for i, _, _ in near})))
    return pd.DataFrame(rows, columns=["part", "against", "sentences", "exact", "exact_long", "near"])


def near_duplicates(first: Sequence[str], second: Sequence[str]) -> list[Pair]:
    """Pairs of texts whose sets of character 5-grams have a Jaccard similarity of `NEAR_JACCARD` or more.

    Returns:
        position in ``first``, position in ``second``, similarity: all such pairs, not an estimate.
    """
    import numpy as np
    from sklearn.feature_extraction.text import CountVectorizer

    if max(map(len, (*first, *second)), default=0) < GRAM:
        return []
    vectorizer = CountVectorizer(
        analyzer="char", ngram_range=(GRAM, GRAM), binary=True, lowercase=False, dtype=np.int32
    )
    grams: Any = vectorizer.fit_transform([*first, *second])
    sizes = np.asarray(grams.sum(axis=1)).ravel()
    left = np.argsort(sizes[: len(first)], kind="stable")
    right = len(first) + np.argsort(sizes[len(first) :], kind="stable")
    found: list[Pair] = []
    for start in range(0, len(left), 256):
        rows = left[start : start + 256]
        # Sets of too different a size cannot be alike, which leaves a band of them to compare.
        low, high = sizes[rows[0]] * NEAR_JACCARD, sizes[rows[-1]] / NEAR_JACCARD
        near = right[np.searchsorted(sizes[right], low) : np.searchsorted(sizes[right], high, side="right")]
        shared = (grams[rows] @ grams[near].T).tocoo()
        i, j = rows[shared.row], near[shared.col]
        similarity = shared.data / (sizes[i] + sizes[j] - shared.data)
        keep = similarity >= NEAR_JACCARD
        found += zip(i[keep].tolist(), (j[keep] - len(first)).tolist(), similarity[keep].tolist(), strict=True)
    return sorted(found)


def _read_split_rows(path: str | Path) -> tuple[dict[str, str], list[str]]:
    """Splits, and all that is wrong with them (`read_splits` stops at the first fault)."""
    splits: dict[str, str] = {}
    problems = []
    for number, row in enumerate(read_rows(path)[1], 2):
        doc_id, split = row.get("doc_id") or "", row.get("split") or ""
        if not doc_id or split not in SPLITS:
            problems.append(f"{path}:{number}: split {split!r} of {doc_id!r} is not one of {', '.join(SPLITS)}")
        elif doc_id in splits:
            both = "" if splits[doc_id] == split else f", in {splits[doc_id]} and {split}"
            problems.append(f"{path}:{number}: {doc_id} is listed twice{both}")
        else:
            splits[doc_id] = split
    return splits, problems


def _texts(documents: Iterable[AnnotatedDocument]) -> Iterator[_Text]:
    for item in documents:
        for position, annotation in sorted(item.annotations.items()):
            text = normalise(item.sentences[position].text)
            yield _Text(annotation, text, len(text.split()))


def _parts(published: Iterable[_Text], written: Iterable[_Text], splits: Mapping[str, str]) -> dict[str, list[_Text]]:
    parts: dict[str, list[_Text]] = {part: [] for part in SPLITS} | {WRITTEN: list(written)}
    for text in published:
        if text.annotation.doc_id in splits:
            parts[splits[text.annotation.doc_id]].append(text)
    return parts
