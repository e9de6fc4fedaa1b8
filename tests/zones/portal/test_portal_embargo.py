"""A release that waits cannot be told from one never made; at its moment it is there, whole."""

from __future__ import annotations

import datetime
import http.client
import itertools
import json
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from litestar.testing import TestClient

from passing_the_gate import approved, published
from small_project import HEADER, crossing, write_small_project
from sojourn.contracts.table import Zone
from sojourn.errors import NotPermitted
from sojourn.portal import application
from sojourn.production.doctor import gate_of
from sojourn.production.embargoes import opened_embargoes
from sojourn.production.publishing import prepare_release
from sojourn.production.receive import receive
from sojourn.production.tables import run_tables
from sojourn.production.workspace import open_workspace

SECRET_TABLE = "ZEPPELINS"
INDICATOR = """\
id: zeppelins
title: {en: Zeppelins}
definition: {en: Crossings of the border by zeppelin.}
source: border
time: event_date
unit: {en: Crossings}
"""
TABLE = """\
id: ZEPPELINS
title: {en: Zeppelins by sex and citizenship}
indicator: zeppelins
by: [sex, citizenship]
protect: {minimum_contributors: 3, secondary: true, round_to: 5}
"""
RELEASE = """\
id: "secret-2025"
title: {en: Zeppelins 2025}
tables: [ZEPPELINS]
"""
UNEVEN = ("date", "ratelimit-reset", "ratelimit-remaining")
QUERIES = ["", "?lang=en", "?lang=fr", "?view=table", "?SEX=F", "?SEX=F&view=chart", "?page=2", "?format=csv"]


@dataclass(frozen=True)
class Embargo:
    """A project with one published release and one that waits, and the public zone as it was before that."""

    folder: Path
    secret: str
    first: str
    before: Path


def _with_zeppelins(folder: Path) -> None:
    for name, text in (
        ("indicators/zeppelins.yaml", INDICATOR),
        ("tables/zeppelins.yaml", TABLE),
        ("releases/secret-2025.yaml", RELEASE),
    ):
        (folder / name).write_text(text, encoding="utf-8")


@pytest.fixture(scope="module")
def embargo(tmp_path_factory: pytest.TempPathFactory) -> Embargo:
    base = tmp_path_factory.mktemp("embargo")
    folder = write_small_project(base / "ruritania", base / "keys")
    _with_zeppelins(folder)
    border = base / "border_2024.csv"
    border.write_text("\n".join([HEADER, *map(crossing, range(400))]) + "\n", encoding="utf-8")
    with open_workspace(folder) as office:
        receive(office, "border", border, period="2024")
        run_tables(office)
        people, gate = office.declarations.people, gate_of(office)
        author = people["statistician-1"]
        first = published(gate, people, prepare_release(office, author, "2024"))
        public = office.store.zone(Zone.PUBLIC)
        shutil.copytree(public, base / "before")
        secret = approved(gate, people, prepare_release(office, author, "secret-2025"))
        at = datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=1)
        gate.publish(people["publisher-1"], secret, at)
    return Embargo(folder, secret, first, base / "before")


def addresses(embargo: Embargo) -> list[str]:
    """Whatever a reader might ask to learn of a release: pages, data, files, charts, feeds, and nonsense."""
    hashes, tables = (embargo.secret, embargo.secret[:12]), (SECRET_TABLE, "zeppelins", "CROSSINGS")
    releases = (*hashes, "secret-2025", "2024", "latest")
    files = [
        f"{table}.{ending}"
        for table, ending in itertools.product(tables, ("csv", "xlsx", "ods", "json", "parquet", "sql"))
    ]
    found = [
        "/",
        "/data",
        "/releases",
        "/methods",
        "/catalog.jsonld",
        "/robots.txt",
        "/health",
        "/sitemap.xml",
    ]
    found += ["/feed.atom", "/calendar.ics", "/api/limits", "/openapi.json", "/releases.json"]
    found += [f"/?q={word}" for word in ("zeppelin", "ZEPPELINS", "secret-2025", "airship", embargo.secret)]
    found += [f"/data?q={word}" for word in ("zeppelin", "ZEPPELINS", "secret-2025", "2025")]
    for table, query in itertools.product(tables, QUERIES):
        found += [f"/data/{table}{query}", f"/data/{table}/chart.svg{query}", f"/data/{table}/map.svg{query}"]
        found += [f"/methods/{table}{query}", f"/indicators/{table}{query}"]
    found += [f"/data/{table}/{file}" for table, file in itertools.product(tables, files)]
    for release in releases:
        found += [f"/releases/{release}{query}" for query in QUERIES[:3]]
        found += [f"/releases/{release}/{file.split('.')[0]}/{file}" for file in files]
        found += [f"/data/{table}?release={release}" for table in tables]
    return found


