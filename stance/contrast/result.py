"""What every contrast gives: a tidy table, the sentences behind it, a plot, and a rendering for notebooks."""

from __future__ import annotations

import html
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from stance.codebook import Codebook
from stance.contrast.meetings import one_document_each, one_spelling, tie_meetings
from stance.contrast.statistics import Design, make_design
from stance.errors import StanceError

EVIDENCE = (
    "event", "doc_id", "source", "date", "sent_id", "start", "end", "text", "issue_main", "issue", "stance", "p_stance",
    "holder", "p_holder", "frame",
)  # fmt: skip
"""Columns of evidence tables."""
THIRD = "other"
"""The holder of what neither side says."""


@dataclass(frozen=True)
class Sides:
    """Two groups of sentences to be contrasted.

    Attributes:
        table: the sentences of both groups; ``row`` is their number, by which parts of it are found again, and
            ``meeting_id`` what ties them to sentences of the other group (`stance.contrast.meetings.tie_meetings`).
        by: the grouping column.
        groups: its two values.
        names: how the groups are called in prose and charts.
        codebook: the codebook of the labels.
        vectors: sentence vectors by the name of the similarity, kept once they are made.
    """

    table: pd.DataFrame
    by: str
    groups: tuple[str, str]
    names: tuple[str, str]
    codebook: Codebook
    vectors: dict[str, Any] = field(default_factory=dict, repr=False, compare=False)

    def design(self, table: pd.DataFrame) -> Design:
        """The sampling design of a part of the table."""
        return make_design(table, self.by, self.groups, self.names)

    def of(self, group: str, table: pd.DataFrame | None = None) -> pd.DataFrame:
        """The sentences of one group."""
        table = self.table if table is None else table
        return table[table[self.by] == group]

    def other(self, group: str) -> str:
        """The other group."""
        return self.groups[1] if group == self.groups[0] else self.groups[0]

    @cached_property
    def name_of(self) -> dict[str, str]:
        """How each group is called."""
        return dict(zip(self.groups, self.names, strict=True))

    @property
    def one_document_each(self) -> bool:
        """Whether each group has a single document: together they are one meeting."""
        return one_document_each(self.table, self.by)

    @property
    def hold_positions(self) -> bool:
        """Whether the groups are sides that publish and hold positions, so that one can report the other."""
        return self.by == "source" and set(self.groups) <= set(self.codebook["holder"].keys)

    def reported(self) -> pd.DataFrame:
        """Sentences in which one side's document says what the other side said; none where groups are not sides."""
        if not self.hold_positions:
            return self.table.iloc[:0]
        other = self.table[self.by].map({g: self.other(g) for g in self.groups})
        return self.table[self.table["holder"] == other]

    def own_voice(self, table: pd.DataFrame | None = None) -> pd.DataFrame:
        """Sentences in which a side speaks for itself or for both.

        A side's report of what the other said is not its own stance. Where the groups are not sides that hold positions
        (another column than ``source``), all sentences count.
        """
        table = self.table if table is None else table
        if not self.hold_positions:
            return table
        return table[(table["holder"] == table["source"]) | (table["holder"] == "both")]

    def without_third_parties(self, table: pd.DataFrame | None = None) -> pd.DataFrame:
        """Sentences that no third party holds (a journalist's question, background).

        The holder ``other`` is a third party unless it is one of the two groups.
        """
        table = self.table if table is None else table
        return table if THIRD in self.groups else table[table["holder"] != THIRD]

    def substantive(self, table: pd.DataFrame | None = None) -> pd.DataFrame:
        """Sentences that have an issue and are not a third party's."""
        table = self.without_third_parties(table)
        null = self.codebook["issue"].null_label
        return table[(table["issue_main"] != null) & (table["issue"].map(len) > 0)]

    def tied(self, table: pd.DataFrame) -> pd.DataFrame:
        """Sentences of meetings of which both groups have a document: elsewhere nothing can answer or confirm them."""
        return table[table["meeting_id"].isin(self.compared)]

    @cached_property
    def compared(self) -> set[str]:
        """The meetings of which both groups have a document."""
        groups = self.table.groupby("meeting_id")[self.by].nunique()
        return {str(event) for event in groups.index[groups == len(self.groups)]}

    def cells(self, table: pd.DataFrame) -> Iterator[tuple[str, str, np.ndarray]]:
        """Every issue with every group, and which rows of a table belong to both."""
        inside = {group: (table[self.by] == group).to_numpy(dtype=bool) for group in self.groups}
        for issue in self.issues:
            named = carries(table, "issue", issue)
            for group in self.groups:
                yield issue, group, named & inside[group]

    @property
    def prediction_note(self) -> tuple[str, ...]:
        """What to know of figures that rest on predicted labels; empty for labels coded by hand."""
        if not self.table["model"].astype(bool).any():
            return ()
        if "gold" in self.table and self.table["gold"].any():
            return (
                "These figures rest on predicted labels; those corrected by the hand-coded sample are in corrected.",
            )
        return ("Labels are predicted; these figures are not corrected for the model's error, as no gold is given.",)

    @cached_property
    def issues(self) -> list[str]:
        """Issues that any sentence names, in the codebook's order, without the null label."""
        present = {i for row in self.table["issue"] for i in row}
        dimension = self.codebook["issue"]
        return [k for k in dimension.keys if k in present and k != dimension.null_label]

    def issue_name(self, key: str) -> str:
        """The name of an issue in words."""
        return self.codebook.name("issue", key)


