"""Each act at the gate: what it does, and in which words it is refused."""

from __future__ import annotations

import datetime
import json
from typing import Any

import pytest

from gate_at_hand import BLOCKS, DECIDE, NOTE, GateAtHand, contents, manifest_of, person
from sojourn.disclosure import Protected
from sojourn.errors import DisclosureRisk, NotPermitted, ProjectError
from sojourn.release import State
from sojourn.release.gate import DraftTable
from sojourn.release.looking import seen_by
from sojourn.release.records import findings_of, remarks_of


def refused(words: str) -> Any:
    """An act that is not permitted, in these words."""
    return pytest.raises(NotPermitted, match=words)


def failures(hand: GateAtHand) -> list[tuple[str, str]]:
    """Who tried what in vain, by the audit trail."""
    return [(e["actor"], e["action"]) for e in hand.catalogue.events() if e["outcome"] == "failed"]


def test_a_statistician_prepares_a_release_and_nothing_of_it_is_public(hand):
    made = hand.prepared("anna")
    assert hand.state(made) is State.PREPARED
    assert hand.public_files() == {}


def test_a_checker_does_not_prepare_and_the_attempt_is_in_the_trail(hand):
    with refused("carl may not prepare a release: that takes the role statistician."):
        hand.prepared("carl")
    assert failures(hand) == [("carl", "release-prepare")]


def test_a_statistician_who_administers_does_not_prepare(hand):
    hand.people["bela"] = person("bela", "statistician", "administrator")
    with refused("bela may not prepare a release: the role administrator excludes it."):
        hand.prepared("bela")


def test_an_administrator_does_not_prepare_under_another_name(hand):
    hand.people["bela"] = person("bela", "statistician", subject="gina@nso")
    hand.people["gina"] = person("gina", "administrator", subject="gina@nso")
    with refused("bela may not prepare a release: the role administrator excludes it."):
        hand.prepared("bela")


def test_figures_that_are_not_what_protection_returned_are_not_prepared(hand):
    with pytest.raises(DisclosureRisk, match="as `protect` returns them"):
        Protected(None, {}, object())  # type: ignore[arg-type]
    made = hand.prepared()
    described = json.loads(next(row for row in hand.rows() if row["hash"] == made)["summary"])["description"]
    assert described["tables"] == ["INFLOW"]
    table = DraftTable.__new__(DraftTable)
    object.__setattr__(table, "protected", {"observations": "raw"})
    object.__setattr__(table, "description", type("Described", (), {"id": "INFLOW"}))
    with pytest.raises(DisclosureRisk, match="INFLOW did not come from the protection step"):
        hand.gate.prepare(hand.people["anna"], type("R", (), {"id": "x"})(), [table], {}, "test")


def test_a_finding_is_answered_for_by_name_with_a_reason(hand):
    made = hand.prepared(found=[DECIDE, NOTE])
    number = _number(hand, made, "small-counts")
    hand.gate.accept(hand.people["carl"], made, number, "Households, not persons.")
    found = next(f for f in findings_of(hand.catalogue, made) if f["number"] == number)
    assert (found["decided_by"], found["reason"]) == ("carl", "Households, not persons.")


def _number(hand: GateAtHand, made: str, kind: str) -> int:
    return next(f["number"] for f in findings_of(hand.catalogue, made) if f["kind"] == kind)


def test_a_finding_is_not_answered_for_without_a_reason(hand):
    made = hand.prepared(found=[DECIDE])
    with pytest.raises(ProjectError, match=r"A finding is not accepted without a reason."):
        hand.gate.accept(hand.people["carl"], made, 1, " \n")


def test_a_finding_that_blocks_nobody_answers_for(hand):
    made = hand.prepared(found=[BLOCKS])
    number = _number(hand, made, "no-source")
    for name in ("carl", "dora"):
        with refused("This finding blocks the release: nobody can answer for it."):
            hand.gate.accept(hand.people[name], made, number, "I want it.")
    with refused("findings are neither mended nor answered for"):
        hand.gate.check(hand.people["carl"], made)
    assert hand.state(made) is State.PREPARED


