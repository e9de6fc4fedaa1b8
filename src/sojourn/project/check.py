"""What refers to what: checks that need more than one declaration, or the contracts and code lists."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from sojourn.concepts import code_list
from sojourn.contracts.microdata import Movement
from sojourn.errors import Problem
from sojourn.project.check_linkage import linkage_problems
from sojourn.project.check_sources import source_problems
from sojourn.project.check_spine import spine_problems
from sojourn.project.check_tables import indicator_problems, release_problems, table_problems
from sojourn.project.contracts import CONTRACTS, COUNTED, GIVEN_BY_US
from sojourn.project.dimensions import dimensions_of
from sojourn.project.key_declarations import KeySettings
from sojourn.project.load import Place, Reading
from sojourn.project.names import read_names
from sojourn.project.references import near, refers, wrong_rule

__all__ = ["cross_checks"]


def cross_checks(reading: Reading) -> None:
    """Add every problem that shows only when declarations are held against one another."""
    for check in (
        _settings,
        _agreements,
        _people,
        source_problems,
        spine_problems,
        linkage_problems,
        indicator_problems,
        table_problems,
        release_problems,
        _names,
    ):
        reading.problems.extend(check(reading))


def _names(reading: Reading) -> Iterator[Problem]:
    contracts = [*CONTRACTS.values(), *(contract for contract, _ in COUNTED.values())]
    known = {name for contract in contracts for name in dimensions_of(contract)}
    folder = reading.folder / "codes" / "names"
    for file in sorted(folder.glob("*")) if folder.is_dir() else []:
        shown_as = f"codes/names/{file.name}"
        if file.suffix != ".csv" or file.stem not in known:
            yield Problem(shown_as, None, f"{file.stem} is not a dimension.", near(file.stem, known))
            continue
        reading.names[file.stem], problems = read_names(file, shown_as)
        yield from problems


def _settings(reading: Reading) -> Iterator[Problem]:
    settings, place = reading.settings, reading.place("settings", "")
    if settings is None:
        return
    is_user_assigned = re.fullmatch(r"X[A-Z]{2}", settings.country) is not None
    if settings.country not in code_list("CL_AREA") and not is_user_assigned:
        advice = "Use the ISO 3166-1 alpha-3 code; XAA to XZZ are free for your own use."
        yield place.problem(
            f"country is {settings.country!r}, which is not a country code.",
            near(settings.country, (), advice),
            "country",
        )
    if settings.languages[0] not in settings.title:
        yield place.problem(
            f"the country's title is not given in {settings.languages[0]}, the first language.",
            f"Add `{settings.languages[0]}: …`.",
            "title",
        )
    yield from _keys(reading, settings.keys, place)
    if settings.rules.movements.out_of_scope is not None:
        columns = set(Movement.columns) - GIVEN_BY_US
        where = ("rules", "movements", "out_of_scope")
        yield from wrong_rule(settings.rules.movements.out_of_scope, columns, place, *where)
    starts = [rule.valid_from for rule in settings.rules.residence]
    if starts != sorted(set(starts)):
        yield place.problem(
            "two residence rules begin on the same day, or they are not in order.",
            "List them by first day.",
            "rules",
            "residence",
        )


def _keys(reading: Reading, keys: KeySettings, place: Place) -> Iterator[Problem]:
    """Keys inside the project, or a command that reads them from there."""
    project = reading.folder.resolve()
    folder = Path(keys.folder).expanduser()
    if not folder.is_absolute() or _is_inside(folder, project):
        yield place.problem(
            "the keys lie inside the project's folder, from where they would travel with it.",
            "Name a folder outside the project, with its full path.",
            "keys",
        )
    named = [argument.rpartition("=")[2] for argument in keys.command]
    if any(_is_inside(project / argument, project) for argument in named if "/" in argument):
        yield place.problem(
            "the command that gives the key names something inside the project's folder.",
            "Name a program and files outside the project, with their full paths.",
            "keys",
            "command",
        )


def _is_inside(path: Path, project: Path) -> bool:
    return path.resolve() == project or project in path.resolve().parents


def _agreements(reading: Reading) -> Iterator[Problem]:
    for identifier, agreement in reading.found["agreements"].items():
        place = reading.place("agreements", identifier)
        yield from refers(place, reading, "provider", agreement.provider, "organisations")
        for index, source in enumerate(agreement.sources):
            yield from refers(place, reading, "sources", source, "sources", "sources", index)
        if agreement.valid_to is not None and agreement.valid_to < agreement.valid_from:
            yield place.problem(f"the agreement ends on {agreement.valid_to}, before it begins.", "", "until")


def _people(reading: Reading) -> Iterator[Problem]:
    people = reading.found["people"]
    of_account: dict[str, str] = {}
    for identifier, person in people.items():
        place = reading.place("people", identifier)
        yield from refers(place, reading, "organisation", person.organisation, "organisations")
        if person.account is None:
            continue
        other = of_account.setdefault(person.account, identifier)
        if people[other].human != person.human:
            yield place.problem(
                f"{identifier} has the same account as {other}, and is not said to be the same human being.",
                "Give both entries one `subject`, or each an account of its own.",
                "account",
            )
