"""Methods on plain files, for people without a project."""

from __future__ import annotations

import datetime
import re
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sojourn.cli.app import Commands, app, session
from sojourn.errors import ProjectError

if TYPE_CHECKING:
    from sojourn.concepts.frameworks import ResidenceRule
    from sojourn.integration.movements import Gaps, Observation

tool = Commands(no_args_is_help=True, help="Methods on plain files, without a project.")
app.add_typer(tool, name="tool")

# Months as the days that official users of the rule count for them.
RULES = {"12/16": (365, 487), "9/12": (270, 365), "6/12": (183, 365)}


@tool.callback()
def tools() -> None:
    """Methods on plain files, without a project."""


@tool.command("classify-movements")
def classify_movements(
    source: Annotated[
        Path, typer.Argument(metavar="IN", help="Crossings: .parquet or .csv; with spark also a folder.")
    ],
    target: Annotated[
        Path, typer.Argument(metavar="OUT", help="File to write: .parquet or .csv; with spark a folder.")
    ],
    observed_from: Annotated[
        datetime.datetime, typer.Option(formats=["%Y-%m-%d"], help="First day on which all was recorded.")
    ],
    observed_until: Annotated[
        datetime.datetime, typer.Option(formats=["%Y-%m-%d"], help="Last day on which all was recorded.")
    ],
    threshold: Annotated[
        int | None, typer.Option(help="Days, or months, on the new side that change residence.")
    ] = None,
    window: Annotated[int | None, typer.Option(help="Within how many of them they are counted.")] = None,
    unit: Annotated[
        str, typer.Option(help="Of threshold and window: days, or months of the calendar.")
    ] = "days",
    rule: Annotated[
        str | None, typer.Option(help=f"Months, counted as a fixed number of days: {', '.join(RULES)}.")
    ] = None,
    framework: Annotated[
        str | None, typer.Option(help="Rule of a migration framework: 1998, 2021-06 or 2021-12.")
    ] = None,
    anchors: Annotated[
        Path | None,
        typer.Option(help="States that were final on a day: person_id, date, resident (.parquet or .csv)."),
    ] = None,
    lives: Annotated[
        Path | None,
        typer.Option(help="Births and deaths: person_id, birth_date, death_date (.parquet or .csv)."),
    ] = None,
    missing: Annotated[
        str, typer.Option(help="Missing movements: bounds, earliest, latest, midpoint or exclude.")
    ] = "bounds",
    boundary: Annotated[
        str,
        typer.Option(help="Exactly the spare days on the old side: migration, or no-migration."),
    ] = "migration",
    after: Annotated[
        Path | None,
        typer.Option(
            help="Folder of earlier results: decide only the people whom IN touches, into OUT there."
        ),
    ] = None,
    memory: Annotated[
        str, typer.Option(help="Memory before the reading spills to disk, on one machine.")
    ] = "1GB",
    engine: Annotated[str, typer.Option(help="duckdb, on this machine, or spark, on a cluster.")] = "duckdb",
    master: Annotated[str, typer.Option(help="Address of the cluster, as in spark://host:7077.")] = "",
) -> None:
    """Say of each border crossing whether it changed where the person lives, and since when that is certain.

    IN has the columns person_id, crossing_id, date and direction (arrival or departure); others pass through.
    Rows whose column out_of_scope is true are not counted as movements.
    OUT has a row for each crossing. What the observed days do not decide is empty and `unresolved`.
    With --after, OUT has all crossings of the people touched, and replaces them in the results of its folder.

    Example: `sojourn tool classify-movements crossings.parquet classified.parquet --rule 12/16
    --observed-from 2015-01-01 --observed-until 2024-12-31`

    `--engine spark --master spark://host:7077` does the same on a cluster of many machines.
    """
    from sojourn.production.movement_clusters import classified_on_cluster
    from sojourn.production.movement_files import classify_file

    _require_engine(engine, master)
    if after is not None and (engine == "spark" or lives is not None):
        raise ProjectError(
            "Earlier results can be gone on from on one machine only, and without births and deaths.",
            "Leave out --after, and decide all crossings with --lives or --engine spark at once.",
        )
    if re.fullmatch(r"[1-9]\d*(\.\d+)? ?[MGT]i?B", memory) is None:
        raise ProjectError(f"{memory!r} is no amount of memory.", "Write for instance 512MB or 2GB.")
    chosen = _rule(threshold, window, unit, rule, framework, observed_until.date())
    classified = (
        partial(classified_on_cluster, master=master)
        if engine == "spark"
        else partial(classify_file, memory=memory, after=after)
    )
    with session.screen.progress(f"Classifying {source.name}") as report:
        found = classified(
            source,
            target,
            rule=chosen,
            observation=_observation(observed_from.date(), observed_until.date()),
            anchors=anchors,
            lives=lives,
            gaps=_gaps(missing),
            excludes_boundary=_excludes_boundary(boundary),
            on_progress=report,
        )
    if found.persons_decided_again is not None:
        session.screen.say(f"{found.persons_decided_again:,} persons were decided again.")
    session.screen.say(
        f"Crossings: {found.crossings:,}; immigrations: {found.immigrations:,},"
        f" emigrations: {found.emigrations:,}, unresolved: {found.unresolved:,}. They are in {target}."
    )
    for problem, count in sorted(found.problems.items()):
        session.screen.say(f"  {count:,} × {problem}")
    session.screen.result({**found.to_json(), "file": str(target)})


