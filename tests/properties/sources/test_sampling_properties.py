"""Estimators of special samples against what they mean in plain Python: sums over all pairs, sets, loops."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from all_samples import row_of
from sojourn.sources.sampling.adaptive import AdaptiveDesign, adaptive_estimates
from sojourn.sources.sampling.adaptive_improvement import draws_given_units
from sojourn.sources.sampling.centres import CentresDesign, centre_popularity
from sojourn.sources.sampling.staged_designs import Stage, StagedDesign, staged_draw
from sojourn.sources.sampling.successive_sampling import population_by_size, successive_probabilities
from sojourn.sources.sampling.targets import Target
from sojourn.sources.sampling.two_phase import TwoPhaseDesign, two_phase_estimates

FEW = settings(max_examples=25, deadline=None)


@st.composite
def villages(draw):
    """A table of two stages: villages of strata, and persons of villages, two of each at least."""
    rows = []
    for stratum in range(draw(st.integers(1, 3))):
        sampled = draw(st.integers(2, 3))
        everywhere = sampled + draw(st.integers(0, 3))
        for village in range(sampled):
            persons = draw(st.integers(2, 3))
            everyone = persons + draw(st.integers(0, 4))
            for _ in range(persons):
                y = draw(st.integers(-9, 9))
                again = draw(st.booleans())
                rows.append((stratum, village, everywhere, everyone, persons, sampled, float(y), again))
    names = ("stratum", "village", "villages", "persons", "n", "m", "y", "again")
    return pa.table({name: [row[place] for row in rows] for place, name in enumerate(names)})


DESIGN = StagedDesign((Stage("village", ("stratum",), "villages"), Stage(population="persons")))


def ratio(one, other, same):
    """The product of two rows' probabilities, divided by the probability of both."""
    if one["stratum"] != other["stratum"]:
        return 1.0
    n, many = one["m"], one["villages"]
    if one["village"] != other["village"]:
        return (n / many) ** 2 / (n * (n - 1) / (many * (many - 1)))
    k, people = one["n"], one["persons"]
    within = k / people if same else (k / people) ** 2 / (k * (k - 1) / (people * (people - 1)))
    return n / many * within


@FEW
@given(villages())
def test_a_variance_is_the_sum_over_all_pairs(table):
    rows = table.to_pylist()
    weighted = [row["villages"] / row["m"] * row["persons"] / row["n"] * row["y"] for row in rows]
    by_pairs = sum(
        (1 - ratio(one, other, i == j)) * weighted[i] * weighted[j]
        for (i, one), (j, other) in itertools.product(enumerate(rows), repeat=2)
    )
    draw = staged_draw(table, DESIGN)
    made = draw.covariance((draw.weights * table["y"].to_numpy())[:, None])[0, 0]
    assert made == pytest.approx(by_pairs, rel=1e-9, abs=1e-6)


@FEW
@given(villages())
def test_the_variances_of_two_phases_are_sums_over_all_pairs(table):
    rows = table.to_pylist()
    again = [place for place, row in enumerate(rows) if row["again"]]
    if len(again) < 2:
        return
    n, many = len(again), len(rows)
    one, two = n / many, n * (n - 1) / (many * (many - 1))
    first = second = 0.0
    for i, j in itertools.product(again, repeat=2):
        values = [
            rows[place]["villages"] / rows[place]["m"] * rows[place]["persons"] / rows[place]["n"] / one
            * rows[place]["y"]
            for place in (i, j)
        ]  # fmt: skip
        of_second = one if i == j else one**2 / two
        first += (1 - ratio(rows[i], rows[j], i == j)) * of_second * values[0] * values[1]
        second += (1 - of_second) * values[0] * values[1]
    row = row_of(two_phase_estimates(table, TwoPhaseDesign(DESIGN, "again"), [Target("y", "total", "y")]))
    assert row["first_phase_variance"] == pytest.approx(first, rel=1e-8, abs=1e-5)
    assert row["second_phase_variance"] == pytest.approx(second, rel=1e-8, abs=1e-5)


@FEW
@given(st.lists(st.integers(0, 6), min_size=6, max_size=14), st.randoms(use_true_random=False))
def test_networks_and_their_variance_are_those_of_sets(y, random):
    places = range(len(y))
    ends = [(one, other) for one, other in itertools.combinations(places, 2) if random.random() < 0.25]
    beside = {one: {b for a, b in ends if a == one} | {a for a, b in ends if b == one} for one in places}
    initial = random.sample(places, 3)
    seen, open_ = set(initial), list(initial)
    while open_:
        unit = open_.pop()
        new = beside[unit] - seen if y[unit] >= 3 else set()
        seen |= new
        open_ += new
    nets = {}
    for unit in seen:
        net, queue = {unit}, [unit]
        while queue:
            here = queue.pop()
            if y[here] >= 3:
                more = {other for other in beside[here] if y[other] >= 3} - net
                net |= more
                queue += more
        nets[unit] = frozenset(net)
    hit = {net for net in nets.values() if net & set(initial)}
    everyone = len(y)

    def missed(size):
        return math.comb(everyone - size, 3) / math.comb(everyone, 3)

    chance = {net: 1 - missed(len(net)) for net in hit}
    total = sum(sum(y[unit] for unit in net) / chance[net] for net in hit)
    variance = 0.0
    for one, other in itertools.product(hit, repeat=2):
        both = (
            chance[one]
            if one == other
            else 1 - missed(len(one)) - missed(len(other)) + missed(len(one | other))
        )
        sums = sum(y[unit] for unit in one) * sum(y[unit] for unit in other)
        variance += sums * (1 / (chance[one] * chance[other]) - 1 / both)
    units = pa.table(
        {
            "unit": sorted(seen),
            "initial": [int(unit in initial) for unit in sorted(seen)],
            "meets": [y[unit] >= 3 for unit in sorted(seen)],
            "population": [everyone] * len(seen),
            "y": [y[unit] for unit in sorted(seen)],
        }
    )
    links = pa.table(
        {
            "unit": pa.array([one for one, _ in ends], pa.int64()),
            "neighbour": pa.array([other for _, other in ends], pa.int64()),
        }
    )
    design = AdaptiveDesign("unit", "initial", "meets", "population")
    row = row_of(adaptive_estimates(units, links, design, [Target("y", "total", "y")]))
    assert row["value"] == pytest.approx(total, rel=1e-12)
    if row["standard_error"] is None:
        assert variance < 1e-9
    else:
        assert row["standard_error"] ** 2 == pytest.approx(variance, rel=1e-9, abs=1e-6)


