"""The checker's desk: what is shown of a release, what may be done, and what becomes of what was typed."""

from __future__ import annotations

import datetime
import html
import re

import pytest
import sqlalchemy as sa

from desk_office import PASSPHRASE, put_into, released, waiting_release
from office_reader import form_token, reader, send, sign_in
from sojourn.catalogue import schema
from sojourn.contracts.table import Zone
from sojourn.production.desk import gate_today
from sojourn.store.store import Store


@pytest.fixture
def client(desk):
    with reader(desk) as opened:
        yield opened


@pytest.fixture
def release(desk):
    return put_into(desk, "prepared")


def rows_of(page):
    """The rows of a page's table of cells, as the texts of their cells."""
    table = re.search(r'<table class="side-by-side cells".*?</table>', page, re.DOTALL)
    found = re.findall(r'<tr role="row" id="cell-\d+".*?</tr>', table[0], re.DOTALL) if table else []
    return [
        [plain(cell) for cell in re.findall(r"<t[hd] .*?>(.*?)</t[hd]>", row, re.DOTALL)] for row in found
    ]


def plain(text):
    return html.unescape(" ".join(re.sub(r"<[^>]*>", " ", text).split()))


def state(workspace):
    table = schema.release.c
    return workspace.catalogue.rows(sa.select(table.state).where(table.version == 2))[0]["state"]


def as_person(client, person):
    assert sign_in(client, person, PASSPHRASE).status_code == 303


def headings_of_queue(page):
    return re.findall(r"<caption>(.*?)</caption>", page)


@pytest.mark.parametrize(
    ("given", "who", "captions"),
    [
        ("prepared", "checker-1", ["To check", "The newest first"]),
        ("prepared", "publisher-1", ["Waiting for somebody else", "The newest first"]),
        ("checked", "coordinator-1", ["To vote on", "The newest first"]),
        ("checked", "author-1", ["Waiting for somebody else", "The newest first"]),
        ("approved", "publisher-1", ["To publish", "The newest first"]),
        ("embargoed", "publisher-1", ["Waiting for the moment that was set", "The newest first"]),
        ("returned", "author-1", ["The newest first"]),
    ],
)
def test_the_queue_is_by_what_one_can_do_next(client, desk, given, who, captions):
    put_into(desk, given)
    as_person(client, who)
    page = client.get("/releases").text
    assert headings_of_queue(page) == captions
    assert "Migration 2024, version 2" in page


def test_who_has_voted_finds_the_release_with_the_others(client, desk):
    put_into(desk, "checked", votes=("checker-1",))
    as_person(client, "checker-1")
    assert headings_of_queue(client.get("/releases").text)[0] == "Waiting for somebody else"


def test_the_queue_tells_age_author_and_findings_by_weight(client, release):
    as_person(client, "checker-1")
    page = plain(client.get("/releases").text)
    assert re.search(r"prepared (under a minute|\d+ \w+) ago author-1 To be answered for 2 \(2 open\)", page)


def test_cells_stand_old_beside_new_with_what_was_found_in_them(client, release):
    as_person(client, "checker-1")
    rows = rows_of(client.get(f"/releases/{release}/tables/CROSSINGS").text)
    found = {tuple(row[:4]): row[4:] for row in rows}
    normal = ["A Normal value", "F Free for publication"]
    held = ["Q Missing; suppressed was A Normal value",
            "C Confidential: persons could be recognised was F Free for publication"]  # fmt: skip
    assert len(rows) == 35
    assert found["Total", "Total", "Total", "2024"] == ["40", "43", "+3", *normal, "nothing"]
    assert found["Male", "Total", "Norway", "2024"] == ["14", "14", "0", *normal, "nothing"]
    assert found["Total", "Total", "France", "2024"] == [
        "2", "– no value", "no longer shown", *held, "nothing",
    ]  # fmt: skip
    assert found["Male", "Departure", "Syria", "2024"] == ["2", "2", "0", *normal, "Finding 2"]
    assert found["Total", "Total", "Namibia", "2024"][:3] == ["no such cell", "– no value", "new cell"]


@pytest.mark.parametrize(
    ("show", "number"), [("all", 35), ("findings", 2), ("changes", 26), ("withheld", 12)]
)
def test_cells_are_chosen_by_kind(client, release, show, number):
    as_person(client, "checker-1")
    page = client.get(f"/releases/{release}/tables/CROSSINGS?show={show}").text
    assert len(rows_of(page)) == number
    assert [int(found) for found in re.findall(r"[Cc]ells[^:<]*: (\d+)<", page)] == [35, 2, 26, 12]


