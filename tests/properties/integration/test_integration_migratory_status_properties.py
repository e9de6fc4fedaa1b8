"""Migratory status: the method against the definition, and what holds of any person."""

from __future__ import annotations

import datetime
import random

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sojourn.concepts import migrant_places
from sojourn.contracts.microdata import Status
from sojourn.contracts.spine import LabourAttachment, MigratoryStatus, PersonSpine, SpellAbroad
from sojourn.contracts.table import Table
from sojourn.engine import Engine
from sojourn.integration.migratory_status import MigrantsBy, StatusRules, migratory_status
from sojourn.statistics.dimensions import with_dimensions
from status_definition import born, nationality, status

COUNTRY = "KAZ"
DAYS = [datetime.date(2020, 2, 29), datetime.date(2021, 2, 28), datetime.date(2021, 12, 31)]
PROTECTION = {"asylum": "A2", "refugee": "A3", "subsidiary": "A4", "temporary": "A5", "like": "A6"}
FIRST = datetime.date(2008, 2, 29)
days = st.one_of(
    st.integers(0, 5500).map(lambda number: FIRST + datetime.timedelta(number)),
    st.sampled_from([FIRST, *DAYS, datetime.date(2016, 2, 29), datetime.date(2020, 3, 1)]),
)
maybe_days = st.one_of(st.none(), days)
places = st.sampled_from([None, "_U", "ATSEA", "KAZ", "KAZ", "DEU", "SUN", "DDR", "STLS", "nowhere"])
people = st.fixed_dictionaries(
    {
        "birth_year": st.sampled_from([None, 1950, 1990, 2004, 2005, 2006, 2020, 2021, 2022]),
        "death_date": st.one_of(st.none(), st.none(), maybe_days),
        "birthplace": places,
        "birthplace_mother": places,
        "birthplace_father": places,
        "nativity": st.sampled_from([None, "NB", "FB", "_U"]),
        "citizenship": places,
        "citizenship_since": maybe_days,
        "former_citizenship": places,
        "citizen": st.sampled_from([None, "CIT", "NONCIT", "STLS", "_U"]),
        "arrival_date": maybe_days,
        "arrival_year": st.sampled_from([None, 2009, 2011, 2015, 2016, 2019, 2020, 2021, 2022]),
        "reason": st.sampled_from([None, "_U", "_Z", "_O", "EMP", "EMP_SEEK", "FAM_REU", "PRO"]),
        "refugee_category": st.sampled_from([None, "_U", "NONE", "B3", "C1"]),
    }
)
statuses = st.fixed_dictionaries(
    {
        "kind": st.sampled_from(["protection", "protection", "permit", "enrolment"]),
        "category": st.sampled_from([None, "other", *PROTECTION]),
        "valid_from": days,
        "valid_to": maybe_days,
    }
)
attachments = st.fixed_dictionaries(
    {
        "presence": st.sampled_from([None, "IN", "IN", "OUT", "_U", "_Z"]),
        "residence": st.sampled_from([None, "R", "R", "N", "_U"]),
        "activity": st.sampled_from([None, "EMP", "UNE", "OLF", "_U", "_Z"]),
        "works_here": st.sampled_from([None, "Y", "N", "_U"]),
    }
)
abroad = st.fixed_dictionaries(
    {
        "first_day": maybe_days,
        "last_day": maybe_days,
        "worked_abroad": st.sampled_from([None, "Y", "Y", "N", "_U"]),
    }
)
lives = st.tuples(
    people, st.lists(statuses, max_size=3), st.one_of(st.none(), attachments), st.lists(abroad, max_size=2)
)
countries = st.builds(
    StatusRules,
    migrants_by=st.sampled_from(MigrantsBy),
    working_age_to=st.sampled_from([None, 15, 64]),
    return_months=st.sampled_from([1, 6]),
    protection=st.just(PROTECTION),
    spells_abroad_complete=st.booleans(),
)


def _table(contract: type[Table], rows: list[dict]) -> pa.Table:
    names = contract.schema().names
    return pa.Table.from_pylist(
        [{name: row.get(name) for name in names} for row in rows], schema=contract.schema()
    )


