"""Training: recipes, another codebook, and a pupil that learns from a teacher; all on a toy encoder."""

import json
import shutil
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import yaml
from click.testing import CliRunner

import stance
from stance.annotation.standoff import Annotation, annotations_of
from stance.classifier.calibrate import calibrate_model
from stance.classifier.decision import ScoringSettings
from stance.classifier.delta import DELTA
from stance.classifier.predict import FILES, Model, identity
from stance.classifier.recipe import load_recipe
from stance.cli import main
from stance.codebook import load_codebook
from stance.sentences import split_sentences
from tests.conftest import ROOT


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("name: x", "needs at least a name and an encoder"),
        ("name: x\nencoder: y\ntraining: {epoch: 3}", "training.epoch"),
        ("name: [", "not valid YAML"),
        ("name: café\nencoder: y", "not UTF-8 text"),
        ("name: x\nencoder: y\ndistillation: {teachers: t.yaml}", "is a list"),
        ("name: x\nencoder: y\nwindows: {length: long}", r"windows\.length is 'long'.* a whole number"),
        ("name: x\nencoder: y\ndelta_bits: 16", "delta_bits is 16"),
        ("name: 2027\nencoder: y", r"r\.yaml: name is 2027, and has to be text; put it in quotes"),
        ("name: x\nencoder: y\ndata: {annotations: a.jsonl}", r"data\.annotations is a list. Write \[a.jsonl\]"),
        ("name: x\nencoder: y\ndata: {languages: en}", r"data\.languages is a list. Write \[en\]"),
        ("name: x\nencoder: y\ndata: {languages: [en, 1]}", r"data\.languages is 1, and has to be text"),
        ("name: x\nencoder: y\ndata: {splits: }", r"data\.splits has no value"),
        ("name: x\nencoder: y\ntraining: {learning_rate: fast}", r"training\.learning_rate is 'fast'.* a number"),
        ("name: x\nencoder: y\ntraining: {learning_rate: [1]}", r"learning_rate is \[1\].* a number"),
        ("name: x\nencoder: y\ntraining: {learning_rate: .nan}", "learning_rate is nan"),
        ("name: x\nencoder: y\ntraining: {epochs: 2.5}", r"training\.epochs is 2\.5.* a whole number"),
        ("name: x\nencoder: y\ntraining: {seed: true}", r"training\.seed is True.* a whole number"),
        ("name: x\nencoder: y\ntraining: {bf16: 1}", r"training\.bf16 is 1.* true or false"),
        ("name: x\nencoder: y\ntraining: {loss_weights: 1}", r"training\.loss_weights is 1"),
        ("name: x\nencoder: y\ntraining: {loss_weights: {main: x}}", r"loss_weights\.main is 'x'.* a number"),
        ("name: x\nencoder: y\ncontext: {title: 'no'}", r"context\.title is 'no'"),
    ],
)
def test_broken_recipes_are_named(tmp_path, text, said):
    (tmp_path / "r.yaml").write_text(text, encoding="latin-1")
    with pytest.raises(stance.StanceError, match=said):
        load_recipe(tmp_path / "r.yaml")


def test_values_of_recipes_get_the_types_of_their_fields(tmp_path):
    text = "{learning_rate: 1e-4, warmup: 0, loss_weights: {main: 1, stance: 2e0}}"
    (tmp_path / "r.yaml").write_text(f"name: x\nencoder: y\ndata: {{languages: [en, zh]}}\ntraining: {text}")
    recipe = load_recipe(tmp_path / "r.yaml")
    assert recipe.training.learning_rate == 1e-4
    assert recipe.training.warmup == 0
    assert recipe.training.loss_weights == {"main": 1, "stance": 2.0}
    assert recipe.data.languages == ("en", "zh")
    for file in sorted((ROOT / "configs").glob("readout-*.yaml")):
        assert load_recipe(file).name == file.stem


