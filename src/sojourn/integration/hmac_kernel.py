"""HMAC with SHA-256 over a column of text, compiled.

One key and millions of short messages: the key's two blocks are hashed once, and sixteen records are then
worked through side by side, one in each lane of a vector, with no call from Python. The tests hold the
result to Python's `hmac`.

Source: FIPS 180-4 (SHA-256), RFC 2104 (HMAC).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic

__all__ = ["DIGITS", "keyed_digests", "keyed_numbers"]

DIGITS = 32
LANES = 16
_BLOCK = 64
_WORDS = _BLOCK // 4
_STATE = 8
# A message is followed by one byte and, at the end of its last block, by its length in eight.
_PADDING = 9
Words = npt.NDArray[np.uint32]
Bytes = npt.NDArray[np.uint8]
Numbers = npt.NDArray[np.int64]


def _fractions_of_roots() -> tuple[list[int], list[int]]:
    """The constants of SHA-256: fractional parts of cube and square roots of the first primes, in 32 bits."""
    primes = [p for p in range(2, 312) if all(p % d for d in range(2, int(p**0.5) + 1))][:64]
    cubes = [_whole_root(p << 96, 3) & 0xFFFFFFFF for p in primes]
    squares = [_whole_root(p << 64, 2) & 0xFFFFFFFF for p in primes[:8]]
    return cubes, squares


def _whole_root(number: int, degree: int) -> int:
    low, high = 0, 1 << (number.bit_length() // degree + 1)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if middle**degree <= number else (low, middle - 1)
    return low


_ROUNDS, _START = _fractions_of_roots()
_VECTOR = ir.VectorType(ir.IntType(32), LANES)


def _constant(value: int) -> ir.Constant:
    return ir.Constant(_VECTOR, [value] * LANES)


def _turned_and_mixed(builder: Any, word: Any, turns: Sequence[int], shift: int | None = None) -> Any:
    """The exclusive or of a word turned right by several numbers of bits and, where given, shifted by one."""
    parts = [
        builder.or_(builder.lshr(word, _constant(turn)), builder.shl(word, _constant(32 - turn)))
        for turn in turns
    ]
    if shift is not None:
        parts.append(builder.lshr(word, _constant(shift)))
    mixed = parts[0]
    for part in parts[1:]:
        mixed = builder.xor(mixed, part)
    return mixed


def _sum(builder: Any, *words: Any) -> Any:
    total = words[0]
    for word in words[1:]:
        total = builder.add(total, word)
    return total


def _rounds(builder: Any, state: Sequence[Any], schedule: list[Any]) -> list[Any]:
    """The 64 rounds of FIPS 180-4, section 6.2.2, over vectors of words."""
    a, b, c, d, e, f, g, h = state
    for t in range(64):
        if t >= _WORDS:
            small = _turned_and_mixed(builder, schedule[t - 15], (7, 18), 3)
            large = _turned_and_mixed(builder, schedule[t - 2], (17, 19), 10)
            schedule.append(_sum(builder, schedule[t - 16], small, schedule[t - 7], large))
        choice = builder.xor(g, builder.and_(e, builder.xor(f, g)))
        first = _sum(
            builder, h, _turned_and_mixed(builder, e, (6, 11, 25)), choice, _constant(_ROUNDS[t]), schedule[t]
        )
        majority = builder.or_(builder.and_(a, b), builder.and_(c, builder.or_(a, b)))
        second = builder.add(_turned_and_mixed(builder, a, (2, 13, 22)), majority)
        a, b, c, d, e, f, g, h = builder.add(first, second), a, b, c, builder.add(d, first), e, f, g
    return [a, b, c, d, e, f, g, h]


def _compress_lanes(typing_context: Any, state: Any, block: Any) -> Any:
    """Work one block of every lane into the lane's state; word after word, the lanes of a word together."""

    def generated(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        places = [
            builder.bitcast(context.make_array(kind)(context, builder, given).data, _VECTOR.as_pointer())
            for kind, given in zip(signature.args, arguments, strict=True)
        ]

        def place(array: Any, word: int) -> Any:
            return builder.gep(array, [ir.Constant(ir.IntType(64), word)])

        before = [builder.load(place(places[0], word), align=4) for word in range(_STATE)]
        schedule = [builder.load(place(places[1], word), align=4) for word in range(_WORDS)]
        for word, after in enumerate(_rounds(builder, before, schedule)):
            builder.store(builder.add(before[word], after), place(places[0], word), align=4)
        return context.get_dummy_value()

    return types.void(state, block), generated


# Compiled where it is called: each function that calls it carries a copy, so few do.
_compress = cast("Callable[[Words, Words], None]", intrinsic(_compress_lanes))


@njit(cache=True, nogil=True)
def _compressed(state: Words, block: Words) -> None:
    """Work one block of every lane into its state."""
    _compress(state, block)


@njit(cache=True, nogil=True)
def _padded(
    text: Bytes, begin: int, end: int, prefix: Bytes, lane: int, messages: npt.NDArray[np.uint8], whole: bool
) -> int:
    """Write the prefix and a text, padded, as the message of a lane; returns the number of its blocks."""
    for at in range(len(prefix)):
        messages[lane, at] = prefix[at]
    filled = len(prefix)
    for at in range(begin, end):
        byte = text[at]
        messages[lane, filled] = byte
        # Blanks, hyphens, points and slashes do not tell one document from another.
        filled += whole or not (byte == 32 or byte == 45 or byte == 46 or byte == 47)
    blocks = (filled + _PADDING + _BLOCK - 1) // _BLOCK
    messages[lane, filled] = 0x80
    messages[lane, filled + 1 : blocks * _BLOCK] = 0
    bits = (_BLOCK + filled) * 8
    for at in range(8):
        messages[lane, blocks * _BLOCK - 1 - at] = (bits >> (8 * at)) & 0xFF
    return blocks


@njit(inline="always")
def _inner_hash(
    messages: npt.NDArray[np.uint8], blocks: Numbers, inner: Words, state: Words, block: Words, kept: Words
) -> None:
    """Leave in `state` the hash of every lane's message behind the inner key."""
    for word in range(_STATE):
        state[word * LANES : (word + 1) * LANES] = inner[word]
    for number in range(blocks.max()):
        kept[:] = state
        for lane in range(LANES):
            for word in range(_WORDS):
                at = number * _BLOCK + 4 * word
                block[word * LANES + lane] = (
                    (np.uint32(messages[lane, at]) << 24)
                    | (np.uint32(messages[lane, at + 1]) << 16)
                    | (np.uint32(messages[lane, at + 2]) << 8)
                    | np.uint32(messages[lane, at + 3])
                )
        _compressed(state, block)
        for lane in range(LANES):
            if number >= blocks[lane]:
                for word in range(_STATE):
                    state[word * LANES + lane] = kept[word * LANES + lane]


@njit(inline="always")
def _outer_hash(outer: Words, state: Words, block: Words) -> None:
    """Put in the place of the inner hashes in `state` their hashes behind the outer key."""
    block[:] = 0
    block[: _STATE * LANES] = state
    block[_STATE * LANES : (_STATE + 1) * LANES] = 0x80000000
    block[(_WORDS - 1) * LANES :] = (_BLOCK + 4 * _STATE) * 8
    for word in range(_STATE):
        state[word * LANES : (word + 1) * LANES] = outer[word]
    _compressed(state, block)


@njit(cache=True, nogil=True)
def _digests(
    offsets: npt.NDArray[np.int32], text: Bytes, prefix: Bytes, inner: Words, outer: Words, out: Bytes
) -> None:
    """The digits of every text's digest; `out` has room for a whole number of groups of lanes."""
    hexadecimal = np.array([48, 49, 50, 51, 52, 53, 54, 55, 56, 57, 97, 98, 99, 100, 101, 102], np.uint8)
    rows, longest = len(offsets) - 1, 0
    for row in range(rows):
        longest = max(longest, offsets[row + 1] - offsets[row])
    messages = np.zeros((LANES, len(prefix) + longest + _PADDING + _BLOCK), np.uint8)
    blocks = np.zeros(LANES, np.int64)
    state, kept = np.zeros(_STATE * LANES, np.uint32), np.zeros(_STATE * LANES, np.uint32)
    block = np.zeros(_WORDS * LANES, np.uint32)
    for first in range(0, rows, LANES):
        for lane in range(LANES):
            row = min(first + lane, rows - 1)
            blocks[lane] = _padded(text, offsets[row], offsets[row + 1], prefix, lane, messages, False)
        _inner_hash(messages, blocks, inner, state, block, kept)
        _outer_hash(outer, state, block)
        for lane in range(LANES):
            for digit in range(DIGITS):
                word = state[(digit // 8) * LANES + lane]
                out[(first + lane) * DIGITS + digit] = hexadecimal[(word >> (28 - 4 * (digit % 8))) & 15]


@njit(cache=True, nogil=True)
def _numbers(
    offsets: npt.NDArray[np.int32], text: Bytes, prefix: Bytes, inner: Words, outer: Words, out: Words
) -> None:
    """The first word of every text's digest; `out` has room for a whole number of groups of lanes."""
    rows, longest = len(offsets) - 1, 0
    for row in range(rows):
        longest = max(longest, offsets[row + 1] - offsets[row])
    messages = np.zeros((LANES, len(prefix) + longest + _PADDING + _BLOCK), np.uint8)
    blocks = np.zeros(LANES, np.int64)
    state, kept = np.zeros(_STATE * LANES, np.uint32), np.zeros(_STATE * LANES, np.uint32)
    block = np.zeros(_WORDS * LANES, np.uint32)
    for first in range(0, rows, LANES):
        for lane in range(LANES):
            row = min(first + lane, rows - 1)
            blocks[lane] = _padded(text, offsets[row], offsets[row + 1], prefix, lane, messages, True)
        _inner_hash(messages, blocks, inner, state, block, kept)
        _outer_hash(outer, state, block)
        out[first : first + LANES] = state[:LANES]


def _after_key(padded: bytes) -> Words:
    """The state of SHA-256 after the block of a masked key."""
    state = np.repeat(np.array(_START, np.uint32), LANES)
    block = np.repeat(np.frombuffer(padded, ">u4").astype(np.uint32), LANES)
    _compressed(state, block)
    return state[::LANES].copy()


def keyed_digests(texts: pa.Array, inner: bytes, outer: bytes, prefix: bytes) -> pa.Array:
    """The first 128 bits, in hexadecimal, of the HMAC of prefix and text for each text.

    Blanks, hyphens, points and slashes of the texts are passed over. `inner` and `outer` are the masked key
    blocks. No text may be null.

    Raises: ValueError if a text is null.
    """
    if texts.null_count:
        raise ValueError("A record without any evidence has no pseudonym.")
    offsets, text = _bytes_of(texts)
    count = len(offsets) - 1
    out = np.empty(-(-count // LANES) * LANES * DIGITS, np.uint8)
    _digests(offsets, text, np.frombuffer(prefix, np.uint8), _after_key(inner), _after_key(outer), out)
    ends = pa.py_buffer(np.arange(0, (count + 1) * DIGITS, DIGITS, dtype=np.int32))
    return pa.StringArray.from_buffers(count, ends, pa.py_buffer(out))


def keyed_numbers(texts: pa.Array, inner: bytes, outer: bytes, prefix: bytes) -> npt.NDArray[np.uint32]:
    """The first 32 bits, as a number, of the HMAC of prefix and text for each text, of which nothing is
    passed over.

    `inner` and `outer` are the masked key blocks.

    Raises: ValueError if a text is null.
    """
    if texts.null_count:
        raise ValueError("A unit without an identifier has no key.")
    offsets, text = _bytes_of(texts)
    out = np.empty(-(-(len(offsets) - 1) // LANES) * LANES, np.uint32)
    _numbers(offsets, text, np.frombuffer(prefix, np.uint8), _after_key(inner), _after_key(outer), out)
    return out[: len(offsets) - 1]


def _bytes_of(texts: pa.Array) -> tuple[npt.NDArray[np.int32], Bytes]:
    """Where each text begins and ends, and the bytes of them all."""
    texts = pa.concat_arrays([texts.cast(pa.string())])
    offsets = np.frombuffer(texts.buffers()[1], np.int32, len(texts) + 1, texts.offset * 4)
    held = texts.buffers()[2]
    return offsets, np.frombuffer(held, np.uint8) if held is not None and held.size else np.zeros(1, np.uint8)
