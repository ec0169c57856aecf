"""The document: one published text with the metadata that the contrasts need."""

from __future__ import annotations

import datetime
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from stance.documents.dates import iso_date
from stance.documents.language import detect_language
from stance.table.schema import LANGUAGES, SOURCES

METADATA = ("doc_id", "source", "date", "lang", "title", "event", "kind")

_LONE_SURROGATE = re.compile(r"[\ud800-\udfff]")


@dataclass(frozen=True)
class Document:
    """One published text.

    Attributes:
        doc_id: unique name of the document within a run.
        text: the body; all sentence offsets count its characters.
        source: the side that published it: ``us``, ``china`` or ``other``.
        date: ISO date (``YYYY-MM-DD``; ``YYYY`` or ``YYYY-MM`` where no more is known) or None.
        lang: ``en`` or ``zh``.
        title: the headline, or an empty string.
        event: ties the two sides' documents of one meeting together, or None.
        kind: readout, statement, remarks …; free text, or None.
        path: the file that it was read from, or None.
    """

    doc_id: str
    text: str
    source: str = "other"
    date: str | None = None
    lang: str = "en"
    title: str = ""
    event: str | None = None
    kind: str | None = None
    path: str | None = None


def folded(record: Mapping[Any, Any]) -> dict[str, Any]:
    """The record with its keys stripped and in lower case; a key that was so already goes before one that was not."""
    keys = {key: str(key).strip().casefold() for key in record}
    return {keys[key]: record[key] for key in sorted(record, key=lambda key: keys[key] == key)}


def given(record: Mapping[Any, Any]) -> dict[str, Any]:
    """What a record says: its keys `folded`, without None, empty strings, NaN and NaT; whole numbers as int."""
    said = {}
    for key, value in folded(record).items():
        if isinstance(value, float | datetime.date) and str(value) in ("nan", "NaT"):
            continue
        if value is not None and not (isinstance(value, str) and not value.strip()):
            said[key] = int(value) if isinstance(value, float) and value.is_integer() else value
    return said


def make_document(text: str, metadata: Mapping[str, Any], doc_id: str, path: str | None) -> Document:
    """Check a text and its metadata and make a document of them.

    Args:
        text: the body.
        metadata: any of ``doc_id``, ``source``, ``date``, ``lang``, ``title``, ``event``, ``kind``, in any case; other
            keys and values that say nothing (None, empty, NaN) are ignored.
        doc_id: the name to use where the metadata has none.
        path: where the text comes from.

    Raises:
        ValueError: if the text is empty or a value is not allowed; the message names the value.
    """
    text = _LONE_SURROGATE.sub("\ufffd", text)  # broken escapes in JSON; no encoder and no file takes them
    text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    if not text.strip():
        raise ValueError("the document has no text")
    known = {k: v for k, v in given(metadata).items() if k in METADATA}
    for key, value in known.items():
        if not isinstance(value, str | int | float | datetime.date):
            raise ValueError(f"{key} is not a text")
    known = {k: _LONE_SURROGATE.sub("\ufffd", v) if isinstance(v, str) else v for k, v in known.items()}
    source = str(known.get("source", "other")).strip().lower()
    if source not in SOURCES:
        raise ValueError(f"source {source!r} is not one of {', '.join(SOURCES)}")
    lang = str(known.get("lang") or detect_language(text)).strip().lower()[:2]
    if lang not in LANGUAGES:
        raise ValueError(f"lang {lang!r} is not one of {', '.join(LANGUAGES)}")
    return Document(
        doc_id=str(known.get("doc_id", _LONE_SURROGATE.sub("\ufffd", doc_id))),  # a file's name need not be text
        text=text,
        source=source,
        date=iso_date(known.get("date")),
        lang=lang,
        title=" ".join(str(known.get("title", "")).split()),
        event=str(known["event"]) if "event" in known else None,
        kind=str(known["kind"]) if "kind" in known else None,
        path=path,
    )