@pytest.fixture
def toy(tmp_path, model):
    """Other labels under the same dimensions, a tiny encoder without pretraining, invented sentences."""
    import torch
    from transformers import BertConfig, BertModel

    torch.manual_seed(0)
    (tmp_path / "configs").mkdir()
    encoder = tmp_path / "encoder"
    size = json.loads((model.folder / "config.json").read_text())["vocab_size"]
    config = BertConfig(
        vocab_size=size,
        hidden_size=64,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=64,
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
    _calibrates_anew(recipe, documents, Path(folder))


def _calibrates_anew(recipe, documents, folder):
    """`stance calibrate` gives what training gave, and a new model where annotations have changed."""
    fitted, name = ScoringSettings.read(folder), identity(folder)
    file = folder.with_name("documents.jsonl")
    file.write_text(
        "".join(json.dumps({"doc_id": d.doc_id, "text": d.text, "source": "other"}) + "\n" for d in documents)
    )
    replace(fitted, calibration={}).write(folder)
    run = CliRunner().invoke(main, ["calibrate", str(recipe.path), "--documents", str(file), "-o", str(folder)])
    assert run.exit_code == 0 and f"{folder}: calibrated. It is another model now" in run.output
    again = ScoringSettings.read(folder)
    assert again.reading == fitted.reading
    for key in ("issue", "stance", "holder", "frame"):
        assert again.of(key).temperature == pytest.approx(fitted.of(key).temperature, rel=0.05)
    assert json.loads((folder / "manifest.json").read_text())["calibrated_anew"]["validation_sentences"] == 24
    labels = recipe.resolve("a.jsonl")
    labels.write_text(labels.read_text().replace('"holder": "north"', '"holder": "south"'))
    CliRunner().invoke(main, ["calibrate", str(recipe.path), "--documents", str(file), "-o", str(folder)])
    assert identity(folder) != name
    missing = CliRunner().invoke(main, ["calibrate", str(recipe.path), "--documents", str(file), "-o", "nowhere"])
    assert missing.exit_code == 2 and "nowhere" in missing.stderr
    (folder / "manifest.json").unlink()
    untold = CliRunner().invoke(main, ["calibrate", str(recipe.path), "--documents", str(file), "-o", str(folder)])
    assert untold.exit_code == 2 and "manifest.json: cannot be read" in untold.stderr


WINDOWS = {"length": 40, "context": 10}


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    """What is kept of teachers and embeddings stays out of the user's folder."""
    monkeypatch.setenv("STANCE_CACHE", str(tmp_path / "cache"))


def test_student_learns_from_a_teacher_alone(toy):
    """The student's targets are the teacher's probabilities alone, of coded sentences and of others."""
    from stance.classifier.train import _is_trained, train

    write, documents = toy
    teacher = write("teacher", windows=WINDOWS)
    other = stance.Document(
        "free", " ".join(["South rejects the salt law.", "North welcomes the fish talks."] * 6), "us"
    )
    student = write("student", distillation={"teachers": ["teacher.yaml"], "weight": 1.0, "unlabelled": 5})
    with pytest.raises(stance.StanceError, match="has other labels") as refused:
        train(teacher, documents, teacher.folder)
        codebook = teacher.folder / "codebook.yaml"
        right = codebook.read_text()
        codebook.write_text(right.replace("salt", "pepper"))
        train(student, [*documents, other], student.folder)
    assert str(teacher.folder) in str(refused.value)
    shutil.rmtree(teacher.folder)
    folder = train(student, [*documents, other], student.folder)
    assert (teacher.folder / "manifest.json").is_file(), "one command trains the teacher, too"
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["soft_labelled_sentences"] == 12
    assert manifest["teachers"][0]["annotations_sha256"] == manifest["annotations_sha256"]
    assert manifest["teachers"][0]["model"] == identity(teacher.folder)
    table = stance.score(stance.Document("new", "North welcomes the fish talks. South rejects the salt law."), folder)
    assert table["stance"].tolist() == ["warm", "cold"]
    assert table["issue"].tolist() == [["fish"], ["salt"]]
    pupil = write("pupil", windows=WINDOWS, distillation={"teachers": ["student.yaml", "teacher.yaml"], "weight": 1.0})
    table = stance.score(
        stance.Document("new", "South rejects the salt law."), train(pupil, [*documents, other], pupil.folder)
    )
    assert table["stance"].tolist() == ["cold"], "teachers that read otherwise teach another together"
    labels = load_codebook(teacher.resolve("codebook.yaml"))
    assert _is_trained(teacher, documents, labels)
    assert _is_trained(student, documents, labels)
    other_recipe = write("teacher", windows={"length": 48, "context": 10})
    assert not _is_trained(other_recipe, documents, labels)
    assert not _is_trained(student, documents, labels), "its teacher is another now"
    shutil.move(teacher.folder, teacher.folder.with_name("away"))
    assert _is_trained(student, documents, labels), "a released model comes without its teacher"


def test_what_a_teacher_said_is_kept_by_model_and_by_what_it_read(tiny, monkeypatch):
    from stance.classifier.distillation import _logits

    asked = []
    run = Model.run
    monkeypatch.setattr(Model, "run", lambda self, encoded: asked.append(len(encoded.truncated)) or run(self, encoded))
    documents = [stance.Document(f"d{n}", f"We met {n} times. They left.", "us") for n in range(3)]
    items = [(d, sentences, range(len(sentences))) for d in documents if (sentences := split_sentences(d))]
    first = _logits(tiny, items[:2])
    assert np.allclose(first, tiny.predict(items[:2]).values, atol=1e-4)
    asked.clear()
    assert np.array_equal(_logits(tiny, items[:2]), first) and not asked
    assert np.array_equal(_logits(tiny, [items[2], items[0]])[2:], first[:2]) and asked == [2]
    other = (replace(documents[0], title="Another title"), items[0][1], range(2))
    assert _logits(tiny, [other]).shape == (2, first.shape[1]) and asked == [2, 2], "the title is read, too"


def test_without_a_teacher_nothing_is_learnt_of_uncoded_sentences(toy):
    from stance.classifier.train import train

    write, documents = toy
    recipe = write("alone", distillation={"unlabelled": 5}, training={"epochs": 1})
    folder = train(recipe, [*documents, stance.Document("free", "South rejects the salt law.", "us")], recipe.folder)
    assert json.loads((folder / "manifest.json").read_text())["soft_labelled_sentences"] == 0


def test_a_model_that_reads_windows_learns_what_only_a_neighbour_tells(toy):
    """Every other sentence says nothing itself, and has the labels of the one before it."""
    from dataclasses import replace

    from stance.classifier.evaluate import label_documents
    from stance.classifier.train import train
    from stance.classifier.training_data import load_corpus

    write, documents = toy
    file = write("windows").resolve("a.jsonl")
    documents = [
        replace(d, text=d.text.replace("talks.", "talks. It was.").replace("law.", "law. It was.")) for d in documents
    ]
    lines = []
    for document in documents:
        for sentence in stance.sentences.split_sentences(document):
            if sentence.text != "It was.":
                warm = sentence.text.startswith("North")
            labels = {
                "issue": ["fish" if warm else "salt"], "stance": "warm" if warm else "cold",
                "holder": "north" if warm else "south", "frame": [],
            }  # fmt: skip
            place = {"doc_id": document.doc_id, "sent_id": sentence.sent_id, "start": sentence.start}
            lines.append(json.dumps({**place, "end": sentence.end, "text": sentence.text, **labels}))
    file.write_text("\n".join(lines))
    recipe = write("windows", windows={"length": 60, "context": 20})
    model = Model(train(recipe, documents, recipe.folder))
    held = load_corpus(recipe, documents, model.codebook).validation
    given = label_documents(model, held)
    right = [g.stance == t.stance for g, t in zip(given, annotations_of(held), strict=True)]
    assert len(right) == 48 and sum(right) >= 46


def test_matrices_that_moved_less_have_fewer_bits_and_all_err_alike(tmp_path, monkeypatch):
    from safetensors.numpy import load_file, save_file

    from stance.classifier import delta

    chance = np.random.default_rng(1)
    base = {k: chance.normal(size=(64, 256)).astype(np.float16) for k in ("far", "half", "quarter", "hardly", "not")}
    moves = {"far": 0.4, "half": 0.2, "quarter": 0.1, "hardly": 0.02, "not": 0}
    tuned = {k: (base[k] + moves[k] * chance.normal(size=base[k].shape)).astype(np.float16) for k in base}
    monkeypatch.setattr(delta, "_encoder_weights", lambda _: {k: t.astype(np.float32) for k, t in base.items()})
    save_file({f"model.{k}": t for k, t in tuned.items()}, tmp_path / delta.WEIGHTS)
    delta.write_delta(tmp_path, "encoder", 3)
    stored, given = load_file(tmp_path / delta.DELTA), load_file(tmp_path / delta.WEIGHTS)
    room = {k: stored[f"model.{k}:packed"].size * 8 / base[k].size for k in ("far", "half", "quarter")}
    assert room == {"far": 3, "half": 2, "quarter": 1}
    assert set(json.loads(delta.delta_about(tmp_path)["unchanged"])) == {"model.hardly", "model.not"}
    error = {k: np.std(given[f"model.{k}"].astype(float) - tuned[k]) for k in base}
    assert error["not"] == 0 and all(0.04 < error[k] < 0.09 for k in room)
    assert error["hardly"] < min(error[k] for k in room), "the encoder's own weights err less than bits would"


def test_weights_kept_as_differences_are_reconstructed_and_verified(toy, tmp_path, monkeypatch):
    """A model that goes on from another and hardly leaves it, kept in four bits."""
    from safetensors.numpy import load_file, save_file

    from stance.classifier.delta import delta_about
    from stance.classifier.train import train

    monkeypatch.setenv("STANCE_CACHE", str(tmp_path / "cache"))
    write, documents = toy
    training = {"epochs": 4, "learning_rate": 0.005, "head_learning_rate": 0.01, "batch_size": 8, "frozen_layers": 1}
    first = write("first", windows=WINDOWS, training=training)
    train(first, documents, first.folder)
    still = {**training, "epochs": 1, "learning_rate": 1e-9, "head_learning_rate": 1e-9, "frozen_layers": 0}
    recipe = write("kept", starts_from="../models/first", delta_bits=4, training=still)
    folder = train(recipe, documents, recipe.folder)
    assert not (folder / "model.safetensors").exists()

    model = Model(folder)
    assert model.identity == identity(folder), "known before it is reconstructed"
    weights = model.folder / "model.safetensors"
    made = weights.stat().st_mtime_ns
    assert Model(folder).folder == model.folder != folder
    assert weights.stat().st_mtime_ns == made
    weights.write_bytes(b"cut")
    assert Model(folder).identity == model.identity, "what is not whole is made again"
    replace(model.settings, calibration={}).write(folder)
    fitted = calibrate_model(folder, recipe, documents)
    assert Model(folder).settings == ScoringSettings.read(folder) == fitted, "not the copy in the cache is calibrated"
    assert fitted.reading == model.settings.reading and fitted.calibration

    taught, given = (load_file(f / "model.safetensors") for f in (first.folder, model.folder))
    start, stored = (load_file(tmp_path / "encoder" / "model.safetensors"), load_file(folder / DELTA))
    width = "pooler.dense.weight"
    moved = given[f"bert.{width}"].astype(float) - start[width]
    assert (moved**2).mean() > 0
    error = given[f"bert.{width}"].astype(float) - taught[f"bert.{width}"]
    assert (error**2).mean() < 0.02 * (moved**2).mean(), "four bits keep 98% of a difference's variance"
    unchanged = json.loads(delta_about(folder)["unchanged"])
    frozen = "encoder.layer.0.output.dense.weight"
    assert f"bert.{frozen}" in unchanged, "frozen layers take no room"
    assert (given[f"bert.{frozen}"] == start[frozen].astype("float16")).all()

    about = delta_about(folder)
    stored[f"bert.{width}:scales"] *= 2
    save_file(stored, folder / DELTA, metadata=about)
    with pytest.raises(stance.StanceError, match="are not those that were released"):
        Model(folder)
    (folder / DELTA).write_bytes(b"cut")
    with pytest.raises(stance.StanceError, match="cannot be read"):
        Model(folder)
    whole = write("kept", starts_from="../models/first", training=still)
    assert Model(train(whole, documents, whole.folder)).folder == folder, (
        "no differences of an earlier training are left"
    )


def test_training_goes_on_from_an_earlier_checkpoint(toy, tmp_path):
    """Into the same folder, as a next release does, and as a teacher of another."""
    from safetensors.numpy import load_file

    from stance.classifier.train import _is_trained, train

    write, documents = toy
    still = {"epochs": 1, "learning_rate": 0.0, "head_learning_rate": 0.0, "warmup": 0.0}
    first = write("reader", training={"epochs": 2, "learning_rate": 0.005, "head_learning_rate": 0.01})
    folder = train(first, documents, first.folder)
    before, name = load_file(folder / "model.safetensors"), identity(folder)
    again = write("reader", starts_from="../models/reader", training=still)
    assert again.teachers == [] and again.predecessor == folder
    after = load_file(train(again, documents, again.folder) / "model.safetensors")
    assert all((after[key] == before[key]).all() for key in before), "a rate of nothing moves nothing"
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["predecessor"]["name"] == name
    assert manifest["teachers"] == []
    assert _is_trained(again, documents, load_codebook(again.resolve("codebook.yaml")))

    empty = write("other", starts_from="../nothing", training=still)
    with pytest.raises(stance.StanceError, match="nothing, which is no folder"):
        train(empty, documents, empty.folder)
    (tmp_path / "nothing").mkdir()
    with pytest.raises(stance.StanceError, match=r"nothing: no trained model.*starts_from"):
        train(empty, documents, empty.folder)
    codebook = folder / "codebook.yaml"
    codebook.write_text(codebook.read_text().replace("salt", "pepper"))
    with pytest.raises(stance.StanceError, match=r"other labels.*starts_from"):
        train(again, documents, again.folder)


def test_embeddings_are_kept_by_texts_and_weights(toy, tmp_path, monkeypatch):
    from transformers import BertConfig, BertModel

    from stance.annotation.examples import Example
    from stance.annotation.label_errors import embed_examples
    from stance.classifier.embeddings import embed

    monkeypatch.setenv("STANCE_CACHE", str(tmp_path / "cache"))
    encoder, texts = tmp_path / "encoder", ["North welcomes the fish talks.", "Salt.", "South rejects the salt law."]
    first = embed(texts, str(encoder))
    assert first.shape == (3, 64)
    assert np.linalg.norm(first, axis=1) == pytest.approx(np.ones(3))
    assert embed(texts[1:2], str(encoder))[0] == pytest.approx(first[1], abs=1e-5), "alone as among longer ones"
    kept = sorted((tmp_path / "cache" / "embeddings").iterdir())
    assert len(kept) == 2 and all(f.suffix == ".npy" and not f.name.startswith(".") for f in kept)
    with monkeypatch.context() as patch:
        patch.setattr("stance.classifier.embeddings._load", None)
        assert (embed(texts, str(encoder)) == first).all(), "no encoder is loaded again"
    plain = embed(texts, str(encoder), unit=False)
    assert plain / np.linalg.norm(plain, axis=1, keepdims=True) == pytest.approx(first, abs=1e-6)
    annotation = Annotation("d", 0, 0, 0, ("none",), "warm", "north", ())
    pairs = [Example(toy[1][0], annotation, text, "") for text in texts]
    assert embed_examples(pairs, str(encoder))[:, :64] == pytest.approx(plain, abs=0.1)
    BertModel(BertConfig.from_pretrained(encoder)).save_pretrained(encoder)
    assert not np.allclose(embed(texts, str(encoder)), first, atol=1e-3), "other weights under the same name"


def test_setfit_draws_few_sentences_of_each_label_and_of_none():
    from stance.classifier.few_shot import draw_examples

    wanted = np.zeros((300, 3), dtype=bool)
    wanted[:200, 0] = wanted[200:203, 1] = wanted[150:250, 2] = True
    rows = draw_examples(wanted, number=5, seed=1)
    assert len(set(rows)) == len(rows) <= 18
    assert {200, 201, 202} <= set(rows), "all there are of a rare label"
    assert (wanted[rows].sum(axis=0) >= [5, 3, 5]).all()
    assert (~wanted[rows].any(axis=1)).sum() == 5
    assert (rows == draw_examples(wanted, number=5, seed=1)).all()
    assert not np.array_equal(rows, draw_examples(wanted, number=5, seed=2))


def test_setfit_without_its_package_is_refused_before_others_are_fitted(monkeypatch):
    from stance.classifier.baselines import predict_with_baselines

    monkeypatch.setitem(sys.modules, "setfit", None)
    with pytest.raises(stance.StanceError, match=r"pip install '\.\[baselines\]'"):
        predict_with_baselines(([], [], []), load_codebook(), ["majority", "setfit"])


def test_setfit_draws_sentences_of_one_label_together_and_labels_by_them(toy, tmp_path):
    pytest.importorskip("setfit")
    from stance.annotation.examples import make_examples, targets
    from stance.classifier import few_shot
    from stance.classifier.embeddings import embed
    from stance.classifier.training_data import load_corpus

    write, documents = toy
    recipe, encoder = write("few"), str(tmp_path / "encoder")
    codebook = load_codebook(recipe.resolve(recipe.data.codebook))
    corpus = load_corpus(recipe, documents, codebook)
    train, validation = (make_examples(part, recipe.context) for part in (corpus.train, corpus.validation))
    wanted, _ = targets([e.annotation for e in validation], codebook)
    calibrating, logits = few_shot.setfit((train, validation, validation[:5]), codebook, encoder)
    assert calibrating.shape == wanted.shape and len(logits) == 5
    assert calibrating[:5] == pytest.approx(logits, abs=1e-3)
    for dimension in codebook.dimensions:
        given, right = (v[:, codebook.columns(dimension.key)] for v in (calibrating, wanted))
        assert ((given.argmax(axis=1) == right.argmax(axis=1)) if dimension.exclusive else (given > 0) == right).all()
    texts = [train[0].sentence, train[1].sentence]
    before = embed(texts, encoder)
    after = few_shot._fit(texts * 100, np.array([0, 1] * 100), encoder).encode(texts)
    assert after[0] @ after[1] < before[0] @ before[1] - 0.05, "of other labels: further apart"


def test_a_teacher_that_has_become_stale_is_kept_only_when_asked(toy):
    from stance.classifier.train import train

    write, documents = toy
    still = {"epochs": 1, "learning_rate": 0.0, "head_learning_rate": 0.0}
    senior = write("senior", training=still)
    train(senior, documents, senior.folder)
    pupil = write("pupil", distillation={"teachers": ["senior.yaml"]}, training=still)
    manifest = json.loads((senior.folder / "manifest.json").read_text())
    (senior.folder / "manifest.json").write_text(json.dumps({**manifest, "annotations_sha256": "others"}))
    with pytest.raises(stance.StanceError, match="Train it first"):
        train(pupil, documents, pupil.folder)
    train(pupil, documents, pupil.folder, keep_teachers=True)
    taught = json.loads((pupil.folder / "manifest.json").read_text())["teachers"]
    assert [(t["model"], t["annotations_sha256"]) for t in taught] == [(identity(senior.folder), "others")]
    write("senior", distillation={"teachers": ["pupil.yaml"]}, training=still)
    shutil.rmtree(senior.folder)
    with pytest.raises(stance.StanceError, match="its own teacher"):
        train(pupil, documents, pupil.folder)
    own = write("own", distillation={"teachers": ["pupil.yaml"]}, training=still)
    before = (pupil.folder / "model.safetensors").read_bytes()
    with pytest.raises(stance.StanceError, match="own teacher"):
        train(own, documents, pupil.folder, keep_teachers=True)
    assert (pupil.folder / "model.safetensors").read_bytes() == before, "a refused training leaves the model alone"


def test_a_training_that_breaks_off_leaves_the_earlier_model(toy, monkeypatch):
    from stance.classifier import train as training

    write, documents = toy
    recipe = write("again", training={"epochs": 1})
    folder = training.train(recipe, documents, recipe.folder)
    before = {f.name: f.read_bytes() for f in folder.iterdir()}

    def full(_):
        raise OSError("no space left")

    with monkeypatch.context() as patch:
        patch.setattr(training, "export_onnx", full)
        with pytest.raises(OSError, match="no space left"):
            training.train(write("again", training={"epochs": 2}), documents, folder)
    assert {f.name: f.read_bytes() for f in folder.iterdir()} == before
    with pytest.raises(stance.StanceError, match="File exists"):
        training.train(recipe, documents, recipe.path)
    assert [f.name for f in folder.parent.iterdir()] == [folder.name], "nothing is left beside it"
    training.train(write("again", training={"epochs": 2}), documents, folder)
    assert json.loads((folder / "manifest.json").read_text())["recipe"]["training"]["epochs"] == 2


def test_weights_for_which_there_is_no_room_are_told_with_their_folder(tmp_path):
    from safetensors import SafetensorError

    from stance.classifier.output import keeping_weights

    with (
        pytest.raises(stance.StanceError, match=r"model: weights cannot be written.*No space left.*then train again"),
        keeping_weights(tmp_path / "model"),
    ):
        raise SafetensorError("No space left on device")


def test_a_model_over_mpnet_is_asked_at_every_sentence(model, tmp_path):
    """Its head, dropout and frozen layers lie elsewhere than BERT's."""
    import torch
    from transformers import AutoModelForSequenceClassification, MPNetConfig

    from stance.classifier.initial_model import _set_head_dropout, freeze_layers
    from stance.classifier.network import SentenceClassifier

    size = MPNetConfig(vocab_size=99, hidden_size=32, num_hidden_layers=2, num_attention_heads=2, intermediate_size=32)
    size.num_labels = 7
    mpnet = AutoModelForSequenceClassification.from_config(size).eval()
    ids, mask = torch.arange(3, 13)[None], torch.ones(1, 10, dtype=torch.long)
    with torch.inference_mode():
        pooling = torch.zeros(1, 2, 10)
        pooling[0, 0, 0], pooling[0, 1, 4:6] = 1, 0.5
        given = SentenceClassifier(mpnet)(ids, mask, pooling)[0]
        assert torch.allclose(given[:1], mpnet(ids, mask).logits, atol=1e-6)
    assert given.shape == (2, 7) and not torch.allclose(given[0], given[1])
    _set_head_dropout(mpnet, 0.3)
    assert mpnet.classifier.dropout.p == 0.3
    freeze_layers(mpnet.base_model, 1)
    trained = {n for n, p in mpnet.named_parameters() if p.requires_grad}
    assert not any(n.startswith(("mpnet.embeddings", "mpnet.encoder.layer.0")) for n in trained)
    assert {"mpnet.encoder.layer.1.output.dense.weight", "classifier.dense.weight"} <= trained
    with pytest.raises(stance.StanceError, match="has a head that cannot be put on several sentences"):
        SentenceClassifier(mpnet.base_model)


@pytest.mark.parametrize("kind", ["Bert", "Roberta", "MPNet"])
def test_the_last_layer_works_for_the_first_token_alone(kind):
    """The graph that scores leaves out what the head does not read; its logits are the checkpoint's."""
    import copy

    import torch
    import transformers

    from stance.classifier.network import FirstTokenClassifier

    size = getattr(transformers, f"{kind}Config")(
        vocab_size=99, hidden_size=32, num_hidden_layers=3, num_attention_heads=4, intermediate_size=64, pad_token_id=1
    )
    size.num_labels = 7
    torch.manual_seed(0)
    model = transformers.AutoModelForSequenceClassification.from_config(size, attn_implementation="eager").eval()
    ids, mask = torch.randint(3, 99, (4, 11)), torch.ones(4, 11, dtype=torch.long)
    mask[1, 6:], ids[1, 6:] = 0, 1
    network = FirstTokenClassifier(copy.deepcopy(model)).eval()
    states = []
    network.model.base_model.encoder.layer[-1].output.register_forward_hook(lambda *a: states.append(a[-1]))
    with torch.inference_mode():
        assert torch.allclose(network(ids, mask), model(ids, mask).logits, atol=1e-5)
    assert [s.shape for s in states] == [(4, 1, 32)]
    assert set(network.model.state_dict()) == set(model.state_dict())


def test_the_hidden_layer_of_a_new_head_begins_spread(toy, tmp_path):
    """Sentence encoders come with a pooler that nothing has trained: all sentences look alike through it."""
    import torch
    from transformers import BertModel

    from stance.classifier.initial_model import new_model

    write, _ = toy
    encoder = tmp_path / "encoder"
    flat = BertModel.from_pretrained(encoder)
    torch.nn.init.normal_(flat.pooler.dense.weight, std=0.009)
    flat.save_pretrained(encoder)
    recipe = write("new")
    model = new_model(recipe, str(encoder), load_codebook(recipe.resolve("codebook.yaml"))).eval()
    std = float(model.bert.pooler.dense.weight.detach().std())
    assert std == pytest.approx(5 / 3 / 64**0.5, rel=0.1), "Glorot and Bengio, for tanh"
    ids = torch.arange(1000, 1064).reshape(8, 8)
    with torch.inference_mode():
        spread, before = (m(ids).pooler_output.std(dim=0).mean() for m in (model.bert, flat.eval()))
    assert spread > 10 * before
    states = [model.bert.state_dict(), flat.state_dict()]
    assert all(torch.equal(states[0][k], v) for k, v in states[1].items() if not k.startswith("pooler"))


@pytest.mark.parametrize(("patience", "times"), [(0, 1), (2, 4)])
def test_without_patience_all_epochs_are_trained_and_validation_comes_last(toy, monkeypatch, patience, times):
    from stance.classifier import sentence_trainer
    from stance.classifier.train import train

    write, documents = toy
    scored, score = [], sentence_trainer.validation_score
    monkeypatch.setattr(sentence_trainer, "validation_score", lambda f: scored.append(f) or score(f))
    recipe = write("still", training={"epochs": 3, "learning_rate": 0.005, "batch_size": 8, "patience": patience})
    train(recipe, documents, recipe.folder)
    assert len(scored) == times, "each epoch, and to calibrate"


def test_ablations_train_each_variant_once_and_compare_with_the_first(toy, tmp_path):
    from stance.classifier.ablation import run_ablations

    write, documents = toy
    write("whole")
    file = tmp_path / "configs" / "ablations.yaml"
    content = {
        "recipe": "whole.yaml",
        "seeds": [1, 2],
        "variants": {"whole": {}, "untrained": {"training": {"learning_rate": 0.0, "head_learning_rate": 0.0}}},
    }
    file.write_text(yaml.safe_dump(content, sort_keys=False))
    table = run_ablations(file, documents, tmp_path / "runs").set_index(["variant", "figure"])
    runs = {f: f.stat().st_mtime_ns for f in (tmp_path / "runs").iterdir()}
    assert len(runs) == 4
    assert table.loc[("whole", "stance_accuracy"), "mean"] == 1.0
    row = table.loc[("untrained", "stance_accuracy")]
    assert row["difference"] == pytest.approx(row["mean"] - 1)
    assert row["difference"] < 0
    assert row["high"] - row["low"] == pytest.approx(2 * 12.706 * row["sd"] / 2**0.5, rel=1e-3)
    assert run_ablations(file, documents, tmp_path / "runs").shape == (12, 11)
    assert runs == {f: f.stat().st_mtime_ns for f in (tmp_path / "runs").iterdir()}, "nothing was trained again"
    file.write_text(yaml.safe_dump({**content, "variants": {"x": {"training": {"epoch": 1}}}}))
    with pytest.raises(stance.StanceError, match=r"variant «x».*no recipe has the key training\.epoch"):
        run_ablations(file, documents, tmp_path / "runs")


def test_a_sample_of_the_training_documents_is_whole_and_nested(toy):
    from dataclasses import replace

    from stance.classifier.training_data import load_corpus

    write, documents = toy
    recipe = write("toy")
    codebook = load_codebook(recipe.resolve("codebook.yaml"))
    chosen = []
    for most in (10, 30, 0):
        corpus = load_corpus(replace(recipe, data=replace(recipe.data, sentences=most)), documents, codebook)
        chosen.append({d.document.doc_id: len(d.annotations) for d in corpus.train})
    assert [len(c) for c in chosen] == [1, 2, 3]
    assert chosen[0].items() <= chosen[1].items() <= chosen[2].items()
    assert set(chosen[2].values()) == {24}
