"""A small project whose border, register and universities are linked: six deliveries of 120 persons."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from small_project import BORDER, write_small_project

PERSONS = 120
AGREEMENTS = """\
- {id: border-2023, provider: border_guard, sources: [border], from: 2020-01-01}
- {id: register-2020, provider: nso, sources: [register], from: 2020-01-01}
- {id: students-2020, provider: nso, sources: [students], from: 2020-01-01}
"""
REGISTER = """\
id: register
title: {en: Population register}
kind: population_register
provider: nso
agreement: register-2020
arrives: {every: year}
identifies_by: [national_id, surname, given_names, birth_date]
gives: person
columns:
  reference_date: {period: last_day}
  national_id: NUMBER
  surname: SURNAME
  given_names: GIVEN
  birth_date: BORN
  birth_year: {from: BORN, part: year}
  sex: SEX
  citizenship: NAT
"""
STUDENTS = """\
id: students
title: {en: Enrolments}
kind: enrolments
provider: nso
agreement: students-2020
arrives: {every: year}
identifies_by: [document_no, surname, given_names, birth_date]
gives: status
columns:
  status_id: ID
  kind: {value: enrolment}
  valid_from: FROM
  document_no: DOC
  surname: SURNAME
  given_names: GIVEN
  birth_date: BORN
  birth_year: {from: BORN, part: year}
  sex: SEX
"""
INDICATOR = """\
id: migrations
title: {en: Migrations}
definition: {en: Migrations.}
counts: migration_event
framework: 2021-12
where: class_2021_12 = 'RES'
time: event_date
frequency: month
"""
TABLE = """\
id: MIGRATIONS
title: {en: Migrations}
indicator: migrations
by: [direction]
protect: {minimum_contributors: 1, secondary: false}
"""
LINKAGE = "linkage: {sources: [border, register, students]}\n"
Names = Callable[[int], tuple[str, str]]
_FIRST = ("Gar", "Tou", "Ko", "Ndi", "Mba", "Sow", "Cis", "Fof", "Bal", "Kei", "Dra", "Sis")
_LAST = ("ba", "re", "ne", "aye", "ko", "la", "te", "mu", "du", "ra")
_GIVEN = ("Amina", "Binta", "Fanta", "Moussa", "Oumar", "Salif", "Awa", "Kadi", "Issa", "Yaya", "Lamine")


def plain_names(person: int) -> tuple[str, str]:
    """The surname and the given name of a person."""
    return _FIRST[person % 12] + _LAST[person // 12 % 10], _GIVEN[person * 7 % 11]


def alike_names(person: int) -> tuple[str, str]:
    """Names that several persons share, so that it is not sure who is who."""
    return plain_names(person % 9)


def _person(person: int, names: Names) -> dict[str, str]:
    surname, given = names(person)
    return {
        "SURNAME": surname,
        "GIVEN": given,
        "BORN": f"{1950 + person * 13 % 50}-{1 + person % 12:02d}-{1 + person * 5 % 28:02d}",
        "SEX": "FM"[person % 2],
        "NAT": ("NOR", "NAM", "SYR", "FRA")[person % 4],
    }


def _crossing(person: int, names: Names, year: int) -> dict[str, str]:
    """A crossing a year; every fourth person travels on a new passport from 2024 on."""
    is_renewed = person % 4 == 0 and year >= 2024
    return {
        "ID": f"{year}-{person}",
        "DAY": f"{year}-{1 + person % 12:02d}-{1 + person % 28:02d}",
        "DIR": "DA"[year % 2],
        "DOC": f"{'Q' if is_renewed else 'P'}{person:07d}",
        **_person(person, names),
    }


def deliveries(names: Names = plain_names) -> dict[tuple[str, str], list[dict[str, str]]]:
    """The rows of six deliveries, by source and period."""
    found: dict[tuple[str, str], list[dict[str, str]]] = {}
    for year in (2022, 2023, 2024):
        own = [_crossing(person, names, year) for person in range(PERSONS) if (person + year) % 5]
        found["border", str(year)] = own
    for year in (2023, 2024):
        found["register", str(year)] = [
            {"NUMBER": f"N{person:06d}", **_person(person, names)}
            for person in range(PERSONS)
            if person % 3 and (person + year) % 7
        ]
    found["students", "2024"] = [
        {
            "ID": f"S{person}",
            "FROM": "2024-09-01",
            "DOC": f"{'Q' if person % 4 == 0 else 'P'}{person:07d}" if person % 2 else "",
            **_person(person, names),
        }
        for person in range(0, PERSONS, 3)
    ]
    return found


def write_linked_project(folder: Path, keys: Path) -> Path:
    """Write the project into a folder, which is returned; `keys` lies outside of it."""
    project = write_small_project(folder, keys)
    files = {
        "strategy/agreements.yaml": AGREEMENTS,
        "sources/register/source.yaml": REGISTER,
        "sources/students/source.yaml": STUDENTS,
        "sources/border/source.yaml": BORDER,
        "indicators/migrations.yaml": INDICATOR,
        "tables/migrations.yaml": TABLE,
    }
    for name, text in files.items():
        (project / name).parent.mkdir(parents=True, exist_ok=True)
        (project / name).write_text(text, encoding="utf-8")
    settings = project / "sojourn.yaml"
    settings.write_text(settings.read_text(encoding="utf-8") + LINKAGE, encoding="utf-8")
    return project


def write_deliveries(folder: Path, names: Names = plain_names) -> dict[tuple[str, str], Path]:
    """Write the six files into a folder, and say where each lies."""
    folder.mkdir(parents=True, exist_ok=True)
    found = {}
    for (source, period), rows in deliveries(names).items():
        lines = [",".join(rows[0]), *(",".join(row.values()) for row in rows)]
        found[source, period] = folder / f"{source}-{period}.csv"
        found[source, period].write_text("\n".join(lines) + "\n", encoding="utf-8")
    return found
