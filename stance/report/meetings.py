"""Meetings in the order of time: the columns of every view over time, and the figures of each column."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from stance.contrast.meetings import days
from stance.report.lookup import groups_of

if TYPE_CHECKING:
    from stance.contrast.comparison import Comparison
    from stance.contrast.result import Sides

MOST = 40
"""Most columns of a view over time; beyond it documents are taken together by month, quarter or year."""


@dataclass(frozen=True)
class Meetings:
    """The meetings of a table, by date.

    Attributes:
        keys: what links name: the date; the event where a meeting has no date or shares it with another; where no
            document has an event, the date or a longer period.
        names: the events, or the keys again.
        labels: what axes show, in the same order.
        dates: the first date of each, or None.
        of_document: the key of each document; documents outside of all meetings are absent.
    """

    keys: tuple[str, ...]
    names: tuple[str, ...]
    labels: tuple[str, ...]
    dates: tuple[pd.Timestamp | None, ...]
    of_document: dict[str, str]

    @property
    def several(self) -> bool:
        """Whether there is anything to see over time."""
        return len(self.keys) > 1

    @property
    def dated(self) -> bool:
        """Whether every meeting has a date."""
        return None not in self.dates

    def of(self, rows: pd.DataFrame) -> pd.Series:
        """The key of each row's meeting, by its ``doc_id``; NaN outside of all meetings."""
        keys: pd.Series = rows["doc_id"].map(self.of_document)
        return keys


def find_meetings(sides: Sides) -> Meetings:
    """Find the columns of the views over time.

    An event is one meeting, whatever the dates of its accounts (Washington and Beijing often date them a day apart);
    so are two documents, one of each side, and without events documents that their dates tie
    (`stance.contrast.meetings.tie_meetings`), on the first of these dates.

    Args:
        sides: the two groups.
    """
    documents = sides.table.drop_duplicates("doc_id")[["doc_id", "event", "date", "meeting_id"]]
    dates = days(documents["date"])
    keys = documents["event"].where(documents["event"].notna(), None)
    if not 1 <= keys.nunique() <= MOST:
        tied = documents["meeting_id"].isin(sides.compared)
        keys = _periods(dates.groupby(documents["meeting_id"]).transform("min").where(tied, dates))
    if sides.one_document_each and keys.notna().any():
        keys = pd.Series(keys.dropna().min(), keys.index)
    known = documents.assign(key=keys, when=dates)[keys.notna()]
    if known.empty:
        return Meetings((), (), (), (), {})
    first = known.groupby("key", sort=False)["when"].min().sort_values(na_position="last", kind="stable")
    names = [str(k) for k in first.index]
    when = [None if pd.isna(d) else pd.Timestamp(d) for d in first]
    dated = [None if d is None else f"{d:%Y-%m-%d}" for d in when]
    short = [day if day and dated.count(day) == 1 else name for day, name in zip(dated, names, strict=True)]
    short = names if _are_periods(names) else short
    key_of = dict(zip(names, short, strict=True))
    of_document = {str(d): key_of[str(k)] for d, k in zip(known["doc_id"], known["key"], strict=True)}
    return Meetings(tuple(short), tuple(names), tuple(_labels(names, when)), tuple(when), of_document)


def _periods(dates: pd.Series) -> pd.Series:
    """Dates, or the shortest of month, quarter and year that gives few enough columns."""
    for unit in ("D", "M", "Q", "Y"):
        keys: pd.Series = dates.dt.to_period(unit).astype(str).where(dates.notna(), None)
        if keys.nunique() <= MOST:
            break
    return keys


def _are_periods(keys: list[str]) -> bool:
    return all(key[:4].isdigit() and len(key) <= 10 for key in keys)


def _labels(names: list[str], dates: list[pd.Timestamp | None]) -> list[str]:
    """Months, days where a month holds two meetings, and the names where a date is missing or the name is a period."""
    if None in dates or _are_periods(names):
        return names
    months = [f"{d:%b %Y}" for d in dates if d]
    chosen = months if len(set(months)) == len(months) else [f"{d.day} {d:%b %Y}" for d in dates if d]
    return chosen if len(set(chosen)) == len(chosen) else [f"{i + 1}: {text}" for i, text in enumerate(chosen)]


