"""Evaluation: tallies and intervals, strata, confidence, distance to coders, costly confusions, baselines, pages."""

import json
import shutil
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import yaml
from click.testing import CliRunner

import stance
from stance.annotation.agreement import alpha
from stance.annotation.examples import Example, targets
from stance.annotation.standoff import (
    AnnotatedDocument,
    Annotation,
    annotations_of,
    read_annotations,
    write_annotations,
)
from stance.classifier.baselines import BASELINES, majority, nearest_description, predict_with_baselines
from stance.classifier.card_claims import input_line
from stance.classifier.card_training import energy_item
from stance.classifier.coders import alphas, distance_to_coders
from stance.classifier.commands import STRATA as OFFERED
from stance.classifier.confidence import Confidence, calibration_table, reliability_table, risk_coverage_table
from stance.classifier.confusions import SAME_PLACE, costly_confusions
from stance.classifier.evaluate import evaluate
from stance.classifier.evaluation_output import compare_systems
from stance.classifier.figure_blocks import comparison_block
from stance.classifier.fitting_record import digest_of_labels, digest_of_model, write_fitting
from stance.classifier.gold_documents import documents_of, join_gold
from stance.classifier.metrics import (
    area_under_risk_coverage,
    calibration_error,
    grouped_bootstrap,
    micro_f1,
    reliability,
    selective_accuracy,
)
from stance.classifier.model_card import model_card
from stance.classifier.page_figures import filled
from stance.classifier.recipe import load_recipe
from stance.classifier.strata import break_down, strata_of
from stance.classifier.tallies import figures_with_intervals, paired_differences, resamples, tally
from stance.classifier.training_data import load_corpus
from stance.cli import main
from stance.codebook import load_codebook
from stance.documents import Document
from stance.markdown import markdown_table
from stance.model_input import ContextWindow, DocumentWindow
from stance.resources import resource_path
from stance.sentences import Sentence, split_sentences

CODEBOOK = load_codebook()


def invented(n: int, seed: int, documents: int = 12) -> list[Annotation]:
    """Annotations drawn at random."""
    rng = np.random.default_rng(seed)

    def one(key: str) -> str:
        return str(rng.choice(CODEBOOK[key].keys[:4]))

    return [
        Annotation(
            f"d{i % documents}", i, i * 10, i * 10 + 5, (one("issue"),), one("stance"), one("holder"), (one("frame"),)
        )
        for i in range(n)
    ]


def spoiled(truth: list[Annotation], share: float, seed: int) -> list[Annotation]:
    """The same annotations with a share of the sentences drawn anew."""
    rng, other = np.random.default_rng(seed), invented(len(truth), seed + 100)
    return [
        replace(t, issue=o.issue, stance=o.stance, holder=o.holder, frame=o.frame) if rng.random() < share else t
        for t, o in zip(truth, other, strict=True)
    ]


def test_figures_from_tallies_are_those_of_the_labels():
    from sklearn.metrics import f1_score

    truth = invented(300, 1)
    given = spoiled(truth, 0.4, 2)
    figures = {k: v[0] for k, v in tally(truth, given, CODEBOOK).figures().items()}
    t, g = (targets(a, CODEBOOK)[0].astype(bool) for a in (truth, given))
    stances, frames = CODEBOOK.columns("stance"), CODEBOOK.columns("frame")
    present = t[:, stances].any(axis=0)
    macro = f1_score(t[:, stances][:, present], g[:, stances][:, present], average="macro")
    assert figures["stance_macro_f1"] == pytest.approx(macro)
    assert figures["frame_micro_f1"] == pytest.approx(micro_f1(t[:, frames], g[:, frames]))
    right = np.mean([a.stance == b.stance for a, b in zip(truth, given, strict=True)])
    assert figures["stance_accuracy"] == pytest.approx(right)
    assert figures["issue_main_accuracy"] == pytest.approx(
        np.mean([a.issue[0] == b.issue[0] for a, b in zip(truth, given, strict=True)])
    )


def test_a_weight_of_two_counts_a_document_twice():
    truth = invented(60, 3, documents=3)
    given = spoiled(truth, 0.4, 4)
    counted = tally(truth, given, CODEBOOK)
    twice = [i for i, a in enumerate(truth) if a.doc_id == "d1"]
    rows = [i for i, a in enumerate(truth) if a.doc_id == "d0"] + twice + twice
    repeated = tally([truth[i] for i in rows], [given[i] for i in rows], CODEBOOK).figures()
    weighted = counted.figures(np.array([[1.0, 2.0, 0.0]]))
    assert {k: v[0] for k, v in weighted.items()} == pytest.approx({k: v[0] for k, v in repeated.items()})


