"""Metadata as people and programs write it: the case of keys, what stands for nothing, numbers, dates."""

from __future__ import annotations

import json

import pandas as pd
import pytest

from stance.documents import read_documents
from stance.documents.document import given
from tests.test_documents import one, write

FRONT = "---\nTitle: Talks\nDATE : 2024-03-07\nSource: US\nEvent: pier\n---\nThe two sides met."


def test_keys_of_front_matter_may_be_written_in_any_case(tmp_path):
    document = one(write(tmp_path / "a.md", FRONT))
    assert (document.title, document.date, document.source, document.event) == ("Talks", "2024-03-07", "us", "pier")


@pytest.mark.parametrize("ending", [".csv", ".jsonl", ".json", ".parquet"])
def test_keys_of_records_may_be_written_in_any_case(tmp_path, ending):
    record = {"Text": "The two sides met.", "Date ": "2024-03-07", "SOURCE": " US ", "Event": "pier"}
    path = tmp_path / f"a{ending}"
    if ending == ".parquet":
        pd.DataFrame([record]).to_parquet(path)
    elif ending == ".csv":
        pd.DataFrame([record]).to_csv(path, index=False)
    else:
        write(path, json.dumps(record))
    document = one(path)
    assert (document.text, document.date, document.source, document.event) == (
        "The two sides met.",
        "2024-03-07",
        "us",
        "pier",
    )


def test_keys_of_manifest_and_sidecar_may_be_written_in_any_case_and_precedence_holds(tmp_path):
    path = write(tmp_path / "a.txt", "The two sides met.")
    write(tmp_path / "a.json", '{"TITLE": "from sidecar"}')
    manifest = write(tmp_path / "m.csv", "Path,Date,Source,title\na.txt,2024-03-07,China,from manifest\n,,,\n")
    document = one(path, manifest=str(manifest))
    assert (document.title, document.date, document.source) == ("from sidecar", "2024-03-07", "china")


def test_a_key_that_is_written_exactly_goes_first():
    assert given({"source": "us", "Source": "Harbor Daily"}) == given({"Source": "Harbor Daily", "source": "us"})
    assert given({"Source": "Harbor Daily", "source": "us"}) == {"source": "us"}


def test_nan_is_nothing(tmp_path):
    records = [{"text": "A.", "doc_id": 1.0, "event": float("nan")}, {"text": "B.", "doc_id": float("nan")}]
    lines = write(tmp_path / "a.jsonl", "\n".join(map(json.dumps, records)))
    pd.DataFrame(records).astype({"event": float}).to_parquet(tmp_path / "b.parquet")
    first, second = read_documents(lines)
    assert (first.doc_id, first.event, second.doc_id) == ("1", None, "a-2")
    first, second = read_documents(tmp_path / "b.parquet")
    assert (first.doc_id, first.event, second.doc_id) == ("1", None, "b-2")
    assert given({"date": pd.NaT, "event": " ", "kind": 1.5}) == {"kind": 1.5}


def test_plain_values_of_front_matter_are_texts(tmp_path):
    path = write(tmp_path / "a.md", "---\ndoc_id: 0123\ntitle: No\nevent: 1_000\nkind: ~\ndate: 2024\n---\nA.")
    document = one(path)
    assert (document.doc_id, document.title, document.event) == ("0123", "No", "1_000")
    assert (document.kind, document.date) == (None, "2024")


def test_empty_rows_at_the_end_of_a_csv_are_passed_over(tmp_path):
    path = write(tmp_path / "a.csv", "doc_id,text,source\nx,The two sides met.,us\n" + ",,\n" * 150 + " ,,,,\n")
    assert one(path).doc_id == "x"
