"""An invented sentence table for the tests of the report, with everything in it that could break a page."""

from __future__ import annotations

import numpy as np
import pandas as pd

from stance.codebook import load_codebook
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


OPENINGS = ("She said that", "The minister noted that", "He made clear that", "The delegation recalled that")
SUBJECTS = (
    "the harbour",
    "the grain quota",
    "the observatory",
    "the ferry line",
    "the treaty",
    "the tower",
    "the fund",
)
VERBS = (
    "must be kept open",
    "will be reviewed",
    "is a matter of trust",
    "cannot be bargained over",
    "served both peoples",
)
ENDINGS = ("for a generation", "in the spring", "without delay", "as the record shows", "before the next round")


def repeating_documents(documents: int = 12, sentences: int = 20, planted: str = "") -> pd.DataFrame:
    """Documents of two sides that differ in nothing but chance, each repeating a few words of its own.

    Args:
        documents: of each side.
        sentences: of each document.
        planted: a word that every sentence of the first side has besides.
    """
    rng = np.random.default_rng(3)
    rows = []
    for source in ("us", "china"):
        for number in range(documents):
            own = [f"topic{''.join(rng.choice(list('abcdefgh'), 3))}" for _ in range(5)]
            for sent_id in range(sentences):
                words = [*rng.choice(own, 3), planted if source == "us" else ""]
                rows.append(
                    {
                        "doc_id": f"{source}-{number}", "source": source, "sent_id": sent_id, "text": " ".join(words),
                        "issue": ["taiwan"], "stance": "neutral", "holder": source, "frame": ["security"],
                        "paragraph": sent_id,
                    }
                )  # fmt: skip
    return check_table(pd.DataFrame(rows))


FREQUENT = {"neutral": 6, "commitment": 6, "agreement": 5, "overture": 4, "red_line": 0.5, "opposition": 0.7}
"""How often stances are drawn; the others once."""


def invented_series(meetings: int = 30, sentences: int = 30) -> pd.DataFrame:
    """A long series of invented meetings with labels drawn at random, to measure a large report.

    Args:
        meetings: how many, a month apart.
        sentences: of each account.
    """
    rng = np.random.default_rng(0)
    book = load_codebook()
    issues = [k for k in book["issue"].keys if k != "none"]
    weight = 1 / np.arange(1, len(issues) + 1)
    often = np.array([FREQUENT.get(k, 1) for k in book["stance"].keys])
    rows = []
    for number in range(meetings):
        date = f"{2020 + number // 12}-{number % 12 + 1:02d}-15"
        for source in ("us", "china"):
            for sent_id in range(sentences):
                words = [str(rng.choice(part)) for part in (OPENINGS, SUBJECTS, VERBS, SUBJECTS, VERBS, ENDINGS)]
                stance = str(rng.choice(book["stance"].keys, p=often / often.sum()))
                issue = list(dict.fromkeys(map(str, rng.choice(issues, rng.integers(1, 3), p=weight / weight.sum()))))
                issue = ["none"] if rng.random() < 0.15 else issue
                p = round(float(rng.uniform(0.3, 1)), 3)
                rows.append(
                    {
                        "doc_id": f"{date}-{source}", "source": source, "date": date, "sent_id": sent_id,
                        "title": f"Invented account no. {number} ({source})", "event": f"Invented meeting no. {number}",
                        "text": f"{words[0]} {words[1]} {words[2]} and {words[3]} {words[4]} {words[5]}.",
                        "issue": issue, "stance": stance, "holder": source, "paragraph": sent_id // 4,
                        "frame": list(map(str, rng.choice(book["frame"].keys, 1))), "p_stance": p, "p_holder": 0.9,
                        "p_issue_main": p, "model": "invented 1",
                        "probs": {f"stance:{stance}": p, "stance:red_line": p if stance == "red_line" else 0.1},
                    }
                )  # fmt: skip
    return check_table(pd.DataFrame(rows))