@tool.command("estimate-provisional")
def estimate_provisional(
    source: Annotated[
        Path, typer.Argument(metavar="CLASSIFIED", help="What classify-movements wrote: .parquet or .csv.")
    ],
    target: Annotated[Path, typer.Argument(metavar="OUT", help="Figures to write: .parquet or .csv.")],
    observed_from: Annotated[
        datetime.datetime, typer.Option(formats=["%Y-%m-%d"], help="First day on which all was recorded.")
    ],
    observed_until: Annotated[
        datetime.datetime,
        typer.Option(formats=["%Y-%m-%d"], help="Last day that counts; it ends a month."),
    ],
    threshold: Annotated[
        int | None, typer.Option(help="Days, or months, on the new side that change residence.")
    ] = None,
    window: Annotated[int | None, typer.Option(help="Within how many of them they are counted.")] = None,
    unit: Annotated[
        str, typer.Option(help="Of threshold and window: days, or months of the calendar.")
    ] = "days",
    rule: Annotated[
        str | None, typer.Option(help=f"The rule of the classification: {', '.join(RULES)}.")
    ] = None,
    framework: Annotated[
        str | None, typer.Option(help="Rule of a migration framework: 1998, 2021-06 or 2021-12.")
    ] = None,
    feature: Annotated[
        list[str] | None, typer.Option(help="Column of codes to learn from, such as visa; repeat for more.")
    ] = None,
    birth_date: Annotated[
        str | None, typer.Option(help="Column with the date of birth, from which the age follows.")
    ] = None,
    by: Annotated[
        list[str] | None, typer.Option(help="Column by which figures are broken down; repeat for more.")
    ] = None,
    crossings: Annotated[
        Path | None, typer.Option(help="Also write the open crossings with their probabilities here.")
    ] = None,
    revisions: Annotated[
        Path | None, typer.Option(help="Also write here what earlier vintages would have said.")
    ] = None,
) -> None:
    """Estimate migration by month while crossings are not decided yet, with intervals of 95 per cent.

    OUT has a row for each month and flow (immigration, emigration, net). Decided crossings are counted;
    open ones count with the probability, learned from crossings that looked alike when they were open, that
    they will be found to be migrations. Months that may still change have the status P.

    Example: `sojourn tool estimate-provisional classified.parquet figures.csv --observed-from 2015-01-01
    --observed-until 2024-12-31 --feature sex --feature citizenship --feature visa --birth-date birth_date`
    """
    from sojourn.production.provisional_files import Targets, estimate_file

    chosen = _rule(threshold, window, unit, rule, framework, observed_until.date())
    observation = _observation(observed_from.date(), observed_until.date())
    with session.screen.progress(f"Estimating from {source.name}") as report:
        found = estimate_file(
            source,
            Targets(target, crossings, revisions),
            rule=chosen,
            observation=observation,
            features=feature or (),
            birth_date=birth_date,
            by=by or (),
            on_progress=report,
        )
    last = [row for row in found.totals.to_pylist() if row["time_period"] == f"{observed_until:%Y-%m}"]
    newest = [row for row in last if all(row[name] == "_T" for name in by or ())]
    session.screen.say(
        f"{len(set(found.totals['time_period'].to_pylist()))} months, {len(found.crossings):,} crossings"
        f" not decided. The figures are in {target}."
    )
    for row in newest:
        session.screen.say(
            f"  {row['time_period']} {row['flow']}: {row['value']:,.0f}"
            f" ({row['lower']:,.0f} to {row['upper']:,.0f})"
        )
    session.screen.result({"file": str(target), "open": len(found.crossings), "newest": newest})


