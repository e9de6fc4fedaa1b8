"""Attempts to read what lies outside the public zone through the portal: none succeeds.

A secret stands beside the public folder and in a vault next to it. Requests are given to the application
as raw bytes, since a client library would tidy the address first.
"""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import unquote_to_bytes

import pytest

from portal_publication import CANARY, Publication, publish
from sojourn.dissemination.publication import changed_files
from sojourn.portal import application

UP = ["../canary.txt", "../../canary.txt", "../../../../canary.txt", "../vault/persons.csv"]
ENCODED = [
    "..%2f..%2fcanary.txt",
    "..%2F..%2F..%2Fcanary.txt",
    "%2e%2e/%2e%2e/canary.txt",
    "%2e%2e%2f%2e%2e%2fcanary.txt",
    "..%252f..%252fcanary.txt",
    "..%5c..%5ccanary.txt",
    "..%c0%af..%c0%afcanary.txt",
    "..%ef%bc%8f..%ef%bc%8fcanary.txt",
    "....//....//canary.txt",
    "..;/..;/canary.txt",
    "canary.txt%00.csv",
    "%00",
    "%2fetc%2fpasswd",
]
SQL = [
    "'; COPY (SELECT 1) TO '{secret}'; --",
    "' UNION ALL SELECT * FROM read_csv('{secret}') --",
    "') OR 1=1 --",
    "read_text('{secret}')",
    "\"; ATTACH '{secret}' AS x; --",
    "{{{{ ''.__class__.__mro__ }}}}",
    "${{jndi:file://{secret}}}",
    "<!ENTITY x SYSTEM 'file://{secret}'>",
    "file://{secret}",
    "{secret}",
]


def paths() -> list[str]:
    found = []
    for bad in [*UP, *ENCODED]:
        found += [
            f"/data/{bad}",
            f"/releases/{bad}",
            f"/static/{bad}",
            f"/methods/{bad}",
            f"/indicators/{bad}",
        ]
        found += [f"/data/INFLOW/{bad}", f"/data/INFLOW/download.{bad}"]
        found += [f"/releases/{{second}}/{bad}", f"/releases/{{second}}/INFLOW/{bad}", f"/{bad}"]
    found += ["//canary.txt", "/{public}/../canary.txt", "/releases.json", "/releases/{second}/release.json"]
    found += ["/releases/{second}/tables/INFLOW/observations.parquet", "/releases/{second}/checksums.txt"]
    return found


def queries() -> list[str]:
    found = []
    for bad in [*UP, *ENCODED, *SQL]:
        keys = ("CITIZENSHIP", "TIME_PERIOD", "release", "view", "lang", "theme", "q")
        found += [*(f"{key}={bad}" for key in keys), f"{bad}=SYR"]
    return found


def asked(
    app: Any, path: str, query: str = "", headers: list[tuple[bytes, bytes]] | None = None
) -> tuple[int, bytes]:
    """What the application answers to a path and query exactly as they are given."""
    status, pieces = 0, []
    raw = path.encode("utf-8", "surrogateescape")
    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": unquote_to_bytes(raw).decode("utf-8", "replace"),
        "raw_path": raw,
        "query_string": query.encode("utf-8", "replace"),
        "root_path": "",
        "headers": [(b"host", b"testserver"), *(headers or [])],
        "client": ("127.0.0.1", 1),
        "server": ("testserver", 80),
        "state": {},
    }
    body = iter([{"type": "http.request", "body": b"", "more_body": False}])

    async def receive() -> dict[str, Any]:
        return next(body, {"type": "http.disconnect"})

    async def send(message: dict[str, Any]) -> None:
        nonlocal status
        status = message.get("status", status)
        pieces.append(message.get("body", b""))

    asyncio.run(app(scope, receive, send))
    content = b"".join(pieces)
    return status, gzip.decompress(content) if content[:2] == b"\x1f\x8b" else content


@pytest.fixture(scope="module")
def app(publication: Publication) -> Any:
    return application(publication.public, requests_a_minute=1_000_000)


def test_there_are_hundreds_of_attempts():
    assert len(paths()) + len(queries()) > 350


@pytest.mark.parametrize("path", paths())
def test_no_path_leads_out_of_the_zone(app: Any, publication: Publication, path: str):
    path = path.replace("{second}", publication.second).replace("{public}", str(publication.public))
    status, content = asked(app, path)
    assert CANARY.encode() not in content
    assert b"root:" not in content
    assert status in (400, 404, 405) or (status == 200 and path.startswith(("/./", "/data/INFLOW/..")))


