"""Households: a second look at pairs, by whom else the members of two households are linked to.

The comparison of two records takes their fields as independent. Members of one household break that: they
share surname, address and origin, and would be taken for each other. Where sources say who lives together,
links that are sure tell which households are one, and there only what tells members apart still counts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from enum import IntEnum

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from sojourn.integration.linkage.chance import levels_of_field
from sojourn.integration.linkage.encoding import Encoded
from sojourn.integration.linkage.estimation import FLOOR
from sojourn.integration.linkage.model import LEVELS, Model, compared
from sojourn.integration.linkage.pair_kernel import listed_patterns
from sojourn.sources.reader.compiled import Integers, Spans

__all__ = ["LEAST_OTHERS", "MOST_MEMBERS", "Tie", "second_look", "ties", "with_households"]

Scores = npt.NDArray[np.float32]
Shares = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
# From which probability on a link ties two households.
CONFIDENT = 0.9
# More members than this are a hostel or a mistake, and say nothing of who belongs together.
MOST_MEMBERS = 30
# With fewer pairs of two members of one household nothing is learned from them.
LEAST_OTHERS = 100


class Tie(IntEnum):
    """Whether sure links beside a pair tie its two households to each other, to others, or not at all."""

    UNKNOWN = 0
    NOWHERE = 1
    ELSEWHERE = 2
    HERE = 3


def with_households(
    records: Encoded, tables: Sequence[pa.Table], *, members_once: bool, dedupe: bool = False
) -> Encoded:
    """The records with their households; with `members_once` two of one list are two persons.

    `tables` has for each source the texts household and date, the day of the list, in the order of its
    records. Without a household, or without a date, nothing is known of a record.
    """
    listed = []
    for number, table in enumerate(tables):
        source = pa.scalar(str(number))
        own = pc.binary_join_element_wise(source, table["household"].cast(pa.string()), "\0")
        listed.append((own, pc.binary_join_element_wise(own, table["date"].cast(pa.string()), "\0")))
    household, listing = (_numbers(parts) for parts in zip(*listed, strict=True))
    if not members_once:
        return replace(records, household=household)
    # Within one file a person is looked for among all records but those of the own household.
    repeated = frozenset(range(len(tables))) if dedupe else records.repeated
    return replace(records, household=household, listing=listing, repeated=repeated)


def _numbers(columns: Sequence[pa.ChunkedArray]) -> Spans:
    """A number for each text of some columns, below zero for none."""
    together = pa.chunked_array([chunk for column in columns for chunk in column.chunks], pa.string())
    indices = together.combine_chunks().dictionary_encode().indices.fill_null(-1)
    found: Spans = indices.to_numpy(zero_copy_only=False).astype(np.int32)
    return found


def second_look(
    records: Encoded, model: Model, ones: Spans, others: Spans, scores: Scores, chance: Shares, priors: Shares
) -> Scores:
    """The scores of pairs with what their households say, from their first probabilities and priors.

    Where the two households are tied to each other the fields are weighed against how much two members of
    one household agree, in place of how much two strangers do. That is learned from pairs of which each
    record is surely linked, and to another member of the other's household. The odds that two members are
    one person follow from how many of them are, in place of the `priors` of any two records. Where other
    members are linked to other households, that weighs as much as it is rarer among links than among others.
    Pairs of households that are not known or not tied keep their score; with fewer than `LEAST_OTHERS` pairs
    to learn from all do.

    Source: Fellegi and Sunter (1969), with other members of a household as a population of their own.
    """
    if records.household is None:
        return scores
    tie = ties(ones, others, chance, records.household, records.source)
    here, elsewhere = tie == Tie.HERE, tie == Tie.ELSEWHERE
    two_persons = _known_others(ones, others, chance, records.household, here)
    if len(two_persons[0]) < LEAST_OTHERS:
        return scores
    weight = _weights(records, model, *two_persons)
    odds = _odds(ones[here], others[here], chance[here], records.household)
    prior = priors[records.source[ones[here]], records.source[others[here]]]
    found = scores.astype(np.float64)
    found[here] = _within(records, weight, ones[here], others[here]) + odds - prior
    known = tie != Tie.UNKNOWN
    found[elsewhere] += _bits(elsewhere[known], chance[known])
    return found.astype(np.float32)


def ties(ones: Spans, others: Spans, chance: Shares, household: Spans, source: Spans) -> npt.NDArray[np.int8]:
    """How the two households of each pair are tied: a `Tie` each.

    `HERE` by any sure link between the two but the pair itself; else `ELSEWHERE` by one of another member of
    either with a record of the source of the other. Unknown where a household is not, or has no other record,
    or more than `MOST_MEMBERS`.
    """
    size = np.append(np.bincount(household[household >= 0]), 0)
    usable = (size > 1) & (size <= MOST_MEMBERS)
    has_others = (household >= 0) & usable[household]
    can = np.flatnonzero(has_others[ones] & has_others[others])
    sure = chance > CONFIDENT
    order, starts = _by_households(can, ones, others, household)
    group = np.repeat(np.arange(len(starts) - 1), np.diff(starts))
    between = np.zeros(len(ones), dtype=np.int64)
    between[order] = np.bincount(group, weights=sure[order])[group]
    links = _SureLinks(ones[sure], others[sure], household, source)
    of_one = links.of_the_others(ones[can], source[others[can]])
    of_other = links.of_the_others(others[can], source[ones[can]])
    found = np.zeros(len(ones), dtype=np.int8)
    found[can] = np.where((of_one > 0) | (of_other > 0), Tie.ELSEWHERE, Tie.NOWHERE)
    found[between > sure] = Tie.HERE
    return found


class _SureLinks:
    """How many sure links each record, and each household, has with records of each source."""

    def __init__(self, ones: Spans, others: Spans, household: Spans, source: Spans) -> None:
        self._household, self._sources = household.astype(np.int64), int(source.max(initial=0)) + 1
        record = np.concatenate((ones, others)).astype(np.int64)
        towards = np.concatenate((source[others], source[ones]))
        size, homes = len(source), int(household.max(initial=-1)) + 1
        self._of_record = np.bincount(record * self._sources + towards, minlength=size * self._sources)
        known = household[record] >= 0
        slots = self._household[record[known]] * self._sources + towards[known]
        self._of_household = np.bincount(slots, minlength=homes * self._sources)

    def of_the_others(self, record: Spans, towards: Spans) -> Integers:
        """The links that the other members of each record's household have with a source."""
        own = self._of_record[record.astype(np.int64) * self._sources + towards]
        found: Integers = self._of_household[self._household[record] * self._sources + towards] - own
        return found


