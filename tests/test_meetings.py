"""Which documents are set beside each other: those of one event, however it is spelled."""

from __future__ import annotations

import pandas as pd

from stance.contrast.meetings import one_spelling


def test_events_differ_neither_by_case_nor_by_spaces():
    given = pd.Series(["Lisbon summit", "  lisbon  Summit", "Porto", None, " "])
    assert one_spelling(given).tolist() == ["Lisbon summit", "Lisbon summit", "Porto", None, None]
