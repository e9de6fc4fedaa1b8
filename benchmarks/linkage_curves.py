"""Precision and recall along thresholds: of scored pairs as they are, and of the persons made of them.

A threshold is the binary logarithm of the odds that a pair is one person, in which Splink's match weights
are given and into which Sojourn's probabilities are turned. How persons are made is each tool's own way:
chains of links, or links that are each other's best, for Splink; what `sojourn tool link` does after it has
probabilities for Sojourn. Recall counts every true pair, also those that nobody looked at.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from sojourn.integration.linkage.assignment import matched, supported

sys.path.insert(0, str(Path(__file__).with_name("linkage_peers")))
from linkage_scores import Score, mutual_best, score_in_components

__all__ = ["Curve", "Known", "Pairs", "as_splink", "as_written", "curve_of", "in_bits", "pairs_of"]

Spans = npt.NDArray[np.int32]
Numbers = npt.NDArray[np.int64]
Bits = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
LinksAt = Callable[[float], Flags]
FINE, COARSE, FINE_UNTIL = 0.1, 0.5, 12.0
SUREST = 50.0  # bits: a probability of one is as far from others as its digits can tell


@dataclass(frozen=True)
class Known:
    """The records of a set in the order of their sources and identifiers, and whose they are."""

    record_id: pa.Array
    source: Spans
    person: Numbers

    @staticmethod
    def of(tables: list[pa.Table]) -> Known:
        """From one table a source, of `record_id` and `cluster`, both text."""
        ordered = [table.sort_by("record_id") for table in tables]
        together = pa.concat_tables(ordered).combine_chunks()
        source = np.repeat(np.arange(len(tables), dtype=np.int32), [len(table) for table in tables])
        person = together["cluster"].combine_chunks().dictionary_encode().indices.to_numpy()
        return Known(together["record_id"].combine_chunks(), source, person.astype(np.int64))

    def places(self, identifiers: pa.ChunkedArray) -> Spans:
        """Where records stand, by their identifiers."""
        found = pc.index_in(identifiers.combine_chunks(), self.record_id)
        if found.null_count:
            raise ValueError("A pair names a record that is not known. Give the truth of all records.")
        return found.to_numpy().astype(np.int32)


@dataclass(frozen=True)
class Pairs:
    """Scored pairs: the places of their records, and the odds of one person in bits."""

    ones: Spans
    others: Spans
    weight: Bits


@dataclass(frozen=True)
class Curve:
    """What each threshold gives, lowest first: pairs as they are, and the persons made of them."""

    pairs: list[Score]
    persons: list[Score]


def in_bits(probability: Bits) -> Bits:
    """Odds as binary logarithms, at most `SUREST` either way."""
    with np.errstate(divide="ignore"):
        found: Bits = np.log2(probability) - np.log2(1.0 - probability)
    return np.clip(found, -SUREST, SUREST)


def pairs_of(table: pa.Table, known: Known, columns: tuple[str, str], weight: Bits) -> Pairs:
    """Pairs of a table whose two columns name records."""
    return Pairs(known.places(table[columns[0]]), known.places(table[columns[1]]), weight)


def as_splink(table: pa.Table, known: Known) -> tuple[Pairs, LinksAt]:
    """Pairs with match weights, linked by chains within a source and one to one between two."""
    pairs = pairs_of(table, known, ("id_l", "id_r"), table["weight"].to_numpy())
    kept = mutual_best(table) if known.source.any() else np.ones(len(table), np.bool_)
    return pairs, lambda threshold: kept & (pairs.weight >= threshold)


def as_written(table: pa.Table, known: Known) -> tuple[Pairs, LinksAt]:
    """Pairs that `sojourn tool link` wrote, linked at a threshold as it would have linked them there.

    Raises: ValueError when links made here at one half are not the links that were written.
    """
    probability = table["probability"].to_numpy()
    pairs = pairs_of(table, known, ("record_a", "record_b"), in_bits(probability))
    ones, others = pairs.ones, pairs.others
    if known.source.any():
        # The best pair comes first at every threshold, so that one round serves them all.
        kept = matched(ones, others, probability, known.source)

        def links(threshold: float) -> Flags:
            return kept & (pairs.weight >= threshold)
    else:

        def links(threshold: float) -> Flags:
            linked = pairs.weight >= threshold
            linked[linked] = supported(ones[linked], others[linked], len(known.source))
            return linked

    if not np.array_equal(links(0.0), table["is_link"].to_numpy(zero_copy_only=False)):
        raise ValueError(
            "Links at one half are not those that were written. Compare this file with the tool."
        )
    return pairs, links


def thresholds_of(pairs: Pairs) -> list[float]:
    """Thresholds from the lowest weight to the highest, close together where most is decided."""
    if not len(pairs.weight):
        return [0.0]
    lowest, highest = np.floor(pairs.weight.min()), np.ceil(pairs.weight.max())
    fine = np.arange(lowest, min(highest, FINE_UNTIL), FINE)
    coarse = np.arange(max(lowest, FINE_UNTIL), highest + COARSE, COARSE)
    return [float(threshold) for threshold in np.round(np.concatenate((fine, coarse)), 6)]


def curve_of(pairs: Pairs, links: LinksAt, known: Known) -> Curve:
    """The scores at all thresholds."""
    ones, others = pairs.ones, pairs.others
    is_true = known.person[ones] == known.person[others]
    as_they_are, persons = [], []
    for threshold in thresholds_of(pairs):
        score = score_in_components(ones, others, links(threshold), known.person, threshold)
        linked = pairs.weight >= threshold
        correct = int((linked & is_true).sum())
        as_they_are.append(Score(threshold, int(linked.sum()), correct, score.truths))
        persons.append(score)
    return Curve(as_they_are, persons)
