"""Reports and pictures of plain files: the quality of border crossings, a travel history, revised flows."""

from __future__ import annotations

import datetime
import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sojourn.cli.app import session
from sojourn.cli.tools import RULES, tool
from sojourn.errors import ProjectError

if TYPE_CHECKING:
    from sojourn.concepts.frameworks import ResidenceRule
    from sojourn.integration.movements import Observation

_FROM = typer.Option(formats=["%Y-%m-%d"], help="First day on which all was recorded.")
_UNTIL = typer.Option(formats=["%Y-%m-%d"], help="Last day on which all was recorded.")
_RULE = typer.Option(help=f"Threshold and window in months: {', '.join(RULES)}.")
_LANGUAGE = typer.Option(help="Language: en or ar.")
_NARROW = typer.Option("--narrow", help="Draw for a phone.")


@tool.command("movement-quality")
def movement_quality(
    source: Annotated[Path, typer.Argument(metavar="CROSSINGS", help="Crossings: .parquet or .csv.")],
    target: Annotated[Path, typer.Argument(metavar="OUT", help="Page to write: .html.")],
    observed_from: Annotated[datetime.datetime, _FROM],
    observed_until: Annotated[datetime.datetime, _UNTIL],
    rule: Annotated[str, _RULE] = "12/16",
    anchors: Annotated[
        Path | None, typer.Option(help="States that were certain on a day: person_id, date, resident.")
    ] = None,
    population: Annotated[
        Path | None, typer.Option(help="Resident population: citizenship, persons.")
    ] = None,
    permits: Annotated[
        Path | None, typer.Option(help="Permits: person_id, valid_from and, if you like, category.")
    ] = None,
    intentions: Annotated[
        Path | None, typer.Option(help="Days that holders of a visa intend to spend: visa, intended_days.")
    ] = None,
    minimum: Annotated[
        int, typer.Option(min=1, help="Numbers of fewer people are not shown; 1 shows all.")
    ] = 10,
    tables: Annotated[
        Path | None, typer.Option(help="Folder for all measures as quality.csv and quality.parquet.")
    ] = None,
    language: Annotated[str, _LANGUAGE] = "en",
    memory: Annotated[str, typer.Option(help="Memory before the work spills to disk.")] = "1GB",
) -> None:
    """Report how good a file of border crossings is, as a page for staff: matches, gaps, conflicts.

    CROSSINGS has person_id, crossing_id, date and direction (arrival or departure); more is told where
    there are border_point, citizenship, sex, birth_year, visa and intended_days. The page names no person.

    Example: `sojourn tool movement-quality crossings.parquet quality.html --rule 12/16
    --observed-from 2015-01-01 --observed-until 2024-12-31 --language ar`
    """
    from sojourn.production.movement_pictures import require_new, words_of, write_page, write_tables
    from sojourn.production.movement_quality import Beside, measured_file

    require_new(target, ".html")
    words, rules = words_of(language), {name: _rule_of(name) for name in RULES}
    chosen, observation = _rule_of(rule), _observation(observed_from, observed_until)
    _require_memory(memory)
    with session.screen.progress(f"Measuring {source.name}") as report:
        found = measured_file(
            source,
            near=target,
            rule=chosen,
            rules=rules,
            observation=observation,
            beside=Beside(anchors, population, permits, intentions),
            minimum=minimum,
            memory=memory,
            on_progress=report,
        )
    files = [] if tables is None else write_tables(found, tables)
    write_page(found, target, words)
    measures = found.of_the_whole()
    for name, measure in measures.items():
        if measure["verdict"] == "not-met":
            session.screen.say(f"  not met: {name}")
    session.screen.say(f"The report is in {target}. It is for staff: its counts are not protected.")
    session.screen.result(
        {"measures": measures, "file": str(target), "tables": [str(file) for file in files]}
    )


@tool.command("draw-history")
def draw_history(
    source: Annotated[Path, typer.Argument(metavar="CROSSINGS", help="Crossings: .parquet or .csv.")],
    target: Annotated[Path, typer.Argument(metavar="OUT", help="Picture to write: .svg.")],
    person: Annotated[str, typer.Option(help="The person_id whose crossings are drawn.")],
    observed_from: Annotated[datetime.datetime, _FROM],
    observed_until: Annotated[datetime.datetime, _UNTIL],
    rule: Annotated[str, _RULE] = "12/16",
    anchors: Annotated[
        Path | None, typer.Option(help="States that were certain on a day: person_id, date, resident.")
    ] = None,
    narrow: Annotated[bool, _NARROW] = False,
    language: Annotated[str, _LANGUAGE] = "en",
) -> None:
    """Draw one travel history: where the person was, where they lived, and since when that is certain.

    For staff who look into a case. The picture does not name the person.

    Example: `sojourn tool draw-history crossings.parquet history.svg --person 1001
    --observed-from 2015-01-01 --observed-until 2024-12-31`
    """
    from sojourn.production import movement_pictures

    found = movement_pictures.draw_history(
        source,
        target,
        person=person,
        rule=_rule_of(rule),
        observation=_observation(observed_from, observed_until),
        words=movement_pictures.words_of(language),
        anchors=anchors,
        is_narrow=narrow,
    )
    session.screen.say(
        f"{found.crossings:,} crossings, of which {found.unusable:,} could not be used, {found.migrations:,}"
        f" changed residence and {found.unresolved:,} are unresolved. The picture is in {target}."
    )
    if found.drawn < found.crossings - found.unusable:
        session.screen.say(f"  Only the last {found.drawn:,} are drawn.")
    session.screen.result({**vars(found), "file": str(target)})


@tool.command("draw-flows")
def draw_flows(
    source: Annotated[Path, typer.Argument(metavar="FIGURES", help="Figures by vintage: .parquet or .csv.")],
    target: Annotated[Path, typer.Argument(metavar="OUT", help="Picture to write: .svg.")],
    narrow: Annotated[bool, _NARROW] = False,
    language: Annotated[str, _LANGUAGE] = "en",
) -> None:
    """Draw flows by month as first published and as known now, with intervals, revisions and open months.

    FIGURES has time_period, vintage and value, and may have flow, lower, upper, latest and is_final.

    Example: `sojourn tool draw-flows revisions.csv flows.svg --language ar`
    """
    from sojourn.production import movement_pictures

    words = movement_pictures.words_of(language)
    drawing = movement_pictures.draw_flows(source, target, words=words, is_narrow=narrow)
    session.screen.say(f"{drawing.shown:,} months are drawn. The picture is in {target}.")
    session.screen.result({"months": drawing.shown, "summary": drawing.summary, "file": str(target)})


def _rule_of(name: str) -> ResidenceRule:
    """The residence rule of a name."""
    from sojourn.concepts.frameworks import ResidenceRule

    if name not in RULES:
        raise ProjectError(f"There is no rule {name}.", f"There are: {', '.join(RULES)}.")
    return ResidenceRule(*RULES[name])


def _observation(first: datetime.datetime, last: datetime.datetime) -> Observation:
    from sojourn.integration.movements import Observation

    try:
        return Observation(first.date(), last.date())
    except ValueError as error:
        raise ProjectError(str(error), "Look at the options.") from error


def _require_memory(memory: str) -> None:
    """Refuse what is no amount of memory."""
    if re.fullmatch(r"[1-9]\d*(\.\d+)? ?[MGT]i?B", memory) is None:
        raise ProjectError(f"{memory!r} is no amount of memory.", "Write for instance 512MB or 2GB.")
