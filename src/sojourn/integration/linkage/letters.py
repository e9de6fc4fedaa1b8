"""Letters of any script written with the twenty-six Latin ones, the ten digits and the blank.

A name is written so that the same name in two scripts comes out alike, not so that it reads well. The table
of single letters is that of anyascii, which knows every script; the lists of the concepts correct it where
names show that it misleads: for one letter, for two that stand together, or, behind `^`, for one that
begins a word.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from anyascii import anyascii

from sojourn.concepts.package_data import rows
from sojourn.sources.reader.compiled import Bytes, Integers, Spans, compiled

__all__ = ["romanised", "text_buffers"]

PLANE = 1 << 16
WIDTH = 8
BLANK, START = 32, ord("^")
_JOINERS = "'’‘ʼʹʻ`´ʾʿ"


@dataclass(frozen=True)
class Letters:
    """What each letter is written as: `length` bytes of a row of `written`; two letters likewise, by key."""

    written: Bytes
    length: npt.NDArray[np.uint8]
    pair_keys: npt.NDArray[np.uint64]
    pair_written: Bytes
    pair_length: npt.NDArray[np.uint8]


def _latin(letter: str) -> str:
    """One letter in small Latin ones, a blank where it separates words, nothing where it only modifies."""
    category = unicodedata.category(letter)
    if letter in _JOINERS or category.startswith(("M", "L")) or category == "Sk":
        text = anyascii(letter).lower()
        return "".join(sign for sign in text if sign.isascii() and sign.isalnum())[:WIDTH]
    if category.startswith("N"):
        return "".join(sign for sign in anyascii(letter).lower() if sign.isalnum())[:WIDTH]
    return "" if category in ("Cf", "Cn", "Cs", "Co") else " "


def _as_rows(texts: list[str]) -> tuple[Bytes, npt.NDArray[np.uint8]]:
    encoded = [text.encode("ascii") for text in texts]
    joined = b"".join(text.ljust(WIDTH, b"\0") for text in encoded)
    return (
        np.frombuffer(joined, dtype=np.uint8).reshape(len(texts), WIDTH).copy(),
        np.array([len(text) for text in encoded], dtype=np.uint8),
    )


@cache
def letters() -> Letters:
    """The table of letters with the lists' corrections."""
    written = [_latin(chr(code)) for code in range(PLANE)]
    pairs: dict[int, str] = {}
    for row in rows("name_letters.csv"):
        sought, latin = row["letters"] or "", row["latin"] or ""
        for form in {sought, sought.upper(), sought.title()}:
            if len(form) == 1:
                written[ord(form)] = latin
            elif len(form) == 2:
                pairs[ord(form[0]) << 32 | ord(form[1])] = latin
    keys = sorted(pairs)
    return Letters(*_as_rows(written), np.array(keys, dtype=np.uint64), *_as_rows([pairs[k] for k in keys]))


def text_buffers(texts: pa.Array) -> tuple[Integers, Bytes]:
    """Where each text of an Arrow array of strings begins, and the bytes of all."""
    plain = pa.concat_arrays([texts.cast(pa.large_string())])
    starts = np.frombuffer(plain.buffers()[1], dtype=np.int64)[plain.offset : plain.offset + len(plain) + 1]
    data = plain.buffers()[2]
    return starts, np.frombuffer(data if data is not None and data.size else b"\0", dtype=np.uint8)


def romanised(texts: pa.Array) -> pa.Array:
    """Texts in any script as words of small Latin letters and digits, one blank between two; null stays null.

    A text without a letter or digit becomes null. Source of the single letters: anyascii.
    """
    table = letters()
    # A letter and its mark may come as one or as two.
    starts, data = text_buffers(pc.utf8_normalize(texts.fill_null(""), "NFC"))
    ends, out = _romanise(
        starts, data, table.written, table.length, table.pair_keys, table.pair_written, table.pair_length
    )
    written = pa.StringArray.from_buffers(
        len(texts), pa.py_buffer(np.concatenate(([np.int32(0)], ends))), pa.py_buffer(out)
    )
    return pc.if_else(pc.equal(written, ""), pa.scalar(None, pa.string()), written)


@compiled
def _code_point(data: Bytes, at: int) -> tuple[int, int]:
    """The code point that begins at a byte, and where the next one does."""
    first = int(data[at])
    if first < 0x80:
        return first, at + 1
    if first < 0xE0:
        return (first & 0x1F) << 6 | (int(data[at + 1]) & 0x3F), at + 2
    if first < 0xF0:
        middle = (int(data[at + 1]) & 0x3F) << 6
        return (first & 0x0F) << 12 | middle | (int(data[at + 2]) & 0x3F), at + 3
    return PLANE, at + 4


@compiled
def _pair_at(keys: npt.NDArray[np.uint64], first: int, second: int) -> int:
    """The row of two letters in the list of pairs, or -1."""
    key = np.uint64(first) << np.uint64(32) | np.uint64(second)
    at = int(np.searchsorted(keys, key))
    return at if at < len(keys) and keys[at] == key else -1


@compiled
def _romanise(
    starts: Integers,
    data: Bytes,
    written: Bytes,
    length: npt.NDArray[np.uint8],
    pair_keys: npt.NDArray[np.uint64],
    pair_written: Bytes,
    pair_length: npt.NDArray[np.uint8],
) -> tuple[Spans, Bytes]:
    """The end of each written text, and the written bytes."""
    ends = np.empty(len(starts) - 1, dtype=np.int32)
    out = np.empty((starts[-1] - starts[0]) * WIDTH + 1, dtype=np.uint8)
    size = 0
    for text in range(len(starts) - 1):
        begin, at = size, starts[text]
        while at < starts[text + 1]:
            code, after = _code_point(data, at)
            row, many = code, 0
            source = written
            if code < PLANE:
                many = int(length[code])
            if code >= 0x80:
                pair = -1
                if size == begin or out[size - 1] == BLANK:
                    pair = _pair_at(pair_keys, START, code)
                if pair < 0 and after < starts[text + 1]:
                    second, after_second = _code_point(data, after)
                    pair = _pair_at(pair_keys, code, second)
                    after = after_second if pair >= 0 else after
                if pair >= 0:
                    row, many, source = pair, int(pair_length[pair]), pair_written
            for place in range(many):
                letter = source[row, place]
                if letter != BLANK or (size > begin and out[size - 1] != BLANK):
                    out[size] = letter
                    size += 1
            at = after
        if size > begin and out[size - 1] == BLANK:
            size -= 1
        ends[text] = size
    return ends, out[:size].copy()
