"""How words of names sound: spellings that languages choose for one sound are written alike.

`sound` keeps the vowels; `skeleton` is what is left without them, and without h and w where they are not
the first letter, because scripts without vowels write no more than that. A word with fewer than two
consonants keeps its vowels, or Li, Lu and Le would be one name.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from sojourn.concepts.package_data import rows
from sojourn.integration.linkage.letters import text_buffers
from sojourn.sources.reader.compiled import Bytes, Integers, Spans, compiled

__all__ = ["skeletons", "sounds"]

LONGEST = 7
START, END = ord("^"), ord("$")
Words = npt.NDArray[np.uint64]


@cache
def _rules() -> tuple[Words, Words]:
    """What is replaced and by what, each packed into a number with its length on top; sorted."""
    packed = {}
    for row in rows("name_sounds.csv"):
        packed[_packed(row["letters"] or "")] = _packed(row["sound"] or "")
    order = sorted(packed)
    return np.array(order, dtype=np.uint64), np.array([packed[key] for key in order], dtype=np.uint64)


def _packed(text: str) -> int:
    if len(text) > LONGEST:
        raise ValueError(f"A rule of sounds is longer than {LONGEST} letters.")
    return int.from_bytes(text.encode("ascii"), "big") | len(text) << 56


def _beginnings(keys: Words) -> npt.NDArray[np.uint8]:
    """The longest rule that begins with each letter or sign."""
    found = np.zeros(256, dtype=np.uint8)
    for key in keys.tolist():
        length = key >> 56
        first = key >> 8 * (length - 1) & 0xFF
        found[first] = max(int(found[first]), length)
    return found


def sounds(words: pa.Array) -> pa.Array:
    """Each word of small Latin letters as it sounds; of several rules that fit, the longest counts.

    Two equal letters that meet by this become one.
    """
    return _rewritten(words, 0)


def skeletons(words: pa.Array) -> pa.Array:
    """The consonants of each word's sound, behind an `a` for a vowel at the start."""
    return _rewritten(words, 1)


def _rewritten(words: pa.Array, stage: int) -> pa.Array:
    starts, data = text_buffers(words)
    keys, values = _rules()
    ends, out = _sounds(starts, data, keys, values, _beginnings(keys))
    if stage:
        ends, out = _skeletons(np.concatenate((np.zeros(1, dtype=np.int32), ends)), out)
    return pa.StringArray.from_buffers(
        len(words), pa.py_buffer(np.concatenate(([np.int32(0)], ends))), pa.py_buffer(out)
    )


def is_particle(words: pa.Array) -> pa.Array:
    """Whether each word is one that names can have or lack: articles, son of, and the like."""
    return pc.is_in(words, pa.array([row["particle"] for row in rows("name_particles.csv")], pa.string()))


@compiled
def _letter(data: Bytes, start: int, end: int, at: int) -> int:
    """A word's letter, with a sign before its first and one behind its last."""
    if at < 0:
        return START
    return int(data[start + at]) if start + at < end else END


@compiled
def _rule_at(data: Bytes, start: int, end: int, at: int, length: int, keys: Words) -> int:
    """The row of the rule whose letters stand at a place of a word, or -1."""
    key = np.uint64(length) << np.uint64(56)
    for step in range(length):
        shift = np.uint64(8 * (length - 1 - step))
        key |= np.uint64(_letter(data, start, end, at + step)) << shift
    found = int(np.searchsorted(keys, key))
    return found if found < len(keys) and keys[found] == key else -1


@compiled
def _sounds(
    starts: Integers, data: Bytes, keys: Words, values: Words, longest: npt.NDArray[np.uint8]
) -> tuple[Spans, Bytes]:
    """The end of each word's sound, and the letters of all."""
    ends = np.empty(len(starts) - 1, dtype=np.int32)
    out = np.empty(2 * (starts[-1] - starts[0]) + 8, dtype=np.uint8)
    size = 0
    for word in range(len(starts) - 1):
        begin, start, end = size, starts[word], starts[word + 1]
        at = -1
        while start + at < end:
            rule = -1
            length = min(int(longest[_letter(data, start, end, at)]), end - start - at + 1)
            while length > 0 and rule < 0:
                rule = _rule_at(data, start, end, at, length, keys)
                length -= 1
            if rule >= 0:
                many = int(values[rule] >> np.uint64(56))
                for step in range(many):
                    letter = np.uint8(values[rule] >> np.uint64(8 * (many - 1 - step)) & np.uint64(0xFF))
                    if size == begin or out[size - 1] != letter:
                        out[size] = letter
                        size += 1
                at += length + 1
                continue
            if at >= 0 and (size == begin or out[size - 1] != data[start + at]):
                out[size] = data[start + at]
                size += 1
            at += 1
        ends[word] = size
    return ends, out[:size].copy()


@compiled
def _is_vowel(letter: int) -> bool:
    return letter in (97, 101, 105, 111, 117)


@compiled
def _skeletons(starts: Spans, data: Bytes) -> tuple[Spans, Bytes]:
    """The end of each word's skeleton, and the letters of all."""
    ends = np.empty(len(starts) - 1, dtype=np.int32)
    out = np.empty(len(data) + 1, dtype=np.uint8)
    size = 0
    for word in range(len(starts) - 1):
        begin, start, end = size, starts[word], starts[word + 1]
        consonants = 0
        for at in range(start, end):
            letter = data[at]
            if _is_vowel(letter):
                if at == start:
                    out[size] = 97
                    size += 1
            elif at == start or letter != 104:
                if size == begin or out[size - 1] != letter:
                    out[size] = letter
                    size += 1
                consonants += 1
        if consonants < 2 or end - start <= 3:
            size = begin
            for at in range(start, end):
                out[size] = data[at]
                size += 1
        ends[word] = size
    return ends, out[:size].copy()
