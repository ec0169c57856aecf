"""Dates as releases and spreadsheets write them, in ISO form."""

from __future__ import annotations

import datetime
import re
from contextlib import suppress

_TO = r"\s*(?:[-–—/&]|\bto\b|\buntil\b|\bthrough\b|\band\b)\s*"
_ISO = r"\d{4}-\d{2}-\d{2}"
_DAY = (
    r"(?:(?P<before{0}>[A-Za-z]{{3,9}})\.?\s+)?(?P<day{0}>\d{{1,2}})(?:st|nd|rd|th)?\b"
    r"(?:\s+(?P<after{0}>(?!to\b|and\b|until\b|through\b)[A-Za-z]{{3,9}})\.?)?(?:,?\s+(?P<year{0}>\d{{4}}))?"
)
_ISO_RANGE = re.compile(rf"({_ISO}){_TO}({_ISO})")
_RANGE = re.compile(_DAY.format(1) + _TO + _DAY.format(2))
_WEEKDAY = re.compile(r"\b(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*\b[.,]*\s*", re.IGNORECASE)
_NUMBERS = re.compile(r"(\d{4}|\d{1,2})([./-])(\d{1,2})\2(\d{4}|\d{1,2})")
_CHINESE = re.compile(r"(\d{4})\s*年\s*(\d{1,2})\s*月\s*(\d{1,2})\s*日")
_TIME = re.compile(
    r"\b(?:\d{1,2}(?::\d{2}){1,2}(?:\.\d+)?(?:\s*[ap]\.?m\b\.?)?|\d{1,2}\s*[ap]\.?m\b\.?)"
    r"(?:\s*[+-]\d{2}:?\d{2}|\s*(?-i:UTC|Z|(?!OCT|SEPT)[A-Z]{1,3}T)\b)?",
    re.IGNORECASE,
)


class _UnclearError(ValueError):
    """A text that holds a date, but not one day; says why."""


def iso_date(value: object) -> str | None:
    """Bring a date to ISO form.

    A range (``Nov 15-17, 2023``) is read as its first day. Numbers are read only where they can be read in one way.

    Args:
        value: None, an empty string, a date or datetime, or a string such as ``2023-11-15``, ``15 Nov 2023``, or only
            ``2023`` or ``2023-11``.

    Returns:
        ``YYYY-MM-DD`` (or ``YYYY`` or ``YYYY-MM``, where no more is given), or None where no date is given.

    Raises:
        ValueError: if the string is not a date, or can be read as several.
    """
    if value is None or value == "":
        return None
    if isinstance(value, datetime.date):
        return value.isoformat()[:10]
    text = str(value).strip()
    if re.fullmatch(r"\d{4}(-(0[1-9]|1[0-2]))?", text):
        return text
    with suppress(ValueError):
        return datetime.datetime.fromisoformat(text).date().isoformat()
    try:
        return _day(_WEEKDAY.sub("", text)).isoformat()
    except _UnclearError as error:
        raise ValueError(f"{text!r} {error}") from error
    except (ValueError, OverflowError) as error:
        raise ValueError(f"{text!r} is not a date") from error


def _day(text: str) -> datetime.date:
    """The day that a text means, or the first of a range."""
    if match := _ISO_RANGE.fullmatch(text):
        return _first(*map(datetime.date.fromisoformat, match.groups()))
    if match := _RANGE.fullmatch(text):
        return _first_of_range(match)
    text = _TIME.sub(" ", text).strip(" ,")
    if match := _CHINESE.fullmatch(text):
        return datetime.date(*map(int, match.groups()))
    if match := _NUMBERS.fullmatch(text):
        return _of_numbers(match[1], match[3], match[4])
    return _of_words(text)


def _first(first: datetime.date, last: datetime.date) -> datetime.date:
    if first > last:
        raise _UnclearError("can be read as several dates")
    return first


def _first_of_range(match: re.Match[str]) -> datetime.date:
    """The first day of a range; what its beginning leaves out is that of its end."""
    months = [match["before1"] or match["after1"], match["before2"] or match["after2"]]
    years = [match["year1"], match["year2"]]
    if not any(months) or not any(years):
        raise _UnclearError("is not a full date")
    first, last = (
        _of_words(f"{match[f'day{n}']} {months[n - 1] or months[2 - n]} {years[n - 1] or years[2 - n]}") for n in (1, 2)
    )
    return _first(first, last)


def _of_numbers(first: str, second: str, third: str) -> datetime.date:
    """A date of three numbers: the year has four digits, and where it comes last, one of the others is no month."""
    if len(first) == 4 and len(third) <= 2:
        return datetime.date(int(first), int(second), int(third))
    if len(first) > 2 or len(third) != 4:
        raise _UnclearError("can be read as several dates")
    day, month = int(first), int(second)
    if day <= 12 and month <= 12 and day != month:
        raise _UnclearError("can be read as several dates")
    return datetime.date(int(third), min(day, month), max(day, month))


def _of_words(text: str) -> datetime.date:
    """A date with a month in letters, one number for the day and one of four digits for the year."""
    from dateutil import parser

    if not re.search(r"[^\W\d_]{3}", text):
        raise ValueError("no date")
    # A part that is missing is taken from the default: parsing twice shows whether one was.
    first, second = (
        parser.parse(text, default=datetime.datetime(*day), ignoretz=True).date()
        for day in ((1904, 1, 1), (1908, 2, 2))
    )
    if first != second:
        raise _UnclearError("is not a full date")
    if sorted(map(len, re.findall(r"\d+", text))) not in ([1, 4], [2, 4]):
        raise _UnclearError("can be read as several dates")
    return first