def test_intervals_hold_the_estimate_and_need_five_documents():
    truth = invented(400, 5, documents=12)
    table = figures_with_intervals(tally(truth, spoiled(truth, 0.3, 6), CODEBOOK), 300)
    assert ((table["low"] <= table["estimate"]) & (table["estimate"] <= table["high"])).all()
    four = [f"d{i % 4}" for i in range(len(truth))]
    few = tally(truth, spoiled(truth, 0.3, 6), CODEBOOK, four)
    assert figures_with_intervals(few, 50)["low"].isna().all()
    assert paired_differences(few, few, 50)[["low", "p"]].isna().all(axis=None)
    assert (resamples(7, 40).sum(axis=1) == 7).all()


def test_intervals_cover_the_share_of_few_documents():
    """Of eight documents that differ as real ones do; plain percentiles cover 86 of a hundred."""
    rng = np.random.default_rng(3)
    hits = []
    for _ in range(300):
        share = np.repeat(rng.beta(6, 2, 8), 20)
        right = rng.random(160) < share
        groups = [f"d{i // 20}" for i in range(160)]
        low, high = grouped_bootstrap(lambda i, right=right: float(right[i].mean()), groups, 300)
        hits.append(low <= 0.75 <= high)
    assert 0.90 <= np.mean(hits) <= 0.98


def test_expected_counts_are_sums_of_probabilities(model):
    document = Document("a", "We oppose the arms sales to Taiwan. The two sides agreed to meet again.", "china")
    sentences = tuple(split_sentences(document))
    labels = {
        i: Annotation("a", i, s.start, s.end, ("taiwan",), "opposition", "china", ()) for i, s in enumerate(sentences)
    }
    found = evaluate(model, [AnnotatedDocument(document, sentences, labels)], 10)
    by = found.labels.groupby("dimension")["expected"].sum()
    assert by["stance"] == pytest.approx(2) and by["holder"] == pytest.approx(2)
    stances = found.labels[found.labels["dimension"] == "stance"].set_index("label")["expected"]
    assert stances["opposition"] > stances["commitment"]


def test_a_planted_difference_is_found_and_none_is_not():
    truth = invented(600, 7, documents=40)
    good, poor = tally(truth, spoiled(truth, 0.2, 8), CODEBOOK), tally(truth, spoiled(truth, 0.5, 9), CODEBOOK)
    found = paired_differences(good, poor, 2000)
    assert (found["p"] < 0.01).all()
    assert (found["low"] > 0).all()
    same = paired_differences(good, good, 500)
    assert (same["p"] == 1).all()
    assert (same["difference"] == 0).all()
    backwards = paired_differences(poor, good, 2000)
    assert np.allclose(backwards["difference"], -found["difference"])


def test_nulls_are_rejected_as_often_as_they_should_be():
    """Two systems that err alike and independently: p below 0.05 in about one case of twenty."""
    rejected = []
    for seed in range(60):
        truth = invented(200, 1000 + seed, documents=40)
        one, two = (tally(truth, spoiled(truth, 0.3, 2000 + 2 * seed + k), CODEBOOK) for k in (0, 1))
        table = paired_differences(one, two, 400).set_index(["dimension", "metric"])
        rejected.append(table.loc[("stance", "accuracy"), "p"] < 0.05)
    assert np.mean(rejected) < 0.15


def test_comparison_names_a_system_that_lacks_labels():
    truth = invented(100, 11)
    table = compare_systems(truth, truth, {"poor": spoiled(truth, 0.5, 12)}, CODEBOOK, 300)
    assert set(table["system"]) == {"model", "poor"}
    poor = table[table["system"] == "poor"]
    assert (poor["p_adjusted"] >= poor["p"]).all()
    assert table[table["system"] == "model"]["p"].isna().all()
    with pytest.raises(stance.StanceError, match="short: 1 of 100 sentences have no label"):
        compare_systems(truth, truth, {"short": truth[1:]}, CODEBOOK, 10)


