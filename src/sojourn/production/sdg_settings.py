"""From declarations of SDG indicators to what the methods take: variables, series, breakdowns, profiles."""

from __future__ import annotations

import csv
from collections.abc import Collection, Mapping, Sequence
from functools import partial
from pathlib import Path

from sojourn.concepts.sdg_reference import SdgReference, extended_reference, sdg_reference
from sojourn.concepts.spelling import folded, nearest
from sojourn.concepts.survey_variables import SurveyVariable, VariableKind, survey_variables
from sojourn.engine.rules import parse_rule
from sojourn.engine.survey_variables import VariableOrigin
from sojourn.errors import Problem, ProjectError
from sojourn.production.answer_codes import answer_code_map
from sojourn.production.plain_names import PlainNames
from sojourn.project.sdg_declarations import (
    ProfileDeclaration,
    SdgDeclaration,
    SeriesDeclaration,
    ThresholdsDeclaration,
    VariableDeclaration,
    shipped_breakdowns,
)
from sojourn.statistics.sdg_indicators import Ages, Breakdown, Profile, Series, Thresholds

__all__ = [
    "breakdowns_of",
    "known_variables",
    "origins_of",
    "profile_of",
    "reference_of",
    "refuse_misspelt",
    "series_of",
]

_CODES = (VariableKind.CODE, VariableKind.YES_NO)


def known_variables(declared: SdgDeclaration) -> dict[str, SurveyVariable]:
    """The standard variables and the country's own, by name."""
    known = dict(survey_variables())
    for name, variable in declared.variables.items():
        if name not in known:
            known[name] = SurveyVariable(name, _own_kind(variable), variable.meaning)
        elif variable.kind is not None and variable.kind != known[name].kind:
            raise ProjectError(
                f"The standard variable {name} is declared as {variable.kind}, and is {known[name].kind}.",
                "Leave out `kind`, or give the country's own variable another name.",
            )
    return known


def _own_kind(variable: VariableDeclaration) -> VariableKind:
    if variable.kind is not None:
        return VariableKind(variable.kind)
    if variable.when is not None:
        return VariableKind.YES_NO
    return VariableKind.NUMBER if variable.value is not None else VariableKind.CODE


def origins_of(declared: SdgDeclaration, columns: PlainNames, folder: Path) -> list[VariableOrigin]:
    """Where each variable comes from: as declared, or the column that has a standard variable's name.

    Columns are called as they are inside the engine; files of code maps are looked for in `folder`.

    Raises: ProjectError for codes that a variable cannot have, and for conditions and maps that cannot be
    read.
    """
    found = []
    for name, variable in known_variables(declared).items():
        if name in declared.variables:
            own = declared.variables[name]
            found.append(_origin(variable, own, columns, _codes(variable, own, declared, folder)))
        elif name in columns.names:
            column = columns.of(name)
            found.append(VariableOrigin(name, _engine_kind(variable), column, allowed=variable.allowed))
    return found


def _engine_kind(variable: SurveyVariable) -> str:
    return "code" if variable.kind in _CODES else str(variable.kind)


def _origin(
    variable: SurveyVariable, declared: VariableDeclaration, columns: PlainNames, codes: Mapping[str, str]
) -> VariableOrigin:
    kind, is_code = _engine_kind(variable), variable.kind in _CODES
    _refuse_misfit(variable, declared, codes, is_code)
    is_number = declared.value is not None and _is_number(declared.value)
    rule = partial(parse_rule, columns=columns.names, called=columns.inside)
    is_constant = declared.value is not None and (is_code or is_number)
    try:
        return VariableOrigin(
            name=variable.name,
            kind=kind,
            column=None if declared.column is None else columns.of(declared.column),
            codes=codes,
            missing=declared.missing,
            condition=rule(declared.when) if declared.when else None,
            value=rule(declared.value) if declared.value and not is_constant else None,
            constant=declared.value if is_constant else None,
            cases=tuple((rule(case.when), case.code) for case in declared.cases),
            otherwise=declared.otherwise,
            allowed=variable.allowed,
        )
    except ProjectError as error:
        problem = error.problems[0]
        raise ProjectError(f"The variable {variable.name}: {problem.message}", problem.remedy) from error


def _codes(
    variable: SurveyVariable, own: VariableDeclaration, declared: SdgDeclaration, folder: Path
) -> dict[str, str]:
    """The code of each text that the column holds, as the map says on the day of the definitions."""
    if own.codes is None:
        return dict(own.map)
    found = answer_code_map(variable.name, own, None, declared.area, folder)
    day = declared.day
    lines = zip(found.written, found.standard, found.valid_from, found.valid_to, strict=True)
    return {
        written: code
        for written, code, first, last in lines
        if day is None or ((first is None or first <= day) and (last is None or day <= last))
    }


