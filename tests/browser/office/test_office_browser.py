"""The office in a real browser: let in once, accessible, narrow, whole by keyboard and without a script."""

from __future__ import annotations

import socket
import sys
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parents[2]))

from office_browser import FAULTS, OVERFLOW, RULES, let_in
from review_office import write_office
from sojourn.integration.review_sampling import ReviewDesign
from sojourn.production.review import draw_sample
from sojourn.production.review_decisions import decide
from sojourn.production.workspace import open_workspace

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    base = tmp_path_factory.mktemp("office")
    made = write_office(base / "ruritania", base / "keys", base / "sent")
    with open_workspace(made) as workspace:
        sample = draw_sample(workspace, design=ReviewDesign(size=40))
        pair = workspace.catalogue.rows(_second_case())[0]["pair_id"]
        decide(workspace, sample.id, pair, "same")
    return made


def _second_case() -> Any:
    import sqlalchemy as sa

    from sojourn.catalogue import schema

    return sa.select(schema.review_case.c.pair_id).where(schema.review_case.c.position == 2)


def test_axe_finds_nothing_on_any_page_at_phone_and_desktop_width_by_day_and_night(browser, axe, folder):
    with let_in(browser, folder, bypass_csp=True) as (tab, address):
        home = address.partition("/enter")[0]
        tab.get_by_role("table").get_by_role("link").first.click()
        sample = tab.url
        for page in (
            home,
            sample,
            f"{sample}/history",
            f"{sample}/cases/1",
            f"{sample}/cases/2",
            f"{home}/absent",
        ):
            tab.goto(page)
            tab.evaluate(axe)
            for width, scheme in [(1280, "light"), (320, "light"), (320, "dark")]:
                tab.emulate_media(color_scheme=scheme)
                tab.set_viewport_size({"width": width, "height": 800})
                assert tab.evaluate(FAULTS, RULES) == [], (page, width, scheme)
                assert tab.evaluate(OVERFLOW) <= 0, (page, width)
        tab.goto(f"{sample}/cases/1")
        tab.evaluate(axe)
        tab.evaluate("document.querySelector('label').remove()")
        assert [found for found, _ in tab.evaluate(FAULTS, RULES)] != []


def test_a_case_is_unmasked_decided_and_undone_by_keyboard_without_a_script(browser, folder):
    with let_in(browser, folder, java_script_enabled=False) as (tab, _):
        tab.get_by_role("table").get_by_role("link").first.click()
        tab.get_by_role("link", name="Look at the next open case").press("Enter")
        assert tab.get_by_role("table", name="Two records side by side").is_visible()
        assert "Zwitscherlein" not in tab.content()
        tab.get_by_label("Why do you need to see the values?").select_option("method-study")
        tab.get_by_role("button", name="Show the values as written").press("Enter")
        assert "Zwitscherlein" in tab.content()
        case = tab.url.removesuffix("/unmask")
        tab.get_by_role("button", name="Different persons").press("Enter")
        assert tab.url != case
        tab.goto(case)
        tab.get_by_role("button", name="Undo this decision").press("Enter")
        assert tab.get_by_role("group", name="Are both records of one person?").is_visible()


def test_a_second_browser_is_not_let_in_by_the_same_address(browser, folder):
    with let_in(browser, folder) as (tab, address):
        assert tab.get_by_role("heading", name="Clerical review of links").is_visible()
        other = browser.new_context()
        answer = other.new_page().goto(address)
        assert answer.status == 403
        other.close()


def test_nothing_listens_on_any_other_address_of_the_machine(browser, folder):
    with let_in(browser, folder) as (_, address):
        port = int(address.split(":")[2].partition("/")[0])
        others = {found[4][0] for found in socket.getaddrinfo(socket.gethostname(), port, socket.AF_INET)}
        for other in others - {"127.0.0.1"}:
            with (
                pytest.raises(OSError, match=r"refused|timed out"),
                socket.create_connection((other, port), 2),
            ):
                pass
