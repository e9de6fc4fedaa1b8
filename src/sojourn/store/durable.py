"""Files that survive a power cut: written, synchronised, renamed, and the folder synchronised too."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO

__all__ = ["copy_folder", "copy_hashed", "file_sha256", "place_folder", "replace_file", "synchronise"]

_PIECE = 1 << 20


def synchronise(path: Path) -> None:
    """Make sure that a file's content, or a folder's list of names, is on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def file_sha256(file: Path) -> str:
    """SHA-256 of a file, read piece by piece."""
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def copy_hashed(source: BinaryIO, target: Path) -> tuple[str, int]:
    """Copy a stream to a new file and return its SHA-256 and size, both of what was written."""
    digest, size = hashlib.sha256(), 0
    with target.open("xb") as opened:
        while piece := source.read(_PIECE):
            digest.update(piece)
            size += opened.write(piece)
        opened.flush()
        os.fsync(opened.fileno())
    return digest.hexdigest(), size


def copy_folder(source: Path, target: Path) -> None:
    """Copy a folder and all in it to a new one; the first file that cannot be written ends it."""
    target.mkdir(parents=True)
    for path in sorted(source.rglob("*")):
        beside = target / path.relative_to(source)
        if path.is_dir():
            beside.mkdir()
            continue
        with path.open("rb") as opened:
            copy_hashed(opened, beside)


def replace_file(file: Path, content: bytes) -> None:
    """Give a file new content in one step: readers see the old or the new, never a part."""
    beside = file.with_name(f".{file.name}.new")
    # What an interruption left, or a link to another file.
    beside.unlink(missing_ok=True)
    with beside.open("xb") as opened:
        opened.write(content)
        opened.flush()
        os.fsync(opened.fileno())
    beside.replace(file)
    synchronise(file.parent)


def place_folder(made: Path, target: Path) -> None:
    """Move a finished folder to its name in one step; what stood there unnamed by anyone is replaced."""
    for path in _all_paths(made):
        synchronise(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    if target.exists():
        shutil.rmtree(target)
    made.rename(target)
    synchronise(target.parent)


def _all_paths(folder: Path) -> Iterable[Path]:
    yield from folder.rglob("*")
    yield folder