Answers = dict[tuple[str, str], tuple[int, tuple[object, ...], bytes]]


def answers(public: Path, asked: list[str]) -> Answers:
    """What a portal answers, with every header but the moment and how much may still be asked."""
    found = {}
    with TestClient(application(public, requests_a_minute=10**6), raise_server_exceptions=False) as reader:
        for address, method in itertools.product(asked, ("GET", "HEAD")):
            answer = reader.request(method, address)
            kept = sorted((name, value) for name, value in answer.headers.items() if name not in UNEVEN)
            found[method, address] = (answer.status_code, tuple(kept), answer.content)
    return found


def test_an_embargoed_release_cannot_be_told_from_one_that_was_never_made(embargo):
    asked = addresses(embargo)
    assert len(asked) >= 300
    public = embargo.folder / "local" / "public"
    assert _contents(public) == _contents(embargo.before)
    now, before = answers(public, asked), answers(embargo.before, asked)
    differing = [one for one in now if now[one] != before[one]]
    assert differing == []
    # The attack sees what is there: the published table does answer.
    assert now["GET", "/data/CROSSINGS"][0] == 200
    assert now["GET", f"/data/{SECRET_TABLE}"][0] == 404


def _contents(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes() if path.is_file() else b""
        for path in folder.rglob("*")
    }


@contextmanager
def served(public: Path) -> Iterator[int]:
    """A portal in a process of its own; its port."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        port = held.getsockname()[1]
    command = [sys.executable, "-m", "sojourn.portal", str(public), "--port", str(port)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(150):
            try:
                _ask(port, "/health")
                break
            except OSError:
                time.sleep(0.2)
        yield port
    finally:
        process.terminate()
        process.wait(20)


def _ask(port: int, address: str) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        connection.request("GET", address)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def test_at_the_moment_every_answer_is_the_old_one_or_the_new_one(embargo, tmp_path):
    folder = tmp_path / "ruritania"
    shutil.copytree(embargo.folder, folder)
    pages = [f"/data/{SECRET_TABLE}", f"/releases/{embargo.secret}", "/releases", "/catalog.jsonld"]
    seen: list[tuple[float, int, str, int, bytes]] = []
    kept: list[str] = []

    def kept_back(release: str, _error: NotPermitted) -> None:
        kept.append(release)

    with open_workspace(folder) as office, served(office.store.zone(Zone.PUBLIC)) as port:
        people, gate = office.declarations.people, gate_of(office)
        moment = datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=2)
        gate.publish(people["publisher-1"], embargo.secret, moment)
        keeper = threading.Thread(
            target=lambda: list(opened_embargoes(office, wait=True, on_kept_back=kept_back))
        )
        old = {page: _ask(port, page) for page in pages}
        keeper.start()
        ended = threading.Event()
        asking = [threading.Thread(target=_poll, args=(port, pages, at, seen, ended)) for at in range(6)]
        for thread in asking:
            thread.start()
        keeper.join(20)
        shown_at = time.time()
        time.sleep(2.5)
        ended.set()
        for thread in asking:
            thread.join(20)
        new = {page: _ask(port, page) for page in pages}
        row = next(row for row in gate.releases() if row["hash"] == embargo.secret)
    assert kept == []
    opened = datetime.datetime.fromisoformat(row["published_at"])
    assert 0 <= (opened - moment).total_seconds() < 1
    assert json.loads(new["/catalog.jsonld"][1]) != json.loads(old["/catalog.jsonld"][1])
    assert new[pages[0]][0] == new[pages[1]][0] == 200
    assert old[pages[0]][0] == old[pages[1]][0] == 404
    for page in pages:
        mine = [(sent, status, body) for sent, _, asked, status, body in sorted(seen) if asked == page]
        kinds = [(status, body) for _, status, body in mine]
        assert set(kinds) == {old[page], new[page]}
        assert all(sent >= moment.timestamp() for sent, *answer in mine if tuple(answer) == new[page])
    rate = len(seen) / (max(seen)[0] - min(seen)[0])
    late = shown_at - moment.timestamp()
    print(f"{len(seen)} answers at {rate:.0f} a second; in the public zone {late:.2f} s after the moment")


def _poll(
    port: int,
    pages: list[str],
    first: int,
    seen: list[tuple[float, int, str, int, bytes]],
    ended: threading.Event,
) -> None:
    """Ask for the pages in turn, 25 times a second."""
    for number in itertools.count(first):
        if ended.is_set():
            return
        page = pages[number % len(pages)]
        begun = time.time()
        status, body = _ask(port, page)
        # When the answer had come: nothing new may be in it before the moment.
        seen.append((time.time(), number, page, status, body))
        time.sleep(max(0.0, 0.04 - (time.time() - begun)))
