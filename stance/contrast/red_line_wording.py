"""How the wording of a side's red lines on an issue moves from meeting to meeting."""

from __future__ import annotations

import numpy as np
import pandas as pd

from stance.contrast.limit_wording import EXPLICIT
from stance.contrast.result import Sides
from stance.contrast.similarity import lexical

COLUMNS = [
    "group", "issue", "event", "date", "count", "hardness", "explicit", "phrases", "added", "dropped", "similarity",
]  # fmt: skip


def wording_by_meeting(sides: Sides, found: pd.DataFrame) -> pd.DataFrame:
    """Follow the wording of red lines in time.

    Args:
        sides: the two groups.
        found: sentences that name a limit, with ``kind``, ``hardness`` and ``phrases``.

    Returns:
        the columns of `COLUMNS`, a row for each side, issue and meeting (document where no meeting is given) in the
        order of dates; ``similarity`` is the cosine of TF-IDF vectors of the texts, NaN for the first meeting.
    """
    if found.empty:
        return pd.DataFrame(columns=COLUMNS)
    lines = found.assign(
        group=found[sides.by], event=found["event"].where(found["event"].notna(), found["doc_id"]).astype(str)
    ).explode("issue")
    rows = []
    for (group, issue), part in lines[lines["issue"].isin(sides.issues)].groupby(["group", "issue"], sort=True):
        before: set[str] = set()
        steps = _steps(part)
        vectors = lexical(pd.DataFrame({"text": [" ".join(step["text"]) for _, step in steps]}), sides.codebook)
        for number, (event, step) in enumerate(steps):
            phrases = {p for given in step["phrases"] for p in given}
            alike = float((vectors[number] @ vectors[number - 1].T).sum()) if number else np.nan
            added, dropped = (sorted(phrases - before), sorted(before - phrases)) if number else ([], [])
            explicit = int((step["kind"] == EXPLICIT).sum())
            rows.append(
                (group, issue, event, step["date"].iloc[0], len(step), float(step["hardness"].mean()), explicit,
                 sorted(phrases), added, dropped, alike)
            )  # fmt: skip
            before = phrases
    return pd.DataFrame(rows, columns=COLUMNS)


def _steps(part: pd.DataFrame) -> list[tuple[str, pd.DataFrame]]:
    """Meetings in the order of their dates, those without a date last."""
    ordered = part.assign(_date=part["date"].map(lambda d: "9999" if pd.isna(d) else str(d)))
    ordered = ordered.sort_values(["_date", "event", "sent_id"], kind="stable")
    return [(str(event), step) for event, step in ordered.groupby("event", sort=False)]
