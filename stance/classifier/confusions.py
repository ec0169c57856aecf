"""Which confusions cost most: how far a wrong label moves what the contrasts report, times how often it happens."""

from __future__ import annotations

import pandas as pd

from stance.codebook import Codebook

SAME_PLACE = 0.1
"""Cost of one confusion of stances that stand at the same place of the scale."""
OTHER_SIDE = 2.0
"""Cost of one holder taken for the opposite side; any other wrong holder costs one."""
MOST = 20
"""Rows of each dimension."""


def costly_confusions(errors: pd.DataFrame, codebook: Codebook) -> pd.DataFrame:
    """Rank the confusions of stance, holder and main issue.

    The cost of one error is, for a stance, the distance of the two labels on the codebook's scale from +1 (cooperation)
    to -1 (conflict), at least `SAME_PLACE`; for a holder `OTHER_SIDE` where one side is taken for the other, else 1;
    for a main issue 1. Costs are compared within a dimension only.

    Args:
        errors: one row a sentence with ``doc_id``, the label and ``*_given`` of each dimension, ``p_stance`` and
            ``p_holder``, from `stance.classifier.evaluate.Evaluation.errors`.
        codebook: the labels.

    Returns:
        ``dimension``, ``true``, ``given``, ``count``, ``documents``, ``largest`` (how many stand in one document),
        ``share`` (of the sentences of the true label), ``cost`` (of all of them), ``probability`` (mean of the wrong
        label's; none for the main issue), the `MOST` most costly of each dimension first.
    """
    tables = []
    for dimension, column in (("stance", "stance"), ("holder", "holder"), ("issue", "issue_main")):
        wrong = errors[errors[column] != errors[f"{column}_given"]]
        rows = []
        for (true, given), part in wrong.groupby([column, f"{column}_given"]):
            cost = len(part) * _cost(codebook, dimension, str(true), str(given))
            p = part[f"p_{dimension}"].mean() if f"p_{dimension}" in part else float("nan")
            share = len(part) / int((errors[column] == true).sum())
            places = part["doc_id"].value_counts()
            rows.append((dimension, true, given, len(part), len(places), int(places.max()), share, cost, p))
        columns = ["dimension", "true", "given", "count", "documents", "largest", "share", "cost", "probability"]
        table = pd.DataFrame(rows, columns=columns)
        tables.append(table.sort_values(["cost", "count"], ascending=False, kind="stable").head(MOST))
    return pd.concat(tables, ignore_index=True)


def _cost(codebook: Codebook, dimension: str, true: str, given: str) -> float:
    if dimension == "stance":
        return max(SAME_PLACE, abs(codebook.positions[true] - codebook.positions[given]))
    if dimension == "holder" and {true, given} == {"us", "china"}:
        return OTHER_SIDE
    return 1.0
