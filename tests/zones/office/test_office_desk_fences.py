"""The desk shows nothing to nobody, no record to anybody, and takes no form but its own person's."""

from __future__ import annotations

import re

import pytest
import sqlalchemy as sa

from desk_office import MOST, PASSPHRASE, put_into, released
from office_reader import form_token, keep_cookie, reader, send, sign_in, stranger
from sojourn.catalogue import schema

PAGES = ("", "/findings/1", "/findings/2", "/tables/CROSSINGS", "/tables/CROSSINGS?counts=yes",
         "/tables/CROSSINGS?show=withheld", "/tables/CROSSINGS/protection", "?done=check")  # fmt: skip
FORMS = ("findings/1/accept", "check", "return", "vote", "publish", "embargo", "lift", "withdraw")


@pytest.fixture
def release(desk):
    return put_into(desk, "prepared")


def votes(workspace, release):
    return workspace.catalogue.rows(
        sa.select(schema.approval).where(schema.approval.c.release_hash == release)
    )


def test_somebody_who_was_not_let_in_sees_nothing(desk, release):
    with stranger(desk) as nobody:
        for page in ("/sign-in", "/releases", *(f"/releases/{release}{page}" for page in PAGES)):
            answer = nobody.get(page, follow_redirects=False)
            assert answer.status_code == 403
            assert "2024" not in answer.text
        sent = {"person": "checker-1", "passphrase": PASSPHRASE}
        assert nobody.post("/sign-in/begin", data=sent).status_code == 403


def test_without_a_person_a_release_that_is_there_answers_as_one_that_is_not(desk, release):
    absent = "0" * 64
    with reader(desk) as client:
        for page in PAGES:
            for one in (release, absent):
                answer = client.get(f"/releases/{one}{page}", follow_redirects=False)
                assert (answer.status_code, answer.content) == (303, b"")
                path = f"/releases/{one}{page.partition('?')[0]}"
                assert answer.headers["location"] == f"/sign-in?then={path}"
        for form in FORMS:
            answers = [send(client, f"/releases/{one}/{form}", seen="prepared") for one in (release, absent)]
            assert [answer.status_code for answer in answers] == [403, 403]
            assert answers[0].text.replace(release, absent).replace("0" * 64, "") == answers[1].text.replace(
                absent, ""
            )


def test_no_page_of_the_desk_holds_a_value_of_a_record(desk, release):
    values = re.compile(r"Canary\d|Bird|P00000\d\d|M000\d\d|19[5-9]\d-01-")
    with reader(desk) as client:
        sign_in(client, "checker-1", PASSPHRASE)
        pages = [
            "/releases",
            *(f"/releases/{one}{page}" for one in (release, released(desk)) for page in PAGES),
        ]
        seen = [client.get(page) for page in pages]
    assert {answer.status_code for answer in seen} == {200}
    assert [match for answer in seen if (match := values.search(answer.text))] == []
    assert values.search(f"Canary{MOST}")


def test_no_answer_of_the_desk_may_be_kept_framed_or_run_a_script(desk, release):
    with reader(desk) as client:
        sign_in(client, "checker-1", PASSPHRASE)
        for page in ("/sign-in", "/releases", *(f"/releases/{release}{page}" for page in PAGES)):
            answer = client.get(page)
            assert answer.headers["cache-control"] == "no-store"
            assert "default-src 'none'" in answer.headers["content-security-policy"]
            assert "<script" not in answer.text
            assert not re.search(r"\son[a-z]+=|style=", answer.text)


@pytest.mark.parametrize(
    ("fields", "headers"),
    [
        pytest.param({"form_token": ""}, {}, id="no token"),
        pytest.param({"form_token": "0" * 64}, {}, id="another token"),
        pytest.param({}, {"origin": "http://evil.example"}, id="another origin"),
        pytest.param({}, {"sec-fetch-site": "cross-site"}, id="another site"),
    ],
)
def test_a_form_of_another_page_does_nothing(desk, fields, headers):
    release = put_into(desk, "checked")
    with reader(desk) as client:
        sign_in(client, "checker-1", PASSPHRASE)
        token = form_token(client.get(f"/releases/{release}").text)
        sent = {"form_token": token, "seen": "checked", "answer": "approve", "confirmed": "yes"} | fields
        answer = client.post(f"/releases/{release}/vote", data=sent, headers=headers)
        assert answer.status_code == 403
        out = client.post("/sign-out", data={"form_token": token} | fields, headers=headers)
        assert out.status_code == 403
        assert client.get("/releases").status_code == 200
    assert votes(desk, release) == []


def test_signing_in_and_out_each_give_another_cookie_and_the_old_one_is_worth_nothing(desk):
    with reader(desk) as client:
        cookies = [client.headers["cookie"]]
        sign_in(client, "checker-1", PASSPHRASE)
        cookies.append(client.headers["cookie"])
        keep_cookie(client, send(client, "/sign-out"))
        cookies.append(client.headers["cookie"])
        assert len(set(cookies)) == 3
        for cookie in cookies[:2]:
            assert client.get("/sign-in", headers={"cookie": cookie}).status_code == 403
        assert client.get("/releases", follow_redirects=False).status_code == 303


def test_a_form_that_one_person_left_open_does_nothing_in_the_name_of_the_next(desk):
    release = put_into(desk, "checked")
    with reader(desk) as client:
        sign_in(client, "checker-1", PASSPHRASE)
        left_open = form_token(client.get(f"/releases/{release}").text)
        sign_in(client, "checker-2", PASSPHRASE)
        path = f"/releases/{release}/vote"
        answer = send(client, path, left_open, seen="checked", answer="approve", confirmed="yes")
        assert answer.status_code == 403
    assert votes(desk, release) == []


@pytest.mark.parametrize(
    "then",
    ["//evil.example", "https://evil.example/releases", "/releases/../sign-out", "/sign-out", "javascript:1"],
)
def test_signing_in_leads_to_pages_of_releases_only(desk, then):
    with reader(desk) as client:
        page = client.get("/sign-in", params={"then": then}).text
        assert 'name="then" value="/releases"' in page
        sent = {"person": "checker-1", "passphrase": PASSPHRASE, "then": then}
        assert send(client, "/sign-in/begin", **sent).headers["location"] == "/releases"


def test_a_name_that_a_table_does_not_have_is_no_path(desk, release):
    with reader(desk) as client:
        sign_in(client, "checker-1", PASSPHRASE)
        for table in ("..%2f..", "%2e%2e%2f", "OTHER", "crossings", "CROSSINGS%2f..%2f.."):
            assert client.get(f"/releases/{release}/tables/{table}").status_code == 404
            assert client.get(f"/releases/{release}/tables/{table}/protection").status_code == 404
        assert client.get(f"/releases/{release[:-1]}").status_code == 404
