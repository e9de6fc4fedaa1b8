"""A small country project and its border file, for tests and benchmarks."""

from __future__ import annotations

from pathlib import Path

SETTINGS = """\
country: XRT
title: {{en: Ruritania}}
agency: {{id: XRT_NSO, title: {{en: Statistical office}}}}
languages: [en]
keys: {keys}
"""
ORGANISATIONS = """\
- {id: border_guard, title: {en: Border guard}}
- {id: nso, title: {en: Statistical office}}
"""
AGREEMENTS = """\
- {id: border-2023, provider: border_guard, sources: [border], from: 2023-01-01}
"""
PEOPLE = """\
- {id: statistician-1, organisation: nso, roles: [statistician]}
- {id: statistician-2, organisation: nso, roles: [statistician, disclosure_checker]}
- {id: checker-1, organisation: nso, roles: [disclosure_checker]}
- {id: checker-2, organisation: nso, roles: [disclosure_checker]}
- {id: publisher-1, organisation: nso, roles: [publisher]}
"""
BORDER = """\
id: border
title: {en: Border crossings}
kind: border_crossings
provider: border_guard
agreement: border-2023
arrives: {every: year}
identifies_by: [document_no, surname, given_names, birth_date]
gives: movement
columns:
  movement_id: ID
  event_date: DAY
  direction: DIR
  document_no: DOC
  surname: SURNAME
  given_names: GIVEN
  birth_date: BORN
  birth_year: {from: BORN, part: year}
  sex: SEX
  citizenship: NAT
checks:
  - {id: not-unborn, rule: birth_year <= year(event_date)}
"""
CROSSINGS = """\
id: crossings
title: {en: Border crossings}
definition: {en: Crossings of the border by any person.}
source: border
time: event_date
unit: {en: Crossings}
"""
TABLE = """\
id: CROSSINGS
title: {en: Border crossings by sex and direction}
indicator: crossings
by: [sex, direction]
protect: {minimum_contributors: 3, secondary: true}
"""
RELEASE = """\
id: "2024"
title: {en: Migration 2024}
tables: [CROSSINGS]
"""

HEADER = "ID,DAY,DIR,DOC,SURNAME,GIVEN,BORN,SEX,NAT"


def crossing(number: int, **changed: str) -> str:
    """One line of a border file; the same number gives the same line."""
    cells = {
        "ID": f"M{number:05d}",
        "DAY": f"2024-{1 + number % 12:02d}-{1 + number % 28:02d}",
        "DIR": "AD"[number % 2],
        "DOC": f"P{number:07d}",
        "SURNAME": f"Canary{number}",
        "GIVEN": "Bird",
        "BORN": f"{1950 + number % 50}-01-{1 + number % 28:02d}",
        "SEX": "FM"[number // 2 % 2],
        "NAT": ("NOR", "NAM", "SYR", "FRA")[number % 4],
    }
    return ",".join((cells | changed).values())


def write_small_project(folder: Path, keys: Path) -> Path:
    """Write the project into a folder, which is returned; `keys` lies outside of it."""
    files = {
        "sojourn.yaml": SETTINGS.format(keys=keys),
        "strategy/organisations.yaml": ORGANISATIONS,
        "strategy/agreements.yaml": AGREEMENTS,
        "strategy/people.yaml": PEOPLE,
        "sources/border/source.yaml": BORDER,
        "indicators/crossings.yaml": CROSSINGS,
        "tables/crossings.yaml": TABLE,
        "releases/2024.yaml": RELEASE,
    }
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return folder
