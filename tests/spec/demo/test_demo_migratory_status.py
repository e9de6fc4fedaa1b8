"""Migratory status of Ruritania from its register and permits: what differs from the truth, and why.

Records are linked to persons as the truth knows, so what is measured are the spine and the status, and not
the linkage before them. Every difference is counted and is one of the flaws that the generator declares.
"""

from __future__ import annotations

import datetime
from collections import Counter, defaultdict
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from python_calamine import CalamineWorkbook

from sojourn.contracts.spine import PersonRecord, PersonSpine
from sojourn.demo import Generated
from sojourn.demo.country import areas
from sojourn.engine import Engine
from sojourn.integration.migratory_status import StatusRules, migratory_status
from sojourn.integration.person_spine import SourceOrder, person_spine, spine_values

LAST = datetime.date(2024, 12, 31)
EARLIER = datetime.date(2019, 12, 31)
ORDER = SourceOrder(("register", "permits"), {"reason": ("permits",)})
PURPOSES = {"РАБОТА": "EMP", "СЕМЬЯ": "FAM", "УЧЕБА": "EDU", "ЗАЩИТА": "PRO", "ИНОЕ": "_O", "ТУРИЗМ": None}
REASONS = {"employment": "EMP", "family": "FAM", "education": "EDU", "protection": "PRO", "other": "_O"}
AREAS = {**dict(zip(areas().alpha_2, areas().code, strict=True)), "XA": "STLS", None: None, "": None}


def _truth(ruritania: Generated, name: str) -> list[dict]:
    return pq.read_table(ruritania.truth / f"{name}.parquet").to_pylist()


def _persons_by_line(ruritania: Generated, source: str) -> dict[int, int]:
    records = pq.read_table(ruritania.truth / "records.parquet")
    own = records.filter(pc.equal(records["source"], source))
    return dict(zip(own["line"].to_pylist(), own["person"].to_pylist(), strict=True))


def _of_the_register(ruritania: Generated) -> list[dict]:
    file = next(file for file in ruritania.deliveries if file.source == "register")
    persons = _persons_by_line(ruritania, "register")
    return [
        {
            "record_id": f"register-{line:06d}",
            "person_key": str(persons[line]),
            "source": "register",
            "reference_date": LAST,
            "birth_year": entry["BIRTH_DATE"].year,
            "birthplace": AREAS[entry["BIRTH_COUNTRY"]],
            "citizenship": AREAS[entry["CITIZENSHIP"]],
            "birthplace_mother": AREAS[entry["MOTHER_BIRTH_COUNTRY"]],
            "birthplace_father": AREAS[entry["FATHER_BIRTH_COUNTRY"]],
            "region": entry["REGION"],
            "arrival_date": entry["ARRIVED"],
        }
        for line, entry in enumerate(pq.read_table(file.path).to_pylist(), start=1)
    ]


def _of_the_permits(ruritania: Generated) -> list[dict]:
    file = next(file for file in ruritania.deliveries if file.source == "permits")
    sheet = CalamineWorkbook.from_path(str(file.path)).get_sheet_by_index(0)
    lines = sheet.to_python(skip_empty_area=False)
    place = {name: position for position, name in enumerate(lines[3])}
    return [
        {
            "record_id": f"permits-{line:06d}",
            "person_key": str(person),
            "source": "permits",
            "reference_date": datetime.datetime.strptime(  # noqa: DTZ007  a day without a clock
                lines[line - 1][place["VALID_FROM"]], "%d.%m.%Y"
            ).date(),
            "birthplace": AREAS[lines[line - 1][place["BIRTH_COUNTRY"]]],
            "citizenship": AREAS[lines[line - 1][place["CITIZENSHIP"]]],
            "reason": PURPOSES[lines[line - 1][place["PURPOSE"]]],
        }
        for line, person in _persons_by_line(ruritania, "permits").items()
    ]


def _table(contract: type, rows: list[dict]) -> pa.Table:
    names = contract.schema().names
    return pa.Table.from_pylist(
        [{name: row.get(name) for name in names} for row in rows], schema=contract.schema()
    )


