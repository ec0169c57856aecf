"""What the classifier is given: the sentence, and its context as second segment."""

from __future__ import annotations

from dataclasses import asdict

import pytest

from stance.documents import Document
from stance.model_input import (
    OPENING_CHARACTERS,
    SENTENCE_CHARACTERS,
    TITLE_CHARACTERS,
    ContextWindow,
    DocumentWindow,
    clean,
    heading,
    model_inputs,
)
from stance.sentences import split_sentences

DOCUMENT = Document(
    "d",
    "The ministers met. They talked.\n\nPRESIDENT REYES: We agreed. The ferry runs.",
    source="us",
    title="Readout of  the ferry talks",
)


def pairs(**window):
    return model_inputs(DOCUMENT, split_sentences(DOCUMENT), ContextWindow(**window))


def test_default_window():
    assert pairs() == [
        ("The ministers met.", "Readout of the ferry talks | source: us"),
        ("They talked.", "The ministers met. | Readout of the ferry talks | source: us"),
        (
            "PRESIDENT REYES: We agreed.",
            "The ministers met. They talked. | Readout of the ferry talks | source: us | speaker: PRESIDENT REYES",
        ),
        (
            "The ferry runs.",
            "They talked. PRESIDENT REYES: We agreed. | Readout of the ferry talks | source: us"
            " | speaker: PRESIDENT REYES",
        ),
    ]


@pytest.mark.parametrize(
    ("window", "last"),
    [
        (
            {"previous": 0},
            "Readout of the ferry talks | source: us | speaker: PRESIDENT REYES"
            " | paragraph: PRESIDENT REYES: We agreed.",
        ),
        ({"previous": 1, "title": False, "source": False}, "PRESIDENT REYES: We agreed."),
        (
            {"previous": 9, "title": False, "source": False},
            "The ministers met. They talked. PRESIDENT REYES: We agreed.",
        ),
        ({"previous": 0, "title": False, "opening": False}, "source: us | speaker: PRESIDENT REYES"),
        ({"previous": 0, "title": False, "source": False, "opening": False}, ""),
        ({"previous": 0, "title": False, "source": False}, "paragraph: PRESIDENT REYES: We agreed."),
    ],
)
def test_window_chooses_the_context(window, last):
    assert pairs(**window)[-1] == ("The ferry runs.", last)


def test_opening_of_the_paragraph_stands_where_the_sentences_before_do_not_show_it():
    opening = "The envoy said that " + "very " * 30 + "much is open."
    document = Document("d", f"Before.\n{opening} One. Two. Three.\nAfter.")
    found = model_inputs(document, split_sentences(document), ContextWindow(previous=2, title=False, source=False))
    assert [(s, c) for s, c in found if "paragraph: " in c] == [
        ("Three.", f"One. Two. | paragraph: {opening[:OPENING_CHARACTERS]}")
    ]
    assert [s for s, _ in found] == ["Before.", opening, "One.", "Two.", "Three.", "After."]


def test_document_without_title():
    document = Document("d", "One. Two.", source="china")
    found = model_inputs(document, split_sentences(document), ContextWindow())
    assert found == [("One.", "source: china"), ("Two.", "One. | source: china")]


def test_long_parts_are_cut():
    document = Document("d", "x" * 9000, title="y" * 900)
    [(sentence, context)] = model_inputs(document, split_sentences(document), ContextWindow(previous=0))
    assert sentence == "x" * SENTENCE_CHARACTERS
    assert context == "y" * TITLE_CHARACTERS + " | source: other"


def test_no_sentences():
    assert model_inputs(DOCUMENT, [], ContextWindow()) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a\u00a0\n b\t", "a b"),
        ("ｆｅｒｒｙ　５", "ferry 5"),
        ("ofﬁcial", "official"),
        ("fer\u00adry\u200b and\ufeff \u202aports\u202c", "ferry and ports"),
        ("e\u0301", "é"),
        ("“渡轮”…", "“渡轮”..."),
        ("\u200b", ""),
    ],
)
def test_clean(text, expected):
    assert clean(text) == expected


def test_settings_as_dictionary_make_the_same_window():
    window = ContextWindow(previous=3, title=False, max_length=128)
    assert asdict(window) == {
        "previous": 3,
        "title": False,
        "source": True,
        "opening": True,
        "max_length": 128,
    }
    assert ContextWindow(**asdict(window)) == window
    assert DocumentWindow(**asdict(DocumentWindow(length=99, title=False))) == DocumentWindow(length=99, title=False)


def test_a_window_begins_with_what_is_known_of_the_document():
    document = Document("a", "x", "china", title="  A\u00ad Call ")
    assert heading(document, DocumentWindow(), "") == "A Call | source: china"
    assert heading(document, DocumentWindow(title=False), "MODERATOR") == "source: china | speaker: MODERATOR"
    assert heading(document, DocumentWindow(source=False), "MODERATOR") == "A Call"
    assert heading(Document("a", "x", "us"), DocumentWindow(source=False), "") == ""
    title = "Remarks by President Alden and President Moreau of the People's Republic of China"
    guest = heading(Document("a", "x", "us", title=title), DocumentWindow(title=False), "PRESIDENT MOREAU")
    assert guest == "source: us | speaker: PRESIDENT MOREAU china"
