"""The truth adds up, and keeps to what it says of itself."""

from __future__ import annotations

import datetime

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from sojourn.demo import Generated

Days = npt.NDArray[np.int64]
FAR = 10**6


def table(ruritania: Generated, name: str) -> pa.Table:
    return pq.read_table(ruritania.truth / f"{name}.parquet")


def texts(column: pa.ChunkedArray) -> pa.ChunkedArray:
    return column.cast(pa.string())


def numbers(column: pa.ChunkedArray) -> Days:
    """Days since 1970; null, the end that has not come, lies far ahead."""
    return pc.fill_null(column.cast(pa.int32()), FAR).to_numpy().astype(np.int64)


def last_day(year: int) -> int:
    return (datetime.date(year, 12, 31) - datetime.date(1970, 1, 1)).days


def living_on(ruritania: Generated, day: int) -> int:
    spells = table(ruritania, "spells")
    return int(((numbers(spells["start"]) <= day) & (numbers(spells["end"]) > day)).sum())


@pytest.mark.parametrize("year", range(2015, 2025))
def test_population_is_the_year_before_with_births_and_arrivals_less_deaths_and_departures(
    ruritania: Generated, year: int
) -> None:
    events = table(ruritania, "events")
    day = numbers(events["day"])
    in_year = events.filter(pa.array((day > last_day(year - 1)) & (day <= last_day(year))))
    counts = dict.fromkeys(["birth", "death", "immigration", "emigration", "return"], 0)
    counts |= {
        str(row["values"]): row["counts"] for row in pc.value_counts(texts(in_year["kind"])).to_pylist()
    }
    gain = counts["birth"] + counts["immigration"] + counts["return"]
    loss = counts["death"] + counts["emigration"]
    assert gain > 0
    assert loss > 0
    assert living_on(ruritania, last_day(year)) == living_on(ruritania, last_day(year - 1)) + gain - loss


def test_as_many_live_there_at_the_beginning_as_were_asked_for(ruritania: Generated) -> None:
    assert living_on(ruritania, last_day(2014)) == 20_000


def test_who_lives_here_is_who_has_an_open_spell(ruritania: Generated) -> None:
    persons, spells = table(ruritania, "persons"), table(ruritania, "spells")
    open_spells = spells.filter(pc.is_null(spells["end"]))["person"].to_numpy()
    assert np.array_equal(np.sort(open_spells), persons.filter(persons["lives_here"])["person"].to_numpy())


def test_spells_of_one_person_do_not_overlap(ruritania: Generated) -> None:
    spells = table(ruritania, "spells")
    person, start, end = spells["person"].to_numpy(), numbers(spells["start"]), numbers(spells["end"])
    same = person[1:] == person[:-1]
    assert same.any()
    # Those who left stay away for a year before they live here again.
    assert (start[1:][same] - end[:-1][same] >= 365).all()


def test_those_who_come_to_live_here_stay_a_year_unless_they_die(ruritania: Generated) -> None:
    events, spells = table(ruritania, "events"), table(ruritania, "spells")
    left = events.filter(pc.equal(texts(events["kind"]), "emigration"))
    persons = table(ruritania, "persons")
    born = numbers(persons["birth_date"])
    ends = {
        (person, day) for person, day in zip(left["person"].to_numpy(), numbers(left["day"]), strict=True)
    }
    person, start, end = spells["person"].to_numpy(), numbers(spells["start"]), numbers(spells["end"])
    emigrated = np.array([(who, day) in ends for who, day in zip(person, end, strict=True)])
    came = start > born[person]
    assert (end - start)[emigrated & came].min() >= 365


def test_foreign_born_are_about_a_twelfth_and_growing(ruritania: Generated) -> None:
    persons, spells = table(ruritania, "persons"), table(ruritania, "spells")
    foreign = pc.not_equal(texts(persons["birthplace"]), "XRT").to_numpy()
    at_start = spells["person"].to_numpy()[numbers(spells["start"]) <= last_day(2014)]
    at_end = persons["lives_here"].to_numpy()
    assert 0.04 < foreign[at_start].mean() < 0.075
    assert 0.065 < foreign[at_end].mean() < 0.105


def test_every_persons_crossings_alternate(ruritania: Generated) -> None:
    crossings = table(ruritania, "crossings")
    order = np.argsort(crossings["person"].to_numpy(), kind="stable")
    person = crossings["person"].to_numpy()[order]
    arrives = pc.equal(texts(crossings["direction"]), "A").to_numpy()[order]
    same = person[1:] == person[:-1]
    assert same.sum() > 10_000
    assert (arrives[1:][same] != arrives[:-1][same]).all()


def test_nobody_crosses_the_border_before_birth_or_after_death(ruritania: Generated) -> None:
    crossings, persons = table(ruritania, "crossings"), table(ruritania, "persons")
    who, day = crossings["person"].to_numpy(), numbers(crossings["day"])
    assert (day >= numbers(persons["birth_date"])[who]).all()
    assert (day <= numbers(persons["death_date"])[who]).all()


def test_moves_of_residence_are_crossings(ruritania: Generated) -> None:
    crossings, events = table(ruritania, "crossings"), table(ruritania, "events")
    order = [("person", "ascending"), ("day", "ascending")]
    purposes = pc.is_in(texts(crossings["purpose"]), pa.array(["move", "return_move"]))
    kinds = pc.is_in(texts(events["kind"]), pa.array(["immigration", "emigration", "return"]))
    moved = crossings.filter(purposes).select(["person", "day"]).sort_by(order)
    told = events.filter(kinds).select(["person", "day"]).sort_by(order)
    assert moved.equals(told)


def test_naturalised_persons_are_citizens_with_a_former_citizenship(ruritania: Generated) -> None:
    persons, events = table(ruritania, "persons"), table(ruritania, "events")
    naturalised = persons.filter(pc.is_valid(persons["naturalisation_date"]))
    assert naturalised.num_rows == pc.sum(pc.equal(texts(events["kind"]), "naturalisation")).as_py()
    assert set(texts(naturalised["citizenship"]).to_pylist()) == {"XRT"}
    assert naturalised["former_citizenship"].null_count == 0


def test_the_first_of_january_is_a_common_birthday_where_papers_are_poor(ruritania: Generated) -> None:
    persons = table(ruritania, "persons")
    stated = persons["stated_birth_date"]
    new_year = pc.and_(pc.equal(pc.month(stated), 1), pc.equal(pc.day(stated), 1)).to_numpy()
    born = texts(persons["birthplace"])
    poor = pc.is_in(born, pa.array(["AFG", "SYR", "SOM", "SDN"])).to_numpy()
    assert new_year[poor].mean() > 0.1
    assert new_year[pc.equal(born, "XRT").to_numpy()].mean() < 0.01