def test_a_finding_that_there_is_not_is_not_answered_for(hand):
    made = hand.prepared(found=[DECIDE])
    with pytest.raises(ProjectError, match=r"The release has no finding 99."):
        hand.gate.accept(hand.people["carl"], made, 99, "because")


def test_findings_are_not_answered_for_after_the_check(hand):
    made = hand.prepared(found=[NOTE])
    hand.checked(made)
    with refused("The release is checked."):
        hand.gate.accept(hand.people["carl"], made, 1, "because")


def test_an_open_finding_stops_the_check_and_a_note_does_not(hand):
    made = hand.prepared(found=[DECIDE, NOTE])
    with refused(r"1 findings are neither mended nor answered for: 1\."):
        hand.gate.check(hand.people["carl"], made)
    hand.gate.accept(hand.people["dora"], made, 1, "because")
    assert hand.gate.check(hand.people["carl"], made) is State.CHECKED


def test_an_author_does_not_answer_for_what_was_found_under_any_name(hand):
    made = hand.prepared("anna", found=[DECIDE])
    with refused("anna may not answer for what was found: that takes the role disclosure_checker."):
        hand.gate.accept(hand.people["anna"], made, 1, "because")
    with refused(
        "anna-too may not answer for what was found: it is their own work, and takes somebody else."
    ):
        hand.gate.accept(hand.people["anna-too"], made, 1, "because")


def test_an_author_checks_their_release_under_no_name(hand):
    with refused("anna-too may not check a release: it is their own work, and takes somebody else."):
        hand.checked(hand.prepared("anna"), by="anna-too")


def test_who_is_no_checker_does_not_check(hand):
    made = hand.prepared()
    for name in ("bela", "emil", "fred", "gina", "hugo", "iris"):
        with refused(f"{name} may not check a release"):
            hand.checked(made, by=name)
    assert hand.state(made) is State.PREPARED


def test_a_return_needs_a_reason_and_says_it_to_the_author(hand):
    made = hand.prepared()
    with pytest.raises(ProjectError, match=r"A release is not returned without a reason."):
        hand.gate.send_back(hand.people["carl"], made, "  ")
    hand.gate.send_back(hand.people["emil"], made, "Totals do not agree.")
    assert [r["text"] for r in remarks_of(hand.catalogue, made)] == ["Totals do not agree."]
    assert hand.state(made) is State.RETURNED


def test_a_returned_release_goes_nowhere(hand):
    made = hand.in_state(State.RETURNED)
    with refused("A release that is returned cannot become checked."):
        hand.gate.check(hand.people["carl"], made)
    with refused("A release that is returned cannot become published."):
        hand.gate.publish(hand.people["fred"], made)


def test_two_votes_approve(hand):
    made = hand.checked(hand.prepared())
    assert hand.gate.vote(hand.people["carl"], made, approves=True) is State.CHECKED
    assert hand.gate.vote(hand.people["dora"], made, approves=True) is State.APPROVED


@pytest.mark.parametrize("votes", [(True, False), (False, True), (False, False)])
def test_a_refusal_returns_the_release_once_both_votes_are_in(hand, votes):
    made = hand.checked(hand.prepared())
    assert hand.gate.vote(hand.people["carl"], made, approves=votes[0]) is State.CHECKED
    assert hand.gate.vote(hand.people["dora"], made, approves=votes[1]) is State.RETURNED


def test_nobody_votes_twice(hand):
    made = hand.checked(hand.prepared())
    hand.gate.vote(hand.people["carl"], made, approves=True)
    with refused("carl has already voted on this release."):
        hand.gate.vote(hand.people["carl"], made, approves=True)


def test_one_human_being_votes_once_under_two_names(hand):
    hand.people["carl-too"] = person("carl-too", "coordinator", subject="carl")
    made = hand.checked(hand.prepared("bela"))
    hand.gate.vote(hand.people["carl"], made, approves=True)
    with refused("carl-too has already voted on this release."):
        hand.gate.vote(hand.people["carl-too"], made, approves=True)


def test_an_author_votes_under_no_name(hand):
    made = hand.checked(hand.prepared("anna"))
    with refused("anna-too may not approve or refuse a release: it is their own work"):
        hand.gate.vote(hand.people["anna-too"], made, approves=True)


