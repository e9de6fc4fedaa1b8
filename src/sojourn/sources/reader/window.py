"""The window: the part of a text file that is in memory, as UTF-8, moving forward without ever holding the
whole.

It knows where it stands in the file, hashes every byte it reads, and keeps spare bytes behind its end so
that kernels may read a little too far.
"""

from __future__ import annotations

import hashlib
from io import FileIO

import numpy as np

from sojourn.sources.reader.compiled import Bytes
from sojourn.sources.reader.transcode import Transcoder

__all__ = ["SLACK", "Window"]

SLACK = 64


class Window:
    """Bytes `buffer[:end]` of a file, the first of which has offset `origin` in the (transcoded) text."""

    def __init__(self, file: FileIO, size: int, chunk: int, head: bytes, skipped: int, encoding: str) -> None:
        """Begin behind `skipped` bytes of a head that was read already."""
        self.size = size
        self.done = len(head)
        self.at_end = len(head) >= size
        self.origin = 0
        self.end = 0
        self.buffer: Bytes = np.zeros(SLACK, np.uint8)
        self.hash = hashlib.sha256(head)
        self.transcoder = None if encoding in ("utf-8", "ascii") else Transcoder(encoding)
        self._file = file
        self._chunk = chunk
        if self.transcoder is None:
            self.origin = skipped
        self.ends_without_newline = False
        self._append(head[skipped:])

    def _make_room(self, more: int) -> None:
        """Let the buffer hold `more` bytes behind its end."""
        needed = self.end + more + SLACK
        if needed > self.buffer.size:
            larger = np.zeros(max(needed, self.buffer.size * 3 // 2), np.uint8)
            larger[: self.end] = self.buffer[: self.end]
            self.buffer = larger

    def _append(self, piece: bytes) -> None:
        text = piece if self.transcoder is None else self.transcoder.utf8(piece, self.at_end)
        self._make_room(len(text))
        self.buffer[self.end : self.end + len(text)] = np.frombuffer(text, np.uint8)
        self.end += len(text)
        self._look_at_end(len(text))

    def _look_at_end(self, added: int) -> None:
        if added:
            self.ends_without_newline = self.buffer[self.end - 1] not in b"\r\n"

    def forget(self, before: int) -> None:
        """Drop the bytes before a position; positions then count from there."""
        rest = self.end - before
        self.buffer[:rest] = self.buffer[before : self.end]
        self.end = rest
        self.origin += before

    def more(self) -> None:
        """Read the next piece of the file behind what is there."""
        if self.transcoder is None:
            self._make_room(self._chunk)
            room = self.buffer[self.end : self.end + self._chunk].data
            count = self._file.readinto(room)
            self.hash.update(room[:count])
            self.end += count
            self._look_at_end(count)
        else:
            piece = self._file.read(self._chunk)
            count = len(piece)
            self.hash.update(piece)
        self.done += count
        self.at_end = count == 0 or self.done >= self.size
        if self.transcoder is not None:
            self._append(piece)
