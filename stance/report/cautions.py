"""What a comparison cannot carry because of how its documents are tied together, or of who speaks in them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from stance.classifier.decision import languages_of
from stance.contrast.meetings import SPAN
from stance.documents import Document
from stance.model_input import speaker_side
from stance.report.finding import LISTED, account, listed, upper
from stance.report.style import count
from stance.sentences import TURN_MARKS

if TYPE_CHECKING:
    from stance.contrast.comparison import Comparison

KINDS = (
    (
        re.compile(r"\b(?:joint\s+statement|fact\s*sheet)\b|联合声明|事实清单", re.IGNORECASE),
        False,
        "has no such counterpart on the other side: its terms are both sides', yet counted as one side's, in {}. Read "
        "them before saying that the other account leaves them out.",
    ),
    (
        re.compile(r"\bopening\s+remarks\b|\bbefore\s+(?:\w+\s+){0,2}(?:meeting|talks)\b", re.IGNORECASE),
        True,
        "is by its title only of the beginning of the meeting, in {}: what it does not name may have come up later.",
    ),
)
"""What a title says of a document, whether all of the side's have to be such, and what follows from that."""


def cautions(comparison: Comparison) -> list[str]:
    """Warnings that belong to what the findings rest on, each with its cure.

    Args:
        comparison: from `stance.compare`.

    Returns:
        whole sentences; none where nothing is to be said.
    """
    told = [_unread_languages(comparison)]
    if comparison.sides.hold_positions:
        told += [_untied(comparison), _far_apart(comparison), *_one_sided(comparison), *_foreign_turns(comparison)]
    return [text for text in told if text]


def _unread_languages(comparison: Comparison) -> str:
    """Documents in languages that the model which labelled them was not trained on."""
    documents = comparison.sides.table.drop_duplicates("doc_id")[["doc_id", "lang", "model"]]
    read = {str(model): languages_of(str(model)) for model in documents["model"].unique() if model}
    pairs = zip(documents["lang"], documents["model"], strict=True)
    unread = documents[[bool(read.get(model)) and lang not in read[model] for lang, model in pairs]]
    if unread.empty:
        return ""
    named = listed(unread["doc_id"].head(LISTED).tolist(), len(unread))
    languages = ", ".join(sorted(set(unread["lang"].astype(str))))
    return (
        f"The model that labelled {count(len(unread), 'document')} ({named}) does not read the language ({languages}): "
        "their labels, and every figure that counts them, are not to be used. Compare translations."
    )


def _untied(comparison: Comparison) -> str:
    """Documents of meetings of which the other side has no account."""
    sides = comparison.sides
    table = sides.table.drop(sides.tied(sides.table).index).drop_duplicates("doc_id")
    if table.empty:
        return ""
    total = sides.table["doc_id"].nunique()
    events: list[str] = list(dict.fromkeys(table["event"].dropna()))
    named = [f"«{event}»" for event in events[:LISTED]]
    alone = f" (only one side has the event {listed(named, len(events))})" if events else ""
    omitted = "nothing is said to be left out" if sides.compared else "who raises an issue is told over all documents"
    return (
        f"{count(len(table), 'document')} of {total:,} {'is' if len(table) == 1 else 'are'} not tied to an account of "
        f"the other side{alone}, so what is reported there is not checked, nothing is paired with it, and {omitted}. "
        "To tie documents together, give them the same event, or, without events, full dates at most two days apart."
    )


def _far_apart(comparison: Comparison) -> str:
    """Meetings of which a document is dated far from all accounts of the other side."""
    sides = comparison.sides
    documents = sides.tied(sides.table).drop_duplicates("doc_id")
    dates = pd.to_datetime(documents["date"].map(str), format="%Y-%m-%d", errors="coerce", exact=True)
    documents = documents.assign(day=dates).dropna(subset=["day"])
    gaps: dict[str, int] = {}
    for event, part in documents.groupby("meeting_id", sort=False):
        first, second = (sides.of(group, part)["day"] for group in sides.groups)
        if len(first) and len(second):
            far = np.abs(first.to_numpy()[:, None] - second.to_numpy()[None, :])
            gap = pd.Timedelta(max(far.min(axis=0).max(), far.min(axis=1).max()))
            if gap > SPAN:
                gaps[str(event)] = gap.days
    if not gaps:
        return ""
    order = sorted(gaps, key=lambda e: gaps[e], reverse=True)
    of = [f"{f'of «{event}» ' if event else ''}are dated {gaps[event]:,} days apart" for event in order[:LISTED]]
    more = f", and of {count(len(gaps) - LISTED, 'more meeting')}" if len(gaps) > LISTED else ""
    return (
        f"The documents {', '.join(of)}{more}: different occasions? Then what only one of them has is not left out by "
        "the other. Compare accounts of the same days."
    )


def _one_sided(comparison: Comparison) -> list[str]:
    """Documents that by their title are of another kind than all accounts of the other side."""
    sides = comparison.sides
    documents = sides.tied(sides.table).drop_duplicates("doc_id")
    told = []
    for kind, all_such, says in KINDS:
        such = [isinstance(title, str) and bool(kind.search(title)) for title in documents["title"]]
        titled = documents[np.array(such, dtype=bool)]
        for event, part in titled.groupby("meeting_id", sort=False):
            row = part.iloc[0]
            here = sides.of(str(row[sides.by]), documents[documents["meeting_id"] == event])
            if part[sides.by].nunique() == 1 and not (all_such and len(part) < len(here)):
                told.append(f"{upper(_called(row))} {says.format(account(comparison, str(row['source'])))}")
    return told


def _called(row: pd.Series) -> str:
    """A document by its title, or else by its name, which alone may read as a country."""
    title = row["title"]
    return f"«{title}»" if isinstance(title, str) and title.strip() else f"the document «{row['doc_id']}»"


def _speak_for_both(document: Document, speakers: list[str]) -> bool:
    """Whether a speaker stands for the other side, or is named in the title beside one who is said to be a guest."""
    known = {speaker: speaker_side(document, speaker) for speaker in speakers}
    told = {side for side in known.values() if side}
    if told - {document.source}:
        return True
    named = [s.rsplit(maxsplit=1)[-1] for s, side in known.items() if side is None]
    return bool(told) and any(re.search(rf"\b{re.escape(n)}\b", document.title, re.IGNORECASE) for n in named)


def _foreign_turns(comparison: Comparison) -> list[str]:
    """Transcripts in which, by their title or beginning, speakers of both sides have the floor."""
    sides = comparison.sides
    table = sides.without_third_parties().dropna(subset=["speaker"])
    spoken = table[~table["speaker"].isin(TURN_MARKS)]
    told = []
    for doc_id, turns in spoken.groupby("doc_id", sort=False):
        speakers = list(dict.fromkeys(turns["speaker"]))
        row = turns.iloc[0]
        text = " ".join(sides.table.loc[sides.table["doc_id"] == doc_id, "text"])
        document = Document(str(doc_id), text, str(row["source"]), title=row["title"] or "")
        if len(speakers) > 1 and _speak_for_both(document, speakers):
            told.append(
                f"{listed(speakers[:LISTED], len(speakers))} speak in {_called(row)}, and all that they say counts as "
                f"{account(comparison, str(row['source']))}: "
                + ("" if comparison.sides.one_document_each else "compare this pair by itself, and ")
                + f"take the turns of one with --{row['source']}-speaker NAME."
            )
    return told
