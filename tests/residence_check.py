"""Estimates of a country whose residents are known: do their intervals of 95 per cent hold the truth?

A statistician sees the register, the signs, a sample of the register whose residence was looked up, a
coverage survey, and a review of its links. The truth is used to draw the samples and to judge, and for
nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from residence_country import FIRST_YEAR, GROUPS, LAST_YEAR, REGISTERS, STRATA, Country, country, keys
from sojourn.integration.dual_system import DualCounts, Rates, dual_system
from sojourn.integration.register_population import RegisterCounts, register_population
from sojourn.integration.residence_truth import judged_sample
from sojourn.integration.residency_index import GroupRule, IndexRule, Register, residency_index

# What the linkage of the survey to the register does, and how many links of it are reviewed.
MISSED, FALSE, REVIEWED = 0.045, 0.008, 1500
SURVEYED = 0.08
PLAIN = dict.fromkeys(REGISTERS, 0.5)


@dataclass(frozen=True)
class Checked:
    """One country: what was estimated, what is true, and whether the interval holds it."""

    truth: int
    counted: int
    estimate: float
    standard_error: float
    lower: float
    upper: float

    @property
    def holds(self) -> bool:
        """Whether the truth is within the interval."""
        return self.lower <= self.truth <= self.upper


def declared(start: float | None = 1.0) -> IndexRule:
    """A rule whose weights are to be learned; the threshold of children is lower."""
    groups = {name: GroupRule(PLAIN, 0.5 if name == "child" else 0.7) for name in GROUPS}
    return IndexRule(tuple(Register(name) for name in REGISTERS), GroupRule(PLAIN), groups, start=start)


def check(seed: int, residents: int = 50_000, sample: int = 3_000) -> dict[str, Checked]:
    """The register's population by residence index, and the dual-system total, of one country."""
    known = country(seed, residents)
    draw = np.random.default_rng([seed, residents, 1])
    by_index, over, over_error = _by_index(draw, known, sample)
    return {
        "residence index": by_index,
        "dual system": _dual_system(draw, known, over, over_error, corrected=True),
        "dual system, links taken as they are": _dual_system(draw, known, over, over_error, corrected=False),
    }


def _by_index(
    draw: np.random.Generator, known: Country, sample: int
) -> tuple[Checked, np.ndarray, np.ndarray]:
    chosen = np.concatenate(
        [
            draw.choice(people, min(sample // len(STRATA), len(people)), replace=False)
            for stratum in range(len(STRATA))
            for people in [np.flatnonzero(known.registered & (known.stratum == stratum))]
        ]
    )
    truth = pa.table(
        {
            "person_key": keys(chosen),
            "year": np.full(len(chosen), LAST_YEAR),
            "resident": known.resident[chosen],
        }
    )
    of_sample = [
        table.filter(pc.is_in(table["person_key"], keys(chosen))) for table in (known.signs, known.register)
    ]
    judged = judged_sample(*of_sample, truth, rule=declared(), first_year=FIRST_YEAR, learns=True)
    index = residency_index(
        known.signs, known.register, rule=judged.rule, first_year=FIRST_YEAR, last_year=LAST_YEAR
    )
    last = index.filter(pc.equal(index["year"], LAST_YEAR))
    cells = pc.value_counts(
        pc.binary_join_element_wise(last["group"].fill_null("_Z"), last["residence"], "|")
    ).to_pylist()
    counts = {each["values"]: each["counts"] for each in cells}
    people = np.array(
        [[counts.get(f"{group}|{code}", 0) for code in ("R", "N", "_U")] for group in STRATA], float
    )
    found = register_population(RegisterCounts(STRATA, people), judged.counts(LAST_YEAR)).to_pylist()
    whole = found[-1]
    return (
        Checked(
            int((known.registered & known.resident).sum()),
            whole["resident_by_index"],
            whole["population"],
            whole["standard_error"],
            whole["lower"],
            whole["upper"],
        ),
        np.array([row["overcoverage"] for row in found[:-1]]),
        np.array([row["standard_error"] / row["registered"] for row in found[:-1]]),
    )


def _dual_system(
    draw: np.random.Generator, known: Country, over: np.ndarray, over_error: np.ndarray, *, corrected: bool
) -> Checked:
    surveyed = known.resident & (draw.random(len(known.resident)) < SURVEYED)
    both = surveyed & known.registered
    linked = (both & (draw.random(len(both)) >= MISSED)) | (
        surveyed & ~known.registered & (draw.random(len(both)) < FALSE)
    )
    first, second, links = (
        np.bincount(known.stratum[of], minlength=len(STRATA)).astype(float)
        for of in (known.registered, surveyed, linked)
    )
    missed, false = (draw.binomial(REVIEWED, rate) / REVIEWED for rate in (MISSED, FALSE))
    rates = Rates(
        missed=missed if corrected else 0.0,
        false=false if corrected else 0.0,
        missed_error=np.sqrt(missed * (1 - missed) / REVIEWED) if corrected else 0.0,
        false_error=np.sqrt(false * (1 - false) / REVIEWED) if corrected else 0.0,
        first_erroneous=over,
        first_erroneous_error=over_error,
    )
    found = dual_system(DualCounts(STRATA, first, second, links), rates=rates, linkage_in_common=True)
    whole = found.to_pylist()[-1]
    return Checked(
        int(known.resident.sum()),
        int(known.registered.sum()),
        whole["total"],
        whole["standard_error"],
        whole["lower"],
        whole["upper"],
    )
