"""What refers to what: checks that need more than one declaration, or the contracts and code lists."""

from __future__ import annotations

import codecs
import datetime
import difflib
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from sojourn.concepts import code_list, framework
from sojourn.contracts.aggregates import PublishedFigure
from sojourn.contracts.microdata import Identity, Movement, Person, Respondent, Status
from sojourn.contracts.table import Table
from sojourn.engine.rules import parse_rule
from sojourn.errors import Problem, ProjectError
from sojourn.project.code_maps import read_code_map
from sojourn.project.declarations import Check, ColumnRule, Indicator, SourceDeclaration, TableDeclaration
from sojourn.project.dimensions import dimensions_of
from sojourn.project.load import Place, Reading
from sojourn.project.names import read_names
from sojourn.project.standard_maps import STANDARD_MAPS, standard_map

__all__ = ["CONTRACTS", "cross_checks"]

CONTRACTS: dict[str, type[Table]] = {
    "person": Person,
    "movement": Movement,
    "status": Status,
    "respondent": Respondent,
    "published_figure": PublishedFigure,
}
_GIVEN_BY_US = {"record_id", "person_key"}
_IDENTITY = set(Identity.columns) - _GIVEN_BY_US


def cross_checks(reading: Reading) -> None:
    """Add every problem that shows only when declarations are held against one another."""
    for check in (_settings, _agreements, _people, _sources, _indicators, _tables, _releases, _names):
        reading.problems.extend(check(reading))


def _names(reading: Reading) -> Iterator[Problem]:
    known = {name for contract in CONTRACTS.values() for name in dimensions_of(contract)}
    folder = reading.folder / "codes" / "names"
    for file in sorted(folder.glob("*")) if folder.is_dir() else []:
        shown_as = f"codes/names/{file.name}"
        if file.suffix != ".csv" or file.stem not in known:
            yield Problem(shown_as, None, f"{file.stem} is not a dimension.", _near(file.stem, known))
            continue
        reading.names[file.stem], problems = read_names(file, shown_as)
        yield from problems


def _near(name: str, known: Iterable[str], otherwise: str = "") -> str:
    known = sorted(known)
    near = difflib.get_close_matches(name, known, n=1)
    if near:
        return f"Did you mean {near[0]}?"
    return otherwise or (f"Declared are: {', '.join(known)}." if known else "None is declared yet.")


def _refers(
    place: Place, reading: Reading, key: str, name: str, kind: str, *inside: str | int
) -> Iterator[Problem]:
    if name not in reading.found[kind]:
        yield place.problem(
            f"{key} is {name!r}, which is not declared under {kind}.",
            _near(name, reading.found[kind]),
            *(inside or (key,)),
        )


def _settings(reading: Reading) -> Iterator[Problem]:
    settings, place = reading.settings, reading.place("settings", "")
    if settings is None:
        return
    is_user_assigned = re.fullmatch(r"X[A-Z]{2}", settings.country) is not None
    if settings.country not in code_list("CL_AREA") and not is_user_assigned:
        advice = "Use the ISO 3166-1 alpha-3 code; XAA to XZZ are free for your own use."
        yield place.problem(
            f"country is {settings.country!r}, which is not a country code.",
            _near(settings.country, (), advice),
            "country",
        )
    if settings.languages[0] not in settings.title:
        yield place.problem(
            f"the country's title is not given in {settings.languages[0]}, the first language.",
            f"Add `{settings.languages[0]}: …`.",
            "title",
        )
    keys = Path(settings.keys).expanduser()
    inside = (
        not keys.is_absolute()
        or reading.folder.resolve() in keys.resolve().parents
        or keys.resolve() == reading.folder.resolve()
    )
    if inside:
        yield place.problem(
            "the keys lie inside the project's folder, from where they would travel with it.",
            "Name a folder outside the project, with its full path.",
            "keys",
        )
    starts = [rule.valid_from for rule in settings.rules.residence]
    if starts != sorted(set(starts)):
        yield place.problem(
            "two residence rules begin on the same day, or they are not in order.",
            "List them by first day.",
            "rules",
            "residence",
        )


def _agreements(reading: Reading) -> Iterator[Problem]:
    for identifier, agreement in reading.found["agreements"].items():
        place = reading.place("agreements", identifier)
        yield from _refers(place, reading, "provider", agreement.provider, "organisations")
        for index, source in enumerate(agreement.sources):
            yield from _refers(place, reading, "sources", source, "sources", "sources", index)
        if agreement.valid_to is not None and agreement.valid_to < agreement.valid_from:
            yield place.problem(f"the agreement ends on {agreement.valid_to}, before it begins.", "", "until")


def _people(reading: Reading) -> Iterator[Problem]:
    for identifier, person in reading.found["people"].items():
        yield from _refers(
            reading.place("people", identifier),
            reading,
            "organisation",
            person.organisation,
            "organisations",
        )


