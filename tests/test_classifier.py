"""The classifier: its checkpoint form, tokenization, decisions, calibration, and training with another codebook."""

import json
from pathlib import Path

import numpy as np
import pytest
import yaml
from scipy.special import softmax

import stance
from stance.annotation.standoff import Annotation
from stance.classifier.calibrate import fit_calibration
from stance.classifier.decision import Calibration, ScoringSettings, decide_any, decide_issues, probabilities
from stance.classifier.metrics import calibration_error, grouped_bootstrap, macro_f1, micro_f1
from stance.classifier.predict import FILES, Model, find_model
from stance.classifier.recipe import load_recipe
from stance.classifier.tokenization import encode_pairs
from stance.codebook import load_codebook
from tests.conftest import ROOT

PAIRS = [
    ("We oppose any change of the status quo by force.", "They met. | A Readout | source: us"),
    ("The two sides agreed to meet again in the spring, and to keep the hotline between the ministries open.", ""),
    ("He asked China to release the detained.", "speaker: SECRETARY ALDEN"),
]


def test_shipped_checkpoint_loads_in_transformers_without_remote_code(model):
    from transformers import AutoModelForSequenceClassification, pipeline

    checkpoint = AutoModelForSequenceClassification.from_pretrained(model.folder)
    names = [checkpoint.config.id2label[i] for i in range(checkpoint.config.num_labels)]
    assert names == model.codebook.outputs
    classify = pipeline("text-classification", model=str(model.folder), top_k=None)
    [rows] = classify(["We firmly oppose arms sales to Taiwan."])
    given = {row["label"]: row["score"] for row in rows}
    assert set(given) == set(names)
    issues = {k: v for k, v in given.items() if k.startswith("issue:")}
    assert max(issues, key=issues.get) == "issue:taiwan"


@pytest.mark.parametrize(
    ("engine", "precision", "most"), [("onnxruntime", None, 5e-3), ("openvino", "f32", 5e-3), ("openvino", "bf16", 0.1)]
)
def test_graph_gives_the_logits_of_the_checkpoint(model, engine, precision, most):
    """In single precision almost to the digit; in bfloat16, with its eight bits, within a tenth of a logit."""
    import torch
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(model.folder)
    checkpoint = AutoModelForSequenceClassification.from_pretrained(model.folder, dtype=torch.float32).eval()
    given = Model(model.folder, engine=engine, precision=precision).predict(PAIRS).values
    for row, (sentence, context) in enumerate(PAIRS):
        inputs = tokenizer(sentence, context or None, return_tensors="pt")
        with torch.inference_mode():
            expected = checkpoint(**inputs).logits.numpy()[0]
        assert np.abs(given[row] - expected).max() < most


def test_a_batch_gives_what_single_sentences_give(model):
    together = model.predict(PAIRS).values
    alone = np.concatenate([model.predict([p], batch_size=1).values for p in PAIRS])
    assert np.abs(together - alone).max() < 1e-3


def test_long_input_keeps_the_sentence_and_the_end_of_the_context(model):
    tokenizer = model._tokenizer
    [(encoding, cut)] = encode_pairs(tokenizer, [("Short sentence.", "far " * 300 + "near")], 64)
    assert len(encoding) == 64
    assert not cut
    assert tokenizer.decode(encoding.ids).endswith("near")
    [(encoding, cut)] = encode_pairs(tokenizer, [("word " * 300, "context")], 64)
    assert cut
    assert len(encoding) == 64
    assert model.predict([("word " * 999, "")]).truncated.tolist() == [True]


def test_identity_changes_with_the_settings(model, tmp_path):
    copy = tmp_path / model.folder.name
    copy.mkdir()
    for name in FILES:
        (copy / name).symlink_to(model.folder / name)
    same = Model(copy)
    assert same.identity == model.identity
    settings = json.loads((copy / "scoring.json").read_text())
    settings["calibration"]["issue"]["threshold"] = 0.77
    (copy / "scoring.json").unlink()
    (copy / "scoring.json").write_text(json.dumps(settings))
    assert Model(copy).identity != model.identity


