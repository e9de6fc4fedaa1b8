"""Who can do what at the desk, in which state: every form of every person, on others' and on own releases.

The table was written by hand from the rules of the office, not from `permissions.yaml`. Letters: A answer for
a finding, C check, R return, V vote, P publish now, E set the moment, F take it back, W withdraw.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import pytest
import sqlalchemy as sa
from litestar import Response

from desk_office import PASSPHRASE, put_into
from office_reader import form_token, reader, send, sign_in
from sojourn.catalogue import schema

STATES = (
    "prepared", "checked", "approved", "embargoed", "returned", "published", "superseded", "withdrawn",
)  # fmt: skip
MOMENT = "2099-01-01T00:00:00.000000+00:00"

# The columns are the states, in their order.
ALLOWED = """
others | author-1                   | -   | -   | -   | -   | -   | -   | -   | -
others | statistician-1             | -   | -   | -   | -   | -   | -   | -   | -
others | checker-1                  | ACR | RV  | R   | R   | -   | -   | -   | -
others | coordinator-1              | R   | RV  | R   | R   | -   | -   | -   | -
others | publisher-1                | -   | -   | PE  | PEF | -   | W   | W   | -
others | auditor-1                  | -   | -   | -   | -   | -   | -   | -   | -
others | producer-1                 | -   | -   | -   | -   | -   | -   | -   | -
others | administrator-1            | -   | -   | -   | -   | -   | -   | -   | -
others | administrator-of-all-roles | -   | -   | -   | -   | -   | -   | -   | -
own    | author-of-all-roles        | -   | -   | PE  | PEF | -   | W   | W   | -
own    | author-under-another-name  | -   | -   | -   | -   | -   | -   | -   | -
own    | checker-1                  | ACR | RV  | R   | R   | -   | -   | -   | -
"""
AUTHORS = {"others": "author-1", "own": "author-of-all-roles"}


@dataclass(frozen=True)
class Form:
    """The form of one act, what it is called in the trail, and the state that it leads to."""

    path: str
    action: str
    leads_to: str
    fields: tuple[tuple[str, str], ...] = ()


FORMS = {
    "A": Form("findings/1/accept", "release-accept", "prepared", (("reason", "as is"),)),
    "C": Form("check", "release-check", "checked"),
    "R": Form("return", "release-return", "returned", (("reason", "mend it"),)),
    "V": Form("vote", "release-vote", "checked", (("answer", "approve"),)),
    "P": Form("publish", "release-publish", "published"),
    "E": Form("embargo", "release-embargo", "embargoed", (("at", "2098-05-01T09:00"),)),
    "F": Form("lift", "release-embargo", "approved"),
    "W": Form("withdraw", "release-withdraw", "withdrawn", (("reason-en", "wrong"),)),
}


def lines():
    rows = [[cell.strip() for cell in line.split("|")] for line in ALLOWED.strip().splitlines()]
    return [(AUTHORS[row[0]], row[1], dict(zip(STATES, row[2:], strict=True))) for row in rows]


def as_it_is(workspace, release):
    """Everything of the release that a form could change."""
    found = []
    for table in (schema.release, schema.release_finding, schema.approval, schema.release_remark):
        column = table.c.hash if table is schema.release else table.c.release_hash
        found.append(workspace.catalogue.rows(sa.select(table).where(column == release)))
    return found


def count_of_events(workspace):
    event = schema.audit_event.c
    return Counter(
        (row["actor"], row["action"], row["outcome"])
        for row in workspace.catalogue.rows(sa.select(event.actor, event.action, event.outcome))
    )


def test_the_table_has_three_hundred_cells_and_more():
    assert len(lines()) * len(STATES) * len(FORMS) == 12 * 8 * 8 == 768


@pytest.fixture
def told_shortly(monkeypatch):
    """Refusals without the page of the release around them: what is looked at here is the act."""

    def told(*_arguments, status, **_about):
        return Response(b"refused", status_code=status)

    monkeypatch.setattr("sojourn.office.desk_acts.release_page", told)
    monkeypatch.setattr("sojourn.office.desk_acts.finding_page", told)


@pytest.mark.parametrize(("author", "who", "allowed"), lines(), ids=lambda part: str(part)[:26])
@pytest.mark.usefixtures("told_shortly")
def test_each_form_does_what_the_table_says_and_nothing_else(desk, author, who, allowed):
    expected = Counter()
    with reader(desk) as client:
        assert sign_in(client, who, PASSPHRASE).status_code == 303
        before = count_of_events(desk)
        token = form_token(client.get("/sign-in").text)
        for state in STATES:
            seen = f"embargoed {MOMENT}" if state == "embargoed" else state
            for letter, form in FORMS.items():
                release = put_into(desk, state, author=author)
                if letter == "C":
                    answered(desk, release)
                was = as_it_is(desk, release)
                path = f"/releases/{release}/{form.path}"
                answer = send(client, path, token, seen=seen, confirmed="yes", **dict(form.fields))
                is_allowed = letter in allowed[state]
                expected[(who, form.action, "done" if is_allowed else "failed")] += 1
                case = (who, state, letter, answer.text)
                if is_allowed:
                    assert answer.status_code == 303, case
                    assert as_it_is(desk, release)[0][0]["state"] == form.leads_to, case
                else:
                    assert answer.status_code == 403, case
                    assert as_it_is(desk, release) == was, case
    put_into(desk, "prepared")
    happened = count_of_events(desk) - before
    assert {event: number for event, number in happened.items() if event[1] in ACTIONS} == dict(expected)


ACTIONS = {form.action for form in FORMS.values()}


def answered(workspace, release):
    """Every finding answered for, so that nothing but the person and the state can stop a check."""
    finding = schema.release_finding
    with workspace.catalogue.engine.begin() as connection:
        where = sa.and_(finding.c.release_hash == release, finding.c.severity == "decide")
        connection.execute(sa.update(finding).where(where).values(decided_by="checker-2", reason="seen"))


@pytest.mark.parametrize(
    ("who", "may_list", "may_look", "may_count"),
    [
        ("author-1", True, True, True),
        ("statistician-1", True, True, True),
        ("checker-1", True, True, True),
        ("coordinator-1", True, True, False),
        ("publisher-1", True, True, False),
        ("auditor-1", True, True, False),
        ("producer-1", False, False, False),
        ("administrator-1", False, False, False),
        ("administrator-of-all-roles", True, True, False),
    ],
)
@pytest.mark.parametrize("state", ["embargoed", "published"])
def test_who_sees_the_queue_a_release_and_the_persons_behind_its_cells(
    desk, who, may_list, may_look, may_count, state
):
    release = put_into(desk, state)
    with reader(desk) as client:
        sign_in(client, who, PASSPHRASE)
        seen = {True: 200, False: 403}
        assert client.get("/releases").status_code == seen[may_list]
        for page in ("", "/findings/1", "/findings/2", "/tables/CROSSINGS", "/tables/CROSSINGS/protection"):
            answer = client.get(f"/releases/{release}{page}")
            assert answer.status_code == seen[may_look], page
            assert ("CROSSINGS" in answer.text) == may_look
        for page in ("/findings/2", "/tables/CROSSINGS"):
            answer = client.get(f"/releases/{release}{page}?counts=yes")
            assert answer.status_code == seen[may_count], page
            assert (">Persons behind<" in answer.text) == may_count
    put_into(desk, "prepared")
