"""Bring the rows of each person together, in order of time, without sorting everything.

Rows that come in order of time, as a border system writes them, are grouped in one pass. Rows out of order
are put right person by person.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from sojourn.sources.reader.compiled import compiled

__all__ = ["IN_DOUBT", "in_order", "rows_by_person"]

Numbers = npt.NDArray[np.int64]
Places = npt.NDArray[np.int32]
Turns = npt.NDArray[np.int8]
IN_DOUBT = 2
_MIXER = 0x9E3779B97F4A7C15


@compiled
def _numbered(persons: Numbers, slots: Places, seen: Numbers, groups: Places) -> int:
    """Number equal persons in the order in which each is first seen; return how many there are.

    `slots`, a power of two and more than there are persons, and `seen` are room to work in.
    """
    bits = 0
    while (1 << bits) < len(slots):
        bits += 1
    one, mask = np.uint64(1), np.uint64((1 << bits) - 1)
    shift = np.uint64(64 - bits)
    slots[:] = -1
    count = 0
    for row in range(len(persons)):
        person = persons[row]
        place = (np.uint64(person) * np.uint64(_MIXER)) >> shift
        while slots[place] >= 0 and seen[np.uint64(slots[place])] != person:
            place = (place + one) & mask
        if slots[place] < 0:
            slots[place] = count
            seen[count] = person
            count += 1
        groups[row] = slots[place]
    return count


@compiled
def _places_in_line(groups: Places, turns: Turns, line: Turns) -> None:
    """Mark the groups in which a row is in doubt (1), and those in which two rows take the same turn (2)."""
    last = np.full(len(line), -1, np.int8)
    line[:] = 0
    for row in range(len(groups)):
        group, turn = np.uint64(groups[row]), turns[row]
        # The lowest bit of a turn is the turn itself, doubtful or not.
        if turn & 1 == last[group]:
            line[group] = 2
        elif turn >= IN_DOUBT and line[group] == 0:
            line[group] = 1
        last[group] = turn & 1


@compiled
def _placed(groups: Places, line: Turns, order: Places, starts: Numbers) -> None:
    """Put the rows of each group together, and the groups in line: those with 0 first, those with 2 last."""
    sizes = np.zeros(len(line), np.int64)
    for row in range(len(groups)):
        sizes[np.uint64(groups[row])] += 1
    begin, rank = 0, 0
    for place_in_line in range(3):
        for group in range(len(line)):
            if line[group] == place_in_line:
                starts[rank] = begin
                rank += 1
                # From here on the place of the group's next row.
                sizes[group], begin = begin, begin + sizes[group]
    starts[rank] = begin
    for row in range(len(groups)):
        of_row = np.uint64(groups[row])
        order[np.uint64(sizes[of_row])] = row
        sizes[of_row] += 1


@compiled
def _is_in_order(starts: Numbers, moments: Any, ranks: Numbers) -> bool:
    """Whether each person's rows are in order of moment and rank, and none share a moment without ranks."""
    for group in range(len(starts) - 1):
        for row in range(starts[group] + 1, starts[group + 1]):
            if moments[row] <= moments[row - 1] and (
                moments[row] < moments[row - 1] or len(ranks) == 0 or ranks[row] < ranks[row - 1]
            ):
                return False
    return True


@compiled
def _put_in_order(starts: Numbers, moments: Any, ranks: Numbers, order: Places) -> int:
    """Sort each person's rows by moment and rank where they are not; return how many rows share a moment."""
    ties = 0
    for group in range(len(starts) - 1):
        for place in range(starts[group] + 1, starts[group + 1]):
            row = order[place]
            before = place
            while before > starts[group]:
                other = order[before - 1]
                if moments[other] < moments[row]:
                    break
                if moments[other] == moments[row]:
                    ties += 1
                    if len(ranks) == 0 or ranks[other] <= ranks[row]:
                        break
                order[before] = other
                before -= 1
            order[before] = row
    return ties


def rows_by_person(persons: pa.ChunkedArray, turns: Turns | None = None) -> tuple[Places, Numbers]:
    """The rows grouped by person, and where the rows of each begin, with the end of the last.

    Persons come in the order in which they are first seen. With `turns` (0 or 1 for each row, and IN_DOUBT
    more where it is in doubt) those come first whose rows are beyond doubt and take turns, and those last who
    have a row like the one before it: what is found about people has gaps in that order, and columns without
    gaps are cheaper to write. Rows without a person are each a person of their own.
    """
    numbers = _numbers(persons)
    rows = len(numbers)
    # Large arrays of numpy lie in large pages of memory, which those of compiled code do not.
    slots = np.empty(1 << (rows + rows // 4).bit_length(), np.int32)
    seen, groups = np.empty(rows, np.int64), np.empty(rows, np.int32)
    order, starts = np.empty(rows, np.int32), np.empty(rows + 1, np.int64)
    count = _numbered(numbers, slots, seen, groups)
    line = np.zeros(count, np.int8)
    if turns is not None:
        _places_in_line(groups, turns, line)
    _placed(groups, line, order, starts)
    return order, starts[: count + 1]


def in_order(starts: Numbers, moments: npt.NDArray[Any], identifiers: pa.ChunkedArray) -> Places | None:
    """The rows of each person in order of their moments, those of one moment by their identifiers.

    None when they are in order as they stand, as they are when they came in order of time.
    """
    is_number = pa.types.is_integer(identifiers.type) and not identifiers.null_count
    numbers = identifiers.cast(pa.int64(), safe=False).to_numpy() if is_number else np.zeros(0, np.int64)
    if _is_in_order(starts, moments, numbers):
        return None
    order = np.arange(len(moments), dtype=np.int32)
    if _put_in_order(starts, moments, numbers, order) and not is_number:
        _put_in_order(starts, moments, _ranks(identifiers), order)
    return order


def _ranks(identifiers: pa.ChunkedArray) -> Numbers:
    """The places of identifiers in their order; of text the shorter first, so that 9 stands before 10."""
    if pa.types.is_dictionary(identifiers.type):
        identifiers = identifiers.cast(identifiers.type.value_type)
    alphabetical: Numbers = (
        pc.rank(identifiers, sort_keys="ascending", tiebreaker="first").to_numpy().astype(np.int64)
    )
    is_text = pa.types.is_string(identifiers.type) or pa.types.is_large_string(identifiers.type)
    if not is_text:
        return alphabetical
    lengths = pc.utf8_length(identifiers).fill_null(0).to_numpy()
    ranks = np.empty(len(lengths), np.int64)
    ranks[np.lexsort((alphabetical, lengths))] = np.arange(len(lengths))
    return ranks


def _numbers(persons: pa.ChunkedArray) -> Numbers:
    """A number for each person, the same for all their rows."""
    if pa.types.is_integer(persons.type) and not persons.null_count:
        numbers: Numbers = persons.cast(pa.int64(), safe=False).to_numpy()
        return numbers
    encoded = persons.combine_chunks().dictionary_encode()
    codes: Numbers = encoded.indices.cast(pa.int64()).fill_null(-1).to_numpy(zero_copy_only=False).copy()
    nobody = np.flatnonzero(codes < 0)
    codes[nobody] = len(encoded.dictionary) + np.arange(len(nobody))
    return codes
