"""HTTP: headers on every answer, whole files or none, conditional requests, changes seen at once."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import shutil
import time
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from litestar.testing import TestClient

from portal_publication import AGENCY, COUNTRY, Publication, publish
from sojourn.dissemination.publication import Manifest, read_manifest, write_manifest
from sojourn.portal import application, dataset, files
from sojourn.portal.headers import SECURITY_HEADERS

Client = TestClient[Any]
EVERYWHERE = [
    "/",
    "/data",
    "/data/INFLOW",
    "/data/INFLOW/chart.svg",
    "/data/INFLOW/download.csv",
    "/data/INFLOW/download.xlsx",
    "/data/INFLOW/download.sdmx.csv",
    "/data/INFLOW/download.parquet",
    "/data/INFLOW/download.csv-metadata.json",
    "/releases",
    "/methods",
    "/catalog.jsonld",
    "/health",
    "/robots.txt",
    "/nothing",
    "/data/INFLOW?CITIZENSHIP=X",
    "/static/absent.css",
    "/indicators/immigrants",
]


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"])
@pytest.mark.parametrize("path", EVERYWHERE)
def test_every_answer_carries_every_security_header(client: Client, path: str, method: str):
    answer = client.request(method, path, follow_redirects=False)
    assert answer.status_code < 500
    for name, value in SECURITY_HEADERS.items():
        if name == "Content-Security-Policy" and answer.headers.get("content-type") == "image/svg+xml":
            assert answer.headers[name].startswith("default-src 'none'")
            assert "sandbox" in answer.headers[name]
        else:
            assert answer.headers[name] == value
    assert "set-cookie" not in answer.headers
    assert "server" not in answer.headers


@pytest.mark.parametrize("path", ["/", "/data/INFLOW", "/data/INFLOW/download.csv"])
def test_only_reading_is_allowed(client: Client, path: str):
    answer = client.post(path, content=b"x")
    assert answer.status_code == 405


@pytest.mark.parametrize("path", EVERYWHERE[:13])
def test_head_gives_the_headers_of_get_and_no_body(client: Client, path: str):
    got, asked = client.get(path), client.head(path)
    assert (asked.status_code, asked.content) == (200, b"")
    assert asked.headers["content-type"] == got.headers["content-type"]


@pytest.mark.parametrize("path", EVERYWHERE[:12])
def test_a_reader_who_holds_the_page_is_told_so_without_it(client: Client, path: str):
    tag = client.get(path).headers["etag"]
    again = client.get(path, headers={"if-none-match": f'"other", {tag}'})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    assert client.get(path, headers={"if-none-match": '"other"'}).status_code == 200


def test_another_language_and_another_selection_have_another_tag(client: Client):
    tags = {
        client.get("/data/INFLOW", headers={"accept-language": language}, params=params).headers["etag"]
        for language in ("en", "ar")
        for params in ({}, {"SEX": "F"})
    }
    assert len(tags) == 4


def test_a_page_never_tells_a_cache_to_forget_who_it_is_for(client: Client):
    assert client.get("/").headers["vary"] == "Accept, Accept-Language, Accept-Encoding"


def test_the_sites_own_files_never_change_under_their_name(client: Client):
    for tag, mark in (('rel="stylesheet" href="', ".css"), ('<script src="', ".js")):
        path = client.get("/").text.partition(tag)[2].partition('"')[0]
        answer = client.get(path)
        assert path.endswith(mark)
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"


def test_the_script_is_small_and_the_style_names_nothing_outside():
    static = Path(files.__file__).parent / "static"
    assert (static / "portal.js").stat().st_size < 10_000
    style = (static / "portal.css").read_text(encoding="utf-8")
    assert "http" not in style
    assert "@import" not in style
    assert "url(" not in style


@pytest.mark.parametrize("suffix", ["csv", "sdmx.csv", "parquet", "xlsx", "csv-metadata.json"])
def test_a_file_proves_that_it_is_whole(client: Client, suffix: str):
    answer = client.get(f"/data/INFLOW/download.{suffix}?CITIZENSHIP=SYR&SEX=*")
    digest = base64.b64encode(hashlib.sha256(answer.content).digest()).decode()
    assert answer.headers["content-digest"] == f"sha-256=:{digest}:"
    assert answer.headers["sojourn-rows"] == str(3 * 4)
    assert answer.headers["content-disposition"] == f'attachment; filename="INFLOW-2024.2-selection.{suffix}"'


def test_a_selection_as_a_file_holds_its_cells_and_no_others(client: Client):
    answer = client.get("/data/INFLOW/download.csv?CITIZENSHIP=SYR&SEX=F&TIME_PERIOD=2021&TIME_PERIOD=2024")
    found = list(csv.DictReader(io.StringIO(answer.text)))
    # 1240 * 0.45 = 558, to the nearest 5 is 560; with 36 per cent more 758.88 is 760.
    assert [(line["TIME_PERIOD"], line["OBS_VALUE"]) for line in found] == [("2021", "560"), ("2024", "760")]
    table = pq.read_table(
        pa.BufferReader(client.get("/data/INFLOW/download.parquet?CITIZENSHIP=*&SEX=*").content)
    )
    assert table.num_rows == 9 * 3 * 4


def test_the_whole_table_is_the_file_that_was_released(client: Client, publication: Publication):
    folder = publication.public / "releases" / publication.second / "tables" / "INFLOW" / "downloads"
    for file in folder.iterdir():
        answer = client.get(f"/releases/{publication.second}/INFLOW/{file.name}")
        assert answer.content == file.read_bytes()
        assert answer.headers["sojourn-rows"] == "108"


def test_more_cells_than_a_page_holds_are_refused_with_their_number(
    client: Client, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(dataset, "CELLS_ON_A_PAGE", 36)
    assert client.get("/data/INFLOW").status_code == 200  # 9 * 1 * 4
    refused = client.get("/data/INFLOW?SEX=*", headers={"accept": "application/json"})
    assert (refused.status_code, refused.json()["cells"], refused.json()["most"]) == (413, 108, 36)
    assert "/data/INFLOW" in client.get("/data/INFLOW?SEX=*").text


def test_more_rows_than_a_file_holds_are_refused_not_cut(client: Client, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(files, "ROWS_IN_A_FILE", 107)
    assert client.get("/data/INFLOW/download.csv?CITIZENSHIP=*&SEX=*").status_code == 413
    monkeypatch.setattr(files, "ROWS_IN_A_FILE", 108)
    assert client.get("/data/INFLOW/download.csv?CITIZENSHIP=*&SEX=*").headers["sojourn-rows"] == "108"


def test_a_long_table_is_paged_with_its_count_and_no_row_is_lost(
    client: Client, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(dataset, "ROWS_ON_A_PAGE", 10)
    texts = [client.get(f"/data/INFLOW?SEX=*&page={page}").text for page in (1, 2, 3)]
    assert [text.count('<th scope="row">') // 2 for text in texts] == [10, 10, 7]
    assert "Rows 21 to 27 of 27" in texts[2]


@pytest.mark.parametrize(
    "query",
    [
        "a=" + "x" * 40_000,
        "&".join(["SEX=F"] * 5000),
        "SEX=%FF%FE",
        "SEX=%00",
        "SEX",
        "=",
        "&&&&",
        "lang=" + "e" * 3000,
        "page=99999999999999999999",
        "page=٣",
        "release=../../canary.txt",
    ],
)
def test_a_strange_address_is_refused_or_answered_and_never_breaks(client: Client, query: str):
    assert client.get(f"/data/INFLOW?{query}").status_code in (200, 400, 404)


def test_too_many_requests_are_told_to_wait(publication: Publication):
    app: Any = application(publication.public, requests_a_minute=3)
    with TestClient(app, raise_server_exceptions=False) as reader:
        answers = [reader.get("/releases") for _ in range(5)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429, 429]
    assert answers[-1].headers["retry-after"]
    assert answers[-1].headers["content-security-policy"].startswith("default-src 'none'")
    assert "Wait a minute" in answers[-1].text


def test_a_mistake_of_ours_shows_a_number_and_nothing_of_the_inside(
    client: Client, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    def broken(*_: object) -> None:
        raise RuntimeError("SELECT secret FROM /srv/vault/persons.parquet")

    monkeypatch.setattr(dataset, "grid", broken)
    answer = client.get("/data/INFLOW")
    assert answer.status_code == 500
    assert "SELECT" not in answer.text
    assert "vault" not in answer.text
    assert answer.headers["cache-control"] == "no-store"
    incident = answer.text.partition('class="code">')[2].partition("<")[0]
    assert len(incident) == 12
    assert incident in caplog.text


@pytest.fixture
def own(tmp_path: Path) -> Publication:
    return publish(tmp_path)


def reader_of(publication: Publication) -> Client:
    app: Any = application(publication.public)
    return TestClient(app, raise_server_exceptions=False)


def test_a_withdrawal_is_seen_by_the_next_reader(own: Publication):
    with reader_of(own) as reader:
        assert reader.get("/data/INFLOW").status_code == 200
        manifest = read_manifest(own.public)
        assert manifest is not None
        write_manifest(own.public, manifest.with_withdrawal(own.second, {"en": "A source was wrong."}))
        text = reader.get("/data/INFLOW").text
        assert "These figures have been replaced." in text  # the release before it is shown, and says so
        gone = reader.get(f"/data/INFLOW?release={own.second}")
        assert gone.status_code == 410
        assert "A source was wrong." in gone.text
        assert reader.get(f"/releases/{own.second}/INFLOW/INFLOW.csv").status_code == 410


def test_a_release_that_the_manifest_does_not_list_does_not_exist(own: Publication):
    manifest = read_manifest(own.public)
    assert manifest is not None
    kept = Manifest(agency=AGENCY, country=COUNTRY, releases=manifest.releases[:2])
    write_manifest(own.public, kept)
    with reader_of(own) as reader:
        assert reader.get(f"/releases/{own.second}").status_code == 404
        assert reader.get(f"/releases/{own.second}/INFLOW/INFLOW.csv").status_code == 404
        assert reader.get(f"/data/INFLOW?release={own.second}").status_code == 404


@pytest.mark.parametrize(
    "file", ["tables/INFLOW/observations.parquet", "tables/INFLOW/downloads/INFLOW.csv", "release.json"]
)
def test_a_release_that_was_changed_is_not_shown_and_the_page_says_so(own: Publication, file: str):
    changed = own.public / "releases" / own.second / file
    content = bytearray(changed.read_bytes())
    content[len(content) // 2] ^= 1
    changed.write_bytes(content)
    with reader_of(own) as reader:
        assert reader.get(f"/releases/{own.second}").status_code == 404
        assert "A release is not shown" in reader.get("/releases").text
        assert reader.get("/health").json() == {"status": "ok", "releases": 1, "unshown": 1}
        assert "These figures have been replaced." in reader.get("/data/INFLOW").text


def test_a_change_on_the_disk_is_noticed_while_serving(own: Publication, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("sojourn.portal.site._LOOK_AGAIN_AFTER", 0.0)
    with reader_of(own) as reader:
        assert reader.get(f"/releases/{own.second}").status_code == 200
        time.sleep(0.02)
        (own.public / "releases" / own.second / "tables" / "INFLOW" / "method.sql").write_text("select 2")
        assert reader.get(f"/releases/{own.second}").status_code == 404


def test_a_damaged_manifest_leaves_what_was_shown(own: Publication):
    with reader_of(own) as reader:
        (own.public / "releases.json").write_text("{")
        assert reader.get("/data/INFLOW").status_code == 200


def test_a_zone_in_which_nothing_was_published_is_a_page_that_says_so(tmp_path: Path):
    app: Any = application(tmp_path)
    with TestClient(app, raise_server_exceptions=False) as reader:
        for path in ("/", "/data", "/releases", "/methods", "/catalog.jsonld"):
            assert reader.get(path).status_code == 200
        assert "Nothing has been published yet." in reader.get("/").text


def test_the_first_publication_is_seen_without_a_restart(tmp_path: Path):
    (tmp_path / "site" / "public").mkdir(parents=True)
    app: Any = application(tmp_path / "site" / "public")
    with TestClient(app, raise_server_exceptions=False) as reader:
        assert reader.get("/data/INFLOW").status_code == 404
        made = publish(tmp_path / "other")
        shutil.copytree(made.public, tmp_path / "site" / "public", dirs_exist_ok=True)
        assert reader.get("/data/INFLOW").status_code == 200
