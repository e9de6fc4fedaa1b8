"""A thousand races: whoever comes at the same time, each vote counts once, none is lost, none is stale."""

from __future__ import annotations

import datetime
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from gate_at_hand import GateAtHand, contents, manifest_of, person
from sojourn.errors import NotPermitted
from sojourn.release import State, public_side

Act = Callable[[], Any]
REFUSED = "refused"
# How often each of the races below is run.
RACES = {
    "three voters": 300,
    "one person many times": 150,
    "one person fifty times": 10,
    "two names of one human being": 170,
    "a vote and a return": 150,
    "a publication and a return": 80,
    "two publications of one release": 40,
    "two publications": 40,
    "a publication and a withdrawal of another": 30,
    "two who keep the time": 30,
}


def test_there_are_a_thousand_races():
    assert sum(RACES.values()) >= 1_000


@pytest.fixture(scope="module")
def runners() -> Iterator[ThreadPoolExecutor]:
    """As many threads as the largest race has."""
    with ThreadPoolExecutor(50) as pool:
        yield pool


@pytest.fixture
def race(runners: ThreadPoolExecutor) -> Callable[[Sequence[Act]], list[Any]]:
    """Acts that begin at the same moment, and what came of each."""

    def run(acts: Sequence[Act]) -> list[Any]:
        start = threading.Barrier(len(acts))

        def begun(act: Act) -> Any:
            start.wait()
            try:
                return act()
            except NotPermitted:
                return REFUSED

        return list(runners.map(begun, acts))

    return run


def voting(hand: GateAtHand, name: str, release: str) -> Act:
    who = hand.people[name]
    return lambda: hand.gate.vote(who, release, approves=True)


def test_of_three_voters_two_are_counted_and_the_third_is_told_so(hand, race):
    for _ in range(RACES["three voters"]):
        made = hand.checked(hand.prepared())
        told = race([voting(hand, name, made) for name in ("carl", "dora", "emil")])
        assert Counter(told) == {State.CHECKED: 1, State.APPROVED: 1, REFUSED: 1}
        voters = {vote["person"] for vote in hand.votes(made)}
        counted = {name for name, word in zip(("carl", "dora", "emil"), told, strict=True) if word != REFUSED}
        assert voters == counted
        assert hand.state(made) is State.APPROVED


def test_one_person_who_votes_many_times_at_once_has_one_vote(hand, race):
    for times, races in ((4, RACES["one person many times"]), (50, RACES["one person fifty times"])):
        for _ in range(races):
            made = hand.checked(hand.prepared())
            told = race([voting(hand, "carl", made)] * times)
            assert Counter(told) == {State.CHECKED: 1, REFUSED: times - 1}
            assert [vote["person"] for vote in hand.votes(made)] == ["carl"]
            assert hand.state(made) is State.CHECKED


def test_two_names_of_one_human_being_at_once_have_one_vote(hand, race):
    hand.people["carl-too"] = person("carl-too", "coordinator", subject="carl")
    for _ in range(RACES["two names of one human being"]):
        made = hand.checked(hand.prepared())
        told = race([voting(hand, "carl", made), voting(hand, "carl-too", made)])
        assert Counter(told) == {State.CHECKED: 1, REFUSED: 1}
        assert len(hand.votes(made)) == 1


def test_a_release_that_is_returned_while_somebody_votes_is_not_approved(hand, race):
    for _ in range(RACES["a vote and a return"]):
        made = hand.checked(hand.prepared())
        hand.gate.vote(hand.people["carl"], made, approves=True)
        back = lambda made=made: hand.gate.send_back(hand.people["emil"], made, "Wrong.")  # noqa: E731  one line
        vote, returned = race([voting(hand, "dora", made), back])
        assert returned is State.RETURNED
        assert vote in (State.APPROVED, REFUSED)
        assert hand.state(made) is State.RETURNED
        with pytest.raises(NotPermitted):
            hand.gate.publish(hand.people["fred"], made)


