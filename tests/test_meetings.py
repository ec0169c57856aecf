"""Which documents are set beside each other: events in any spelling, dates, and what is withheld without either."""

from __future__ import annotations

import pandas as pd
import pytest

import stance
from stance.contrast.meetings import one_spelling, tie_meetings
from stance.report.cautions import cautions
from tests.report_samples import invented_table


def documents(*rows):
    return pd.DataFrame(rows, columns=["doc_id", "source", "event", "date"])


def test_events_differ_neither_by_case_nor_by_spaces():
    given = pd.Series(["Lisbon summit", "  lisbon  Summit", "Porto", None, " "])
    assert one_spelling(given).tolist() == ["Lisbon summit", "Lisbon summit", "Porto", None, None]


@pytest.mark.parametrize(
    ("rows", "meetings"),
    [
        ([("a", "us", "A", None), ("b", "china", None, None)], ["A", "A"]),
        ([("a", "us", None, "2024-01-01"), ("b", "china", None, "2024-09-01")], ["", ""]),
        (
            [("a", "us", None, "2024-01-01"), ("b", "china", None, "2024-01-03"), ("c", "china", None, "2024-01-04")],
            ["2024-01-01", "2024-01-01", "2024-01-04"],
        ),
        (
            [("a", "us", None, "2024"), ("b", "china", None, None), ("c", "us", "A", None), ("d", "china", "A", None)],
            ["a", "b", "A", "A"],
        ),
    ],
    ids=["two documents", "two documents, months apart", "at most two days apart", "neither event nor day"],
)
def test_documents_are_tied_by_event_or_by_date(rows, meetings):
    assert tie_meetings(documents(*rows), "source").tolist() == meetings


def test_a_report_is_not_checked_against_an_account_of_another_time():
    table = invented_table(copies=2).assign(event=None)
    dates = {doc_id: f"202{number}-06-01" for number, doc_id in enumerate(sorted(set(table["doc_id"])))}
    far = table.assign(date=table["doc_id"].map(dates))
    comparison = stance.compare(far)
    assert comparison.attribution.table.empty and comparison.alignment.evidence.empty
    [text] = cautions(comparison)
    assert text.startswith("4 documents of 4 are not tied") and "the same event" in text
    near = stance.compare(table.assign(date="2024-06-01"))
    assert not near.attribution.table.empty and cautions(near) == []


def test_an_event_that_only_one_side_has_is_named():
    table = invented_table(copies=2)
    table.loc[table["doc_id"] == "us-1:a&b", "event"] = "Graz"
    [text] = cautions(stance.compare(table))
    assert text.startswith("2 documents of 4 are not tied") and "«Graz» and «Vienna 1»" in text
    assert cautions(stance.compare(table, by="event", groups=("Vienna 0", "Graz"))) == []


@pytest.mark.parametrize("guest", ["PRESIDENT LIANG", "Q"])
def test_a_transcript_with_speakers_of_both_sides_is_named(guest):
    table = invented_table()
    china = table["source"] == "china"
    title = "Remarks by President Reyes and President Liang of the People's Republic of China"
    table["title"] = title
    table.loc[china, "speaker"] = ["PRESIDENT REYES", guest] * 3
    said = cautions(stance.compare(table))
    if guest == "Q":
        assert said == []
    else:
        [text] = said
        assert text.startswith(f"PRESIDENT REYES and PRESIDENT LIANG speak in «{title}», and")
        assert "counts as the China account" in text and "--china-speaker" in text
        [finding] = [f for f in stance.compare(table).findings if f.kind == "evidence"]
        assert finding.figures["cautions"] == said and text in finding.text


def test_a_moderator_beside_a_speaker_of_the_publishing_side_is_no_guest():
    table = invented_table()
    table["title"] = "Address by President Reyes of the United States"
    table.loc[table["source"] == "us", "speaker"] = ["PRESIDENT REYES", "MODERATOR"] * 3
    assert cautions(stance.compare(table)) == []


def test_accounts_of_days_far_apart_are_named():
    table = invented_table().assign(event="Vienna")
    table["date"] = table["source"].map({"us": "2024-06-14", "china": "2024-06-01"})
    [text] = cautions(stance.compare(table))
    assert text.startswith("The documents of «Vienna» are dated 13 days apart: different occasions?")
    table["date"] = table["source"].map({"us": "2024-06-03", "china": "2024-06-01"})
    assert cautions(stance.compare(table)) == []


@pytest.mark.parametrize(
    ("title", "says"),
    [
        ("Joint Statement on the Vienna Talks", "terms are both sides'"),
        ("Remarks Before Bilateral Meeting", "beginning"),
    ],
)
def test_a_document_of_another_kind_than_the_others_is_named(title, says):
    table = invented_table()
    table["title"] = table["source"].map({"us": title, "china": "Readout"})
    [text] = cautions(stance.compare(table))
    assert text.startswith(f"«{title}»") and says in text and "the United States account" in text
    assert cautions(stance.compare(table.assign(title=title))) == []