def test_a_table_is_read_a_page_at_a_time_and_one_key_leads_on(client, release, monkeypatch):
    monkeypatch.setattr("sojourn.release.cell_pages.PAGE", 20)
    as_person(client, "checker-1")
    here = f"/releases/{release}/tables/CROSSINGS"
    first, second = client.get(here).text, client.get(f"{here}?show=all&page=2").text
    assert (len(rows_of(first)), len(rows_of(second))) == (20, 15)
    assert f'<a rel="next" accesskey="n" href="{here}?show=all&amp;page=2">' in first
    assert f'<a rel="prev" accesskey="p" href="{here}?show=all&amp;page=1">' in second
    assert f'<a rel="next" accesskey="n" href="/releases/{release}">' in second
    for strange in ("0", "99", "-1", "x", "9" * 30, "٣"):
        assert client.get(here, params={"page": strange}).status_code == 200


def test_one_key_walks_from_the_release_through_findings_and_tables_and_back(client, release):
    as_person(client, "checker-1")
    at, walked = f"/releases/{release}", []
    for _ in range(4):
        page = client.get(at).text
        at = html.unescape(re.search(r'<a rel="next" accesskey="n" href="([^"]+)"', page)[1])
        walked.append(at.removeprefix(f"/releases/{release}"))
    assert walked == ["/findings/1", "/findings/2", "/tables/CROSSINGS", ""]


def test_the_persons_behind_cells_are_those_of_the_estimates_and_the_look_is_recorded(client, desk, release):
    as_person(client, "checker-1")
    before = sum(1 for _ in desk.catalogue.events())
    page = client.get(f"/releases/{release}/tables/CROSSINGS?counts=yes").text
    behind = {tuple(row[:3]): row[9] for row in rows_of(page)}
    # Numbers 0 to 42: 42 is a Namibian's, 2 and 6 Frenchmen's, 0, 5, … 40 nine Syrians'; that leaves 31.
    assert behind["Total", "Total", "Total"] == "43"
    assert behind["Total", "Total", "Namibia"] == "1"
    assert behind["Total", "Total", "France"] == "2"
    assert behind["Total", "Total", "Syria"] == "9"
    assert behind["Total", "Total", "Norway"] == "31"
    looks = [e for e in list(desk.catalogue.events())[before:] if e["action"] == "release-counts-behind"]
    assert [(e["actor"], e["object"], e["outcome"]) for e in looks] == [
        ("checker-1", f"release:{release}", "done")
    ]
    assert '"table": "CROSSINGS"' in looks[0]["detail"]


def test_persons_behind_a_release_that_does_not_name_its_estimates_are_not_known(client, desk, release):
    as_person(client, "checker-1")
    table = schema.release
    [row] = desk.catalogue.rows(sa.select(table.c.summary).where(table.c.hash == release))
    try:
        with desk.catalogue.engine.begin() as connection:
            without = row["summary"].replace('"estimates"', '"other"')
            connection.execute(sa.update(table).where(table.c.hash == release).values(summary=without))
        page = client.get(f"/releases/{release}/tables/CROSSINGS?counts=yes").text
        assert {cells[9] for cells in rows_of(page)} == {"not known"}
    finally:
        with desk.catalogue.engine.begin() as connection:
            connection.execute(sa.update(table).where(table.c.hash == release).values(**row))


def test_how_a_table_was_protected_is_told_in_sentences(client, release):
    as_person(client, "auditor-1")
    page = plain(client.get(f"/releases/{release}/tables/CROSSINGS/protection").text)
    assert "Figures with fewer than 2 persons behind them are withheld; zeros are shown." in page
    assert "23 of 35 figures are shown: 65.7 per cent." in page
    assert "The protection passed its audit." in page


def test_a_release_goes_its_whole_way_by_forms_of_four_people(client, desk, release):
    here = f"/releases/{release}"
    as_person(client, "checker-1")
    answer = send(
        client, f"{here}/findings/1/accept", seen="prepared", reason="Exact is right here", next="2"
    )
    assert answer.headers["location"] == f"{here}/findings/2?done=accept"
    answer = send(client, f"{here}/findings/2/accept", seen="prepared", reason="Published before")
    assert answer.headers["location"] == f"{here}?done=accept"
    send(client, f"{here}/check", seen="prepared", comment="Look at Namibia")
    assert state(desk) == "checked"
    send(client, f"{here}/vote", seen="checked", answer="approve", comment="Mine", confirmed="yes")
    assert "Mine" in client.get(here).text
    as_person(client, "coordinator-1")
    page = client.get(here).text
    assert "Look at Namibia" in page
    assert "1 of 2 votes are in" in page
    assert "Mine" not in page
    send(client, f"{here}/vote", seen="checked", answer="approve", confirmed="yes")
    assert state(desk) == "approved"
    assert "Mine" in client.get(here).text
    as_person(client, "publisher-1")
    send(client, f"{here}/publish", seen="approved", confirmed="yes")
    assert state(desk) == "published"
    assert (desk.store.zone(Zone.PUBLIC) / "releases" / release).is_dir()
    send(client, f"{here}/withdraw", seen="published", confirmed="yes", **{"reason-en": "Wrong period"})
    assert state(desk) == "withdrawn"
    put_into(desk, "prepared")


