"""The quality report of a linkage in a real browser: accessible, on a phone, on paper, no script."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from sojourn.engine import Engine
from sojourn.integration.link_gaps import link_gaps
from sojourn.integration.link_quality import link_quality
from sojourn.integration.link_representativity import link_representativity
from sojourn.production.linkage_quality import LinkageQuality, write_report

pytestmark = pytest.mark.browser

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
FAULTS = """async (tags) => (await axe.run(document, {runOnly: tags})).violations
    .map(found => [found.id, found.nodes.map(node => node.html)])"""
PEOPLE = 600


@pytest.fixture(scope="module")
def found() -> LinkageQuality:
    """Two sources of the same people, of whom those of one citizenship are found less often."""
    number = np.arange(2 * PEOPLE)
    person = number % PEOPLE
    pick = {"sex": ["F", "M"], "citizenship": ["FRA", "SYR", "JOR"], "script": ["LATN", "CYRL"]}
    columns = {name: pa.array(codes).take(pa.array(person % len(codes))) for name, codes in pick.items()}
    links = pa.table(
        {
            "source": pa.array(["border", "register"]).take(pa.array(number // PEOPLE)),
            "record_key": number,
            "birth_year": 1930 + person % 80,
            "birthplace": columns["citizenship"],
            "has_document": pa.array(person % 7 > 0),
            "has_birth_day": pa.array(person % 60 > 0),
            **columns,
        }
    )
    sure = (np.arange(PEOPLE) % 3 != 1) | (np.arange(PEOPLE) % 2 == 0)
    pairs = pa.table(
        {
            "pair_id": np.arange(PEOPLE),
            "source": ["border"] * PEOPLE,
            "record_key": np.arange(PEOPLE),
            "other_source": ["register"] * PEOPLE,
            "other_key": np.arange(PEOPLE) + PEOPLE,
            "probability": np.where(sure, 0.97, 0.45),
            "is_link": pa.array(sure),
        }
    )
    with Engine() as engine:
        quality = link_quality(engine.relation(links), engine.relation(pairs))
    return LinkageQuality(quality, link_gaps(quality), link_representativity(quality))


@pytest.fixture(scope="module", params=["en", "ar"])
def page(request: pytest.FixtureRequest, found: LinkageQuality, tmp_path_factory: Any) -> str:
    """The address of a report."""
    file: Path = tmp_path_factory.mktemp("linkage") / "quality.html"
    write_report(found, file, request.param)
    return file.as_uri()


def test_the_group_that_is_found_less_often_is_named(found: LinkageQuality):
    named = {(row["measure"], row["category"]) for row in found.gaps.to_pylist() if row["is_gap"]}
    assert ("recall", "SYR") in named
    assert ("recall", "FRA") in named


@pytest.mark.parametrize("width", [360, 1280])
def test_axe_finds_nothing_on_a_phone_and_on_a_desk(browser: Any, axe: str, page: str, width: int):
    tab = browser.new_page(viewport={"width": width, "height": 800})
    tab.goto(page)
    tab.evaluate(axe)
    assert tab.evaluate(FAULTS, RULES) == []
    tab.close()


def test_the_page_does_not_scroll_sideways_and_fits_on_paper(browser: Any, page: str):
    tab = browser.new_page(viewport={"width": 320, "height": 800})
    tab.goto(page)
    assert tab.evaluate("document.documentElement.scrollWidth") <= 320
    tab.set_viewport_size({"width": 680, "height": 800})
    tab.emulate_media(media="print")
    wide = "[...document.querySelectorAll('table')].map(it => it.offsetWidth).filter(it => it > 680)"
    assert tab.evaluate(wide) == []
    tab.close()


def test_the_page_loads_nothing_and_runs_nothing(browser: Any, page: str):
    context = browser.new_context(java_script_enabled=False)
    tab = context.new_page()
    asked: list[str] = []
    tab.on("request", lambda request: asked.append(request.url))
    tab.goto(page)
    assert asked == [page]
    assert tab.locator("section").count() >= 9
    context.close()
