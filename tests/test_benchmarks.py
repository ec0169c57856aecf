"""The page of benchmarks: what was measured replaces what was there, and the rest stays."""

import json
import sys

import pandas as pd
import pytest

from benchmarks import run
from benchmarks.accuracy import coded_sentences
from benchmarks.agreement import cut_texts
from benchmarks.engines import onnx_int8, ready, reference
from benchmarks.material import invented_documents
from benchmarks.speed import BATCHED, DEFAULTS, SCORER, Measured, load_pipeline, same_tokens, turns
from stance.annotation.standoff import Annotation
from stance.classifier.predict import Model
from stance.classifier.tokenization import encode_alone, encode_pairs, load_tokenizer
from stance.errors import StanceError
from stance.resources import resource_path
from stance.sentences import split_sentences

PAGE = """# Page

<!-- growth:start -->
Measured in May on A.

### Growth

old

### Growth to a million

a million

| 1 | 2 |
<!-- growth:end -->

End.
"""


def test_tables_that_were_not_measured_stay_with_how_they_were_made(tmp_path):
    page = tmp_path / "page.md"
    page.write_text(PAGE, encoding="utf-8")
    kept = "### Growth to a million\n\nMeasured in May on A.\n\na million\n\n| 1 | 2 |\n<!-- growth:end -->\n\nEnd.\n"
    for month in ("June", "July"):
        run.put(page, "growth", f"Measured in {month} on B.\n\n### Growth\n\nnew {month}")
        expected = f"# Page\n\n<!-- growth:start -->\nMeasured in {month} on B.\n\n### Growth\n\nnew {month}\n\n{kept}"
        assert page.read_text(encoding="utf-8") == expected
    run.put(page, "growth", "Measured in August.\n\n### Growth\n\nx\n\n### Growth to a million\n\ny")
    assert "Measured in May" not in page.read_text(encoding="utf-8")


def test_the_page_says_by_which_command_it_was_measured(tmp_path, monkeypatch):
    page = tmp_path / "page.md"
    page.write_text(PAGE, encoding="utf-8")
    monkeypatch.setattr(run, "PAGE", page)
    monkeypatch.setattr(run, "PARTS", {"growth": lambda options, _: [f"### Growth\n\nfull: {options.full}"]})
    monkeypatch.setattr(sys, "argv", ["run.py", "--full", "--documents", "my corpus.jsonl"])
    run.main()
    assert "by `python -m benchmarks.run --full --documents 'my corpus.jsonl'` on " in page.read_text(encoding="utf-8")
    assert "full: True" in page.read_text(encoding="utf-8")


def test_texts_cut_for_the_pipelines_have_the_tokens_that_the_scorer_reads():
    tokenizer = load_tokenizer(resource_path("models/readout-small"))
    pairs = [("Both sides agreed to talk.", "one two three " * 10), ("word " * 40, "context"), ("Short.", "")]
    cut = cut_texts(tokenizer, pairs, 24)
    assert cut[0]["text"] == pairs[0][0] and 0 < len(cut[0]["text_pair"]) < len(pairs[0][1])
    assert "text_pair" not in cut[1] and "text_pair" not in cut[2]
    for texts, (encoding, _) in zip(cut, encode_pairs(tokenizer, pairs, 24), strict=True):
        assert tokenizer.encode(*texts.values()).ids == encoding.ids


def test_agreement_leaves_out_sentences_that_the_pipelines_read_otherwise():
    trade, other = (Annotation("", 0, 0, 0, (i,), "neutral", "us", ()) for i in ("trade_economy", "taiwan"))
    labels = {DEFAULTS: [trade, trade], BATCHED: [trade, trade], "engine": [trade, other]}
    text = run.agreements(Measured({}, labels, [True, False]), "engine")
    assert text.startswith("1 of 2 sentences") and "is 1.0000; the goal of 99.5% is reached" in text
    assert "the goal of 99.5% is missed" in run.agreements(Measured({}, labels, [True, True]), "engine")


def test_all_ways_of_a_turn_get_the_same_sentences(model):
    [portion, *_] = turns(list(invented_documents(60)), model, 60, 40)
    count = sum(len(split_sentences(d)) for d in portion.documents)
    assert 40 <= count == len(portion.texts) == len(portion.same.windows) == len(portion.encoded.truncated)
    assert sum(len(w.spans) for w in portion.encoded.windows) == count
    assert any(same_tokens(load_pipeline(model).tokenizer, portion))


def test_limits_are_those_of_the_engine_alone():
    rates = {
        DEFAULTS: (10.0, 1.0, 0.5),
        BATCHED: (20.0, 2.0, 1.0),
        "engine": (90.0, 9.0, 3.0),
        SCORER: (45.0, 4.5, 2.0),
    }
    text = run.limits(pd.DataFrame(rates, index=["sentences/s", "× defaults", "× batch 32"]).T, "engine")
    assert "reaches 50% of its engine" in text
    assert "6 times transformers.pipeline, defaults: within reach. The engine alone is 9.00 times as fast" in text
    assert "4 times transformers.pipeline, batch 32, sorted: out of reach" in text
    rates[SCORER] = (61.0, 6.1, 3.1)
    text = run.limits(pd.DataFrame(rates, index=["sentences/s", "× defaults", "× batch 32"]).T, "engine")
    assert "6 times transformers.pipeline, defaults: reached." in text


def test_no_sentence_of_an_invented_archive_comes_twice():
    paragraphs = [p for d in invented_documents(2000) for p in d.text.split("\n\n")]
    assert len(set(paragraphs)) == len(paragraphs)


def test_coded_sentences_are_those_of_test_documents_and_of_documents_without_a_split(tmp_path):
    gold, documents = tmp_path / "gold.jsonl", tmp_path / "documents.jsonl"
    labels = {"issue": ["taiwan"], "stance": "neutral", "holder": "us", "frame": []}
    names, text = ("learned", "tested", "new"), "They spoke about Taiwan."
    spans = [{"doc_id": n, "sent_id": 0, "start": 0, "end": len(text), **labels} for n in names]
    gold.write_text("\n".join(map(json.dumps, spans)), encoding="utf-8")
    records = [{"doc_id": n, "text": text, "source": "us"} for n in names]
    documents.write_text("\n".join(map(json.dumps, records)), encoding="utf-8")
    model = Model()
    chosen = coded_sentences(model, str(gold), str(documents), {"learned": "train", "tested": "test"})
    assert [e.document.doc_id for e in chosen] == ["tested", "new"]
    with pytest.raises(StanceError, match="Give its own documents"):
        coded_sentences(model, str(gold), str(documents), dict.fromkeys(names, "train"))


def test_int8_of_onnx_runtime_is_near_single_precision_but_not_the_same():
    model = Model()
    texts = ["Both sides agreed to expand trade.", "He opposed the sale."]
    encoded = encode_alone(model.tokenizer, texts, model.settings.reading)
    exact, given = (ready(e, encoded)() for e in (reference(model), onnx_int8(model.folder)))
    assert 0 < abs(given - exact).max() < 0.5 * abs(exact).max()
