"""What the classifier is given: windows of a document, or a sentence and as second segment its context.

Training and scoring share this file: a model must be asked in the way in which it was taught.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from stance.documents.document import Document
from stance.sentences import Sentence

_INVISIBLE = re.compile(r"[\u00ad\u200b-\u200f\u202a-\u202e\u2060\ufeff]")
TITLE_CHARACTERS = 160
OPENING_CHARACTERS = 100
OPENING_OF_DOCUMENT = 1500
_COUNTRIES = {
    "china": r"(?:People['’]s\s+Republic\s+of\s+China|PRC|China)",
    "us": r"(?:United\s+States|U\.S\.?)",
}
SENTENCE_CHARACTERS = 4000
"""Longer sentences are cut before they are tokenized; no encoder reads that far."""


@dataclass(frozen=True)
class ContextWindow:
    """Which context a model sees.

    Attributes:
        previous: how many of the sentences before it in the document.
        title: whether the document's title.
        source: whether the side that published the document, and who has the floor.
        opening: whether the beginning of the paragraph, which in a readout often names whose words the paragraph
            reports.
        max_length: longest input in tokens, both segments together.
    """

    previous: int = 2
    title: bool = True
    source: bool = True
    opening: bool = True
    max_length: int = 160


@dataclass(frozen=True)
class DocumentWindow:
    """How a model reads many sentences of a document at once, each among its neighbours.

    Attributes:
        length: most tokens of a window, save where a single long sentence needs more.
        context: tokens of sentences before a window's first own one that are shown again.
        sentence: most tokens of a sentence; longer ones are cut.
        title: whether a window begins with the document's title.
        source: whether it begins with the side that published the document, and names who has the floor.
    """

    length: int = 256
    context: int = 64
    sentence: int = 160
    title: bool = True
    source: bool = True


Reading = ContextWindow | DocumentWindow
"""How a model reads: sentence by sentence with context, or windows of a document."""


def clean(text: str) -> str:
    """Normalise what carries no meaning: Unicode form (NFKC), invisible marks, white space."""
    return " ".join(_INVISIBLE.sub("", unicodedata.normalize("NFKC", text)).split())


def speaker_side(document: Document, speaker: str) -> str | None:
    """The side that a speaker of a transcript stands for, where the document's title or beginning says so.

    White House transcripts name a guest as "President X of the People's Republic of China"; whoever speaks for the
    other side than the publisher's is read as that side's own voice.

    Args:
        document: the transcript.
        speaker: who has the floor, as in `Sentence.speaker`.

    Returns:
        ``us`` or ``china``, or None where nothing is said.
    """
    surname = speaker.rsplit(maxsplit=1)[-1]
    if not surname.isalpha() or len(surname) < 2:
        return None
    beginning = f"{document.title}\n{document.text[:OPENING_OF_DOCUMENT]}"
    for side, country in _COUNTRIES.items():
        if re.search(rf"\b{surname}\b(?:\s+\w+){{0,2}},?\s+of\s+(?:the\s+)?{country}\b", beginning, re.IGNORECASE):
            return side
    return None


def heading(document: Document, window: DocumentWindow, speaker: str) -> str:
    """What a window begins with: "title | source: us | speaker: name", as far as it is known and wanted.

    Args:
        document: the document.
        window: what to give.
        speaker: who has the floor where the window begins, or "".
    """
    parts = [clean(document.title)[:TITLE_CHARACTERS]] if window.title else []
    if window.source:
        parts.append(f"source: {document.source}")
        if speaker:
            parts.append(f"speaker: {floor(document, speaker)}")
    return " | ".join(p for p in parts if p)


def floor(document: Document, speaker: str) -> str:
    """Who has the floor, with the side that he or she speaks for where the document says so."""
    return f"{clean(speaker)} {speaker_side(document, speaker) or ''}".strip()


def model_inputs(document: Document, sentences: Sequence[Sentence], window: ContextWindow) -> list[tuple[str, str]]:
    """Make the two segments for every sentence of a document.

    Args:
        document: the document.
        sentences: its sentences, in order.
        window: which context to give.

    Returns:
        one pair (sentence, context) a sentence. The context reads "previous sentences | title | source | speaker |
        beginning of the paragraph" and is cut from its left where it is too long, so that what tells most stays.
    """
    return [(sentence, " ".join(pieces)) for sentence, pieces in input_pieces(document, sentences, window)]


def input_pieces(
    document: Document, sentences: Sequence[Sentence], window: ContextWindow
) -> list[tuple[str, list[str]]]:
    """`model_inputs` with the context in the pieces that spaces join, most of which stand in several contexts."""
    cleaned = [clean(s.text[:SENTENCE_CHARACTERS]) for s in sentences]
    title = clean(document.title)[:TITLE_CHARACTERS]
    first_of: dict[int, int] = {}
    for i, sentence in enumerate(sentences):
        first_of.setdefault(sentence.paragraph, i)
    found = []
    for i, sentence in enumerate(sentences):
        parts = [[s for s in cleaned[max(0, i - window.previous) : i] if s]]
        if window.title:
            parts.append([title] if title else [])
        if window.source:
            side = speaker_side(document, sentence.speaker) if sentence.speaker else None
            parts.append([f"source: {side or document.source}"])
            if sentence.speaker:
                parts.append([f"speaker: {clean(sentence.speaker)}"])
        if window.opening and first_of[sentence.paragraph] < i - window.previous:
            parts.append([f"paragraph: {cleaned[first_of[sentence.paragraph]][:OPENING_CHARACTERS]}"])
        found.append((cleaned[i], [piece for part in parts if part for piece in ("|", *part)][1:]))
    return found