def test_an_author_votes_under_no_name_when_the_one_under_which_they_worked_is_gone(hand):
    made = hand.checked(hand.prepared("anna"))
    del hand.people["anna"]
    with refused("anna-too may not approve or refuse a release: it is their own work"):
        hand.gate.vote(hand.people["anna-too"], made, approves=True)


def test_an_administrator_votes_under_no_name(hand):
    hand.people["dora"] = person("dora", "disclosure_checker", subject="gina@nso")
    hand.people["gina"] = person("gina", "administrator", subject="gina@nso")
    made = hand.checked(hand.prepared())
    with refused("dora may not approve or refuse a release: the role administrator excludes it."):
        hand.gate.vote(hand.people["dora"], made, approves=True)


def test_nothing_is_voted_on_before_it_is_checked(hand):
    with refused("A release that is prepared cannot become approved."):
        hand.gate.vote(hand.people["carl"], hand.prepared(), approves=True)


def test_a_release_that_is_published_is_whole_and_listed(hand):
    made = hand.published(hand.prepared())
    draft = contents(hand.gate.drafts / "releases" / made)
    assert contents(hand.public / "releases" / made) == draft
    assert [(e["hash"], e["status"]) for e in manifest_of(hand)["releases"]] == [(made, "current")]


def test_a_newer_version_supersedes_and_the_older_stays_citable(hand):
    first = hand.published(hand.prepared())
    second = hand.published(hand.prepared())
    listed = {e["hash"]: e for e in manifest_of(hand)["releases"]}
    assert (listed[first]["status"], listed[second]["status"]) == ("superseded", "current")
    assert (listed[first]["superseded_by"], listed[second]["supersedes"]) == (second, first)
    assert contents(hand.public / "releases" / first)


@pytest.mark.parametrize("name", ["anna", "carl", "emil", "gina", "hugo", "iris"])
def test_who_is_no_publisher_does_not_publish(hand, name):
    made = hand.approved(hand.prepared())
    why = "the role administrator excludes it" if name == "gina" else "that takes the role publisher"
    with refused(f"{name} may not publish a release: {why}."):
        hand.gate.publish(hand.people[name], made)
    assert hand.public_files() == {}


def test_a_publisher_who_administers_does_not_publish(hand):
    hand.people["fred"] = person("fred", "publisher", "administrator")
    made = hand.approved(hand.prepared())
    with refused("fred may not publish a release: the role administrator excludes it."):
        hand.gate.publish(hand.people["fred"], made)


def test_publishing_twice_changes_nothing(hand):
    made = hand.published(hand.prepared())
    before = hand.public_files()
    assert hand.gate.publish(hand.people["fred"], made) is State.PUBLISHED
    assert hand.public_files() == before


CHANGES_OF_VOTERS = {
    "lost the role": lambda people: people | {"dora": person("dora", "auditor")},
    "became an administrator": lambda people: (
        people | {"dora": person("dora", "disclosure_checker", "administrator")}
    ),
    "administers under another name": lambda people: (
        people
        | {
            "dora": person("dora", "disclosure_checker", subject="gina@nso"),
            "gina": person("gina", "administrator", subject="gina@nso"),
        }
    ),
    "left": lambda people: {name: one for name, one in people.items() if name != "dora"},
    "turned out to be the author": lambda people: (
        people | {"dora": person("dora", "disclosure_checker", subject="anna@nso")}
    ),
    "turned out to be the other voter": lambda people: (
        people | {"dora": person("dora", "disclosure_checker", subject="carl")}
    ),
}


@pytest.mark.parametrize("change", CHANGES_OF_VOTERS)
@pytest.mark.parametrize("is_waiting", [False, True])
def test_a_vote_stands_no_more_when_its_voter(hand, change, is_waiting):
    made = hand.embargoed(hand.prepared("anna")) if is_waiting else hand.approved(hand.prepared("anna"))
    hand.people = hand.gate.people = CHANGES_OF_VOTERS[change](hand.people)
    with refused("1 of 2 approvals stand"):
        hand.gate.publish(hand.people["fred"], made)
    hand.time += datetime.timedelta(hours=2)
    assert hand.gate.open_due() == []
    assert hand.public_files() == {}


