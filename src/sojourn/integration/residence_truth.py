"""A truth sample held against the index: what the index says of people whose residence is known.

Nobody is judged by weights that were learned from their own answer: with estimated weights the sample is cut
into folds, and the people of each are judged by a rule that the others gave.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from sojourn.integration.register_population import TruthCounts
from sojourn.integration.residency_index import IndexRule, activity_of, residency_index
from sojourn.integration.sign_weights import SignWeights, folds_of, learned_rule, sign_weights

__all__ = ["JudgedSample", "judged_sample"]

_CODES = ("R", "N", "_U")


@dataclass(frozen=True)
class JudgedSample:
    """The rule (with estimated weights where asked for), and the sample's answers beside those of the index.

    `people` has a row for each person of the sample who is in the register: `person_key`, `year`, `group`,
    `resident` (the truth), `residence` (the index). `weights` is null where weights are declared.
    """

    rule: IndexRule
    people: pa.Table
    weights: SignWeights | None

    def counts(self, year: int) -> TruthCounts:
        """The sample of one year by group (the general rule first) and residence by the index."""
        of_year = self.people.filter(pc.equal(self.people["year"], year))
        shape = (len(self.rule.rules), len(_CODES))
        rows = _numbers(of_year["group"], self.rule)
        columns = pc.index_in(of_year["residence"], pa.array(_CODES)).to_numpy().astype(np.int64)
        here = of_year["resident"].to_numpy().astype(bool)
        return TruthCounts(
            *(
                np.bincount(rows[of] * shape[1] + columns[of], minlength=shape[0] * shape[1])
                .reshape(shape)
                .astype(float)
                for of in (here, ~here)
            )
        )


def judged_sample(
    signs: pa.Table,
    register: pa.Table,
    truth: pa.Table,
    *,
    rule: IndexRule,
    first_year: int,
    learns: bool,
    folds: int = 5,
    seed: int = 1,
) -> JudgedSample:
    """Judge a truth sample by the index; with `learns`, estimate the weights from it first.

    `signs` and `register` are those of the people of the sample, `truth` has `person_key`, `year` and
    `resident`: whether the person lived here on 1 January of the year. Who is not in the register by then is
    left out.

    Raises: ValueError as `sign_weights` and `residency_index` do.
    """
    last_year = pc.max(truth["year"]).as_py() if len(truth) else first_year
    years = {"first_year": first_year, "last_year": max(last_year, first_year)}
    people = _of_the_sample(truth, residency_index(signs, register, rule=rule, **years))
    if not learns:
        return JudgedSample(rule, people, None)
    activity = activity_of(signs, register, people, rule=rule, first_year=first_year)
    resident = people["resident"].to_numpy().astype(bool)
    groups = _numbers(people["group"], rule)
    found = sign_weights(activity, resident, groups, rule=rule, folds=folds, seed=seed)
    fold = folds_of(len(people), folds, seed)
    judged = []
    for each in range(folds):
        out = fold == each
        of_others = learned_rule(activity[~out], resident[~out], groups[~out], rule=rule)
        rows = people.filter(pa.array(out))
        of_fold = residency_index(
            _of_people(signs, rows), _of_people(register, rows), rule=of_others, **years
        )
        judged.append(_of_the_sample(rows.select(["person_key", "year", "resident"]), of_fold))
    return JudgedSample(found.rule, pa.concat_tables(judged), found)


def _of_the_sample(truth: pa.Table, index: pa.Table) -> pa.Table:
    """The sample's people who are in the register on that day, with group and residence by the index."""
    joined = truth.join(index, ["person_key", "year"], join_type="inner", use_threads=False)
    return joined.select(["person_key", "year", "group", "resident", "residence"]).combine_chunks()


def _of_people(table: pa.Table, people: pa.Table) -> pa.Table:
    return table.filter(pc.is_in(table["person_key"], people["person_key"].combine_chunks()))


def _numbers(groups: pa.ChunkedArray, rule: IndexRule) -> npt.NDArray[np.int64]:
    """The number of each group's rule, 0 for the general one."""
    places = pc.index_in(groups, pa.array(list(rule.groups), pa.string()))
    found: npt.NDArray[np.int64] = pc.add(places, 1).fill_null(0).to_numpy().astype(np.int64)
    return found