def make_sides(
    table: pd.DataFrame,
    by: str,
    groups: tuple[str, str],
    codebook: Codebook,
    names: tuple[str, str] | None = None,
) -> Sides:
    """Choose two groups of a table.

    Raises:
        StanceError: if the column is missing or holds lists, there are not two groups and names, or a group has no
            sentence; the message says which values there are.
    """
    columns = [c for c in table.columns if c not in ("issue", "frame", "probs")]
    if by not in columns:
        there = ", ".join(columns)
        raise StanceError(f"the sentence table has no column {by!r} that tells groups apart. It has: {there}")
    if isinstance(groups, str) or len({str(g) for g in groups}) != 2:
        raise StanceError(f"groups={groups!r}: give two different values of {by}, such as ('us', 'china')")
    if names is not None and (isinstance(names, str) or len(names) != 2):
        raise StanceError(f"names={names!r}: give two names, one for each group")
    if names is not None and names[0] == names[1]:
        raise StanceError(f"names={names!r}: give two different names; the figures tell the groups apart by them")
    groups = (str(groups[0]), str(groups[1]))
    table = table.assign(**{by: table[by].map(lambda v: None if pd.isna(v) else str(v))})
    for group in groups:
        if not (table[by] == group).any():
            there = ", ".join(sorted(map(str, table[by].dropna().unique())))
            raise StanceError(f"no sentence has {by} {group!r}; there is: {there}. Set {by}, or choose other groups")
    chosen = table[table[by].isin(groups)].reset_index(drop=True)
    chosen["row"] = range(len(chosen))
    chosen["event"] = one_spelling(chosen["event"])
    chosen["meeting_id"] = tie_meetings(chosen, by)
    names = names or (codebook.name("holder", groups[0]), codebook.name("holder", groups[1]))
    return Sides(chosen, by, groups, names, codebook)


def carries(table: pd.DataFrame, dimension: str, key: str) -> np.ndarray:
    """Whether each sentence has an issue or a frame."""
    return np.array([key in given for given in table[dimension]], dtype=bool)


def tells(probs: Mapping[str, float] | None, dimension: str) -> bool:
    """Whether the probabilities of a sentence hold any of a dimension; a table of other origin may have but some."""
    return any(key.startswith(f"{dimension}:") for key in probs or ())


@dataclass(frozen=True, repr=False)
class Contrast:
    """Base of the results.

    Attributes:
        sides: the two groups.
        table: tidy figures; each class says which.
        evidence: the sentences behind them, with the columns of `EVIDENCE` and any of the contrast's own.
        notes: what a reader has to know to read the figures rightly.
    """

    sides: Sides = field(repr=False)
    table: pd.DataFrame
    evidence: pd.DataFrame
    notes: tuple[str, ...] = ()

    def plot(self) -> Any:
        """A chart of the table."""
        raise NotImplementedError

    def __repr__(self) -> str:
        said = [self.table.round(3).to_string(index=False, max_rows=30), *self.notes]
        return "\n".join([f"{type(self).__name__}: {' and '.join(self.sides.names)}", *said])

    def _repr_html_(self) -> str:
        notes = "".join(f"<p><small>{html.escape(n)}</small></p>" for n in self.notes)
        return f"<b>{type(self).__name__}</b>{self.table.round(3).to_html(index=False)}{notes}"
