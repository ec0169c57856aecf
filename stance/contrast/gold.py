"""Hand-coded labels of some sentences of a table, by which figures from predicted labels are corrected."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from stance.annotation.standoff import sentence_hash
from stance.codebook import DIMENSIONS, Codebook
from stance.errors import StanceError
from stance.table.check import label_list
from stance.table.read import read_rows

logger = logging.getLogger(__name__)

KEY = ["doc_id", "start", "end"]
PROBABILITY = "sampling_probability"


def read_gold(path: str | Path) -> pd.DataFrame:
    """Read hand-coded labels.

    Args:
        path: JSONL (stand-off annotations or sentences), CSV or Parquet with ``doc_id``, ``start``, ``end``, ``issue``,
            ``stance``, ``holder``, ``frame`` and, where sentences were drawn with unequal chances,
            ``sampling_probability``.

    Raises:
        StanceError: if the file cannot be read or lacks a column.
    """
    gold = read_rows(path, "a file of hand-coded labels")
    missing = [c for c in (*KEY, *DIMENSIONS) if c not in gold]
    if missing or gold.empty:
        raise StanceError(
            f"{path}: the hand-coded labels {'are empty' if gold.empty else 'lack the columns ' + ', '.join(missing)}. "
            "`stance annotate --collect` writes them with all that is needed"
        )
    return gold


def attach_gold(table: pd.DataFrame, gold: pd.DataFrame, codebook: Codebook) -> pd.DataFrame:
    """Add hand-coded labels to the sentences that they belong to.

    Args:
        table: a checked sentence table.
        gold: from `read_gold`, or a table with its columns.
        codebook: of the labels.

    Returns:
        a copy with the columns ``gold`` (bool), ``gold_issue``, ``gold_stance``, ``gold_holder``, ``gold_frame`` and
        ``sampling_probability`` (NaN where not given).

    Raises:
        StanceError: if a column is missing, a number is none, a label is unknown, a sentence is coded twice, or one is
            not in the table or has another text there.
    """
    missing = [c for c in (*KEY, *DIMENSIONS) if c not in gold]
    if missing:
        raise StanceError(f"the hand-coded labels lack the columns {', '.join(missing)}")
    coded = gold.assign(**{c: gold[c].map(label_list) for c in ("issue", "frame")})
    coded = coded.assign(**{c: coded[c].map(_plain) for c in ("doc_id", "stance", "holder")})
    for column in ("start", "end", *([PROBABILITY] if PROBABILITY in coded else [])):
        numbers = pd.to_numeric(coded[column], errors="coerce")
        if (wrong := numbers.isna()).any() and not (column == PROBABILITY and wrong.all()):
            first = coded[wrong].iloc[0]
            raise StanceError(
                f"the column {column} of the hand-coded labels holds {first[column]!r} (doc_id {first['doc_id']!r}), "
                f"which is no number; {wrong.sum()} of {len(coded)} rows do. Mend it: a program for spreadsheets may "
                "have written decimal commas or thousands"
            )
        coded[column] = numbers
    _refuse(coded, table, codebook)
    coded = _in_table(coded, table)
    if "sha256" in coded:
        _refuse_other_texts(coded, table)
    keep = [*KEY, *DIMENSIONS, *([PROBABILITY] if PROBABILITY in coded else [])]
    named = coded[keep].rename(columns={c: f"gold_{c}" for c in DIMENSIONS})
    joined = table.assign(doc_id=table["doc_id"].astype(str)).merge(named, on=KEY, how="left", validate="m:1")
    joined["gold"] = joined["gold_stance"].notna()
    for column in (f"gold_{c}" for c in DIMENSIONS):  # None, not NaN, where nothing is coded
        given = [v if coded_here else None for v, coded_here in zip(joined[column], joined["gold"], strict=True)]
        joined[column] = pd.Series(given, joined.index, dtype=object)
    if PROBABILITY not in joined:
        joined[PROBABILITY] = np.nan
    return joined


def _plain(value: Any) -> str:
    """A label or id as text without spaces around it."""
    return "" if pd.isna(value) else str(value).strip()


def _refuse(coded: pd.DataFrame, table: pd.DataFrame, codebook: Codebook) -> None:
    if coded.duplicated(KEY).any():
        first = coded[coded.duplicated(KEY)].iloc[0]
        raise StanceError(
            f"a sentence is coded more than once: {first['doc_id']} {first['start']}-{first['end']}. Adjudicate first"
        )
    for row in coded.to_dict("records"):
        problems = codebook.problems({k: row[k] for k in DIMENSIONS})
        if problems:
            where = f"{row['doc_id']} {row['start']}-{row['end']}"
            raise StanceError(f"hand-coded labels of {where}: {'; '.join(problems)}. Mend them")
    if PROBABILITY in coded and not coded[PROBABILITY].between(0, 1, inclusive="right").all():
        raise StanceError(f"the column {PROBABILITY} of the hand-coded labels must lie above 0 and not above 1")
    if table.duplicated(KEY).any():
        raise StanceError(
            "the sentence table holds sentences with the same doc_id, start and end: labels cannot be told"
        )


def _in_table(coded: pd.DataFrame, table: pd.DataFrame) -> pd.DataFrame:
    """The hand-coded sentences of the table's documents; a warning tells how many are of others."""
    there = coded["doc_id"].isin(table["doc_id"].astype(str))
    keys = pd.MultiIndex.from_frame(coded[KEY])
    known = keys.isin(pd.MultiIndex.from_frame(table[KEY].astype({"doc_id": str})))
    if (lost := there & ~known).any() or not known.any():
        first = (coded[lost] if lost.any() else coded).iloc[0]
        what = f"{lost.sum() if known.any() else 'none'} of the {len(coded)} hand-coded sentences"
        raise StanceError(
            f"{what} {'are not' if known.any() else 'is'} in the table; the first is {first['doc_id']} "
            f"{first['start']:.0f}-{first['end']:.0f}. What is left of a sample is no random sample: doc_id, start and "
            "end must be the same, so score the documents that were coded"
        )
    if not there.all():
        logger.warning(
            "%d of the %d hand-coded sentences are of documents that are not in the table (the first is %s), and are "
            "left out: a random sample of all remains one of those compared, one that was chosen otherwise may not",
            (~there).sum(), len(coded), coded.loc[~there, "doc_id"].iloc[0],
        )  # fmt: skip
    return coded[there]


def _refuse_other_texts(coded: pd.DataFrame, table: pd.DataFrame) -> None:
    """Raise where the sentence that was coded is another text than that of the table."""
    texts = table.set_index(KEY)["text"].to_dict()
    for row in coded.to_dict("records"):
        key = tuple(row[k] for k in KEY)
        if isinstance(row["sha256"], str) and row["sha256"] and sentence_hash(texts[key]) != row["sha256"]:
            raise StanceError(
                f"the hand-coded sentence {key[0]} {key[1]:.0f}-{key[2]:.0f} is another text in the table. Score the "
                "documents that were coded"
            )
