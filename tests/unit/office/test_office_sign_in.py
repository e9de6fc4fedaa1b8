"""Signing in at the office: who is let in as whom, for how long, and how guesses are slowed down."""

from __future__ import annotations

import datetime
import re

import pytest

from desk_office import PASSPHRASE, PEOPLE, cheap_passphrases, copied_desk_office, put_into
from office_reader import PORT, form_token, reader, send, sign_in
from sojourn.office.access import IDLE_SECONDS, LONGEST_SECONDS, Access
from sojourn.production import sign_ins
from sojourn.production.sign_ins import FREE_GUESSES, LONGEST_WAIT, SignIns, TooManyGuesses
from sojourn.production.workspace import open_workspace

WRONG = "not the passphrase"


class Clock:
    """Seconds that pass when they are told to."""

    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now


@pytest.fixture(scope="module")
def desk(desk_folder, tmp_path_factory):
    """An office of its own: the wrong passphrases that are tried here stay in its trail."""
    folder = copied_desk_office(desk_folder, tmp_path_factory.mktemp("guessed") / "desk")
    with cheap_passphrases(), open_workspace(folder) as workspace:
        yield workspace


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def client(desk, clock):
    with reader(desk, Access(PORT, clock)) as opened:
        yield opened


@pytest.fixture(autouse=True)
def unhurried(monkeypatch):
    """Guesses of other tests do not count here."""
    monkeypatch.setattr(sign_ins, "GUESSES_OF_ALL", 10**6)


def without_tokens(answer, name):
    return re.sub(r'value="[0-9a-f]{64}"', "", answer.text).replace(name, "")


def events(workspace, since):
    return [(e["action"], e["object"], e["outcome"]) for e in workspace.catalogue.events()][since:]


def number_of_events(workspace):
    return sum(1 for _ in workspace.catalogue.events())


def test_who_is_signed_in_is_shown_and_recorded(client, desk):
    since = number_of_events(desk)
    answer = sign_in(client, "checker-1", PASSPHRASE)
    assert (answer.status_code, answer.headers["location"]) == (303, "/releases")
    assert "Signed in as <bdi>checker-1</bdi>" in client.get("/releases").text
    assert "Signed in as <bdi>checker-1</bdi>" in client.get("/").text
    send(client, "/sign-out")
    assert events(desk, since) == [
        ("sign-in", "person:checker-1", "done"),
        ("sign-out", "person:checker-1", "done"),
    ]


def test_a_wrong_passphrase_and_an_unknown_person_get_the_same_answer(client, desk):
    wrong = sign_in(client, "checker-1", WRONG)
    unknown = sign_in(client, "nobody-of-that-name", WRONG)
    assert wrong.status_code == unknown.status_code == 403
    assert without_tokens(wrong, "checker-1") == without_tokens(unknown, "nobody-of-that-name")
    assert "do not go together" in wrong.text
    assert client.get("/releases", follow_redirects=False).status_code == 303


def test_a_passphrase_that_was_typed_as_a_name_is_nowhere_in_the_trail(client, desk):
    since = number_of_events(desk)
    sign_in(client, PASSPHRASE, "")
    assert events(desk, since) == [("sign-in", "person:unknown", "failed")]


@pytest.mark.parametrize("name", ["checker-1", "nobody-of-that-name"])
def test_after_five_wrong_ones_each_must_wait_twice_as_long(desk, clock, name):
    guesses = SignIns(clock)
    for _ in range(FREE_GUESSES):
        with pytest.raises(Exception, match="do not go together"):
            guesses.sign_in(desk, name, WRONG)
    for wait in (1, 2, 4, 8):
        with pytest.raises(TooManyGuesses) as found:
            guesses.sign_in(desk, name, PASSPHRASE)
        assert found.value.seconds == wait
        clock.now += wait
        with pytest.raises(Exception, match="do not go together"):
            guesses.sign_in(desk, name, WRONG)
    for _ in range(20):
        clock.now += LONGEST_WAIT
        with pytest.raises(Exception, match="do not go together"):
            guesses.sign_in(desk, name, WRONG)
    assert guesses.sign_in(desk, "checker-2", PASSPHRASE).person.id == "checker-2"
    with pytest.raises(TooManyGuesses):
        guesses.sign_in(desk, name, PASSPHRASE)


def test_the_right_one_after_the_wait_makes_all_guesses_free_again(desk, clock):
    guesses = SignIns(clock)
    for _ in range(FREE_GUESSES):
        with pytest.raises(Exception, match="do not go together"):
            guesses.sign_in(desk, "checker-1", WRONG)
    clock.now += 1
    assert guesses.sign_in(desk, "checker-1", PASSPHRASE).person.id == "checker-1"
    for _ in range(FREE_GUESSES):
        with pytest.raises(Exception, match="do not go together"):
            guesses.sign_in(desk, "checker-1", WRONG)


