"""Figures by kind of sentence: side, year, kind of document, length."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import pandas as pd

from stance.annotation.standoff import AnnotatedDocument, Annotation, asked
from stance.classifier.tallies import figures_with_intervals, tally
from stance.codebook import Codebook
from stance.model_input import clean

STRATA = ("source", "year", "kind", "length")
"""What figures are broken down by."""
LENGTHS = ((10, "1-10 words"), (20, "11-20 words"), (40, "21-40 words"), (10**6, "over 40 words"))


def strata_of(documents: Iterable[AnnotatedDocument]) -> pd.DataFrame:
    """The stratum of each annotated sentence: one row a sentence, the columns of `STRATA`.

    A kind such as ``readout:us_china`` counts as ``readout``. What a document does not say is ``unknown``.
    """
    rows = []
    for document, sentences, positions in map(asked, documents):
        kind = (document.kind or "unknown").split(":")[0].replace("_", " ")
        for i in positions:
            words = len(clean(sentences[i].text).split())
            length = next(name for most, name in LENGTHS if words <= most)
            rows.append((document.source, (document.date or "unknown")[:7].split("-")[0], kind, length))
    return pd.DataFrame(rows, columns=list(STRATA))


def break_down(
    truth: Sequence[Annotation],
    given: Sequence[Annotation],
    codebook: Codebook,
    strata: pd.DataFrame,
    samples: int = 1000,
) -> pd.DataFrame:
    """All figures of each stratum.

    Args:
        truth: hand-coded labels.
        given: labels to judge, in the same order.
        codebook: the labels.
        strata: from `strata_of`, in the same order; other columns of the user's own serve as well.
        samples: bootstrap samples of documents within each stratum.

    Returns:
        ``by``, ``stratum``, ``sentences``, ``documents``, ``dimension``, ``metric``, ``estimate``, ``low``, ``high``.
        Macro-F1 is over the labels that occur in the stratum: it is not comparable between strata of different labels,
        as accuracy is.
    """
    parts = []
    for by in strata.columns:
        order = [name for _, name in LENGTHS] if by == "length" else sorted(strata[by].unique())
        for stratum in order:
            rows = [i for i, value in enumerate(strata[by]) if value == stratum]
            if not rows:
                continue
            some = [truth[i] for i in rows]
            figures = figures_with_intervals(tally(some, [given[i] for i in rows], codebook), samples)
            figures.insert(0, "documents", len({a.doc_id for a in some}))
            figures.insert(0, "sentences", len(some))
            figures.insert(0, "stratum", stratum)
            figures.insert(0, "by", by)
            parts.append(figures)
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()