def _sources(reading: Reading) -> Iterator[Problem]:
    for identifier, source in reading.found["sources"].items():
        place = reading.place("sources", identifier)
        yield from _refers(place, reading, "provider", source.provider, "organisations")
        yield from _refers(place, reading, "agreement", source.agreement, "agreements")
        agreement = reading.found["agreements"].get(source.agreement)
        if agreement is not None and agreement.provider != source.provider:
            yield place.problem(
                f"the agreement {source.agreement} is with {agreement.provider}, not with {source.provider}.",
                "",
                "agreement",
            )
        if agreement is not None and identifier not in agreement.sources:
            yield place.problem(
                f"the agreement {source.agreement} does not cover this source.",
                f"Add {identifier} to its sources, or name another agreement.",
                "agreement",
            )
        yield from _arrival(source, place)
        yield from _columns(source, place)
        yield from _maps(reading, source, place)
        yield from _rules(source.checks, CONTRACTS[source.gives], place)


def _arrival(source: SourceDeclaration, place: Place) -> Iterator[Problem]:
    try:
        codecs.lookup(source.arrives.encoding)
    except LookupError:
        yield place.problem(
            f"{source.arrives.encoding!r} is not the name of an encoding.",
            "Common ones are utf-8, windows-1251, windows-1256, iso-8859-1.",
            "arrives",
            "encoding",
        )
    for index, pattern in enumerate(source.arrives.non_data):
        try:
            re.compile(pattern)
        except re.error as error:
            yield place.problem(
                f"{pattern!r} is not a regular expression: {error}.", "", "arrives", "non_data", index
            )
    if source.arrives.format == "fixed_width" and not source.arrives.fixed_columns:
        yield place.problem(
            "a fixed-width source does not say where its columns stand.",
            "Add `fixed_columns:` with name, first and last.",
            "arrives",
        )
    if source.arrives.format == "database" and not (source.arrives.address and source.arrives.table):
        yield place.problem("a source that is a database needs `address:` and `table:`.", "", "arrives")
    if source.arrives.decimal == source.arrives.thousands:
        yield place.problem("decimal and thousands are the same mark.", "", "arrives", "thousands")


def _columns(source: SourceDeclaration, place: Place) -> Iterator[Problem]:
    contract = CONTRACTS[source.gives]
    wanted = (set(contract.columns) | _IDENTITY) - _GIVEN_BY_US
    for name, rule in source.columns.items():
        if name not in wanted:
            yield place.problem(
                f"{name} is not a column of {contract.__name__}, nor one that identifies a person.",
                _near(name, wanted),
                "columns",
                name,
            )
            continue
        yield from _column(name, rule, contract, place)
    for name, declared in contract.columns.items():
        if (declared.required or declared.key) and name not in source.columns and name not in _GIVEN_BY_US:
            yield place.problem(
                f"{contract.__name__} needs {name} ({declared.meaning[:1].lower()}{declared.meaning[1:]}),"
                " and no column gives it.",
                f"Add `{name}: …` under columns.",
                "columns",
            )
    for index, name in enumerate(source.identifies_by):
        if name not in _IDENTITY:
            yield place.problem(
                f"{name} does not identify a person.", _near(name, _IDENTITY), "identifies_by", index
            )
        elif name not in source.columns:
            yield place.problem(
                f"{name} is to identify persons, but no column gives it.",
                f"Add `{name}: …` under columns.",
                "identifies_by",
                index,
            )
    about_persons = "person_key" in contract.columns
    if about_persons and not source.identifies_by and source.gives != "respondent":
        yield place.problem(
            "nothing says which columns identify a person.", "Add `identifies_by:`, the strongest first."
        )


def _column(name: str, rule: ColumnRule, contract: type[Table], place: Place) -> Iterator[Problem]:
    declared = contract.columns.get(name)
    kind = declared.python_type if declared is not None else str
    if rule.part == "day" and kind is not datetime.date:
        yield place.problem(f"{name} cannot hold a day.", "", "columns", name, "part")
    is_day = kind in (datetime.date, datetime.datetime) or name == "birth_date" or rule.part == "year"
    if rule.format is not None and not is_day:
        yield place.problem(
            f"{name} is not a day or a time, so it has no format.", "", "columns", name, "format"
        )
    if rule.format is not None and not re.search(r"%[a-zA-Z]", rule.format):
        yield place.problem(
            f"the format {rule.format!r} has no part such as %Y.",
            "Write for instance %d.%m.%Y.",
            "columns",
            name,
            "format",
        )
    if rule.part == "year" and kind is not int:
        yield place.problem(f"{name} cannot hold a year.", "", "columns", name, "part")
    if (
        rule.value is not None
        and declared is not None
        and declared.codes
        and rule.value not in code_list(declared.codes)
    ):
        yield place.problem(
            f"{rule.value!r} is not a code of {declared.codes}.",
            _near(rule.value, [code.code for code in code_list(declared.codes).suggest(rule.value)]),
            "columns",
            name,
            "value",
        )