@pytest.mark.parametrize("query", queries())
@pytest.mark.parametrize(
    "path", ["/data/INFLOW", "/data/INFLOW/download.csv", "/data/INFLOW/chart.svg", "/data"]
)
def test_no_query_leads_out_of_the_zone(app: Any, publication: Publication, path: str, query: str):
    secret = str(publication.public.parent / "canary.txt")
    status, content = asked(app, path, query.replace("{secret}", secret))
    assert CANARY.encode() not in content
    assert status in (200, 400, 404)


@pytest.mark.parametrize(
    "header",
    [
        (b"host", b"../../canary.txt"),
        (b"accept-language", b"../../canary"),
        (b"accept", b"file:///etc/passwd"),
        (b"x-forwarded-host", b"evil.example"),
        (b"x-original-url", b"/../canary.txt"),
        (b"x-rewrite-url", b"/../canary.txt"),
        (b"if-none-match", b"../../canary.txt"),
        (b"range", b"bytes=0-99999"),
    ],
)
def test_no_header_leads_out_of_the_zone(app: Any, header: tuple[bytes, bytes]):
    status, content = asked(app, "/data/INFLOW", headers=[header])
    assert CANARY.encode() not in content
    assert b"evil.example" not in content.replace(b'"http://evil.example"', b"")
    assert status < 500


def linked(zone: Path, release: str, file: str, secret: Path) -> None:
    target = zone / "releases" / release / file
    target.unlink()
    target.symlink_to(secret)


def linked_manifest(zone: Path, secret: Path) -> None:
    (zone / "releases.json").unlink()
    (zone / "releases.json").symlink_to(secret)


LINKS = [
    "manifest",
    "tables/INFLOW/observations.parquet",
    "tables/INFLOW/table.json",
    "tables/INFLOW/method.sql",
    "tables/INFLOW/downloads/INFLOW.csv",
    "release.json",
    "checksums.txt",
]


def plant_link(made: Publication, place: str, secret: Path) -> None:
    if place == "manifest":
        linked_manifest(made.public, secret)
    else:
        linked(made.public, made.second, place, secret)


@pytest.mark.parametrize("place", LINKS)
@pytest.mark.parametrize("when", ["before", "while serving"])
def test_no_link_inside_the_zone_is_followed_out_of_it(
    tmp_path: Path, place: str, when: str, monkeypatch: Any
):
    monkeypatch.setattr("sojourn.portal.site._LOOK_AGAIN_AFTER", 0.0)
    made = publish(tmp_path)
    secret = made.public.parent / "canary.txt"
    if when == "before":
        plant_link(made, place, secret)
    app: Any = application(made.public)
    if when == "while serving":
        assert asked(app, "/data/INFLOW")[0] == 200
        plant_link(made, place, secret)
    for path in (
        "/",
        "/data/INFLOW",
        "/methods/INFLOW",
        f"/releases/{made.second}",
        f"/releases/{made.second}/INFLOW/INFLOW.csv",
        "/data/INFLOW/download.csv",
    ):
        status, content = asked(app, path)
        assert CANARY.encode() not in content
        assert status in (200, 404)


def test_a_release_folder_that_is_a_link_is_not_a_release(tmp_path: Path):
    made = publish(tmp_path)
    folder = made.public / "releases" / made.second
    moved = tmp_path / "elsewhere"
    shutil.move(folder, moved)
    folder.symlink_to(moved)
    app: Any = application(made.public)
    assert asked(app, f"/releases/{made.second}")[0] == 404


def forged(made: Publication, change: Callable[[Path], None]) -> str:
    """A release folder changed by someone who then names it by its new digest and lists it."""
    folder = made.public / "releases" / "forged"
    shutil.copytree(made.public / "releases" / made.second, folder)
    change(folder)
    name = hashlib.sha256((folder / "checksums.txt").read_bytes()).hexdigest()
    folder.rename(made.public / "releases" / name)
    manifest = json.loads((made.public / "releases.json").read_text())
    for entry in manifest["releases"]:
        entry.update({"superseded_by": None, "supersedes": None})
        if entry["hash"] == made.second:
            entry["hash"] = name
    (made.public / "releases.json").write_text(json.dumps(manifest))
    return name


