"""Two documents given as one meeting: their event, their sides, and whose turns a transcript holds."""

from __future__ import annotations

import pytest

from stance.cli import _score_pair

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
    table = _score_pair(*pair(us, china), model, [], OPTIONS)
    assert set(table["event"]) == {event}
    assert ("the events differ" in capsys.readouterr().err) == noted