def _status(engine: Engine, people: pa.Table, day: datetime.date) -> dict[str, dict]:
    found = migratory_status(engine.relation(people), [day], country="XRT", rules=StatusRules())
    return {row["person_key"]: row for row in found.to_arrow().to_pylist()}


@dataclass(frozen=True)
class Believed:
    """What register and permits together say: best values, persons, and their status on the last day."""

    values: list[dict]
    people: pa.Table
    statuses: dict[str, dict]


@pytest.fixture(scope="module")
def believed(ruritania: Generated) -> Believed:
    records = _of_the_register(ruritania) + _of_the_permits(ruritania)
    with Engine() as engine:
        held = engine.relation(_table(PersonRecord, records))
        values = spine_values(held, order=ORDER, as_of=LAST)
        people = PersonSpine.conform(person_spine(held, values, as_of=LAST).to_arrow())
        return Believed(values.to_arrow().to_pylist(), people, _status(engine, people, LAST))


@pytest.fixture(scope="module")
def persons(ruritania: Generated) -> dict[str, dict]:
    """The truth of everybody, by the key under which their records are linked."""
    return {str(row["person"]): row for row in _truth(ruritania, "persons")}


@pytest.fixture(scope="module")
def flaws(ruritania: Generated) -> dict[str, set[str]]:
    """Persons about whom the register is wrong on purpose, by the kind of flaw."""
    found: dict[str, set[str]] = defaultdict(set)
    for row in _truth(ruritania, "imperfections"):
        if row["source"] == "register":
            found[row["kind"]].add(str(row["person"]))
    return found


def _true_status(engine: Engine, persons: dict[str, dict], day: datetime.date) -> dict[str, dict]:
    """The status by everything that is true of everybody."""
    rows = [
        {
            "person_key": key,
            "birth_year": person["birth_date"].year,
            "death_date": person["death_date"],
            "birthplace": person["birthplace"],
            "birthplace_mother": person["birthplace_mother"],
            "birthplace_father": person["birthplace_father"],
            "citizenship": person["citizenship"],
            "citizenship_since": person["naturalisation_date"],
            "former_citizenship": person["former_citizenship"],
            "arrival_date": person["first_arrival"],
            "reason": REASONS.get(person["reason"]),
            "as_of": LAST,
            "attributes_stated": 0,
            "conflicts": 0,
        }
        for key, person in persons.items()
    ]
    return _status(engine, _table(PersonSpine, rows), day)


def _in_the_register(believed: Believed) -> set[str]:
    return {row["person_key"] for row in believed.values if row["source"] == "register"}


def test_who_is_in_the_register_and_who_lives_here_differ_by_its_declared_flaws(believed, persons, flaws):
    listed = _in_the_register(believed)
    live_here = {key for key, person in persons.items() if person["lives_here"]}
    assert listed - live_here == flaws["left_silently"] | flaws["death_not_entered"]
    assert live_here - listed == flaws["not_entered_yet"]
    # 20 000 persons and the rates of the generator: each flaw occurs, so that nothing here holds of nobody.
    assert all(len(flaws[kind]) > 20 for kind in ("left_silently", "not_entered_yet"))
    assert len(flaws["death_not_entered"]) >= 3


def test_birth_and_citizenship_of_everybody_in_the_register_are_the_true_ones(believed, persons, engine):
    truth = _true_status(engine, {key: {**persons[key], "death_date": None} for key in persons}, LAST)
    listed = _in_the_register(believed)
    differing = Counter(
        name
        for key in listed
        for name in ("nativity", "citizen", "birthplace", "citizenship")
        if believed.statuses[key][name] != truth[key][name]
    )
    assert len(listed) > 18_000
    assert differing == {}
    groups = Counter(
        (believed.statuses[key]["nativity"], believed.statuses[key]["citizen"]) for key in listed
    )
    assert {("NB", "CIT"), ("NB", "NONCIT"), ("FB", "CIT"), ("FB", "NONCIT"), ("FB", "STLS")} <= set(groups)


