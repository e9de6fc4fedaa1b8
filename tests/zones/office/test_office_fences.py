"""The office shows a person only where a reason was given: no other page, log, error, row or file does."""

from __future__ import annotations

import logging
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2]))

from office_reader import form_token, reader
from review_office import canary, copied_office, values_of_canaries, write_office
from sojourn.integration.review_sampling import ReviewDesign
from sojourn.production import review_identities
from sojourn.production.review import cases, draw_sample
from sojourn.production.review_decisions import decisions_in_force
from sojourn.production.workspace import open_workspace

VALUES = values_of_canaries()


def traces(text):
    return [value for value in VALUES if value.lower() in text.lower()]


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("made")
    write_office(folder / "ruritania", folder / "keys", folder / "sent")
    return folder


@pytest.fixture
def folder(made, tmp_path):
    return copied_office(made, tmp_path / "office")


@pytest.fixture
def workspace(folder):
    with open_workspace(folder) as opened:
        yield opened


def looks(workspace):
    return [one for one in workspace.catalogue.events() if one["action"] in ("look-at-pair", "unmask-pair")]


def test_a_whole_review_leaves_no_trace_of_a_person_but_on_the_unmasked_page(workspace, folder, caplog):
    caplog.set_level(logging.DEBUG)
    sample = draw_sample(workspace, design=ReviewDesign(size=1000))
    pairs = {one.position: one.pair_id for one in cases(workspace, sample)}
    masked_pages = []
    with reader(workspace) as client:
        for position in range(1, 13):
            here = f"/samples/{sample.id}/cases/{position}"
            seen = client.get(here)
            masked_pages.append(seen.text)
            token = {"form_token": form_token(seen.text)}
            unmasked = client.post(f"{here}/unmask", data={**token, "reason": "masked-not-enough"})
            person = canary(int(pairs[position].rpartition("-")[2]))
            assert {person["SURNAME"], person["DOC"], person["BORN"]} <= set(traces(unmasked.text))
            answer = "same" if pairs[position].startswith("true") else "different"
            after = client.post(f"{here}/decide", data={**token, "answer": answer}, follow_redirects=False)
            masked_pages += [after.text, client.get(here).text, str(after.headers)]
            wrong = client.post(f"{here}/unmask", data={**token, "reason": person["SURNAME"]})
            assert wrong.status_code == 409
            masked_pages.append(wrong.text)
        client.post(f"/samples/{sample.id}/cases/3/undo", data=token)
        masked_pages += [
            client.get(path).text for path in ("/", f"/samples/{sample.id}", f"/samples/{sample.id}/history")
        ]
    for page in masked_pages:
        assert traces(page) == []
    assert traces(caplog.text) == []
    assert decisions_in_force(workspace).num_rows == 11
    workspace.catalogue.close()
    with sqlite3.connect(folder / "local" / "catalogue.sqlite") as connection:
        assert traces("\n".join(connection.iterdump())) == []
    vault = folder / "local" / "vault"
    left = [path for path in folder.rglob("*") if path.is_file() and vault not in path.parents]
    assert [path for path in left if traces(path.read_bytes().decode("latin-1"))] == []


def test_every_look_is_one_event_and_a_refused_one_is_none(workspace):
    sample = draw_sample(workspace, design=ReviewDesign(size=1000))
    pair = cases(workspace, sample)[0].pair_id
    with reader(workspace) as client:
        here = f"/samples/{sample.id}/cases/1"
        page = client.get(here).text
        assert len(looks(workspace)) == 1
        client.get(here)
        assert len(looks(workspace)) == 2
        token = {"form_token": form_token(page)}
        client.post(f"{here}/unmask", data={**token, "reason": "method-study"})
        client.post(f"{here}/unmask", data={**token, "reason": "curiosity"})
        client.get("/")
        client.get(f"/samples/{sample.id}")
    told = [(one["action"], one["object"], one["purpose"], one["outcome"]) for one in looks(workspace)]
    assert told == [
        ("look-at-pair", f"pair:{pair}", "clerical review", "done"),
        ("look-at-pair", f"pair:{pair}", "clerical review", "done"),
        ("unmask-pair", f"pair:{pair}", "method-study", "done"),
    ]


def test_a_look_whose_event_cannot_be_written_shows_nothing(workspace, monkeypatch):
    sample = draw_sample(workspace, design=ReviewDesign(size=1000))

    def full(*_arguments, **_named):
        raise OSError("no space left")

    with reader(workspace) as client:
        monkeypatch.setattr(workspace.catalogue, "_append", full)
        answer = client.get(f"/samples/{sample.id}/cases/1")
    assert answer.status_code == 500
    assert "Z·" not in answer.text


def test_a_mistake_of_ours_tells_no_value_in_page_or_log(workspace, monkeypatch, caplog):
    sample = draw_sample(workspace, design=ReviewDesign(size=1000))
    value = canary(1)["SURNAME"]

    class Broken:
        def __contains__(self, _name):
            raise ValueError(f"cannot read {value}")

    monkeypatch.setattr(review_identities, "FIELDS", ["surname"])
    monkeypatch.setattr("sojourn.engine.Relation.columns", Broken())
    with reader(workspace) as client:
        answer = client.get(f"/samples/{sample.id}/cases/1")
    assert answer.status_code == 500
    assert "incident" in answer.text
    assert "ValueError" in caplog.text
    assert traces(answer.text + caplog.text) == []
    assert [one["outcome"] for one in looks(workspace)] == ["failed"]


def test_the_office_and_the_portal_do_not_load_each_other():
    for own, other in (
        ("sojourn.office.server", "sojourn.portal"),
        ("sojourn.portal.server", "sojourn.office"),
    ):
        code = f"import sys, {own}; print([name for name in sys.modules if name.startswith('{other}')])"
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        assert done.stdout.strip() == "[]"
