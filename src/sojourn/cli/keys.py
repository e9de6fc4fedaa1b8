"""Commands about the project's keys."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from sojourn.cli.app import Commands, app, session

if TYPE_CHECKING:
    from sojourn.production.key_rotation import Rotation

keys = Commands(no_args_is_help=True, help="The key that pseudonyms are made with.")
app.add_typer(keys, name="keys")


@keys.command("rotate")
def rotate(
    because: Annotated[str, typer.Option(help="Why; goes into the audit trail.")] = "",
    again: Annotated[
        bool, typer.Option("--again", help="Change a key that was changed within the last day.")
    ] = False,
    old_key_is_lost: Annotated[
        bool,
        typer.Option("--old-key-is-lost", help="Make everything anew, since the old key is gone for good."),
    ] = False,
) -> None:
    """Put a new key in force, move every record to it, and destroy the old one.

    Persons keep their histories and get new pseudonyms; what was handed out under the old ones cannot be
    joined with what is here. Releases are not touched. Interrupted, the same command goes on.

    Exit code 2 when a secret manager still gives the old key.

    Example: `sojourn -p ruritania keys rotate --because "yearly change"`
    """
    from sojourn.production.key_rotation import rotate_key
    from sojourn.production.workspace import open_workspace

    with (
        open_workspace(session.project, is_key_lost=old_key_is_lost) as workspace,
        session.screen.progress("Reading deliveries under the new key") as report,
    ):
        found = rotate_key(
            workspace, is_old_lost=old_key_is_lost, again=again, because=because, on_delivery=report
        )
    session.screen.say(_told(found))
    session.screen.result(found.to_json())
    if found.state == "old-key-remains":
        raise typer.Exit(2)


def _told(found: Rotation) -> str:
    if found.state == "nothing-to-do":
        again = f"{session.command} keys rotate --again"
        return (
            f"The key was changed within the last day; nothing is left to do. To change it once more: {again}"
        )
    if found.state == "old-key-remains":
        return (
            "The new key is in force. The secret manager still gives the old one: remove it there, and give"
            " the same command again."
        )
    lines = [
        "The new key is in force, and the old one is destroyed. Keep a copy of the new one, and destroy"
        " every copy of the old."
    ]
    if found.deliveries:
        persons = found.persons
        lines.append(
            f"{found.deliveries} deliveries were read under the new key; {persons.records} records tell the"
            f" same {persons.after} persons apart as before."
        )
    if found.not_compared:
        lines.append(
            f"{found.not_compared} deliveries had last been read by other code or declarations: their persons"
            " could not be held against those before."
        )
    if found.deliveries:
        lines.append(f"Next: {session.command} doctor")
    return "\n".join(lines)
