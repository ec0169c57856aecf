"""Which documents belong to one meeting."""

from __future__ import annotations

import pandas as pd


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
