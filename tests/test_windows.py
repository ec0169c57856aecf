"""Windows of documents: every sentence that is asked for once, among its neighbours, and nothing that grows."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import stance
from stance.classifier import tokenization
from stance.classifier.tokenization import encode, encode_alone, encode_blocks, join
from stance.model_input import ContextWindow, DocumentWindow
from stance.sentences import Sentence, split_sentences

TEXT = "\n\n".join(f"Sentence number {i} is about the talks. It is followed by another one." for i in range(30))
DOCUMENT = stance.Document("d", TEXT, "us", title="A Readout")
SENTENCES = split_sentences(DOCUMENT)
READINGS = [DocumentWindow(80, 20), DocumentWindow(80, 0), DocumentWindow(50, 20, title=False), ContextWindow()]


def shown(model, window) -> str:
    """What a window says, with its marks."""
    return model.tokenizer.decode(window.ids.tolist(), skip_special_tokens=False)


def sentences_at(model, window) -> list[str]:
    """The sentences that a window is asked for, as their tokens say them."""
    end = model.tokenizer.encode("").ids[-1]
    found = []
    for start, stop in window.spans:
        ids = window.ids.tolist()
        found.append(model.tokenizer.decode(ids[start : ids.index(end, start)]))
        assert start + 1 == stop or ids[stop] == end, "a sentence's own tokens, or the first alone"
    return found


def plain(text: str) -> str:
    return text.lower().replace(" ", "")


@pytest.mark.parametrize("reading", READINGS, ids=str)
@pytest.mark.parametrize("asked", [range(60), range(5, 50), [0, 59], [17], []], ids=str)
def test_windows_hold_every_sentence_that_is_asked_for_once_and_in_order(model, reading, asked):
    encoded = encode(model.tokenizer, [(DOCUMENT, SENTENCES, asked)], reading)
    found = [text for window in encoded.windows for text in sentences_at(model, window)]
    assert list(map(plain, found)) == [plain(SENTENCES[i].text) for i in asked]
    assert encoded.truncated.tolist() == [False] * len(asked)
    assert all(window.spans for window in encoded.windows)
    assert max((len(w.ids) for w in encoded.windows), default=0) <= getattr(reading, "length", 160)


def test_a_window_shows_the_heading_the_sentences_before_and_where_paragraphs_begin(model):
    [first, second, *_] = encode(model.tokenizer, [(DOCUMENT, SENTENCES, range(60))], DocumentWindow(80, 20)).windows
    heading = "[CLS] a readout | source : us [SEP]"
    assert shown(model, first).startswith(
        f"{heading} sentence number 0 is about the talks. [SEP] it is followed by another one. [SEP] "
        "[SEP] sentence number 1 is"
    )
    own = second.ids[: second.spans[0][0]].tolist()
    before = model.tokenizer.decode(own, skip_special_tokens=False)
    assert before.startswith(heading) and before.count("[SEP]") > 2, "sentences of the window before it"


def test_a_sentence_alone_is_what_the_tokenizer_makes_of_it(model):
    for reading in READINGS:
        [window] = encode_alone(model.tokenizer, ["They met\u00ad. "], reading).windows
        assert window.ids.tolist() == model.tokenizer.encode("They met.").ids
        assert window.spans == [(0, 1)]
    lone = stance.Document("d", "They met.")
    bare = DocumentWindow(title=False, source=False)
    [window] = encode(model.tokenizer, [(lone, split_sentences(lone), [0])], bare).windows
    assert window.ids.tolist() == model.tokenizer.encode("They met.").ids, "and in a window the mean of its tokens"
    assert window.spans == [(1, len(window.ids) - 1)]


def test_who_takes_the_floor_is_named(model):
    said = [("MODERATOR", "Welcome."), ("MODERATOR", "Please."), ("MR. ALDEN", "Thank you."), ("", "They left.")]
    sentences = [Sentence(i, 0, 0, text, i // 2, speaker) for i, (speaker, text) in enumerate(said)]
    document = stance.Document("d", "x", "us")
    [window] = encode(model.tokenizer, [(document, sentences, range(4))], DocumentWindow()).windows
    assert shown(model, window) == (
        "[CLS] source : us | speaker : moderator [SEP] welcome. [SEP] please. [SEP] "
        "[SEP] mr. alden : thank you. [SEP] they left. [SEP]"
    )


def test_a_long_sentence_is_cut_and_named(model):
    document = stance.Document("d", "word " * 300 + "end. They met.", "us")
    encoded = encode(model.tokenizer, [(document, split_sentences(document), range(2))], DocumentWindow(80, 20, 50))
    assert encoded.truncated.tolist() == [True, False]
    [window] = encoded.windows
    assert [len(model.tokenizer.encode(t, add_special_tokens=False)) for t in sentences_at(model, window)] == [50, 3]


def test_long_documents_come_in_blocks_that_show_what_stands_before_them(model, monkeypatch):
    monkeypatch.setattr(tokenization, "BLOCK", 7)
    for reading in READINGS:
        blocks = list(encode_blocks(model.tokenizer, (DOCUMENT, SENTENCES, range(60)), reading))
        assert [len(b.truncated) for b in blocks] == [7] * 8 + [4]
        found = [t for w in join(blocks).windows for t in sentences_at(model, w)]
        assert list(map(plain, found)) == [plain(s.text) for s in SENTENCES]
        if isinstance(reading, DocumentWindow) and reading.context:
            window = blocks[1].windows[0]
            before = model.tokenizer.decode(window.ids[: window.spans[0][0]].tolist())
            assert "number" in before


@settings(max_examples=60, deadline=None)
@given(
    words=st.lists(st.integers(0, 70), min_size=1, max_size=30),
    length=st.integers(20, 90),
    context=st.integers(0, 60),
    chosen=st.sets(st.integers(0, 29)),
)
def test_any_document_is_packed_whole(model, words, length, context, chosen):
    sentences = [Sentence(i, 0, 0, " ".join([f"w{i}"] * n), i // 3) for i, n in enumerate(words)]
    asked = sorted(i for i in chosen if i < len(words))
    encoded = encode(model.tokenizer, [(DOCUMENT, sentences, asked)], DocumentWindow(length, context, 30))
    found = list(itertools.chain.from_iterable(sentences_at(model, w) for w in encoded.windows))
    assert len(found) == len(asked) == len(encoded.truncated)
    for i, text in zip(asked, found, strict=True):
        assert plain(" ".join([f"w{i}"] * words[i])).startswith(plain(text))