def test_the_second_generation_is_unknown_where_the_parents_are_missing_and_true_elsewhere(
    believed, persons, flaws, engine, ruritania
):
    truth = _true_status(engine, {key: {**persons[key], "death_date": None} for key in persons}, LAST)
    listed = _in_the_register(believed)
    # Somebody entered twice has parents unless both entries lack them.
    entries = Counter(str(person) for person in _persons_by_line(ruritania, "register").values())
    lacking = Counter(
        str(row["person"])
        for row in _truth(ruritania, "imperfections")
        if row["source"] == "register" and row["kind"] == "parents_missing"
    )
    without = {key for key in listed if lacking[key] == entries[key]}
    assert len(without) > 500
    for key in listed:
        code = believed.statuses[key]["second_generation"]
        is_unknown = key in without and truth[key]["nativity"] == "NB"
        assert code == ("_U" if is_unknown else truth[key]["second_generation"])


def test_duration_is_unknown_for_arrivals_before_the_register_kept_them_and_true_elsewhere(
    believed, persons, engine
):
    truth = _true_status(engine, {key: {**persons[key], "death_date": None} for key in persons}, LAST)
    differing = Counter(
        (truth[key]["duration_of_stay"], believed.statuses[key]["duration_of_stay"])
        for key in _in_the_register(believed)
        if truth[key]["duration_of_stay"] != believed.statuses[key]["duration_of_stay"]
    )
    # The register has no day of arrival of those who came forty years before observation began.
    early = sum(
        person["first_arrival"] is not None
        and (datetime.date(2015, 1, 1) - person["first_arrival"]).days > 40 * 365
        for person in (persons[key] for key in _in_the_register(believed))
    )
    assert differing == ({("Y_GE10", "_U"): early} if early else {})
    bands = Counter(believed.statuses[key]["duration_of_stay"] for key in _in_the_register(believed))
    assert set(bands) >= {"Y_LT1", "Y1T4", "Y5T9", "Y_GE10", "_Z"}


def test_the_reason_of_permit_holders_in_the_register_is_the_true_one(believed, persons):
    listed = _in_the_register(believed)
    told = {
        row["person_key"]: row["value"]
        for row in believed.values
        if row["attribute"] == "reason" and row["person_key"] in listed
    }
    assert len(told) > 300
    for key, reason in told.items():
        # Permits of those who were born here say family; the truth has no reason for coming.
        assert reason == REASONS.get(persons[key]["reason"], "FAM")
        expected = "Y" if reason == "EMP" else "N"
        assert believed.statuses[key]["for_work_migrant"] == expected


def test_register_and_permits_never_contradict_one_another_on_birth_and_citizenship(believed, ruritania):
    both = set(_persons_by_line(ruritania, "register").values())
    both &= set(_persons_by_line(ruritania, "permits").values())
    keys = {str(person) for person in both}
    stated = [
        (row["records"], row["stated_values"])
        for row in believed.values
        if row["attribute"] in ("birthplace", "citizenship") and row["person_key"] in keys
    ]
    # Each of them has a record in both sources, some have several, and all records say the same.
    assert len(stated) == 2 * len(keys) > 600
    assert all(records >= 2 and values == 1 for records, values in stated)


def test_on_an_earlier_day_those_naturalised_since_were_no_citizens(persons, engine):
    then = _true_status(engine, persons, EARLIER)
    now = _true_status(engine, persons, LAST)
    later = {
        key
        for key, person in persons.items()
        if person["naturalisation_date"] is not None and person["naturalisation_date"] > EARLIER
    }
    changed = {key for key in then if key in now and then[key]["citizen"] != now[key]["citizen"]}
    assert changed == {key for key in later if key in then and key in now}
    assert len(changed) > 20
    assert {(then[key]["citizen"], now[key]["citizen"]) for key in changed} <= {
        ("NONCIT", "CIT"),
        ("STLS", "CIT"),
    }
    # Who was born by the end of the year 2019 and lived at the end of its last day, and nobody else.
    assert then.keys() == {
        key
        for key, person in persons.items()
        if person["birth_date"].year <= EARLIER.year
        and (person["death_date"] is None or person["death_date"] > EARLIER)
    }