def _maps(reading: Reading, source: SourceDeclaration, place: Place) -> Iterator[Problem]:
    contract = CONTRACTS[source.gives]
    country = reading.settings.country if reading.settings is not None else ""
    for name, rule in source.columns.items():
        if rule.codes is None or name not in contract.columns:
            continue
        if rule.codes in STANDARD_MAPS:
            standard = standard_map(rule.codes, country)
            if contract.columns[name].codes != "CL_AREA":
                yield place.problem(
                    f"{rule.codes} maps areas, and {name} is none.", "", "columns", name, "codes"
                )
            reading.code_maps[(source.id, name)] = standard
            continue
        candidates = [Path("sources") / source.id / rule.codes, Path("codes") / rule.codes]
        found = next((c for c in candidates if (reading.folder / c).is_file()), None)
        if found is None:
            yield place.problem(
                f"the code map {rule.codes} is neither in sources/{source.id} nor in codes.",
                "",
                "columns",
                name,
                "codes",
            )
            continue
        code_map, problems = read_code_map(
            reading.folder / found, str(found), contract.columns[name].codes, country
        )
        yield from problems
        if code_map is not None:
            reading.code_maps[(source.id, name)] = code_map


def _rules(checks: tuple[Check, ...], contract: type[Table], place: Place) -> Iterator[Problem]:
    seen: set[str] = set()
    for index, check in enumerate(checks):
        if check.id in seen:
            yield place.problem(
                f"two checks are called {check.id}.", "Give one of them another id.", "checks", index, "id"
            )
        seen.add(check.id)
        yield from _rule(check.rule, set(contract.columns) - _GIVEN_BY_US, place, "checks", index, "rule")


def _rule(text: str, columns: set[str], place: Place, *inside: str | int) -> Iterator[Problem]:
    try:
        parse_rule(text, columns)
    except ProjectError as error:
        (problem,) = error.problems
        yield place.problem(problem.message, problem.remedy, *inside)


def _indicators(reading: Reading) -> Iterator[Problem]:
    for identifier, indicator in reading.found["indicators"].items():
        place = reading.place("indicators", identifier)
        yield from _refers(place, reading, "source", indicator.source, "sources")
        source = reading.found["sources"].get(indicator.source)
        if source is not None:
            yield from _indicator(indicator, CONTRACTS[source.gives], place)
        if indicator.framework is not None:
            try:
                framework(indicator.framework)
            except ProjectError as error:
                (problem,) = error.problems
                yield place.problem(problem.message, problem.remedy, "framework")


def _indicator(indicator: Indicator, contract: type[Table], place: Place) -> Iterator[Problem]:
    columns = set(contract.columns) - _GIVEN_BY_US
    if indicator.where is not None:
        yield from _rule(indicator.where, columns, place, "where")
    if indicator.statistic == "value" and contract is not PublishedFigure:
        yield place.problem(
            f"figures of {contract.__name__} cannot be published as they are.",
            "Use count, share or mean; `value` is for figures that another body has published.",
            "statistic",
        )
    if indicator.statistic in ("mean", "value"):
        declared = contract.columns.get(indicator.of or "")
        if declared is None or declared.python_type not in (int, float):
            yield place.problem(
                f"a {indicator.statistic} needs `of:`, a column of numbers.",
                _near(indicator.of or "", columns),
                "of" if indicator.of else "statistic",
            )
    if indicator.time not in columns or contract.columns[indicator.time].python_type not in (
        datetime.date,
        str,
    ):
        yield place.problem(
            f"time is {indicator.time!r}, which is not a day of {contract.__name__}.",
            _near(indicator.time, columns),
            "time",
        )


def _tables(reading: Reading) -> Iterator[Problem]:
    for identifier, table in reading.found["tables"].items():
        place = reading.place("tables", identifier)
        yield from _refers(place, reading, "indicator", table.indicator, "indicators")
        indicator = reading.found["indicators"].get(table.indicator)
        source = reading.found["sources"].get(indicator.source) if indicator is not None else None
        if source is not None:
            yield from _breakdown(table, CONTRACTS[source.gives], place)
        if (
            table.protect.none_because is not None
            and indicator is not None
            and indicator.statistic != "value"
        ):
            yield place.problem(
                "a table of records cannot go without protection.",
                "Leave out none_because; it is for figures that another body has published.",
                "protect",
                "none_because",
            )
        if table.release is not None:
            try:
                datetime.date.fromisoformat(f"2024-{table.release.on}")
            except ValueError:
                yield place.problem(
                    f"on is {table.release.on!r}, which is no day of the year.",
                    "Write month and day, as in 06-15.",
                    "release",
                    "on",
                )


def _breakdown(table: TableDeclaration, contract: type[Table], place: Place) -> Iterator[Problem]:
    known = dimensions_of(contract)
    for index, name in enumerate(table.by):
        if name not in known:
            yield place.problem(
                f"{name} is not a dimension of {contract.__name__}.", _near(name, known), "by", index
            )
        elif name in table.by[:index]:
            yield place.problem(f"{name} is named twice.", "", "by", index)
    for index, name in enumerate(table.within):
        if name not in table.by:
            yield place.problem(
                f"{name} is not among the table's dimensions.", _near(name, table.by), "within", index
            )


def _releases(reading: Reading) -> Iterator[Problem]:
    for identifier, release in reading.found["releases"].items():
        place = reading.place("releases", identifier)
        for index, name in enumerate(release.tables):
            yield from _refers(place, reading, "tables", name, "tables", "tables", index)
