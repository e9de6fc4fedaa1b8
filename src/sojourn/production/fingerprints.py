"""Fingerprints: a version is named by all that it was made from."""

from __future__ import annotations

import functools
import hashlib
import json
from pathlib import Path
from typing import Any

__all__ = ["METHOD_ROOMS", "code_fingerprint", "fingerprint"]

METHOD_ROOMS = ("concepts", "contracts", "engine", "sources", "integration", "statistics", "disclosure")


@functools.cache
def code_fingerprint(rooms: tuple[str, ...] = METHOD_ROOMS) -> str:
    """A hash of the text of every module, SQL and data file of the named rooms."""
    digest = hashlib.sha256()
    base = Path(__file__).parents[1]
    for room in rooms:
        for file in sorted((base / room).rglob("*")):
            if file.suffix in (".py", ".sql", ".csv", ".yaml", ".json"):
                digest.update(f"{file.relative_to(base)}\0".encode())
                digest.update(file.read_bytes())
    return digest.hexdigest()


def fingerprint(*parts: Any) -> str:
    """SHA-256 of the parts as canonical JSON."""
    text = json.dumps(parts, sort_keys=True, ensure_ascii=False, default=str, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
