"""Pages: every route in every language, without a script, with nothing of a text run as code."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from litestar.testing import TestClient

import sojourn.portal
from portal_publication import CANARY, HOSTILE, Publication, publish
from sojourn.dissemination.publication import write_manifest
from sojourn.dissemination.published import read_manifest
from sojourn.dissemination.wording import languages

ROUTES = [
    "/",
    "/data",
    "/data?q=norway",
    "/data?q=cheese",
    "/data/INFLOW",
    "/data/INFLOW?view=chart",
    "/data/INFLOW?view=map",
    "/data/INFLOW?CITIZENSHIP=SYR&SEX=F&SEX=M&TIME_PERIOD=2022",
    "/data/INFLOW?CITIZENSHIP=*&SEX=*",
    "/data/INFLOW?release={first}",
    "/data/FB_SHARE",
    "/data/FB_SHARE?view=chart&TIME_PERIOD=2024",
    "/data/FB_SHARE?view=map",
    "/releases",
    "/releases/{second}",
    "/releases/{first}",
    "/methods",
    "/methods/INFLOW",
    "/methods/FB_SHARE",
]
PROBLEMS = {
    "/nothing": 404,
    "/data/NOTHING": 404,
    "/data/INFLOW?CITIZENSHIP=SYRIA": 400,
    "/data/INFLOW?CITIZNSHIP=SYR": 400,
    "/data/INFLOW?view=pie": 400,
    "/data/INFLOW?page=0": 400,
    "/data/INFLOW?page=2": 404,
    "/data/INFLOW?page=%F0%9F%92%A9": 400,
    "/data/INFLOW?release={withdrawn}": 410,
    "/releases/{withdrawn}": 410,
    "/releases/{second}/INFLOW/absent.csv": 404,
    "/data/INFLOW/download.doc": 404,
    "/data/FB_SHARE/map.svg": 404,
    "/indicators/absent": 404,
    "/methods/ABSENT": 404,
    "/data?q=%FF": 400,
}
Client = TestClient[Any]


class Page(HTMLParser):
    """What a browser would make of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data

    def all(self, name: str) -> list[dict[str, str | None]]:
        return [attributes for tag, attributes in self.tags if tag == name]


def address(route: str, publication: Publication, language: str = "en") -> str:
    path = route.format(**{name: getattr(publication, name) for name in ("first", "second", "withdrawn")})
    return f"{path}{'&' if '?' in path else '?'}lang={language}"


@pytest.mark.parametrize("language", languages())
@pytest.mark.parametrize("route", ROUTES)
def test_a_page_stands_in_its_language_with_one_heading_and_a_title(
    client: Client, publication: Publication, route: str, language: str
):
    answer = client.get(address(route, publication, language))
    assert answer.status_code == 200
    page = Page(answer.text)
    assert page.all("html")[0]["lang"] == language
    assert page.all("html")[0]["dir"] == ("rtl" if language == "ar" else "ltr")
    assert len(page.all("h1")) == 1
    assert len(page.all("title")) == 1
    assert len(page.all("main")) == 1
    assert not re.search(r"\{\{ |\{%|\bNone\b|Undefined", answer.text)


@pytest.mark.parametrize("language", languages())
@pytest.mark.parametrize("route", [*ROUTES, *PROBLEMS])
def test_no_page_runs_what_a_text_holds(client: Client, publication: Publication, route: str, language: str):
    page = Page(client.get(address(route, publication, language)).text)
    assert [script.get("src", "")[:8] for script in page.all("script")] == ["/static/"]
    assert all("alert" not in str(value) for image in page.all("img") for value in image.values())
    for _, attributes in page.tags:
        assert not any(name.startswith("on") or name == "style" for name in attributes)
        for name in ("href", "src", "action", "srcset"):
            assert not re.match(r"(?i)\s*(javascript|data|vbscript):", attributes.get(name) or "")


@pytest.mark.parametrize(("route", "status"), PROBLEMS.items())
@pytest.mark.parametrize("language", languages())
def test_a_page_that_cannot_be_given_says_so_as_a_page_and_as_json(
    client: Client, publication: Publication, route: str, status: int, language: str
):
    asked = address(route, publication, language)
    page = client.get(asked)
    assert page.status_code == status
    assert page.headers["content-type"].startswith("text/html")
    document = client.get(asked, headers={"accept": "application/json"})
    assert document.status_code == status
    if not route.startswith("/releases/{withdrawn}"):
        assert document.headers["content-type"] == "application/problem+json"
        told = document.json()
        assert (told["status"], told["type"]) == (status, "about:blank")
        assert told["title"] in Page(page.text).text
    for text in (page.text, document.text):
        assert not re.search(r"Traceback|site-packages|/home/|/tmp/|/root/|\.py\b|SELECT ", text)


