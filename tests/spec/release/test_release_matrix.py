"""Roles by acts by objects by states, at the gate: what the hand-written table allows is done, nothing else.

Every cell is an act of the real gate. What is refused leaves the release and its public zone as they were,
and one event in the trail.
"""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Callable, Mapping
from itertools import product

import pytest

from gate_at_hand import DECIDE, GateAtHand, person
from permission_matrix import ACTS, ROLES, Object, becomes, combinations_of_roles, may
from sojourn.errors import NotPermitted
from sojourn.project.people import Person, Role
from sojourn.project.permissions import acts
from sojourn.release import State
from sojourn.release.looking import seen_by
from sojourn.release.states import ALLOWED, require_transition

Act = Callable[[GateAtHand, Person, str], object]
ACTS_ON_RELEASES: Mapping[str, Act] = {
    "release-look": lambda hand, who, made: seen_by(hand.gate, who, made),
    "release-accept": lambda hand, who, made: hand.gate.accept(who, made, 1, "because"),
    "release-check": lambda hand, who, made: hand.gate.check(who, made),
    "release-return": lambda hand, who, made: hand.gate.send_back(who, made, "Totals do not agree."),
    "release-vote": lambda hand, who, made: hand.gate.vote(who, made, approves=True),
    "release-embargo": lambda hand, who, made: hand.gate.publish(
        who, made, hand.time + datetime.timedelta(days=1)
    ),
    "lift-embargo": lambda hand, who, made: hand.gate.lift_embargo(who, made),
    "release-publish": lambda hand, who, made: hand.gate.publish(who, made),
    "release-withdraw": lambda hand, who, made: hand.gate.withdraw(who, made, {"en": "Wrong period."}),
}
# Who prepared the release: the one who acts, the same human being under another name, or somebody else.
AUTHORS = {"me": True, "also-me": True, "anna": False}
ROLE_OF_THE_TABLE = {"lift-embargo": "release-embargo"}


class Shelf:
    """A release in each state by each author, taken off when an act has changed it."""

    def __init__(self, hand: GateAtHand) -> None:
        self.hand, self.kept = hand, {}
        self.cells: Counter[str] = Counter()

    def release(self, state: State, author: str) -> str:
        """A release in a state; what was found about one that is prepared is answered for."""
        if (state, author) not in self.kept:
            people = self.hand.people
            now = dict(people)
            people.update({name: person(name, "statistician") for name in AUTHORS})
            name = f"{state}-{author}-{next(self.hand.numbers)}"
            if state is State.PREPARED:
                made = self.hand.prepared(author, name, found=[DECIDE])
                self.hand.gate.accept(people["carl"], made, 1, "because")
            else:
                made = self.hand.in_state(state, author, name)
            people.clear()
            people.update(now)
            self.kept[state, author] = made
        return self.kept[state, author]

    def tried(self, roles: tuple[str, ...], act: str, state: State, author: str) -> None:
        """One cell of the matrix."""
        hand = self.hand
        release = self.release(state, author)
        for name in ("me", "also-me"):
            hand.people[name] = person(name, *roles, subject="me@nso")
        about = Object(is_own_work=AUTHORS[author])
        is_allowed = may(ROLE_OF_THE_TABLE.get(act, act), roles, about)
        wanted = becomes(act, state) if is_allowed else None
        before = _last_event(hand)
        try:
            ACTS_ON_RELEASES[act](hand, hand.people["me"], release)
            found: str | None = hand.state(release)
        except NotPermitted:
            found = None
        assert found == wanted, (roles, act, state, author)
        event = _last_event(hand)
        assert event == (before[0] + 1, "me", "done" if wanted else "failed"), (roles, act, state, author)
        if wanted is None:
            assert hand.state(release) is state
            self.cells["refused"] += 1
        else:
            self.cells["done"] += 1
            del self.kept[state, author]


def _last_event(hand: GateAtHand) -> tuple[int, str, str]:
    with hand.catalogue.engine.connect() as connection:
        query = "SELECT sequence, actor, outcome FROM audit_event ORDER BY sequence DESC LIMIT 1"
        return tuple(connection.exec_driver_sql(query).one())  # type: ignore[return-value]


def test_each_role_does_each_act_in_each_state_on_own_and_others_releases_only_as_the_table_says(hand):
    shelf = Shelf(hand)
    cells = product([(), *((role,) for role in ROLES)], ACTS_ON_RELEASES, State, AUTHORS)
    for roles, act, state, author in cells:
        shelf.tried(roles, act, state, author)
    # 8 sets of roles × 9 acts × 8 states × 3 authors
    assert sum(shelf.cells.values()) == 1_728
    assert shelf.cells["done"] >= 150
    assert shelf.cells["refused"] >= 1_400


def test_every_two_roles_do_each_act_only_as_the_table_says(hand):
    """In the first state in which the act can be done at all."""
    shelf = Shelf(hand)
    pairs = [roles for roles in combinations_of_roles() if len(roles) == 2]
    for roles, act, author in product(pairs, ACTS_ON_RELEASES, ("also-me", "anna")):
        state = next(state for state in State if becomes(act, state) is not None)
        shelf.tried(roles, act, state, author)
    # 21 pairs × 9 acts × 2 authors
    assert sum(shelf.cells.values()) == 378


def test_a_release_is_prepared_by_those_whom_the_table_names(hand):
    for roles in combinations_of_roles():
        hand.people["me"] = person("me", *roles)
        if may("release-prepare", roles, Object()):
            assert hand.state(hand.prepared("me")) is State.PREPARED
        else:
            with pytest.raises(NotPermitted, match="may not prepare a release"):
                hand.prepared("me")


def test_the_table_names_every_act_that_is_permitted_to_anybody():
    assert sorted(acts()) == sorted(ACTS)


def test_the_table_names_every_role():
    assert sorted(ROLES) == sorted(role.value for role in Role)


# Every way from a state to a state; there is no other.
WAYS = {
    ("prepared", "checked"), ("prepared", "returned"), ("checked", "approved"), ("checked", "returned"),
    ("approved", "embargoed"), ("approved", "published"), ("approved", "returned"),
    ("embargoed", "approved"), ("embargoed", "published"), ("embargoed", "returned"),
    ("published", "superseded"), ("published", "withdrawn"), ("superseded", "withdrawn"),
}  # fmt: skip


@pytest.mark.parametrize("present", State)
@pytest.mark.parametrize("wanted", State)
def test_a_release_goes_from_state_to_state_by_the_listed_ways_only(present, wanted):
    if (present, wanted) in WAYS:
        require_transition(present, wanted)
    else:
        with pytest.raises(NotPermitted, match=f"A release that is {present} cannot become {wanted}"):
            require_transition(present, wanted)
    assert set(ALLOWED) == set(State)
