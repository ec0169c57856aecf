"""Stand-off annotations: labels with offsets and a hash, joined with documents that the user has.

Published text is not redistributed. An annotation names a document and a span; the hash of the span proves that the
user's document is the annotated one.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from stance.annotation.corpus_files import read_lines
from stance.codebook import Codebook
from stance.documents.document import Document
from stance.errors import StanceError
from stance.sentences import Sentence, kept_sentences

HASH_DIGITS = 16


@dataclass(frozen=True)
class Annotation:
    """The labels of one sentence.

    Attributes:
        doc_id: the document.
        sent_id: number of the sentence in the document.
        start: offset of its first character.
        end: offset after its last character.
        issue: issues, the main one first.
        stance: the stance.
        holder: the holder.
        frame: frames, may be empty.
        sha256: first `HASH_DIGITS` hexadecimal digits of the SHA-256 of the sentence in UTF-8, or an empty string.
        coder: who coded it.
        round: in which round of coding.
    """

    doc_id: str
    sent_id: int
    start: int
    end: int
    issue: tuple[str, ...]
    stance: str
    holder: str
    frame: tuple[str, ...]
    sha256: str = ""
    coder: str = ""
    round: str = ""

    @property
    def labels(self) -> dict[str, Any]:
        """The four dimensions as a dictionary of keys and lists of keys."""
        return {
            "issue": list(self.issue),
            "stance": self.stance,
            "holder": self.holder,
            "frame": list(self.frame),
        }

    @property
    def span(self) -> tuple[str, int, int]:
        """What identifies the sentence: document, start and end."""
        return self.doc_id, self.start, self.end

    @property
    def place(self) -> str:
        """The same for messages."""
        return f"{self.doc_id} {self.start}-{self.end}"

    def single(self, dimension: str) -> str:
        """The stance, the holder, or the main issue."""
        return self.issue[0] if dimension == "issue" else str(getattr(self, dimension))

    def relabelled(self, given: Annotation, coder: str) -> Annotation:
        """The sentence with the labels that another annotation gives."""
        return replace(
            self, issue=given.issue, stance=given.stance, holder=given.holder, frame=given.frame, coder=coder, round=""
        )


@dataclass(frozen=True)
class AnnotatedDocument:
    """A document with its sentences and the annotations of some or all of them.

    Attributes:
        document: the document.
        sentences: all its sentences in order.
        annotations: by the position of the sentence in ``sentences``.
    """

    document: Document
    sentences: tuple[Sentence, ...]
    annotations: dict[int, Annotation]


def asked(item: AnnotatedDocument) -> tuple[Document, Sequence[Sentence], Sequence[int]]:
    """A document, its sentences and the positions of the annotated ones, as a model is asked for their labels."""
    return item.document, item.sentences, sorted(item.annotations)


def annotations_of(documents: Iterable[AnnotatedDocument]) -> list[Annotation]:
    """All annotations in document order, the order of `stance.annotation.examples.make_examples`."""
    return [a for d in documents for _, a in sorted(d.annotations.items())]


@dataclass(frozen=True)
class Joined:
    """Annotations joined with documents.

    Attributes:
        documents: those with at least one annotation that fits.
        missing: ids of annotated documents that the user does not have.
        mismatches: annotations whose span is another text in the user's document.
    """

    documents: list[AnnotatedDocument] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    mismatches: list[Annotation] = field(default_factory=list)

    def __str__(self) -> str:
        n = sum(len(d.annotations) for d in self.documents)
        text = f"{n} sentences of {len(self.documents)} documents joined"
        if self.missing:
            text += f"; {len(self.missing)} documents missing (first: {self.missing[0]})"
        if self.mismatches:
            text += f"; {len(self.mismatches)} sentences differ (first: {self.mismatches[0].place})"
        return text


def sentence_hash(text: str) -> str:
    """Hash that stands for a sentence: the first `HASH_DIGITS` digits of its SHA-256."""
    return hashlib.sha256(text.encode("utf-8")).hexdigest()[:HASH_DIGITS]


def annotation_from_record(record: dict[str, Any]) -> Annotation:
    """Make an annotation from a record of a file; a ``text`` is turned into its hash.

    Raises:
        KeyError: if a field is missing.
        TypeError: if it is no record, or labels that are a list are something else.
    """
    if not isinstance(record, dict):
        raise TypeError(f"{type(record).__name__} instead of an object")
    for name in ("issue", "frame"):
        if not isinstance(record[name], list | tuple):
            raise TypeError(f"{name} is {record[name]!r} and no list")
    sha256 = record.get("sha256") or (sentence_hash(record["text"]) if record.get("text") else "")
    return Annotation(
        doc_id=str(record["doc_id"]),
        sent_id=int(record["sent_id"]),
        start=int(record["start"]),
        end=int(record["end"]),
        issue=tuple(record["issue"]),
        stance=record["stance"],
        holder=record["holder"],
        frame=tuple(record["frame"]),
        sha256=sha256,
        coder=str(record.get("coder", "")),
        round=str(record.get("round", "")),
    )


def read_annotations(path: str | Path, codebook: Codebook | None = None) -> list[Annotation]:
    """Read stand-off annotations, or sentences with their text.

    Args:
        path: JSONL, CSV or Parquet, one sentence a row, as the codebook describes.
        codebook: if given, every label is checked against it.

    Raises:
        StanceError: naming file, line and fault.
    """
    annotations = []
    for number, record in annotation_records(path):
        try:
            annotation = annotation_from_record(record)
        except (ValueError, KeyError, TypeError) as error:
            raise StanceError(
                f"{path}:{number}: not an annotation ({error!r}). A sentence has doc_id, sent_id, start, end, issue, "
                "stance, holder and frame; `stance annotate --collect` writes such files"
            ) from error
        problems = codebook.problems(annotation.labels) if codebook else []
        if problems:
            raise StanceError(f"{path}:{number}: {'; '.join(problems)}. Mend the label or the codebook")
        annotations.append(annotation)
    return annotations


def annotation_records(path: str | Path) -> Iterator[tuple[int, Any]]:
    """The rows of a file of annotations with the numbers of their lines.

    Args:
        path: JSONL, or a table whose cells hold several labels joined by ``;`` (CSV) or as a list (Parquet).

    Raises:
        StanceError: if the file cannot be read, or a line is no JSON.
    """
    path = Path(path)
    if path.suffix.lower() in (".csv", ".tsv", ".parquet"):
        from stance.table.check import label_list
        from stance.table.read import read_rows

        rows = read_rows(path, "a file of annotations").to_dict("records")
        for number, row in enumerate(rows, 2 if path.suffix.lower() != ".parquet" else 1):
            yield number, row | {c: label_list(row[c], c) for c in ("issue", "frame") if c in row}
        return
    for number, line in read_lines(path, "the annotations"):
        try:
            yield number, json.loads(line)
        except ValueError as error:
            raise StanceError(f"{path}:{number}: not an annotation: it is no JSON ({error}). Mend the line") from error


def coded_once(annotations: Sequence[Annotation], path: Path) -> None:
    """Raise if a sentence stands there twice, as where two coders' labels lie in one file: the last would win.

    Raises:
        StanceError: naming the file and the first such sentence.
    """
    seen: dict[tuple[str, int, int], Annotation] = {}
    for annotation in annotations:
        if (first := seen.setdefault(annotation.span, annotation)) is not annotation:
            raise StanceError(
                f"{path}: a sentence is coded more than once: {first.place} (coders {first.coder or '?'} and "
                f"{annotation.coder or '?'}). Adjudicate first, and keep one row a sentence"
            )


def write_annotations(annotations: Iterable[Annotation], path: str | Path) -> None:
    """Write stand-off annotations as JSONL, without text."""
    records = (
        {"doc_id": a.doc_id, "sent_id": a.sent_id, "start": a.start, "end": a.end, "sha256": a.sha256, **a.labels,
         "coder": a.coder, "round": a.round}
        for a in annotations
    )  # fmt: skip
    write_jsonl(records, path)


def write_jsonl(records: Iterable[Mapping[str, Any]], path: str | Path) -> None:
    """Write one JSON object a line."""
    with Path(path).open("w", encoding="utf-8") as file:
        file.writelines(json.dumps(record, ensure_ascii=False) + "\n" for record in records)


def join(annotations: Sequence[Annotation], documents: Iterable[Document]) -> Joined:
    """Join annotations with documents, checking every hash.

    Args:
        annotations: stand-off annotations.
        documents: any documents; those without annotations are passed over.
    """
    by_document: dict[str, list[Annotation]] = {}
    for annotation in annotations:
        by_document.setdefault(annotation.doc_id, []).append(annotation)
    found = {d.doc_id: d for d in documents if d.doc_id in by_document}
    joined = Joined(missing=sorted(set(by_document) - set(found)))
    for doc_id, group in by_document.items():
        if doc_id not in found:
            continue
        document = found[doc_id]
        good = [a for a in group if _fits(a, document)]
        joined.mismatches.extend(a for a in group if not _fits(a, document))
        if good:
            joined.documents.append(_place(document, good))
    return joined


def _fits(annotation: Annotation, document: Document) -> bool:
    text = document.text[annotation.start : annotation.end]
    return (
        bool(text)
        and len(text) == annotation.end - annotation.start
        and (not annotation.sha256 or sentence_hash(text) == annotation.sha256)
    )


def _place(document: Document, annotations: Sequence[Annotation]) -> AnnotatedDocument:
    """Give each annotation its sentence; an annotated span replaces sentences that it overlaps.

    A span that the splitter does not find has the paragraph and the speaker of the sentence in which it begins.
    """
    split = kept_sentences(document)
    spans = {(a.start, a.end) for a in annotations}
    sentences = [
        s
        for s in split
        if (s.start, s.end) in spans or not any(s.start < end and start < s.end for start, end in spans)
    ]
    known = {(s.start, s.end) for s in sentences}
    for start, end in spans - known:
        within = next((s for s in reversed(split) if s.start <= start), None)
        paragraph, speaker = (within.paragraph, within.speaker) if within else (0, None)
        sentences.append(Sentence(0, start, end, document.text[start:end], paragraph, speaker))
    ordered = [replace(s, sent_id=i) for i, s in enumerate(sorted(sentences, key=lambda s: s.start))]
    position = {(s.start, s.end): i for i, s in enumerate(ordered)}
    return AnnotatedDocument(document, tuple(ordered), {position[a.start, a.end]: a for a in annotations})
