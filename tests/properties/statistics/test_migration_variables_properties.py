"""The SQL of migration variables against their definition in plain Python, for any combination of answers."""

from __future__ import annotations

import datetime

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from sojourn.engine import Engine
from sojourn.statistics.migration_tables import TableSettings, person_variables

DAY = datetime.date(2024, 6, 30)
NAMES = (
    "has_arrived", "ever_abroad", "duration_of_stay", "arrival_period", "reason", "previous_residence",
    "naturalised", "citizen", "country_5_years_ago", "region_5_years_ago",
)  # fmt: skip
KINDS = {"age": pa.int64(), "arrival_year": pa.int64(), "arrival_month": pa.int64()}
PERSON = st.fixed_dictionaries(
    {
        "age": st.sampled_from([None, 0, 4, 5, 40]),
        "birthplace": st.sampled_from([None, "_U", "KAZ", "DEU"]),
        "citizenship": st.sampled_from([None, "_U", "KAZ", "DEU", "STLS"]),
        "second_citizenship": st.sampled_from([None, "_U", "_Z", "KAZ", "FRA"]),
        "citizenship_acquired": st.sampled_from([None, "_U", "_Z", "BIRTH", "NAT"]),
        "former_citizenship": st.sampled_from([None, "_U", "_Z", "DEU"]),
        "ever_abroad": st.sampled_from([None, "_U", "Y", "N"]),
        "previous_residence": st.sampled_from([None, "_U", "FRA"]),
        "arrival_year": st.sampled_from([None, 1970, 2013, 2014, 2015, 2018, 2019, 2020, 2023, 2024, 2025]),
        "arrival_month": st.sampled_from([None, 1, 6, 7, 12, 13]),
        "arrival_period": st.sampled_from([None, "_U", "_Z", "2010-2014"]),
        "reason": st.sampled_from([None, "_U", "EMP"]),
        "region": st.sampled_from([None, "A"]),
        "here_5_years_ago": st.sampled_from([None, "_U", "Y", "N"]),
        "region_5_years_ago": st.sampled_from([None, "_U", "_Z", "B"]),
        "country_5_years_ago": st.sampled_from([None, "_U", "KAZ", "DEU"]),
    }
)


def defined(person: dict[str, object]) -> dict[str, str]:
    """What the variables mean, one person at a time."""
    nativity = {"KAZ": "NB", "DEU": "FB"}.get(str(person["birthplace"]), "_U")
    lived = "Y" if nativity == "FB" else person["ever_abroad"] or "_U"
    year, month = person["arrival_year"], person["arrival_month"]
    has_period = person["arrival_period"] not in (None, "_U", "_Z")
    if nativity == "FB" or year is not None or has_period or lived == "Y":
        came = "Y"
    else:
        came = "_U" if nativity == "_U" or lived == "_U" else "N"
    otherwise = "_Z" if came == "N" else "_U"
    country, region = five_years_ago(person)
    return {
        "has_arrived": came,
        "ever_abroad": lived,
        "duration_of_stay": "_Z" if came == "N" else stay(year, month),
        "arrival_period": "_Z" if came == "N" else period(year, month, person["arrival_period"]),
        "reason": said(person["reason"]) or otherwise,
        "previous_residence": said(person["previous_residence"]) or otherwise,
        "naturalised": naturalised(person),
        "citizen": citizen(person),
        "country_5_years_ago": country,
        "region_5_years_ago": region,
    }


def said(answer: object) -> str | None:
    return None if answer in (None, "_U") else str(answer)


def stay(year: object, month: object) -> str:
    """The band of completed years, where the first and the last possible day fall into the same one."""
    if not isinstance(year, int):
        return "_U"
    months = [month] if isinstance(month, int) and 1 <= month <= 12 else [1, 12]
    first = datetime.date(year, months[0], 1)
    after = datetime.date(year + months[-1] // 12, months[-1] % 12 + 1, 1)
    last = min(after - datetime.timedelta(days=1), DAY)
    if first > DAY:
        return "_U"
    bands = {band(day) for day in (first, last)}
    return bands.pop() if len(bands) == 1 else "_U"


def band(day: datetime.date) -> str:
    years = DAY.year - day.year - ((DAY.month, DAY.day) < (day.month, day.day))
    return "Y_LT1" if years < 1 else "Y1T4" if years < 5 else "Y5T9" if years < 10 else "Y_GE10"


def period(year: object, month: object, asked: object) -> str:
    """Years since 2020, bands of five before; an arrival after the day is not believed."""
    if not isinstance(year, int):
        return str(asked or "_U")
    if datetime.date(year, month if isinstance(month, int) and month <= 12 else 1, 1) > DAY:
        return "_U"
    if year >= 2020:
        return str(year)
    if year < 1980:
        return "LT1980"
    first = year - year % 5
    return f"{first}-{first + 4}"


def citizen(person: dict[str, object]) -> str:
    if "KAZ" in (person["citizenship"], person["second_citizenship"]):
        return "CIT"
    return {"DEU": "NONCIT", "STLS": "STLS"}.get(str(person["citizenship"]), "_U")


def naturalised(person: dict[str, object]) -> str:
    if citizen(person) != "CIT":
        return "_U" if citizen(person) == "_U" else "N"
    if person["citizenship_acquired"] in ("NAT", "BIRTH"):
        return "Y" if person["citizenship_acquired"] == "NAT" else "N"
    return {"_Z": "N", "DEU": "Y"}.get(str(person["former_citizenship"]), "_U")


def five_years_ago(person: dict[str, object]) -> tuple[str, str]:
    if isinstance(person["age"], int) and person["age"] < 5:
        return "_Z", "_Z"
    country, region = said(person["country_5_years_ago"]), person["region_5_years_ago"]
    is_here = person["here_5_years_ago"] == "Y"
    told = "KAZ" if is_here or (country is None and region == "B") else country or "_U"
    if country == "DEU":
        return told, "_Z"
    return told, str((person["region"] if is_here else region) or "_U")


@settings(max_examples=6)
@given(st.lists(PERSON, min_size=1, max_size=80))
def test_the_variables_are_those_of_the_definition(persons: list[dict[str, object]]):
    columns = {
        name: pa.array([person[name] for person in persons], KINDS.get(name, pa.string()))
        for name in persons[0]
    }
    numbered = pa.table({"number": range(len(persons)), **columns})
    with Engine(threads=1) as engine:
        found = person_variables(engine.relation(numbered), TableSettings("KAZ", DAY))
        rows = found.rows("number", *NAMES, order_by=("number",))
    assert [dict(zip(NAMES, row[1:], strict=True)) for row in rows] == [defined(person) for person in persons]
