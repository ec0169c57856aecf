"""Which documents belong to one meeting: by their event, and without events by their dates."""

from __future__ import annotations

import pandas as pd

SPAN = pd.Timedelta(days=2)
"""Longest time between the dates of accounts of one meeting, where no event ties them together."""


def folded(event: object) -> str:
    """An event as it is compared: case and white space do not matter."""
    return " ".join(str(event).split()).casefold()


def one_spelling(events: pd.Series) -> pd.Series:
    """Give events that differ only in case or white space the spelling that comes first.

    Args:
        events: names of events, None or NaN where there is none.

    Returns:
        the same, each event in one spelling; missing and blank ones as None.
    """
    spelling: dict[str, str] = {}
    given = [None if pd.isna(event) or not folded(event) else str(event) for event in events]
    return pd.Series([e and spelling.setdefault(folded(e), e) for e in given], events.index, dtype=object)


def days(dates: pd.Series) -> pd.Series:
    """Dates of a checked sentence table as timestamps, the first day of months and years; NaT where there is none."""
    return pd.to_datetime(dates, format="ISO8601", errors="coerce")


def one_document_each(table: pd.DataFrame, by: str) -> bool:
    """Whether each group of a table has a single document."""
    return bool(table.groupby(by)["doc_id"].nunique().max() == 1)


def tie_meetings(table: pd.DataFrame, by: str) -> pd.Series:
    """Name the meeting of every sentence: only sentences of one meeting are set beside each other.

    One document of each group is one meeting. Else documents belong together that have the same event, and documents
    without an event whose dates lie within `SPAN`: a group of dates begins with the first date that is not yet in one.
    A document without event and without a full date is a meeting of its own.

    Args:
        table: the sentences of both groups, events in one spelling.
        by: the grouping column.

    Returns:
        the event, the first date of the group, or the id of the document; of single documents perhaps "".
    """
    documents = table.drop_duplicates("doc_id")[["doc_id", "event", "date"]].set_index("doc_id")
    if one_document_each(table, by):
        known = documents["event"].dropna()
        return pd.Series(str(known.iloc[0]) if len(known) else "", table.index, dtype=object)
    names = {}
    dates = pd.to_datetime(documents["date"].map(str), format="%Y-%m-%d", errors="coerce", exact=True)
    first: pd.Timestamp | None = None
    for doc_id, date in dates[documents["event"].isna()].sort_values().items():
        if pd.isna(date):
            names[doc_id] = str(doc_id)
            continue
        if first is None or date - first > SPAN:
            first = date
        names[doc_id] = f"{first:%Y-%m-%d}"
    names |= documents["event"].dropna().map(str).to_dict()
    return table["doc_id"].map(names).astype(object)
