"""Examples on the pages run as they are printed.

A block of commands or of Python is run when the line above it is the comment `<!-- run -->`, which readers
do not see. Blocks of one page run one after another in one folder. `<!-- run, ends with 3 -->` expects
another exit code than 0. A block after `<!-- shows -->` lists lines that the run before it must have
printed; `…` stands for anything.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
BLOCK = re.compile(
    r"^<!-- (?P<what>run|shows)(?:, ends with (?P<code>\d+))? -->\n```(?P<language>\w+)\n(?P<text>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
TIME_FOR_A_BLOCK = 240


@dataclass(frozen=True)
class Example:
    """One marked block of a page."""

    what: str
    language: str
    text: str
    code: int


def examples(page: Path) -> list[Example]:
    """The marked blocks of a page in order."""
    found = BLOCK.finditer(page.read_text(encoding="utf-8"))
    return [Example(m["what"], m["language"], m["text"], int(m["code"] or 0)) for m in found]


PAGES = [
    page
    for page in [REPOSITORY / "README.md", *sorted((REPOSITORY / "docs").rglob("*.md"))]
    if examples(page)
]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(REPOSITORY)))
def test_the_examples_of_a_page_run_as_printed(page: Path, tmp_path: Path):
    printed = ""
    for example in examples(page):
        if example.what == "shows":
            assert_shown(example.text, printed)
            continue
        done = run(example, tmp_path)
        printed = done.stdout
        assert done.returncode == example.code, f"{example.text}\n{printed}"


def run(example: Example, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a block in a folder of its own, away from the keys and settings of whoever runs the tests."""
    commands = {
        "console": ["bash", "-euo", "pipefail", "-c", example.text],
        "python": [sys.executable, "-c", example.text],
    }
    home = folder / "home"
    home.mkdir(exist_ok=True)
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    kept = {name: value for name, value in os.environ.items() if name.startswith(("SOJOURN_", "LANG", "LC_"))}
    return subprocess.run(
        commands[example.language],
        cwd=folder,
        env={**kept, "PATH": path, "HOME": str(home), "NO_COLOR": "1", "COLUMNS": "200"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=TIME_FOR_A_BLOCK,
    )


def assert_shown(expected: str, printed: str) -> None:
    """Each expected line was printed, in this order."""
    position = 0
    for line in filter(None, map(str.strip, expected.splitlines())):
        pattern = ".*".join(re.escape(part.strip()) for part in line.split("…"))
        found = re.compile(pattern).search(printed, position)
        assert found, f"{line!r} was not printed here:\n{printed[position:]}"
        position = found.end()


def test_the_first_page_and_the_tutorial_have_examples_that_run():
    names = {str(page.relative_to(REPOSITORY)) for page in PAGES}
    assert {"README.md", "docs/tutorial/first-day.md"} <= names


def test_every_run_block_is_of_a_kind_that_can_be_run():
    wrong = [
        (str(page.relative_to(REPOSITORY)), example.language)
        for page in PAGES
        for example in examples(page)
        if example.what == "run" and example.language not in ("console", "python")
    ]
    assert wrong == []


def test_no_mark_stands_above_anything_but_a_block():
    for page in [REPOSITORY / "README.md", *sorted((REPOSITORY / "docs").rglob("*.md"))]:
        marks = re.findall(r"^<!-- (?:run|shows)\b.*-->$", page.read_text(encoding="utf-8"), re.MULTILINE)
        assert len(marks) == len(examples(page)), page.name