def test_a_release_is_published_or_returned_and_never_both(hand, race):
    outcomes: Counter[State] = Counter()
    for _ in range(RACES["a publication and a return"]):
        made = hand.approved(hand.prepared())
        told = race(
            [
                lambda made=made: hand.gate.publish(hand.people["fred"], made),
                lambda made=made: hand.gate.send_back(hand.people["emil"], made, "Wrong."),
            ]
        )
        assert told.count(REFUSED) == 1
        state = hand.state(made)
        is_public = (hand.public / "releases" / made).is_dir()
        assert (state, is_public) in ((State.PUBLISHED, True), (State.RETURNED, False))
        outcomes[state] += 1
    _require_shown(hand)
    assert sum(outcomes.values()) == RACES["a publication and a return"]


def _require_shown(hand: GateAtHand) -> None:
    """The manifest says of each release what the catalogue says."""
    shown = {State.PUBLISHED: "current", State.SUPERSEDED: "superseded", State.WITHDRAWN: "withdrawn"}
    wanted = {row["hash"]: shown[row["state"]] for row in hand.rows() if row["state"] in shown}
    listed = {entry["hash"]: entry["status"] for entry in manifest_of(hand)["releases"]} if wanted else {}
    assert listed == wanted


def test_two_who_publish_the_same_release_publish_it_once(hand, race):
    for _ in range(RACES["two publications of one release"]):
        made = hand.approved(hand.prepared())
        told = race([lambda made=made: hand.gate.publish(hand.people["fred"], made)] * 2)
        assert told == [State.PUBLISHED] * 2
        _require_shown(hand)
    assert contents(hand.public / "releases" / made) == contents(hand.gate.drafts / "releases" / made)


def test_two_who_publish_at_once_both_see_theirs_listed(hand, race):
    for _ in range(RACES["two publications"]):
        both = [hand.approved(hand.prepared(identifier=name)) for name in ("asylum", "births")]
        told = race([lambda made=made: hand.gate.publish(hand.people["fred"], made) for made in both])
        assert told == [State.PUBLISHED] * 2
        _require_shown(hand)


def test_what_is_withdrawn_while_another_is_published_is_not_shown_again(hand, race):
    for _ in range(RACES["a publication and a withdrawal of another"]):
        old = hand.published(hand.prepared(identifier="asylum"))
        new = hand.approved(hand.prepared(identifier="births"))
        race(
            [
                lambda new=new: hand.gate.publish(hand.people["fred"], new),
                lambda old=old: hand.gate.withdraw(hand.people["fred"], old, {"en": "Wrong."}),
            ]
        )
        _require_shown(hand)


def test_two_who_keep_the_time_open_each_release_once(hand, race):
    for _ in range(RACES["two who keep the time"]):
        made = [hand.embargoed(hand.prepared(identifier=name)) for name in ("asylum", "births")]
        hand.time += datetime.timedelta(hours=2)
        told = race([hand.gate.open_due] * 2)
        assert sorted(told[0] + told[1]) == sorted(made)
        _require_shown(hand)
        events = [e for e in hand.catalogue.events() if e["action"] == "release-publish"]
        done = Counter(e["object"] for e in events if e["outcome"] == "done")
        assert all(done[f"release:{release}"] == 1 for release in made)


def test_bytes_that_are_changed_while_they_are_published_are_not(hand, monkeypatch):
    """Between the last look at the draft and the copy."""
    made = hand.approved(hand.prepared())
    copied = public_side.copy_folder

    def changed_and_copied(source: Any, target: Any) -> None:
        (source / "release.json").write_text("{}")
        copied(source, target)

    monkeypatch.setattr(public_side, "copy_folder", changed_and_copied)
    with pytest.raises(NotPermitted, match="are not those that were approved"):
        hand.gate.publish(hand.people["fred"], made)
    assert hand.state(made) is State.APPROVED
    assert hand.public_files() == {}
    assert hand.catalogue.verify() is None
