"""Sources held against their agreements, contracts, code maps and rules."""

from __future__ import annotations

import codecs
import datetime
import re
from collections.abc import Iterator
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sojourn.concepts import code_list
from sojourn.contracts.microdata import Identity
from sojourn.contracts.table import Table
from sojourn.errors import Problem
from sojourn.project.code_maps import read_code_map
from sojourn.project.contracts import CONTRACTS, GIVEN_BY_US
from sojourn.project.declarations import Check, ColumnRule, SourceDeclaration
from sojourn.project.load import Place, Reading
from sojourn.project.references import near, refers, wrong_rule
from sojourn.project.standard_maps import STANDARD_MAPS, standard_map
from sojourn.project.survey_declarations import SecondPhaseDeclaration

__all__ = ["source_problems"]

_IDENTITY = set(Identity.columns) - GIVEN_BY_US


def source_problems(reading: Reading) -> Iterator[Problem]:
    """What is wrong with the declared sources; their code maps are read on the way."""
    for identifier, source in reading.found["sources"].items():
        place = reading.place("sources", identifier)
        yield from refers(place, reading, "provider", source.provider, "organisations")
        yield from refers(place, reading, "agreement", source.agreement, "agreements")
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
        yield from _design(source, place)


def _design(source: SourceDeclaration, place: Place) -> Iterator[Problem]:
    """What is wrong with the design of a survey, and with the measures beside the contract."""
    contract = CONTRACTS[source.gives]
    for name in source.measures:
        if name in contract.columns or name in Identity.columns:
            yield place.problem(
                f"the measure {name} has the name of a column of {contract.__name__}.",
                "Give it another, or declare it under `columns`.",
                "measures",
                name,
            )
    design = source.design
    if design is None:
        return
    if source.gives != "respondent":
        yield place.problem(
            f"a design belongs to a source that gives respondent, and this one gives {source.gives}.",
            "",
            "design",
        )
    if design.weight is not None and (design.weight != "weight" or "weight" not in source.columns):
        yield place.problem(
            f"the design's weight is {design.weight!r}.",
            "Write `weight: weight`, and declare its column under `columns`.",
            "design",
            "weight",
        )
    units = [name for stage in design.stages for name in (stage.unit, stage.stratum) if name]
    if design.calibrated is not None:
        units += [name for margin in design.calibrated.margins for name in margin]
    for name in units:
        if name != "each_record" and name not in source.columns:
            yield place.problem(
                f"the design names {name}, which is no column of the records.",
                near(name, source.columns, "Declare it under `columns`, as stratum or psu."),
                "design",
                "stages" if design.calibrated is None else "calibrated",
            )
    if design.second_phase is not None:
        yield from _second_phase(source, design.second_phase, place)


def _second_phase(
    source: SourceDeclaration, second: SecondPhaseDeclaration, place: Place
) -> Iterator[Problem]:
    """Strata and units of a second phase are columns of the records, or measures beside the contract."""
    known = {*source.columns, *source.measures}
    for name in (second.unit, *second.strata):
        if name != "each_record" and name not in known:
            yield place.problem(
                f"the second phase names {name}, which is no column of the records.",
                near(name, known, "Declare it under `columns`, or its number under `measures`."),
                "design",
                "second_phase",
            )


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
    try:
        ZoneInfo(source.arrives.time_zone)
    except (ZoneInfoNotFoundError, ValueError):
        yield place.problem(
            f"{source.arrives.time_zone!r} is not the name of a time zone.",
            "Write a name of the IANA list, such as Asia/Tashkent.",
            "arrives",
            "time_zone",
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
    wanted = (set(contract.columns) | _IDENTITY) - GIVEN_BY_US
    for name, rule in source.columns.items():
        if name not in wanted:
            yield place.problem(
                f"{name} is not a column of {contract.__name__}, nor one that identifies a person.",
                near(name, wanted),
                "columns",
                name,
            )
            continue
        yield from _column(name, rule, contract, place)
    for name, declared in contract.columns.items():
        if (declared.required or declared.key) and name not in source.columns and name not in GIVEN_BY_US:
            yield place.problem(
                f"{contract.__name__} needs {name} ({declared.meaning[:1].lower()}{declared.meaning[1:]}),"
                " and no column gives it.",
                f"Add `{name}: …` under columns.",
                "columns",
            )
    for index, name in enumerate(source.identifies_by):
        if name not in _IDENTITY:
            yield place.problem(
                f"{name} does not identify a person.", near(name, _IDENTITY), "identifies_by", index
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
    if rule.period is not None and kind is not datetime.date:
        yield place.problem(f"{name} is not a day.", "", "columns", name, "period")
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
            near(rule.value, [code.code for code in code_list(declared.codes).suggest(rule.value)]),
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
        yield from wrong_rule(check.rule, set(contract.columns) - GIVEN_BY_US, place, "checks", index, "rule")
