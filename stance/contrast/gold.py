"""Hand-coded labels of some sentences of a table, by which figures from predicted labels are corrected."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from stance.codebook import Codebook
from stance.errors import StanceError
from stance.table import label_list

KEY = ["doc_id", "start", "end"]
LABELS = ("issue", "stance", "holder", "frame")
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
    path = Path(path)
    readers = {
        ".jsonl": lambda: pd.read_json(path, lines=True, dtype={"doc_id": str}, convert_dates=False),
        ".csv": lambda: pd.read_csv(path, dtype={"doc_id": str}, encoding="utf-8-sig"),
        ".parquet": lambda: pd.read_parquet(path),
    }
    if path.suffix not in readers:
        raise StanceError(f"{path}: hand-coded labels are read from {', '.join(readers)}")
    try:
        gold = readers[path.suffix]()
    except (OSError, ValueError, pd.errors.ParserError) as error:
        raise StanceError(f"{path}: the hand-coded labels cannot be read ({error}). Mend the file") from error
    missing = [c for c in (*KEY, *LABELS) if c not in gold]
    if missing:
        raise StanceError(f"{path}: the hand-coded labels lack the columns {', '.join(missing)}")
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
        StanceError: if a column is missing, a label is unknown, a sentence is coded twice, or none is in the table.
    """
    missing = [c for c in (*KEY, *LABELS) if c not in gold]
    if missing:
        raise StanceError(f"the hand-coded labels lack the columns {', '.join(missing)}")
    coded = gold.assign(doc_id=gold["doc_id"].astype(str), **{c: gold[c].map(label_list) for c in ("issue", "frame")})
    _refuse(coded, table, codebook)
    keep = [*KEY, *LABELS, *([PROBABILITY] if PROBABILITY in coded else [])]
    named = coded[keep].rename(columns={c: f"gold_{c}" for c in LABELS})
    joined = table.assign(doc_id=table["doc_id"].astype(str)).merge(named, on=KEY, how="left", validate="m:1")
    joined["gold"] = joined["gold_stance"].notna()
    for column in (f"gold_{c}" for c in LABELS):  # None, not NaN, where nothing is coded
        given = [v if coded_here else None for v, coded_here in zip(joined[column], joined["gold"], strict=True)]
        joined[column] = pd.Series(given, joined.index, dtype=object)
    if PROBABILITY not in joined:
        joined[PROBABILITY] = np.nan
    return joined


def _refuse(coded: pd.DataFrame, table: pd.DataFrame, codebook: Codebook) -> None:
    if coded.duplicated(KEY).any():
        first = coded[coded.duplicated(KEY)].iloc[0]
        raise StanceError(
            f"a sentence is coded more than once: {first['doc_id']} {first['start']}-{first['end']}. Adjudicate first"
        )
    for row in coded.to_dict("records"):
        problems = codebook.problems({k: row[k] for k in LABELS})
        if problems:
            where = f"{row['doc_id']} {row['start']}-{row['end']}"
            raise StanceError(f"hand-coded labels of {where}: {'; '.join(problems)}. Mend them")
    if PROBABILITY in coded and not coded[PROBABILITY].between(0, 1, inclusive="right").all():
        raise StanceError(f"the column {PROBABILITY} of the hand-coded labels must lie above 0 and not above 1")
    if table.duplicated(KEY).any():
        raise StanceError(
            "the sentence table holds sentences with the same doc_id, start and end: labels cannot be told"
        )
    keys = pd.MultiIndex.from_frame(coded[KEY])
    if not keys.isin(pd.MultiIndex.from_frame(table[KEY].astype({"doc_id": str}))).any():
        raise StanceError(
            f"none of the {len(coded)} hand-coded sentences is in the table: doc_id, start and end must be the same. "
            "Score the documents that were coded"
        )
