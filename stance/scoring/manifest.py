"""The manifest of an archive: what is in it, and what scored each of its shards."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stance import __version__
from stance.table.schema import KIND

if TYPE_CHECKING:
    from stance.classifier.predict import Model
    from stance.scoring.archive import Summary

SCORER = ("model", "codebook", "engine", "version")
"""What a shard's own metadata say of its scorer, each under ``stance.<name>``."""


def scorer_metadata(model: Model) -> dict[str, str]:
    """Metadata of the shards that a model scores."""
    values = (model.identity, model.codebook.version, model.engine, __version__)
    return {f"stance.{name}": value for name, value in zip(SCORER, values, strict=True)}


def manifest(files: list[Path], model: Model, summary: Summary) -> dict[str, Any]:
    """What was done with what. No times in it: the same work gives the same manifest.

    Args:
        files: the shards of the table, in their order.
        model: the model of this run; kept shards may have been scored with others.
        summary: what this run did.

    Returns:
        ``model``, ``codebook``, ``engine`` and ``version`` of this run, ``models`` and ``codebooks`` of all rows, and
        the shards, each with its own.
    """
    shards = [_shard(f) for f in files]
    return {
        "table": KIND,
        **{k.removeprefix("stance."): v for k, v in scorer_metadata(model).items()},
        "models": sorted({s["model"] for s in shards if s["sentences"]}),
        "codebooks": sorted({s["codebook"] for s in shards if s["sentences"]}),
        "documents": summary.documents,
        "kept_documents": summary.kept,
        "shards": shards,
        "failed": [asdict(f) for f in summary.failed],
    }


def _shard(file: Path) -> dict[str, Any]:
    import pyarrow.parquet as pq

    about = pq.read_metadata(file)
    scorer = {name: (about.metadata or {}).get(f"stance.{name}".encode(), b"").decode() for name in SCORER}
    return {"file": file.name, "sentences": about.num_rows, **scorer}
