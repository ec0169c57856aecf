"""What a model card says of training: the stages that led to a model, their time, and an estimate of their energy."""

from __future__ import annotations

import re
from typing import Any

CORE_WATTS = 10
"""Watts of a busy core with its memory. An assumption: machines that train have no power meter."""


def stages(manifest: dict[str, Any]) -> list[dict[str, Any]]:
    """The trainings that a manifest tells of: its own, then those of teachers and of the checkpoint it goes on from."""
    others = {t["name"]: t for t in [*manifest.get("teachers", []), manifest.get("predecessor")] if t}
    return [manifest, *others.values()]


def in_stages(manifest: dict[str, Any]) -> bool:
    """Whether training began with weights that had learned labels before."""
    return bool(manifest.get("predecessor"))


def training_items(manifest: dict[str, Any], own: bool) -> str:
    """The card's items on training.

    Args:
        manifest: the model's; those of earlier versions of the package have no ``predecessor``.
        own: whether the predecessor, if there is one, was trained in this project.
    """
    real = manifest["train_sentences"] - manifest["written_sentences"]
    epoch = "the best epoch, " if manifest["recipe"]["training"]["epochs"] > 1 else ""
    calibrated = manifest.get("calibrated_anew", manifest)
    this = " in this stage" if in_stages(manifest) else ""
    return f"""\
- Trained{this} on {real} labelled sentences of published documents and {manifest["written_sentences"]} written ones;
  {epoch}calibration and thresholds on {calibrated["validation_sentences"]} sentences of other documents. Hash of the
  annotations: `{manifest["annotations_sha256"]}`.
{_predecessor(manifest, own)}{_teachers(manifest)}\
- {"This stage of training" if this else "Training"} took {_time(manifest)}.
  Recipe, versions and seed: see `manifest.json`.
{energy_item(manifest)}"""


def energy_item(manifest: dict[str, Any]) -> str:
    """The card's item on energy: minutes by cores by `CORE_WATTS`, summed over the stages that the manifest names."""
    cores = [re.search(r"(\d+) threads?\b", s["machine"]) for s in stages(manifest)]
    products = [(s["seconds"] // 60, int(c[1])) for s, c in zip(stages(manifest), cores, strict=True) if c]
    if len(products) < len(cores):
        return "- Energy: neither measured nor estimated, as the number of cores is not recorded."
    total = sum(minutes * count for minutes, count in products) * CORE_WATTS / 60_000
    terms = " + ".join(f"{minutes} × {count}" for minutes, count in products)
    of = "this training and those of the models named above" if len(products) > 1 else "this training"
    return (
        f"- Energy, not measured: {total:.2g} kWh by estimate, for {of}:\n"
        f"  minutes × cores ({terms}) × {CORE_WATTS} W, which is assumed for a core with its memory, / 60,000."
    )


def _time(stage: dict[str, Any]) -> str:
    return f"{stage['seconds'] // 60} minutes on {stage['machine']}"


def _predecessor(manifest: dict[str, Any], own: bool) -> str:
    """Item on the checkpoint that training went on from."""
    earlier = manifest.get("predecessor")
    if not earlier:
        return ""
    kind = "training" if own else "checkpoint"
    return f"""\
- Goes on from an earlier {kind}, `{earlier["name"]}`, trained on {earlier["train_sentences"]} sentences
  (annotations `{earlier["annotations_sha256"]}`) for {_time(earlier)}. What that one
  had learned from before is not counted here.
"""


def _teachers(manifest: dict[str, Any]) -> str:
    """Items on the teachers of a distilled model."""
    distillation = manifest["recipe"].get("distillation", {})
    share = distillation.get("weight", 0.0) / max(1, len(distillation.get("teachers", [])))
    lines = ""
    for t in manifest.get("teachers", []):
        name = t.get("model", t["name"])
        uncoded = manifest["soft_labelled_sentences"]
        taught = [f"{share:.0%} of each target"] if share else []
        taught += [f"all of those of {uncoded} sentences\n  that nobody coded"] if uncoded else []
        lines += f"""\
- Learnt from a teacher, too: {t["encoder"]} `{name}`. Its calibrated
  probabilities make {", and ".join(taught)}. It was
  trained on {t["train_sentences"]} sentences (annotations `{t["annotations_sha256"]}`) for
  {t["seconds"] // 60} minutes on {t["machine"]}.
"""
    return lines
