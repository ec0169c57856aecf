"""Red lines: what each side calls a limit, in what words, to whom, and whether the other side takes note of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from stance.contrast.certainty import POSSIBLE, SURE
from stance.contrast.counterpart import COLUMNS, nearest_counterparts, on_same_issue
from stance.contrast.limit_wording import EXPLICIT, LimitWording, load_limit_wording
from stance.contrast.red_line_wording import wording_by_meeting
from stance.contrast.result import EVIDENCE, Contrast, Sides, carries, tells
from stance.contrast.statistics import expected_count

READING = ("kind", "hardness", "signs", "phrases", "addressee")
"""What the wording shows, see `stance.contrast.limit_wording.Reading`."""


@dataclass(frozen=True, repr=False)
class RedLines(Contrast):
    """Sentences that name a limit.

    Attributes:
        table: ``issue``, ``group``, ``count`` (sentences labelled so), ``expected`` (sum of the calibrated
            probabilities over the side's own sentences on the issue), ``low``, ``high`` (95% interval of that count for
            independent sentences and perfect calibration: too narrow),
            ``explicit`` (labelled sentences whose words name the limit), ``hardness`` (mean of the labelled sentences,
            0 to 3), ``noted`` (labelled sentences whose position the other side's account reports at all),
            ``acknowledged`` (sentences of the other side's documents that report this side's position on the issue).
        evidence: the sentences, surest first: ``p_limit``, the columns of `READING`, ``noted`` (bool),
            ``noted_doc_id``, ``noted_sent_id``, ``noted_text``, ``noted_stance`` (the nearest sentence in which the
            other side's account of the meeting reports this side's position on the issue), and the counterpart.
        possible: sentences with another label and a probability of at least `POSSIBLE`, with the same readings.
        wording: ``group``, ``issue``, ``event``, ``date``, ``count``, ``hardness`` (mean), ``explicit``, ``phrases``,
            ``added``, ``dropped`` (phrases against the meeting before), ``similarity`` (of the texts to those of the
            meeting before): how the wording moves from meeting to meeting.
    """

    possible: pd.DataFrame = field(default_factory=pd.DataFrame)
    wording: pd.DataFrame = field(default_factory=pd.DataFrame)

    @property
    def named(self) -> pd.DataFrame:
        """The rows of ``evidence`` that are more likely red lines than not: a probability of at least `SURE`."""
        return self.evidence[self.evidence["p_limit"] >= SURE]

    @property
    def maybe(self) -> pd.DataFrame:
        """All that may name a limit: the other rows of ``evidence``, and ``possible``."""
        parts = [self.evidence[self.evidence["p_limit"] < SURE], self.possible]
        return pd.concat([p for p in parts if len(p)] or parts, ignore_index=True)

    def plot(self) -> Any:
        """Probability of each red line, by issue and side."""
        from stance.report.difference_charts import red_line_chart

        return red_line_chart(self)


def red_lines(sides: Sides) -> RedLines:
    """Contrast the red lines of two sides.

    Args:
        sides: from `stance.contrast.result.make_sides`.
    """
    wording = load_limit_wording()
    limits = sides.codebook["stance"].with_role("limit")
    own = sides.without_third_parties(sides.own_voice()).reset_index(drop=True)
    own = own.assign(p_limit=limit_probability(own, limits))
    labelled = own["stance"].isin(limits)
    found = _read(own[labelled], wording).join(_noted(sides, own[labelled]))
    near = _read(own[~labelled & (own["p_limit"] >= POSSIBLE)], wording)
    notes = (
        "Expected: the sum of calibrated probabilities. Its interval supposes independent sentences and perfect "
        "calibration, and is too narrow: a model errs alike over sentences that are alike.",
        f"Named are red lines with a probability of {SURE:.2f} or more. Possible are sentences labelled so below it, "
        f"and sentences with another label and a probability of {POSSIBLE:.2f} or more.",
        "Explicit, hardness and addressee are read from the words alone, by the list in configs/limit_wording.yaml: "
        "explicit where a line, a core interest or a refusal stands in the sentence, implied where only a threat or "
        "the label says so; hardness 1 for a line named, 2 for a refusal or a condition, 3 for a threatened "
        "consequence, 0 for none of these words.",
        "Noted: the other side's account reports this side's position on the issue at all, in whatever terms.",
    )
    fields = [*EVIDENCE, "p_limit", *READING]
    ordered = found.sort_values("p_limit", ascending=False, kind="stable")
    return RedLines(
        sides,
        _figures(sides, own, found),
        ordered[[*fields, *NOTED]].join(nearest_counterparts(sides, ordered)[list(COLUMNS)]).reset_index(drop=True),
        notes,
        possible=near.sort_values("p_limit", ascending=False, kind="stable")[fields].reset_index(drop=True),
        wording=wording_by_meeting(sides, found),
    )


def limit_probability(table: pd.DataFrame, limits: list[str]) -> pd.Series:
    """Probability that a sentence names a limit; one or zero where the probabilities of stances are not known."""
    values = [
        sum(float(p.get(f"stance:{k}", 0.0)) for k in limits) if tells(p, "stance") else float(stance in limits)
        for p, stance in zip(table["probs"], table["stance"], strict=True)
    ]
    return pd.Series(values, index=table.index, dtype=float)


def _read(table: pd.DataFrame, wording: LimitWording) -> pd.DataFrame:
    """How each limit is worded; who may be addressed is the other government, whatever the groups are."""
    other = dict(zip(GOVERNMENTS, reversed(GOVERNMENTS), strict=True))
    readings = [
        wording.read(str(text), str(lang), other.get(source, ""))
        for text, lang, source in zip(table["text"], table["lang"], table["source"], strict=True)
    ]
    columns = {c: pd.Series([getattr(r, c) for r in readings], table.index, dtype=object) for c in READING}
    return table.assign(**columns).astype({"hardness": int})


GOVERNMENTS = ("us", "china")
NOTED = ("noted", "noted_doc_id", "noted_sent_id", "noted_text", "noted_stance")


def _noted(sides: Sides, table: pd.DataFrame) -> pd.DataFrame:
    """The nearest sentence in which the other side's account reports this side's position on the issue."""
    reported = sides.reported()
    found = nearest_counterparts(sides, table, reported)
    result = pd.DataFrame({"noted": on_same_issue(sides, table, reported)}, table.index)
    for name in ("doc_id", "sent_id", "text", "stance"):
        result[f"noted_{name}"] = found[f"counterpart_{name}"]
    return result


def _figures(sides: Sides, own: pd.DataFrame, found: pd.DataFrame) -> pd.DataFrame:
    rows = []
    reported = sides.reported()
    for issue, group, inside in sides.cells(own):
        lines = found[carries(found, "issue", issue) & (found[sides.by] == group)]
        expected, low, high = expected_count(own.loc[inside, "p_limit"].to_numpy(dtype=float))
        if len(lines) or expected >= 0.5:
            acknowledged = int((carries(reported, "issue", issue) & (reported[sides.by] == sides.other(group))).sum())
            hardness = float(lines["hardness"].mean()) if len(lines) else np.nan
            explicit, noted = int((lines["kind"] == EXPLICIT).sum()), int(lines["noted"].sum())
            rows.append((issue, group, len(lines), expected, low, high, explicit, hardness, noted, acknowledged))
    columns = [
        "issue", "group", "count", "expected", "low", "high", "explicit", "hardness", "noted", "acknowledged",
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=columns)
