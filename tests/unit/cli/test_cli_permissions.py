"""Every command by every role: those whom the hand-written table names are let through, nobody else is.

Commands of the gate are given by people who sign in, the others by the login that is at work. What is allowed
ends well, or with the mistake that this project has on purpose; what is not ends with exit code 4. Commands
are given in this process; the first refusal of each also in a process of its own.
"""

from __future__ import annotations

import contextlib
import io
import os
import pwd
import re
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import sqlalchemy as sa
import typer.main
from argon2 import PasswordHasher

from gate_at_hand import GateAtHand, write_few_files
from loaded_commands import LoadedCommands
from permission_matrix import COMMANDS, OPERATOR, ROLES, Object, may
from small_project import HEADER, PEOPLE, crossing, write_small_project
from sojourn.catalogue import schema
from sojourn.cli import app
from sojourn.cli.app import _guarded
from sojourn.errors import NotPermitted
from sojourn.production.doctor import gate_of
from sojourn.production.workspace import open_workspace
from sojourn.release import State

# Built once: that takes longer than most commands.
APPLICATION = typer.main.get_command(app)
SECRET = "a passphrase for tests of permissions"
NOBODY = "nobody"
# Modules whose commands all have a line in the table, and single commands of others.
MODULES = ("sojourn.cli.gate", "sojourn.cli.deliveries", "sojourn.cli.review", "sojourn.cli.keys")
BESIDE = ("run",)
# The state in which a command of the gate finds a release, and what it is given beside the hash.
AT_THE_GATE = {
    "release look": (State.PREPARED, []),
    "release accept": (State.PREPARED, ["99", "--because", "looked at"]),
    "release check": (State.PREPARED, []),
    "release return": (State.CHECKED, ["--because", "Totals do not agree."]),
    "release approve": (State.CHECKED, []),
    "release refuse": (State.CHECKED, ["--because", "Totals do not agree."]),
    "release publish": (State.APPROVED, []),
    "release lift-embargo": (State.EMBARGOED, []),
    "release withdraw": (State.PUBLISHED, ["--reason", "Wrong period."]),
}
# Whoever may gets as far as this mistake, which is not about permissions.
MISTAKEN = {
    "release prepare", "release accept", "receive", "quarantine", "run", "review sample", "review list",
    "review report",
}  # fmt: skip


def every_command(command: object, above: tuple[str, ...] = ()) -> Iterator[tuple[str, str]]:
    """The commands of an application with the modules that they stand in."""
    below = getattr(command, "commands", None)
    if below is None:
        yield " ".join(above), command.callback.__module__  # type: ignore[attr-defined]
        return
    for name, each in below.items():
        yield from every_command(each, (*above, name))


def test_no_command_about_releases_deliveries_runs_review_or_keys_lacks_a_line_in_the_table():
    commands = dict(every_command(APPLICATION))
    assert len(commands) >= 50
    wanted = {name for name, module in commands.items() if module in MODULES or name in BESIDE}
    assert wanted == set(COMMANDS)


def is_allowed(command: str, role: str) -> bool:
    """What the table says of a command and a role, on the release or delivery of somebody else."""
    line = COMMANDS[command]
    return line == "everybody" or may(line, [] if role == NOBODY else [role], Object())


