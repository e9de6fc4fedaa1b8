"""Surveys and censuses on plain files: estimates with their standard errors."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from sojourn.cli.app import session
from sojourn.cli.tools import tool
from sojourn.errors import ProjectError

__all__: list[str] = []

_SHOWN = 20
_NAME = r'([^":]+|"[^"]+")'
_CODE = r'([^"/-]+|"[^"]+")'


@tool.command("estimate")
def estimate(
    source: Annotated[
        Path,
        typer.Argument(metavar="DATA", help="Records: .csv, .parquet, .sav, .dta, .sas7bdat, .xpt or .xlsx."),
    ],
    target: Annotated[Path, typer.Argument(metavar="OUT", help="Estimates to write: .parquet or .csv.")],
    design: Annotated[
        Path, typer.Option(help="Declaration of the sample's design, and of how DATA is written: .yaml.")
    ],
    measure: Annotated[
        list[str],
        typer.Option(
            help="What is estimated, as in count, mean(income), ratio(pay / hours), proportion(age < 15),"
            " median(income), gini(income), poverty_rate(income, 0.6 of median). May be given again."
        ),
    ],
    by: Annotated[
        str, typer.Option(help="Dimensions, separated by commas; a name with a comma in double quotes.")
    ] = "",
    where: Annotated[str | None, typer.Option(help="Whom it is about: a condition over columns.")] = None,
    gap: Annotated[
        list[str] | None,
        typer.Option(help="Compare two codes: nativity:FB-NB is a difference, nativity:FB/NB a ratio."),
    ] = None,
    totals: Annotated[str, typer.Option(help="Totals over dimensions: all or none.")] = "all",
    interval: Annotated[
        str | None, typer.Option(help="Kind of interval: t, log, logit, wilson, korn_graubard or moderated.")
    ] = None,
    level: Annotated[float, typer.Option(help="Level of the interval.")] = 0.95,
    freedom: Annotated[
        str, typer.Option(help="Degrees of freedom: effective, or of units in the cell or the design.")
    ] = "effective",
    missing: Annotated[
        list[str] | None,
        typer.Option(
            help="What a text file writes for a missing value, as NA; an empty cell always is. Again."
        ),
    ] = None,
    ignore_case: Annotated[
        str,
        typer.Option(help="Columns whose codes are the same where only case and blanks differ, with commas."),
    ] = "",
    memory: Annotated[str, typer.Option(help="Memory before the work spills to disk.")] = "2GB",
) -> None:
    """Estimate figures of a survey or census, with standard errors and intervals that fit its design.

    OUT has a row for each measure, cell and total: value, standard error, interval, degrees of freedom,
    number of records, design effect. Groups never change the design; what is not stated is counted apart.

    Example: `sojourn tool estimate persons.csv employment.csv --design design.yaml
    --measure "proportion(activity = 'EMP')" --by nativity,sex --where "age >= 15" --gap nativity:FB-NB`
    """
    from sojourn.production.measure_texts import listed_names
    from sojourn.production.survey_files import EstimateRequest, estimate_file
    from sojourn.project.design_file_declarations import DesignFileDeclaration
    from sojourn.project.load import load_declaration

    degrees = _one_of(freedom, ("effective", "cell", "design"))
    settings = {"interval": interval, "level": _level(level), "freedom": degrees}
    request = EstimateRequest(
        tuple(measure),
        listed_names(by),
        where,
        tuple(_gap(text) for text in gap or ()),
        totals,
        settings,
        tuple(missing or ()),
        listed_names(ignore_case),
    )
    declared = load_declaration(design, DesignFileDeclaration)
    with session.screen.progress(f"Estimating from {source.name}") as report:
        report(0, 0)
        table, found = estimate_file(
            source, target, declared=declared.design, request=request, arrives=declared.arrives, memory=memory
        )
    for line in _lines(table, request.by):
        session.screen.say(line)
    for note in found.notes:
        session.screen.note(note)
    if found.nobody:
        session.screen.note("No record meets the condition of --where: look at how its codes are written.")
    session.screen.say(
        f"{_counted(found.records, 'record')}, {_counted(found.figures, 'figure')}. They are in {target}."
    )
    session.screen.result({**found.to_json(), "file": str(target)})


def _level(level: float) -> float:
    if not 0 < level < 1:
        raise ProjectError(f"There is no interval at the level {level}.", "Write 0.95 or the like.")
    return level


def _one_of(word: str, words: tuple[str, ...]) -> str:
    if word not in words:
        raise ProjectError(f"{word!r} is not understood.", f"Write {' or '.join(words)}.")
    return word


def _gap(text: str) -> Any:
    from sojourn.statistics.survey import Gap

    found = re.fullmatch(rf"{_NAME}:{_CODE}([/-]){_CODE}", text)
    if found is None:
        raise ProjectError(
            f"The gap {text!r} is not understood.",
            'Write nativity:FB-NB or nativity:FB/NB; codes with such signs in quotes: age:"15-24"-"25-64".',
        )
    dimension, of, against = (found[at].strip('"') for at in (1, 2, 4))
    return Gap(dimension, of, against, "difference" if found[3] == "-" else "ratio")


def _number(value: float | None) -> str:
    """A number with the digits that a person reads; an end that is not known is a question mark."""
    if value is None:
        return "?"
    return f"{value:,.0f}" if abs(value) >= 1e5 else f"{value:,.5g}"


def _counted(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def _lines(table: Any, by: Sequence[str]) -> list[str]:
    """The first figures as a person reads them."""
    lines = []
    for row in table.slice(0, _SHOWN).to_pylist():
        cell = ", ".join("all" if row[name] == "_T" else row[name] for name in by)
        ends = f"{_number(row['lower'])} to {_number(row['upper'])}"
        if row["lower"] is None and row["upper"] is None:
            ends = "no interval"
        error = "no error" if row["standard_error"] is None else f"± {_number(row['standard_error'])}"
        value = "no figure" if row["value"] is None else _number(row["value"])
        name = f"{row['measure']} [{cell}]" if cell else row["measure"]
        lines.append(f"  {name}: {value} {error} ({ends}; n {row['contributors']:,})")
    if len(table) > _SHOWN:
        lines.append(f"  … and {len(table) - _SHOWN:,} more.")
    return lines
