"""Sentences with character offsets, in the paragraphs and speaker turns in which they stand.

Boundaries come from pySBD (Sadvilkar and Neumann 2020), chosen by measurement on hand-checked spans: see
``tests/test_real_readouts.py``, which holds its share of found sentences to a floor. Only line structure is handled
here: paragraphs, bullet lists, hard-wrapped lines, and who has the floor in a transcript.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby

from stance.documents.document import Document
from stance.segmenter import segmenter

MAX_RUN = 10_000
"""Longest run of characters given to pySBD at once; its cost grows faster than the length."""

_PARAGRAPH = re.compile(r"[^\n]+")
_TERMINAL = re.compile(r"[.!?;:。！？；：…][\"'”’）)\]]*\s*$")
_BULLET = re.compile(r"^\s*(?:[-–—•*·▪●]|\(?\d{1,2}[.)]|\(?[a-z][.)])\s+")
_SPEAKER = re.compile(
    r"""^\s*(?:
        (?P<bracketed>\[Q\])\s*
      | (?P<question>Q|问)(?:[:：]\s*|\s+(?=["“A-Z\[(—-]|\S))
      | (?P<answer>A|答)[:：]
      | (?P<capitals>(?:[A-Z][A-Z.'’\-]+|[A-Z]\.)(?:\s+(?:[A-Z][A-Z.'’\-]*|[A-Z]\.)){0,5}
        (?:\s+\#?\d{1,2})?)(?:\s*\([^)]{1,40}\))?[:：](?!\d)
      | (?P<name>[A-Z][a-z’'\-]+(?:\s+[A-Z][a-z’'\-]+){1,2})(?:\s*\([^)]{1,40}\))?[:：]\s
    )""",
    re.VERBOSE,
)
_LABEL = re.compile(
    r"^\s*(?P<label>[A-Z][\w.&’'/\-]*(?:\s+(?:[A-Z\d#][\w.&’'/\-]*|of|the|and|for|de)){0,5})(?:\s*\([^)]{1,40}\))?[:：]\s"
)
"""Any short label; taken for a speaker's only in a transcript, where outlets are named by one word (``Reuters: …``)."""
_INTERPRETED = re.compile(r"^[^:：]{0,60}\([^)]*(?:interpret|translat)[^)]*\)\s*[:：]")
_CLOSING = "”’」』）》】"
_QUOTES = {("“", "”"), ('"', '"'), ("«", "»")}
_GENITIVE = re.compile(r"['’]s\b")
TURN_MARKS = ("[Q]", "Q", "A")
"""What stands for a speaker that is not named: who asks, and who answers."""
_ROLE = re.compile(
    r"(?:THE |VICE |PRIME |FOREIGN |DEPUTY |SENIOR |STATE )*(?:PRESIDENT|PREMIER|MINISTER|SECRETARY|COUNCILOR|"
    r"AMBASSADOR|CHAIRMAN|GENERAL|ADMIRAL|DIRECTOR|SPOKESPERSON|OFFICIAL|ADMINISTRATION|MODERATOR|OPERATOR|REPORTER|MR|MS|MRS|DR)\b",
    re.IGNORECASE,
)
_NOT_A_NAME = re.compile(r"^(?:On|In|For|And|But|The|As|At|With|Question|Fact|Joint)\b")
_NOT_A_LABEL = re.compile(
    r"(?:First|Second|Third|Fourth|Fifth|Firstly|Secondly|Thirdly|Finally|Last|Lastly|Note|Subject|Source|Background|"
    r"Topic|Date|Time|Place|Again|Question|Answer|Update)(?:ly)?",
    re.IGNORECASE,
)
_ASKS = re.compile(r"[?？].{0,100}\Z", re.DOTALL)


@dataclass(frozen=True)
class Sentence:
    """One sentence of a document.

    Attributes:
        sent_id: its number in the document, from 0.
        start: offset of its first character in the document's text.
        end: offset after its last character.
        text: exactly ``document.text[start:end]``.
        paragraph: number of its paragraph, from 0.
        speaker: who has the floor in a transcript (``PRESIDENT XI``, ``Q``), or None.
    """

    sent_id: int
    start: int
    end: int
    text: str
    paragraph: int
    speaker: str | None = None


def split_sentences(document: Document) -> list[Sentence]:
    """Split a document into sentences.

    Args:
        document: any document; ``lang`` chooses the rules.

    Returns:
        the sentences in order. They do not overlap, start and end with a visible character, and together hold every
        visible character of the text.
    """
    sentences: list[Sentence] = []
    speaker: str | None = None
    paragraphs = list(_paragraphs(document.text))
    speakers = _speakers([document.text[start:end] for start, end in paragraphs])
    for number, ((start, end), named) in enumerate(zip(paragraphs, speakers, strict=True)):
        speaker = named if named or speaker == "[Q]" else speaker
        for left, right in _spans(document.text, start, end, document.lang):
            text = document.text[left:right]
            sentences.append(Sentence(len(sentences), left, right, text, number, speaker))
    return sentences


@lru_cache(maxsize=4096)
def kept_sentences(document: Document) -> tuple[Sentence, ...]:
    """`split_sentences` of a document of the corpus, which trainings and ablations read again for every recipe.

    Not for scoring: an archive would stay in memory.
    """
    return tuple(split_sentences(document))


def _paragraphs(text: str) -> Iterator[tuple[int, int]]:
    """Spans of paragraphs: lines, with hard-wrapped lines taken together."""
    wrapped = _is_hard_wrapped(text)
    start = end = -1
    for match in _PARAGRAPH.finditer(text):
        if not match.group().strip():
            continue
        if start >= 0 and _continues(text, start, end, match, wrapped):
            end = match.end()
            continue
        if start >= 0:
            yield start, end
        start, end = match.span()
    if start >= 0:
        yield start, end


def _continues(text: str, start: int, end: int, line: re.Match[str], wrapped: bool) -> bool:
    """Whether a line goes on with the paragraph before it: no blank line between, and the sentence is still open."""
    if _holds_blank_line(text[end : line.start()]) or _BULLET.match(line.group()) or _speaker(line.group()):
        return False
    last = text[start:end].rsplit("\n", 1)[-1]
    if wrapped:
        return len(last.strip()) > 40
    return len(last) >= 45 and not _TERMINAL.search(last) and line.group().lstrip()[:1].islower()


def _holds_blank_line(between: str) -> bool:
    """Whether the text between two lines holds an empty line."""
    return between.count("\n") > 1


def _is_hard_wrapped(text: str) -> bool:
    """Whether lines are broken at a fixed width: most lines inside blocks end in mid-sentence."""
    inside = [
        line
        for block in re.split(r"\n[ \t\r]*\n", text)
        for line in block.strip("\r\n").split("\n")[:-1]
        if not _BULLET.match(line)
    ]
    if len(inside) < 4:
        return False
    broken = [x for x in inside if 45 <= len(x.strip()) <= 110 and not _TERMINAL.search(x)]
    return len(broken) / len(inside) > 0.6


def _speaker(paragraph: str) -> str | None:
    match = _SPEAKER.match(paragraph)
    if not match:
        return None
    if match["bracketed"]:
        return "[Q]"
    if match["question"]:
        return "Q"
    if match["answer"]:
        return "A"
    name: str = match["capitals"] or match["name"]
    return None if _NOT_A_NAME.match(name) else name


def _speakers(paragraphs: list[str]) -> list[str | None]:
    """Who takes the floor at the beginning of each paragraph.

    A label before a colon is a heading ("Image source: …") unless it names a role or an interpreter, or stands in a
    transcript: in a document with marked questions, or in which a speaker has the floor again after another.
    """
    named = [_speaker(p) for p in paragraphs]
    if any(n in TURN_MARKS for n in named):
        return named
    labels = [n or _label(p) for n, p in zip(named, paragraphs, strict=True)]
    people = {n for n in named if n} | {label for label in labels if label and _ROLE.match(label)}
    turns = Counter(label for label, _ in groupby(filter(None, labels)))
    if any(turns[label] > 1 for label in people):
        return _questions_marked(labels, paragraphs)
    counts = Counter(named)
    kept = {n for n in named if n and (counts[n] > 1 or _ROLE.match(n))}
    return [n if n in kept or _INTERPRETED.match(p) else None for n, p in zip(named, paragraphs, strict=True)]


def _label(paragraph: str) -> str | None:
    """A short label before a colon at the beginning of a paragraph; words that order or announce are none."""
    match = _LABEL.match(paragraph)
    return match["label"] if match and not _NOT_A_LABEL.fullmatch(match["label"]) else None


def _questions_marked(labels: list[str | None], paragraphs: list[str]) -> list[str | None]:
    """Labels of a transcript, in which one that comes once, and whose turn ends with a question, becomes ``Q``.

    Press conferences name each reporter's outlet; without a mark the question would be taken for a party's own words.
    """
    counts = Counter(labels)
    marked = list(labels)
    starts = [i for i, label in enumerate(labels) if label]
    for start, end in zip(starts, [*starts[1:], len(labels)], strict=True):
        label, paragraph = labels[start] or "", paragraphs[start]
        once = counts[label] == 1 and not _ROLE.match(label) and not _INTERPRETED.match(paragraph)
        if once and _ASKS.search("\n".join(paragraphs[start:end]).rstrip()):
            marked[start] = "Q"
    return marked


def _spans(text: str, start: int, end: int, lang: str) -> Iterator[tuple[int, int]]:
    """Sentence spans of one paragraph, trimmed of white space; nothing visible is lost between them."""
    for left, right in _runs(text, start, end):
        run = re.sub(r"\s", " ", text[left:right])
        starts = [left]
        cursor = 0
        for piece in segmenter(lang).segment(run):
            found = run.find(piece.strip(), cursor) if piece.strip() else -1
            if found > cursor and run[cursor:found].strip() == "":
                starts.append(left + found)
            if found >= 0:
                cursor = found + len(piece.strip())
                starts.append(left + cursor)
        starts = [at for at in starts if at == left or not _GENITIVE.match(text, at)]
        bounds = [*sorted({_after_closing(text, at, left, right) for at in starts}), right]
        for a, b in zip(bounds, bounds[1:], strict=False):
            chunk = text[a:b]
            if chunk.strip():
                yield from _quotation(text, a + len(chunk) - len(chunk.lstrip()), a + len(chunk.rstrip()), lang)


def _quotation(text: str, start: int, end: int, lang: str) -> Iterator[tuple[int, int]]:
    """The sentences of a span that is a quotation from its first character to its last, which pySBD leaves whole."""
    inner: list[tuple[int, int]] = []
    marks = text[start], text[end - 1]
    if marks in _QUOTES and not any(mark in text[start + 1 : end - 1] for mark in marks):
        inner = list(_spans(text, start + 1, end - 1, lang))
    if len(inner) < 2:
        yield start, end
        return
    yield start, inner[0][1]
    yield from inner[1:-1]
    yield inner[-1][0], end


def _after_closing(text: str, at: int, left: int, right: int) -> int:
    """Move a boundary behind closing marks, which pySBD leaves to the next sentence in Chinese."""
    while left < at < right and text[at] in _CLOSING:
        at += 1
    return at


def _runs(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Cut a paragraph of unusual length after a sentence, or else at white space: no run is longer than `MAX_RUN`."""
    while end - start > MAX_RUN:
        middle, limit = start + MAX_RUN // 2, start + MAX_RUN
        last = max(text.rfind(mark, middle, limit) for mark in (". ", "? ", "! ", "。", "！", "？"))
        last = last if last > 0 else text.rfind(" ", middle, limit)
        cut = last + 1 if last > 0 else limit
        yield start, cut
        start = cut
    yield start, end
