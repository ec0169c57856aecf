"""Training: recipes, another codebook, and a pupil that learns from a teacher; all on a toy encoder."""

import json
from pathlib import Path

import pytest
import yaml

import stance
from stance.annotation.standoff import Annotation
from stance.classifier.predict import FILES
from stance.classifier.recipe import load_recipe
from stance.codebook import load_codebook


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("name: x", "needs at least a name and an encoder"),
        ("name: x\nencoder: y\ntraining: {epoch: 3}", "training.epoch"),
        ("name: [", "not valid YAML"),
        ("name: x\nencoder: y\ndistillation: {teachers: t.yaml}", "is a list"),
        ("name: x\nencoder: y\ndistillation: {teachers: [t.yaml]}\nwindows: {}", "has no teachers itself"),
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
    """The student's targets are the teacher's probabilities alone, of coded sentences and of others."""
    from stance.classifier.teacher import load_teacher
    from stance.classifier.train import _is_trained, train
    from stance.classifier.training_data import load_corpus

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
    assert _is_trained(teacher, load_corpus(teacher, documents, load_codebook(teacher.resolve("codebook.yaml"))))
    other_recipe = write("teacher", windows={"length": 48, "context": 10, "batch_tokens": 200})
    assert not _is_trained(
        other_recipe, load_corpus(teacher, documents, load_codebook(teacher.resolve("codebook.yaml")))
    )
    codebook = teacher.folder / "codebook.yaml"
    codebook.write_text(codebook.read_text().replace("salt", "pepper"))
    with pytest.raises(stance.StanceError, match="has other labels"):
        load_teacher(teacher, load_codebook(teacher.resolve("codebook.yaml")), teacher.folder)


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