def test_an_incomplete_model_is_refused_by_name(tmp_path):
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(stance.StanceError, match=r"lacks model\.onnx, model\.safetensors"):
        find_model(tmp_path)
    with pytest.raises(stance.StanceError, match="Shipped models: readout-small"):
        find_model("readout-huge")


def test_scores_are_probabilities_and_agree_with_the_labels(summit, model):
    for row in summit.itertuples():
        stances = {k: v for k, v in row.probs.items() if k.startswith("stance:")}
        assert sum(stances.values()) == pytest.approx(1, abs=1e-3)
        assert max(stances, key=stances.get) == f"stance:{row.stance}"
        assert stances[f"stance:{row.stance}"] == pytest.approx(row.p_stance, abs=1e-4)
        assert row.issue[0] == row.issue_main
    assert set(summit["model"]) == {model.identity}


def test_golden_labels_of_the_invented_summit(summit):
    """The shipped model's labels, sentence by sentence: a change of model, segmentation or decision shows here."""
    golden = json.loads((ROOT / "tests" / "golden" / "summit.json").read_text(encoding="utf-8"))
    given = [
        [r.doc_id, r.sent_id, r.start, r.end, ";".join(r.issue), r.stance, r.holder, ";".join(sorted(r.frame))]
        for r in summit.itertuples()
    ]
    assert given == golden


def test_issue_decision():
    dimension = load_codebook()["issue"]
    each, main = np.full(22, 0.1), np.full(22, 0.01)
    for key, p in {"taiwan": 0.9, "maritime": 0.6, "none": 0.55}.items():
        each[dimension.keys.index(key)] = p
        main[dimension.keys.index(key)] = p
    assert decide_issues(main, each, dimension, 0.5) == ["taiwan", "maritime"]
    assert decide_issues(main, each, dimension, 0.7) == ["taiwan"]
    main[dimension.keys.index("none")] = 0.95
    assert decide_issues(main, each, dimension, 0.5) == ["none"]
    main[:] = each[:] = 0.0
    assert len(decide_issues(main, each, dimension, 0.5)) == 1


def test_frame_decision_may_be_empty():
    dimension = load_codebook()["frame"]
    each = np.array([0.1, 0.2, 0.6, 0.7, 0, 0, 0, 0, 0])
    assert decide_any(each, dimension, 0.5) == ["sovereignty", "dialogue"]
    assert decide_any(each, dimension, 0.9) == []


def test_calibration_finds_the_temperature_of_overconfident_logits():
    codebook = load_codebook()
    rng = np.random.default_rng(0)
    n = 6000
    logits = np.zeros((n, len(codebook.outputs)), dtype=np.float32)
    labels = {}
    for d in codebook.dimensions:
        columns = codebook.columns(d.key)
        true = rng.normal(0, 2, (n, len(d.labels)))
        logits[:, columns] = true * 2.5  # overconfident by 2.5
        if d.exclusive:
            p = softmax(true, axis=1)
            labels[d.key] = [d.keys[rng.choice(len(d.keys), p=row)] for row in p]
    annotations = [Annotation("d", i, 0, 0, ("none",), labels["stance"][i], labels["holder"][i], ()) for i in range(n)]
    fitted = fit_calibration(logits, annotations, codebook)
    assert fitted["stance"].temperature == pytest.approx(2.5, rel=0.07)
    settings = ScoringSettings(calibration=fitted)
    p = probabilities(logits, codebook, settings)[:, codebook.columns("stance")]
    right = np.array([codebook["stance"].keys[k] for k in p.argmax(1)]) == np.array(labels["stance"])
    assert calibration_error(p.max(1), right) < 0.03
    raw = probabilities(logits, codebook, ScoringSettings())[:, codebook.columns("stance")]
    assert calibration_error(raw.max(1), right) > 0.1


