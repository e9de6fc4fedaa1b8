"""Records as numbers: each field a column of small integers, each value with what agreement on it tells."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from dataclasses import field as attribute

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from sojourn.integration.linkage.letters import text_buffers
from sojourn.integration.linkage.rarity import rarity, rarity_of_words
from sojourn.integration.linkage.specification import Field, Kind
from sojourn.integration.linkage.words import MISSING, Words, words_of
from sojourn.sources.reader.compiled import Bytes, Integers, Spans, compiled

__all__ = ["Encoded", "encoded", "packed_days"]

Bits = npt.NDArray[np.float32]
Matrix = np.ndarray[tuple[int, int], np.dtype[np.int32]]


@dataclass(frozen=True)
class Encoded:
    """Records of all sources in one list, sorted by nothing.

    `codes[record, field]` is the value, `MISSING` where there is none; a day is a number of eight digits.
    `bits[record, field]` is minus the binary logarithm of the value's share among all records,
    `bits_within` among those of the record's own origin. `source` numbers the source of each record;
    `repeated` are the sources in which a person may stand more than once. The value of an encoded field is a
    row of `filters`, bits in words of 64. How rare the words of a record's name are stands in `word_bits`
    from row `word_at[record, field]` on: among all records, and among those of its own origin. `household`
    numbers the household of each record within its source, below zero where it is not known; `listing` the
    households in which each member stands once, so that two records of one are two persons.
    """

    fields: tuple[Field, ...]
    words: Words
    codes: Matrix
    bits: np.ndarray[tuple[int, int], np.dtype[np.float32]]
    bits_within: np.ndarray[tuple[int, int], np.dtype[np.float32]]
    source: npt.NDArray[np.int32]
    filters: np.ndarray[tuple[int, int], np.dtype[np.uint64]] = attribute(
        default_factory=lambda: np.zeros((0, 1), dtype=np.uint64)
    )
    repeated: frozenset[int] = frozenset()
    word_at: Matrix = attribute(default_factory=lambda: np.zeros((0, 0), dtype=np.int32))
    word_bits: np.ndarray[tuple[int, int], np.dtype[np.float32]] = attribute(
        default_factory=lambda: np.zeros((0, 2), dtype=np.float32)
    )
    household: Spans | None = None
    listing: Spans | None = None

    @property
    def sources(self) -> int:
        """How many sources there are."""
        return int(self.source.max(initial=-1)) + 1

    @property
    def once(self) -> npt.NDArray[np.bool_]:
        """Of each source, whether a person stands in it once at most."""
        return np.array([source not in self.repeated for source in range(self.sources)], dtype=np.bool_)

    def looks_within(self, dedupe: bool) -> bool:
        """Whether pairs that share a number of `apart` are looked at: those of one file are with `dedupe`."""
        return dedupe and self.listing is None

    @property
    def apart(self) -> npt.NDArray[np.int32]:
        """A number that two records share when they cannot be one person, by their source or household."""
        if not self.repeated:
            return self.source
        alone = -1 - np.arange(len(self), dtype=np.int32)
        if self.listing is not None:
            alone = np.where(self.listing >= 0, self.sources + self.listing, alone).astype(np.int32)
        found: npt.NDArray[np.int32] = np.where(self.once[self.source], self.source, alone)
        return found

    def __len__(self) -> int:
        return len(self.codes)

    def place(self, name: str) -> int:
        """The place of a field."""
        return [field.name for field in self.fields].index(name)


def encoded(tables: Sequence[pa.Table], fields: Sequence[Field], columns: Mapping[str, str]) -> Encoded:
    """The records of several sources as numbers; `columns` says which column holds each field."""
    together = {field.name: _together(tables, columns[field.name], field.kind) for field in fields}
    textual = [field.name for field in fields if field.kind in (Kind.NAME, Kind.NUMBER)]
    words, values = words_of([together[name] for name in textual])
    of_text = dict(zip(textual, values, strict=True))
    size = sum(len(table) for table in tables)
    codes = np.full((size, len(fields)), MISSING, dtype=np.int32)
    for place, field in enumerate(fields):
        if field.name in of_text:
            codes[:, place] = of_text[field.name]
        elif field.kind is Kind.DATE:
            codes[:, place] = packed_days(together[field.name])
        else:
            codes[:, place] = _codes(together[field.name])
    bits, within = rarity(fields, words, codes)
    word_at, word_bits = rarity_of_words(fields, words, codes)
    source = np.repeat(np.arange(len(tables), dtype=np.int32), [len(table) for table in tables])
    return Encoded(tuple(fields), words, codes, bits, within, source, word_at=word_at, word_bits=word_bits)


def _together(tables: Sequence[pa.Table], column: str, kind: Kind) -> pa.ChunkedArray:
    """A column of all tables; numbers without the blanks and strokes that part their digits."""
    chunks = [chunk.cast(pa.string()) for table in tables for chunk in table[column].chunks]
    found = pa.chunked_array(chunks, pa.string())
    return pc.replace_substring_regex(found, r"[^\pL\pM\pN]+", "") if kind is Kind.NUMBER else found


def _codes(column: pa.ChunkedArray) -> Spans:
    trimmed = pc.utf8_upper(pc.utf8_trim_whitespace(column))
    stated = pc.if_else(pc.equal(trimmed, ""), pa.scalar(None, pa.string()), trimmed)
    found = stated.combine_chunks().dictionary_encode()
    codes: Spans = found.indices.fill_null(MISSING).to_numpy(zero_copy_only=False).astype(np.int32)
    return codes


def packed_days(column: pa.ChunkedArray) -> Spans:
    """Each date as the number of its eight digits, 00 for an unknown part, `MISSING` without a year.

    Years come first or last: 1980-05-17, 19800517, 17.05.1980. Known in part: 1980-00-00, 1980-05, 1980.
    """
    distinct = column.combine_chunks().cast(pa.string()).dictionary_encode()
    if not len(distinct.dictionary):
        return np.full(len(column), MISSING, dtype=np.int32)
    days = _days(*text_buffers(pc.utf8_trim_whitespace(distinct.dictionary)))
    found: Spans = np.append(days, np.int32(MISSING))[
        distinct.indices.fill_null(len(days)).to_numpy(zero_copy_only=False)
    ]
    return found


@compiled
def _days(starts: Integers, data: Bytes) -> Spans:
    found = np.full(len(starts) - 1, -1, dtype=np.int32)
    for text in range(len(found)):
        parts = np.zeros(3, dtype=np.int64)
        lengths = np.zeros(3, dtype=np.int64)
        part, wrong = 0, False
        for at in range(starts[text], starts[text + 1]):
            sign = data[at]
            if 48 <= sign <= 57:
                parts[part] = parts[part] * 10 + (sign - 48)
                lengths[part] += 1
            elif sign in (45, 46, 47, 32) and part < 2 and lengths[part] > 0:
                part += 1
            elif sign in (84, 32):
                break
            elif sign in (63, 88, 120):
                parts[part] = parts[part] * 10
                lengths[part] += 1
            else:
                wrong = True
            # Nothing of a date has more digits, and more would not fit a number.
            wrong = wrong or lengths[part] > 8
        year, month, day = parts[0], parts[1], parts[2]
        if lengths[0] == 8 and lengths[1] <= 1 and parts[1] == 0 and lengths[2] == 0:
            year, month, day = parts[0] // 10000, parts[0] // 100 % 100, parts[0] % 100
        elif lengths[0] == 6 and lengths[1] == 0:
            year, month, day = parts[0] // 100, parts[0] % 100, 0
        elif lengths[2] == 4:
            year, month, day = parts[2], parts[1], parts[0]
        elif lengths[0] != 4:
            wrong = True
        if not wrong and 0 < year < 10000 and month < 100 and day < 100:
            found[text] = year * 10000 + month * 100 + day
    return found
