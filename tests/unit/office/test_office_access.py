"""Who is let into the office, and what of other pages counts."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parents[2]))

from office_reader import HOME, PORT, form_token, reader, stranger
from review_office import write_office
from sojourn.integration.review_sampling import ReviewDesign
from sojourn.office.access import Access
from sojourn.production.review import Sample, draw_sample
from sojourn.production.review_decisions import history
from sojourn.production.workspace import Workspace, open_workspace


@pytest.fixture(scope="module")
def reviewed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Workspace, Sample]]:
    base = tmp_path_factory.mktemp("access")
    folder = write_office(base / "ruritania", base / "keys", base / "sent")
    with open_workspace(folder) as workspace:
        yield workspace, draw_sample(workspace, design=ReviewDesign(size=1000))


@pytest.fixture(scope="module")
def client(reviewed: tuple[Workspace, Sample]) -> Iterator[Any]:
    with reader(reviewed[0]) as opened:
        yield opened


def pages(sample):
    here = f"/samples/{sample.id}"
    return ["/", here, f"{here}/history", f"{here}/cases/1", "/absent"]


def test_without_the_token_no_page_is_shown_and_nothing_is_looked_at(reviewed):
    workspace, sample = reviewed
    before = sum(1 for _ in workspace.catalogue.events())
    with stranger(workspace) as nobody:
        for address in pages(sample)[:-1]:
            answer = nobody.get(address)
            assert answer.status_code == 403, address
            assert sample.id not in answer.text
        for act in ("decide", "undo", "unmask"):
            assert nobody.post(f"/samples/{sample.id}/cases/1/{act}").status_code == 403
        assert nobody.get("/enter?token=guess").status_code == 403
        assert nobody.get("/enter").status_code == 403
    assert sum(1 for _ in workspace.catalogue.events()) == before


def test_the_printed_address_lets_one_browser_in_once(reviewed):
    access = Access(PORT)
    with stranger(reviewed[0], access) as nobody:
        address = access.first_address().removeprefix(HOME)
        first = nobody.get(address, follow_redirects=False)
        assert (first.status_code, first.headers["location"]) == (302, "/")
        assert nobody.get(address, follow_redirects=False).status_code == 403
        entries = [one for one in reviewed[0].catalogue.events() if one["action"] == "enter-office"]
        assert entries[-1]["actor"] == reviewed[0].actor
        cookie = first.headers["set-cookie"].lower()
        assert "samesite=strict" in cookie
        assert "httponly" in cookie
        assert nobody.get("/", headers={"cookie": cookie.split(";")[0] + "x"}).status_code == 403


def test_a_request_that_names_another_host_is_turned_away(client):
    assert client.get("/", headers={"host": "evil.example:8701"}).status_code == 403
    assert client.get("/", headers={"host": f"localhost:{PORT}"}).status_code == 200


@pytest.mark.parametrize(
    ("fields", "headers"),
    [
        pytest.param({}, {}, id="no token"),
        pytest.param({"form_token": "0" * 64}, {}, id="another token"),
        pytest.param(None, {"origin": "http://evil.example"}, id="another origin"),
        pytest.param(None, {"sec-fetch-site": "cross-site"}, id="another site"),
    ],
)
def test_a_form_that_is_not_ours_decides_nothing(client, reviewed, fields, headers):
    workspace, sample = reviewed
    page = client.get(f"/samples/{sample.id}/cases/1").text
    sent = {"form_token": form_token(page)} if fields is None else fields
    before = len(history(workspace, sample.id))
    answer = client.post(
        f"/samples/{sample.id}/cases/1/decide", data={**sent, "answer": "same"}, headers=headers
    )
    assert answer.status_code == 403
    assert len(history(workspace, sample.id)) == before


def test_no_answer_may_be_kept_framed_or_run_a_script(client, reviewed):
    for address in [*pages(reviewed[1]), "/static/office.css"]:
        headers = client.get(address).headers
        assert headers["cache-control"] == "no-store"
        assert headers["x-frame-options"] == "DENY"
        assert "default-src 'none'" in headers["content-security-policy"]
        assert "script" not in headers["content-security-policy"]


def test_what_is_not_there_is_told_in_words(client, reviewed):
    sample = reviewed[1]
    for address in ("/absent", "/samples/none", f"/samples/{sample.id}/cases/9999"):
        answer = client.get(address)
        assert answer.status_code == 404
        assert "Traceback" not in answer.text


def test_a_case_is_decided_undone_and_decided_again_by_forms_alone(client, reviewed):
    workspace, sample = reviewed
    here = f"/samples/{sample.id}/cases/2"
    page = client.get(here).text
    token = {"form_token": form_token(page)}
    decided = client.post(f"{here}/decide", data={**token, "answer": "same"}, follow_redirects=False)
    assert (decided.status_code, decided.headers["location"]) == (303, f"/samples/{sample.id}/cases/3")
    twice = client.post(f"{here}/decide", data={**token, "answer": "different"})
    assert twice.status_code == 409
    assert "Undo that decision first" in twice.text
    assert "Undo this decision" in client.get(here).text
    undone = client.post(f"{here}/undo", data=token, follow_redirects=False)
    assert (undone.status_code, undone.headers["location"]) == (303, here)
    assert client.post(f"{here}/undo", data=token).status_code == 409
    client.post(f"{here}/decide", data={**token, "answer": "unsure"}, follow_redirects=False)
    assert [one.decision for one in history(workspace, sample.id)] == ["unsure", "withdrawn", "same"]
    told = client.get(f"/samples/{sample.id}/history").text
    assert told.count("Case 2</a>") == 3
    assert "1 of 120 cases are decided" in client.get(f"/samples/{sample.id}").text


def test_the_queue_tells_no_precision_before_the_decisions_do(client, reviewed):
    page = client.get(f"/samples/{reviewed[1].id}").text
    assert page.count("not known before each stratum") == 2


def test_a_masked_value_is_spoken_without_its_dots(client, reviewed):
    page = client.get(f"/samples/{reviewed[1].id}/cases/1").text
    assert 'aria-hidden="true">Z··············</bdi><span class="hidden">Z and 14 hidden</span>' in page
