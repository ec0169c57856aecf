"""An invented sentence table for the tests of the report, with everything in it that could break a page."""

from __future__ import annotations

import pandas as pd

from stance.table import check_table

SCRIPT = "<script>alert(1)</script>"
US = [
    ("The two leaders met in Vienna.", ["none"], "neutral", "both", []),
    ("Both sides welcomed the reopening of the defence hotline.", ["military"], "agreement", "both", ["dialogue"]),
    (
        "Washington opposes any use of force over Taiwan.",
        ["taiwan"],
        "opposition",
        "us",
        ["security"],
    ),
    (f'He raised concern about "unfair" rules & {SCRIPT} in contracts.', ["trade_economy"], "criticism", "us", []),
    ("She raised concern about people held for their beliefs.", ["human_rights"], "criticism", "us", ["values_rights"]),
    ("The visitors said that tariffs on grain would fall.", ["trade_economy"], "agreement", "china", []),
]
CHINA = [
    ("Whoever plays with fire over Taiwan will be burned.", ["taiwan"], "red_line", "china", ["sovereignty"]),
    ("中方希望双方扩大大学交流。", ["people_exchange"], "overture", "china", ["partnership"]),
    (
        "\u202eThe tariffs must go\u202c, he said; it's only just.",
        ["trade_economy"],
        "demand",
        "china",
        [],
    ),
    ("Taiwan comes first, and trade next.", ["taiwan", "trade_economy"], "commitment", "china", []),
    ("[Q] What do you say of the tariffs?", ["trade_economy"], "neutral", "other", []),
    ("=SUM(A1) is how one paper put it </script><img src=x onerror=alert(2)>.", ["none"], "neutral", "other", []),
]


def invented_table(copies: int = 1, probs: bool = True) -> pd.DataFrame:
    """Sentences of invented documents, one a side and copy; without ``probs`` like a table coded by hand."""
    rows = []
    for copy in range(copies):
        for source, given in (("us", US), ("china", CHINA)):
            for number, (text, issue, stance, holder, frame) in enumerate(given):
                row = {
                    "doc_id": f"{source}-{copy}:a&b", "source": source, "date": f"2024-01-{copy + 1:02d}",
                    "title": f"Talks <i>no. {copy}</i>", "event": f"Vienna {copy}", "sent_id": number, "text": text,
                    "issue": issue, "stance": stance, "holder": holder, "frame": frame, "paragraph": number // 2,
                }  # fmt: skip
                if probs:
                    p = 0.6 + number / 20
                    probs = {"stance:red_line": 0.25 if number == 2 else 0.01, f"stance:{stance}": p}
                    probs |= {f"holder:{holder}": 0.9, **{f"issue:{k}": 0.8 for k in issue}}
                    probs |= {f"frame:{k}": 0.7 for k in frame}
                    row |= {"p_stance": p, "p_holder": 0.9, "p_issue_main": 0.8, "model": "invented 1", "probs": probs}
                rows.append(row)
    return check_table(pd.DataFrame(rows))