def _given(drawn: list) -> dict[type[Table], list[dict]]:
    """The rows of all tables about drawn lives; the attachment holds on every day."""
    found: dict[type[Table], list[dict]] = {
        PersonSpine: [],
        Status: [],
        LabourAttachment: [],
        SpellAbroad: [],
    }
    for place, (person, held, there, spells) in enumerate(drawn):
        key = {"person_key": f"p{place}"}
        found[PersonSpine].append({**person, **key, "as_of": DAYS[0], "attributes_stated": 0, "conflicts": 0})
        for number, row in enumerate(held):
            name = f"{place}-{number}"
            found[Status].append({**row, **key, "record_id": name, "status_id": name})
        if there is not None:
            found[LabourAttachment] += [{**there, **key, "reference_date": day} for day in DAYS]
        for number, row in enumerate(spells):
            found[SpellAbroad].append({**row, **key, "spell_id": f"{place}-{number}"})
    return found


def _statuses(engine: Engine, rows: dict, rules: StatusRules, country: str = COUNTRY) -> pa.Table:
    held = {contract: engine.relation(_table(contract, own)) for contract, own in rows.items()}
    found = migratory_status(
        held[PersonSpine], DAYS, country=country, rules=rules, statuses=held[Status],
        attachments=held[LabourAttachment], spells_abroad=held[SpellAbroad],
    )  # fmt: skip
    return MigratoryStatus.conform(found.to_arrow())


def _by_key(table: pa.Table) -> dict:
    return {(row["person_key"], row["reference_date"]): row for row in table.to_pylist()}


def _assert_that_of_the_definition(drawn: list, rules: StatusRules) -> None:
    expected = {}
    nothing = dict.fromkeys(("presence", "residence", "activity", "works_here"))
    for place, (person, held, there, spells) in enumerate(drawn):
        told = {
            "country": COUNTRY,
            "rules": rules,
            "statuses": held,
            "attachment": there or nothing,
            "spells": spells,
        }
        for day in DAYS:
            of_the_day = status(person, day, told)
            if of_the_day is not None:
                expected[f"p{place}", day] = of_the_day
    with Engine() as engine:
        found = _by_key(_statuses(engine, _given(drawn), rules))
    assert found.keys() == expected.keys()
    for place, of_the_day in expected.items():
        assert {name: found[place][name] for name in of_the_day} == of_the_day


@settings(max_examples=40, deadline=None)
@given(st.lists(lives, min_size=1, max_size=40), countries)
def test_every_status_is_that_of_the_definition(drawn, rules):
    _assert_that_of_the_definition(drawn, rules)


@pytest.mark.parametrize("seed", range(4))
def test_so_is_that_of_many_people_whose_lives_are_full_of_edges(seed):
    """Adults of known citizenship with several spells each, whose days lie close to the days asked about."""
    chance = random.Random(seed)
    near = [day + datetime.timedelta(days=shift) for day in DAYS for shift in (-184, -183, -1, 0, 1)]
    categories = ["refugee", "subsidiary", "temporary", "like", "asylum", "other", None]

    def life() -> tuple:
        person = dict.fromkeys(PersonSpine.columns) | {
            "birth_year": 1980,
            "citizenship": chance.choice(["KAZ", "DEU", "DEU", "DEU", "STLS", None]),
            "citizenship_since": chance.choice([None, None, *near]),
            "former_citizenship": chance.choice(["DEU", None]),
            "citizen": chance.choice([None, "CIT", "NONCIT"]),
        }
        held = [
            {
                "kind": chance.choice(["protection", "protection", "permit"]),
                "category": chance.choice(categories),
                "valid_from": chance.choice([FIRST, *near]),
                "valid_to": chance.choice([None, *near]),
            }
            for _ in range(chance.randint(0, 4))
        ]
        activity = chance.choice(["EMP", "OLF"])
        there = {"presence": "IN", "residence": "R", "works_here": "N", "activity": activity}
        spells = [
            {
                "first_day": chance.choice([FIRST, *near]),
                "last_day": chance.choice([None, *near, *near]),
                "worked_abroad": chance.choice(["Y", "Y", "N", None]),
            }
            for _ in range(chance.randint(0, 2))
        ]
        return person, held, there, spells

    rules = StatusRules(protection=PROTECTION, spells_abroad_complete=bool(seed % 2))
    _assert_that_of_the_definition([life() for _ in range(800)], rules)


@settings(max_examples=20, deadline=None)
@given(st.lists(lives, min_size=1, max_size=20), countries, st.integers(0, 1000))
def test_the_order_of_rows_changes_nothing(drawn, rules, seed):
    rows = _given(drawn)
    shuffled = {contract: random.Random(seed).sample(own, len(own)) for contract, own in rows.items()}
    with Engine() as engine:
        assert _by_key(_statuses(engine, rows, rules)) == _by_key(_statuses(engine, shuffled, rules))