ASKED = [
    ("return", "prepared", "checker-1", {"reason": "Mend it"}, "Return this release to its author?"),
    (
        "vote",
        "checked",
        "checker-1",
        {"answer": "approve", "comment": "Well"},
        "Do you approve this release?",
    ),
    ("vote", "checked", "checker-1", {"answer": "refuse", "comment": "Bad"}, "Do you refuse this release?"),
    ("publish", "approved", "publisher-1", {}, "Publish this release now?"),
    (
        "embargo",
        "approved",
        "publisher-1",
        {"at": "2098-05-01T09:00"},
        "Publish this release on 2098-05-01 09:00",
    ),
    ("withdraw", "published", "publisher-1", {"reason-en": "Wrong"}, "Withdraw this release?"),
]


@pytest.mark.parametrize(
    ("act", "given", "who", "fields", "question"), ASKED, ids=lambda part: str(part)[:20]
)
def test_what_cannot_be_undone_is_asked_for_once_more_and_going_back_keeps_what_was_typed(
    client, desk, act, given, who, fields, question
):
    release = put_into(desk, given)
    as_person(client, who)
    answer = send(client, f"/releases/{release}/{act}", seen=given, **fields)
    assert (answer.status_code, state(desk)) == (200, given)
    assert question in answer.text
    for name, value in {**fields, "seen": given}.items():
        assert f'<input type="hidden" name="{name}" value="{value}">' in answer.text
    back = send(client, f"/releases/{release}/{act}", seen=given, confirmed="no", **fields)
    assert (back.status_code, state(desk)) == (200, given)
    kept = next((value for name, value in fields.items() if name != "answer"), "")
    assert kept in back.text


LACKING = [
    ("return", "prepared", "checker-1", {"reason": "  "}, "not returned without a reason", ""),
    ("vote", "checked", "checker-1", {"answer": "refuse", "comment": ""}, "not refused without a reason", ""),
    ("vote", "checked", "checker-1", {"answer": "", "comment": "Kept"}, "does not say how you vote", "Kept"),
    ("embargo", "approved", "publisher-1", {"at": "tomorrow"}, "names no moment", "tomorrow"),
    ("embargo", "approved", "publisher-1", {"at": "2001-01-01T09:00"}, "is past", "2001-01-01T09:00"),
    ("embargo", "approved", "publisher-1", {"at": "0001-01-01T00:00"}, "no moment", "0001-01-01T00:00"),
    ("withdraw", "published", "publisher-1", {"reason-en": ""}, "not withdrawn without a reason", ""),
    ("return", "prepared", "checker-1", {"reason": "x" * 5000}, "has 5,000 signs", "x" * 5000),
]  # fmt: skip


@pytest.mark.parametrize(
    ("act", "given", "who", "fields", "said", "kept"), LACKING, ids=lambda part: str(part)[:20]
)
def test_a_form_that_lacks_something_comes_back_with_what_was_typed(
    client, desk, act, given, who, fields, said, kept
):
    release = put_into(desk, given)
    as_person(client, who)
    for confirmed in ("", "yes"):
        answer = send(client, f"/releases/{release}/{act}", seen=given, confirmed=confirmed, **fields)
        assert (answer.status_code, state(desk)) == (409, given)
        assert said in answer.text
        assert "<title>Not done: " in answer.text
        assert kept in answer.text


def test_a_finding_without_a_reason_is_not_answered_and_a_check_needs_all_answers(client, desk, release):
    as_person(client, "checker-1")
    answer = send(client, f"/releases/{release}/findings/1/accept", seen="prepared", reason=" ")
    assert (answer.status_code, "not accepted without a reason" in answer.text) == (409, True)
    answer = send(client, f"/releases/{release}/check", seen="prepared", comment="Well looked at")
    assert (answer.status_code, state(desk)) == (403, "prepared")
    assert "2 findings are neither mended nor answered for: 1, 2." in answer.text
    assert "Well looked at</textarea>" in answer.text


