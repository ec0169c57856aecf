"""The same scorer on Ray Data: many processes or machines, the same rows.

Chunks go out to a pool of actors, each with its own copy of the model, and come back as Arrow tables; this process
alone reads the inputs and writes the shards, so that resuming and manifest are those of the local engine.
"""

from __future__ import annotations

import logging
import os
import pickle
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from stance.classifier.predict import Model
from stance.errors import StanceError, needs_extra
from stance.scoring.chunks import Chunk
from stance.scoring.engine import Engine, Plan, Scored, chunk_tables

if TYPE_CHECKING:
    import pyarrow as pa

logger = logging.getLogger(__name__)

WINDOW = 256
"""Chunks that are handed to Ray at once: about half a million sentences."""
PATIENCE = 5.0
"""Seconds in which something has to answer at the address of a cluster; Ray itself tries for minutes."""


def ray_engine(address: str | None = None, threads: int = 1) -> Engine:
    """Make an engine for `stance.scoring.score_archive` that scores on Ray.

    Args:
        address: ``auto`` for the cluster that this machine is part of, or its head's, such as ``head:6379``; None to
            start Ray on this machine. Ray Data has to run on a machine of the cluster, so ``ray://`` is refused.
            Workers need the same release of this package, and the model under the same name or absolute path.
        threads: of each actor; there are as many actors as the cluster has processors for.

    Raises:
        StanceError: if Ray is not installed, the address is one of Ray Client, or nothing answers there; once it
            scores, if Ray cannot be reached, fails on a worker, or has no machine with so many processors.
    """
    with needs_extra("ray", "the Ray engine"):
        import ray
    address = address or os.environ.get("RAY_ADDRESS")
    if address and address.lower().startswith("ray://"):
        raise StanceError(
            f"{address}: Ray Data does not run over Ray Client. Run the command on a machine of the cluster, with "
            "--ray-address auto"
        )
    with _reaching(address):
        _knock(address)

    def engine(pieces: Iterator[Chunk], plan: Plan) -> Iterator[Scored]:
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
        os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
        started = not ray.is_initialized()
        if started:
            _start(address)
        try:
            while window := list(islice(pieces, WINDOW)):
                rows = _named(_on_ray([c for c in window if not plan.finished(c.key)], plan, threads))
                for chunk in window:
                    yield chunk, None if plan.finished(chunk.key) else next(rows)
        finally:
            if started:
                ray.shutdown()

    return engine


def _start(address: str | None) -> None:
    import ray

    with _reaching(address):
        ray.init(address=address, log_to_driver=False, logging_level=logging.ERROR)


@contextmanager
def _reaching(address: str | None) -> Iterator[None]:
    """Turn whatever keeps Ray from starting into an error that names the cure."""
    try:
        yield
    except Exception as error:  # Ray's are of many kinds
        what = f"{address}: the Ray cluster cannot be reached" if address else "Ray cannot be started on this machine"
        raise StanceError(
            f"{what} ({_last_line(error)}). Check --ray-address, that the cluster runs, that this machine is part "
            "of it, and that it has the same releases of Python and Ray; where it asks for a token, set "
            "RAY_AUTH_MODE=token. Or leave out --engine ray"
        ) from error


def _knock(address: str | None) -> None:
    """Raise an `OSError` if nothing answers at an address with a port; ``auto`` and ``local`` have none."""
    place = urlsplit(f"//{address or ''}")
    if place.hostname and place.port:
        socket.create_connection((place.hostname, place.port), PATIENCE).close()


def _named(rows: Iterator[list[pa.Table]]) -> Iterator[list[pa.Table]]:
    """The same rows, with Ray's own errors in words."""
    from ray.exceptions import RayError

    try:
        yield from rows
    except RayError as error:  # one that a worker raised is a StanceError, too, with a traceback as its text
        logger.info("Ray's error in full:", exc_info=True)
        raise StanceError(
            f"Ray: a worker failed ({_last_line(error)}). All machines need the same release of stance-readouts, the "
            "model under the same name or absolute path, and enough memory; then give the same command again"
        ) from error


def _last_line(error: Exception) -> str:
    """What an error says, without the traceback of another process."""
    return next((x.strip() for x in reversed(str(error).splitlines()) if x.strip()), type(error).__name__)


class ChunkScorer:
    """An actor's work: pickled chunks in, Arrow tables as bytes out."""

    def __init__(self, model: str, threads: int, expected: str) -> None:
        self.model = Model(model, threads=threads)
        found = f"{self.model.identity} {self.model.engine}"
        if found != expected:
            raise StanceError(f"a Ray worker has {found}, this process {expected}. Give all machines the same")

    def __call__(self, batch: dict[str, Any]) -> dict[str, Any]:
        """Score the chunks of a batch."""
        return {"rows": [self._score(pickle.loads(chunk)) for chunk in batch["chunk"]]}  # our own

    def _score(self, chunk: Chunk) -> bytes:
        import pyarrow as pa

        sink = pa.BufferOutputStream()
        writer = None
        for table in chunk_tables(chunk, self.model):
            writer = writer or pa.ipc.new_stream(sink, table.schema)
            writer.write_table(table.combine_chunks())
        if writer:
            writer.close()
        return bytes(sink.getvalue().to_pybytes())


def _on_ray(todo: list[Chunk], plan: Plan, threads: int) -> Iterator[list[pa.Table]]:
    """Rows of chunks, in order, one table a slice as in the local engine."""
    import pyarrow as pa
    import ray

    if not todo:
        return
    context = ray.data.DataContext.get_current()
    context.execution_options.preserve_order = True
    context.enable_progress_bars = False
    actors = max(1, min(len(todo), _places(threads)))
    model = plan.model
    dataset = ray.data.from_items([{"chunk": pickle.dumps(c)} for c in todo], override_num_blocks=len(todo))
    scored = dataset.map_batches(
        ChunkScorer,
        fn_constructor_args=(_place(model), threads, f"{model.identity} {model.engine}"),
        batch_size=1,
        num_cpus=threads,
        compute=ray.data.ActorPoolStrategy(size=actors),
    )
    for row in scored.iter_rows():
        data = row["rows"]
        yield [pa.Table.from_batches([b]) for b in pa.ipc.open_stream(data)] if data else []


def _place(model: Model) -> str:
    """Where workers find the model: they may run in another folder, and a shipped one is where their package is."""
    return str(Path(model.name).absolute()) if Path(model.name).is_dir() else model.name


def _places(threads: int) -> int:
    """How many actors of so many threads the cluster's machines have processors for."""
    import ray

    nodes: Any = ray.nodes  # it carries no types
    processors = [int(n["Resources"].get("CPU", 0)) for n in nodes() if n["Alive"]]
    places = sum(p // threads for p in processors)
    if not places:  # Ray would wait for a larger machine
        raise StanceError(
            f"an actor of {threads} threads finds no machine in the Ray cluster: the largest has "
            f"{max(processors, default=0)} processors. Give fewer --threads"
        )
    return places