def relisted(folder: Path, extra: str = "") -> None:
    lines = sorted(
        (path.relative_to(folder).as_posix(), hashlib.sha256(path.read_bytes()).hexdigest())
        for path in folder.rglob("*")
        if path.is_file() and path.name != "checksums.txt"
    )
    (folder / "checksums.txt").write_text("".join(f"{digest}  {path}\n" for path, digest in lines) + extra)


def renamed_in(file: str, old: str, new: str) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        text = (folder / file).read_text()
        assert old in text
        (folder / file).write_text(text.replace(old, new))
        relisted(folder)

    return change


FORGERIES: dict[str, Callable[[Path], None]] = {
    "a checksum line that climbs": lambda folder: relisted(
        folder, f"{hashlib.sha256(CANARY.encode()).hexdigest()}  ../../../canary.txt\n"
    ),
    "an absolute checksum line": lambda folder: relisted(
        folder, f"{hashlib.sha256(CANARY.encode()).hexdigest()}  /etc/passwd\n"
    ),
    "a method file that climbs": renamed_in(
        "tables/INFLOW/table.json", '"sql_file": "method.sql"', '"sql_file": "../../../../../canary.txt"'
    ),
    "a download that climbs": renamed_in(
        "tables/INFLOW/table.json", '"file": "INFLOW.csv"', '"file": "../../../../../../canary.txt"'
    ),
    "a table whose name climbs": renamed_in("release.json", '"INFLOW"', '"../INFLOW"'),
    "a dimension that is SQL": renamed_in(
        "tables/INFLOW/table.json", '"CITIZENSHIP"', "\"C; COPY (SELECT 1) TO '/tmp/x'\""
    ),
    "a licence that is a script": renamed_in(
        "tables/INFLOW/table.json", "https://creativecommons.org/licenses/by/4.0/", "javascript:alert(1)"
    ),
}


@pytest.mark.parametrize("forgery", FORGERIES)
def test_a_forged_release_whose_digest_is_right_still_leads_nowhere(tmp_path: Path, forgery: str):
    made = publish(tmp_path)
    name = forged(made, FORGERIES[forgery])
    app: Any = application(made.public)
    for path in (
        "/",
        "/data/INFLOW",
        "/methods/INFLOW",
        f"/releases/{name}",
        f"/releases/{name}/INFLOW/canary.txt",
        f"/releases/{name}/INFLOW/..%2f..%2f..%2f..%2f..%2f..%2fcanary.txt",
    ):
        status, content = asked(app, path)
        assert CANARY.encode() not in content
        assert b"javascript:alert" not in content
        assert status < 500
    assert asked(app, f"/releases/{name}")[0] == 404
    assert changed_files(made.public, made.second) == ()


def test_the_portal_loads_no_room_that_holds_records_and_no_engine():
    code = "import sys, sojourn.portal; print('\\n'.join(sorted(sys.modules)))"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    rooms = {name.split(".")[1] for name in loaded if name.startswith("sojourn.")}
    assert rooms <= {"portal", "dissemination", "concepts", "errors"}
    assert not {"duckdb", "sqlalchemy", "pyspark"} & set(loaded)


def test_the_serving_process_opens_files_of_the_zone_and_of_the_installation_only(tmp_path: Path):
    """Every file that the portal opens is recorded while all kinds of pages are asked for."""
    made = publish(tmp_path)
    code = (
        "import sys, os\n"
        "opened = []\n"
        "sys.addaudithook(lambda event, given: opened.append(str(given[0])) if event == 'open' else None)\n"
        "from pathlib import Path\n"
        "from sojourn.portal import application\n"
        "from litestar.testing import TestClient\n"
        "with TestClient(application(Path(sys.argv[1]))) as reader:\n"
        "    for path in ('/', '/data?q=x', '/data/INFLOW', '/data/INFLOW/download.csv', '/methods'):\n"
        "        reader.get(path)\n"
        "print('\\n'.join(opened))\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code, str(made.public)],
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path,
    )
    beside = [line for line in ran.stdout.splitlines() if line.startswith(str(tmp_path))]
    assert all(line.startswith(str(made.public)) for line in beside)
    assert not [line for line in ran.stdout.splitlines() if "canary" in line or "vault" in line]
    assert os.path.exists(tmp_path / "canary.txt")
