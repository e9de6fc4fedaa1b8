"""Commands about the links between a project's records."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sojourn.cli.app import Commands, app, session

links = Commands(no_args_is_help=True, help="The links between the records of a project's sources.")
app.add_typer(links, name="links")


@links.command("quality")
def quality(
    target: Annotated[Path, typer.Argument(help="Report to write: .html, or its figures as .csv, .parquet.")],
    language: Annotated[str, typer.Option(help="Language of the page: en or ar.")] = "en",
) -> None:
    """Judge the newest linkage: links, estimated mistakes and gaps by source, origin, sex, age and script.

    The page is for staff: small groups stand in it as they are. Exit code 2 when nothing was linked yet.

    Example: `sojourn -p ruritania links quality links.html`
    """
    from sojourn.production.linkage_quality import quality_of_project, require_report, write_report
    from sojourn.production.workspace import open_workspace

    require_report(target, language, dedupe=False)
    with open_workspace(session.project) as workspace:
        found = quality_of_project(workspace)
    write_report(found, target, language)
    session.screen.say(f"The report is in {target}. It is not protected for publication.")
    session.screen.result(found.to_json())


@links.command("uncertainty")
def uncertainty(
    table: Annotated[str, typer.Argument(help="Table of records that are made of linked sources.")],
    versions: Annotated[int, typer.Option(min=2, help="How many linked versions to draw.")] = 20,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the draws.")] = 1,
) -> None:
    """Say what linkage adds to the uncertainty of a table, cell by cell.

    The figures are made again from links drawn by their probabilities. Withheld cells stay withheld.

    Example: `sojourn -p ruritania links uncertainty MIGRATIONS --versions 20`
    """
    from sojourn.cli.tables import as_text
    from sojourn.production.link_uncertainty import linkage_uncertainty
    from sojourn.production.workspace import open_workspace

    with open_workspace(session.project) as workspace, session.screen.progress(table) as report:
        found = linkage_uncertainty(workspace, table, versions=versions, seed=seed, on_progress=report)
    session.screen.say(as_text(found.column_names, [list(row.values()) for row in found.to_pylist()]))
    session.screen.note("Pairs that were not looked at are not in it. Probabilities are the linkage's own,")
    session.screen.note("or what the newest review leaves open, once a pair of one was decided.")
    session.screen.result(found.to_pylist())
