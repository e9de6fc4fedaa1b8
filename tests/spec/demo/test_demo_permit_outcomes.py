"""Who was granted a permit and never came: found among the true persons of Ruritania.

The persons are the true ones and the crossings complete, so what is measured is the method and not the
linkage of records before it.
"""

from __future__ import annotations

import datetime

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from python_calamine import CalamineWorkbook

from sojourn.contracts.microdata import Movement, Status
from sojourn.demo import Generated
from sojourn.engine import Engine, Relation
from sojourn.integration.movements import Observation
from sojourn.integration.permit_outcomes import PermitRule, permit_outcomes

DECADE = Observation(datetime.date(2015, 1, 1), datetime.date(2024, 12, 31))
KINDS = {"РАЗРЕШЕНИЕ": "permit", "ВИЗА": "visa"}
CATEGORIES = {"ПЕРВОЕ": "first", "ПРОДЛЕНИЕ": "renewal", "КРАТКОСРОЧНАЯ": "short_stay"}


def _day(text: str) -> datetime.date:
    return datetime.date(int(text[6:]), int(text[3:5]), int(text[:2]))


def _permits(ruritania: Generated) -> pa.Table:
    """The permits of the workbook under the numbers of the true persons."""
    file = next(file for file in ruritania.deliveries if file.source == "permits")
    sheet = CalamineWorkbook.from_path(str(file.path)).get_sheet_by_index(0)
    lines = sheet.to_python(skip_empty_area=False)
    place = {name: position for position, name in enumerate(lines[3])}
    records = pq.read_table(ruritania.truth / "records.parquet")
    records = records.filter(pc.equal(records["source"], "permits")).to_pylist()
    found = []
    for record in records:
        cells = lines[record["line"] - 1]
        found.append(
            {
                "record_id": str(record["line"]),
                "status_id": cells[place["PERMIT_NO"]],
                "person_key": str(record["person"]),
                "kind": KINDS[cells[place["KIND"]]],
                "category": CATEGORIES[cells[place["CATEGORY"]]],
                "valid_from": _day(cells[place["VALID_FROM"]]),
                "valid_to": _day(cells[place["VALID_TO"]]),
            }
        )
    filled = [{name: row.get(name) for name in Status.schema().names} for row in found]
    return pa.Table.from_pylist(filled, schema=Status.schema())


def _crossings(ruritania: Generated) -> pa.Table:
    crossings = pq.read_table(ruritania.truth / "crossings.parquet")
    number, person = (crossings[name].cast(pa.string()) for name in ("crossing", "person"))
    held = {
        "record_id": number, "movement_id": number, "person_key": person,
        "event_date": crossings["day"], "direction": crossings["direction"].cast(pa.string()),
    }  # fmt: skip
    columns = [held.get(field.name, pa.nulls(len(crossings), field.type)) for field in Movement.schema()]
    return pa.table(columns, schema=Movement.schema())


def _outcomes(engine: Engine, ruritania: Generated, statuses: pa.Table) -> Relation:
    return permit_outcomes(
        engine.relation(statuses),
        engine.relation(_crossings(ruritania)),
        observation=DECADE,
        statuses_since=datetime.date(2024, 1, 1),
        rule=PermitRule(newcomer_categories=frozenset({"first"})),
    )


def _never_came(ruritania: Generated) -> set[str]:
    persons = pq.read_table(ruritania.truth / "persons.parquet")
    absent = persons.filter(pc.equal(persons["biography"].cast(pa.string()), "never_came"))
    return {str(person) for person in absent["person"].to_pylist()}


@pytest.mark.parametrize(("days", "code"), [(None, "WAIT"), (60, "NEV")])
def test_whoever_never_came_is_found_and_nobody_else(
    ruritania: Generated, engine: Engine, days: int | None, code: str
) -> None:
    """Permits of 2024 run into 2025, and their holders may yet come; had they been for sixty days, not."""
    statuses = _permits(ruritania)
    if days is not None:
        is_first = pc.equal(statuses["category"], "first")
        numbers = pc.add(statuses["valid_from"].cast(pa.int32()), days - 1)
        short = numbers.cast(pa.int32()).cast(pa.date32())
        ends = pc.if_else(is_first, short, statuses["valid_to"])
        statuses = statuses.set_column(statuses.schema.names.index("valid_to"), "valid_to", ends)
    found = _outcomes(engine, ruritania, statuses).rows("person_key", "category", "outcome")
    never_came = _never_came(ruritania)
    assert len(never_came) >= 8
    assert {person for person, _, outcome in found if outcome == code} == never_came
    assert {outcome for person, _, outcome in found if person in never_came} == {code}


def test_visitors_who_left_late_are_those_who_departed_from_their_last_visit_after_the_last_day(
    ruritania: Generated, engine: Engine
) -> None:
    found = _outcomes(engine, ruritania, _permits(ruritania))
    visas = [row[:5] for row in found.rows("person_key", "valid_from", "valid_to", "after_validity",
        "days_beyond", "kind") if row[5] == "visa"]  # fmt: skip
    crossed: dict[str, list[tuple[datetime.date, str]]] = {person: [] for person, *_ in visas}
    for row in _crossings(ruritania).select(["person_key", "event_date", "direction"]).to_pylist():
        if row["person_key"] in crossed:
            crossed[row["person_key"]].append((row["event_date"], row["direction"]))
    late = 0
    for person, begins, ends, after, beyond in visas:
        arrived = max(day for day, side in crossed[person] if side == "A" and begins <= day <= ends)
        left = min((day for day, side in crossed[person] if side == "D" and day >= arrived), default=None)
        if after == "LATE":
            late += 1
            assert left is not None
            assert (left - ends).days == beyond
        elif after == "LEFT":
            assert left is not None
            assert left <= ends
        else:
            assert ends >= DECADE.last
    assert late > 0
