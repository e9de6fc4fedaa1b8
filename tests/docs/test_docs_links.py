"""Links inside the documentation lead somewhere, and every page can be reached."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
DOCS = REPOSITORY / "docs"
ROOT_PAGES = ("README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", "GOVERNANCE.md")
PAGES = [*(REPOSITORY / name for name in ROOT_PAGES), *sorted(DOCS.rglob("*.md"))]
FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")


@cache
def text_without_code(page: Path) -> str:
    """A page's text without its blocks of code."""
    return FENCE.sub("", page.read_text(encoding="utf-8"))


@cache
def anchors(page: Path) -> frozenset[str]:
    """The names under which a page's headings can be linked to."""
    headings = re.findall(r"^#{1,6} (.+)$", text_without_code(page), re.MULTILINE)
    return frozenset(
        re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings
    )


def links(page: Path) -> list[str]:
    """The targets of a page's links to other places of the project."""
    found = LINK.findall(re.sub(r"`[^`\n]*`", "", text_without_code(page)))
    return [target for target in found if not re.match(r"[a-z]+:", target)]


@pytest.mark.parametrize("document", PAGES, ids=lambda page: str(page.relative_to(REPOSITORY)))
def test_every_link_of_a_page_leads_to_something_that_is_there(document: Path):
    for target in links(document):
        path, _, anchor = target.partition("#")
        leads_to = (document.parent / path).resolve() if path else document
        assert leads_to.exists(), f"{target} is not there"
        if anchor:
            assert anchor in anchors(leads_to), f"{target} has no such heading"


def test_every_page_of_the_documentation_is_linked_from_another():
    linked = {
        (page.parent / target.partition("#")[0]).resolve()
        for page in PAGES
        for target in links(page)
        if target.partition("#")[0]
    }
    alone = [
        str(page.relative_to(DOCS)) for page in sorted(DOCS.rglob("*.md")) if page.resolve() not in linked
    ]
    assert alone == []


def test_every_page_is_in_the_menu():
    menu = (REPOSITORY / "mkdocs.yml").read_text(encoding="utf-8")
    pages = [str(page.relative_to(DOCS)) for page in sorted(DOCS.rglob("*.md"))]
    absent = [page for page in pages if page not in menu and not page.startswith("reference/concepts/")]
    assert absent == []