def test_selective_accuracy_and_its_area():
    confidence, correct = np.array([0.9, 0.8, 0.6, 0.5]), np.array([True, True, False, True])
    assert selective_accuracy(confidence, correct).tolist() == pytest.approx([1, 1, 2 / 3, 3 / 4])
    assert area_under_risk_coverage(confidence, correct) == pytest.approx((0 + 0 + 1 / 3 + 1 / 4) / 4)
    rng = np.random.default_rng(0)
    p = rng.random(20000)
    right = rng.random(20000) < p
    assert area_under_risk_coverage(p, right) < area_under_risk_coverage(rng.random(20000), right) - 0.2
    assert calibration_error(p, right) < 0.02


def test_reliability_bins_add_up_to_the_calibration_error():
    rng = np.random.default_rng(1)
    p = rng.random(501)
    right = rng.random(501) < p**2
    table = reliability(p, right)
    assert table["count"].sum() == 501
    assert table["confidence"].is_monotonic_increasing
    error = (table["count"] * (table["confidence"] - table["accuracy"]).abs()).sum() / 501
    assert error == pytest.approx(calibration_error(p, right))


def test_coverage_table_ends_in_the_accuracy_of_all():
    rng = np.random.default_rng(2)
    p = rng.random(300)
    right = rng.random(300) < p
    documents = [f"d{i % 20}" for i in range(300)]
    judged = [Confidence("stance", "", True, p, right, documents), Confidence("frame", "", False, p, right, documents)]
    table = risk_coverage_table(judged, 50)
    assert set(table["of"]) == {"stance"}
    assert table["accuracy"].iloc[-1] == pytest.approx(right.mean())
    assert table["threshold"].is_monotonic_decreasing
    assert set(reliability_table(judged)["of"]) == {"stance", "frame labels"}


def test_weighted_alpha_is_that_of_the_library():
    rng = np.random.default_rng(3)
    first = rng.integers(0, 4, 200)
    second = np.where(rng.random(200) < 0.3, rng.integers(0, 4, 200), first)
    tables = np.zeros((5, 4, 4))
    for i, (a, b) in enumerate(zip(first, second, strict=True)):
        tables[i % 5, a, b] += 1
    assert alphas(tables, np.ones((1, 5)))[0] == pytest.approx(alpha(first, second))
    doubled = np.concatenate([np.arange(200), np.flatnonzero(np.arange(200) % 5 == 2)])
    assert alphas(tables, np.array([[1, 1, 2, 1, 1.0]]))[0] == pytest.approx(alpha(first[doubled], second[doubled]))


def test_distance_is_what_the_model_lacks_to_a_coder():
    truth = invented(400, 13, documents=30)
    first, second = spoiled(truth, 0.1, 14), spoiled(truth, 0.1, 15)
    pairs = list(zip(first, second, strict=True))
    poor = distance_to_coders(truth, spoiled(truth, 0.6, 16), pairs, CODEBOOK, 300)
    assert (poor["low"] > 0).all()
    as_good = distance_to_coders(truth, spoiled(truth, 0.1, 17), pairs, CODEBOOK, 300)
    assert (as_good["low"] < 0.05).all()
    with pytest.raises(stance.StanceError, match="coded by two coders"):
        distance_to_coders(truth, truth, [], CODEBOOK)


def test_confusions_are_ranked_by_cost():
    rows = [("red_line", "agreement")] * 2 + [("commitment", "neutral")] * 10 + [("demand", "demand")] * 5
    errors = pd.DataFrame(rows, columns=["stance", "stance_given"])
    errors = errors.assign(
        doc_id="d", holder="us", holder_given="china", issue_main="taiwan", issue_main_given="taiwan"
    )
    errors = errors.assign(p_stance=0.5, p_holder=0.5)
    table = costly_confusions(errors, CODEBOOK)
    stances = table[table["dimension"] == "stance"]
    assert stances["cost"].tolist() == pytest.approx([4.0, 10 * SAME_PLACE])
    assert stances["share"].tolist() == [1, 1]
    assert table[table["dimension"] == "holder"]["cost"].tolist() == [34]
    assert "issue" not in set(table["dimension"])


def examples(n: int, seed: int) -> list[Example]:
    """Sentences whose words tell their labels."""
    made = []
    for i, a in enumerate(invented(n, seed)):
        source = ("us", "china")[i % 2]
        document = stance.Document(a.doc_id, "", source, date="2027-05-01", kind="readout:us_china")
        words = f"{a.stance} then {a.issue[0]} by {a.holder} as {a.frame[0]}".replace("_", "")
        made.append(Example(document, a, words, f"source: {source}"))
    return made