def agenda_by_meeting(comparison: Comparison, meetings: Meetings) -> pd.DataFrame:
    """Sentences on each issue by side and meeting.

    Returns:
        ``issue``, ``group``, ``meeting``, ``count``, ``n`` (substantive sentences of the side in the meeting),
        ``estimate`` (share); only issues and meetings that occur.
    """
    table = comparison.agenda.evidence
    table = table.assign(group=groups_of(comparison.sides, table), meeting=meetings.of(table)).dropna(subset="meeting")
    n = table.groupby(["group", "meeting"]).size()
    cells = table.explode("issue").groupby(["issue", "group", "meeting"]).size().rename("count").reset_index()
    cells["n"] = [int(n[g, m]) for g, m in zip(cells["group"], cells["meeting"], strict=True)]
    return cells.assign(estimate=cells["count"] / cells["n"])


def positions_by_meeting(comparison: Comparison, meetings: Meetings) -> pd.DataFrame:
    """Mean position on each issue by side and meeting.

    Returns:
        ``issue``, ``group``, ``meeting``, ``n``, ``estimate`` (+1 cooperation to -1 conflict).
    """
    sides, own = comparison.sides, comparison.stances.evidence
    places = own["stance"].map(sides.codebook.positions).astype(float)
    table = own.assign(group=groups_of(sides, own), meeting=meetings.of(own), place=places)
    grouped = table.dropna(subset="meeting").explode("issue").groupby(["issue", "group", "meeting"])["place"]
    cells: pd.DataFrame = grouped.agg(n="size", estimate="mean").reset_index()
    return cells


def red_lines_by_meeting(comparison: Comparison, meetings: Meetings) -> pd.DataFrame:
    """Red lines and possible ones on each issue by side and meeting.

    Returns:
        ``issue`` (the main one), ``group``, ``meeting``, ``count`` (labelled), ``possible``, ``p`` (the highest
        probability), ``doc_id`` and ``sent_id`` of that sentence.
    """
    sides, red = comparison.sides, comparison.red_lines
    columns = ["issue", "group", "meeting", "count", "possible", "p", "doc_id", "sent_id"]
    parts = [red.evidence.assign(sure=True), red.possible.assign(sure=False)]
    found = pd.concat(parts, ignore_index=True)
    found = found.assign(group=groups_of(sides, found), meeting=meetings.of(found)).dropna(subset="meeting")
    if found.empty:
        return pd.DataFrame(columns=columns)
    found = found.sort_values(["sure", "p_limit"], ascending=False, kind="stable")
    grouped = found.groupby(["issue_main", "group", "meeting"], sort=False)
    cells = grouped.agg(
        count=("sure", "sum"), size=("sure", "size"), p=("p_limit", "max"), doc_id=("doc_id", "first"),
        sent_id=("sent_id", "first"),
    ).reset_index(names=["issue", "group", "meeting"])  # fmt: skip
    cells["count"] = cells["count"].astype(int)
    return cells.assign(possible=cells["size"] - cells["count"])[columns]


def red_line_history(comparison: Comparison, meetings: Meetings) -> pd.DataFrame:
    """The red lines in the order of time, issue by issue, those with the most first.

    Returns:
        ``issue``, ``group``, ``meeting``, ``doc_id``, ``sent_id``, ``text``, ``p_limit``.
    """
    sides, found = comparison.sides, comparison.red_lines.evidence
    found = found.assign(group=groups_of(sides, found), meeting=meetings.of(found), issue=found["issue_main"])
    found = found.dropna(subset="meeting")
    often = found["issue"].value_counts()
    place = {k: i for i, k in enumerate(meetings.keys)}
    order = found.assign(often=-found["issue"].map(often).astype(int), place=found["meeting"].map(place))
    order = order.sort_values(["often", "issue", "place", "group", "sent_id"], kind="stable", ignore_index=True)
    return order[["issue", "group", "meeting", "doc_id", "sent_id", "text", "p_limit"]]