def test_a_hostile_text_is_shown_as_it_was_written(client: Client):
    assert HOSTILE in Page(client.get("/data/FB_SHARE").text).text + Page(client.get("/data").text).text
    assert "{{7*7}}" in Page(client.get("/data/INFLOW").text).text


def test_what_was_searched_comes_back_as_text(client: Client):
    page = Page(client.get("/data", params={"q": HOSTILE}).text)
    assert HOSTILE in page.text
    assert page.all("input")[0]["value"] == HOSTILE


def test_the_search_comes_before_all_else_on_the_first_page(client: Client):
    text = client.get("/").text
    assert text.index('id="q"') < text.index('class="cards"')


def test_templates_never_turn_escaping_off():
    for template in (Path(sojourn.portal.__file__).parent / "templates").glob("*.html"):
        text = template.read_text(encoding="utf-8")
        assert not re.search(r"\|\s*safe|autoescape|Markup", text), template.name


def test_a_table_has_a_caption_and_heads_for_rows_and_columns(client: Client):
    page = Page(client.get("/data/INFLOW").text)
    assert len(page.all("table")) == len(page.all("caption")) == 1
    scopes = [head.get("scope") for head in page.all("th")]
    assert (scopes.count("col"), scopes.count("row")) == (1 + 4, 9)
    assert len(page.all("td")) == 9 * 4


def test_the_table_shows_figures_withheld_marks_and_a_legend_of_flags_that_are_there(client: Client):
    text = Page(client.get("/data/INFLOW?CITIZENSHIP=STLS&SEX=F&TIME_PERIOD=2022").text).text
    assert "[c]" in text
    assert "Confidential: persons could be recognised" in text
    assert "Provisional value" not in text


def test_an_interval_stands_beside_an_estimate(client: Client):
    text = Page(client.get("/data/FB_SHARE?REF_AREA=R1&SEX=_T&TIME_PERIOD=2023").text).text
    # 1.96 * 0.71 = 1.39
    assert "14.2" in text
    assert "±\xa01.4" in text


@pytest.mark.parametrize(
    "told",
    [
        "A person who moves to Ruritania for at least twelve months.",
        "Border crossings",
        "Counts from registers have no sampling error",
        "Figures with fewer than 10 people behind them are withheld.",
        "2 are withheld because few people stand behind them, and 1 so that those cannot be worked out",
        "Late arrivals of 2023 added.",
        "release 2024.2",
        "@misc{RNSOINFLOW20242,",
        "select 1 < 2",
        "CC-BY-4.0",
        "Migration statistics desk",
        "INFLOW.sdmx.csv",
        "Provisional value",
    ],
)
def test_a_dataset_page_tells_all_that_must_be_known(client: Client, told: str):
    assert told in Page(client.get("/data/INFLOW").text).text


def test_an_old_release_is_shown_as_it_was_with_a_banner_to_the_newest(
    client: Client, publication: Publication
):
    page = Page(client.get(f"/data/INFLOW?release={publication.first}").text)
    assert "These figures have been replaced." in page.text
    assert "2024.1" in page.text
    # The first release ends with 2023, whose total is 8520 * 1.24 = 10564.8, so 10565.
    assert "10,565" in page.text
    assert "11,585" not in page.text


def test_a_withdrawn_release_is_gone_with_its_reason(client: Client, publication: Publication):
    for path in (f"/data/INFLOW?release={publication.withdrawn}", f"/releases/{publication.withdrawn}"):
        answer = client.get(path)
        assert answer.status_code == 410
        assert "Two source files were counted twice." in Page(answer.text).text


def test_a_release_page_shows_who_approved_by_role_and_the_audit_checkpoint(
    client: Client, publication: Publication
):
    text = Page(client.get(f"/releases/{publication.second}").text).text
    for told in ("statistician", "director", "412", "ab" * 32, "c2ln", "office-2025", publication.second):
        assert told in text


def test_a_slip_in_a_filter_keeps_what_was_typed_and_leads_to_the_nearest(client: Client):
    answer = client.get("/data/INFLOW?CITIZENSHIP=SYRIA&SEX=F")
    page = Page(answer.text)
    assert tuple(box["value"] for box in page.all("input") if box.get("name") in ("CITIZENSHIP", "SEX")) == (
        "SYRIA",
        "F",
    )
    mended = [link["href"] for link in page.all("a") if str(link["href"]).endswith("CITIZENSHIP=SYR")]
    assert client.get(str(mended[0])).status_code == 200
    assert answer.text.count("<td") == 0
    told = client.get("/data/INFLOW?CITIZENSHIP=SYRIA", headers={"accept": "application/problem+json"}).json()
    assert told["unknown"][0]["nearest"][0] == "SYR"


def test_a_slip_in_a_dimension_leads_to_the_nearest_dimension(client: Client):
    page = Page(client.get("/data/INFLOW?CITIZNSHIP=SYR").text)
    assert any(link["href"] == "/data/INFLOW?CITIZENSHIP=SYR" for link in page.all("a"))


