"""Ten thousand random steps at the gate: whatever people do, in whatever order, its promises hold.

People change their roles and turn out to be one another between any two acts, bytes of drafts change, the
clock moves. After every step the machine holds the gate against what it saw itself: who voted, who checked,
which bytes were changed; it asks the gate for nothing but what is public and where releases stand.
"""

from __future__ import annotations

import datetime
import json
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from gate_at_hand import DECIDE, GateAtHand, contents, empty_catalogue, gate_at_hand, person
from sojourn.errors import NotPermitted, ProjectError
from sojourn.project.people import Person
from sojourn.release.looking import seen_by

EXAMPLES, STEPS = 225, 50
MOST_RELEASES = 8
NAMES = "abcdefgh"
FIRST_ROLES = (
    ("statistician",),
    ("statistician", "disclosure_checker"),
    ("disclosure_checker",),
    ("disclosure_checker",),
    ("coordinator",),
    ("publisher",),
    ("publisher", "coordinator"),
    ("administrator",),
)
ROLES = (
    *FIRST_ROLES,
    (),
    ("auditor",),
    ("administrator", "disclosure_checker"),
    ("administrator", "publisher"),
)
VOTERS = {"disclosure_checker", "coordinator"}
SHOWN = {"published": "current", "superseded": "superseded", "withdrawn": "withdrawn"}

WHAT = ("accept", "check", "vote", "send_back", "publish", "embargo", "lift", "withdraw", "look")
BETWEEN = (
    "becomes", "who_decided_becomes", "who_decided_becomes", "leaves", "as_at_first", "as_at_first",
    "changes", "mended", "mended", "time_passes", "time_passes", "open_due", "open_due", "refresh",
)  # fmt: skip
BEFORE = (*[""] * 6, "bytes", "people")
Index = st.integers(0, 7)


def at_first(name: str) -> Person:
    """Somebody as on the first day; the sign-in service knows the first by another name."""
    return person(name, *FIRST_ROLES[NAMES.index(name)], subject="anna" if name == "a" else None)


class Seen:
    """What the machine saw of a release."""

    def __init__(self, author: str, human: str) -> None:
        self.author, self.human = author, human
        self.votes: dict[str, bool] = {}
        self.checks: list[str] = []
        self.answers: list[str] = []
        self.set_by: str | None = None
        self.moment: datetime.datetime | None = None
        self.changed: dict[Path, bytes | None] = {}
        self.public: dict[str, bytes] | None = None


