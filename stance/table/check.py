"""Check a sentence table: a researcher with labels of her own learns here what her table lacks."""

from __future__ import annotations

import logging
from typing import Any

import pandas as pd

from stance.documents.dates import iso_date
from stance.errors import StanceError
from stance.table.schema import COLUMNS, NO_ISSUE, NULLABLE, REQUIRED

logger = logging.getLogger(__name__)

TEXTS = ("event", "doc_id", "source", "lang", "title", "speaker", "model", "codebook")
WHOLE = ("sent_id", "start", "end", "paragraph")
PROBABILITIES = ("p_issue_main", "p_stance", "p_holder")


def check_table(table: pd.DataFrame, no_issue: str | None = None) -> pd.DataFrame:
    """Check a sentence table and fill what hand-coded labels need not have.

    Args:
        table: at least the columns of `REQUIRED`; ``issue`` and ``frame`` as lists (or strings joined by ``;``).
        no_issue: the main issue of sentences without issues, the codebook's null label; ``none`` if None.

    Returns:
        a copy with all columns of `COLUMNS` first, missing ones filled: probabilities 1, ``issue_main`` the first
        issue, ``paragraph`` 0; texts are strings, whole numbers integers, dates as `iso_date` gives them.

    Raises:
        StanceError: if it is no table, a required column is missing, a list column holds something else, a sentence has
            no text, stance or holder, a number is none, a probability is not between 0 and 1, or a date is no date; it
            names the sentence.
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
    table["date"] = _dates(table)
    for column in TEXTS:
        table[column] = pd.Series([_text(v) for v in table[column]], table.index, dtype=object)
    for column in WHOLE:
        table[column] = pd.to_numeric(table[column]).astype(int)
    for column in PROBABILITIES:
        table[column] = pd.to_numeric(table[column]).astype(float)
    probs = list(table["probs"]) if "probs" in table else [None] * len(table)
    known = [{k: v for k, v in p.items() if v is not None} if isinstance(p, dict) else {} for p in probs]
    table["probs"] = pd.Series(known, table.index, dtype=object)
    return table[[*COLUMNS, *(c for c in table.columns if c not in COLUMNS)]].reset_index(drop=True)


def _dates(table: pd.DataFrame) -> pd.Series:
    """The dates in ISO form; a column of timestamps would tie no document to another."""
    found: dict[object, str | None] = {}
    for value in table["date"].unique():
        try:
            found[value] = None if value is None else iso_date(_text(value) if isinstance(value, float) else value)
        except ValueError as error:
            first = _first_of(table, table["date"] == value)
            raise StanceError(f"the column date: {error} ({first}). Write 2023-11-15, 2023-11 or 2023") from error
    return pd.Series([found[v] for v in table["date"]], table.index, dtype=object)


def _text(value: object) -> str | None:
    """A value as text: a number that a column with gaps has made 1.0 is 1."""
    whole = isinstance(value, float) and value.is_integer()
    return value if value is None or isinstance(value, str) else str(int(value) if whole else value)  # type: ignore[call-overload]


def _check_rows(table: pd.DataFrame) -> None:
    """Raise where a sentence would drop out of figures without a word; warn where one would count twice."""
    for column in ("doc_id", "sent_id", "source", "text", "stance", "holder"):
        lacking = table[column].isna()
        if column != "text":
            lacking |= table[column].astype(str).str.strip() == ""
        if lacking.any():
            raise StanceError(
                f"the column {column} is empty in {lacking.sum()} sentences; the first is {_first_of(table, lacking)}. "
                "Fill it, or drop the rows"
            )
    if (again := table.duplicated(["doc_id", "sent_id"])).any():
        logger.warning(
            "%d rows have the doc_id and sent_id of an earlier one, and figures count them again; the first is %s. "
            "Keep one row a sentence: adjudicate labels of several coders first", again.sum(), _first_of(table, again),
        )  # fmt: skip
    texts = table["text"].map(lambda text: isinstance(text, str))
    if not texts.all():
        raise StanceError(f"the column text holds something else than text ({_first_of(table, ~texts)}). Mend it")
    for column in (c for c in (*WHOLE, *PROBABILITIES) if c in table):
        values = pd.to_numeric(table[column], errors="coerce")
        wrong = values.isna() & table[column].notna()
        if column in WHOLE:
            wrong |= values.notna() & (values != values.round())
            kind, cure = "whole number", "whole numbers"
        else:
            wrong |= (values < 0) | (values > 1 + 1e-6)
            kind, cure = "probability", "numbers from 0 to 1"
        if wrong.any():
            raise StanceError(
                f"the column {column} holds {table.loc[wrong, column].iloc[0]} ({_first_of(table, wrong)}), which is "
                f"no {kind}. Give {cure}"
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
