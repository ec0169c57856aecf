"""The comparison: all contrasts of one sentence table and two groups."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from stance.codebook import Codebook, load_codebook
from stance.contrast.agenda import Agenda, agenda
from stance.contrast.alignment import Alignment, alignment
from stance.contrast.attribution import Attribution, attribution
from stance.contrast.cooperation import Cooperation, cooperation
from stance.contrast.copies import copies
from stance.contrast.corrected import Corrected, corrected
from stance.contrast.disagreements import Disagreements, disagreements
from stance.contrast.drift import Drift, drift
from stance.contrast.framing import Framing, framing
from stance.contrast.gold import attach_gold
from stance.contrast.red_lines import RedLines, red_lines
from stance.contrast.result import Sides, make_sides
from stance.contrast.stances import Stances, stances
from stance.contrast.wordings import Wordings, align_wordings
from stance.errors import StanceError
from stance.table import check_table

if TYPE_CHECKING:
    from stance.contrast.result import Contrast
    from stance.report.finding import Finding
    from stance.report.lookup import Sentences
    from stance.report.meetings import Meetings


CONTRASTS = (
    "agenda", "stances", "disagreements", "red_lines", "cooperation", "framing", "attribution", "alignment", "drift",
)  # fmt: skip
"""Names of the contrasts, in the order of a report."""


logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Comparison:
    """How two sides put what they share, and what only one of them raises.

    Each contrast is computed when it is first asked for.

    Attributes:
        sides: the two groups and their sentences.
        table: the whole sentence table that was compared, with the sentences of neither group too.
    """

    sides: Sides = field(repr=False)
    table: pd.DataFrame = field(repr=False)

    @cached_property
    def agenda(self) -> Agenda:
        """Which issues each side raises, how much, and in which order."""
        return agenda(self.sides)

    @cached_property
    def stances(self) -> Stances:
        """How each side stands on each issue."""
        return stances(self.sides)

    @cached_property
    def disagreements(self) -> Disagreements:
        """Who voices difference on what, and how."""
        return disagreements(self.sides)

    @cached_property
    def red_lines(self) -> RedLines:
        """What each side calls a limit."""
        return red_lines(self.sides)

    @cached_property
    def cooperation(self) -> Cooperation:
        """What both report as agreed, and what only one reports."""
        return cooperation(self.sides)

    @cached_property
    def framing(self) -> Framing:
        """In what terms each side puts things."""
        return framing(self.sides)

    @cached_property
    def attribution(self) -> Attribution:
        """What each side's document says that the other said, against the other's own."""
        return attribution(self.sides)

    @cached_property
    def alignment(self) -> Alignment:
        """Sentences that answer each other."""
        return alignment(self.sides)

    @cached_property
    def drift(self) -> Drift:
        """The same measures over time."""
        return drift(self.sides)

    @cached_property
    def corrected(self) -> Corrected:
        """Shares, means and differences, corrected by hand-coded labels; empty without them."""
        return corrected(self.sides)

    @cached_property
    def copies(self) -> pd.DataFrame:
        """Documents that are largely the same text, see `stance.contrast.copies.copies`."""
        return copies(self.sides)

    @cached_property
    def is_one_text(self) -> bool:
        """Whether two accounts are compared that are largely one text, as a joint statement is."""
        found = self.copies
        return self.sides.one_document_each and bool((found["group"] != found["other_group"]).any())

    @cached_property
    def wordings(self) -> Wordings | None:
        """Where the two accounts differ, sentence by sentence, if they are one text."""
        return align_wordings(*(self.sides.of(group) for group in self.sides.groups)) if self.is_one_text else None

    @cached_property
    def findings(self) -> list[Finding]:
        """The findings to read first, in words."""
        from stance.report.findings import headline

        return headline(self)

    @cached_property
    def sentences(self) -> Sentences:
        """The rows of the table by document and number, with their neighbours."""
        from stance.report.lookup import Sentences

        return Sentences(self.table)

    @cached_property
    def meetings(self) -> Meetings:
        """The meetings in the order of time, for the views over it."""
        from stance.report.meetings import find_meetings

        return find_meetings(self.sides)

    @property
    def contrasts(self) -> dict[str, Contrast]:
        """All contrasts by name."""
        return {name: getattr(self, name) for name in CONTRASTS}

    @property
    def documents(self) -> pd.DataFrame:
        """One row a document: ``doc_id``, ``source``, ``date``, ``title``, ``event``, ``sentences``."""
        columns = ["doc_id", "source", "date", "title", "event"]
        grouped = self.table.groupby(columns, dropna=False, sort=False).size().rename("sentences")
        return grouped.reset_index()

    def write(self, folder: str | Path) -> list[Path]:
        """Write the report, the sentences, and every table and figure.

        Args:
            folder: is made if need be.

        Returns:
            the files: ``report.html``, ``report.md``, ``findings.json``, ``sentences.parquet``, then the tables as
            CSV, and each figure as SVG and PNG.

        Raises:
            StanceError: if a file cannot be written.
        """
        from stance.report.output import write_comparison

        return write_comparison(self, Path(folder))

    def _repr_html_(self) -> str:
        return "".join(c._repr_html_() for c in self.contrasts.values())


def compare(
    table: pd.DataFrame,
    *,
    by: str = "source",
    groups: tuple[str, str] = ("us", "china"),
    names: tuple[str, str] | None = None,
    codebook: Codebook | str | Path | None = None,
    gold: pd.DataFrame | None = None,
) -> Comparison:
    """Contrast two groups of sentences.

    Args:
        table: a sentence table, from `stance.score`, `stance.read_table`, or coded by hand.
        by: the column that tells the groups apart.
        groups: its two values.
        names: how the groups are called; the codebook's names of the holders if None.
        codebook: the codebook of the labels; the shipped one if None.
        gold: hand-coded labels of some of the sentences (``doc_id``, ``start``, ``end``, ``issue``, ``stance``,
            ``holder``, ``frame``, perhaps ``sampling_probability``), for example from `stance.contrast.gold.read_gold`;
            they correct the figures in `Comparison.corrected`.

    Raises:
        StanceError: if the table does not pass `check_table`, a group has no sentence, a label is not in the codebook,
            or the hand-coded labels do not fit.
    """
    loaded = codebook if isinstance(codebook, Codebook) else load_codebook(codebook)
    checked = check_table(table, loaded["issue"].null_label)
    _refuse_unknown_labels(checked, loaded)
    if others := sorted({str(c) for c in checked["codebook"] if c} - {loaded.version}):
        logger.warning(
            "the labels are of codebook %s, and are read by %s: places and roles of labels may differ. Give the "
            "codebook of the labels",
            ", ".join(others),
            loaded.version,
        )
    coded = checked if gold is None else attach_gold(checked, gold, loaded)
    return Comparison(make_sides(coded, by, groups, loaded, names), checked)


def _refuse_unknown_labels(table: pd.DataFrame, codebook: Codebook) -> None:
    """Raise on labels that the codebook does not list: they would drop out of every figure without a word."""
    for dimension in codebook.dimensions:
        counts = table[dimension.key].explode().dropna().astype(str).value_counts()
        unknown = {k: int(n) for k, n in counts.items() if k not in dimension.keys}
        if unknown:
            shown = ", ".join(f"{k!r} ({n} sentences)" for k, n in list(unknown.items())[:5])
            raise StanceError(
                f"the column {dimension.key} holds labels that codebook {codebook.version} does not list: {shown}. "
                "Mend them, or give the codebook that they come from"
            )
