"""Commands of the gate: prepare, look, accept, check, approve, refuse, return, publish, withdraw, list."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sojourn.cli.app import Commands, app, session
from sojourn.cli.projects import passphrase
from sojourn.errors import NotPermitted

if TYPE_CHECKING:
    from sojourn.production.workspace import Workspace
    from sojourn.project.people import Person
    from sojourn.release import Gate

release = Commands(no_args_is_help=True, help="Bring protected tables before the public.")
app.add_typer(release, name="release")

As = Annotated[str, typer.Option("--as", help="Who you are, as declared in strategy/people.yaml.")]
Secret = Annotated[
    Path | None, typer.Option("--passphrase-file", help="File with your passphrase; asked for otherwise.")
]
Hash = Annotated[
    str,
    typer.Argument(
        metavar="HASH", help="Release as `sojourn release list` shows it; the first digits will do."
    ),
]


@dataclass(frozen=True)
class _AtTheGate:
    """Who stands at the gate with which release."""

    workspace: Workspace
    gate: Gate
    person: Person
    release: str


@contextmanager
def _at_the_gate(
    release_hash: str, person: str, secret: Path | None, *, writes: bool = False
) -> Iterator[_AtTheGate]:
    """The gate with one release, for somebody who has signed in; with `writes`, alone."""
    from sojourn.production.accounts import signed_in
    from sojourn.production.publishing import full_hash, gate_of
    from sojourn.production.workspace import open_workspace

    with open_workspace(session.project) as workspace:
        who = signed_in(workspace, person, passphrase(person, secret))
        gate = gate_of(workspace)
        chosen = full_hash(gate, release_hash)
        with workspace.store.one_writer() if writes else nullcontext():
            yield _AtTheGate(workspace, gate, who, chosen)


@release.command("prepare")
def prepare(
    identifier: Annotated[
        str, typer.Argument(metavar="RELEASE", help="Release as declared under releases/.")
    ],
    person: As,
    secret: Secret = None,
) -> None:
    """Make the release that others are to decide on: protected tables, descriptions, downloads, findings.

    Example: `sojourn -p ruritania release prepare 2024 --as statistician-1`
    """
    from sojourn.production.accounts import signed_in
    from sojourn.production.publishing import gate_of, prepare_release
    from sojourn.production.workspace import open_workspace
    from sojourn.release.records import findings_of

    with open_workspace(session.project) as workspace:
        author = signed_in(workspace, person, passphrase(person, secret))
        with session.screen.progress(f"Preparing {identifier}") as report:
            made = prepare_release(workspace, author, identifier, on_progress=report)
        found = findings_of(gate_of(workspace).catalogue, made)
    session.screen.say(f"Prepared {made}.")
    _say_findings(found)
    session.screen.say(f"Next, by a disclosure checker: {session.command} release check {made[:12]} --as …")
    session.screen.result({"release": identifier, "hash": made, "findings": found})


@release.command("look")
def look(release_hash: Hash, person: As, secret: Secret = None) -> None:
    """Show what was found about a release, what was said, and the votes that you may see.

    Example: `sojourn -p ruritania release look 1f2e3d4c5b6a --as checker-1`
    """
    from sojourn.release.looking import seen_by

    with _at_the_gate(release_hash, person, secret) as here:
        seen = seen_by(here.gate, here.person, here.release)
    session.screen.say(f"Release {here.release[:12]}, {seen['id']} v{seen['version']}, is {seen['state']}.")
    _say_findings(seen["findings"])
    for each in seen["remarks"]:
        session.screen.say(f"{each['at'][:16]}  {each['person']} ({each['kind']}): {each['text'] or '–'}")
    for vote in seen["votes"]:
        session.screen.say(
            f"{vote['at'][:16]}  {vote['person']} {vote['decision']}: {vote['comment'] or '–'}"
        )
    session.screen.result(seen)


def _say_findings(found: list[dict[str, object]]) -> None:
    if not found:
        session.screen.say("Nothing was found that speaks against it.")
    for each in found:
        answered = f" Answered for by {each['decided_by']}: {each['reason']}" if each["decided_by"] else ""
        session.screen.say(
            f"{each['number']:>3}  {each['severity']:<6}  {each['subject']}: {each['text']}{answered}"
        )


@release.command("accept")
def accept(
    release_hash: Hash,
    number: Annotated[int, typer.Argument(help="Number of the finding, as `sojourn release look` shows it.")],
    person: As,
    because: Annotated[str, typer.Option(help="Why the release may pass in spite of it.")],
    secret: Secret = None,
) -> None:
    """Answer for a finding by name, with a reason; what blocks a release nobody can answer for.

    Example: `sojourn -p ruritania release accept 1f2e3d4c5b6a 2 --as checker-1 --because "Households"`
    """
    with _at_the_gate(release_hash, person, secret) as here:
        here.gate.accept(here.person, here.release, number, because)
    session.screen.say(f"{person} answers for finding {number} of release {here.release[:12]}.")
    session.screen.result({"hash": here.release, "finding": number})


@release.command("check")
def check(
    release_hash: Hash,
    person: As,
    secret: Secret = None,
    comment: Annotated[str, typer.Option(help="What the voters should know.")] = "",
) -> None:
    """Say as a disclosure checker that a release may be voted on: all that was found is answered for.

    Example: `sojourn -p ruritania release check 1f2e3d4c5b6a --as checker-1`
    """
    with _at_the_gate(release_hash, person, secret) as here:
        state = here.gate.check(here.person, here.release, comment)
    session.screen.say(
        f"Release {here.release[:12]} is {state}.\nNext, by two people other than its author:"
        f" {session.command} release approve {here.release[:12]} --as …"
    )
    session.screen.result({"hash": here.release, "state": str(state)})


@release.command("return")
def send_back(
    release_hash: Hash,
    person: As,
    because: Annotated[str, typer.Option(help="What is to be mended; the author sees it.")],
    secret: Secret = None,
) -> None:
    """Return a release that is not public yet to its author, with reasons.

    Example: `sojourn -p ruritania release return 1f2e3d4c5b6a --as checker-1 --because "Totals do not agree"`
    """
    with _at_the_gate(release_hash, person, secret, writes=True) as here:
        state = here.gate.send_back(here.person, here.release, because)
    session.screen.say(f"Release {here.release[:12]} is {state} to its author.")
    session.screen.result({"hash": here.release, "state": str(state)})


@release.command("approve")
def approve(
    release_hash: Hash,
    person: As,
    secret: Secret = None,
    comment: Annotated[str, typer.Option(help="What should be known once both votes are in.")] = "",
) -> None:
    """Approve exactly the bytes behind this hash; two people must, neither of whom sees the other's vote.

    Example: `sojourn -p ruritania release approve 1f2e3d4c5b6a --as checker-1`
    """
    _vote(release_hash, person, secret, comment, approves=True)


@release.command("refuse")
def refuse(
    release_hash: Hash,
    person: As,
    because: Annotated[str, typer.Option(help="Why; the author sees it once both votes are in.")],
    secret: Secret = None,
) -> None:
    """Vote against a release; it is returned to its author once both votes are in.

    Example: `sojourn -p ruritania release refuse 1f2e3d4c5b6a --as checker-1 --because "Totals do not agree"`
    """
    _vote(release_hash, person, secret, because, approves=False)


def _vote(release_hash: str, person: str, secret: Path | None, comment: str, *, approves: bool) -> None:
    from sojourn.release.votes import VOTES_NEEDED

    with _at_the_gate(release_hash, person, secret) as here:
        state = here.gate.vote(here.person, here.release, approves=approves, comment=comment)
        votes = next(row["votes"] for row in here.gate.releases() if row["hash"] == here.release)
    session.screen.say(f"Your vote is in: {votes} of {VOTES_NEEDED}. Release {here.release[:12]} is {state}.")
    session.screen.result({"hash": here.release, "state": str(state), "votes": votes})


@release.command("publish")
def publish(
    release_hash: Hash,
    person: As,
    secret: Secret = None,
    at: Annotated[
        datetime.datetime | None,
        typer.Option(
            help="Moment of publication, with its offset from UTC; until then nothing of it is public.",
            formats=["%Y-%m-%dT%H:%M%z", "%Y-%m-%dT%H:%M:%S%z"],
            metavar="2026-06-15T09:00+02:00",
        ),
    ] = None,
) -> None:
    """Bring an approved release before the public, now or at a moment; an earlier one is superseded and kept.

    Example: `sojourn -p ruritania release publish 1f2e3d4c5b6a --as publisher-1 --at 2026-06-15T09:00+02:00`
    """
    with _at_the_gate(release_hash, person, secret, writes=True) as here:
        state = here.gate.publish(here.person, here.release, at)
    if at is None:
        told = f"is published. Look at it: {session.command} serve portal"
    else:
        told = (
            f"waits until {at.isoformat()}. It is published then if this runs:"
            f" {session.command} release open-embargoes --wait"
        )
    session.screen.say(f"Release {here.release[:12]} {told}")
    session.screen.result({"hash": here.release, "state": str(state)})


@release.command("lift-embargo")
def lift_embargo(release_hash: Hash, person: As, secret: Secret = None) -> None:
    """Take back the moment at which an approved release would be published.

    Example: `sojourn -p ruritania release lift-embargo 1f2e3d4c5b6a --as publisher-1`
    """
    with _at_the_gate(release_hash, person, secret, writes=True) as here:
        state = here.gate.lift_embargo(here.person, here.release)
    session.screen.say(f"Release {here.release[:12]} is {state}, and waits for no moment.")
    session.screen.result({"hash": here.release, "state": str(state)})


@release.command("open-embargoes")
def open_embargoes(
    wait: Annotated[
        bool, typer.Option("--wait", help="Stay until every release that waits has reached its moment.")
    ] = False,
) -> None:
    """Publish what has reached its moment; with --wait, to the second. Nobody needs to sign in for it.

    Exit code 4 when a release could not be published, since a decision on it stands no more.

    Example: `sojourn -p ruritania release open-embargoes --wait`
    """
    from sojourn.production.embargoes import opened_embargoes
    from sojourn.production.workspace import open_workspace

    found, kept_back = [], []

    def told(release_hash: str, error: NotPermitted) -> None:
        session.screen.note(f"Release {release_hash[:12]} is not published. {error}")
        kept_back.append(release_hash)

    with open_workspace(session.project) as workspace:
        for made in opened_embargoes(workspace, wait=wait, on_kept_back=told):
            session.screen.say(f"Release {made[:12]} is published.")
            found.append(made)
    session.screen.result({"published": found, "kept_back": kept_back})
    if kept_back:
        raise typer.Exit(NotPermitted.exit_code)


@release.command("withdraw")
def withdraw(
    release_hash: Hash,
    person: As,
    reason: Annotated[str, typer.Option(help="Why; readers will see it.")],
    secret: Secret = None,
) -> None:
    """Take a published release back; its place says why.

    Example: `sojourn -p ruritania release withdraw 1f2e3d4c5b6a --as publisher-1 --reason "Wrong period"`
    """
    with _at_the_gate(release_hash, person, secret, writes=True) as here:
        language = here.workspace.declarations.settings.languages[0]
        here.gate.withdraw(here.person, here.release, {language: reason})
    session.screen.say(f"Release {here.release[:12]} is withdrawn.")
    session.screen.result({"hash": here.release, "state": "withdrawn"})


@release.command("list")
def list_releases() -> None:
    """List releases with their states and how many votes are in.

    Example: `sojourn -p ruritania release list`
    """
    from sojourn.production.publishing import listed_releases
    from sojourn.production.workspace import open_workspace

    with open_workspace(session.project) as workspace:
        rows = listed_releases(workspace)
    for row in rows:
        moment = f"  until {row['embargo'][:16]} UTC" if row["state"] == "embargoed" else ""
        session.screen.say(
            f"{row['hash'][:12]}  {row['id']} v{row['version']}  {row['state']:<10} {row['votes']}"
            f" votes  by {row['author']}{moment}"
        )
    shown = ("hash", "id", "version", "state", "author", "votes", "prepared_at", "published_at", "embargo")
    session.screen.result([{name: row[name] for name in shown} for row in rows])