@dataclass
class Server:
    """A server with a project, on which people sign in and work."""

    project: Path
    commands: LoadedCommands
    secret: Path
    hand: GateAtHand
    given: set[str] = field(default_factory=set)
    login: str = field(default_factory=lambda: pwd.getpwuid(os.getuid()).pw_name)

    def who_is_at_work(self, role: str) -> None:
        """Declare the login of this process as somebody of a role, or nobody at all."""
        me = "" if role == OPERATOR else self.declared("me", role, account=self.login)
        roles = "".join(self.declared(f"by-{each}", each) for each in (*ROLES, NOBODY))
        file = self.project / "strategy/people.yaml"
        file.write_text(PEOPLE + roles + me, encoding="utf-8")

    @staticmethod
    def declared(name: str, role: str, account: str | None = None) -> str:
        login = f", account: {account}" if account is not None else ""
        roles = "" if role == NOBODY else role
        return f"- {{id: {name.replace('_', '-')}, organisation: nso, roles: [{roles}]{login}}}\n"

    def code(self, command: str, *words: object) -> tuple[int, str]:
        """Give a command in this process, and say how it ended and in which words.

        One in so many is given in a process of its own as well, with the same end.
        """
        given = ["-p", str(self.project), *command.split(), *map(str, words)]
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = _guarded(lambda: APPLICATION.main(given, standalone_mode=False))
        if code == NotPermitted.exit_code and command not in self.given:
            self.given.add(command)
            assert self.commands.run(*given).returncode == code
        return code, err.getvalue()

    def said(self, *words: str | object) -> str:
        """What a command that ends well says."""
        command, *rest = words
        done = self.commands.run("-p", self.project, *str(command).split(), *rest)
        assert done.returncode == 0, done.stderr
        return done.stdout + done.stderr

    def signed(self, role: str) -> list[object]:
        return ["--as", f"by-{role}".replace("_", "-"), "--passphrase-file", self.secret]


