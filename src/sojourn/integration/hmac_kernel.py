"""HMAC with SHA-256 over a column of text, compiled.

One key and millions of short messages: the key's two blocks are hashed once, and each record then costs
two or three blocks instead of four and no call from Python. The tests hold the result to Python's `hmac`.

Source: FIPS 180-4 (SHA-256), RFC 2104 (HMAC).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from numba import njit

__all__ = ["DIGITS", "keyed_digests"]

DIGITS = 32
_BLOCK = 64
_MASK = np.uint64(0xFFFFFFFF)
Words = npt.NDArray[np.uint64]
Bytes = npt.NDArray[np.uint8]


def _fractions_of_roots() -> tuple[Words, Words]:
    """The constants of SHA-256: fractional parts of cube and square roots of the first primes, in 32 bits."""
    primes = [p for p in range(2, 312) if all(p % d for d in range(2, int(p**0.5) + 1))][:64]
    cubes = [_whole_root(p << 96, 3) & 0xFFFFFFFF for p in primes]
    squares = [_whole_root(p << 64, 2) & 0xFFFFFFFF for p in primes[:8]]
    return np.array(cubes, np.uint64), np.array(squares, np.uint64)


def _whole_root(number: int, degree: int) -> int:
    low, high = 0, 1 << (number.bit_length() // degree + 1)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if middle**degree <= number else (low, middle - 1)
    return low


_ROUNDS, _START = _fractions_of_roots()


@njit(cache=True, nogil=True)
def _turned(word: Any, by: Any) -> Any:
    return ((word >> np.uint64(by)) | (word << np.uint64(32 - by))) & _MASK


@njit(cache=True, nogil=True)
def _compress(state: Words, block: Bytes, rounds: Words, schedule: Words) -> None:
    """Work one block of 64 bytes into the state."""
    for t in range(16):
        at = 4 * t
        schedule[t] = (
            (np.uint64(block[at]) << np.uint64(24))
            | (np.uint64(block[at + 1]) << np.uint64(16))
            | (np.uint64(block[at + 2]) << np.uint64(8))
            | np.uint64(block[at + 3])
        )
    for t in range(16, 64):
        early, late = schedule[t - 15], schedule[t - 2]
        small = _turned(early, 7) ^ _turned(early, 18) ^ (early >> np.uint64(3))
        large = _turned(late, 17) ^ _turned(late, 19) ^ (late >> np.uint64(10))
        schedule[t] = (schedule[t - 16] + small + schedule[t - 7] + large) & _MASK
    a, b, c, d = state[0], state[1], state[2], state[3]
    e, f, g, h = state[4], state[5], state[6], state[7]
    for t in range(64):
        choice = (e & f) ^ ((~e & _MASK) & g)
        first = (
            h + (_turned(e, 6) ^ _turned(e, 11) ^ _turned(e, 25)) + choice + rounds[t] + schedule[t]
        ) & _MASK
        second = ((_turned(a, 2) ^ _turned(a, 13) ^ _turned(a, 22)) + ((a & b) ^ (a & c) ^ (b & c))) & _MASK
        h, g, f, e = g, f, e, (d + first) & _MASK
        d, c, b, a = c, b, a, (first + second) & _MASK
    for at, word in enumerate((a, b, c, d, e, f, g, h)):
        state[at] = (state[at] + word) & _MASK


@njit(cache=True, nogil=True)
def _close(state: Words, block: Bytes, filled: int, total: int, rounds: Words, schedule: Words) -> None:
    """Pad the last `filled` bytes of a message of `total` bytes and work them in."""
    block[filled] = 0x80
    block[filled + 1 :] = 0
    if filled + 9 > _BLOCK:
        _compress(state, block, rounds, schedule)
        block[:] = 0
    bits = np.uint64(total * 8)
    for at in range(8):
        block[63 - at] = np.uint8((bits >> np.uint64(8 * at)) & np.uint64(0xFF))
    _compress(state, block, rounds, schedule)


@njit(cache=True, nogil=True)
def _digests(
    offsets: npt.NDArray[np.int32],
    text: Bytes,
    prefix: Bytes,
    inner: Words,
    outer: Words,
    rounds: Words,
    out: Bytes,
) -> None:
    hexadecimal = np.array([48, 49, 50, 51, 52, 53, 54, 55, 56, 57, 97, 98, 99, 100, 101, 102], np.uint8)
    state, schedule = np.empty(8, np.uint64), np.empty(64, np.uint64)
    block = np.empty(_BLOCK, np.uint8)
    for row in range(len(offsets) - 1):
        state[:] = inner
        filled, total = 0, _BLOCK
        for at in range(-len(prefix), offsets[row + 1] - offsets[row]):
            byte = prefix[at + len(prefix)] if at < 0 else text[offsets[row] + at]
            # Blanks, hyphens, points and slashes do not tell one document from another.
            if at >= 0 and (byte == 32 or byte == 45 or byte == 46 or byte == 47):
                continue
            block[filled] = byte
            filled += 1
            total += 1
            if filled == _BLOCK:
                _compress(state, block, rounds, schedule)
                filled = 0
        _close(state, block, filled, total, rounds, schedule)
        for word in range(8):
            for part in range(4):
                block[4 * word + part] = np.uint8((state[word] >> np.uint64(24 - 8 * part)) & np.uint64(0xFF))
        state[:] = outer
        _close(state, block, 32, _BLOCK + 32, rounds, schedule)
        for digit in range(DIGITS):
            word = state[digit // 8]
            nibble = (word >> np.uint64(28 - 4 * (digit % 8))) & np.uint64(15)
            out[row * DIGITS + digit] = hexadecimal[nibble]


@njit(cache=True, nogil=True)
def _after_key(padded: Bytes, start: Words, rounds: Words) -> Words:
    """The state of SHA-256 after the block of a masked key."""
    state = start.copy()
    _compress(state, padded.copy(), rounds, np.empty(64, np.uint64))
    return state


def keyed_digests(texts: pa.Array, inner: bytes, outer: bytes, prefix: bytes) -> pa.Array:
    """The first 128 bits, in hexadecimal, of the HMAC of prefix and text for each text.

    Blanks, hyphens, points and slashes of the texts are passed over. `inner` and `outer` are the masked key
    blocks. No text may be null.

    Raises: ValueError if a text is null.
    """
    if texts.null_count:
        raise ValueError("A record without any evidence has no pseudonym.")
    texts = pa.concat_arrays([texts.cast(pa.string())])
    count = len(texts)
    offsets = np.frombuffer(texts.buffers()[1], np.int32, count + 1, texts.offset * 4)
    held = texts.buffers()[2]
    text = np.frombuffer(held, np.uint8) if held is not None and held.size else np.zeros(1, np.uint8)
    out = np.empty(count * DIGITS, np.uint8)
    blocks = [_after_key(np.frombuffer(key, np.uint8), _START, _ROUNDS) for key in (inner, outer)]
    _digests(offsets, text, np.frombuffer(prefix, np.uint8), blocks[0], blocks[1], _ROUNDS, out)
    ends = pa.py_buffer(np.arange(0, (count + 1) * DIGITS, DIGITS, dtype=np.int32))
    return pa.StringArray.from_buffers(count, ends, pa.py_buffer(out))