ANSWERS = {
    "birthplace": ["KAZ", "DEU", "DDR"],
    "citizenship": ["KAZ", "DEU", "STLS"],
    "birthplace_mother": ["KAZ", "DEU"],
    "birthplace_father": ["KAZ", "DEU"],
    "birth_year": [1950, 1990, 2005],
    "reason": ["EMP", "FAM_REU"],
    "presence": ["IN", "OUT"],
    "residence": ["R", "N"],
    "activity": ["EMP", "OLF"],
    "works_here": ["Y", "N"],
    "worked_abroad": ["Y", "N"],
    "category": ["asylum", "refugee", "subsidiary"],
}
# What is judged, which a known answer may decide but never turn; arrivals are another matter, see below.
JUDGED = (
    *("nativity", "citizen", "second_generation", "years_of_stay", "duration_of_stay", "reason"),
    *("refugee_category", "migrant_worker", "for_work_migrant", "return_migrant_worker"),
)


@settings(max_examples=80, deadline=None)
@given(
    st.lists(lives, min_size=1, max_size=20), countries, st.sampled_from(sorted(ANSWERS)), st.integers(0, 99)
)
def test_an_answer_to_what_was_unknown_never_changes_a_known_result(drawn, rules, name, number):
    """And so the other way round: who forgets an answer may lose a result, and never gets another one."""
    answer = ANSWERS[name][number % len(ANSWERS[name])]
    # A source's own statement of nativity or citizen status is another answer to the same question.
    stated = {"nativity": None, "citizen": None, "citizenship_since": None}
    there = dict.fromkeys(("presence", "residence", "activity", "works_here"))
    plain = [({**person, **stated}, held, at or there, spells) for person, held, at, spells in drawn]
    before, after = _given(plain), _given(plain)
    for contract, own in after.items():
        if name in contract.columns:
            before[contract] = [{**row, name: None} for row in own]
            after[contract] = [{**row, name: answer} for row in own]
    with Engine() as engine:
        unanswered = _by_key(_statuses(engine, before, rules))
        answered = _by_key(_statuses(engine, after, rules))
    for place, row in unanswered.items():
        if place in answered:  # a year of birth may be after the day
            known = {each: row[each] for each in JUDGED if row[each] not in ("_U", None)}
            assert {each: answered[place][each] for each in known} == known


@settings(max_examples=20, deadline=None)
@given(st.lists(lives, min_size=1, max_size=20), countries)
def test_mother_and_father_can_be_exchanged(drawn, rules):
    mirrored = [
        ({**person, "birthplace_mother": person["birthplace_father"],
          "birthplace_father": person["birthplace_mother"]}, *rest)
        for person, *rest in drawn
    ]  # fmt: skip
    with Engine() as engine:
        one, other = (_statuses(engine, _given(each), rules) for each in (drawn, mirrored))
    parents = ["birthplace_mother", "birthplace_father"]
    assert _by_key(one.drop_columns(parents)) == _by_key(other.drop_columns(parents))


@settings(max_examples=20, deadline=None)
@given(st.lists(lives, min_size=1, max_size=20), countries)
def test_whoever_is_native_to_one_of_two_countries_is_foreign_to_the_other(drawn, rules):
    here, there = "KAZ", "DEU"
    plain = [({**person, "nativity": None, "citizen": None}, *rest) for person, *rest in drawn]
    with Engine() as engine:
        one, other = (_by_key(_statuses(engine, _given(plain), rules, each)) for each in (here, there))
    assert one.keys() == other.keys()
    mirror = {"NB": "FB", "CIT": "NONCIT"}
    for place, row in one.items():
        for name in ("nativity", "citizen"):
            if row[name] in mirror:
                assert other[place][name] == mirror[row[name]]
            if other[place][name] in mirror:
                assert row[name] in (mirror[other[place][name]], "_U")


@settings(max_examples=20, deadline=None)
@given(st.lists(lives, min_size=1, max_size=20), countries)
def test_the_dimensions_of_tables_say_the_same_of_birth_citizenship_and_parents(drawn, rules):
    with Engine() as engine:
        found = engine.relation(_statuses(engine, _given(drawn), rules))
        told = with_dimensions(found, ("nativity", "citizen", "second_generation"), country=COUNTRY)
        columns = ("person_key", "reference_date", "nativity", "citizen", "second_generation")
        assert sorted(told.rows(*columns)) == sorted(found.rows(*columns))


@pytest.mark.parametrize("country", ["KAZ", "DEU", "FRA", "SRB", "XRT"])
def test_every_place_means_what_the_definition_says(country):
    for row in migrant_places(country).to_pylist():
        told = (born(row["code"], country), nationality(row["code"], country))
        assert (row["nativity"], row["citizen"]) == told
