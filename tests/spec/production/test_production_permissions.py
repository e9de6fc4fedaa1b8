"""Who works on the server does what the hand-written table allows, on what it allows, and nothing else.

Every cell calls the function itself. What is allowed goes on to whatever the function says next; what is
refused has one event in the trail and changes nothing.
"""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import pytest
import sqlalchemy as sa

from gate_at_hand import person
from permission_matrix import OPERATOR, Object, combinations_of_roles, may
from small_project import write_small_project
from sojourn.catalogue import schema
from sojourn.errors import NotPermitted, SojournError
from sojourn.production.deliveries import listed_deliveries, withdraw_delivery
from sojourn.production.embargoes import opened_embargoes
from sojourn.production.key_rotation import rotate_key
from sojourn.production.publishing import listed_releases, prepare_release
from sojourn.production.quarantine import write_quarantined
from sojourn.production.receive import receive, receive_table
from sojourn.production.review import Sample, cases, draw_sample, look, report, sample_of, samples
from sojourn.production.review_decisions import decide, undo
from sojourn.production.tables import run_tables
from sojourn.production.workspace import Workspace, open_workspace

Asked = Callable[[Workspace], object]
STRATUM = {"stratum": 0, "is_link": True, "above": 0.5, "up_to": 1.0, "pairs": 10, "size": 0}
NO_SAMPLE = Sample("none", "none", "none", True, "2026-01-01", "nobody", (STRATUM,))
DELIVERY = "d1"
NOTHING = Path("/nothing/there.csv")
# By the act of the table: the functions that do it, and what they say when it is allowed and there is nothing
# to do; where nothing stands they end well.
FUNCTIONS: Sequence[tuple[str, str, Asked, str]] = (
    ("receive", "receive", lambda w: receive(w, "border", NOTHING), "There is no file"),
    ("receive_table", "receive", lambda w: receive_table(w, "border"), "is not a table of a database"),
    (
        "withdraw_delivery",
        "withdraw-delivery",
        lambda w: withdraw_delivery(w, DELIVERY, " "),
        "is not withdrawn without a reason",
    ),
    (
        "write_quarantined",
        "see-quarantine",
        lambda w: write_quarantined(w, DELIVERY, Path(__file__), "repair"),
        "exists",
    ),
    ("listed_deliveries", "list-deliveries", lambda w: listed_deliveries(w), ""),
    ("listed_deliveries of one", "list-deliveries", lambda w: listed_deliveries(w, "border"), ""),
    ("run_tables", "run", lambda w: run_tables(w, ["ABSENT"]), "No table is called ABSENT"),
    ("draw_sample", "review-links", lambda w: draw_sample(w), "Another command is writing"),
    ("samples", "review-links", lambda w: samples(w), ""),
    ("sample_of", "review-links", lambda w: sample_of(w), "There is no such review sample"),
    ("cases", "review-links", lambda w: cases(w, NO_SAMPLE), ""),
    ("look", "review-links", lambda w: look(w, NO_SAMPLE, "pair"), "This sample has no such case"),
    (
        "look unmasked",
        "review-links",
        lambda w: look(w, NO_SAMPLE, "pair", reason="method-study"),
        "This sample has no such case",
    ),
    ("report", "review-links", lambda w: report(w, NO_SAMPLE), ""),
    ("decide", "review-links", lambda w: decide(w, "none", "pair", "same"), "This sample has no such case"),
    ("undo", "review-links", lambda w: undo(w, "none", "pair"), "This sample has no such case"),
    ("rotate_key", "keys-rotate", lambda w: rotate_key(w), "Another command is writing"),
    ("listed_releases", "release-list", lambda w: listed_releases(w), ""),
    (
        "opened_embargoes",
        "release-open",
        lambda w: list(opened_embargoes(w, wait=False)),
        "",
    ),
)
AGENCIES = {"own": "border_guard", "another": "nso"}


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    """A small project with one delivery, in which somebody is writing all the time."""
    folder = tmp_path_factory.mktemp("office")
    project = write_small_project(folder / "ruritania", folder / "keys")
    with open_workspace(project) as workspace, open_workspace(project) as other:
        with workspace.catalogue.act("test", "receive", "delivery") as act:
            texts = {c.name: "none" for c in schema.delivery.c if isinstance(c.type, sa.String)}
            counts = {c.name: 0 for c in schema.delivery.c if isinstance(c.type, sa.BigInteger)}
            about = {
                "id": DELIVERY,
                "source": "border",
                "state": "accepted",
                "repairs": None,
                "supersedes": None,
            }
            act.insert(schema.delivery, **(texts | counts | about | {"summary": '{"version": "none"}'}))
        with other.store.one_writer():
            yield workspace


