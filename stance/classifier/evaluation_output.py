"""An evaluation's files: tables as CSV, figures as SVG; and the tables that need more than the model's own labels."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pandas as pd

from stance.annotation.standoff import AnnotatedDocument, Annotation, annotations_of, read_annotations
from stance.classifier.confidence import reliability_chart, risk_coverage_chart
from stance.classifier.confusions import costly_confusions
from stance.classifier.evaluate import Evaluation, label_documents
from stance.classifier.fitting_record import DIGEST, digest_of_labels, digest_of_model
from stance.classifier.predict import Model, model_folder
from stance.classifier.tallies import figures_with_intervals, paired_differences, tally
from stance.codebook import Codebook
from stance.errors import StanceError

logger = logging.getLogger(__name__)


def further_tables(
    result: Evaluation,
    documents: Sequence[AnnotatedDocument],
    codebook: Codebook,
    raw: str | None,
    against: Sequence[str],
    digest: str,
) -> dict[str, pd.DataFrame]:
    """Tables beside an evaluation.

    Args:
        result: the evaluation.
        documents: the hand-coded sentences, in its order.
        codebook: the labels.
        raw: folder or file of single coders' labels.
        against: files, or folders of files, with other systems' labels; or other models, by name or folder.
        digest: hash of the annotations that the model was fitted on; "" if it is not known.

    Returns:
        ``confusions``; ``coders`` where ``raw`` is given; ``comparison`` where ``against`` is given, with the hash of
            the annotations that each system was fitted on. One that was fitted on others than the model is warned of.
    """
    truth = annotations_of(documents)
    tables = {"confusions": costly_confusions(result.errors, codebook)}
    if raw:
        from stance.annotation.agreement import double_coded
        from stance.classifier.coders import distance_to_coders

        labels = [a for f in _files(raw) for a in read_annotations(f, codebook)]
        tables["coders"] = distance_to_coders(truth, result.given, double_coded(labels), codebook)
    if against:
        systems = _systems(against, documents, codebook)
        table = compare_systems(truth, result.given, {k: s.labels for k, s in systems.items()}, codebook)
        digests = {"model": digest} | {k: s.digest for k, s in systems.items()}
        _warn_of_other_data(digests)
        tables["comparison"] = table.assign(**{DIGEST: table["system"].map(digests)})
    return tables


def _warn_of_other_data(digests: dict[str, str]) -> None:
    own = digests["model"]
    for name, digest in digests.items():
        if own and digest and digest != own:
            logger.warning(
                "%s was fitted on other annotations (%s) than the model (%s): differences may be those of the data. "
                "Fit it again on the same",
                name,
                digest,
                own,
            )


@dataclass(frozen=True)
class _System:
    """Another system's labels, and the hash of the annotations that it was fitted on."""

    labels: list[Annotation]
    digest: str


def _systems(against: Sequence[str], documents: Sequence[AnnotatedDocument], codebook: Codebook) -> dict[str, _System]:
    """By name: labels read from files, or given by a model."""
    systems: dict[str, _System] = {}
    for system in against:
        found = _labels_of(system, documents, codebook)
        if twice := sorted(set(found) & {*systems, "model"}):
            raise StanceError(
                f"{system}: there are two systems called {twice[0]}. Name the files or folders differently"
            )
        systems |= found
    return systems


def _labels_of(system: str, documents: Sequence[AnnotatedDocument], codebook: Codebook) -> dict[str, _System]:
    place = Path(system)
    if place.is_file() or (place.is_dir() and not (place / "scoring.json").is_file()):
        return {f.stem: _System(read_annotations(f, codebook), digest_of_labels(f)) for f in _files(system)}
    try:
        model = Model(system)
    except StanceError as error:
        raise StanceError(f"{system}: neither a file or folder of labels nor a model ({error})") from error
    if model.codebook.outputs != codebook.outputs:
        raise StanceError(f"{system}: this model has other labels. Compare models of one codebook")
    return {model.folder.name: _System(label_documents(model, documents), digest_of_model(model_folder(system)))}


def compare_systems(
    truth: Sequence[Annotation],
    model: Sequence[Annotation],
    systems: dict[str, list[Annotation]],
    codebook: Codebook,
    samples: int = 10000,
) -> pd.DataFrame:
    """Compare the model with other systems on the same sentences.

    Args:
        truth: hand-coded labels.
        model: the model's labels, in the same order.
        systems: by name, another system's labels; found by document and offsets.
        codebook: the labels.
        samples: bootstrap samples of documents.

    Returns:
        ``system``, ``dimension``, ``metric``, ``estimate``, ``low``, ``high``; and ``difference``, ``difference_low``,
        ``difference_high``, ``p``: the model less the system, by paired bootstrap of documents (see
        `stance.classifier.tallies.paired_differences`); ``p_adjusted`` is p corrected for false discovery
        (Benjamini and Hochberg 1995) over the whole table. The model's own rows come first, without a difference.

    Raises:
        StanceError: if a system has not labelled every sentence.
    """
    from stance.contrast.statistics import adjusted

    counted = tally(truth, model, codebook)
    parts = [figures_with_intervals(counted).assign(system="model")]
    for name, labels in systems.items():
        by_span = {a.span: a for a in labels}
        lacking = [a for a in truth if a.span not in by_span]
        if lacking:
            raise StanceError(
                f"{name}: {len(lacking)} of {len(truth)} sentences have no label (first: {lacking[0].place}). "
                "Label them all, with the same offsets"
            )
        other = tally(truth, [by_span[a.span] for a in truth], codebook)
        change = paired_differences(counted, other, samples)
        part = figures_with_intervals(other).assign(system=name)
        part["difference"], part["p"] = change["difference"], change["p"]
        part["difference_low"], part["difference_high"] = change["low"], change["high"]
        parts.append(part)
    table = pd.concat(parts, ignore_index=True)
    if "p" in table:
        table["p_adjusted"] = adjusted(table["p"])
    columns = ["system", "dimension", "metric", "estimate", "low", "high"]
    more = ["difference", "difference_low", "difference_high", "p", "p_adjusted"]
    return table.reindex(columns=columns + more)


def evaluation_files(
    result: Evaluation, tables: dict[str, pd.DataFrame], folder: Path
) -> dict[Path, Callable[[Path], object]]:
    """The files of an evaluation, each with what writes it.

    Args:
        result: the evaluation.
        tables: from `further_tables`.
        folder: where they shall stand.
    """
    from stance.report.charts import save_chart

    named = {
        "figures": result.figures, "labels": result.labels, "errors": result.errors, "breakdown": result.breakdown,
        "reliability": result.reliability, "risk_coverage": result.risk_coverage,
        "calibration": result.calibration, **tables,
    }  # fmt: skip
    files: dict[Path, Callable[[Path], object]] = {}
    for name, table in named.items():
        files[folder / f"{name}.csv"] = partial(table.to_csv, index=False, float_format="%.6g")
    for name, counts in result.confusion.items():
        files[folder / f"confusion_{name}.csv"] = counts.to_csv
    files[folder / "reliability.svg"] = partial(save_chart, reliability_chart(result.reliability))
    files[folder / "risk_coverage.svg"] = partial(save_chart, risk_coverage_chart(result.risk_coverage))
    return files


def _files(path: str) -> list[Path]:
    place = Path(path)
    files = sorted(place.glob("*.jsonl")) if place.is_dir() else [place]
    if not files:
        raise StanceError(f"{path}: no JSONL lies in it. Give a file, or a folder of files, of labels with offsets")
    return files
