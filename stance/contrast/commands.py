"""``stance corpus alignment``: how well the similarities align the two sides' sentences, on judged pairs."""

from __future__ import annotations

from pathlib import Path

import click


@click.command("alignment")
@click.argument("table", type=click.Path(dir_okay=False))
@click.option("--pairs", "folder", type=click.Path(path_type=Path), help="Folder of the judged pairs.")
@click.option("--split", type=click.Choice(["choice", "report"]), default="report", show_default=True)
@click.option("--threshold", type=float, help="Lowest similarity of a pair; default: the one in use, of each.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def alignment(table: str, folder: Path | None, split: str, threshold: float | None, as_json: bool) -> None:
    """Precision and recall of the alignment on pairs that were judged by reading.

    TABLE: your copies of the judged documents, scored (stance score documents.jsonl -o TABLE). The pairs are split by
    meeting: similarity and threshold were chosen on one half, figures are told on the other.
    """
    from stance.annotation.corpus_files import find_part
    from stance.codebook import load_codebook
    from stance.contrast.alignment_evaluation import evaluate_similarities, read_judged_pairs
    from stance.contrast.similarity import THRESHOLDS
    from stance.table import read_table

    judged = read_judged_pairs(
        folder or find_part("corpus/alignment", "--pairs FOLDER"), read_table(table), load_codebook()
    )
    thresholds = THRESHOLDS if threshold is None else dict.fromkeys(THRESHOLDS, threshold)
    figures = evaluate_similarities(judged, split, thresholds)
    click.echo(figures.to_json(orient="records", indent=1) if as_json else figures.round(3).to_string(index=False))
