"""The codebook: loading, what is said about a broken one, the order of outputs, and faults of annotations."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from click.testing import CliRunner
from openpyxl import Workbook

from stance.annotation.spreadsheet import _write_codebook
from stance.cli import main
from stance.codebook import DIMENSIONS, Codebook, Label, codebook_page, load_codebook
from stance.errors import StanceError


def content() -> dict[str, Any]:
    """A codebook with other labels than the package's own."""
    return {
        "version": 2,
        "dimensions": {
            "issue": {
                "question": "About what?",
                "arity": "one_or_more",
                "null_label": "nothing",
                "note": "The harbour of the main clause comes first.",
                "rules": ["Ferries go before ports.", "Fish goes last."],
                "labels": {"ferry": {"name": "Ferries", "definition": "Boats."}, "port": None, "nothing": {}},
            },
            "stance": {
                "arity": "one",
                "labels": {
                    "against": {"position": -1, "roles": ["difference", "limit"], "example": "Never."},
                    "for": {"position": 0.5, "roles": "agreed"},
                },
            },
            "holder": {"arity": "one", "labels": {"north": {}, "south": {}}},
            "frame": {"arity": "any", "labels": {"law": {}, "money": {}}},
        },
    }


def load(tmp_path, data: Any) -> Codebook:
    file = tmp_path / "book.yaml"
    file.write_text(data if isinstance(data, str) else yaml.safe_dump(data, sort_keys=False), encoding="utf-8")
    return load_codebook(file)


@pytest.fixture
def book(tmp_path):
    return load(tmp_path, content())


def test_own_codebook(book):
    assert book.version == "2"
    assert [d.key for d in book.dimensions] == ["issue", "stance", "holder", "frame"]
    issue, stance = book["issue"], book["stance"]
    assert (issue.question, issue.arity, issue.null_label, issue.exclusive) == (
        "About what?",
        "one_or_more",
        "nothing",
        False,
    )
    assert (issue.note, stance.note) == ("The harbour of the main clause comes first.", "")
    assert issue.rules == ("Ferries go before ports.", "Fish goes last.")
    assert issue.label("ferry") == Label("ferry", "Ferries", "Boats.")
    assert issue.label("port") == Label("port", "port", "")
    assert (stance.question, stance.exclusive, stance.null_label, stance.rules) == ("stance", True, None, ())
    assert stance.label("against") == Label("against", "against", "", "Never.", -1.0, ("difference", "limit"))
    assert stance.with_role("limit") == ["against"]
    assert stance.with_role("agreed") == ["for"]
    assert stance.with_role("age") == []


def test_coders_are_shown_notes_and_examples(tmp_path, book):
    note, example = book["issue"].note, book["stance"].label("against").example
    page = codebook_page(book)
    assert f"About what?\n\n{note}\n\n| label |" in page
    assert "| difference, limit | Never. |" in page and "| port |  |\n" in page

    (file,) = tmp_path.glob("book.yaml")
    printed = CliRunner().invoke(main, ["codebook", "--file", str(file), "--rules"]).output
    assert f"  {note}\n  ferry " in printed and " Example: Never.\n" in printed
    assert note not in CliRunner().invoke(main, ["codebook", "--file", str(file)]).output

    sheet = Workbook().active
    _write_codebook(sheet, book)
    rows = list(sheet.iter_rows(values_only=True))
    assert ("issue: note", None, None, f"About what? {note}", None) in [tuple(v or None for v in r) for r in rows]
    assert [r[4] for r in rows if r[1] == "against"] == [example]


def test_notes_of_the_shipped_codebook_reach_its_page():
    book = load_codebook()
    assert all(d.note and d.note in codebook_page(book) for d in book.dimensions)


def test_outputs_and_columns(book):
    assert book.outputs == [
        *("issue:ferry", "issue:port", "issue:nothing"),
        *("stance:against", "stance:for"),
        *("holder:north", "holder:south"),
        *("frame:law", "frame:money"),
    ]
    assert [book.columns(key) for key in DIMENSIONS] == [slice(0, 3), slice(3, 5), slice(5, 7), slice(7, 9)]
    with pytest.raises(KeyError):
        book.columns("mood")


def test_order_of_dimensions_does_not_depend_on_the_file(tmp_path, book):
    data = content()
    data["dimensions"] = dict(reversed(data["dimensions"].items()))
    assert load(tmp_path, data).outputs == book.outputs


def test_unknown_label(book):
    with pytest.raises(KeyError, match="plane"):
        book["issue"].label("plane")


