"""The project's keys: they lie outside the project, and each purpose has one of its own.

Two secrets are kept. One signs the audit trail. From the other, the master key, every purpose derives a
key of its own (HKDF, RFC 5869): whoever has the pseudonyms of two projects cannot join them, even if both
have the same master key. Which master key is in force is not for the key folder to say: the catalogue
names it by its mark, which tells nothing of the key. So a key can be made ready beside the old one, and
one transaction changes from one to the other.
"""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from sojourn.errors import ProjectError
from sojourn.store.durable import synchronise
from sojourn.store.key_sources import KeySource, masters_of

__all__ = ["KeyRing", "Keys", "derived", "mark_of"]

BYTES = 32
_MASTER, _NEXT, _AUDIT = "pseudonym.key", "pseudonym.next.key", "audit.key"
_RESTORE = "Restore it from the copy that is kept with the office's keys."


def derived(master: bytes, *purpose: str) -> bytes:
    """The key of 256 bits that a purpose has of its own.

    Each part of the purpose goes in with its length, so that no two purposes read alike.

    Source: RFC 5869 (HKDF with SHA-256).
    """
    told = b"".join(len(part.encode()).to_bytes(4, "big") + part.encode() for part in ("sojourn", *purpose))
    return HKDF(SHA256(), BYTES, salt=None, info=told).derive(master)


def mark_of(master: bytes, project: str) -> str:
    """What the catalogue of a project calls a master key; nothing of the key follows from it."""
    return derived(master, project, "mark").hex()[:32]


@dataclass(frozen=True, repr=False)
class Keys:
    """What one project makes of the master key in force."""

    pseudonym: bytes
    content: bytes
    cells: bytes
    mark: str

    @classmethod
    def of(cls, master: bytes, *, project: str, agency: str) -> Keys:
        """The keys of a project of an agency."""
        return cls(
            derived(master, project, agency, "pseudonyms"),
            derived(master, project, "content of deliveries"),
            derived(master, project, agency, "cell keys"),
            mark_of(master, project),
        )

    @property
    def pseudonym_mark(self) -> str:
        """What tells pseudonyms of this key from those of another in the name of a version."""
        return derived(self.pseudonym, "name of versions").hex()[:16]


@dataclass(frozen=True, repr=False)
class KeyRing:
    """The keys that are to hand: the one that signs the trail, and one master key or, in a change, two."""

    folder: Path
    audit: Ed25519PrivateKey
    masters: tuple[bytes, ...]
    is_held_elsewhere: bool

    @classmethod
    def open(
        cls,
        folder: Path,
        project: Path,
        source: KeySource | None = None,
        *,
        is_first: bool = True,
        is_lost: bool = False,
    ) -> KeyRing:
        """Read the keys; `source` gives the master key in place of a file.

        The first time that a project is opened they are made, when the folder holds none. With `is_lost`
        there may be no master key.

        Raises: ProjectError when a key lies inside the project, others can read it, it is damaged or
        missing, or the source gives none.
        """
        folder = folder.expanduser()
        _require_outside(folder, project)
        names = (_AUDIT,) if source is not None or is_lost else (_MASTER, _AUDIT)
        present = [(folder / name).is_file() for name in names]
        if is_first and not any(present):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            for name in names:
                _make(folder / name)
        elif not all(present):
            found = "holds one key and lacks the other" if any(present) else "holds no key"
            raise ProjectError(
                f"The key folder {folder} {found}.",
                "Restore the keys from the copy that is kept with the office's keys; new keys would not fit"
                " the old records.",
            )
        for name in (_MASTER, _NEXT, _AUDIT):
            _require_outside(folder / name, project)
        audit = Ed25519PrivateKey.from_private_bytes(_read(folder / _AUDIT))
        if source is not None:
            return cls(folder, audit, masters_of(source), is_held_elsewhere=True)
        kept = tuple(_read(folder / name) for name in (_MASTER, _NEXT) if (folder / name).is_file())
        return cls(folder, audit, kept, is_held_elsewhere=False)

    def master(self, project: str, mark: str) -> bytes | None:
        """The master key of that mark, or none."""
        return next((master for master in self.masters if mark_of(master, project) == mark), None)

    def next_master(self, project: str, mark: str) -> bytes:
        """The key that is to follow the one of that mark; in the key folder it is made when there is none.

        Raises: ProjectError when the secret manager has not been given one.
        """
        others = [master for master in self.masters if mark_of(master, project) != mark]
        if len(others) == 1:
            return others[0]
        if others or self.is_held_elsewhere:
            raise ProjectError(
                "The secret manager must give two keys, the one in force and the one that is to follow it;"
                f" it gives {len(self.masters)}.",
                "Add a line with a new key to what it keeps, for instance made by `openssl rand -hex 32`, and"
                " give the command again.",
            )
        _make(self.folder / _NEXT)
        return _read(self.folder / _NEXT)

    def destroy_others(self, project: str, mark: str) -> bool:
        """Overwrite and remove every master key but the one of that mark; say whether it is alone now.

        What a secret manager keeps only its owner can remove. Can be given again after an interruption at
        any point: an overwritten file holds no key of that mark, and is overwritten again.
        """
        if self.is_held_elsewhere:
            return all(mark_of(master, project) == mark for master in self.masters)
        first, second = self.folder / _MASTER, self.folder / _NEXT
        if second.is_file() and mark_of(_read(second), project) == mark:
            if first.is_file():
                _overwrite(first)
            second.replace(first)
        elif second.is_file():
            _overwrite(second)
            second.unlink()
        synchronise(self.folder)
        return True


def _require_outside(place: Path, project: Path) -> None:
    inside, outside = place.resolve(), project.resolve()
    if inside == outside or outside in inside.parents:
        raise ProjectError(
            "The keys lie inside the project's folder, from where they would travel with it.",
            "Move them to a folder outside the project, and name it under `keys:` in sojourn.yaml.",
        )


def _make(file: Path) -> None:
    beside = file.with_name(f".{file.name}.new")
    beside.unlink(missing_ok=True)
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as opened:
        opened.write(secrets.token_bytes(BYTES))
        opened.flush()
        os.fsync(opened.fileno())
    beside.rename(file)
    synchronise(file.parent)


def _overwrite(file: Path) -> None:
    """Put something else in the very place of a key, and make sure that it is on the disk."""
    with file.open("r+b") as opened:
        opened.write(secrets.token_bytes(BYTES))
        opened.flush()
        os.fsync(opened.fileno())


def _read(file: Path) -> bytes:
    if not file.is_file():
        raise ProjectError(f"There is no key {file}.", _RESTORE)
    if file.stat().st_mode & 0o077:
        raise ProjectError(f"Others than its owner can read the key {file}.", f"Run: chmod 600 {file}")
    content = file.read_bytes()
    if len(content) != BYTES:
        raise ProjectError(f"The key {file} is damaged.", _RESTORE)
    return content
