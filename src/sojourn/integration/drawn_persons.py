"""Persons as they could have been: keys put together by links that are drawn from their probabilities."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from sojourn.integration.linkage.persons import Facts, grouped, never
from sojourn.integration.linked_versions import matchings
from sojourn.sources.reader.compiled import Spans

__all__ = ["LEAST_PROBABILITY", "drawn_persons"]

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

    Raises: as `matchings`.
    """
    likely = pairs.filter(pc.greater_equal(pairs["probability"], LEAST_PROBABILITY))
    names = sorted(set(links["source"].to_pylist()))
    source = _places(links["source"], names)
    once = np.array([name not in repeated for name in names], dtype=np.bool_)
    ends = [
        _rows(links, likely, *columns)
        for columns in (("source", "record_key"), ("other_source", "other_key"))
    ]
    turned = source[ends[0]] > source[ends[1]]
    here, there = np.where(turned, ends[1], ends[0]), np.where(turned, ends[0], ends[1])
    slots, slots_there = _slots(here, source[there], once), _slots(there, source[here], once)
    chance = likely["probability"].to_numpy()
    born = links["birth_year"].fill_null(-1).to_numpy()
    birth = np.where(born >= 0, born * 10000, -1).astype(np.int32)
    facts = Facts(birth, never(len(links)), never(len(links)))
    slots_there = (slots_there + slots.max(initial=-1) + 1).astype(np.int32)
    apart = _told_apart(links, pairs)
    drawn = matchings(slots, slots_there, chance, versions=versions, seed=seed)
    for chosen in drawn:
        person, _ = grouped(
            here[chosen].astype(np.int32), there[chosen].astype(np.int32), chance[chosen],
            source, once=once, facts=facts, apart=apart,
        )  # fmt: skip
        yield person


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


def _slots(rows: npt.NDArray[np.int64], towards: Spans, once: npt.NDArray[np.bool_]) -> Spans:
    """A number that pairs share when at most one of them can be drawn: of one key, towards one source."""
    alone = -1 - np.arange(len(rows))
    slot = np.where(once[towards], rows * len(once) + towards, alone)
    found: Spans = np.unique(slot, return_inverse=True)[1].astype(np.int32)
    return found
