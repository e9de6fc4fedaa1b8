"""The project's keys: made once, kept in a folder outside the project, readable by their owner only."""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from sojourn.errors import ProjectError
from sojourn.store.durable import synchronise

__all__ = ["Keys"]

_PSEUDONYM, _AUDIT = "pseudonym.key", "audit.key"


@dataclass(frozen=True, repr=False)
class Keys:
    """The secret that pseudonyms are made with, and the one that signs the audit trail."""

    pseudonym: bytes
    audit: Ed25519PrivateKey
    folder: Path

    @classmethod
    def open(cls, folder: Path) -> Keys:
        """Read the keys of a folder; make them when the folder holds none.

        Raises: ProjectError when others can read a key, when one is damaged, or when only one is left.
        """
        folder = folder.expanduser()
        present = [(folder / name).is_file() for name in (_PSEUDONYM, _AUDIT)]
        if not any(present):
            _make(folder)
        elif not all(present):
            raise ProjectError(
                f"The key folder {folder} holds one key and lacks the other.",
                "Restore both from the copy that is kept with the office's keys; new keys would not fit the"
                " old records.",
            )
        return cls(
            _read(folder / _PSEUDONYM), Ed25519PrivateKey.from_private_bytes(_read(folder / _AUDIT)), folder
        )


def _make(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    for name in (_PSEUDONYM, _AUDIT):
        beside = folder / f".{name}.new"
        beside.unlink(missing_ok=True)
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as opened:
            opened.write(secrets.token_bytes(32))
            opened.flush()
            os.fsync(opened.fileno())
    for name in (_PSEUDONYM, _AUDIT):
        (folder / f".{name}.new").rename(folder / name)
    synchronise(folder)


def _read(file: Path) -> bytes:
    if file.stat().st_mode & 0o077:
        raise ProjectError(f"Others than its owner can read the key {file}.", f"Run: chmod 600 {file}")
    content = file.read_bytes()
    if len(content) != 32:
        raise ProjectError(
            f"The key {file} is damaged.", "Restore it from the copy that is kept with the office's keys."
        )
    return content
