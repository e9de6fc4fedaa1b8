"""Public texts keep the house's manners and give nothing away that belongs elsewhere."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
ROOT_PAGES = ("README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", "GOVERNANCE.md")
PAGES = [*(REPOSITORY / name for name in ROOT_PAGES), *sorted((REPOSITORY / "docs").rglob("*.md"))]
DECISIONS = sorted((REPOSITORY / "docs" / "decisions").glob("0*.md"))
PARTS_OF_A_DECISION = ["Situation", "Decision", "Consequences", "How we would notice that it is wrong"]


def test_no_page_says_please_invalid_or_oops():
    rude = [
        f"{page.relative_to(REPOSITORY)}: {word}"
        for page in PAGES
        for word in re.findall(r"\b(please|invalid|oops)\b", page.read_text(encoding="utf-8"), re.IGNORECASE)
    ]
    assert rude == []


def test_the_constraints_name_versions_and_no_addresses():
    lines = [
        line
        for line in (REPOSITORY / "constraints.txt").read_text(encoding="utf-8").splitlines()
        if not line.startswith("#")
    ]
    assert len(lines) > 50
    assert [line for line in lines if not re.fullmatch(r"[a-z0-9._-]+==[A-Za-z0-9.!+_-]+", line)] == []


def test_every_dependency_has_an_exact_version():
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    needed = [*project["dependencies"], *extras["frames"], *extras["dev"], *extras["docs"]]
    pinned = {
        plain(line.partition("==")[0])
        for line in (REPOSITORY / "constraints.txt").read_text(encoding="utf-8").splitlines()
    }
    names = {plain(re.split(r"[\[<>=!~ ]", need)[0]) for need in needed}
    assert names - pinned == set()


def plain(name: str) -> str:
    """A package's name as package indexes compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def test_the_decisions_are_a_page_each_and_say_how_we_would_notice_a_mistake():
    assert len(DECISIONS) >= 10
    for page in DECISIONS:
        text = page.read_text(encoding="utf-8")
        headings = re.findall(r"^## (.+)$", text, re.MULTILINE)
        assert headings == [
            "Situation",
            "Decision",
            "Consequences",
            "How we would notice that it is wrong",
        ], page.name
        assert len(text.split()) <= 500, f"{page.name} is longer than a page"


def test_the_changelog_says_what_moved_published_numbers():
    text = (REPOSITORY / "CHANGELOG.md").read_text(encoding="utf-8")
    versions = re.split(r"^## ", text, flags=re.MULTILINE)[1:]
    assert versions
    assert [
        version.splitlines()[0] for version in versions if "### Changes in published numbers" not in version
    ] == []
