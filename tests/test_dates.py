"""Dates in the forms in which releases and spreadsheets write them; what can be read in two ways is refused."""

from __future__ import annotations

import datetime
import warnings

import pandas as pd
import pytest

from stance.documents.dates import iso_date
from tests.test_documents import failure, write


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, None),
        ("", None),
        ("2024", "2024"),
        (2024, "2024"),
        ("2024-03", "2024-03"),
        ("2024-03-07", "2024-03-07"),
        ("20240307", "2024-03-07"),
        ("2024-03-07T23:30:00Z", "2024-03-07"),
        ("2024-03-07 10:30 EST", "2024-03-07"),
        ("7 March 2024", "2024-03-07"),
        ("Mar. 7, 2024", "2024-03-07"),
        ("March 7th, 2024 at 10 a.m. EST", "2024-03-07"),
        ("Thursday, March 7, 2024", "2024-03-07"),
        ("Thu, 07 Mar 2024 10:00:00 +0800", "2024-03-07"),
        ("07-Mar-2024", "2024-03-07"),
        ("2024/3/7", "2024-03-07"),
        ("2024.03.07", "2024-03-07"),
        ("25.03.2024", "2024-03-25"),
        ("3/25/2024 10:30", "2024-03-25"),
        ("3.3.2024", "2024-03-03"),
        ("2024年3月7日", "2024-03-07"),
        ("2024年3月7日 10:30", "2024-03-07"),
        (datetime.date(2024, 3, 7), "2024-03-07"),
        (datetime.datetime(2024, 3, 7, 12), "2024-03-07"),
        (pd.Timestamp("2024-03-07"), "2024-03-07"),
    ],
)
def test_iso_date(value, expected):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert iso_date(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("Nov 15-17, 2023", "2023-11-15"),
        ("Apr 14–15, 2025", "2025-04-14"),
        ("November 15th to 17th, 2023", "2023-11-15"),
        ("15 - 17 Nov. 2023", "2023-11-15"),
        ("15 and 16 November 2023", "2023-11-15"),
        ("Nov 30 - Dec 2, 2023", "2023-11-30"),
        ("30 November to 2 December 2023", "2023-11-30"),
        ("Dec 30, 2023 – Jan 2, 2024", "2023-12-30"),
        ("2023-11-15 to 2023-11-17", "2023-11-15"),
        ("2023-11-15/2023-11-17", "2023-11-15"),
    ],
)
def test_a_range_is_read_as_its_first_day(value, expected):
    assert iso_date(value) == expected


@pytest.mark.parametrize(
    "value",
    [
        "March 2024",
        "2024-13",
        "2024-02-30",
        "2024-03-071",
        "Thursday",
        "12",
        "10:30",
        "soon",
        "231115",
        "13/13/2024",
        "Nov 15, 16 and 18, 2023",
    ],
)
def test_what_is_not_a_full_date_is_refused(value):
    with pytest.raises(ValueError, match=r"is not a (full )?date$"):
        iso_date(value)


@pytest.mark.parametrize("value", ["03.04.2025", "3/4/2025", "03-04-25", "23/11/15", "Dec 30 - Jan 2, 2024"])
def test_what_can_be_read_as_several_dates_is_refused(value, tmp_path):
    with pytest.raises(ValueError, match=r"can be read as several dates$"):
        iso_date(value)
    found = failure(write(tmp_path / "a.md", f"---\ndate: {value}\n---\nThe two sides met."))
    assert found.cure == "Write the date as YYYY-MM-DD"