@pytest.fixture
def server(tmp_path: Path, commands: LoadedCommands, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """A small project with a delivery, in which everybody has a passphrase that is quick to prove."""
    project = write_small_project(tmp_path / "ruritania", tmp_path / "keys")
    secret = tmp_path / "secret"
    secret.write_text(SECRET)
    monkeypatch.setattr("sojourn.release.gate.write_release_folder", write_few_files)
    quick = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(SECRET)
    with open_workspace(project) as workspace:
        gate = gate_of(workspace)
        people = dict(workspace.declarations.people)
        people |= {"anna": people["statistician-1"], "carl": people["checker-1"], "dora": people["checker-2"]}
        people |= {"fred": people["publisher-1"]}
        gate.people = people
        hand = GateAtHand(tmp_path, workspace.catalogue, people, gate)
        hand.time = hand.time.now(hand.time.tzinfo)
        made = Server(project, commands, secret, hand)
        made.who_is_at_work(OPERATOR)
        with workspace.catalogue.act("test", "enrol", "people") as act:
            for role in (*ROLES, NOBODY):
                name = f"by-{role}".replace("_", "-")
                act.insert(schema.account, person=name, passphrase_hash=quick, enrolled_at="2026-01-01")
            texts = {c.name: "none" for c in schema.delivery.c if isinstance(c.type, sa.String)}
            counts = {c.name: 0 for c in schema.delivery.c if isinstance(c.type, sa.BigInteger)}
            about = {"source": "border", "state": "held", "repairs": None, "supersedes": None}
            for role in (*ROLES, NOBODY, OPERATOR):
                act.insert(schema.delivery, **(texts | counts | about | {"id": f"d-{role}"[:16]}))
        yield made


def test_every_command_of_the_gate_lets_through_the_roles_that_the_table_names(server: Server):
    """Each on a release of somebody else; own releases are tried on the gate itself."""
    server.hand.gate.people = server.hand.people
    given: Counter[int] = Counter()
    for command, (state, words) in AT_THE_GATE.items():
        made: str | None = None
        for role in (*ROLES, NOBODY):
            if made is None:
                made = server.hand.in_state(
                    state, "anna", f"{command.split()[1]}-{next(server.hand.numbers)}"
                )
            allowed = is_allowed(command, role)
            code, told = server.code(command, made, *words, *server.signed(role))
            wanted = (2 if command in MISTAKEN else 0) if allowed else NotPermitted.exit_code
            assert code == wanted, (command, role, told)
            given[code] += 1
            if allowed and server.hand.state(made) is not state:
                made = None
    for role in (*ROLES, NOBODY):
        code, told = server.code("release prepare", "2024", *server.signed(role))
        allowed = is_allowed("release prepare", role)
        assert code == (2 if allowed else NotPermitted.exit_code), (role, told)
    assert sum(given.values()) == len(AT_THE_GATE) * 8


def test_every_other_command_lets_through_the_roles_that_the_table_names(server: Server, tmp_path: Path):
    border = tmp_path / "border.csv"
    border.write_text(f"{HEADER}\n{crossing(1)}\n", encoding="utf-8")
    given = {
        "receive": ["border", tmp_path / "absent.csv"],
        "deliveries": [],
        "withdraw-delivery": ["d-{role}", "--because", "Not theirs."],
        "quarantine": ["d-{role}", border],
        "template": ["border", "{folder}/{role}.csv"],
        "propose": [border],
        "run": ["ABSENT"],
        "review sample": [],
        "review list": [],
        "review report": [],
        "release list": [],
        "release open-embargoes": [],
    }
    assert {*given, *AT_THE_GATE, "release prepare", "keys rotate"} == set(COMMANDS)
    for role in (OPERATOR, *ROLES, NOBODY):
        server.who_is_at_work(role)
        for command, words in given.items():
            allowed = is_allowed(command, role)
            named = [str(word).format(role=role, folder=tmp_path)[:200] for word in words]
            named = [word[:16] if word.startswith("d-") else word for word in named]
            code, told = server.code(command, *named)
            wanted = (2 if command in MISTAKEN else 0) if allowed else NotPermitted.exit_code
            assert code == wanted, (command, role, told)


def test_a_key_is_changed_by_the_roles_that_the_table_names(server: Server, tmp_path: Path):
    server.project = write_small_project(tmp_path / "other", tmp_path / "other-keys")
    for role in (OPERATOR, *ROLES, NOBODY):
        server.who_is_at_work(role)
        code, told = server.code("keys rotate", "--because", "yearly")
        wanted = 0 if is_allowed("keys rotate", role) else NotPermitted.exit_code
        assert code == wanted, (role, told)


def test_commands_of_three_voters_at_once_leave_two_votes(server: Server):
    """Processes of their own, which know of one another through the catalogue alone."""
    voters = ("disclosure_checker", "coordinator", "disclosure_checker")
    with ThreadPoolExecutor(len(voters)) as pool:
        for _ in range(6):
            made = server.hand.in_state(State.CHECKED, "anna", f"race-{next(server.hand.numbers)}")
            given = [
                ["-p", server.project, "release", "approve", made, *server.signed(role)] for role in voters
            ]
            codes = Counter(
                done.returncode for done in pool.map(lambda words: server.commands.run(*words), given)
            )
            # Of the two who are one person one is refused.
            assert codes == {0: 2, NotPermitted.exit_code: 1}
            votes = server.hand.votes(made)
            assert sorted(vote["person"] for vote in votes) == ["by-coordinator", "by-disclosure-checker"]
            assert server.hand.state(made) is State.APPROVED


def test_no_command_tells_an_approval_from_a_refusal_before_the_second_vote(server: Server):
    told = []
    for command in ("approve", "refuse"):
        made = server.hand.in_state(State.CHECKED, "anna", "blind")
        words = ["--because", "Totals do not agree."] if command == "refuse" else []
        seen = [server.said(f"release {command}", made, *words, *server.signed("disclosure_checker"))]
        seen.append(server.said("release look", made, *server.signed("coordinator")))
        seen.append(server.said("release look", made, *server.signed("statistician")))
        seen.append("\n".join(line for line in server.said("release list").splitlines() if made[:12] in line))
        told.append([re.sub(r"\b[0-9a-f]{12,64}\b|\d{4}-\d\d-\d\dT[\d:.+]*", "…", text) for text in seen])
    assert told[0] == told[1]
    assert "1 of 2" in told[0][0]