def _require_engine(engine: str, master: str) -> None:
    if engine not in ("duckdb", "spark"):
        raise ProjectError(f"There is no engine {engine!r}.", "There are: duckdb, spark.")
    if engine == "spark" and not master:
        raise ProjectError("Where is the cluster?", "Give --master too, as in spark://host:7077.")
    if engine != "spark" and master:
        raise ProjectError("A master belongs to a cluster.", "Give --engine spark too.")


def _gaps(missing: str) -> Gaps:
    from sojourn.integration.movements import Gaps

    if missing.upper() not in Gaps.__members__:
        known = ", ".join(name.lower() for name in Gaps.__members__)
        raise ProjectError(f"{missing!r} is no way to treat missing movements.", f"There are: {known}.")
    return Gaps[missing.upper()]


def _excludes_boundary(boundary: str) -> bool:
    if boundary not in ("migration", "no-migration"):
        raise ProjectError(f"{boundary!r} is no boundary.", "There are: migration, no-migration.")
    return boundary == "no-migration"


def _observation(first: datetime.date, last: datetime.date) -> Observation:
    from sojourn.integration.movements import Observation

    try:
        return Observation(first, last)
    except ValueError as error:
        raise ProjectError(str(error), "Look at the options.") from error


def _rule(
    threshold: int | None,
    window: int | None,
    unit: str,
    rule: str | None,
    framework: str | None,
    on: datetime.date,
) -> ResidenceRule:
    from sojourn.concepts.frameworks import ResidenceRule, Unit
    from sojourn.concepts.frameworks import framework as framework_of

    ways = [rule is not None, framework is not None, threshold is not None or window is not None]
    if sum(ways) != 1:
        raise ProjectError(
            "Give the rule in one way.", "Either --rule, or --framework, or --threshold and --window."
        )
    if unit not in list(Unit):
        raise ProjectError(f"{unit!r} is no unit.", f"There are: {', '.join(Unit)}.")
    if unit != Unit.DAYS and threshold is None:
        raise ProjectError(
            "The unit is of a threshold and a window.", "Give --threshold and --window with it."
        )
    if rule is not None:
        if rule not in RULES:
            raise ProjectError(f"There is no rule {rule}.", f"There are: {', '.join(RULES)}.")
        return ResidenceRule(*RULES[rule])
    if framework is not None:
        return framework_of(framework).rule(on).residence
    if threshold is None:
        raise ProjectError("How many days change residence?", "Give --threshold too.")
    try:
        return ResidenceRule(threshold, window if window is not None else threshold, Unit(unit))
    except ValueError as error:
        raise ProjectError(str(error), "Look at the options.") from error