def test_calibration_tells_the_side_on_which_the_model_is_too_sure():
    """Right as often as it says on one side, twenty points less often on the other."""
    rng = np.random.default_rng(3)
    p = rng.uniform(0.5, 1.0, 4000)
    us = np.arange(4000) % 2 == 0
    right = rng.random(4000) < np.where(us, p - 0.2, p)
    judged = [Confidence("stance", "", True, p, right, [f"d{i % 50}" for i in range(4000)])]
    table = calibration_table(judged, np.where(us, "us", "china").tolist(), 50).set_index("source")
    assert table["sentences"].to_dict() == {"all": 4000, "china": 2000, "us": 2000}
    assert table.loc["us", "gap"] == pytest.approx(0.2, abs=0.03)
    assert table.loc["us", "low"] > 0.15
    assert table.loc["china", "low"] < 0 < table.loc["china", "high"]
    assert table.loc["us", "calibration_error"] > 5 * table.loc["us", "by_chance"]
    assert table.loc["china", "calibration_error"] == pytest.approx(table.loc["china", "by_chance"], abs=0.015)


def test_strata_name_side_year_kind_and_length():
    annotations = invented(40, 20)
    coded = dict(enumerate(annotations))
    parts = [{i: a for i, a in coded.items() if i % 2 == odd} for odd in (0, 1)]
    sentences = tuple(Sentence(i, 0, 0, f"{a.stance} sentence", 0) for i, a in coded.items())
    about = {"date": "2027-05-01", "kind": "readout:us_china"}
    documents = [stance.Document(side, "", side, **about) for side in ("us", "china")]
    joined = [AnnotatedDocument(d, sentences, part) for d, part in zip(documents, parts, strict=True)]
    strata = strata_of(joined)
    assert tuple(strata.columns) == OFFERED  # by the command, which does not import pandas to say so
    assert set(strata["source"]) == {"us", "china"}
    assert strata.iloc[0].tolist() == ["us", "2027", "readout", "1-10 words"]
    truth = annotations_of(joined)
    table = break_down(truth, truth, CODEBOOK, strata, 20)
    assert (table[table["metric"] == "accuracy"]["estimate"] == 1).all()
    assert table[(table["by"] == "source") & (table["metric"] == "main_accuracy")]["sentences"].sum() == 40


def test_baselines_learn_what_can_be_learnt(monkeypatch):
    asked = []

    def bag(texts, encoder="minilm-l6", *, half=False):
        """Stands for an encoder: which words a text holds, as a vector of length one."""
        asked.append((encoder, half))
        words = sorted({*CODEBOOK["stance"].keys, *CODEBOOK["issue"].keys, *CODEBOOK["holder"].keys})
        rows = np.array(
            [[w.replace("_", "") in t.lower().replace("_", "").split() for w in words] for t in texts], float
        )
        return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1)

    monkeypatch.setattr("stance.classifier.baselines.embed", bag)
    parts = examples(400, 30), examples(100, 31), examples(100, 32)
    names = [name for name in BASELINES if name != "setfit"]  # tests/test_training.py
    found = predict_with_baselines(parts, CODEBOOK, names)
    assert list(found) == names
    assert set(asked) == {("minilm-l6", False), ("mpnet-base", True)}
    truth = [e.annotation for e in parts[2]]
    accuracy = {k: tally(truth, v, CODEBOOK).figures()["stance_accuracy"][0] for k, v in found.items()}
    assert accuracy["tfidf-regression"] > 0.95
    assert accuracy["embedding-regression"] > 0.95
    assert accuracy["embedding-regression-mpnet"] > 0.95
    assert accuracy["majority"] < 0.45
    assert len({a.stance for a in found["majority"]}) == 1
    assert all(a.span == t.span and a.sha256 == t.sha256 for a, t in zip(found["majority"], truth, strict=True))
    assert majority(parts, CODEBOOK)[1].shape == nearest_description(parts, CODEBOOK)[1].shape == (100, 44)


