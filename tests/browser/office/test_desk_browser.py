"""The checker's desk in a real browser: accessible, narrow, whole by keyboard and without a script."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parents[2]))

from desk_office import PASSPHRASE, put_into
from office_browser import FAULTS, OVERFLOW, RULES, let_in
from sojourn.production.workspace import open_workspace

pytestmark = pytest.mark.browser


@pytest.fixture
def folder(desk_folder: Path) -> Path:
    return desk_folder


def in_state(folder: Path, state: str) -> str:
    with open_workspace(folder) as workspace:
        return put_into(workspace, state)


def sign_in(tab: Any, person: str) -> None:
    tab.goto(tab.url.partition("/")[0] + "//" + tab.url.split("/")[2] + "/sign-in")
    tab.get_by_label("Who you are").fill(person)
    tab.get_by_label("Passphrase").fill(PASSPHRASE)
    tab.keyboard.press("Enter")
    tab.wait_for_url("**/releases")


def access_key(tab: Any, letter: str) -> None:
    """Press Alt and a letter as a keyboard does: with the sign that the key would have alone."""
    session = tab.context.new_cdp_session(tab)
    key = {"modifiers": 1, "key": letter, "code": f"Key{letter.upper()}", "unmodifiedText": letter}
    session.send("Input.dispatchKeyEvent", {"type": "rawKeyDown", **key})
    session.send("Input.dispatchKeyEvent", {"type": "char", "text": letter, **key})
    session.send("Input.dispatchKeyEvent", {"type": "keyUp", **key})
    session.detach()


def test_axe_finds_nothing_on_any_page_of_the_desk_at_phone_and_desktop_width_by_day_and_night(
    browser, axe, folder
):
    release = in_state(folder, "prepared")
    with let_in(browser, folder, bypass_csp=True) as (tab, address):
        home = address.partition("/enter")[0]
        one = f"{home}/releases/{release}"
        looked_at = [(f"{home}/sign-in", "")]
        looked_at += [
            (f"{home}/releases", "checker-1"),
            (one, "checker-1"),
            (f"{one}/findings/2", "checker-1"),
        ]
        looked_at += [(f"{one}/tables/CROSSINGS?counts=yes", "checker-1")]
        looked_at += [
            (f"{one}/tables/CROSSINGS/protection", "checker-1"),
            (f"{home}/releases/absent", "checker-1"),
        ]
        person = ""
        for page, who in looked_at:
            if who != person:
                sign_in(tab, who)
                person = who
            tab.goto(page)
            assert tab.url == page
            faultless(tab, axe)
        tab.goto(one)
        tab.get_by_label("What is to be mended").fill("Totals do not agree")
        tab.get_by_role("button", name="Return to its author").click()
        assert tab.get_by_role("heading", name="Return this release to its author?").is_visible()
        faultless(tab, axe)
        in_state(folder, "approved")
        sign_in(tab, "publisher-1")
        tab.goto(one)
        faultless(tab, axe)
        in_state(folder, "prepared")


def faultless(tab: Any, axe: str) -> None:
    tab.evaluate(axe)
    for width, scheme in [(1280, "light"), (320, "light"), (320, "dark")]:
        tab.emulate_media(color_scheme=scheme)
        tab.set_viewport_size({"width": width, "height": 800})
        assert tab.evaluate(FAULTS, RULES) == [], (tab.url, width, scheme)
        assert tab.evaluate(OVERFLOW) <= 0, (tab.url, width)


def test_a_release_is_checked_by_keyboard_alone_in_twelve_keys_beside_what_is_written(browser, folder):
    """Alt and N, Alt and R and Enter for each finding, and so on: what is written is not counted."""
    release = in_state(folder, "prepared")
    pressed = []
    with let_in(browser, folder, java_script_enabled=False) as (tab, address):
        home = address.partition("/enter")[0]
        sign_in(tab, "checker-1")
        tab.goto(f"{home}/releases/{release}")

        def press(key: str) -> None:
            pressed.append(key)
            access_key(tab, key[-1]) if key.startswith("Alt+") else tab.keyboard.press(key)

        press("Alt+n")
        tab.wait_for_url("**/findings/1")
        for following in ("/findings/2", ""):
            press("Alt+r")
            tab.keyboard.type("Exact counts are right here")
            press("Enter")
            tab.wait_for_url(f"{home}/releases/{release}{following}?done=accept")
        tab.goto(f"{home}/releases/{release}/tables/CROSSINGS")
        press("Alt+c")
        tab.wait_for_url("**counts=yes")
        assert tab.get_by_role("columnheader", name="Persons behind").is_visible()
        press("Alt+n")
        tab.wait_for_url(f"**/releases/{release}")
        tab.get_by_role("button", name="It may be voted on").focus()
        press("Enter")
        tab.wait_for_url("**?done=check")
        assert "Checked." in tab.content()
    assert len(pressed) <= 12


def test_a_vote_is_asked_for_once_more_and_given_without_a_script_on_a_phone(browser, folder):
    release = in_state(folder, "checked")
    with let_in(browser, folder, java_script_enabled=False) as (tab, address):
        tab.set_viewport_size({"width": 320, "height": 568})
        home = address.partition("/enter")[0]
        sign_in(tab, "coordinator-1")
        tab.get_by_role("link", name="Migration 2024, version 2").click()
        tab.get_by_label("Comment, seen once both votes are in").fill("Plausible beside last year")
        tab.get_by_role("button", name="Approve").click()
        assert tab.get_by_role("heading", name="Do you approve this release?").is_visible()
        tab.get_by_role("button", name="No, go back").click()
        assert tab.get_by_label("Comment, seen").input_value() == "Plausible beside last year"
        tab.get_by_role("button", name="Approve").click()
        tab.get_by_role("button", name="Yes, approve").click()
        assert tab.get_by_text("Your vote is in.").is_visible()
        assert "1 of 2 votes are in" in tab.content()
        tab.get_by_role("button", name="Sign out").click()
        tab.goto(f"{home}/releases/{release}")
        assert tab.get_by_role("heading", name="Sign in").is_visible()
    in_state(folder, "prepared")
