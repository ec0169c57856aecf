"""Checks on real readouts, where they exist: boundaries of sentences, floors of the model, every pair of accounts.

Floors only go up.
"""

import csv
import json
from collections import defaultdict

import pytest

import stance
from stance.annotation.standoff import join, read_annotations
from stance.classifier.evaluate import evaluate
from stance.sentences import split_sentences
from tests.conftest import ROOT

pytestmark = pytest.mark.real

FLOORS = {
    ("stance", "macro_f1"): 0.82,
    ("stance", "accuracy"): 0.87,
    ("holder", "accuracy"): 0.97,
    ("issue", "main_accuracy"): 0.86,
    ("issue", "micro_f1"): 0.84,
    ("frame", "micro_f1"): 0.84,
}


@pytest.fixture(scope="module")
def gold_documents(real):
    return {d.doc_id: d for d in stance.read_documents(real / "gold" / "dev_documents.jsonl")}


@pytest.mark.parametrize("name", ["dev", "dev_zh"])
def test_sentences_are_found_with_both_ends(real, gold_documents, name):
    found, total = defaultdict(int), defaultdict(int)
    for line in (real / "gold" / f"{name}.jsonl").read_text(encoding="utf-8").split("\n"):
        if not line:
            continue
        gold = json.loads(line)
        document = gold_documents[gold["doc_id"]]
        total[document.source] += 1
        found[document.source] += any(
            abs(s.start - gold["start"]) <= 1 and abs(s.end - gold["end"]) <= 1 for s in split_sentences(document)
        )
    for source, n in total.items():
        assert found[source] / n >= 0.98, (source, found[source], n)


def test_model_reaches_its_floors_on_the_development_gold(real, gold_documents, model):
    annotations = read_annotations(real / "gold" / "dev.jsonl", model.codebook)
    joined = join(annotations, gold_documents.values())
    assert not joined.missing
    assert not joined.mismatches
    figures = evaluate(model, joined.documents, samples=50).figures
    estimates = figures.set_index(["dimension", "metric"])["estimate"]
    assert {k: round(estimates[k], 3) for k, floor in FLOORS.items() if estimates[k] < floor} == {}


def test_annotations_fit_the_documents(real):
    annotations = read_annotations(ROOT / "corpus" / "annotations" / "annotations.jsonl", stance.load_codebook())
    joined = join(annotations, stance.read_documents(real / "corpus" / "documents.jsonl"))
    assert joined.missing == []
    assert joined.mismatches == []


def test_no_evaluated_document_is_trained_on(real, gold_documents):
    with (ROOT / "corpus" / "annotations" / "documents.csv").open(encoding="utf-8") as file:
        annotated = {row["doc_id"] for row in csv.DictReader(file)}
    assert annotated.isdisjoint(gold_documents)


def test_every_pair_is_compared(real, gold_documents, model, tmp_path):
    documents = {d.doc_id: d for d in stance.read_documents(real / "corpus" / "documents.jsonl")} | gold_documents
    with (real / "corpus" / "pairs.csv").open(encoding="utf-8") as file:
        pairs = list(csv.DictReader(file))
    assert len(pairs) >= 8
    for pair in pairs:
        table = stance.score([documents[pair["us_doc_id"]], documents[pair["china_doc_id"]]], model)
        side = {pair["us_doc_id"]: "us", pair["china_doc_id"]: "china"}
        comparison = stance.compare(table.assign(source=table["doc_id"].map(side)))
        for name, contrast in comparison.contrasts.items():
            if name != "red_lines":  # it has no estimates
                assert contrast.table["estimate"].between(-1, 1)[contrast.table["estimate"].notna()].all(), name
        issues = comparison.agenda.table.groupby("issue")["count"].sum()
        named = comparison.agenda.evidence.explode("issue")["issue"].value_counts()
        assert named.to_dict() == issues[issues > 0].to_dict()
        own = comparison.stances.evidence
        assert len(own) == len(comparison.sides.substantive(comparison.sides.own_voice())) > 0
        report = comparison.write(tmp_path / pair["us_doc_id"])[0]
        assert 50_000 < report.stat().st_size < 2_000_000
