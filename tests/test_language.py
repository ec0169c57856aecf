"""Which language a text is in, and the warning for one that no model reads."""

from __future__ import annotations

import json

import pytest

from stance.documents.language import detect_language, seems_english
from tests.test_documents import CHINESE, ENGLISH, one, split, write

RUSSIAN = "Министры встретились в Линдхольме и договорились возобновить работу парома до начала лета."
FRENCH = (
    "Les deux ministres se sont rencontrés à Lindholm. Ils sont convenus de rouvrir la ligne du ferry avant "
    "la fin du printemps et de créer un bureau commun pour les deux ports."
)


def test_detect_language():
    assert detect_language(CHINESE) == "zh"
    assert detect_language(ENGLISH) == "en"
    assert detect_language("The Ministry (外交部) replied.") == "en"
    assert detect_language("2024 — 7") == "en"


def test_seems_english():
    assert seems_english(ENGLISH * 3)
    assert seems_english("Readout: Lindholm, Vale, Quill")
    assert seems_english("")
    assert not seems_english(RUSSIAN)
    assert not seems_english(FRENCH)


@pytest.mark.parametrize("text", [RUSSIAN, FRENCH])
def test_a_document_in_a_language_that_is_not_read_is_named_in_a_warning(tmp_path, caplog, text):
    path = write(tmp_path / "a.txt", text)
    assert one(path).lang == "en"
    [warning] = caplog.messages
    assert warning.startswith(f"{path} seems to be neither in English nor in Chinese")
    caplog.clear()
    assert one(path, lang="en").text == text
    assert caplog.messages == []


def test_more_of_them_are_counted(tmp_path, caplog):
    texts = [ENGLISH, RUSSIAN, CHINESE, FRENCH, RUSSIAN]
    path = write(tmp_path / "d.jsonl", "".join(json.dumps({"text": t}) + "\n" for t in texts))
    good, bad = split([path])
    assert (len(good), bad) == (5, [])
    assert [m.split(" seem")[0] for m in caplog.messages] == [f"{path}:2", "3 documents"]