def test_settings_survive_writing(tmp_path):
    settings = ScoringSettings(calibration={"issue": Calibration(1.2, 0.9, -0.1, 0.4)})
    settings.write(tmp_path)
    assert ScoringSettings.read(tmp_path) == settings


def test_f1_agrees_with_sklearn():
    from sklearn.metrics import f1_score

    rng = np.random.default_rng(0)
    truth, given = rng.random((80, 6)) < 0.3, rng.random((80, 6)) < 0.4
    assert macro_f1(truth, given) == pytest.approx(f1_score(truth, given, average="macro"))
    assert micro_f1(truth, given) == pytest.approx(f1_score(truth, given, average="micro"))


def test_bootstrap_resamples_whole_documents():
    values = np.repeat([0.0, 1.0], 50)
    groups = ["a"] * 50 + ["b"] * 50
    low, high = grouped_bootstrap(lambda i: float(values[i].mean()), groups, 200)
    assert (low, high) == (0.0, 1.0)
    assert np.isnan(grouped_bootstrap(lambda i: 1.0, ["a"] * 9, 10)).all()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("name: x", "needs at least a name and an encoder"),
        ("name: x\nencoder: y\ntraining: {epoch: 3}", "training.epoch"),
        ("name: [", "not valid YAML"),
    ],
)
def test_broken_recipes_are_named(tmp_path, text, said):
    (tmp_path / "r.yaml").write_text(text)
    with pytest.raises(stance.StanceError, match=said):
        load_recipe(tmp_path / "r.yaml")


@pytest.fixture
def toy(tmp_path, model):
    """Other labels under the same dimensions, a tiny encoder without pretraining, invented sentences."""
    from transformers import BertConfig, BertModel

    (tmp_path / "configs").mkdir()
    encoder = tmp_path / "encoder"
    size = json.loads((model.folder / "config.json").read_text())["vocab_size"]
    config = BertConfig(
        vocab_size=size,
        hidden_size=32,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=32,
        initializer_range=0.2,
    )
    BertModel(config).save_pretrained(encoder)
    for name in ("tokenizer.json", "tokenizer_config.json"):
        (encoder / name).write_text((model.folder / name).read_text(encoding="utf-8"), encoding="utf-8")
    dimension = {"arity": "one", "labels": {"warm": {"position": 1}, "cold": {"position": -1, "roles": ["difference"]}}}
    codebook = {
        "version": "toy",
        "dimensions": {
            "issue": {
                "arity": "one_or_more",
                "null_label": "nothing",
                "labels": {"fish": {}, "salt": {}, "nothing": {}},
            },
            "stance": dimension,
            "holder": {"arity": "one", "labels": {"north": {}, "south": {}}},
            "frame": {"arity": "any", "labels": {"law": {}}},
        },
    }
    (tmp_path / "configs" / "codebook.yaml").write_text(yaml.safe_dump(codebook, sort_keys=False))
    texts = ["North welcomes the fish talks.", "South rejects the salt law."] * 12
    documents, lines, splits = [], [], ["doc_id,split"]
    for number in range(4):
        text = " ".join(texts)
        document = stance.Document(f"d{number}", text, "other")
        documents.append(document)
        splits.append(f"d{number},{'validation' if number == 3 else 'train'}")
        for i, sentence in enumerate(stance.sentences.split_sentences(document)):
            warm = sentence.text.startswith("North")
            labels = {
                "issue": ["fish" if warm else "salt"], "stance": "warm" if warm else "cold",
                "holder": "north" if warm else "south", "frame": [] if warm else ["law"],
            }  # fmt: skip
            place = {"doc_id": f"d{number}", "sent_id": i, "start": sentence.start, "end": sentence.end}
            lines.append(json.dumps({**place, "text": sentence.text, **labels}))
    (tmp_path / "configs" / "a.jsonl").write_text("\n".join(lines))
    (tmp_path / "configs" / "splits.csv").write_text("\n".join(splits))
    recipe = {
        "encoder": str(encoder),
        "context": {"previous": 0, "opening": False, "max_length": 32},
        "data": {"codebook": "codebook.yaml", "annotations": ["a.jsonl"], "splits": "splits.csv"},
        "training": {"epochs": 20, "learning_rate": 0.005, "head_learning_rate": 0.01, "batch_size": 8, "patience": 20},
    }

    def write(name, **more):
        file = tmp_path / "configs" / f"{name}.yaml"
        file.write_text(yaml.safe_dump({**recipe, "name": name, **more}))
        return load_recipe(file)

    return write, documents


