"""What a comparison cannot carry because of how its documents are tied together, or of who speaks in them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stance.classifier.decision import languages_of
from stance.documents import Document
from stance.model_input import speaker_side
from stance.report.finding import LISTED, account, listed
from stance.report.style import count
from stance.sentences import TURN_MARKS

if TYPE_CHECKING:
    from stance.contrast.comparison import Comparison


def cautions(comparison: Comparison) -> list[str]:
    """Warnings that belong to what the findings rest on, each with its cure.

    Args:
        comparison: from `stance.compare`.

    Returns:
        whole sentences; none where nothing is to be said.
    """
    told = [_unread_languages(comparison)]
    if comparison.sides.hold_positions:
        told += [_untied(comparison), *_foreign_turns(comparison)]
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
        known = {speaker_side(document, speaker) for speaker in speakers}
        if len(speakers) > 1 and len(known) > 1:
            told.append(
                f"{listed(speakers[:LISTED], len(speakers))} speak in {doc_id}, and all that they say counts as "
                f"{account(comparison, str(row['source']))}: "
                + ("" if comparison.sides.one_document_each else "compare this pair by itself, and ")
                + f"take the turns of one with --{row['source']}-speaker NAME."
            )
    return told