def test_a_check_stands_no_more_when_its_checker_turns_out_to_be_the_author(hand):
    hand.people["zoe"] = person("zoe", "disclosure_checker")
    made = hand.checked(hand.prepared("anna"), by="zoe")
    for name in ("carl", "dora"):
        hand.gate.vote(hand.people[name], made, approves=True)
    hand.people["zoe"] = person("zoe", "disclosure_checker", subject="anna@nso")
    with refused("The check does not stand"):
        hand.gate.publish(hand.people["fred"], made)


def test_an_answer_stands_no_more_when_its_giver_turns_out_to_be_the_author(hand):
    hand.people["zoe"] = person("zoe", "disclosure_checker")
    made = hand.prepared("anna", found=[DECIDE])
    hand.gate.accept(hand.people["zoe"], made, 1, "because")
    hand.approved(made)
    hand.people["zoe"] = person("zoe", "disclosure_checker", subject="anna@nso")
    with refused("The check does not stand"):
        hand.gate.publish(hand.people["fred"], made)


def test_two_releases_prepared_beside_one_another_are_not_both_published_as_one_version(hand):
    first, second = hand.prepared(), hand.prepared()
    hand.published(first)
    hand.approved(second)
    with refused("Version 1 of migration, or a later one, was published meanwhile."):
        hand.gate.publish(hand.people["fred"], second)


def test_a_release_waits_for_its_moment_and_is_opened_then(hand):
    made = hand.embargoed(hand.prepared(), hours=1)
    assert (hand.gate.open_due(), hand.public_files()) == ([], {})
    hand.time += datetime.timedelta(hours=1)
    assert hand.gate.open_due() == [made]
    assert hand.state(made) is State.PUBLISHED
    assert hand.gate.open_due() == []


def test_a_moment_that_is_past_or_unclear_is_refused(hand):
    made = hand.approved(hand.prepared())
    with pytest.raises(ProjectError, match=r"is past."):
        hand.gate.publish(hand.people["fred"], made, hand.time - datetime.timedelta(seconds=1))
    with pytest.raises(ProjectError, match=r"has no offset from UTC."):
        hand.gate.publish(hand.people["fred"], made, datetime.datetime(2030, 1, 1))  # noqa: DTZ001  that is it
    assert hand.state(made) is State.APPROVED


def test_a_moment_is_moved_and_taken_back(hand):
    made = hand.embargoed(hand.prepared(), hours=1)
    hand.gate.publish(hand.people["fred"], made, hand.time + datetime.timedelta(hours=5))
    hand.time += datetime.timedelta(hours=2)
    assert hand.gate.open_due() == []
    assert hand.gate.lift_embargo(hand.people["fred"], made) is State.APPROVED
    hand.time += datetime.timedelta(hours=9)
    assert (hand.gate.open_due(), hand.public_files()) == ([], {})


def test_a_moment_that_there_is_not_is_not_taken_back(hand):
    made = hand.checked(hand.prepared())
    with refused("The release is checked."):
        hand.gate.lift_embargo(hand.people["fred"], made)


def test_what_may_not_pass_at_its_moment_holds_up_no_other(hand):
    bad = hand.embargoed(hand.prepared(identifier="asylum"))
    good = hand.embargoed(hand.prepared(identifier="births"))
    (hand.gate.drafts / "releases" / bad / "release.json").write_text("{}")
    told: list[tuple[str, str]] = []
    hand.time += datetime.timedelta(hours=2)
    opened = hand.gate.open_due(lambda release, error: told.append((release, str(error).split(":")[0])))
    assert opened == [good]
    assert told == [(bad, "1 files of the release are not those that were prepared")]
    assert [e["hash"] for e in manifest_of(hand)["releases"]] == [good]
    assert hand.state(bad) is State.APPROVED
    assert [r["kind"] for r in remarks_of(hand.catalogue, bad)] == ["checked", "kept back"]
    assert hand.gate.open_due() == []


