"""Two documents given as one meeting: their event, their sides, and whose turns a transcript holds."""

from __future__ import annotations

import pytest

from stance.contrast.scored_inputs import score_pair
from stance.errors import StanceError

OPTIONS = dict.fromkeys(("manifest", "date", "lang", "title", "event", "us_speaker", "china_speaker"))
US = "The two sides agreed to reopen the harbour."
CHINA = "The harbour is to be reopened soon."


@pytest.fixture
def pair(tmp_path):
    """Write two documents with the given front matter; gives their paths."""

    def write(us, china):
        paths = []
        for name, text, given in (("first.md", US, us), ("second.md", CHINA, china)):
            lines = "".join(f"{key}: {value}\n" for key, value in given.items())
            (tmp_path / name).write_text(f"---\n{lines}---\n{text}\n", encoding="utf-8")
            paths.append(str(tmp_path / name))
        return paths

    return write


@pytest.mark.parametrize(
    ("us", "china", "event", "noted"),
    [
        ({"event": "Lisbon summit"}, {}, "Lisbon summit", False),
        ({}, {"event": "Lisbon summit"}, "Lisbon summit", False),
        ({"event": "Lisbon summit"}, {"event": "lisbon Summit"}, "Lisbon summit", False),
        ({"event": "Lisbon summit"}, {"event": "talks in Lisbon"}, "Lisbon summit", True),
        ({}, {}, None, False),
    ],
)
def test_two_documents_have_one_event(pair, model, capsys, us, china, event, noted):
    table = score_pair(*pair(us, china), model, [], OPTIONS)
    assert set(table["event"]) == {event}
    assert ("the events differ" in capsys.readouterr().err) == noted


def test_two_documents_in_the_wrong_order_are_swapped(pair, model, capsys):
    table = score_pair(*pair({"source": "china"}, {"source": "us"}), model, [], OPTIONS)
    assert table.groupby("source")["text"].first().to_dict() == {"us": CHINA, "china": US}
    assert "second.md is the American account" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("us", "china", "named"),
    [({"source": "china"}, {}, "first.md"), ({"source": "us"}, {"source": "us"}, "second.md")],
)
def test_a_document_that_contradicts_its_place_is_refused(pair, model, us, china, named):
    with pytest.raises(StanceError, match=rf"{named}: its source is .* mend or remove its source"):
        score_pair(*pair(us, china), model, [], OPTIONS)


def test_a_speaker_may_be_taken_from_a_transcript_of_the_other_side(pair, model, tmp_path):
    us, china = pair({}, {"source": "us"})
    text = f"---\nsource: us\n---\nPRESIDENT REYES: {US}\n\nPRESIDENT LIANG: {CHINA}\n"
    (tmp_path / "second.md").write_text(text, encoding="utf-8")
    table = score_pair(us, china, model, [], OPTIONS | {"china_speaker": "liang"})
    assert table.loc[table["source"] == "china", "speaker"].tolist() == ["PRESIDENT LIANG"]
