"""A key, secret or agreed on by several bodies: read from a file away from the data, for its owner only."""

from __future__ import annotations

from pathlib import Path

from sojourn.errors import ProjectError

__all__ = ["shared_key"]

_BYTES = 32


def shared_key(file: Path, *data: Path, is_shared: bool = True) -> bytes:
    """The key in a file, of 32 random bytes; `data` are the files it is used on.

    A key that `is_shared` is made once and given to the others.

    Raises: ProjectError when the file is missing, stands in a folder with data, can be read by others, or
    does not hold 32 random bytes.
    """
    file = file.expanduser()
    if not file.is_file():
        raise ProjectError(f"There is no key {file}.", _how_to_make(file, is_shared))
    folder = file.resolve().parent
    for other in data:
        if folder == other.resolve().parent:
            raise ProjectError(
                f"The key {file} stands in the folder of {other.name}.",
                "Keep it elsewhere: whoever copies the folder would have both.",
            )
    if file.stat().st_mode & 0o077:
        raise ProjectError(f"Others than its owner can read the key {file}.", f"Run: chmod 600 {file}")
    content = file.read_bytes()
    if len(content) != _BYTES:
        raise ProjectError(
            f"The key {file} has not {_BYTES} bytes, which are 256 bits.", _how_to_make(file, is_shared)
        )
    # Random bytes all fall on signs of text once in ten to the fourteenth, and repeat little.
    if all(32 <= byte < 127 or byte in (9, 10, 13) for byte in content) or len(set(content)) < _BYTES // 2:
        raise ProjectError(f"The key {file} was not drawn at random.", _how_to_make(file, is_shared))
    return content


def _how_to_make(file: Path, is_shared: bool) -> str:
    return (
        f"Make one{' and give it to the other sender on a safe way' if is_shared else ''}:"
        f" (umask 077; head -c {_BYTES} /dev/urandom > {file})"
    )