@pytest.mark.parametrize("change", ["is no publisher any more", "administers", "left"])
def test_a_release_is_not_opened_when_who_set_its_moment(hand, change):
    made = hand.embargoed(hand.prepared())
    hand.people["fay"] = person("fay", "publisher")
    del hand.people["fred"]
    if change != "left":
        roles = ["administrator", "publisher"] if change == "administers" else ["auditor"]
        hand.people["fred"] = person("fred", *roles)
    hand.time += datetime.timedelta(hours=2)
    assert (hand.gate.open_due(), hand.public_files()) == ([], {})
    assert hand.state(made) is State.APPROVED
    assert hand.gate.publish(hand.people["fay"], made) is State.PUBLISHED


def test_a_copy_that_was_changed_while_it_lay_ready_is_not_the_one_that_is_published(hand):
    made = hand.embargoed(hand.prepared())
    ready = hand.gate.drafts / "embargoed" / "releases" / made
    (ready / "tables/INFLOW/downloads/INFLOW.csv").write_text("changed")
    (ready / "surplus.csv").write_text("Canary")
    hand.time += datetime.timedelta(hours=2)
    assert hand.gate.open_due() == [made]
    assert contents(hand.public / "releases" / made) == contents(hand.gate.drafts / "releases" / made)


def test_a_withdrawal_needs_a_reason(hand):
    made = hand.published(hand.prepared())
    with pytest.raises(ProjectError, match=r"A release is not withdrawn without a reason."):
        hand.gate.withdraw(hand.people["fred"], made, {"en": " "})
    assert hand.state(made) is State.PUBLISHED


def test_what_is_not_public_is_not_withdrawn(hand):
    with refused("A release that is approved cannot become withdrawn."):
        hand.gate.withdraw(hand.people["fred"], hand.approved(hand.prepared()), {"en": "Wrong."})


def test_a_withdrawn_release_is_not_published_again(hand):
    made = hand.in_state(State.WITHDRAWN)
    with refused("A release that is withdrawn cannot become published."):
        hand.gate.publish(hand.people["fred"], made)


def test_the_version_after_a_withdrawal_is_published(hand):
    hand.in_state(State.WITHDRAWN)
    later = hand.published(hand.prepared())
    statuses = [entry["status"] for entry in manifest_of(hand)["releases"]]
    assert (statuses, hand.state(later)) == (["withdrawn", "current"], State.PUBLISHED)


@pytest.mark.parametrize("name", ["anna", "carl", "emil", "fred", "hugo"])
def test_who_works_at_the_gate_looks(hand, name):
    made = hand.prepared(found=[NOTE])
    assert seen_by(hand.gate, hand.people[name], made)["findings"][0]["kind"] == "no-counts"


@pytest.mark.parametrize("name", ["gina", "iris"])
def test_who_does_not_work_at_the_gate_does_not_look_and_the_attempt_is_in_the_trail(hand, name):
    made = hand.prepared()
    with refused(f"{name} may not look at a release that is not public"):
        seen_by(hand.gate, hand.people[name], made)
    assert failures(hand) == [(name, "release-look")]


@pytest.mark.parametrize("release", ["0" * 64, "", "../../vault"])
def test_what_there_is_not_is_not_decided_on(hand, release):
    anna, carl, fred = (hand.people[name] for name in ("anna", "carl", "fred"))
    for act in (
        lambda: hand.gate.check(carl, release),
        lambda: hand.gate.vote(carl, release, approves=True),
        lambda: hand.gate.publish(fred, release),
        lambda: hand.gate.withdraw(fred, release, {"en": "x"}),
        lambda: seen_by(hand.gate, anna, release),
    ):
        with pytest.raises(ProjectError, match=r"There is no release"):
            act()


def test_every_act_done_or_refused_is_one_event(hand):
    made = hand.prepared()
    with refused("may not check"):
        hand.gate.check(hand.people["fred"], made)
    hand.approved(made)
    with refused("may not publish"):
        hand.gate.publish(hand.people["anna"], made)
    hand.gate.publish(hand.people["fred"], made)
    assert [(e["actor"], e["action"], e["outcome"]) for e in hand.catalogue.events()] == [
        ("anna", "release-prepare", "done"),
        ("fred", "release-check", "failed"),
        ("carl", "release-check", "done"),
        ("carl", "release-vote", "done"),
        ("dora", "release-vote", "done"),
        ("anna", "release-publish", "failed"),
        ("fred", "release-publish", "done"),
    ]
