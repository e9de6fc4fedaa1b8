"""A number between 0 and 1 for each identifier, from a keyed hash: the same whatever else is in the frame.

A sample drawn by such numbers does not depend on the order of rows, on other units, or on the machine; and
who draws again with the same seed gets the same sample. The hash is SipHash-2-4 of the identifier's text in
UTF-8, so that 7 in one file and "7" in another are one; its key is made of the seed and of what is drawn.

Source: J.-P. Aumasson and D. Bernstein, SipHash: a fast short-input PRF, INDOCRYPT 2012.
"""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from sojourn.errors import ProjectError
from sojourn.sources.reader.compiled import compiled

__all__ = ["chances", "hashes", "sampling_key"]

Floats = npt.NDArray[np.float64]
Hashes = npt.NDArray[np.uint64]


def sampling_key(seed: int, purpose: str) -> bytes:
    """The key of 16 bytes that a seed and a purpose ("units", "places") make.

    Raises: ProjectError for a seed below 0.
    """
    if seed < 0:
        raise ProjectError(f"The seed {seed} is below 0.", "Give a whole number from 0 on.")
    return hashlib.blake2b(f"{purpose}\0{seed}".encode(), digest_size=16, person=b"sojourn-sample").digest()


def chances(identifiers: pa.Array | pa.ChunkedArray, key: bytes) -> Floats:
    """Numbers above 0 and below 1, one for each identifier.

    Raises: as `hashes`.
    """
    found: Floats = ((hashes(identifiers, key) >> np.uint64(12)).astype(np.float64) + 0.5) / 2.0**52
    return found


def hashes(identifiers: pa.Array | pa.ChunkedArray, key: bytes) -> Hashes:
    """SipHash-2-4 of each identifier's text under a key of 16 bytes.

    Raises: ProjectError when an identifier is missing.
    """
    texts = identifiers.cast(pa.large_string())
    whole = pa.concat_arrays(texts.chunks) if isinstance(texts, pa.ChunkedArray) else texts
    if whole.null_count:
        raise ProjectError("An identifier is missing.", "Give every row one; nobody is drawn without.")
    _, offsets, content = whole.buffers()
    ends = np.frombuffer(offsets, np.int64)[whole.offset : whole.offset + len(whole) + 1]
    letters = np.frombuffer(content, np.uint8) if content is not None else np.zeros(0, np.uint8)
    found = np.zeros(len(whole), np.uint64)
    first, second = np.frombuffer(key, "<u8")
    if len(whole):
        _hash_all(letters, ends, np.uint64(first), np.uint64(second), found)
    return found


@compiled
def _turned(value: Any, by: Any) -> Any:
    return (value << by) | (value >> (np.uint64(64) - by))


@compiled
def _mixed(a: Any, b: Any, c: Any, d: Any) -> Any:
    """One round of SipHash."""
    a += b
    b = _turned(b, np.uint64(13)) ^ a
    a = _turned(a, np.uint64(32))
    c += d
    d = _turned(d, np.uint64(16)) ^ c
    a += d
    d = _turned(d, np.uint64(21)) ^ a
    c += b
    b = _turned(b, np.uint64(17)) ^ c
    c = _turned(c, np.uint64(32))
    return a, b, c, d


@compiled
def _hash_all(letters: Any, ends: Any, first: Any, second: Any, found: Any) -> None:
    for row in range(len(found)):
        a, b = first ^ np.uint64(0x736F6D6570736575), second ^ np.uint64(0x646F72616E646F6D)
        c, d = first ^ np.uint64(0x6C7967656E657261), second ^ np.uint64(0x7465646279746573)
        length = ends[row + 1] - ends[row]
        for word in range(length // 8 + 1):
            block = np.uint64(0)
            for place in range(8):
                at = word * 8 + place
                if at < length:
                    block |= np.uint64(letters[ends[row] + at]) << np.uint64(8 * place)
            if word == length // 8:
                block |= np.uint64(length % 256) << np.uint64(56)
            d ^= block
            for _ in range(2):
                a, b, c, d = _mixed(a, b, c, d)
            a ^= block
        c ^= np.uint64(255)
        for _ in range(4):
            a, b, c, d = _mixed(a, b, c, d)
        found[row] = a ^ b ^ c ^ d