class AtTheGate(RuleBasedStateMachine):
    """People, releases and a clock, and what may not happen."""

    empty: ClassVar[Path]
    done: ClassVar[Counter[str]] = Counter()

    def __init__(self) -> None:
        super().__init__()
        self.stack = ExitStack()
        self.folder = Path(tempfile.mkdtemp(dir=self.empty.parent))
        patch = self.stack.enter_context(pytest.MonkeyPatch.context())
        people = {name: at_first(name) for name in NAMES}
        self.hand: GateAtHand = self.stack.enter_context(
            gate_at_hand(patch, self.folder / "local", self.empty, people)
        )
        self.seen: dict[str, Seen] = {}
        self.states: dict[str, str] = {}
        self.is_first_look = True

    def teardown(self) -> None:
        """No byte of anything published was changed by what came later, and the trail is unbroken."""
        for release, seen in self.seen.items():
            if seen.public is not None:
                assert contents(self.hand.public / "releases" / release) == seen.public
        assert self.hand.catalogue.verify() is None
        self.stack.close()
        shutil.rmtree(self.folder)

    # People, as the machine knows them

    def roles_of(self, name: str) -> set[str]:
        one = self.hand.people.get(name)
        return {role.value for role in one.roles} if one is not None else set()

    def human(self, name: str) -> str:
        one = self.hand.people.get(name)
        return (one.subject or name) if one is not None else name

    def administers(self, name: str) -> bool:
        names = [other for other in self.hand.people if self.human(other) == self.human(name)]
        return any("administrator" in self.roles_of(other) for other in {name, *names})

    def could(self, name: str, roles: set[str], seen: Seen | None = None) -> bool:
        """Whether somebody may do, now, what takes one of these roles, on a release of others."""
        is_own = seen is not None and self.human(name) in (seen.human, self.human(seen.author))
        has_role = bool(self.roles_of(name) & roles)
        return name in self.hand.people and has_role and not self.administers(name) and not is_own

    # What people do

    def tried(self, what: str, act: Callable[[], Any]) -> bool:
        """Whether an act was done; the only other thing it may be is refused in words."""
        try:
            act()
        except (NotPermitted, ProjectError):
            self.done[f"{what} refused"] += 1
            return False
        self.done[what] += 1
        return True

    def some(self, number: int) -> tuple[str, Seen]:
        release = list(self.seen)[number % len(self.seen)]
        return release, self.seen[release]

    def who(self, number: int) -> Person:
        return self.hand.people.get(NAMES[number]) or person(NAMES[number])

    @initialize()
    def first_release(self) -> None:
        """There is something to decide on."""
        self.prepare(0, "migration", True)

    @precondition(lambda self: len(self.seen) < MOST_RELEASES)
    @rule(author=Index, identifier=st.sampled_from(["migration", "asylum"]), is_found=st.booleans())
    def prepare(self, author: int, identifier: str, is_found: bool) -> None:
        who = self.who(author)
        self.hand.people.setdefault(who.id, who)
        made: list[str] = []
        found = [DECIDE] if is_found else []
        if self.tried("prepare", lambda: made.append(self.hand.prepared(who.id, identifier, found))):
            assert self.could(who.id, {"statistician"})
            self.seen[made[0]] = Seen(who.id, self.human(who.id))

    @rule(what=st.sampled_from(WHAT), number=Index, who=Index, how=st.integers(0, 99))
    def somebody_tries(self, what: str, number: int, who: int, how: int) -> None:
        """Anybody tries anything on any release."""
        if what == "vote":
            self.vote(number, who, how % 10 > 0)
        elif what == "embargo":
            self.embargo(number, who, how - 20)
        else:
            getattr(self, what)(number, who)

    def accept(self, number: int, who: int) -> None:
        (release, seen), person_ = self.some(number), self.who(who)
        if self.tried("accept", lambda: self.hand.gate.accept(person_, release, 1, "because")):
            assert self.could(person_.id, {"disclosure_checker"}, seen)
            seen.answers = [person_.id]

    def check(self, number: int, who: int) -> None:
        (release, seen), person_ = self.some(number), self.who(who)
        if self.tried("check", lambda: self.hand.gate.check(person_, release)):
            assert self.could(person_.id, {"disclosure_checker"}, seen)
            assert not seen.changed
            seen.checks.append(person_.id)

    def vote(self, number: int, who: int, approves: bool = True) -> None:
        (release, seen), person_ = self.some(number), self.who(who)
        if self.tried("vote", lambda: self.hand.gate.vote(person_, release, approves=approves)):
            assert self.could(person_.id, VOTERS, seen)
            assert not seen.changed
            assert self.human(person_.id) not in {self.human(other) for other in seen.votes}
            seen.votes[person_.id] = approves
            assert len(seen.votes) <= 2

    def send_back(self, number: int, who: int) -> None:
        (release, seen), person_ = self.some(number), self.who(who)
        if self.tried("return", lambda: self.hand.gate.send_back(person_, release, "Mend it.")):
            assert self.could(person_.id, VOTERS, seen)

    def publish(self, number: int, who: int) -> None:
        (release, _), person_ = self.some(number), self.who(who)
        if self.tried("publish", lambda: self.hand.gate.publish(person_, release)):
            assert self.could(person_.id, {"publisher"})

    def embargo(self, number: int, who: int, minutes: int) -> None:
        (release, seen), person_ = self.some(number), self.who(who)
        moment = self.hand.time + datetime.timedelta(minutes=minutes)
        if self.tried("embargo", lambda: self.hand.gate.publish(person_, release, moment)):
            assert self.could(person_.id, {"publisher"})
            assert minutes > 0
            seen.moment, seen.set_by = moment, person_.id

    def lift(self, number: int, who: int) -> None:
        (release, seen), person_ = self.some(number), self.who(who)
        if self.tried("lift", lambda: self.hand.gate.lift_embargo(person_, release)):
            assert self.could(person_.id, {"publisher"})
            seen.moment = None

    def withdraw(self, number: int, who: int) -> None:
        (release, _), person_ = self.some(number), self.who(who)
        if self.tried("withdraw", lambda: self.hand.gate.withdraw(person_, release, {"en": "Wrong."})):
            assert self.could(person_.id, {"publisher"})

    def look(self, number: int, who: int) -> None:
        (release, seen), person_ = self.some(number), self.who(who)
        shown: list[dict[str, Any]] = []
        if self.tried("look", lambda: shown.append(seen_by(self.hand.gate, person_, release))):
            others = [vote for vote in shown[0]["votes"] if vote["person"] != person_.id]
            assert not others or len(seen.votes) == 2

    @precondition(lambda self: self.seen)
    @rule(number=Index, turn=st.integers(0, 3), before=st.sampled_from(BEFORE), how=st.integers(0, 8))
    def go_on(self, number: int, turn: int, before: str, how: int) -> None:
        """The next act on a release by somebody who has the role: random people alone seldom come so far.

        Sometimes a byte of it is changed just before, or one of those who decided on it is another one.
        """
        if before == "bytes":
            self.changes(number, how % 5, False)
        elif before == "people":
            self.who_decided_is_another(number, turn, how)
        self.next_act(number, turn)
        if before:
            self.mended()

    def who_decided_is_another(self, number: int, turn: int, how: int) -> None:
        release, seen = self.some(number)
        deciders = self.deciders(number)
        one = deciders[how % len(deciders)]
        if len(seen.votes) == 1 and turn > 1:
            # Who has voted votes again under another name.
            voter = NAMES.index(next(iter(seen.votes)))
            other = (voter + 1 + how % 3) % 4 + 1
            for each in (voter, other):
                self.becomes(each, FIRST_ROLES[each], "x")
            self.vote(list(self.seen).index(release), other, True)
            return
        if how > 6 and seen.author != "d":
            # The author has left, and decides under another name.
            self.leaves(NAMES.index(seen.author))
            self.becomes(NAMES.index("d"), ("disclosure_checker",), seen.human)
            decide = self.vote if self.states.get(release) == "checked" else self.check
            decide(list(self.seen).index(release), NAMES.index("d"))
            return
        roles = FIRST_ROLES[one] if how % 2 else ROLES[turn + 8 * (how % 4 // 2)]
        # Under that subject they are the first author, the administrator, a checker or nobody else.
        self.becomes(one, roles, ("anna", "h", "c", "x")[turn])

    def next_act(self, number: int, turn: int) -> None:
        release, seen = self.some(number)
        state = self.states.get(release, "prepared")
        roles = {"prepared": {"disclosure_checker"}, "checked": VOTERS}.get(state, {"publisher"})
        able = [NAMES.index(name) for name in NAMES if self.could(name, roles, seen)]
        able = [index for index in able if state != "checked" or NAMES[index] not in seen.votes]
        if not able or state in ("returned", "withdrawn", "superseded"):
            return
        who, place = able[turn % len(able)], list(self.seen).index(release)
        if state == "prepared":
            self.accept(place, who)
            self.check(place, who)
        elif state == "checked":
            self.vote(place, who)
        elif state == "approved" and turn > 1:
            self.embargo(place, who, 45)
        elif state == "embargoed" and turn > 1:
            self.open_due()
            self.time_passes(46)
            self.open_due()
        elif state == "embargoed" and turn == 1:
            self.lift(place, who)
        elif state == "embargoed":
            self.vote(place, NAMES.index("e"))
        elif state == "published":
            self.withdraw(place, who) if turn == 3 else None
        else:
            self.publish(place, who)

    go_further = go_on

    # What happens between acts

    @rule(
        what=st.sampled_from(BETWEEN),
        number=Index,
        roles=st.sampled_from(ROLES),
        subject=st.sampled_from([None, None, None, "anna", "h", "x"]),
        how=st.integers(0, 9),
    )
    def meanwhile(
        self, what: str, number: int, roles: tuple[str, ...], subject: str | None, how: int
    ) -> None:
        """People, bytes and the clock change, and what is due is opened."""
        if what == "becomes":
            self.becomes(number, roles, subject)
        elif what == "who_decided_becomes":
            deciders = self.deciders(number)
            self.becomes(deciders[how % len(deciders)], roles, subject)
        elif what == "leaves":
            self.leaves(number)
        elif what == "changes":
            self.changes(number, how % 5, how > 4)
        elif what == "time_passes":
            self.time_passes(10 * how + 1)
        else:
            getattr(self, what)()

    def becomes(self, number: int, roles: tuple[str, ...], subject: str | None) -> None:
        """Somebody gets other roles, or turns out to be known to the sign-in service as somebody."""
        name = NAMES[number]
        self.hand.people[name] = person(name, *roles, subject=subject)
        self.done["roles changed"] += 1

    def deciders(self, number: int) -> list[int]:
        """Who prepared, checked, voted on or scheduled a release."""
        _, seen = self.some(number)
        names = [
            seen.author,
            *seen.votes,
            *seen.checks,
            *seen.answers,
            *([seen.set_by] if seen.set_by else []),
        ]
        return [NAMES.index(name) for name in names]

    def as_at_first(self) -> None:
        """The people are those of the first day again."""
        self.hand.people.update({name: at_first(name) for name in NAMES})

    def leaves(self, number: int) -> None:
        """Somebody is declared no more."""
        self.hand.people.pop(NAMES[number], None)
        self.done["left"] += 1

    def changes(self, number: int, file: int, is_staged: bool) -> None:
        """A byte of a draft is changed, or a file is added to it, or to the copy that lies ready."""
        release, seen = self.some(number)
        folder = self.hand.gate.drafts / ("embargoed/releases" if is_staged else "releases") / release
        if not folder.is_dir():
            return
        path = [*sorted(path for path in folder.rglob("*") if path.is_file()), folder / "surplus"][file]
        before = path.read_bytes() if path.exists() else None
        path.write_bytes((before or b"") + b" ")
        self.done["bytes changed"] += 1
        if not is_staged:
            seen.changed.setdefault(path, before)

    def mended(self) -> None:
        """Whatever was changed is as it was."""
        for seen in self.seen.values():
            for path, before in seen.changed.items():
                path.unlink() if before is None else path.write_bytes(before)
            seen.changed = {}

    def time_passes(self, minutes: int) -> None:
        self.hand.time += datetime.timedelta(minutes=minutes)

    def open_due(self) -> None:
        """What has reached its moment is published, by whoever set it, if they still may."""
        for release in self.hand.gate.open_due():
            seen = self.seen[release]
            assert seen.moment is not None
            assert seen.moment <= self.hand.time
            assert seen.set_by is not None
            assert self.could(seen.set_by, {"publisher"})
            self.done["opened"] += 1

    def refresh(self) -> None:
        """What the manifest should say it says already."""
        assert not self.hand.gate.public.refresh_manifest()

    # What holds after every step

    @invariant()
    def the_gate_keeps_its_promises(self) -> None:
        self.done["steps"] += not self.is_first_look
        self.is_first_look = False
        rows = _rows(self.hand)
        for row in rows:
            release, state = row["hash"], row["state"]
            if state == "published" and self.states.get(release) not in ("published",):
                self._was_rightly_published(release)
            if state == "embargoed":
                assert self.seen[release].moment is not None
        self.states = {row["hash"]: row["state"] for row in rows}
        public = [row for row in rows if row["state"] in SHOWN]
        self._is_shown(public)
        folder = self.hand.public / "releases"
        lying = {path.name for path in folder.iterdir()} if folder.is_dir() else set()
        assert lying == {row["hash"] for row in public}
        current = Counter(row["id"] for row in public if row["state"] == "published")
        assert all(count == 1 for count in current.values())
        versions = Counter((row["id"], row["version"]) for row in public)
        assert all(count == 1 for count in versions.values())

    def _was_rightly_published(self, release: str) -> None:
        """At the moment of publication: two standing votes of two others, a check, the same bytes."""
        seen = self.seen[release]
        standing = {
            self.human(name)
            for name, approves in seen.votes.items()
            if approves and self.could(name, VOTERS, seen)
        }
        assert len(standing) == 2
        assert any(self.could(name, {"disclosure_checker"}, seen) for name in seen.checks)
        assert all(self.could(name, {"disclosure_checker"}, seen) for name in seen.answers)
        assert not seen.changed
        draft = contents(self.hand.gate.drafts / "releases" / release)
        assert contents(self.hand.public / "releases" / release) == draft
        seen.public = draft

    def _is_shown(self, public: list[dict[str, Any]]) -> None:
        file = self.hand.public / "releases.json"
        listed = json.loads(file.read_bytes())["releases"] if file.exists() else []
        assert {(entry["hash"], entry["status"]) for entry in listed} == {
            (row["hash"], SHOWN[row["state"]]) for row in public
        }
        assert len(listed) == len(public)


def _rows(hand: GateAtHand) -> list[dict[str, Any]]:
    with hand.catalogue.engine.connect() as connection:
        found = connection.exec_driver_sql("SELECT hash, id, version, state FROM release").mappings()
        return [dict(row) for row in found]


def test_ten_thousand_random_steps_break_no_promise(tmp_path):
    AtTheGate.empty = empty_catalogue(tmp_path)
    AtTheGate.done.clear()
    run_state_machine_as_test(
        AtTheGate,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=STEPS,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
    done = AtTheGate.done
    assert done["steps"] >= 10_000
    # It went through the gate often enough to say something, and was turned away often enough.
    assert done["publish"] >= 25, done
    assert done["opened"] >= 5, done
    assert done["withdraw"] >= 5, done
    assert done["publish refused"] >= 50, done
    assert done["vote refused"] >= 50, done
