"""Documented beginnings: a project, a source, a table, each with every key explained where it stands."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from sojourn.concepts import area, code_list
from sojourn.contracts.microdata import Identity
from sojourn.errors import ProjectError
from sojourn.project.contracts import CONTRACTS

__all__ = ["NAMELESS_COUNTRY", "write_project", "write_source", "write_table"]

NAMELESS_COUNTRY = "Country name"
_SETTINGS = """\
# The country, its office, and where things lie. `sojourn check` reads every file of the project.
country: {country}                  # ISO 3166-1 alpha-3; XAA to XZZ are free for your own use
title: {{en: "{title}"}}
agency:
  id: {country}_NSO                 # the agency in SDMX
  title: {{en: National statistical office}}
  contact: ""                       # where readers can write to
languages: [en]                     # the portal's languages; the first is the default
engine: {{memory: 2GB}}             # memory before work spills to disk
keys: {keys}   # outside the project; keep a copy where the office keeps its keys
rules:
  residence:                        # days present within a window that make a resident, by first day
    - {{from: 1998-01-01, days_present: 365, window_days: 365}}
"""
_ORGANISATIONS = """\
- id: statistical_office
  title: {en: National statistical office}
- id: border_guard
  title: {en: Border guard}
"""
_PEOPLE = """\
# Roles: data_producer, statistician, disclosure_checker, publisher, coordinator, administrator, auditor.
# A release needs an author, a checker who answers for what was found, and two votes by other people.
- {id: statistician-1, organisation: statistical_office, roles: [statistician]}
- {id: checker-1, organisation: statistical_office, roles: [disclosure_checker]}
- {id: checker-2, organisation: statistical_office, roles: [disclosure_checker]}
- {id: publisher-1, organisation: statistical_office, roles: [publisher]}
"""
_GITIGNORE = "local/\n"


def write_project(folder: Path, country: str, keys: Path) -> list[str]:
    """Write a project that passes its checks and return the files written.

    Raises: ProjectError if the folder holds a project already or the code is no country's.
    """
    if (folder / "sojourn.yaml").exists():
        raise ProjectError(f"{folder} holds a project already.", "Name another folder.")
    if country not in code_list("CL_AREA") and not re.fullmatch("X[A-Z]{2}", country):
        raise ProjectError(
            f"{country!r} is not a country code.",
            "Use the ISO 3166-1 alpha-3 code, as in TUV; XAA to XZZ are free for your own use.",
        )
    title = area(country).name() if country in code_list("CL_AREA") else NAMELESS_COUNTRY
    for name in ("sources", "codes", "indicators", "tables", "releases"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    return _written(
        folder,
        {
            "sojourn.yaml": _SETTINGS.format(country=country, title=title, keys=keys.expanduser().absolute()),
            "strategy/organisations.yaml": _ORGANISATIONS,
            "strategy/agreements.yaml": "[]\n",
            "strategy/people.yaml": _PEOPLE,
            ".gitignore": _GITIGNORE,
        },
    )


def write_source(project: Path, name: str, gives: str) -> list[str]:
    """Write a source's declaration, with a line for every column that its contract knows.

    Raises: ProjectError for an unknown contract or a source that exists.
    """
    if gives not in CONTRACTS:
        raise ProjectError(f"There is no contract {gives!r}.", f"Known are: {', '.join(CONTRACTS)}.")
    file = f"sources/{name}/source.yaml"
    if (project / file).exists():
        raise ProjectError(f"{file} exists.", "Choose another name.")
    contract = CONTRACTS[gives]
    has_persons = "person_key" in contract.columns
    identity = ["document_no", "surname", "given_names", "birth_date"] if has_persons else []
    lines = _source_head(name, gives, identity)
    lines += [f"  {column}: {column.upper()}   # {Identity.columns[column].meaning}" for column in identity]
    for column, declared in contract.columns.items():
        if column in ("record_id", "person_key"):
            continue
        mark = "" if declared.required else "# "
        lines.append(f"  {mark}{column}: {column.upper()}   # {declared.meaning}")
    lines.append("checks: []")
    return _written(project, {file: "\n".join(lines) + "\n"})


def _source_head(name: str, gives: str, identity: Sequence[str]) -> list[str]:
    lines = [
        "# What a body delivers and how it becomes a table of the contract named under `gives`.",
        f"id: {name}",
        f"title: {{en: {name}}}",
        f"kind: {name}",
        "provider: border_guard            # strategy/organisations.yaml",
        f"agreement: {name}                # strategy/agreements.yaml;"
        " without one in force nothing is accepted",
        'arrives: {every: year, format: csv, encoding: utf-8, separator: ","}',
    ]
    if identity:
        lines.append(f"identifies_by: [{', '.join(identity)}]   # strongest first; to the vault")
    lines += [
        f"gives: {gives}",
        "columns:                          # contract's column: column of the file",
    ]
    return lines


def write_table(project: Path, name: str, indicator: str) -> list[str]:
    """Write a table's declaration.

    Raises: ProjectError for a name that is not in capitals, a table that exists or an unknown indicator.
    """
    if not re.fullmatch("[A-Z][A-Z0-9_]{0,31}", name):
        raise ProjectError(
            f"{name!r} cannot be a table's name.", "Use capitals, digits and underscores, as in INFLOW."
        )
    if not (project / "indicators" / f"{indicator}.yaml").exists():
        known = sorted(file.stem for file in (project / "indicators").glob("*.yaml"))
        raise ProjectError(
            f"There is no indicator {indicator}.",
            f"Declared are: {', '.join(known)}."
            if known
            else f"Declare it in indicators/{indicator}.yaml first.",
        )
    file = f"tables/{name.lower()}.yaml"
    if (project / file).exists():
        raise ProjectError(f"{file} exists.", "Choose another name.")
    text = f"""\
id: {name}
title: {{en: {name}}}
indicator: {indicator}              # indicators/
by: [sex]                           # dimensions; `sojourn check` names the ones that there are
totals: all
protect: {{minimum_contributors: 10, secondary: true, round_to: 5}}
release: {{every: year, on: 06-15}}
"""
    return _written(project, {file: text})


def _written(folder: Path, files: dict[str, str]) -> list[str]:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return list(files)
