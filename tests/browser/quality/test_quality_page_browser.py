"""The quality report in a real browser: accessible, whole without a script, on a phone and on paper."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from sojourn.cli import app

pytestmark = pytest.mark.browser

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
FAULTS = """async (tags) => (await axe.run(document, {runOnly: tags})).violations
    .map(found => [found.id, found.nodes.map(node => node.html)])"""
HEAD = "person_id,crossing_id,date,direction,border_point,citizenship,sex,birth_year,intended_days"


@pytest.fixture(scope="session", params=["en", "ar"])
def page(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """The language of a report and its address."""
    folder: Path = tmp_path_factory.mktemp("quality")
    lines = [HEAD]
    for number in range(240):
        person = ("AIR", "SEA", "ROAD", "")[number % 4], ("FRA", "SYR", "JOR")[number % 3], "FM"[number % 2]
        rest = f"{','.join(person)},{1940 + number % 70},{(30, 200, 700, '')[number % 4]}"
        year, month = 2012 + number % 5, 1 + number % 12
        lines += [
            f"{number},{3 * number},{year}-{month:02}-10,arrival,{rest}",
            f"{number},{3 * number + 1},{year + 1 + number % 2}-{month:02}-11,departure,{rest}",
        ]
        if number % 5 == 0:
            lines.append(f"{number},{3 * number + 2},2019-0{1 + number % 9}-01,departure,{rest}")
    (folder / "crossings.csv").write_text("\n".join(lines) + "\n")
    arguments = ["tool", "movement-quality", str(folder / "crossings.csv"), str(folder / "q.html")]
    arguments += [
        "--observed-from",
        "2010-01-01",
        "--observed-until",
        "2019-12-31",
        "--language",
        request.param,
    ]
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 0, done.output
    return request.param, (folder / "q.html").as_uri()


@contextmanager
def opened(browser: Any, address: str, width: int = 1280, **settings: Any) -> Iterator[Any]:
    context = browser.new_context(viewport={"width": width, "height": 800}, **settings)
    try:
        tab = context.new_page()
        tab.goto(address)
        yield tab
    finally:
        context.close()


@pytest.mark.parametrize("width", [360, 1280])
def test_axe_finds_nothing_on_a_phone_and_on_a_desk(
    browser: Any, axe: str, page: tuple[str, str], width: int
):
    with opened(browser, page[1], width) as tab:
        tab.evaluate(axe)
        assert tab.evaluate(FAULTS, RULES) == []


def test_the_page_does_not_scroll_sideways_on_a_narrow_phone(browser: Any, page: tuple[str, str]):
    with opened(browser, page[1], 320) as tab:
        assert tab.evaluate("document.documentElement.scrollWidth") <= 320


def test_the_page_fits_on_a_sheet_of_a4_with_its_margins(browser: Any, page: tuple[str, str]):
    with opened(browser, page[1], 680) as tab:
        tab.emulate_media(media="print")
        wide = "[...document.querySelectorAll('table')].map(it => it.offsetWidth).filter(it => it > 680)"
        assert tab.evaluate(wide) == []


def test_each_picture_is_seen_once_at_each_width_and_on_paper(browser: Any, page: tuple[str, str]):
    with opened(browser, page[1], 360, java_script_enabled=True) as tab:
        for width, media in ((360, "screen"), (1280, "screen"), (1280, "print")):
            tab.set_viewport_size({"width": width, "height": 800})
            tab.emulate_media(media=media)
            seen = [
                sum(svg.is_visible() for svg in figure.locator("svg").all())
                for figure in tab.locator("figure").all()
            ]
            assert len(seen) >= 4
            assert set(seen) == {1}, (width, media)


def test_text_in_pictures_stays_readable_on_a_phone(browser: Any, page: tuple[str, str]):
    smallest = """[...document.querySelectorAll('svg text')].map(it => it.getBoundingClientRect())
        .filter(it => it.height).map(it => it.height).reduce((a, b) => Math.min(a, b))"""
    with opened(browser, page[1], 360) as tab:
        assert tab.evaluate(smallest) >= 10


def test_no_two_texts_of_a_picture_lie_on_each_other(browser: Any, page: tuple[str, str]):
    overlapping = """[...document.querySelectorAll('svg')].flatMap(svg => {
        const boxes = [...svg.querySelectorAll('text')]
            .map(it => [it.textContent, it.getBoundingClientRect()])
            .filter(([text, box]) => text && box.width);
        return boxes.flatMap(([text, a], place) => boxes.slice(place + 1)
            .filter(([, b]) => Math.min(a.right, b.right) - Math.max(a.left, b.left) > 2
                && Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 5)
            .map(([other]) => [text, other]));
    })"""
    for width in (360, 1280):
        with opened(browser, page[1], width) as tab:
            assert tab.evaluate(overlapping) == []


def test_a_table_can_be_scrolled_with_the_keyboard_and_its_first_column_stays(
    browser: Any, page: tuple[str, str]
):
    with opened(browser, page[1], 360) as tab:
        frame = tab.locator(".scroll").first
        frame.focus()
        before = frame.locator("tbody th").first.bounding_box()["x"]
        tab.keyboard.press("ArrowLeft" if page[0] == "ar" else "ArrowRight")
        tab.wait_for_timeout(300)
        assert frame.evaluate("it => Math.abs(it.scrollLeft)") > 0
        assert abs(frame.locator("tbody th").first.bounding_box()["x"] - before) < 3


def test_the_page_runs_nothing_and_loads_nothing(browser: Any, page: tuple[str, str]):
    context = browser.new_context(java_script_enabled=False)
    try:
        tab = context.new_page()
        asked: list[str] = []
        tab.on("request", lambda request: asked.append(request.url))
        tab.goto(page[1])
        assert asked == [page[1]]
        assert tab.locator("table").count() >= 8
    finally:
        context.close()
