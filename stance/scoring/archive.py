"""Scoring an archive: shards that a stopped run finds again, and one table at the end."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from stance import __version__
from stance.classifier.predict import Model
from stance.documents.claims import Claims
from stance.documents.document import Document
from stance.documents.registry import Registry
from stance.errors import InputFailure, printable
from stance.resources import DEFAULT_MODEL
from stance.scoring.chunks import CHARACTERS, Chunk, chunks
from stance.scoring.engine import Engine, Plan, local_engine
from stance.scoring.manifest import manifest, scorer_metadata
from stance.scoring.output import assemble, folder_of, refuse_to_empty, shard_folder
from stance.scoring.shards import ShardFolder
from stance.scoring.sources import SOURCES, Sources, unread_places
from stance.scoring.stream import warn_of_languages
from stance.table.schema import FORMATS, arrow_schema

logger = logging.getLogger(__name__)


@dataclass
class Summary:
    """What a run did.

    Attributes:
        output: where the table is.
        model: name and hash of the model.
        documents: documents among the inputs that could be read.
        sentences: rows of the table that are theirs.
        scored: sentences that this run scored; the others were finished before.
        shards: shards of the table.
        kept: documents that were in the table already and are not among the inputs.
        dropped: the same, but removed because it was asked for.
        failed: inputs that could not be read, with reason and cure.
        codebook: version of the codebook.
        engine: what ran the model, with version and precision.
    """

    output: str
    model: str
    documents: int = 0
    sentences: int = 0
    scored: int = 0
    shards: int = 0
    kept: int = 0
    dropped: int = 0
    failed: list[InputFailure] = field(default_factory=list)
    codebook: str = ""
    engine: str = ""


def score_archive(
    items: Iterable[Document | InputFailure],
    output: str | Path,
    model: str | Path | Model = DEFAULT_MODEL,
    *,
    shard_characters: int = CHARACTERS,
    prune: bool = False,
    engine: Engine | None = None,
    claims: Claims | None = None,
    watch: Callable[[Summary], None] | None = None,
) -> Summary:
    """Score any number of documents into a table on the disk, in bounded memory.

    A run that is stopped, by whatever, goes on when it is started again, and its table is the same, byte for byte, as
    that of a run which was not stopped. Documents, model or codebook that have changed are scored again, others not.

    Args:
        items: documents, and inputs that could not be read, from `stance.documents.iterate_documents`.
        output: a folder, for a table in Parquet shards with ``_manifest.json``, which later runs add to; or a file
            that ends in ``.parquet``, ``.jsonl`` or ``.csv`` (the shards are beside it until it is complete).
        model: the name of a shipped model, the path of a checkpoint, or a loaded `Model`.
        shard_characters: fewest characters of text in a shard.
        prune: drop rows of documents that are not among the inputs, instead of keeping them; those from files that
            could not be read are kept.
        engine: what scores; None for this process.
        claims: the same that `stance.documents.iterate_documents` was given. With them, a doc_id that two files hold
            is that of the file which had it before, and the rows of a doc_id that a file gave up for another are
            dropped; and a table whose documents were all read and left out becomes empty.
        watch: called with the summary so far at the start and after every shard.

    Raises:
        StanceError: if the output cannot be written, another run writes to it, or what it holds would be dropped and
            no document was read to take its place.
    """
    loaded = model if isinstance(model, Model) else Model(model)
    path = Path(output)
    summary = Summary(str(output), loaded.identity, codebook=loaded.codebook.version)
    if watch:
        watch(summary)
    single = path.suffix in FORMATS
    prune = prune or single
    with shard_folder(path) as shards, closing(Sources(shards.folder, anew=not shards.finished)) as sources:
        plan = Plan(loaded, shards.finished.__contains__)
        registry = Registry()
        claims = claims or Claims()
        sources.tell(claims, prune)
        documents = warn_of_languages(_documents(items, registry, summary), loaded)
        summary.engine = loaded.engine
        schema = arrow_schema(scorer_metadata(loaded))
        live: list[str] = []
        pieces = sources.noted(chunks(documents, scorer(loaded), shard_characters))
        for chunk, tables in (engine or local_engine)(pieces, plan):
            rows = shards.place(chunk) if tables is None else shards.write(chunk, tables, schema)
            live.append(chunk.key)
            summary.documents += len(chunk.documents)
            summary.sentences += rows
            summary.scored += 0 if tables is None else rows
            summary.shards = len(live)
            logger.info("%s: %d sentences%s", chunk.file, rows, " (finished before)" if tables is None else "")
            if watch:
                watch(summary)
        if not live and not claims.documents:
            if single and not shards.finished and path.exists():
                shutil.rmtree(shards.folder, ignore_errors=True)
            refuse_to_empty(path, summary.failed, prune and bool(shards.finished))
        drop = _dropped(prune, single, sources, summary)
        if not prune:
            renamed = sources.settle_renamed(registry.__contains__, claims.given_up)
            _warn_of_renamed(path, renamed)
        kept, dropped = shards.retire(set(live), lambda d: d in registry or (not prune and sources.is_renamed(d)), drop)
        sources.strike_out_renamed()
        if prune:
            sources.strike_out(lambda doc_id: doc_id not in registry and drop(doc_id))
        summary.kept, summary.dropped = kept, 0 if single else dropped
        if not shards.finished:
            shards.write(Chunk(0, scorer_key(loaded), ()), [], schema)
        content = manifest(shards.files(), loaded, summary)
        shards.write_manifest(content)
        _warn_of_mixture(path, content)
        if single:
            assemble(shards, path)
    return summary


def _dropped(prune: bool, single: bool, sources: Sources, summary: Summary) -> Callable[[str], bool]:
    """Whether a document that is not among the inputs is dropped: with `prune`, unless its file could not be read."""
    if single or not prune:
        return lambda doc_id: single
    unread = unread_places(summary.failed)
    return lambda doc_id: not sources.is_from(doc_id, unread)


def scorer(model: Model) -> str:
    """What rows depend on beside their document."""
    return f"{__version__} {model.identity} {model.codebook.version} {model.engine}"


def scorer_key(model: Model) -> str:
    """Key of the empty shard, which gives a table without documents its columns."""
    return next(chunks([Document("", "")], scorer(model))).key


def _documents(items: Iterable[Document | InputFailure], registry: Registry, summary: Summary) -> Iterator[Document]:
    for item in items:
        if isinstance(item, InputFailure):
            summary.failed.append(item)
            logger.warning("left out: %s", item)
        else:
            registry.add(item.doc_id, "")
            yield item


def _warn_of_renamed(path: Path, documents: list[str]) -> None:
    """Say so where documents have another doc_id than before, and name the first."""
    if documents:
        shown = ", ".join([*documents[:5], *(["…"] if len(documents) > 5 else [])])
        logger.warning(
            "%s: %d documents have another doc_id now; the rows of the earlier one were dropped: %s",
            path, len(documents), printable(shown),
        )  # fmt: skip


def _warn_of_mixture(path: Path, content: dict[str, Any]) -> None:
    """Say so where kept rows are of another model or codebook than those of this run."""
    if max(len(content["models"]), len(content["codebooks"])) > 1:
        from stance.table.read import warn_of_mixture

        warn_of_mixture(path, ((s["model"], s["codebook"]) for s in content["shards"] if s["sentences"]))


@contextmanager
def owners_told(claims: Claims, output: str, prune: bool) -> Iterator[None]:
    """Tell claims which files own the doc_ids of an output, as a run into it would; nothing is changed."""
    folder = Path(output)
    if not (folder / SOURCES).is_file():
        yield
        return
    with closing(Sources(folder)) as sources:
        sources.tell(claims, prune)
        yield


def finished_shards(output: str) -> dict[str, str]:
    """Finished shards of an output, by key; nothing is changed."""
    return ShardFolder(folder_of(Path(output))).look() if output != "-" else {}
