"""The audit trail: a chain of events that cannot be changed without showing.

Each event carries the hash of the one before. A chain alone does not show that its end was cut off or
that all of it was written anew; so after every event a signed checkpoint (the event's number and hash)
is appended to a file that lies elsewhere. Verification walks the chain and holds it against the
checkpoints, and names the first place that is wrong.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

__all__ = ["FIRST_HASH", "Checkpoint", "Finding", "Witness", "event_hash", "verify"]

FIRST_HASH = "0" * 64
_HASHED = ("sequence", "at", "actor", "action", "object", "purpose", "outcome", "detail", "previous_hash")


@dataclass(frozen=True)
class Checkpoint:
    """The size and last hash of the trail at one moment, signed."""

    sequence: int
    hash: str
    signature: str
    key: str

    def is_genuine(self, public_key: Ed25519PublicKey) -> bool:
        """Whether the signature was made with that key over this size and hash."""
        try:
            public_key.verify(base64.b64decode(self.signature), _signed_text(self.sequence, self.hash))
        except (InvalidSignature, ValueError):
            return False
        return True


@dataclass(frozen=True)
class Finding:
    """The first place of the audit trail that is wrong."""

    sequence: int
    message: str


def event_hash(event: dict[str, Any]) -> str:
    """SHA-256 of an event's fields and of the hash before it, in a fixed order."""
    text = json.dumps([event[name] for name in _HASHED], ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _signed_text(sequence: int, root: str) -> bytes:
    return f"sojourn audit checkpoint {sequence} {root}".encode()


class Witness:
    """The file of signed checkpoints, kept away from the catalogue."""

    def __init__(self, file: Path, key: Ed25519PrivateKey) -> None:
        self.file = file
        self._key = key

    @property
    def public_key(self) -> Ed25519PublicKey:
        """The key that proves the checkpoints."""
        return self._key.public_key()

    def public_key_text(self) -> str:
        """The public key as text, as release pages print it."""
        return base64.b64encode(self.public_key.public_bytes(Encoding.Raw, PublicFormat.Raw)).decode()

    def checkpoint(self, sequence: int, root: str) -> Checkpoint:
        """A signed checkpoint of the trail's size and last hash."""
        signature = base64.b64encode(self._key.sign(_signed_text(sequence, root))).decode()
        return Checkpoint(sequence, root, signature, self.public_key_text())

    def record(self, sequence: int, root: str) -> Checkpoint:
        """Append a checkpoint and make sure that it is on the disk."""
        made = self.checkpoint(sequence, root)
        line = json.dumps(
            {"sequence": made.sequence, "hash": made.hash, "signature": made.signature, "key": made.key}
        )
        descriptor = os.open(self.file, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            size = os.fstat(descriptor).st_size
            torn = size > 0 and os.pread(descriptor, 1, size - 1) != b"\n"
            os.write(descriptor, (f"\n{line}\n" if torn else f"{line}\n").encode())
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        return made

    def last_sequence(self) -> int:
        """The number of the last event that has a checkpoint; 0 when there is none."""
        return max((checkpoint.sequence for checkpoint in self.checkpoints()), default=0)

    def checkpoints(self) -> Iterator[Checkpoint]:
        """All whole lines of the file; a line cut short by a power failure is passed over."""
        if not self.file.is_file():
            return
        with self.file.open(encoding="utf-8", errors="replace") as opened:
            for line in opened:
                try:
                    parts = json.loads(line)
                    yield Checkpoint(int(parts["sequence"]), parts["hash"], parts["signature"], parts["key"])
                except (ValueError, KeyError, TypeError):
                    continue


def verify(
    events: Iterable[dict[str, Any]], checkpoints: Iterable[Checkpoint], key: Ed25519PublicKey | None
) -> Finding | None:
    """Walk the trail in order and hold it against the checkpoints.

    Returns the first place that is wrong, or none. Only checkpoints whose signature is genuine count; a
    forged one is itself a finding.
    """
    roots: dict[int, str] = {}
    for checkpoint in checkpoints:
        if key is not None and not checkpoint.is_genuine(key):
            return Finding(checkpoint.sequence, "a checkpoint's signature is not genuine")
        if roots.setdefault(checkpoint.sequence, checkpoint.hash) != checkpoint.hash:
            return Finding(checkpoint.sequence, "two checkpoints disagree about this event")
    previous, expected = FIRST_HASH, 1
    for event in events:
        sequence = int(event["sequence"])
        if sequence != expected:
            return Finding(expected, f"event {expected} is missing: the next one found is {sequence}")
        if event["previous_hash"] != previous:
            return Finding(sequence, "the event does not follow the one before it")
        if event["hash"] != event_hash(event):
            return Finding(sequence, "the event's content is not what was written")
        if roots.get(sequence, event["hash"]) != event["hash"]:
            return Finding(sequence, "the event is not the one that the checkpoint saw")
        previous, expected = event["hash"], expected + 1
    unseen = [sequence for sequence in roots if sequence >= expected]
    if unseen:
        return Finding(
            expected, f"the trail ends at event {expected - 1}, but a checkpoint saw event {max(unseen)}"
        )
    return None
