"""Chains of recruitment: who brought whom into a respondent-driven sample, from seeds onward."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sojourn.errors import DataRefused
from sojourn.sources.sampling.sample_columns import (
    Codes,
    Floats,
    positive_numbers,
    require_columns,
    require_once,
)

__all__ = ["Chains", "group_codes", "recruitment_chains"]


@dataclass(frozen=True)
class Chains:
    """The sample as trees, by row: recruiter (of seeds -1), wave (of seeds 0), seed of the tree, degree.

    `order` are the rows with recruits of one recruiter together, recruits of nobody first; `start` says from
    which place on a row's own recruits stand there, and `recruits` how many they are.
    """

    recruiter: Codes
    wave: Codes
    tree: Codes
    degree: Floats
    order: Codes
    start: Codes
    recruits: Codes

    @property
    def seeds(self) -> Codes:
        """The rows that nobody recruited."""
        return np.flatnonzero(self.recruiter < 0)


def recruitment_chains(table: pa.Table, *, person: str, recruiter: str, degree: str) -> Chains:
    """The chains in a table with a row for each person: identifier, recruiter's identifier (empty for seeds),
    and degree: how many people of the group the person knows who know them.

    Raises: DataRefused for recruiters who are not in the table or are their own descendants, for a degree
    below 1, and where nobody recruited anybody.
    """
    require_once(table, person, "person")
    require_columns(table, [recruiter])
    known = table[person].cast(pa.string()).combine_chunks()
    named = table[recruiter].cast(pa.string()).combine_chunks()
    found = pc.index_in(named, known, skip_nulls=True)
    lost = int(pc.sum(pc.and_(pc.is_valid(named), pc.is_null(found))).as_py() or 0)
    if lost:
        raise DataRefused(
            f"{lost} recruiters are not among the people of the table.",
            "Add them, or leave the recruiter empty: whoever has none is a seed.",
        )
    by = pc.fill_null(found, -1).to_numpy(zero_copy_only=False).astype(np.int64)
    degrees = positive_numbers(table, degree)
    if degrees.min(initial=1) < 1:
        raise DataRefused(
            f"The column {degree} is below 1.", "Whoever was recruited knows at least the recruiter."
        )
    if not (by >= 0).any():
        raise DataRefused("Nobody recruited anybody.", f"Look at the column {recruiter}.")
    wave, tree = _waves(by)
    order = np.argsort(by, kind="stable")
    recruits = np.bincount(by[by >= 0], minlength=len(by))
    start = (by < 0).sum() + np.concatenate([[0], np.cumsum(recruits)[:-1]])
    return Chains(by, wave, tree, degrees, order, start, recruits)


def _waves(by: Codes) -> tuple[Codes, Codes]:
    """Wave and tree of each row, wave after wave."""
    wave, tree = np.full(len(by), -1, np.int64), np.full(len(by), -1, np.int64)
    here = np.flatnonzero(by < 0)
    wave[here], tree[here] = 0, here
    for number in range(1, len(by) + 1):
        here = np.flatnonzero((wave < 0) & (by >= 0) & (wave[by] == number - 1))
        if not len(here):
            break
        wave[here], tree[here] = number, tree[by[here]]
    circling = int((wave < 0).sum())
    if circling:
        raise DataRefused(
            f"{circling} people were recruited in a circle, or by themselves.",
            "Each chain starts with a seed, who has no recruiter.",
        )
    return wave, tree


def group_codes(table: pa.Table, trait: str) -> tuple[Codes, list[str]]:
    """The group of each row by a trait, and the groups in order; people without an answer are group `_U`."""
    require_columns(table, [trait])
    column = pc.fill_null(table[trait].cast(pa.string()), "_U").combine_chunks()
    groups = sorted(pc.unique(column).to_pylist())
    return pc.index_in(column, pa.array(groups)).to_numpy().astype(np.int64), groups
