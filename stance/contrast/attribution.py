"""Attribution: what one side's document says that the other side said, against what that side's own document says."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from stance.contrast.certainty import SENSITIVITY, SURE
from stance.contrast.counterpart import COLUMNS, THRESHOLD, nearest_counterparts
from stance.contrast.result import EVIDENCE, Contrast, Sides
from stance.contrast.statistics import clustered_share

VERDICTS = ("confirmed", "softened", "hardened", "absent")
TOLERANCE = 0.2
"""Distance on the codebook's scale up to which two stances count as the same: one step."""


@dataclass(frozen=True, repr=False)
class Attribution(Contrast):
    """Reported positions.

    Attributes:
        table: ``source`` (whose document reports), ``holder`` (who is said to have said it), ``verdict``, ``count``,
            ``n`` (reported sentences), ``estimate`` (share), ``low``, ``high``, ``expected`` (sum of the verdict's
            probabilities). The verdict tells the report against the holder's own words: ``confirmed`` (within
            `TOLERANCE` on the scale of stances), ``softened`` (reported as more cooperative), ``hardened`` (reported as
            less cooperative), ``absent`` (no counterpart found). A counterpart has a similarity of at least the
            threshold, and each sentence is the other's nearest; the rule is the same for every verdict.
        evidence: the reports, each with the nearest sentence of the holder's own document
            (`stance.contrast.counterpart.COLUMNS`), ``verdict``, ``shift`` (position of the report minus that of the
            own words; positive is softer), ``p_confirmed``, ``p_softened``, ``p_hardened``: how sure the stances
            are, given that the two sentences are about the same thing; and ``uncertain``, whether that of the verdict
            is below `SURE`.
        sensitivity: ``source``, ``holder``, ``threshold``, ``absent``, ``n``: reports without a counterpart at that
            similarity, whether or not the two are each other's nearest.
        threshold: similarity from which an own sentence counts as the counterpart.
    """

    sensitivity: pd.DataFrame = field(default_factory=pd.DataFrame)
    threshold: float = THRESHOLD

    def plot(self) -> Any:
        """How many reports of each side are confirmed, softened, hardened or absent in the other side's document."""
        from stance.report.cooperation_charts import attribution_chart

        return attribution_chart(self)


def attribution(sides: Sides, threshold: float = THRESHOLD) -> Attribution:
    """Check what each side reports of the other against the other's own document.

    Args:
        sides: from `stance.contrast.result.make_sides`.
        threshold: similarity from which an own sentence counts as the counterpart.
    """
    reported = sides.tied(sides.substantive(sides.reported())).reset_index(drop=True)
    own = sides.substantive(sides.own_voice())
    pairs = nearest_counterparts(sides, reported, own)
    evidence = reported[list(EVIDENCE)].join(pairs[list(COLUMNS)])
    back = dict(zip(own["row"], nearest_counterparts(sides, own, reported)["counterpart_row"], strict=True))
    pairs["mutual"] = [back.get(c) == r for c, r in zip(pairs["counterpart_row"], reported["row"], strict=True)]
    evidence = evidence.join(_verdicts(sides, reported, pairs, own, threshold))
    notes = (
        "Each report of what the other side said stands beside the nearest sentence of that side's own account on the "
        f"issue. It is the counterpart if each is the other's nearest and their similarity is at least {threshold:g}; "
        "else none is said to be found, which is not to say that it was never said.",
        f"Softened and hardened compare the two predicted stances on the codebook's scale (more than {TOLERANCE:g} "
        "apart); their probabilities take the two predictions as independent and the two sentences as counterparts.",
        sides.design(sides.substantive()).note,
        *([] if sides.hold_positions else ["The groups are not sides that hold positions: nothing is attributed."]),
    )
    return Attribution(
        sides,
        _figures(sides, reported, evidence),
        evidence,
        notes,
        sensitivity=_sensitivity(sides, evidence),
        threshold=threshold,
    )


def _verdicts(
    sides: Sides, reported: pd.DataFrame, pairs: pd.DataFrame, own: pd.DataFrame, threshold: float
) -> pd.DataFrame:
    """Verdict, shift and probabilities of each report."""
    place = sides.codebook.positions
    keys = list(place)
    distance = np.array([[round(place[a] - place[b], 6) for b in keys] for a in keys])
    softer, harder = distance > TOLERANCE, distance < -TOLERANCE
    own_rows = dict(zip(own["row"], own.to_dict("records"), strict=True))
    rows: list[tuple[object, ...]] = []
    for report, pair in zip(reported.to_dict("records"), pairs.to_dict("records"), strict=True):
        if not (pair["similarity"] >= threshold and pair["mutual"]):  # also where there is none
            rows.append(("absent", np.nan, np.nan, np.nan, np.nan, False))
            continue
        said = own_rows[pair["counterpart_row"]]
        joint = np.outer(_distribution(report, keys), _distribution(said, keys))
        soft, hard = float(joint[softer].sum()), float(joint[harder].sum())
        shift = round(place[report["stance"]] - place[said["stance"]], 6)
        verdict = "softened" if shift > TOLERANCE else "hardened" if shift < -TOLERANCE else "confirmed"
        sure = {"confirmed": max(0.0, 1 - soft - hard), "softened": soft, "hardened": hard}
        rows.append((verdict, shift, *sure.values(), sure[verdict] < SURE))
    columns = ["verdict", "shift", "p_confirmed", "p_softened", "p_hardened", "uncertain"]
    return pd.DataFrame(rows, columns=columns, index=reported.index)


def _distribution(row: dict[Any, Any], keys: list[str]) -> np.ndarray:
    """Probabilities of the stances of a sentence; one for the label where there are none."""
    found = np.array([float((row["probs"] or {}).get(f"stance:{k}", 0.0)) for k in keys])
    if found.sum() <= 0:
        found = np.array([float(k == row["stance"]) for k in keys])
    return np.asarray(found / found.sum())


def _figures(sides: Sides, reported: pd.DataFrame, evidence: pd.DataFrame) -> pd.DataFrame:
    columns = ["source", "holder", "verdict", "count", "n", "estimate", "low", "high", "expected"]
    if reported.empty:
        return pd.DataFrame(columns=columns)
    everything = sides.substantive()
    units = pd.Series(sides.design(everything).unit, index=everything["row"])
    unit = units.loc[reported["row"]].to_numpy()
    rows = []
    for group in sides.groups:
        inside = (reported[sides.by] == group).to_numpy(dtype=bool)
        if not inside.any():
            continue
        found = evidence[inside]
        for verdict in VERDICTS:
            hit = (evidence["verdict"] == verdict).to_numpy(dtype=bool)
            absent = verdict == "absent"
            expected = float((found["verdict"] == verdict).sum() if absent else found[f"p_{verdict}"].sum())
            shares = clustered_share(hit, inside, unit)
            count, n = int((hit & inside).sum()), int(inside.sum())
            rows.append((group, sides.other(group), verdict, count, n, *shares, expected))
    return pd.DataFrame(rows, columns=columns)


def _sensitivity(sides: Sides, evidence: pd.DataFrame) -> pd.DataFrame:
    rows = []
    for group in sides.groups:
        found = evidence.loc[evidence["source"] == group, "similarity"]
        if len(found):
            absent = [int((~(found >= t)).sum()) for t in SENSITIVITY]
            rows += [(group, sides.other(group), t, a, len(found)) for t, a in zip(SENSITIVITY, absent, strict=True)]
    return pd.DataFrame(rows, columns=["source", "holder", "threshold", "absent", "n"])