def test_names_of_labels(book):
    assert book.name("issue", "ferry") == "Ferries"
    assert book.name("issue", "port") == "port"
    assert book.name("issue", "submarine") == "submarine"


def test_shipped_codebook():
    book = load_codebook()
    assert [d.key for d in book.dimensions] == list(DIMENSIONS)
    assert [d.arity for d in book.dimensions] == ["one_or_more", "one", "one", "any"]
    assert {(d.key, d.null_label) for d in book.dimensions if d.null_label} == {("issue", "none")}
    assert len(set(book.outputs)) == len(book.outputs)
    for d in book.dimensions:
        assert book.outputs[book.columns(d.key)] == [f"{d.key}:{k}" for k in d.keys]
        assert all(label.definition for label in d.labels)
    assert all(label.position is not None and -1 <= label.position <= 1 for label in book["stance"].labels)
    assert "red_line" in book["stance"].with_role("limit")


def without(*path: str) -> dict[str, Any]:
    data = content()
    place = data
    for key in path[:-1]:
        place = place[key]
    del place[path[-1]]
    return data


def changed(value: object, *path: str) -> dict[str, Any]:
    data = content()
    place = data
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    return data


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ("dimensions: [a\nb: c", "the codebook is not valid YAML ("),
        ("", "lacks or misspells its names and values"),
        ("- a\n- b\n", "lacks or misspells its names and values"),
        (without("version"), "lacks or misspells 'version'"),
        (without("dimensions"), "lacks or misspells 'dimensions'"),
        (without("dimensions", "frame"), "lacks or misspells 'frame'"),
        (without("dimensions", "holder", "labels"), "lacks or misspells 'labels'"),
        (without("dimensions", "holder", "arity"), "lacks or misspells 'arity'"),
        (changed("two", "dimensions", "stance", "arity"), "lacks or misspells the arity of stance, 'two'"),
        (changed({}, "dimensions", "frame", "labels"), "lacks or misspells the labels of frame"),
        (changed(["law"], "dimensions", "frame", "labels"), "lacks or misspells the labels of frame"),
        (changed("x", "dimensions", "frame"), "lacks or misspells the dimension frame"),
        (changed("x", "dimensions", "frame", "labels", "law"), "lacks or misspells the label law of frame"),
        (changed("high", "dimensions", "stance", "labels", "for", "position"), "'high'"),
        (
            changed("none", "dimensions", "issue", "null_label"),
            "the null_label of issue, 'none', which is none of its labels",
        ),
    ],
)
def test_broken_codebook_is_named(tmp_path, data, message):
    with pytest.raises(StanceError) as error:
        load(tmp_path, data)
    assert str(error.value).startswith(f"{tmp_path / 'book.yaml'}: the codebook ")
    assert message in str(error.value)


def test_missing_codebook(tmp_path):
    with pytest.raises(StanceError, match=r"lost\.yaml: the codebook cannot be read \(No such file or directory\)"):
        load_codebook(tmp_path / "lost.yaml")


def test_codebook_that_is_not_text(tmp_path):
    (tmp_path / "book.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(StanceError, match=r"book\.yaml: the codebook is not valid YAML"):
        load_codebook(tmp_path / "book.yaml")


@pytest.mark.parametrize(
    ("change", "problems"),
    [
        ({}, []),
        ({"frame": ["law", "money"]}, []),
        ({"frame": None}, []),
        ({"issue": ["nothing"]}, []),
        ({"issue": []}, ["issue needs at least one label"]),
        ({"issue": None}, ["issue needs at least one label"]),
        ({"issue": ["ferry", "nothing"]}, ["issue: nothing stands alone"]),
        ({"issue": ["ferry", "ferry"]}, ["issue: a label is given twice"]),
        ({"issue": ["plane", "ferry"]}, ["issue: unknown label 'plane'"]),
        ({"stance": None}, ["stance needs exactly one label"]),
        ({"stance": ["for"]}, ["stance needs exactly one label"]),
        ({"stance": "maybe"}, ["stance: unknown label 'maybe'"]),
        ({"frame": ["fear"], "holder": "east"}, ["holder: unknown label 'east'", "frame: unknown label 'fear'"]),
    ],
)
def test_problems_of_an_annotation(book, change, problems):
    sound = {"issue": ["ferry", "port"], "stance": "for", "holder": "north", "frame": []}
    assert book.problems(sound | change) == problems


def test_annotation_without_optional_labels(book):
    assert book.problems({"issue": ["port"], "stance": "for", "holder": "south"}) == []
    assert book.problems({}) == [
        "issue needs at least one label",
        "stance needs exactly one label",
        "holder needs exactly one label",
    ]