def test_evaluate_writes_tables_figures_and_comparisons(tmp_path, summit, model, caplog):
    """The model judged by its own labels is right everywhere; another system that is spoiled is not."""
    gold, lines = tmp_path / "gold.jsonl", []
    labels = []
    for r in summit.itertuples():
        place = {"doc_id": r.doc_id, "sent_id": r.sent_id, "start": r.start, "end": r.end, "text": r.text}
        row = {**place, "issue": list(r.issue), "stance": r.stance, "holder": r.holder, "frame": list(r.frame)}
        lines.append(json.dumps(row))
        labels.append(Annotation(r.doc_id, r.sent_id, r.start, r.end, ("none",), "neutral", "us", ()))
    gold.write_text("\n".join(lines), encoding="utf-8")
    (tmp_path / "raw").mkdir()
    for coder in ("anna", "bela"):
        coded = [
            replace(a, coder=coder, stance="demand" if coder == "anna" and i == 0 else a.stance)
            for i, a in enumerate(labels)
        ]
        write_annotations(coded, tmp_path / "raw" / f"{coder}.jsonl")
    write_annotations(labels, tmp_path / "flat.jsonl")
    write_annotations(labels, tmp_path / "unrecorded.jsonl")
    write_fitting(tmp_path, ["flat"], {"annotations_sha256": "12345e67"})
    out = tmp_path / "out"
    command = ["evaluate", str(gold), "--documents", "examples/summit", "--by", "source", "-o", str(out)]
    command += ["--raw", str(tmp_path / "raw"), "--against", str(tmp_path / "unrecorded.jsonl")]
    command += ["--against", str(tmp_path / "flat.jsonl")]
    done = CliRunner().invoke(main, command, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    figures = pd.read_csv(out / "figures.csv").set_index(["dimension", "metric"])["estimate"]
    right = {k: figures[k] for k in figures.index if k[1].endswith(("accuracy", "f1"))}
    assert {dimension for dimension, _ in right} == {"issue", "stance", "holder", "frame"}
    assert right == dict.fromkeys(right, 1)
    comparison = pd.read_csv(out / "comparison.csv").set_index(["system", "dimension", "metric"])
    assert comparison.loc[("flat", "stance", "accuracy"), "estimate"] < 1
    assert "flat was fitted on other annotations (12345e67) than the model" in caplog.text
    assert "unrecorded was" not in caplog.text
    own = digest_of_model(model.folder)
    fitted = f"Hash of the annotations fitted on: model `{own}`; unrecorded not recorded; flat `12345e67`."
    assert fitted in comparison_block(out)
    assert (out / "coders.csv").is_file()
    for name in ("reliability.svg", "risk_coverage.svg"):
        assert (out / name).read_text(encoding="utf-8").startswith("<svg")
    assert "coders" in done.output
    less = CliRunner().invoke(main, [*command[:4], "--leave-out", "*us", "--json"], catch_exceptions=False)
    assert {row["documents"] for row in json.loads(less.output)} == {1}
    wrong = CliRunner().invoke(main, [*command[:4], "--leave-out", "uk*"])
    assert wrong.exit_code == 2
    assert "--leave-out uk*: fits the doc_id of no document" in wrong.output
    wrong = CliRunner().invoke(main, [*command[:-1], str(tmp_path / "raw" / "anna.jsonl") + "x"])
    assert wrong.exit_code == 2


def test_pages_are_filled_between_their_marks(tmp_path):
    place = tmp_path / "evaluation" / "test"
    place.mkdir(parents=True)
    columns = {"dimension": ["stance"], "true": ["demand"], "given": ["neutral"], "count": [3], "documents": [2]}
    pd.DataFrame({**columns, "largest": [2], "share": [0.5], "cost": [1.2], "probability": [0.6]}).to_csv(
        place / "confusions.csv"
    )
    page = "before\n<!-- confusions test:start -->\nstale\n<!-- confusions test:end -->\nafter\n"
    assert "<!-- confusions test:start -->\nWeights: not recorded.\n\n|" in filled(page, tmp_path, "page.md")
    pd.DataFrame({"model": ["small@1a2b"] * 2}).to_csv(place / "figures.csv", index=False)
    text = filled(page, tmp_path, "page.md")
    assert "<!-- confusions test:start -->\nWeights: `small@1a2b`.\n\n|" in text
    assert "| 1 | demand | neutral | 3 | 2 | 2 | 50% | 1.2 | 0.60 |" in text
    assert "stale" not in text
    assert text.startswith("before") and text.endswith("after\n")
    assert filled(text, tmp_path, "page.md") == text
    for content, said in (
        ("no marks", "page.md: has no"),
        ("<!-- wishes test:start -->\n<!-- wishes test:end -->", "no figures are called 'wishes'"),
        ("<!-- coders test:start -->\n<!-- coders test:end -->", "coders.csv is missing"),
    ):
        with pytest.raises(stance.StanceError, match=said):
            filled(content, tmp_path, "page.md")
    assert markdown_table(["a"], [[1]]) == "| a |\n| --- |\n| 1 |"


def test_baselines_label_what_the_recipe_does_not_train_on(tmp_path):
    """A recipe with a document of each split, and one for training in a language that is passed over."""
    text = "We oppose the tariffs. We welcome the talks."
    documents, lines = [], []
    for doc_id in ("a", "b", "c", "d"):
        lang = "zh" if doc_id == "d" else "en"
        documents.append(json.dumps({"doc_id": doc_id, "text": text, "source": "us", "lang": lang}))
        for i, (start, end, key) in enumerate(((0, 22, "opposition"), (23, 44, "agreement"))):
            labels = {"issue": ["trade_economy"], "stance": key, "holder": "us", "frame": []}
            place = {"doc_id": doc_id, "sent_id": i, "start": start, "end": end, "text": text[start:end]}
            lines.append(json.dumps({**place, **labels}))
    (tmp_path / "documents.jsonl").write_text("\n".join(documents))
    (tmp_path / "gold.jsonl").write_text("\n".join(lines))
    (tmp_path / "splits.csv").write_text("doc_id,split\na,train\nb,validation\nc,test\nd,train\n")
    book = str(resource_path("configs/codebook.yaml"))
    data = {"codebook": book, "annotations": ["gold.jsonl"], "splits": "splits.csv"}
    (tmp_path / "r.yaml").write_text(yaml.safe_dump({"name": "r", "encoder": "minilm-l6", "data": data}))
    command = ["baselines", str(tmp_path / "r.yaml"), str(tmp_path / "gold.jsonl"), "-o", str(tmp_path / "out")]
    done = CliRunner().invoke(main, [*command, "--name", "majority"], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    labels = read_annotations(tmp_path / "out" / "majority.jsonl", CODEBOOK)
    assert [(a.doc_id, a.issue) for a in labels] == [("c", ("trade_economy",))] * 2
    corpus = load_corpus(
        load_recipe(tmp_path / "r.yaml"), stance.read_documents(tmp_path / "documents.jsonl"), CODEBOOK
    )
    assert digest_of_labels(tmp_path / "out" / "majority.jsonl") == corpus.digest
    assert digest_of_labels(tmp_path / "out" / "other.jsonl") == ""
    record = json.loads((tmp_path / "out" / "manifest.json").read_text())
    assert record["majority"] == {"annotations_sha256": corpus.digest, "train_sentences": 2, "validation_sentences": 2}
    refused = CliRunner().invoke(main, [*command, "--name", "oracle"])
    assert refused.exit_code == 2
    assert "no such baseline" in refused.output


def test_a_card_claims_nothing_of_a_model_that_is_not_known(tmp_path, model):
    """The card of a shipped model, and that of the same files with a recipe of somebody else's."""
    folder = tmp_path / "own"
    shutil.copytree(model.folder, folder)
    shipped = model_card(folder)
    assert "license: apache-2.0" in shipped and "White House" in shipped and "verified by SHA-256" in shipped
    encoder = yaml.safe_load(resource_path("configs/encoders.yaml").read_text(encoding="utf-8"))["minilm-l6"]
    for fact in (
        *encoder["packages"],
        encoder["sha256"]["model.safetensors"],
        "MiniLM-L6-H384-uncased",
        "redistributed",
    ):
        assert fact in shipped
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    manifest["recipe"]["encoder"] = "somebody/encoder"
    manifest["recipe"]["data"] |= {"annotations": ["mine.jsonl"], "written": [], "languages": ["fr", "de"]}
    (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    card = model_card(folder)
    head = yaml.safe_load(card.split("---")[1])
    assert head["language"] == ["fr", "de"]
    assert "license" not in head
    assert "- Encoder: somebody/encoder.\n" in card
    assert "these languages alone: fr, de." in card
    for claim in ("licence", "SHA-256", "White House", "language model", "Chinese", "never trained on", "diplomacy"):
        assert claim not in card


def test_a_card_names_the_release_that_training_went_on_from(tmp_path, model):
    """The released model the predecessor, then a checkpoint of somebody else's."""
    folder = tmp_path / "own"
    shutil.copytree(model.folder, folder)
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    about = {"encoder": "minilm-l6", "windows": False, "train_sentences": 19503, "annotations_sha256": "66eb"}
    manifest |= {
        "predecessor": {"name": "readout-small@77c7", **about, "seconds": 4490, "machine": "x86_64, 4 threads"}
    }
    manifest |= {"teachers": [], "seconds": 1860, "machine": "x86_64, 2 threads"}
    manifest["recipe"] |= {"starts_from": "../models/readout-small", "distillation": {}}
    (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    card = " ".join(model_card(folder).split())
    assert "Goes on from an earlier training, `readout-small@77c7`, trained on 19503 sentences (annotations" in card
    assert "`66eb`) for 74 minutes on x86_64, 4 threads." in card
    assert "- Trained in this stage on" in card and "This stage of training took 31 minutes" in card
    assert "license: apache-2.0" in card and "Begins with the weights" not in card
    assert "0.06 kWh by estimate" in card and "(31 × 2 + 74 × 4) × 10 W" in card
    manifest["recipe"]["starts_from"] = "../../theirs/readout-small"
    (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    card = model_card(folder)
    assert "Goes on from an earlier checkpoint" in card
    assert "license: apache-2.0" not in card and "White House" not in card and "never trained on" not in card


def test_a_card_estimates_energy_only_where_the_cores_are_known():
    stage = {"seconds": 3600, "machine": "x86_64, 2 threads"}
    teacher = {"name": "t", "seconds": 1800, "machine": "x86_64, 8 threads"}
    assert "0.02 kWh by estimate, for this training:\n  minutes × cores (60 × 2)" in energy_item(stage)
    twice = energy_item(stage | {"teachers": [teacher, teacher], "predecessor": None})
    assert "0.06 kWh" in twice and "(60 × 2 + 30 × 8)" in twice and "not measured" in twice
    assert "kWh" not in energy_item(stage | {"teachers": [teacher | {"machine": "x86_64"}]})


def test_a_card_names_the_context_that_the_model_is_shown():
    assert "begins with title, source, speaker;" in input_line(DocumentWindow())
    assert "windows of up to 99 tokens of a document;" in input_line(DocumentWindow(99, title=False, source=False))
    assert "context (title, opening of the paragraph), 99" in input_line(ContextWindow(0, source=False, max_length=99))
    assert "the sentence alone, up to 160" in input_line(ContextWindow(0, title=False, source=False, opening=False))


def test_gold_with_its_own_text_may_be_in_any_order_and_keeps_what_it_says_of_its_document(tmp_path):
    labels = {"doc_id": "d", "issue": ["taiwan"], "stance": "demand", "holder": "us", "frame": [], "source": "us"}
    texts = ("The island came first.", "The strait came second.")
    rows = [{**labels, "sent_id": i, "start": 40 * i, "end": 40 * i + len(t), "text": t} for i, t in enumerate(texts)]
    gold = tmp_path / "gold.jsonl"
    gold.write_text("\n".join(json.dumps(row) for row in reversed(rows)))
    joined = join_gold(gold, (), CODEBOOK, lambda _: True)
    assert [len(d.annotations) for d in joined.documents] == [2]
    assert joined.documents[0].document.source == "us"


def test_documents_beside_the_gold_add_to_those_given(tmp_path):
    for name, ids in (("given", "a"), ("other_documents", "ab")):
        lines = [json.dumps({"doc_id": i, "text": f"The island in {name}."}) for i in ids]
        (tmp_path / f"{name}.jsonl").write_text("\n".join(lines))
    found = documents_of([tmp_path / "gold.jsonl"], [str(tmp_path / "given.jsonl")], {"a", "b"})
    assert {d.doc_id: d.text for d in found} == {"a": "The island in given.", "b": "The island in other_documents."}


def test_options_of_models_that_mean_nothing_together_are_refused(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("x")
    alone = CliRunner().invoke(main, ["models", "--page", str(page)])
    both = CliRunner().invoke(main, ["models", "--card", "readout-small", "--folder", "readout-small"])
    assert (alone.exit_code, both.exit_code) == (2, 2)
    assert "Give --card" in alone.output and "Give one of them" in both.output
