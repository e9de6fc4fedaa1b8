"""The kernels that draw again and again give what the plain definition gives for the sample they drew."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sampling_definition import of_places, of_units
from sojourn.sources.sampling.costs import CostModel
from sojourn.sources.sampling.figures import Figure, figures_of
from sojourn.sources.sampling.kernel_parts import stream, to_front
from sojourn.sources.sampling.planning import PlanSettings, UnitFrame
from sojourn.sources.sampling.repeated_draws import _chosen, draw_again
from sojourn.sources.sampling.simulation import layout_of

KINDS = ("total", "mean", "difference")


def country(seed, strata, units):
    """A made-up frame: units in strata, persons in units, three figures."""
    rng = np.random.default_rng(seed)
    stratum = np.sort(np.append(np.repeat(np.arange(strata), 4), rng.integers(0, strata, units)))
    persons = rng.integers(1, 4, len(stratum))
    unit = np.repeat(np.arange(len(stratum)), persons)
    value = rng.normal(10, 3, len(unit)).round(2)
    # Every unit has a person of each group, so that no sample lacks one.
    first = np.append(True, np.diff(unit) != 0) | (rng.random(len(unit)) < 0.4)
    figures = [
        Figure("total", "total", value, first),
        Figure("mean", "mean", value, first),
        Figure("gap", "difference", value, first, np.ones(len(unit), bool)),
    ]
    return stratum, figures_of(figures, unit, len(stratum))


def sums_of(figures, number, unit):
    """The four sums that a unit adds to a figure."""
    for at in range(figures.start[unit], figures.start[unit + 1]):
        if figures.figure[at] == number:
            return tuple(figures.sums[at].tolist())
    return (0.0, 0.0, 0.0, 0.0)


def results_of(figures):
    return tuple(np.zeros((1, columns)) for columns in (len(figures), len(figures), len(figures), 3))


def contributions(figures):
    return figures.start, figures.figure, figures.sums, figures.is_ratio, figures.is_difference


@settings(max_examples=25)
@given(st.integers(0, 10**6), st.integers(1, 4), st.integers(0, 30))
def test_units_drawn_within_strata(seed, strata, units):
    stratum, figures = country(seed, strata, units)
    counts = np.bincount(stratum)
    sizes = np.random.default_rng(seed).integers(2, counts + 1)
    frame = UnitFrame(tuple("abcd"[:strata]), stratum, np.ones(len(stratum)))
    layout, results = layout_of(frame, PlanSettings(CostModel(visit=1)), sizes), results_of(figures)
    draw_again(seed, np.arange(1), layout, 1.0, contributions(figures), results)
    order, first = layout[4], layout[5]
    for number, kind in enumerate(KINDS):
        drawn = [
            (int(counts[each]), [sums_of(figures, number, unit) for unit in order[begin : begin + size]])
            for each, (begin, size) in enumerate(zip(first[:-1], sizes, strict=True))
        ]
        estimate, variance = of_units(kind, drawn)
        assert results[0][0, number] == pytest.approx(estimate, rel=1e-12)
        assert results[1][0, number] == pytest.approx(variance, rel=1e-9, abs=1e-12)


@settings(max_examples=25)
@given(st.integers(0, 10**6), st.integers(1, 3), st.integers(5, 40), st.booleans(), st.integers(2, 4))
def test_places_and_units_within_them(seed, strata, units, by_size, take):
    stratum, figures = country(seed, strata, units)
    rng = np.random.default_rng(seed)
    # Three places or so in each stratum, of two units and more.
    inner = np.sort(rng.integers(0, 3, len(stratum)))
    place = np.unique(np.column_stack([stratum, np.sort(inner)]), axis=0, return_inverse=True)[1]
    place = np.maximum.accumulate(place)
    _, place = np.unique(place, return_inverse=True)
    frame = UnitFrame(tuple("abc"[:strata]), stratum, np.ones(len(stratum)), place)
    if np.any(frame.places < 1):
        return
    sizes = np.minimum(frame.places, 2)
    stage = "size" if by_size else "equal"
    settings = PlanSettings(CostModel(visit=1), kind="places", first_stage=stage, take=take)
    layout, results = layout_of(frame, settings, sizes), results_of(figures)
    chances, order, inside = layout[3:6]
    chosen = places_chosen(seed, layout, figures, results)
    for number, kind in enumerate(KINDS):
        drawn = []
        for each in range(strata):
            of_stratum = [
                (
                    float(chances[at]),
                    int(frame.units_of_place[at]),
                    [
                        sums_of(figures, number, unit)
                        for unit in order[inside[at] : inside[at] + min(take, frame.units_of_place[at])]
                    ],
                )
                for at in chosen
                if frame.stratum_of_place[at] == each
            ]
            drawn.append((int(frame.places[each]), of_stratum))
        estimate, variance = of_places(kind, drawn, by_size=by_size)
        assert results[0][0, number] == pytest.approx(estimate, rel=1e-12)
        assert results[1][0, number] == pytest.approx(variance, rel=1e-9, abs=1e-12)


def places_chosen(seed, layout, figures, results):
    """The places that a repetition drew: those whose units it brought to the front of another order."""
    draw_again(seed, np.arange(1), layout, 1.0, contributions(figures), results)
    places, first, sizes, *_, by_size = layout
    if not by_size:
        return [
            int(at)
            for begin, size in zip(first[:-1], sizes, strict=True)
            for at in places[begin : begin + size]
        ]
    return systematic_choice(seed, layout)


def systematic_choice(seed, layout):
    """The places that the kernel's own selection gives with the same stream."""
    places, first, sizes, chances, units, inside, take, _, by_size = layout
    state, fresh, own = np.zeros(1, np.uint64), np.arange(len(places)), np.arange(len(units))
    found, chosen = [], np.zeros(int(sizes.sum()), np.int64)
    stream(seed, 0, state)
    for each in range(len(sizes)):
        end = _chosen(fresh, (first[each], first[each + 1], sizes[each], by_size), chances, chosen, 0, state)
        found += chosen[:end].tolist()
        for at in chosen[:end]:
            to_front(own, inside[at], inside[at + 1], min(take[at], inside[at + 1] - inside[at]), state)
    return found
