"""The classifier: its checkpoint form, tokenization, decisions, calibration, and training with another codebook."""

import json

import numpy as np
import pytest
from scipy.special import softmax

import stance
from stance.annotation.standoff import Annotation
from stance.classifier.calibrate import fit_calibration
from stance.classifier.decision import Calibration, ScoringSettings, decide_any, decide_issues, probabilities
from stance.classifier.encoders import cache_folder
from stance.classifier.metrics import calibration_error, grouped_bootstrap, micro_f1
from stance.classifier.network import SentenceClassifier
from stance.classifier.predict import BATCH_TOKENS, FILES, Model, find_model, gather, identity, make_batches
from stance.classifier.tokenization import STEP, Window, encode, encode_alone, encode_pairs, pad
from stance.codebook import load_codebook
from stance.documents import Document
from stance.model_input import ContextWindow, model_inputs
from stance.sentences import split_sentences
from tests.conftest import ROOT

TEXTS = [
    "We oppose any change of the status quo by force.",
    "The two sides agreed to meet again in the spring, and to keep the hotline between the ministries open.",
    "He asked China to release the detained.",
]


def alone(model: Model, texts: list[str]) -> np.ndarray:
    return model.run(encode_alone(model.tokenizer, texts, model.settings.reading)).values


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


def test_larger_model_is_reconstructed_and_loads_in_transformers():
    """Only where its public encoder, of 440 MB, is in the cache: the suite downloads none."""
    from transformers import pipeline

    if not (cache_folder() / "encoders" / "mpnet-base" / "model.safetensors").is_file():
        pytest.skip("the encoder mpnet-base is not in the cache: stance models --folder readout-base")
    larger = Model("readout-base")
    assert larger.identity == identity(ROOT / "models" / "readout-base")
    classify = pipeline("text-classification", model=str(larger.folder), top_k=None)
    [rows] = classify(["We firmly oppose arms sales to Taiwan."])
    given = {row["label"]: row["score"] for row in rows}
    assert list(larger.codebook.outputs) == [classify.model.config.id2label[i] for i in range(len(given))]
    stances = {k: v for k, v in given.items() if k.startswith("stance:")}
    assert max(stances, key=stances.get) == "stance:opposition"
    inputs = classify.tokenizer(TEXTS[0], return_tensors="pt")
    expected = classify.model(**inputs).logits.detach().numpy()[0]
    assert np.abs(alone(Model("readout-base", precision="f32"), TEXTS[:1])[0] - expected).max() < 5e-3


@pytest.mark.parametrize(("name", "value"), [("engine", "openvimo"), ("precision", "bf61")])
def test_engines_and_precisions_that_there_are_not_are_refused(model, name, value):
    with pytest.raises(stance.StanceError, match=f"'{value}': there is no such {name}. Give one of"):
        Model(model.folder, **{name: value})


@pytest.mark.parametrize(
    ("engine", "precision", "most"), [("onnxruntime", None, 5e-3), ("openvino", "f32", 5e-3), ("openvino", "bf16", 0.1)]
)
def test_graph_gives_the_logits_of_the_checkpoint(model, engine, precision, most):
    """In single precision almost to the digit; in bfloat16, with its eight bits, within a tenth of a logit."""
    import torch
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(model.folder)
    checkpoint = AutoModelForSequenceClassification.from_pretrained(model.folder, dtype=torch.float32).eval()
    scorer = Model(model.folder, engine=engine, precision=precision)
    for text, given in zip(TEXTS, alone(scorer, TEXTS), strict=True):
        with torch.inference_mode():
            expected = checkpoint(**tokenizer(text, return_tensors="pt")).logits.numpy()[0]
        assert np.abs(given - expected).max() < most
    document = Document("a", " ".join(TEXTS), "us", title="A Readout")
    item = (document, split_sentences(document), range(3))
    windows = encode(scorer.tokenizer, [item], scorer.settings.reading).windows
    with torch.inference_mode():
        logits = SentenceClassifier(checkpoint)(**{k: torch.from_numpy(v) for k, v in pad(windows, 0).items()}).numpy()
    expected = gather(windows, [list(range(len(windows)))], [logits])
    assert np.abs(scorer.predict([item]).values - expected).max() < most


def test_a_batch_gives_what_single_sentences_give(model):
    together = alone(model, TEXTS)
    one_by_one = np.concatenate([alone(model, [t]) for t in TEXTS])
    assert np.abs(together - one_by_one).max() < 1e-3


