"""Persons as they could have been: keys put together by links that are drawn from their probabilities."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from sojourn.integration.linkage.persons import Facts, grouped, never
from sojourn.integration.linked_versions import matchings
from sojourn.integration.reviewed_probabilities import ReviewedProbabilities
from sojourn.sources.reader.compiled import Spans

__all__ = ["LEAST_PROBABILITY", "drawn_persons"]

Flags = npt.NDArray[np.bool_]
# Pairs less likely than this are not drawn: there are millions of them, and hardly one is a link.
LEAST_PROBABILITY = 0.01


def drawn_persons(
    links: pa.Table,
    pairs: pa.Table,
    *,
    repeated: frozenset[str],
    versions: int,
    seed: int,
    reviewed: pa.Table | None = None,
) -> Iterator[Spans]:
    """For each version the person of each row of `links`, named by the first row of the person.

    `links` are rows of `Link`, `pairs` of `LinkPair`; a person may stand more than once in the sources
    `repeated`. In each version a pair of at least `LEAST_PROBABILITY` is drawn with its probability,
    one-to-one where a person stands in a source once; persons are then put together from the likeliest drawn
    pair down, and nobody who was born in two years or whom a reviewer told apart.

    `reviewed` are the strata of a review sample with what was decided, as `ReviewedProbabilities` takes them:
    each version then has probabilities of its own, which are as uncertain as the review leaves them. Without
    it the probabilities are taken as known.

    Raises: as `matchings`.
    """
    names = sorted(set(links["source"].to_pylist()))
    source = _places(links["source"], names)
    once = np.array([name not in repeated for name in names], dtype=np.bool_)
    likely = pc.greater_equal(pairs["probability"], LEAST_PROBABILITY)
    # A review can find that pairs are one person of which the linkage hardly thought so.
    known = _pairs_of_rows(links, pairs.filter(likely) if reviewed is None else pairs, source, once)
    born = links["birth_year"].fill_null(-1).to_numpy()
    birth = np.where(born >= 0, born * 10000, -1).astype(np.int32)
    facts = Facts(birth, never(len(links)), never(len(links)))
    apart = _told_apart(links, pairs)
    for chosen, chance in _drawn(known, versions, seed, reviewed):
        person, _ = grouped(
            known.here[chosen], known.there[chosen], chance[chosen],
            source, once=once, facts=facts, apart=apart,
        )  # fmt: skip
        yield person


@dataclass(frozen=True)
class _Pairs:
    """Pairs of rows of the links, the slots of both ends, and what the linkage knows of them."""

    here: Spans
    there: Spans
    slots: tuple[Spans, Spans]
    chance: npt.NDArray[np.float64]
    is_link: Flags
    is_decided: Flags


def _pairs_of_rows(links: pa.Table, pairs: pa.Table, source: Spans, once: Flags) -> _Pairs:
    ends = [
        _rows(links, pairs, *columns) for columns in (("source", "record_key"), ("other_source", "other_key"))
    ]
    turned = source[ends[0]] > source[ends[1]]
    here, there = np.where(turned, ends[1], ends[0]), np.where(turned, ends[0], ends[1])
    slots, slots_there = _slots(here, source[there], once), _slots(there, source[here], once)
    slots_there = (slots_there + slots.max(initial=-1) + 1).astype(np.int32)
    return _Pairs(
        here.astype(np.int32),
        there.astype(np.int32),
        (slots, slots_there),
        pairs["probability"].to_numpy(),
        pairs["is_link"].fill_null(False).to_numpy(zero_copy_only=False).astype(np.bool_),
        pc.equal(pairs["method"], "CLER").fill_null(False).to_numpy(zero_copy_only=False).astype(np.bool_),
    )


def _drawn(
    known: _Pairs, versions: int, seed: int, reviewed: pa.Table | None
) -> Iterator[tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]]:
    """For each version which pairs are in it, and the probabilities by which it was drawn."""
    here, there = known.slots
    if reviewed is None:
        for flags in matchings(here, there, known.chance, versions=versions, seed=seed):
            yield np.flatnonzero(flags), known.chance
        return
    left_open = ReviewedProbabilities(here, there, known.chance, known.is_link, known.is_decided, reviewed)
    draw = np.random.default_rng(seed)
    for _ in range(versions):
        chance = left_open.drawn(draw)
        likely = np.flatnonzero(chance >= LEAST_PROBABILITY)
        own_seed = int(draw.integers(np.iinfo(np.int32).max))
        (flags,) = matchings(here[likely], there[likely], chance[likely], versions=1, seed=own_seed)
        yield likely[flags], chance


def _told_apart(links: pa.Table, pairs: pa.Table) -> tuple[Spans, Spans]:
    """The rows of the links that a person of the office found to be two persons."""
    looked_at = pc.equal(pairs["method"], "CLER")
    different = pairs.filter(pc.and_(looked_at, pc.less(pairs["probability"], 0.5)))
    one = _rows(links, different, "source", "record_key")
    other = _rows(links, different, "other_source", "other_key")
    return one.astype(np.int32), other.astype(np.int32)


def _places(column: pa.ChunkedArray, names: list[str]) -> Spans:
    found: Spans = pc.index_in(column, pa.array(names, column.type)).to_numpy().astype(np.int32)
    return found


def _rows(links: pa.Table, pairs: pa.Table, source: str, key: str) -> npt.NDArray[np.int64]:
    """The row of `links` of one end of each pair."""
    known = pc.binary_join_element_wise(links["source"], links["record_key"], "\0").combine_chunks()
    wanted = pc.binary_join_element_wise(pairs[source], pairs[key], "\0")
    found: npt.NDArray[np.int64] = pc.index_in(wanted, known).to_numpy().astype(np.int64)
    return found


def _slots(rows: npt.NDArray[np.int64], towards: Spans, once: Flags) -> Spans:
    """A number that pairs share when at most one of them can be drawn: of one key, towards one source."""
    alone = -1 - np.arange(len(rows))
    slot = np.where(once[towards], rows * len(once) + towards, alone)
    found: Spans = np.unique(slot, return_inverse=True)[1].astype(np.int32)
    return found