def test_another_codebook_trains_and_scores_without_a_change_of_code(toy):
    from stance.classifier.train import train

    write, documents = toy
    recipe = write("toy")
    folder = train(recipe, documents, recipe.folder)
    assert {f.name for f in Path(folder).iterdir()} >= {*FILES, "manifest.json"}
    table = stance.score(stance.Document("new", "North welcomes the fish talks. South rejects the salt law."), folder)
    assert table["stance"].tolist() == ["warm", "cold"]
    assert table["issue"].tolist() == [["fish"], ["salt"]]
    assert table["holder"].tolist() == ["north", "south"]
    assert set(table["codebook"]) == {"toy"}


def test_student_learns_from_a_teacher_alone(toy):
    """Only the teacher sees the labels of the coded sentences; the student gets its probabilities, and other text."""
    from stance.classifier.train import train

    write, documents = toy
    teacher = write("teacher", windows={"length": 40, "context": 10, "batch_tokens": 200})
    other = stance.Document(
        "free", " ".join(["South rejects the salt law.", "North welcomes the fish talks."] * 6), "us"
    )
    student = write("student", distillation={"teachers": ["teacher.yaml"], "weight": 1.0, "unlabelled": 5})
    folder = train(student, [*documents, other], student.folder)
    assert (teacher.folder / "manifest.json").is_file(), "one command trains the teacher, too"
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["soft_labelled_sentences"] == 12
    assert manifest["teachers"][0]["annotations_sha256"] == manifest["annotations_sha256"]
    table = stance.score(stance.Document("new", "North welcomes the fish talks. South rejects the salt law."), folder)
    assert table["stance"].tolist() == ["warm", "cold"]
    assert table["issue"].tolist() == [["fish"], ["salt"]]
    codebook = teacher.folder / "codebook.yaml"
    codebook.write_text(codebook.read_text().replace("salt", "pepper"))
    with pytest.raises(stance.StanceError, match="has other labels"):
        train(student, documents, student.folder)


def test_windows_hold_every_coded_sentence_once(model):
    from tokenizers import Tokenizer

    from stance.annotation.standoff import AnnotatedDocument
    from stance.classifier.document_windows import make_windows

    text = "\n\n".join(f"Sentence number {i} is about the talks. It is followed by another one." for i in range(30))
    document = stance.Document("d", text, "us", title="A Readout")
    sentences = tuple(stance.sentences.split_sentences(document))
    coded = {i: Annotation("d", i, 0, 0, ("none",), "neutral", "us", ()) for i in range(5, 50)}
    tokenizer = Tokenizer.from_file(str(model.folder / "tokenizer.json"))
    windows = make_windows([AnnotatedDocument(document, sentences, coded)], tokenizer, (101, 102), 80, 20)
    assert [r for w in windows for r in w.rows if r >= 0] == list(range(45))
    assert max(len(w.ids) for w in windows) <= 80
    for window in windows:
        for (start, end), row in zip(window.spans, window.rows, strict=True):
            if row >= 0:
                shown = tokenizer.decode(window.ids[start:end]).replace(" ", "").lower()
                assert shown == sentences[row + 5].text.replace(" ", "").lower()