def at_work(office: Workspace, roles: Sequence[str] | None, agency: str) -> Workspace:
    """The office when somebody of these roles is at work in it; nobody who is declared without roles."""
    if roles is None:
        return dataclasses.replace(office, actor="login:somebody")
    me = person("me", *roles, organisation=agency)
    people = {**office.declarations.people, "me": me}
    declarations = dataclasses.replace(office.declarations, people=people)
    return dataclasses.replace(office, declarations=declarations, actor="me")


def last_event(office: Workspace) -> Mapping[str, str]:
    query = sa.select(schema.audit_event).order_by(schema.audit_event.c.sequence.desc()).limit(1)
    return office.catalogue.rows(query)[0]


def outcome(asked: Asked, workspace: Workspace) -> SojournError | None:
    """The error in which a function ended, or none."""
    try:
        asked(workspace)
    except SojournError as error:
        return error
    return None


def is_done(office: Workspace, workspace: Workspace, asked: Asked, words: str) -> bool:
    """Whether a function was allowed; then it ends well or in the expected words, else with an event."""
    before = last_event(office)
    ended = outcome(asked, workspace)
    if not isinstance(ended, NotPermitted):
        assert words in str(ended or "")
        assert (ended is None) == (not words)
        return True
    event = last_event(office)
    assert int(event["sequence"]) == int(before["sequence"]) + 1
    assert (event["actor"], event["outcome"]) == (workspace.actor, "failed")
    assert "may not" in str(ended)
    return False


def test_each_function_does_for_each_role_and_agency_what_the_table_allows(office):
    cells: Counter[bool] = Counter()
    for name, act, asked, words in FUNCTIONS:
        for roles in [None, *combinations_of_roles()]:
            for whose, agency in AGENCIES.items():
                held = [OPERATOR] if roles is None else roles
                allowed = may(act, held, Object(is_own_agency=whose == "own"))
                done = is_done(office, at_work(office, roles, agency), asked, words)
                assert done is allowed, (name, roles, whose)
                cells[done] += 1
    # 19 functions × (the operator, 29 sets of roles) × 2 agencies
    assert sum(cells.values()) == 1_140
    assert min(cells.values()) >= 350


def test_who_administers_under_another_name_sees_no_records(office):
    people = {
        "me": person("me", "statistician", subject="me@nso"),
        "root": person("root", "administrator", subject="me@nso"),
    }
    declarations = dataclasses.replace(office.declarations, people=people)
    workspace = dataclasses.replace(office, declarations=declarations, actor="me")
    for asked in (
        lambda: run_tables(workspace),
        lambda: look(workspace, NO_SAMPLE, "pair"),
        lambda: write_quarantined(workspace, DELIVERY, Path("x.csv"), "repair"),
    ):
        with pytest.raises(NotPermitted, match="the role administrator excludes it"):
            asked()


def test_a_producer_sees_the_deliveries_of_their_own_organisation_alone(office):
    own = at_work(office, ["data_producer"], "border_guard")
    assert [row["id"] for row in listed_deliveries(own)] == [DELIVERY]
    with pytest.raises(NotPermitted, match="me may not list deliveries: it belongs to another organisation"):
        listed_deliveries(at_work(office, ["data_producer"], "nso"))


def test_who_prepares_nothing_is_not_told_of_a_release_that_waits(office):
    workspace = at_work(office, ["disclosure_checker"], "nso")
    with pytest.raises(NotPermitted, match="me may not prepare a release: that takes the role statistician"):
        prepare_release(workspace, workspace.declarations.people["me"], "2024")


def test_the_login_is_that_of_the_system_and_not_of_the_environment(office, monkeypatch):
    for variable in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.setenv(variable, "checker")
    with open_workspace(office.declarations.folder) as again:
        assert again.actor == office.actor
        assert "checker" not in again.actor
