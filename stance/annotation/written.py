"""Written sentences: invented documents in the register of readouts, with their labels, free to redistribute."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from stance.annotation.corpus_files import read_lines
from stance.annotation.standoff import AnnotatedDocument, Annotation, sentence_hash
from stance.codebook import Codebook
from stance.documents.document import Document
from stance.errors import StanceError
from stance.sentences import Sentence, kept_sentences

FIELDS = (
    "doc_id",
    "source",
    "date",
    "kind",
    "title",
    "paragraph",
    "text",
    "issue",
    "stance",
    "holder",
    "frame",
)


def read_written(path: str | Path, codebook: Codebook | None = None) -> list[AnnotatedDocument]:
    """Read written sentences: JSONL with the fields of `FIELDS`, sentences of one document in sequence.

    Args:
        path: the file.
        codebook: if given, every label is checked against it.

    Returns:
        one annotated document for each ``doc_id``, its text joined from the sentences.

    Raises:
        StanceError: naming file, line and fault.
    """
    path = Path(path)
    rows: dict[str, list[dict[str, Any]]] = {}
    for number, record in _records(path):
        problems = [f"no field {f}" for f in FIELDS if f not in record]
        if not problems and codebook:
            problems = codebook.problems(record)
        if problems:
            raise StanceError(f"{path}:{number}: {'; '.join(problems)}. Mend the line")
        rows.setdefault(record["doc_id"], []).append(record)
    return [_document(doc_id, records, path) for doc_id, records in rows.items()]


def _records(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    for number, line in read_lines(path, "the written sentences"):
        try:
            record = json.loads(line)
        except json.JSONDecodeError as error:
            raise StanceError(f"{path}:{number}: the line is not valid JSON ({error}). Mend it") from error
        if not isinstance(record, dict):
            raise StanceError(f"{path}:{number}: the line is not a JSON object with fields. Mend it")
        yield number, record


def _document(doc_id: str, records: list[dict[str, Any]], path: Path) -> AnnotatedDocument:
    text = ""
    sentences, annotations = [], {}
    for i, r in enumerate(records):
        if text:
            text += " " if r["paragraph"] == records[i - 1]["paragraph"] else "\n\n"
        start, end = len(text), len(text) + len(r["text"])
        text += r["text"]
        sentences.append(Sentence(i, start, end, r["text"], r["paragraph"]))
        annotations[i] = Annotation(
            doc_id, i, start, end, tuple(r["issue"]), r["stance"], r["holder"], tuple(r["frame"]),
            sentence_hash(r["text"]), r.get("coder", "written"), "written",
        )  # fmt: skip
    first = records[0]
    document = Document(
        doc_id,
        text,
        first["source"],
        first["date"],
        first.get("lang", "en"),
        first["title"],
        None,
        first["kind"],
        str(path),
    )
    turns = {s.start: s.speaker for s in kept_sentences(document)}
    placed = tuple(replace(s, speaker=turns.get(s.start)) for s in sentences)
    return AnnotatedDocument(document, placed, annotations)
