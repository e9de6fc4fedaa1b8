"""Draw a sample: simple random within strata, or systematically along an order; the same for the same seed.

Units are told apart by their identifiers. Each has a number between 0 and 1 (`chances`), and those with the
lowest of their stratum are drawn; ties, which are next to impossible, go by the identifier.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from sojourn.errors import ProjectError

__all__ = ["drawn_at_random", "drawn_systematically", "ranks_of", "require_different"]

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


def require_different(identifiers: pa.Array | pa.ChunkedArray, of_what: str = "units") -> None:
    """Refuse identifiers that occur twice: one of the two would never be drawn alone.

    Raises: ProjectError.
    """
    if pc.count_distinct(identifiers).as_py() < len(identifiers):
        raise ProjectError(f"Two {of_what} have the same identifier.", "Give each one of its own.")


def ranks_of(identifiers: pa.Array | pa.ChunkedArray) -> Integers:
    """The place of each identifier in the order of all, by the bytes of their texts."""
    order = pc.sort_indices(identifiers.cast(pa.large_string())).to_numpy()
    ranks = np.empty(len(order), np.int64)
    ranks[order] = np.arange(len(order))
    return ranks


def drawn_at_random(chance: Floats, ranks: Integers, stratum: Integers, sizes: Integers) -> Flags:
    """Which units are drawn: in each stratum the `sizes` of it with the lowest numbers.

    Raises: ProjectError when a stratum has fewer units than are to be drawn.
    """
    order = np.lexsort((ranks, chance, stratum))
    counts = np.bincount(stratum, minlength=len(sizes))
    _require_enough(counts, sizes)
    begins = counts.cumsum() - counts
    place = np.arange(len(order)) - np.repeat(begins, counts)
    drawn = np.zeros(len(order), bool)
    drawn[order] = place < np.repeat(sizes, counts)
    return drawn


def drawn_systematically(position: Integers, probability: Floats, stratum: Integers, starts: Floats) -> Flags:
    """Which units are drawn along an order: those in which the sum of chances passes start, start + 1, ….

    `position` is each unit's place in the order, different within a stratum; `probability` its chance to be
    drawn, whose sum in each stratum is the whole number drawn there; `starts` a number between 0 and 1 for
    each stratum. With equal probabilities this is drawing every k-th unit, with k a fraction.

    Raises: ProjectError when the sums are not whole numbers.
    Source: W. Madow, On the theory of systematic sampling II, Annals of Mathematical Statistics 20 (1949).
    """
    if not np.all((probability >= 0) & (probability <= 1)):
        raise ProjectError("Chances to be drawn lie between 0 and 1.", "Look at the sizes of units.")
    order = np.lexsort((position, stratum))
    counts = np.bincount(stratum, minlength=len(starts))
    begins = counts.cumsum() - counts
    sums = np.bincount(stratum, weights=probability, minlength=len(starts))
    whole = np.rint(sums)
    if np.any(np.abs(sums - whole) > 1e-6):
        raise ProjectError("Chances in a stratum do not add up to a whole number.", "Compute them anew.")
    reached = np.cumsum(probability[order])
    before = np.concatenate([[0.0], reached])[begins]
    along = reached - np.repeat(before, counts)
    # The end of a stratum is its whole number, whatever rounding has made of the sum.
    ends = begins + counts - 1
    along[ends[counts > 0]] = whole[counts > 0]
    earlier = np.concatenate([[0.0], along[:-1]])
    earlier[begins[counts > 0]] = 0.0
    shift = np.repeat(1.0 - starts, counts)
    drawn = np.zeros(len(order), bool)
    drawn[order] = np.floor(along + shift - 1e-12) > np.floor(earlier + shift - 1e-12)
    return drawn


def _require_enough(counts: Integers, sizes: Integers) -> None:
    few = np.flatnonzero(counts < sizes)
    if len(few):
        raise ProjectError(
            f"{len(few)} strata have fewer units than are to be drawn; the first has {counts[few[0]]:,} and"
            f" should give {sizes[few[0]]:,}.",
            "Plan the sample for this frame.",
        )