def test_many_guesses_at_many_names_make_everybody_wait_whatever_process_took_them(desk, clock, monkeypatch):
    now = datetime.datetime.now(datetime.UTC)
    recent = [e for e in desk.catalogue.events() if (e["action"], e["outcome"]) == ("sign-in", "failed")]
    monkeypatch.setattr(sign_ins, "GUESSES_OF_ALL", len(recent) + 3)
    for name in ("one", "two", "three"):
        with pytest.raises(Exception, match="do not go together"):
            SignIns(clock).sign_in(desk, name, WRONG)
    with pytest.raises(TooManyGuesses) as found:
        SignIns(clock).sign_in(desk, "checker-1", PASSPHRASE)
    assert 0 < found.value.seconds <= 15 * 60
    monkeypatch.setattr(desk.catalogue, "_clock", lambda: now + datetime.timedelta(minutes=16))
    assert SignIns(clock).sign_in(desk, "checker-1", PASSPHRASE).person.id == "checker-1"


def test_who_must_wait_is_told_for_how_long(client):
    for _ in range(FREE_GUESSES):
        sign_in(client, "checker-1", WRONG)
    answer = sign_in(client, "checker-1", PASSPHRASE)
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "1")
    assert "Wait 1 second, then sign in again." in answer.text
    assert 'value="checker-1"' in answer.text


@pytest.mark.parametrize(
    ("step", "steps", "is_signed_in"),
    [
        pytest.param(IDLE_SECONDS - 1, 3, True, id="at work"),
        pytest.param(IDLE_SECONDS + 1, 1, False, id="away"),
        pytest.param(IDLE_SECONDS - 1, int(LONGEST_SECONDS / (IDLE_SECONDS - 1)) + 1, False, id="a long day"),
    ],
)
def test_a_session_ends_after_a_while(client, clock, step, steps, is_signed_in):
    sign_in(client, "checker-1", PASSPHRASE)
    for _ in range(steps):
        clock.now += step
        answer = client.get("/sign-in")
    assert ("Signed in as" in answer.text) == is_signed_in
    assert (client.get("/releases", follow_redirects=False).status_code == 200) == is_signed_in


def test_what_was_typed_when_the_session_had_ended_is_shown_again(client, desk, clock):
    release = put_into(desk, "prepared")
    sign_in(client, "checker-1", PASSPHRASE)
    token = form_token(client.get(f"/releases/{release}").text)
    clock.now += IDLE_SECONDS + 1
    answer = send(
        client, f"/releases/{release}/return", token, seen="prepared", reason="Totals <do not> agree"
    )
    assert answer.status_code == 403
    assert "Totals &lt;do not&gt; agree</textarea>" in answer.text
    assert f'name="then" value="/releases/{release}"' in answer.text


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param(
            ("1, organisation: nso, roles: [disc", "1, organisation: nso, roles: [auditor, disc"), id="role"
        ),
        pytest.param(("id: checker-1,", "id: checker-9,"), id="no longer declared"),
    ],
)
def test_a_session_ends_when_the_person_is_declared_otherwise(client, desk, changed):
    people = desk.declarations.folder / "strategy" / "people.yaml"
    sign_in(client, "checker-1", PASSPHRASE)
    assert client.get("/releases", follow_redirects=False).status_code == 200
    try:
        people.write_text(PEOPLE.replace(*changed), encoding="utf-8")
        assert client.get("/releases", follow_redirects=False).status_code == 303
    finally:
        people.write_text(PEOPLE, encoding="utf-8")


def test_a_session_ends_when_the_person_is_enrolled_again(client, desk, monkeypatch):
    sign_in(client, "checker-2", PASSPHRASE)
    from sojourn.production.accounts import enrol

    monkeypatch.setattr("sojourn.production.accounts._require_administrator", lambda *_: None)
    enrol(desk, "checker-2", PASSPHRASE)
    assert client.get("/releases", follow_redirects=False).status_code == 303
    assert sign_in(client, "checker-2", PASSPHRASE).status_code == 303


def test_a_file_of_people_that_has_become_wrong_is_told_and_nobody_acts(client, desk):
    people = desk.declarations.folder / "strategy" / "people.yaml"
    sign_in(client, "checker-1", PASSPHRASE)
    try:
        people.write_text(PEOPLE.replace("[publisher]", "[emperor]"), encoding="utf-8")
        answer = client.get("/releases")
        assert answer.status_code == 404
        assert "It must be one of" in answer.text
    finally:
        people.write_text(PEOPLE, encoding="utf-8")
    assert client.get("/releases").status_code == 200
