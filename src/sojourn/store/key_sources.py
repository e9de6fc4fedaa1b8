"""Master keys from a secret manager: what a declared command prints, or what an open descriptor holds.

One key a line, of at least 256 bits, as hexadecimal or base64: one line in ordinary times, two while the
key is changed. Neither the text nor what the command complains of is ever shown, since either may hold
the key.
"""

from __future__ import annotations

import base64
import binascii
import functools
import os
import subprocess
from dataclasses import dataclass

from sojourn.errors import ProjectError

__all__ = ["KeySource", "masters_of"]

LONGEST = 1 << 16
LEAST_BYTES = 32
SECONDS = 60


@dataclass(frozen=True)
class KeySource:
    """A command with its arguments, or the number of a descriptor that is open when Sojourn starts."""

    command: tuple[str, ...] = ()
    descriptor: int | None = None


def masters_of(source: KeySource) -> tuple[bytes, ...]:
    """The keys that a source gives, each once.

    Raises: ProjectError when it gives none, or a line is no key.
    """
    if source.descriptor is not None:
        return _keys_in(_held(source.descriptor), f"The descriptor {source.descriptor}")
    return _keys_in(_printed(source.command), f"The command {source.command[0]}")


def _printed(command: tuple[str, ...]) -> bytes:
    """What a command prints; it runs without a shell and away from the project."""
    told = f"The command that gives the key, {command[0]},"
    again = "Give it by hand to see why; its words are not shown here, since they may hold the key."
    try:
        done = subprocess.run(  # noqa: S603  an argument list from the project's own declaration, no shell
            command, stdin=subprocess.DEVNULL, capture_output=True, cwd="/", timeout=SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        raise ProjectError(f"{told} did not answer within {SECONDS} seconds.", again) from None
    except OSError as error:
        raise ProjectError(f"{told} cannot be started: {error.strerror}.", "Look at `keys:`.") from None
    if done.returncode != 0:
        raise ProjectError(f"{told} ended with {done.returncode}.", again)
    return done.stdout[: LONGEST + 1]


@functools.cache
def _held(descriptor: int) -> bytes:
    """What a descriptor holds. It can be read once only, and a project may be opened more than once."""
    pieces, size = [], 0
    try:
        while size <= LONGEST and (piece := os.read(descriptor, LONGEST)):
            pieces.append(piece)
            size += len(piece)
        os.close(descriptor)
    except OSError as error:
        raise ProjectError(
            f"The descriptor {descriptor}, which should give the key, cannot be read: {error.strerror}.",
            f"Open it when Sojourn is started, as in: sojourn … {descriptor}< <(command that prints the key)",
        ) from None
    return b"".join(pieces)


def _keys_in(text: bytes, origin: str) -> tuple[bytes, ...]:
    if len(text) > LONGEST:
        raise ProjectError(f"{origin} gives far more than a key.", "It should give one key a line.")
    found = [
        _key(line.strip(), number, origin) for number, line in enumerate(text.splitlines(), 1) if line.strip()
    ]
    if not found:
        raise ProjectError(f"{origin} gives no key.", "It should give one key a line, hexadecimal or base64.")
    return tuple(dict.fromkeys(found))


def _key(line: bytes, number: int, origin: str) -> bytes:
    for read in (binascii.unhexlify, functools.partial(base64.b64decode, validate=True)):
        try:
            key = read(line)
        except ValueError:
            continue
        if len(key) >= LEAST_BYTES:
            return key
    raise ProjectError(
        f"{origin} gives no key on line {number}: it is neither hexadecimal nor base64 of 256 bits or more.",
        "Make one with: openssl rand -hex 32",
    )