def _by_households(
    pairs: Integers, ones: Spans, others: Spans, household: Spans
) -> tuple[Integers, Integers]:
    """Some pairs in the order of their two households, and where each two begin."""
    key = household[ones[pairs]].astype(np.int64) << 32 | household[others[pairs]].astype(np.int64)
    order = np.argsort(key, kind="stable")
    key = key[order]
    starts = np.flatnonzero(np.concatenate(([True] * bool(len(key)), key[1:] != key[:-1])))
    return pairs[order], np.append(starts, len(key)).astype(np.int64)


def _known_others(
    ones: Spans, others: Spans, chance: Shares, household: Spans, here: Flags
) -> tuple[Integers, Integers]:
    """Pairs of two persons in two tied households: each surely linked, and to another member."""
    sure = np.flatnonzero(here & (chance > CONFIDENT))
    order, starts = _by_households(sure, ones, others, household)
    group = np.repeat(np.arange(len(starts) - 1), np.diff(starts))
    found = [np.zeros((2, 0), dtype=np.int64)]
    for apart in range(1, int(np.diff(starts).max(initial=0))):
        same = group[apart:] == group[:-apart]
        link, link2 = order[:-apart][same], order[apart:][same]
        two = (ones[link] != ones[link2]) & (others[link] != others[link2])
        link, link2 = link[two], link2[two]
        found += [np.stack((ones[link], others[link2])), np.stack((ones[link2], others[link]))]
    member, other_member = np.concatenate(found, axis=1).astype(np.int64)
    return member, other_member


def _weights(records: Encoded, model: Model, ones: Integers, others: Integers) -> Shares:
    """What each level of each field weighs between two members of one household, in bits.

    Half a pair is added to each level, so that what was not seen is rare and not impossible.
    """
    patterns, _ = listed_patterns(compared(records), ones, others)
    found = np.zeros_like(model.m)
    for field, described in enumerate(records.fields):
        levels = LEVELS[described.kind]
        counts = np.bincount(levels_of_field(patterns, field), minlength=levels)[1:levels] + 0.5
        m = np.maximum(model.m[field, 1:levels], FLOOR)
        found[field, 1:levels] = np.log2(m) - np.log2(counts / counts.sum())
    return found


def _within(records: Encoded, weight: Shares, ones: Spans, others: Spans) -> Shares:
    """The scores of pairs of members of one household."""
    patterns, _ = listed_patterns(compared(records), ones.astype(np.int64), others.astype(np.int64))
    found = np.zeros(len(patterns))
    for field in range(len(records.fields)):
        found += weight[field, levels_of_field(patterns, field)]
    return found


def _odds(ones: Spans, others: Spans, chance: Shares, household: Spans) -> float:
    """The odds in bits that two members of two tied households are one person before they are compared.

    Of n and m members with k links expected k / ((n - k)(m - k)), as between two sources, all households
    together. At least a tenth of a household is taken to have no partner in the other.
    """
    size = np.bincount(household[household >= 0]).astype(np.float64)
    key = household[ones].astype(np.int64) << 32 | household[others].astype(np.int64)
    both, group = np.unique(key, return_inverse=True)
    here, there = size[both >> 32], size[both & 0xFFFFFFFF]
    expected = np.minimum(np.bincount(group, weights=chance), np.minimum(here, there))
    alone, others_alone = np.maximum(here - expected, 0.1 * here), np.maximum(there - expected, 0.1 * there)
    return float(np.log2(expected.sum()) - np.log2((alone * others_alone).sum()))


def _bits(chosen: Flags, chance: Shares) -> float:
    """How much more often something holds of pairs of one person than of others, in bits."""
    m = (chance[chosen].sum() + 0.5) / (chance.sum() + 1.0)
    u = ((1.0 - chance[chosen]).sum() + 0.5) / ((1.0 - chance).sum() + 1.0)
    return float(np.log2(m) - np.log2(u))
