"""The public zone as a folder that can only be read downwards.

Every file is reached from the folder's own descriptor, one name at a time, and no link is followed: a
link inside the zone that points out of it is not a file of the zone.
"""

from __future__ import annotations

import os
import stat
from io import BufferedReader
from pathlib import Path

from sojourn.errors import SojournError

__all__ = ["NotInZone", "PublicZone"]

_MANIFEST_LIMIT = 64 << 20


class NotInZone(SojournError):
    """There is no such file in the public zone, or it cannot be reached without leaving it."""


class PublicZone:
    """The one folder that the portal may read."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder.resolve()

    def open(self, *parts: str) -> BufferedReader:
        """Open a file for reading, by the names of its folders and its own.

        Raises: NotInZone if a name is not a plain one, leads over a link, or is not there.
        """
        return os.fdopen(self._descriptor(parts), "rb")

    def read(self, *parts: str, limit: int = _MANIFEST_LIMIT) -> bytes:
        """A small file's content.

        Raises: NotInZone as `open`, and if the file is larger than `limit`.
        """
        with self.open(*parts) as opened:
            content = opened.read(limit + 1)
        if len(content) > limit:
            raise NotInZone("The file is larger than a file of this kind can be.")
        return content

    def signature(self, *parts: str) -> tuple[int, int, int, int]:
        """What changes when a file does: its device, inode, size and time of change.

        Raises: NotInZone as `open`.
        """
        descriptor = self._descriptor(parts)
        try:
            found = os.fstat(descriptor)
        finally:
            os.close(descriptor)
        return (found.st_dev, found.st_ino, found.st_size, max(found.st_mtime_ns, found.st_ctime_ns))

    def _descriptor(self, parts: tuple[str, ...]) -> int:
        if not parts or any(not _is_plain(part) for part in parts):
            raise NotInZone("A name in the public zone is a plain one.")
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
        try:
            held = os.open(self.folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except OSError as error:
            raise NotInZone("There is no public zone.") from error
        try:
            for part in parts[:-1]:
                below = os.open(part, flags | os.O_DIRECTORY, dir_fd=held)
                os.close(held)
                held = below
            found = os.open(parts[-1], flags, dir_fd=held)
        except (OSError, ValueError) as error:
            raise NotInZone("There is no such file in the public zone.") from error
        finally:
            os.close(held)
        if not stat.S_ISREG(os.fstat(found).st_mode):
            os.close(found)
            raise NotInZone("There is no such file in the public zone.")
        return found


def _is_plain(part: str) -> bool:
    return bool(part) and part not in (".", "..") and not {"/", "\\", "\0"} & set(part)
