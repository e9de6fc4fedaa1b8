"""The portal in a real browser: accessible, light, whole without a script, running nothing foreign."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from portal_publication import Publication

pytestmark = pytest.mark.browser

PAGES = {
    "first": "/",
    "catalogue": "/data?q=syria",
    "table": "/data/INFLOW",
    "several": "/data/FB_SHARE?SEX=F&SEX=M",
    "chart": "/data/FB_SHARE?view=chart",
    "map": "/data/INFLOW?view=map",
    "old": "/data/INFLOW?release={first}",
    "releases": "/releases",
    "release": "/releases/{second}",
    "withdrawn": "/releases/{withdrawn}",
    "methods": "/methods",
    "method": "/methods/FB_SHARE",
    "problem": "/data/INFLOW?CITIZENSHIP=SYRIA",
    "absent": "/nothing",
}
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
FAULTS = """async (tags) => (await axe.run(document, {runOnly: tags})).violations
    .map(found => [found.id, found.nodes.map(node => node.html)])"""
LIMIT = 100_000


def address(site: str, page: str, publication: Publication, language: str) -> str:
    path = PAGES[page].format(
        first=publication.first, second=publication.second, withdrawn=publication.withdrawn
    )
    return f"{site}{path}{'&' if '?' in path else '?'}lang={language}"


@contextmanager
def opened(browser: Any, width: int = 1280, **settings: Any) -> Iterator[Any]:
    context = browser.new_context(viewport={"width": width, "height": 800}, **settings)
    try:
        yield context.new_page()
    finally:
        context.close()


@pytest.mark.parametrize("language", ["en", "ar"])
@pytest.mark.parametrize("page", PAGES)
def test_axe_finds_nothing_at_phone_and_desktop_width_by_day_and_night(
    browser: Any, site: str, publication: Publication, axe: str, page: str, language: str
):
    with opened(browser) as tab:
        tab.goto(address(site, page, publication, language))
        tab.evaluate(axe)
        night = [(1280, "dark")] if language == "en" else []
        for width, scheme in [(1280, "light"), (360, "light"), *night]:
            tab.emulate_media(color_scheme=scheme)
            tab.set_viewport_size({"width": width, "height": 800})
            assert tab.evaluate(FAULTS, RULES) == [], (width, scheme)


def test_the_checker_would_find_a_fault(browser: Any, site: str, axe: str):
    with opened(browser) as tab:
        tab.goto(f"{site}/data/INFLOW?view=chart")
        tab.evaluate(axe)
        tab.evaluate("document.querySelector('.drawing img').removeAttribute('alt')")
        tab.evaluate("document.documentElement.removeAttribute('lang')")
        assert {found for found, _ in tab.evaluate(FAULTS, RULES)} == {"html-has-lang", "image-alt"}


@pytest.mark.parametrize("language", ["en", "ar"])
def test_no_page_scrolls_sideways_at_320_pixels(
    browser: Any, site: str, publication: Publication, language: str
):
    with opened(browser, 320) as tab:
        for page in PAGES:
            tab.goto(address(site, page, publication, language))
            assert tab.evaluate("document.documentElement.scrollWidth") <= 320, page


@pytest.mark.parametrize("page", ["first", "table", "chart", "map"])
@pytest.mark.parametrize("width", [360, 1280])
def test_a_first_visit_costs_less_than_100_kilobytes(
    browser: Any, site: str, publication: Publication, page: str, width: int
):
    with opened(browser, width) as tab:
        devtools = tab.context.new_cdp_session(tab)
        devtools.send("Network.enable")
        received: list[float] = []
        devtools.on("Network.loadingFinished", lambda event: received.append(event["encodedDataLength"]))
        tab.goto(address(site, page, publication, "en"), wait_until="networkidle")
        assert len(received) >= 3
        assert sum(received) < LIMIT


def test_no_page_loads_anything_from_elsewhere_or_breaks_its_own_policy(
    browser: Any, site: str, publication: Publication
):
    with opened(browser) as tab:
        elsewhere: list[str] = []
        said: list[str] = []
        tab.on(
            "request", lambda asked: elsewhere.append(asked.url) if not asked.url.startswith(site) else None
        )
        tab.on("dialog", lambda dialog: (said.append(dialog.message), dialog.dismiss()))
        tab.on("console", lambda message: said.append(message.text))
        tab.on("pageerror", lambda error: said.append(str(error)))
        for page in PAGES:
            tab.goto(address(site, page, publication, "en"), wait_until="networkidle")
        assert elsewhere == []
        assert [text for text in said if "the server responded with a status of 4" not in text] == []


def test_a_table_is_found_filtered_and_taken_away_without_a_script(browser: Any, site: str):
    with opened(browser, java_script_enabled=False) as tab:
        tab.goto(site)
        tab.fill("#q", "immigrants")
        tab.press("#q", "Enter")
        tab.click("text=Immigrants by citizenship and sex")
        for code in ("_T", "UKR", "TUR", "CHN", "FRA", "NOR", "BRA", "STLS"):
            tab.uncheck(f"input[name=CITIZENSHIP][value={code}]")
        tab.uncheck("input[name=SEX][value=_T]")
        tab.check("input[name=SEX][value=F]")
        tab.click(".form-end button")
        assert tab.locator("table.data tbody tr").count() == 1
        # 1240 * 0.45 = 558, to the nearest 5 is 560.
        assert tab.locator("table.data tbody td").first.inner_text().strip() == "560"
        tab.click(".views >> text=Chart")
        assert "SEX=F" in (tab.locator(".drawing img").get_attribute("src") or "")
        with tab.expect_download() as download:
            tab.click(".buttons >> text=CSV >> nth=0")
        assert download.value.suggested_filename == "INFLOW-2024.2-selection.csv"


def test_with_the_script_a_long_list_can_be_narrowed_and_all_ticks_all(browser: Any, site: str):
    with opened(browser) as tab:
        tab.goto(f"{site}/data/INFLOW?SEX=F")
        every = tab.locator(".choice:has(input[name=SEX]) .option-all input")
        assert not every.is_checked()
        every.check()
        assert tab.locator("input[name=SEX][value=M]").is_checked()
        tab.click(".form-end button")
        assert tab.locator("table.data tbody tr").count() == 27


def test_the_first_tab_leads_to_the_content_and_focus_is_seen(browser: Any, site: str):
    with opened(browser) as tab:
        tab.goto(f"{site}/data/INFLOW")
        tab.keyboard.press("Tab")
        focused = tab.evaluate(
            "[document.activeElement.className, getComputedStyle(document.activeElement).outlineWidth]"
        )
        assert focused == ["skip", "3px"]
        tab.keyboard.press("Enter")
        assert tab.url.endswith("#main")


def test_the_search_is_the_first_thing_in_the_content_of_the_first_page(browser: Any, site: str):
    with opened(browser) as tab:
        tab.goto(f"{site}/#main")
        tab.keyboard.press("Tab")
        assert tab.evaluate("document.activeElement.id") == "q"


def test_an_arabic_page_is_mirrored(browser: Any, site: str):
    def places(tab: Any) -> list[float]:
        boxes = (
            tab.locator(selector).first.bounding_box() for selector in (".brand", ".choose", "th[scope=row]")
        )
        return [box["x"] + box["width"] / 2 for box in boxes]

    with opened(browser) as tab:
        tab.goto(f"{site}/data/INFLOW?lang=en")
        left, form, name = places(tab)
        tab.goto(f"{site}/data/INFLOW?lang=ar")
        mirrored = places(tab)
    assert left < 640 < form
    assert name < 640
    assert mirrored[0] > 640 > mirrored[1]
    assert mirrored[2] > 640


def test_the_first_column_stays_when_a_table_scrolls(browser: Any, site: str):
    with opened(browser, 320) as tab:
        tab.goto(f"{site}/data/INFLOW")
        tab.evaluate("document.querySelector('.scroll').scrollLeft = 200")
        head = tab.locator("tbody th[scope=row]").first.bounding_box()
        frame = tab.locator(".scroll").bounding_box()
        assert abs(head["x"] - frame["x"]) < 3


def test_a_printed_page_has_the_table_and_no_form(browser: Any, site: str):
    with opened(browser) as tab:
        tab.goto(f"{site}/data/INFLOW")
        tab.emulate_media(media="print")
        assert tab.locator("table.data").is_visible()
        assert not tab.locator(".choose").is_visible()