@FEW
@given(st.lists(st.integers(1, 4), max_size=3), st.integers(0, 4), st.data())
def test_draws_given_the_units_are_those_of_all_subsets(sizes, edge, data):
    many = sum(sizes) + edge
    draws = data.draw(st.integers(len(sizes), many))
    owner = [place for place, size in enumerate(sizes) for _ in range(size)] + [len(sizes)] * edge
    counts = [
        [sum(owner[unit] == net for unit in chosen) for net in range(len(sizes) + 1)]
        for chosen in itertools.combinations(range(many), draws)
    ]
    possible = np.array([each for each in counts if all(each[: len(sizes)])], float)
    means, covariances = draws_given_units(np.array(sizes, np.int64), edge, draws)
    assert means == pytest.approx(possible.mean(axis=0), abs=1e-9)
    assert covariances == pytest.approx(np.cov(possible.T, bias=True).reshape(covariances.shape), abs=1e-9)


@FEW
@given(
    st.lists(
        st.tuples(st.integers(0, 2), st.lists(st.booleans(), min_size=3, max_size=3)),
        min_size=12,
        max_size=25,
    )
)
def test_popularity_is_where_repeated_weighting_ends(people):
    rows = [(centre, [goes or place == centre for place, goes in enumerate(each)]) for centre, each in people]
    rows += [(centre, [True, True, True]) for centre in range(3) for _ in (0, 1)]  # chained, two at least
    goes = np.array([each for _, each in rows], float)
    asked = np.bincount([centre for centre, _ in rows])
    popularity = np.full(3, 0.5)
    for _ in range(1500):
        weights = 1 / (goes @ (asked / popularity))
        popularity = weights @ goes / weights.sum()
    table = pa.table(
        {
            "centre": [f"c{centre}" for centre, _ in rows],
            **{f"goes{place}": goes[:, place] for place in range(3)},
        }
    )
    design = CentresDesign("centre", {f"c{place}": f"goes{place}" for place in range(3)}, replicates=2)
    found = centre_popularity(table, design)["popularity"].to_pylist()
    assert found == pytest.approx(popularity.tolist(), rel=1e-6)


def all_orders(sizes, draws):
    """The probability of each unit to be among the first draws, over all orders."""
    found = [0.0] * len(sizes)
    for order in itertools.permutations(range(len(sizes)), draws):
        chance, left = 1.0, float(sum(sizes))
        for unit in order:
            chance, left = chance * sizes[unit] / left, left - sizes[unit]
        for unit in order:
            found[unit] += chance
    return found


@FEW
@given(st.lists(st.integers(1, 6), min_size=6, max_size=7), st.integers(2, 4))
def test_the_chances_of_successive_sampling_are_near_those_of_all_orders(sizes, draws):
    # With so few draws the normal distribution is rough; of 30 units it is off by less than 0.002.
    kinds, counts = np.unique(sizes, return_counts=True)
    found = successive_probabilities(
        kinds.astype(float), counts[None].astype(float), np.array([float(draws)])
    )[0]
    exact = all_orders(sizes, draws)
    assert counts @ found == pytest.approx(draws)
    assert np.all(np.diff(found) >= -1e-9)
    assert found[np.searchsorted(kinds, sizes)] == pytest.approx(exact, abs=0.045)


def test_of_sixty_units_the_chances_agree_with_a_simulation():
    draw = np.random.default_rng(3)
    sizes = np.repeat([1.0, 2.0, 4.0, 7.0, 12.0], 12)
    first = np.argpartition(draw.exponential(size=(60_000, 60)) / sizes, 19, axis=1)[:, :20]
    simulated = np.bincount(first.ravel(), minlength=60).reshape(5, 12).mean(axis=1) / 60_000
    found = successive_probabilities(sizes[::12], np.full((1, 5), 12.0), np.array([20.0]))[0]
    # The error of a mean over twelve units of 60,000 draws is below 0.0006.
    assert found == pytest.approx(simulated, abs=0.002)


@FEW
@given(st.lists(st.integers(1, 20), min_size=30, max_size=60), st.integers(70, 4000))
def test_a_population_by_size_is_made_of_all_its_units_and_explains_the_sample(degrees, everyone):
    sizes, sampled = np.unique(degrees, return_counts=True)
    counts, chances = population_by_size(sizes.astype(float), sampled[None].astype(float), float(everyone))
    assert counts.sum() == pytest.approx(everyone)
    assert (counts * chances)[0] == pytest.approx(sampled, rel=1e-3)
    assert np.all(counts[0] >= sampled - 1e-3)
