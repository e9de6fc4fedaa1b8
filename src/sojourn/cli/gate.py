"""Commands of the gate: prepare, approve, reject, publish, withdraw, list."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sojourn.cli.app import app, session
from sojourn.cli.projects import passphrase

release = typer.Typer(no_args_is_help=True, help="Bring protected tables before the public.")
app.add_typer(release, name="release")

As = Annotated[str, typer.Option("--as", help="Who you are, as declared in strategy/people.yaml.")]
Secret = Annotated[
    Path | None, typer.Option("--passphrase-file", help="File with your passphrase; asked for otherwise.")
]


@release.command("prepare")
def prepare(
    identifier: Annotated[
        str, typer.Argument(metavar="RELEASE", help="Release as declared under releases/.")
    ],
    person: As,
    secret: Secret = None,
) -> None:
    """Make the release that others are to approve: protected tables, descriptions, downloads.

    Example: `sojourn -p ruritania release prepare 2024 --as statistician-1`
    """
    from sojourn.production.accounts import signed_in
    from sojourn.production.publishing import prepare_release
    from sojourn.production.workspace import open_workspace

    with open_workspace(session.project) as workspace:
        author = signed_in(workspace, person, passphrase(person, secret))
        with session.screen.progress(f"Preparing {identifier}") as report:
            made = prepare_release(workspace, author, identifier, on_progress=report)
    session.screen.say(
        f"Prepared {made}.\nNext, by two other people: {session.command} release approve {made[:12]} --as …"
    )
    session.screen.result({"release": identifier, "hash": made})


@release.command("approve")
def approve(
    release_hash: Annotated[
        str,
        typer.Argument(
            metavar="HASH", help="Release as `sojourn release list` shows it; the first digits will do."
        ),
    ],
    person: As,
    secret: Secret = None,
    comment: Annotated[str, typer.Option(help="What the others should know.")] = "",
) -> None:
    """Approve exactly the bytes behind this hash; a release needs two approvals.

    Example: `sojourn -p ruritania release approve 1f2e3d4c5b6a --as checker-1`
    """
    _decide(release_hash, person, secret, comment, approves=True)


@release.command("reject")
def reject(
    release_hash: Annotated[
        str,
        typer.Argument(
            metavar="HASH", help="Release as `sojourn release list` shows it; the first digits will do."
        ),
    ],
    person: As,
    secret: Secret = None,
    comment: Annotated[str, typer.Option(help="What the others should know.")] = "",
) -> None:
    """Refuse a release and say why.

    Example: `sojourn -p ruritania release reject 1f2e3d4c5b6a --as checker-1 --comment "Totals do not agree"`
    """
    _decide(release_hash, person, secret, comment, approves=False)


def _decide(release_hash: str, person: str, secret: Path | None, comment: str, *, approves: bool) -> None:
    from sojourn.production.accounts import signed_in
    from sojourn.production.publishing import full_hash, gate_of
    from sojourn.production.workspace import open_workspace
    from sojourn.release.gate import APPROVALS_NEEDED

    with open_workspace(session.project) as workspace:
        who = signed_in(workspace, person, passphrase(person, secret))
        gate = gate_of(workspace)
        chosen = full_hash(gate, release_hash)
        state = gate.decide(who, chosen, approves=approves, comment=comment)
        given = next(row["approvals"] for row in gate.releases() if row["hash"] == chosen)
    session.screen.say(f"Release {chosen[:12]} is {state}: {given} of {APPROVALS_NEEDED} approvals.")
    session.screen.result({"hash": chosen, "state": str(state), "approvals": given})


@release.command("publish")
def publish(
    release_hash: Annotated[
        str,
        typer.Argument(
            metavar="HASH", help="Release as `sojourn release list` shows it; the first digits will do."
        ),
    ],
    person: As,
    secret: Secret = None,
) -> None:
    """Bring an approved release before the public; an earlier one of the same name is superseded and kept.

    Example: `sojourn -p ruritania release publish 1f2e3d4c5b6a --as publisher-1`
    """
    from sojourn.production.accounts import signed_in
    from sojourn.production.publishing import full_hash, gate_of
    from sojourn.production.workspace import open_workspace

    with open_workspace(session.project) as workspace:
        who = signed_in(workspace, person, passphrase(person, secret))
        gate = gate_of(workspace)
        chosen = full_hash(gate, release_hash)
        with workspace.store.one_writer():
            gate.publish(who, chosen)
    session.screen.say(f"Release {chosen[:12]} is published. Look at it: {session.command} serve portal")
    session.screen.result({"hash": chosen, "state": "published"})


@release.command("withdraw")
def withdraw(
    release_hash: Annotated[
        str,
        typer.Argument(
            metavar="HASH", help="Release as `sojourn release list` shows it; the first digits will do."
        ),
    ],
    person: As,
    reason: Annotated[str, typer.Option(help="Why; readers will see it.")],
    secret: Secret = None,
) -> None:
    """Take a published release back; its place says why.

    Example: `sojourn -p ruritania release withdraw 1f2e3d4c5b6a --as publisher-1 --reason "Wrong period"`
    """
    from sojourn.production.accounts import signed_in
    from sojourn.production.publishing import full_hash, gate_of
    from sojourn.production.workspace import open_workspace

    with open_workspace(session.project) as workspace:
        who = signed_in(workspace, person, passphrase(person, secret))
        gate = gate_of(workspace)
        chosen = full_hash(gate, release_hash)
        with workspace.store.one_writer():
            gate.withdraw(who, chosen, {workspace.declarations.settings.languages[0]: reason})
    session.screen.say(f"Release {chosen[:12]} is withdrawn.")
    session.screen.result({"hash": chosen, "state": "withdrawn"})


@release.command("list")
def list_releases() -> None:
    """List releases with their states and approvals.

    Example: `sojourn -p ruritania release list`
    """
    from sojourn.production.publishing import gate_of
    from sojourn.production.workspace import open_workspace

    with open_workspace(session.project) as workspace:
        rows = gate_of(workspace).releases()
    for row in rows:
        session.screen.say(
            f"{row['hash'][:12]}  {row['id']} v{row['version']}  {row['state']:<10} {row['approvals']}"
            f" approvals  by {row['author']}"
        )
    shown = ("hash", "id", "version", "state", "author", "approvals", "prepared_at", "published_at")
    session.screen.result([{name: row[name] for name in shown} for row in rows])