def test_texts_are_tokenized_once_and_read_as_the_joined_strings(model):
    text = (
        "We met \u200b| spoke.\n\n\u200b\u200b\n\n" + "A U.S. pier\u00adhead is “ours”. " * 40 + "long " * 300 + "end."
    )
    document = Document("a", f"{text}\n\nMR. LI:  We spoke.\n\nMS. DOE: Yes?\n\nMR. LI: We met.", "us", title="Of | it")
    sentences, reading = split_sentences(document), model.settings.reading
    pairs = model_inputs(document, sentences, reading)
    expected = [e for e, _ in encode_pairs(model.tokenizer, pairs, reading.max_length)]
    asked = []

    class Watched:
        def __getattr__(self, name):
            return getattr(model.tokenizer, name)

        def encode_batch(self, texts, **options):
            asked.extend(texts)
            return model.tokenizer.encode_batch(texts, **options)

    item = (document, sentences, range(len(sentences)))
    windows = encode(Watched(), [item], reading).windows
    assert [w.ids.tolist() for w in windows] == [e.ids for e in expected]
    assert [w.types.tolist() for w in windows] == [e.type_ids for e in expected]
    assert len(asked) == len(set(asked)) and max(len(w.ids) for w in windows) == reading.max_length


def test_a_tokenizer_that_may_join_words_is_given_whole_contexts():
    from tokenizers import Tokenizer, models, pre_tokenizers

    tokenizer = Tokenizer(models.BPE({"a": 0, "b": 1, "|": 2, "Ġ": 3, "Ġ|": 4}, [("Ġ", "|")]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    document = Document("a", "a\n\nb", title="b")
    sentences, reading = split_sentences(document), ContextWindow(previous=1, source=False, max_length=99)
    *_, last = encode(tokenizer, [(document, sentences, range(2))], reading).windows
    assert last.ids.tolist() == [1, 0, 4, 3, 1]  # b, then «a | b»


def test_batches_have_few_shapes(model):
    chance, shapes = np.random.default_rng(1), set()
    for number in [1, 2, 3, 5, 40, 125, 1024, *chance.integers(1, 3000, 60)]:
        lengths = np.clip(chance.lognormal(4.2, 0.5, number).astype(int), 3, 144)
        windows = [Window(np.ones(n, np.int32), np.zeros(n, np.int32), [(0, 1)]) for n in lengths]
        batches = list(make_batches(windows))
        assert sorted({i for batch in batches for i in batch}) == list(range(number))
        assert sum(len(set(batch)) for batch in batches) == number
        assert all(2 * len(set(batch)) > len(batch) for batch in batches)
        shapes |= {pad([windows[i] for i in batch], 0)["input_ids"].shape for batch in batches}
    assert all(tokens % STEP == 0 and rows * tokens <= BATCH_TOKENS for rows, tokens in shapes)
    assert all(rows in (BATCH_TOKENS // tokens, 1 << rows.bit_length() - 1) for rows, tokens in shapes)


def test_long_input_keeps_the_sentence_and_the_end_of_the_context(model):
    tokenizer = model.tokenizer
    [(encoding, cut)] = encode_pairs(tokenizer, [("Short sentence.", "far " * 300 + "near")], 64)
    assert len(encoding) == 64
    assert not cut
    assert tokenizer.decode(encoding.ids).endswith("near")
    [(encoding, cut)] = encode_pairs(tokenizer, [("word " * 300, "context")], 64)
    assert cut
    assert len(encoding) == 64
    document = Document("a", "word " * 998 + "end.", "us")
    assert model.predict([(document, split_sentences(document), [0])]).truncated.tolist() == [True]


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
    with pytest.raises(stance.StanceError, match="Shipped models: readout-base, readout-small"):
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
    assert micro_f1(truth, given) == pytest.approx(f1_score(truth, given, average="micro"))


def test_bootstrap_resamples_whole_documents():
    values = np.repeat([0.0, 0.0, 0.0, 1.0, 1.0, 1.0], 50)
    documents, sentences = [str(i // 50) for i in range(300)], [str(i) for i in range(300)]
    wide, narrow = (
        np.diff(grouped_bootstrap(lambda i: float(values[i].mean()), groups, 200)) for groups in (documents, sentences)
    )
    assert wide > 0.7 and narrow < 0.15
    assert np.isnan(grouped_bootstrap(lambda i: float(values[i].mean()), documents[:200], 10)).all()  # four of them