@pytest.mark.parametrize("view", ["table", "chart", "map"])
def test_the_form_holds_the_selection_that_is_shown(client: Client, view: str):
    page = Page(client.get(f"/data/INFLOW?CITIZENSHIP=SYR&CITIZENSHIP=FRA&SEX=F&view={view}").text)
    ticked = {(box["name"], box["value"]) for box in page.all("input") if "checked" in box}
    assert {it for it in ticked if it[0] != "TIME_PERIOD"} == {
        ("CITIZENSHIP", "SYR"),
        ("CITIZENSHIP", "FRA"),
        ("SEX", "F"),
    }


def test_table_chart_map_and_files_lead_to_the_same_selection(client: Client):
    page = Page(client.get("/data/INFLOW?CITIZENSHIP=SYR&SEX=F&view=chart").text)
    sources = [image["src"] for image in page.all("img")] + [link["href"] for link in page.all("a")]
    for wanted in ("/data/INFLOW/chart.svg?", "/data/INFLOW/download.csv?", "/data/INFLOW/download.parquet?"):
        (found,) = {it for it in sources if it and it.startswith(wanted) and "theme" not in it}
        assert "CITIZENSHIP=SYR&SEX=F" in found
        assert client.get(found).status_code == 200


def test_links_keep_a_chosen_language_and_leave_it_out_otherwise(client: Client):
    chosen = Page(client.get("/data/INFLOW?lang=ar").text)
    inner = [
        link["href"]
        for link in chosen.all("a")
        if (link["href"] or "").startswith("/")
        and "/INFLOW/INFLOW." not in str(link["href"])
        and "hreflang" not in link
    ]
    assert inner
    assert all("lang=ar" in str(href) for href in inner)
    free = Page(client.get("/data/INFLOW", headers={"accept-language": "ar"}).text)
    assert free.all("html")[0]["lang"] == "ar"
    assert not [link for link in free.all("a") if "lang=" in str(link["href"]) and "hreflang" not in link
                and "chart.svg" not in str(link["href"])]  # fmt: skip


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("ar", "ar"),
        ("ar-EG,en;q=0.5", "ar"),
        ("tlh, ar;q=0.2", "ar"),
        ("en;q=0.1, ar;q=0.9", "ar"),
        ("ar;q=0", "en"),
        ("", "en"),
        ("*", "en"),
        ("garbage;;;q=x" * 100, "en"),
    ],
)
def test_the_browser_language_that_the_site_has_is_taken(client: Client, header: str, language: str):
    assert Page(client.get("/", headers={"accept-language": header}).text).all("html")[0]["lang"] == language


def test_an_indicator_leads_to_its_table(client: Client):
    answer = client.get("/indicators/immigrants?lang=ar", follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (302, "/data/INFLOW?lang=ar")


def test_the_catalogue_for_machines_names_every_table_and_file(client: Client, publication: Publication):
    document = json.loads(client.get("/catalog.jsonld").text)
    datasets = {it["dct:identifier"]: it for it in document["dcat:dataset"]}
    assert set(datasets) == {"RNSO:INFLOW(1.0)", "RNSO:FB_SHARE(1.0)"}
    files = datasets["RNSO:INFLOW(1.0)"]["dcat:distribution"]
    assert len(files) == 5
    for file in files:
        path = file["dcat:downloadURL"]["@id"].partition("/releases/")[2]
        answer = client.get(f"/releases/{path}")
        assert (answer.status_code, len(answer.content)) == (200, file["dcat:byteSize"])


def test_nothing_from_outside_the_zone_is_on_any_page(client: Client, publication: Publication):
    for route in [*ROUTES, *PROBLEMS, "/catalog.jsonld", "/health"]:
        assert CANARY not in client.get(address(route, publication)).text


@pytest.mark.parametrize(
    ("declared", "offered", "first"),
    [
        (("en",), ("en",), "en"),
        (("ar", "en"), ("ar", "en"), "ar"),
        (("xx", "ar"), ("ar",), "ar"),
        (("xx",), ("en",), "en"),
        ((), languages(), "en"),
    ],
)
def test_the_site_has_the_languages_that_the_office_declares(tmp_path, declared, offered, first):
    made = publish(tmp_path)
    manifest = read_manifest(made.public)
    write_manifest(made.public, manifest.model_copy(update={"languages": declared}))
    client = Client(sojourn.portal.application(made.public))
    page = Page(client.get("/", headers={"accept-language": "tlh"}).text)
    assert page.all("html")[0]["lang"] == first
    linked = tuple(link["hreflang"] for link in page.all("link") if "hreflang" in link)
    assert linked == offered
    refused = next(it for it in ("ar", "en", "xx") if it not in offered)
    assert Page(client.get(f"/?lang={refused}").text).all("html")[0]["lang"] == first
