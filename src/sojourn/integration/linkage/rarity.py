"""How rare each value is, and each word of a name: among all records, and among those of one origin."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from sojourn.integration.linkage.specification import Field, Kind
from sojourn.integration.linkage.words import MISSING, Keys, Words, mixed

__all__ = ["rarity", "rarity_of_words"]

# How many records of all origins an origin's own count of a value is mixed with.
SMOOTHING = 20.0
Matrix = np.ndarray[tuple[int, int], np.dtype[np.int32]]
Bits = np.ndarray[tuple[int, int], np.dtype[np.float32]]
Numbers = npt.NDArray[np.int64]
Shares = npt.NDArray[np.float64]


def rarity(fields: Sequence[Field], words: Words, codes: Matrix) -> tuple[Bits, Bits]:
    """Of each record's values, minus the binary logarithm of their share among all, and in the origin.

    Where a field goes with another, the shares are those among records of that other's value. Names of the
    same words by sound count as one value.
    """
    bits = np.zeros(codes.shape, dtype=np.float32)
    within = np.zeros(codes.shape, dtype=np.float32)
    for place, field in enumerate(fields):
        known = np.flatnonzero(codes[:, place] >= 0)
        if not len(known):
            continue
        value = codes[known, place]
        classes = mixed(words.bag[value] if field.kind is Kind.NAME else value)
        origin = _code_of(fields, codes, field.within, known)
        beside = _code_of(fields, codes, field.goes_with, known)
        share = _share(classes, beside)
        within_share = _share(classes, beside, origin, share)
        bits[known, place], within[known, place] = -np.log2(share), -np.log2(within_share)
    return bits, within


def _code_of(fields: Sequence[Field], codes: Matrix, name: str | None, known: Numbers) -> Numbers:
    """The codes of a field of some records, `MISSING` of all where there is no such field."""
    names = [field.name for field in fields]
    if name not in names:
        return np.full(len(known), MISSING, dtype=np.int64)
    found: Numbers = codes[known, names.index(name)].astype(np.int64)
    return found


def _share(
    classes: Keys, beside: Numbers, origin: Numbers | None = None, wider: Shares | None = None
) -> Shares:
    """The share of each one's class among those of its code beside; of its origin too, mixed with the wider.

    Where the code beside is missing, the share is that among all; where the origin is, the wider one.
    """
    group = np.zeros(len(classes), dtype=np.int64) if origin is None else origin + 1
    sizes, counts = _counted(mixed(group)), _counted(classes ^ mixed(group + (1 << 40)))
    stated = beside >= 0
    if stated.any():
        apart = mixed(group * (1 << 20) + beside + (1 << 50))
        sizes = np.where(stated, _counted(apart), sizes)
        counts = np.where(stated, _counted(classes ^ apart), counts)
    if origin is None or wider is None:
        return counts / sizes
    return np.where(origin >= 0, (counts + SMOOTHING * wider) / (sizes + SMOOTHING), wider)


def _counted(keys: Keys) -> Numbers:
    """How often each one's key occurs."""
    _, of_key, counts = np.unique(keys, return_inverse=True, return_counts=True)
    found: Numbers = counts[of_key]
    return found


def rarity_of_words(fields: Sequence[Field], words: Words, codes: Matrix) -> tuple[Matrix, Bits]:
    """How rare the words of names are: minus the binary logarithm of the share of records that have them.

    The first is, by record and field, at which row of the second the words of its name begin, -1 without a
    name; the second has two columns, the share among all records and among those of the record's origin.
    Both count within the field: a word can be common in given names and rare in surnames.
    """
    at = np.full(codes.shape, MISSING, dtype=np.int32)
    found, size = [np.zeros((0, 2), dtype=np.float32)], 0
    for place, field in enumerate(fields):
        known = np.flatnonzero(codes[:, place] >= 0)
        if field.kind is not Kind.NAME or not len(known):
            continue
        origin = _code_of(fields, codes, field.within, known)
        beside = _code_of(fields, codes, field.goes_with, known)
        groups = int(beside.max()) + 2
        both = codes[known, place].astype(np.int64) << 32 | ((origin + 1) * groups + beside + 1)
        distinct, of_record, uses = np.unique(both, return_inverse=True, return_counts=True)
        text, group = distinct >> 32, distinct & 0xFFFFFFFF
        starts, many = words.word_starts[text], np.diff(words.word_starts)[text].astype(np.int64)
        ends = np.cumsum(many)
        owner = np.repeat(np.arange(len(text)), many)
        own = words.words[np.repeat(starts, many) + np.arange(len(owner)) - np.repeat(ends - many, many)]
        of_group = group // groups - 1, group % groups - 1
        found.append(_word_bits(own, owner, uses, *of_group))
        at[known, place] = (size + ends - many)[of_record]
        size += len(owner)
    return at, np.concatenate(found)


def _word_bits(words: Numbers, owner: Numbers, uses: Numbers, origin: Numbers, beside: Numbers) -> Bits:
    """The two columns of bits for the words of names, `owner` the name of each word, each used some times."""
    own, own_beside = origin[owner], beside[owner]

    def share(names: Numbers, of_words: Numbers) -> tuple[Numbers, Numbers]:
        """How often names of each word's group, and the word in it, are used."""
        sizes = _weighed(names, of_words, uses)
        _, of_both = np.unique(
            mixed(of_words) ^ mixed(words.astype(np.int64) + (1 << 50)), return_inverse=True
        )
        return sizes, np.bincount(of_both, weights=uses[owner])[of_both]

    sizes, counts = share(beside, own_beside)
    all_sizes, all_counts = share(np.zeros_like(beside), np.zeros_like(own_beside))
    unknown = own_beside < 0
    sizes, counts = np.where(unknown, all_sizes, sizes), np.where(unknown, all_counts, counts)
    wider = counts / sizes
    groups = int(beside.max(initial=0)) + 2
    sizes, counts = share(origin * groups + beside + 1, own * groups + own_beside + 1)
    within = np.where(own >= 0, (counts + SMOOTHING * wider) / (sizes + SMOOTHING), wider)
    bits: Bits = -np.log2(np.minimum(np.stack([wider, within], axis=1), 1.0)).astype(np.float32)
    return bits


def _weighed(names: Numbers, of_words: Numbers, uses: Numbers) -> Numbers:
    """How often names of each word's group are used."""
    groups, of_name = np.unique(names, return_inverse=True)
    return np.bincount(of_name, weights=uses)[np.searchsorted(groups, of_words)]
