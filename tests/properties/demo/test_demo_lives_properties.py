"""Whatever the seed, lives and journeys keep to their rules."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from sojourn.demo.country import FIRST_DAY, LAST_DAY, NEVER, YEARS, first_day_of
from sojourn.demo.journeys import journeys
from sojourn.demo.lives import Event, lives
from sojourn.demo.papers import misspelt

seeds = st.integers(0, 2**32)
capitals = st.text(st.characters(categories=["Lu"]), min_size=1, max_size=20)
few = settings(max_examples=8, deadline=None)


@few
@given(seeds, st.integers(300, 1_500))
def test_the_accounting_identity_holds_in_every_year(seed: int, residents: int) -> None:
    known = lives(np.random.default_rng(seed), residents)
    spells, events = known.spells, known.events
    population = residents
    for year in YEARS:
        in_year = (events.day >= first_day_of(year)) & (events.day < first_day_of(year + 1))
        counts = np.bincount(events.kind[in_year], minlength=6)
        population += int(counts[Event.BIRTH] + counts[Event.IMMIGRATION] + counts[Event.RETURN])
        population -= int(counts[Event.DEATH] + counts[Event.EMIGRATION])
        last = first_day_of(year + 1) - 1
        assert population == ((spells.start <= last) & (spells.end > last)).sum()
    assert population == known.is_resident.sum()


@few
@given(seeds)
def test_crossings_alternate_lie_in_the_years_observed_and_are_in_order(seed: int) -> None:
    rng = np.random.default_rng(seed)
    known = lives(rng, 800)
    everyone, crossings = journeys(rng, known)
    assert crossings.person.max() < len(everyone)
    assert FIRST_DAY <= crossings.day.min() <= crossings.day.max() <= LAST_DAY
    assert (np.diff(crossings.day) >= 0).all()
    order = np.argsort(crossings.person, kind="stable")
    person, direction = crossings.person[order], crossings.direction[order]
    same = person[1:] == person[:-1]
    assert (direction[1:][same] != direction[:-1][same]).all()


@few
@given(seeds)
def test_the_dead_do_not_live_here_and_die_but_once(seed: int) -> None:
    known = lives(np.random.default_rng(seed), 1_000)
    deaths = known.events.person[known.events.kind == Event.DEATH]
    assert len(np.unique(deaths)) == len(deaths)
    assert not known.is_resident[deaths].any()
    assert (known.persons.death_day[deaths] < NEVER).all()


@settings(deadline=None)
@given(
    seeds,
    st.lists(st.text(st.characters(categories=["Lu"]), min_size=1, max_size=20), min_size=1, max_size=30),
)
def test_one_slip_changes_at_most_two_letters(seed: int, names: list[str]) -> None:
    typed, changed = misspelt(np.random.default_rng(seed), pa.array(names), np.ones(len(names), dtype=bool))
    for before, after, differs in zip(names, typed.to_pylist(), changed, strict=True):
        assert (before != after) == differs
        assert abs(len(before) - len(after)) <= 1
        if len(before) == len(after):
            assert sum(a != b for a, b in zip(before, after, strict=True)) <= 2
