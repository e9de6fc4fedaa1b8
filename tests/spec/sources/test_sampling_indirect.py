"""Indirect samples: shares by links, values that sampled units carry, and every possible sample."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from all_samples import assert_unbiased, of_total, row_of, samples
from sojourn.errors import DataRefused, ProjectError
from sojourn.sources.sampling.indirect import (
    IndirectDesign,
    IndirectSample,
    indirect_estimates,
    linked_values,
    shared_weights,
)
from sojourn.sources.sampling.staged_designs import Stage, StagedDesign
from sojourn.sources.sampling.targets import Target

TOTAL = [Target("total", "total", "y")]
DRAW = StagedDesign((Stage(strata=("stratum",), population="population"),))
# Households 0 to 3 are of one stratum, 4 to 6 of another; a to e are relatives abroad.
LINKS = [
    (0, "a"),
    (0, "b"),
    (1, "b"),
    (2, "b"),
    (2, "c"),
    (3, "c"),
    (0, "c"),
    (4, "d"),
    (5, "d"),
    (5, "e"),
    (1, "e"),
]
Y = {"a": 3.0, "b": 5.0, "c": 2.0, "d": 9.0, "e": 4.0}
FAMILY = {"a": "1", "b": "1", "c": "2", "d": "3", "e": "3"}
STRENGTH = {link: 1.0 + place % 3 for place, link in enumerate(LINKS)}


def reached_by(places, *, every_link=False, family=False) -> IndirectSample:
    """What a sample of households leads to."""
    people = {person for household, person in LINKS if household in places}
    if family:
        people = {one for one in Y if FAMILY[one] in {FAMILY[other] for other in people}}
    links = [(h, p) for h, p in LINKS if (p in people if every_link else h in places)]
    units = {
        "household": list(places),
        "stratum": ["n" if place < 4 else "s" for place in places],
        "population": [4 if place < 4 else 3 for place in places],
    }
    return IndirectSample(
        pa.table(units),
        pa.table(
            {
                "household": [household for household, _ in links],
                "person": [person for _, person in links],
                "strength": [STRENGTH[link] for link in links],
                "chance": [0.5 if household < 4 else 2 / 3 for household, _ in links],
            }
        ),
        pa.table(
            {
                "person": sorted(people),
                "links": [sum(p == person for _, p in LINKS) for person in sorted(people)],
                "all_strength": [
                    sum(value for (_, p), value in STRENGTH.items() if p == person)
                    for person in sorted(people)
                ],
                "family": [FAMILY[person] for person in sorted(people)],
                "y": [Y[person] for person in sorted(people)],
            }
        ),
    )


def design(**more) -> IndirectDesign:
    return IndirectDesign("household", "person", DRAW, **more)


@pytest.mark.parametrize(
    ("asked", "how"),
    [
        (design(links="links"), {}),
        (design(links="links", cluster="family"), {"family": True}),
        (design(links="all_strength", strength="strength"), {}),
        (design(probability="chance"), {"every_link": True}),
        (design(probability="chance", cluster="family"), {"every_link": True, "family": True}),
    ],
    ids=["links", "families", "strength", "probability", "probability-families"],
)
def test_over_all_samples_estimate_and_variance_are_unbiased(asked, how):
    made = of_total(
        lambda places: indirect_estimates(reached_by(places, **how), asked, TOTAL),
        samples((range(4), 2), (range(4, 7), 2)),
    )
    assert_unbiased(made, sum(Y.values()))


def test_a_target_that_two_households_lead_to_takes_half_the_weight_of_each():
    # Households 0 and 1 weigh 2, 4 and 5 weigh 1.5. a: 2/1; b: (2 + 2)/3; c: 2/3; d: (1.5 + 1.5)/2; e: 3.5/2.
    found = shared_weights(reached_by((0, 1, 4, 5)), design(links="links")).to_pylist()
    assert {row["target"]: row["weight"] for row in found} == pytest.approx(
        {"a": 2.0, "b": 4 / 3, "c": 2 / 3, "d": 1.5, "e": 1.75}
    )


def test_a_family_that_is_reached_through_one_member_weighs_the_same_for_all():
    # Family 1 has four links, three of them to households 0 and 1: 3 · 2 / 4.
    found = shared_weights(reached_by((0, 1, 4, 6), family=True), design(links="links", cluster="family"))
    weights = dict(zip(*(found[name].to_pylist() for name in ("target", "weight")), strict=True))
    assert weights["a"] == weights["b"] == pytest.approx(1.5)


def test_with_one_probability_for_all_shares_by_probability_are_equal_shares():
    asked = reached_by((0, 1, 4, 5), every_link=True)
    links = asked.links.set_column(3, "chance", pa.array([0.3] * len(asked.links)))
    one = shared_weights(IndirectSample(asked.units, links, asked.targets), design(probability="chance"))
    assert one["weight"].to_pylist() == pytest.approx(
        shared_weights(reached_by((0, 1, 4, 5)), design(links="links"))["weight"].to_pylist()
    )


def test_a_unit_that_is_drawn_for_certain_carries_its_targets_alone():
    sample = reached_by((0, 1, 4, 5), every_link=True)
    certain = pc.if_else(pc.equal(sample.links["household"], 0), 1.0, sample.links["chance"])
    links = sample.links.set_column(3, "chance", certain)
    found = shared_weights(IndirectSample(sample.units, links, sample.targets), design(probability="chance"))
    # b and c are linked with household 0, which weighs 2.
    assert found["weight"].to_pylist()[:3] == pytest.approx([2.0, 2.0, 2.0])


def test_what_units_carry_has_the_estimate_as_its_weighted_sum():
    sample = reached_by((0, 1, 4, 5))
    targets = [*TOTAL, Target("mean", "mean", "y", by="family")]
    carried = linked_values(sample, design(links="links"), targets)
    weights = [2.0, 2.0, 1.5, 1.5]
    total = sum(w * z for w, z in zip(weights, carried["total:_T=_T"].to_pylist(), strict=True))
    assert total == pytest.approx(row_of(indirect_estimates(sample, design(links="links"), TOTAL))["value"])
    assert sum(
        w * z for w, z in zip(weights, carried["mean:family=3"].to_pylist(), strict=True)
    ) == pytest.approx(0, abs=1e-12)
    assert carried["unit"].to_pylist() == [0, 1, 4, 5]


def test_a_sample_that_reaches_nobody_estimates_nobody():
    units = pa.table({"household": [6, 7], "stratum": ["s", "s"], "population": [3, 3]})
    links = pa.table({"household": pa.array([], pa.int64()), "person": pa.array([], pa.string())})
    targets = pa.table(
        {
            "person": pa.array([], pa.string()),
            "links": pa.array([], pa.int64()),
            "y": pa.array([], pa.float64()),
        }
    )
    row = row_of(indirect_estimates(IndirectSample(units, links, targets), design(links="links"), TOTAL))
    assert (row["value"], row["standard_error"], row["respondents"]) == (0.0, 0.0, 0)


def with_column(table, name, values):
    return table.set_column(table.column_names.index(name), name, pa.array(values))


@pytest.mark.parametrize(
    ("part", "column", "values", "said"),
    [
        ("targets", "links", [1, 1, 3, 2, 2], "more links to sampled units than links says"),
        ("targets", "links", [1, 3, 3, None, 2], "links is empty in 1 rows"),
        ("targets", "links", [0, 3, 3, 2, 2], "zero or negative"),
        ("targets", "person", ["a", "b", "c", "d", "d"], "identifier twice"),
        ("targets", "person", ["a", "b", "c", "d", "z"], "not in the table of targets"),
        ("units", "household", [0, 1, 4, 4], "identifier twice"),
        ("units", "household", [0, 1, 4, 6], "no sampled unit is linked with"),
    ],
)
def test_tables_that_contradict_each_other_are_refused(part, column, values, said):
    sample = reached_by((0, 1, 4, 5))
    if said.startswith("no sampled unit"):  # e is known to nobody else who was drawn
        sample = reached_by((0, 2, 4, 5))
        values = [0, 2, 4, 6]
    tables = {name: getattr(sample, name) for name in ("units", "links", "targets")}
    tables[part] = with_column(tables[part], column, values)
    with pytest.raises(DataRefused, match=said):
        indirect_estimates(IndirectSample(**tables), design(links="links"), TOTAL)


def test_probabilities_above_one_are_refused():
    sample = reached_by((0, 1, 4, 5), every_link=True)
    links = sample.links.set_column(3, "chance", pa.array([1.5] * len(sample.links)))
    with pytest.raises(DataRefused, match="above 1"):
        indirect_estimates(
            IndirectSample(sample.units, links, sample.targets), design(probability="chance"), TOTAL
        )


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({}, "not clear what shares a target out"),
        ({"links": "links", "probability": "chance"}, "not clear what shares a target out"),
        ({"probability": "chance", "strength": "strength"}, "not by both"),
    ],
)
def test_designs_that_leave_the_sharing_open_are_errors(settings, said):
    with pytest.raises(ProjectError, match=said):
        design(**settings)
