"""Check a sentence table: a researcher with labels of her own learns here what her table lacks."""

from __future__ import annotations

import logging
from typing import Any

import pandas as pd

from stance.errors import StanceError
from stance.table.schema import COLUMNS, NO_ISSUE, NULLABLE, REQUIRED

logger = logging.getLogger(__name__)


def check_table(table: pd.DataFrame, no_issue: str | None = None) -> pd.DataFrame:
    """Check a sentence table and fill what hand-coded labels need not have.

    Args:
        table: at least the columns of `REQUIRED`; ``issue`` and ``frame`` as lists (or strings joined by ``;``).
        no_issue: the main issue of sentences without issues, the codebook's null label; ``none`` if None.

    Returns:
        a copy with all columns of `COLUMNS` first, missing ones filled: probabilities 1, ``issue_main`` the first
        issue, ``paragraph`` 0.

    Raises:
        StanceError: if it is no table, a required column is missing, a list column holds something else, a sentence has
            no text, stance or holder, or a probability is not between 0 and 1.
    """
    if not isinstance(table, pd.DataFrame):
        kind = type(table).__name__
        raise StanceError(f"a sentence table is needed, not {kind}. Take it from stance.score or stance.read_table")
    missing = [c for c in REQUIRED if c not in table.columns]
    if missing:
        raise StanceError(
            f"the sentence table lacks the columns {', '.join(missing)}. See the README, «the sentence table»"
        )
    _check_rows(table)
    table = table.copy()
    for column in ("issue", "frame"):
        table[column] = [label_list(v, column) for v in table[column]]
    main = table["issue_main"] if "issue_main" in table else [None] * len(table)
    table["issue_main"] = [_main_issue(*row, no_issue or NO_ISSUE) for row in zip(main, table["issue"], strict=True)]
    fill: dict[str, Any] = {
        "event": None, "date": None, "lang": "en", "title": "", "start": 0, "end": 0, "paragraph": 0, "speaker": None,
        "p_issue_main": 1.0, "p_stance": 1.0, "p_holder": 1.0, "truncated": False, "model": "", "codebook": "",
    }  # fmt: skip
    for column, value in fill.items():
        if column not in table:
            table[column] = value
        elif column not in NULLABLE and table[column].isna().any():
            table[column] = table[column].fillna(value)
    for column in NULLABLE:
        given = [None if pd.isna(v) or not str(v).strip() else v for v in table[column]]
        table[column] = pd.Series(given, table.index, dtype=object)
    probabilities = table["probs"] if "probs" in table else [None] * len(table)
    table["probs"] = pd.Series([p if isinstance(p, dict) else {} for p in probabilities], table.index, dtype=object)
    return table[[*COLUMNS, *(c for c in table.columns if c not in COLUMNS)]].reset_index(drop=True)


def _check_rows(table: pd.DataFrame) -> None:
    """Raise where a sentence would drop out of figures without a word; warn where one would count twice."""
    for column in ("doc_id", "sent_id", "text", "stance", "holder"):
        if (lacking := table[column].isna()).any():
            raise StanceError(
                f"the column {column} is empty in {lacking.sum()} sentences; the first is {_first_of(table, lacking)}. "
                "Fill it, or drop the rows"
            )
    if (again := table.duplicated(["doc_id", "sent_id"])).any():
        logger.warning(
            "%d rows have the doc_id and sent_id of an earlier one, and figures count them again; the first is %s. "
            "Keep one row a sentence: adjudicate labels of several coders first", again.sum(), _first_of(table, again),
        )  # fmt: skip
    for column in (c for c in ("p_issue_main", "p_stance", "p_holder") if c in table):
        values = pd.to_numeric(table[column], errors="coerce")
        if (wrong := (values < 0) | (values > 1 + 1e-6)).any():
            raise StanceError(
                f"the column {column} holds {table.loc[wrong, column].iloc[0]} ({_first_of(table, wrong)}), which is "
                "no probability. Give numbers from 0 to 1"
            )


def _first_of(table: pd.DataFrame, rows: pd.Series) -> str:
    first = table[rows].iloc[0]
    return f"doc_id {first['doc_id']}, sent_id {first['sent_id']}"


def _main_issue(given: object, issues: list[str], no_issue: str) -> str:
    """The main issue that is given, or else the first; `NO_ISSUE`, from a check without a codebook, is not one."""
    if isinstance(given, str) and given.strip() and (issues or given != NO_ISSUE):
        return given
    return issues[0] if issues else no_issue


def label_list(value: object, column: str = "issue") -> list[str]:
    """Labels of a cell: a list, or a string joined by ``;``; empty for a missing value.

    Raises:
        StanceError: if the cell of the column holds something else.
    """
    if isinstance(value, str):
        return [v.strip() for v in value.split(";") if v.strip()]
    if value is None or value is pd.NA or (isinstance(value, float) and pd.isna(value)):
        return []
    if hasattr(value, "__iter__"):
        return [str(v) for v in value]
    raise StanceError(f"the column {column} holds {value!r}. Give a list of labels, or labels joined by ;")