def refuse_misspelt(declared: SdgDeclaration, series: Sequence[Series], reference: SdgReference) -> None:
    """Refuse variables that are neither standard nor used, and things left out that there are not.

    A variable of the country's own that says its `kind` or `meaning` may wait for its series.

    Raises: ProjectError with what was probably meant.
    """
    known, standard = known_variables(declared), survey_variables()
    used = {name for each in series for name in each.variables(known)}
    used |= {each.detail for each in series if each.detail is not None}
    problems = []
    for name, variable in declared.variables.items():
        if name in standard or name in used or variable.kind is not None or variable.meaning:
            continue
        meant = _meant(name, [each for each in (*standard, *used) if each not in declared.variables])
        remedy = f"{meant or 'Correct its name.'} If it is the country's own, say its `kind`."
        message = f"There is no standard variable {name}, and no series uses it."
        problems.append(Problem("", None, message, remedy))
    things = [*(each.id for each in series), *dict.fromkeys(each.code for each in reference.indicators)]
    for name in declared.leave_out:
        if name not in things:
            remedy = _meant(name, things) or "Name an indicator as 8.5.2, or a series as SDG_8_5_2."
            message = f"There is no indicator or series {name} that could be left out."
            problems.append(Problem("", None, message, remedy))
    if problems:
        raise ProjectError(problems)


def _meant(name: str, words: Collection[str]) -> str:
    by_folded = {folded(word): word for word in words}
    near = nearest(name, by_folded, 1)
    return f"Did you mean {by_folded[near[0]]}?" if near else ""


def _refuse_misfit(
    variable: SurveyVariable, declared: VariableDeclaration, codes: Mapping[str, str], is_code: bool
) -> None:
    if not is_code and (declared.when is not None or declared.cases or codes):
        raise ProjectError(
            f"The variable {variable.name} is a number, and is declared by codes or conditions.",
            "Give the column it comes `from`, or its `value` as arithmetic.",
        )
    given = [*codes.values(), *(case.code for case in declared.cases)]
    given += [text for text in (declared.otherwise, declared.value if is_code else None) if text]
    given += ["Y", "N"] if declared.when is not None else []
    strange = [
        code for code in given if variable.allowed is not None and code not in (*variable.allowed, "_U")
    ]
    if strange:
        listed = ", ".join((variable.allowed or ())[:12])
        raise ProjectError(
            f"The variable {variable.name} cannot be {strange[0]!r}.",
            f"Its codes are those of {variable.codes or 'yes and no'}: {listed}.",
        )


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def series_of(declared: SdgDeclaration) -> list[Series]:
    """The series in force, shipped ones with the country's changes first.

    Raises: ProjectError for a series that lacks something or contradicts itself.
    """
    day = declared.day
    found = []
    for each in declared.all_series():
        for name in ("indicator", "title"):
            if not getattr(each, name):
                raise ProjectError(
                    f"The series {each.id} has no `{name}`.",
                    "Give it, or correct the identifier if a shipped series is meant.",
                )
        starts, ends = each.valid_from, each.valid_to
        if day is None or ((starts is None or starts <= day) and (ends is None or day <= ends)):
            found.append(_series(each))
    return found


def _series(declared: SeriesDeclaration) -> Series:
    plain = declared.model_dump(exclude={"ages", "gap", "title", "verified"})
    title = declared.title.get("en") or next(iter(declared.title.values()))
    ages = Ages(declared.ages.lower, declared.ages.upper)
    return Series(**plain, title=title, ages=ages, gaps=declared.gap, is_verified=declared.verified)


def breakdowns_of(declared: SdgDeclaration) -> list[Breakdown]:
    """The breakdowns: the country's, or those that ship."""
    chosen = shipped_breakdowns() if declared.breakdowns is None else declared.breakdowns
    return [Breakdown(each.id, each.status, tuple(each.by)) for each in chosen]


def profile_of(declared: SdgDeclaration, chosen: str | None = None) -> Profile:
    """The publication profile that is chosen, or the declared one.

    Raises: ProjectError when there is none of that name, with those there are.
    """
    profiles, name = declared.all_profiles(), chosen or declared.profile
    if name not in profiles:
        raise ProjectError(f"There is no publication profile {name!r}.", f"There are {', '.join(profiles)}.")
    found: ProfileDeclaration = profiles[name]
    shares = None if found.proportions is None else _thresholds(found.proportions)
    return Profile(found.id, found.version, _thresholds(found.figures), shares, found.interval)


def _thresholds(declared: ThresholdsDeclaration) -> Thresholds:
    return Thresholds(**declared.model_dump())


def reference_of(declared: SdgDeclaration, folder: Path) -> SdgReference:
    """The table of indicators: the shipped one, or the country's file in the specification's folder.

    Raises: ProjectError for a file that is not there or not a table of indicators.
    """
    own = declared.reference
    if own is None:
        return sdg_reference()
    file = folder / own.file
    if not file.is_file():
        raise ProjectError(
            f"The table of indicators {file} is not there.", "Put it beside the specification."
        )
    with file.open(encoding="utf-8-sig", newline="") as opened:
        lines = [{name: text or None for name, text in line.items()} for line in csv.DictReader(opened)]
    return extended_reference(lines, version=own.version, source=own.source, replaces=own.replaces)
