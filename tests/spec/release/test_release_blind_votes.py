"""Two worlds that differ in one vote alone: whoever looks before the other vote is in sees no difference."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from gate_at_hand import GateAtHand, contents, gate_at_hand
from sojourn.errors import NotPermitted
from sojourn.release.looking import seen_by
from sojourn.release.records import findings_of, remarks_of

Worlds = tuple[GateAtHand, GateAtHand]


@pytest.fixture
def worlds(tmp_path: Path, empty: Path) -> Iterator[Worlds]:
    """The same release in two offices, checked; one voter approves it in one and refuses it in the other."""
    with ExitStack() as stack:
        made = []
        for name in ("one", "other"):
            patch = stack.enter_context(pytest.MonkeyPatch.context())
            made.append(stack.enter_context(gate_at_hand(patch, tmp_path / name, empty)))
        yield made[0], made[1]


def voted(hand: GateAtHand, *, approves: bool) -> tuple[str, Any]:
    """A checked release after carl's vote, and what carl was told."""
    made = hand.checked(hand.prepared())
    comment = "Fine." if approves else "Totals do not agree with last year."
    return made, hand.gate.vote(hand.people["carl"], made, approves=approves, comment=comment)


def visible(hand: GateAtHand, release: str, viewer: str) -> dict[str, Any]:
    """All that somebody who is not carl can see."""
    return {
        "list": hand.gate.releases(),
        "look": seen_by(hand.gate, hand.people[viewer], release),
        "findings": findings_of(hand.catalogue, release),
        "remarks": remarks_of(hand.catalogue, release),
        "trail": list(hand.catalogue.events()),
        "drafts": contents(hand.gate.drafts),
        "public": hand.public_files(),
    }


@pytest.mark.parametrize("viewer", ["anna", "dora", "emil", "fred", "hugo"])
def test_nobody_can_tell_an_approval_from_a_refusal_before_the_second_vote(worlds, viewer):
    one, other = worlds
    approved, told = voted(one, approves=True)
    refused, told_other = voted(other, approves=False)
    assert (approved, told) == (refused, told_other)
    assert visible(one, approved, viewer) == visible(other, refused, viewer)


def refusals(hand: GateAtHand, made: str) -> list[str]:
    """The words with which acts before the second vote are refused."""
    words = []
    for act in (
        lambda: hand.gate.check(hand.people["dora"], made),
        lambda: hand.gate.accept(hand.people["dora"], made, 1, "because"),
        lambda: hand.gate.publish(hand.people["fred"], made),
        lambda: hand.gate.lift_embargo(hand.people["fred"], made),
    ):
        with pytest.raises(NotPermitted) as caught:
            act()
        words.append(str(caught.value))
    return words


def test_what_anybody_is_told_who_tries_anything_else_is_the_same(worlds):
    one, other = worlds
    approved, refused = voted(one, approves=True)[0], voted(other, approves=False)[0]
    assert refusals(one, approved) == refusals(other, refused)


def test_a_voter_sees_their_own_vote_and_both_see_both_when_both_are_in(worlds):
    hand, _ = worlds
    made, _ = voted(hand, approves=True)
    assert [v["person"] for v in seen_by(hand.gate, hand.people["carl"], made)["votes"]] == ["carl"]
    assert seen_by(hand.gate, hand.people["dora"], made)["votes"] == []
    hand.gate.vote(hand.people["dora"], made, approves=False, comment="No.")
    for name in ("anna", "carl", "dora"):
        votes = seen_by(hand.gate, hand.people[name], made)["votes"]
        assert [(v["person"], v["decision"]) for v in votes] == [("carl", "approved"), ("dora", "refused")]


def test_the_votes_are_in_the_trail_once_both_are_in(worlds):
    hand, _ = worlds
    made, _ = voted(hand, approves=True)
    assert not [e for e in hand.catalogue.events() if "approved" in e["detail"]]
    hand.gate.vote(hand.people["dora"], made, approves=True)
    last = list(hand.catalogue.events())[-1]
    assert '"votes": {"carl": "approved", "dora": "approved"}' in last["detail"]


def test_a_release_that_is_returned_after_one_vote_keeps_it_to_itself(worlds):
    seen = []
    for hand, approves in zip(worlds, (True, False), strict=True):
        made, _ = voted(hand, approves=approves)
        hand.gate.send_back(hand.people["emil"], made, "Wrong table.")
        seen.append(visible(hand, made, "dora"))
    assert seen[0] == seen[1]
