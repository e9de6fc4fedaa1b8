"""Commands about the project as a whole: new, check, doctor, people."""

from __future__ import annotations

import secrets
import sys
from pathlib import Path
from typing import Annotated

import typer

from sojourn.cli.app import Commands, app, session
from sojourn.errors import ProjectError

new = Commands(no_args_is_help=True, help="Begin a project, a source or a table from a documented template.")
app.add_typer(new, name="new")
people = Commands(no_args_is_help=True, help="People who approve and publish.")
app.add_typer(people, name="people")


@app.command()
def check() -> None:
    """Read every declaration of the project and report all mistakes, each with its file and line.

    Example: `sojourn -p ruritania check`
    """
    from sojourn.production.advice import advice
    from sojourn.project.load import load

    found = load(session.project)
    notes = advice(found)
    counts = {
        "sources": len(found.sources),
        "indicators": len(found.indicators),
        "tables": len(found.tables),
        "releases": len(found.releases),
    }
    session.screen.say("No mistakes in " + ", ".join(f"{n} {kind}" for kind, n in counts.items()) + ".")
    for note in notes:
        session.screen.say(f"Note: {note}")
    session.screen.result({"problems": [], "notes": notes, **counts})


@new.command("project")
def new_project(
    folder: Annotated[Path, typer.Argument(help="Folder to make the project in.")],
    country: Annotated[
        str, typer.Option(help="ISO 3166-1 alpha-3 code; XAA to XZZ are free for your own use.")
    ] = "XXA",
    keys: Annotated[
        Path | None, typer.Option(help="Folder for the project's keys, outside the project.")
    ] = None,
) -> None:
    """Make a documented project that passes `sojourn check`.

    Example: `sojourn new project tuvalu --country TUV`
    """
    from sojourn.project.templates import write_project

    written = write_project(
        folder, country, keys or Path("~/.config/sojourn") / f"{folder.resolve().name}-{secrets.token_hex(4)}"
    )
    session.screen.say(f"{folder} is a project now. Next: sojourn -p {folder} new source border")
    session.screen.result({"project": str(folder), "files": written})


@new.command("source")
def new_source(
    name: Annotated[str, typer.Argument(help="Short name of the source, such as border.")],
    gives: Annotated[str, typer.Option(help="Contract that the records fill.")] = "movement",
) -> None:
    """Add a documented source to the project.

    Example: `sojourn -p tuvalu new source border --gives movement`
    """
    from sojourn.project.templates import write_source

    written = write_source(session.project, name, gives)
    session.screen.say(f"Edit {written[0]}, then: {session.command} check")
    session.screen.result({"files": written})


@new.command("table")
def new_table(
    name: Annotated[str, typer.Argument(help="Name of the table in capitals, such as INFLOW.")],
    indicator: Annotated[str, typer.Option(help="Indicator that the table breaks down.")],
) -> None:
    """Add a documented table to the project.

    Example: `sojourn -p tuvalu new table INFLOW --indicator immigrants`
    """
    from sojourn.project.templates import write_table

    written = write_table(session.project, name, indicator)
    session.screen.say(f"Edit {written[0]}, then: {session.command} check")
    session.screen.result({"files": written})


@app.command()
def doctor(
    fix: Annotated[
        bool, typer.Option("--fix", help="Repair what can be repaired without a decision.")
    ] = False,
) -> None:
    """Examine the installation and the project: audit trail, versions, unfinished work, fonts, maps.

    Exit code 0 when all is well, 2 when something needs attention.

    Example: `sojourn -p ruritania doctor --fix`
    """
    from sojourn.production.doctor import examine
    from sojourn.production.workspace import open_workspace

    with open_workspace(session.project) as workspace:
        findings = examine(workspace, fix=fix)
    for finding in findings:
        session.screen.say(str(finding))
    session.screen.result([finding.to_json() for finding in findings])
    if any(finding.severity == "error" for finding in findings):
        raise typer.Exit(2)


@people.command("enrol")
def enrol_person(
    person: Annotated[str, typer.Argument(help="Person as declared in strategy/people.yaml.")],
    passphrase_file: Annotated[
        Path | None, typer.Option(help="File that holds the passphrase; asked for otherwise.")
    ] = None,
) -> None:
    """Give a declared person a passphrase, with which they approve and publish.

    Example: `sojourn -p ruritania people enrol checker-1`
    """
    from sojourn.production.accounts import enrol
    from sojourn.production.workspace import open_workspace

    secret = passphrase(person, passphrase_file, confirm=True)
    with open_workspace(session.project) as workspace:
        enrol(workspace, person, secret)
    session.screen.say(f"{person} can now sign in.")
    session.screen.result({"person": person})


def passphrase(person: str, file: Path | None, *, confirm: bool = False) -> str:
    """The passphrase from a file, or asked for where nobody can look on."""
    if file is not None:
        if not file.is_file():
            raise ProjectError(f"There is no file {file}.")
        return file.read_text(encoding="utf-8").strip()
    if not sys.stdin.isatty():
        raise ProjectError(
            "There is no terminal to ask for the passphrase.", "Name a file with --passphrase-file."
        )
    return str(
        typer.prompt(f"Passphrase of {person}", hide_input=True, confirmation_prompt=confirm, err=True)
    )