def test_where_somebody_was_faster_nothing_is_done_and_nothing_that_was_typed_is_lost(client, desk, release):
    as_person(client, "checker-1")
    token = form_token(client.get(f"/releases/{release}").text)
    gate = gate_today(desk)
    gate.send_back(gate.people["coordinator-1"], release, "I was faster")
    before = sum(1 for _ in desk.catalogue.events())
    typed = {"seen": "prepared", "reason": "Totals do not agree", "confirmed": "yes"}
    answer = send(client, f"/releases/{release}/return", token, **typed)
    assert answer.status_code == 409
    assert "The release was prepared when you opened this page, and is returned now" in answer.text
    assert "I was faster" in answer.text
    assert "Totals do not agree</textarea>" in answer.text
    told = [(e["action"], e["outcome"]) for e in list(desk.catalogue.events())[before:]]
    assert told[0] == ("release-return", "failed")


def test_a_moment_that_was_moved_meanwhile_is_not_published_over(client, desk):
    release = put_into(desk, "embargoed")
    as_person(client, "publisher-1")
    gate = gate_today(desk)
    gate.publish(gate.people["publisher-1"], release, datetime.datetime(2098, 1, 1, tzinfo=datetime.UTC))
    seen = "embargoed 2099-01-01T00:00:00.000000+00:00"
    answer = send(client, f"/releases/{release}/publish", seen=seen, confirmed="yes")
    assert (answer.status_code, state(desk)) == (409, "embargoed")
    put_into(desk, "prepared")


def test_an_answer_that_somebody_gave_meanwhile_stays_unless_it_is_meant_to_be_replaced(
    client, desk, release
):
    here = f"/releases/{release}/findings/1/accept"
    gate = gate_today(desk)
    gate.accept(gate.people["checker-2"], release, 1, "The first answer")
    as_person(client, "checker-1")
    answer = send(client, here, seen="prepared", reason="The second answer")
    assert answer.status_code == 403
    assert "checker-2 has answered for finding 1 meanwhile" in answer.text
    assert "The first answer</blockquote>" in answer.text
    assert 'value="The second answer"' in answer.text
    send(client, here, seen="prepared", reason="The second answer", decided="yes")
    assert "The second answer</blockquote>" in client.get(f"/releases/{release}/findings/1").text


def test_while_another_command_writes_nothing_is_published_and_the_form_comes_back(client, desk):
    release = put_into(desk, "approved")
    as_person(client, "publisher-1")
    with Store(desk.store.local).one_writer():
        answer = send(client, f"/releases/{release}/publish", seen="approved", confirmed="yes")
    assert (answer.status_code, state(desk)) == (409, "approved")
    assert "Another command is writing to this project" in answer.text


def test_a_moment_is_of_this_machines_time_and_can_be_taken_back(client, desk, monkeypatch):
    release = put_into(desk, "approved")
    as_person(client, "publisher-1")
    send(
        client, f"/releases/{release}/embargo", seen="approved", at="2098-05-01T09:00+02:00", confirmed="yes"
    )
    assert state(desk) == "embargoed"
    page = client.get(f"/releases/{release}").text
    assert "It is published on 2098-05-01 07:00 UTC" in page
    seen = re.search(r'name="seen" value="([^"]+)"', page)[1]
    send(client, f"/releases/{release}/lift", seen=html.unescape(seen))
    assert state(desk) == "approved"
    put_into(desk, "prepared")


def test_a_release_of_which_a_byte_was_changed_says_so(client, desk, release):
    as_person(client, "checker-1")
    file = (
        desk.store.zone(Zone.SECURE) / "drafts" / "releases" / release / "tables" / "CROSSINGS" / "method.sql"
    )
    kept = file.read_bytes()
    try:
        file.write_bytes(kept + b" ")
        page = client.get(f"/releases/{release}").text
        assert "1 files of this release are not those that were prepared: tables/CROSSINGS/method.sql" in page
    finally:
        file.write_bytes(kept)


def test_each_look_at_a_release_is_one_event(client, desk, release):
    as_person(client, "auditor-1")
    before = sum(1 for _ in desk.catalogue.events())
    for page in ("", "/findings/1", "/tables/CROSSINGS", "/tables/CROSSINGS/protection"):
        client.get(f"/releases/{release}{page}")
    told = [(e["actor"], e["action"], e["object"]) for e in list(desk.catalogue.events())[before:]]
    assert told == [("auditor-1", "release-look", f"release:{release}")] * 4


def test_the_first_release_stands_alone(client, desk):
    as_person(client, "checker-1")
    page = client.get(f"/releases/{released(desk)}/tables/CROSSINGS").text
    assert "This release supersedes none. The figures stand alone." in page
    assert ">Before<" not in page
    assert waiting_release(desk) not in page


def test_what_is_not_there_is_told_in_words(client, release):
    as_person(client, "checker-1")
    for page in (
        f"/releases/{'0' * 64}",
        f"/releases/{release}/findings/99",
        f"/releases/{release}/tables/NONE",
    ):
        assert client.get(page).status_code == 404
    assert send(client, f"/releases/{'0' * 64}/check", seen="prepared").status_code == 409
