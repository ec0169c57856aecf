"""What the corpus holds: counts of every label by side, year, kind and split, and a figure. No text is needed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from stance.annotation.splits import SPLITS, read_rows
from stance.annotation.standoff import AnnotatedDocument, Annotation
from stance.codebook import Codebook
from stance.errors import StanceError
from stance.table.schema import SOURCES

if TYPE_CHECKING:
    import altair as alt

GROUPS = ("source", "year", "kind", "split")
TOTAL = "all"
UNKNOWN = "unknown"
WIDTH = 150
SENTENCES = ("sentences", "")
"""Index of the row that counts sentences, whatever their labels."""

_ORDER = {"source": SOURCES, "split": SPLITS}
_COLUMNS = ("doc_id", "source", "date", "kind", "split")


@dataclass(frozen=True)
class LabelCounts:
    """How many sentences have each label.

    Attributes:
        tables: by the names in `GROUPS`, and ``written``: a table with a row for each label (index ``dimension``,
            ``label``; the first row counts sentences) and the columns ``all`` and one for each value of the group (for
            ``written``, each side). A sentence with two issues counts for both.
        sentences: number of published sentences.
        documents: number of their documents.
    """

    tables: dict[str, pd.DataFrame]
    sentences: int
    documents: int

    def __str__(self) -> str:
        parts = [f"{self.sentences} sentences of {self.documents} documents"]
        names = {"source": "by side", "written": "written part, by side"}
        for key, table in self.tables.items():
            parts += ["", names.get(key, f"by {key}"), table.to_string(line_width=WIDTH)]
        return "\n".join(parts)


def read_catalogue(path: str | Path) -> pd.DataFrame:
    """Read what is known of each annotated document from the CSV that also holds the splits.

    Args:
        path: a CSV with ``doc_id``, ``source``, ``date``, ``kind`` and ``split``.

    Returns:
        the columns of `GROUPS`, indexed by ``doc_id``; what is not known is `UNKNOWN`.

    Raises:
        StanceError: if the file cannot be read, lacks a column, or lists a document twice.
    """
    header, rows = read_rows(path, "the list of documents")
    lacking = [c for c in _COLUMNS if c not in header]
    if lacking:
        raise StanceError(f"{path}: the list of documents has no column {', '.join(lacking)}. Add it")
    return _catalogue(rows, str(path))


def catalogue_of(documents: Iterable[AnnotatedDocument]) -> pd.DataFrame:
    """The same table as from `read_catalogue`, from documents at hand that are trained on, as the written part is."""
    rows = [
        {"doc_id": d.doc_id, "source": d.source, "date": d.date, "kind": d.kind, "split": "train"}
        for d in (item.document for item in documents)
    ]
    return _catalogue(rows, "documents")


def _catalogue(rows: Sequence[Mapping[str, Any]], origin: str) -> pd.DataFrame:
    table = pd.DataFrame(
        {
            "doc_id": [r["doc_id"] for r in rows],
            "source": [r["source"] or UNKNOWN for r in rows],
            "year": [(r["date"] or "")[:4] or UNKNOWN for r in rows],
            "kind": [r["kind"] or UNKNOWN for r in rows],
            "split": [r["split"] or UNKNOWN for r in rows],
        },
        dtype=object,
    ).set_index("doc_id")
    twice = table.index[table.index.duplicated()]
    if len(twice):
        raise StanceError(f"{origin}: {twice[0]} is listed twice. Keep one line for each document")
    return table


def label_counts(
    annotations: Sequence[Annotation],
    catalogue: pd.DataFrame,
    written: Sequence[AnnotatedDocument],
    codebook: Codebook,
) -> LabelCounts:
    """Count every label of every dimension.

    Args:
        annotations: of published sentences.
        catalogue: from `read_catalogue`.
        written: written documents, counted in a table of their own.
        codebook: which labels there are; one that is never given counts 0.

    Raises:
        StanceError: if an annotated document is not in the catalogue, or a label not in the codebook.
    """
    tables = {group: count_table(annotations, catalogue[group], codebook, group) for group in GROUPS}
    invented = [a for item in written for a in item.annotations.values()]
    tables["written"] = count_table(invented, catalogue_of(written)["source"], codebook, "source")
    return LabelCounts(tables, len(annotations), len({a.doc_id for a in annotations}))


def count_table(
    annotations: Sequence[Annotation], values: pd.Series[Any], codebook: Codebook, group: str
) -> pd.DataFrame:
    """Count labels by one property of the documents.

    Args:
        annotations: the sentences.
        values: the property, indexed by ``doc_id``.
        codebook: the labels.
        group: name of the property; decides the order of the columns.

    Raises:
        StanceError: if a document has no value, or a label is not in the codebook.
    """
    by_document = values.to_dict()
    present = set(by_document.values())
    columns = [v for v in _ORDER.get(group, ()) if v in present]
    columns += sorted(present - set(columns))
    index = [SENTENCES, *((d.key, key) for d in codebook.dimensions for key in d.keys)]
    counts = {key: dict.fromkeys([TOTAL, *columns], 0) for key in index}
    for annotation in annotations:
        if annotation.doc_id not in by_document:
            raise StanceError(f"{annotation.doc_id}: the document is not in the list of documents. Add it there")
        for row in (SENTENCES, *_labels(annotation)):
            if row not in counts:
                raise StanceError(f"{annotation.doc_id}: {':'.join(row)} is not in the codebook. Run the check")
            counts[row][TOTAL] += 1
            counts[row][by_document[annotation.doc_id]] += 1
    table = pd.DataFrame.from_dict(counts, orient="index", columns=[TOTAL, *columns])
    table.index = pd.MultiIndex.from_tuples(index, names=["dimension", "label"])
    return table


def _labels(annotation: Annotation) -> list[tuple[str, str]]:
    pairs = []
    for dimension, given in annotation.labels.items():
        pairs += [(dimension, key) for key in (given if isinstance(given, list) else [given])]
    return pairs


def shortfalls(counts: pd.DataFrame, minimum: int) -> pd.DataFrame:
    """Which labels have too few sentences.

    Args:
        counts: one table of `LabelCounts`; every column is held to the minimum, so choose columns first.
        minimum: least number of sentences that a label should have.

    Returns:
        ``dimension``, ``label``, ``group`` (the column), ``count``, ``lacking``, most lacking first.
    """
    labels = counts.drop(index=[SENTENCES], errors="ignore")
    rows = [
        (dimension, label, column, int(labels.loc[(dimension, label), column]))
        for dimension, label in labels.index
        for column in labels.columns
        if labels.loc[(dimension, label), column] < minimum
    ]
    found = pd.DataFrame(rows, columns=["dimension", "label", "group", "count"])
    found["lacking"] = minimum - found["count"]
    return found.sort_values("lacking", ascending=False, kind="stable").reset_index(drop=True)


def sentences_figure(annotations: Sequence[Annotation], catalogue: pd.DataFrame) -> alt.FacetChart:
    """Draw how many sentences there are by side, year and kind: a panel for each side, a cell for each year and kind.

    Args:
        annotations: of published sentences.
        catalogue: from `read_catalogue`.

    Raises:
        StanceError: if an annotated document is not in the catalogue.
    """
    import altair as alt

    unknown = sorted({a.doc_id for a in annotations} - set(catalogue.index))
    if unknown:
        raise StanceError(f"{unknown[0]}: the document is not in the list of documents. Add it there")
    placed = catalogue.loc[[a.doc_id for a in annotations], ["source", "year", "kind"]]
    cells = placed.value_counts().rename("sentences").reset_index()
    counts = {key: int(n) for key, n in cells.groupby("source")["sentences"].sum().items()}
    cells["side"] = [f"{s}: {counts[s]:,} sentences" for s in cells["source"]]
    base = alt.Chart(cells).encode(
        x=alt.X("year:O", title=None, axis=alt.Axis(labelAngle=0)),
        y=alt.Y("kind:N", title=None, sort=alt.EncodingSortField("sentences", op="sum", order="descending")),
    )
    squares = base.mark_rect(stroke="white").encode(
        color=alt.Color("sentences:Q", title="sentences", scale=alt.Scale(scheme="blues", type="log"), legend=None)
    )
    dark = cells["sentences"].max() ** 0.6
    numbers = base.mark_text(fontSize=10).encode(
        text="sentences:Q",
        color=alt.condition(alt.datum.sentences > dark, alt.value("white"), alt.value("#1f2a37")),
    )
    sides = [f"{s}: {counts[s]:,} sentences" for s in sorted(counts, key=lambda s: -counts[s])]
    figure: alt.FacetChart = (
        alt.layer(squares, numbers)
        .properties(width=alt.Step(34), height=alt.Step(20))
        .facet(row=alt.Row("side:N", title=None, sort=sides, header=alt.Header(orient="top", labelAnchor="start")))
        .resolve_scale(y="independent")
        .properties(title="Labelled sentences by side, year and kind of document")
    )
    return figure
