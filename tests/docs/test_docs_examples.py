"""Examples on the pages run as they are printed.

A comment on the line above a block, which readers do not see, says what becomes of the block:

    <!-- run -->                  it is run: commands by bash, Python by Python
    <!-- run, ends with 3 -->     it is run and must end with that exit code
    <!-- file PATH -->            it is written into that file
    <!-- shows -->                its lines were printed, in order, by the run before; `…` is anything

The blocks of one page belong together: one after another, in one folder. `<!-- goes on from PAGE -->` at the
top of a page runs the blocks of that page first.

The commands of the pages with which a reader begins are started as the reader starts them; on all others
`sojourn` is a fork of a process that has everything loaded (see `loaded_commands.py`).
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from loaded_commands import LoadedCommands

REPOSITORY = Path(__file__).resolve().parents[2]
EVERY_PAGE = [REPOSITORY / "README.md", *sorted((REPOSITORY / "docs").rglob("*.md"))]
BLOCK = re.compile(
    r"^<!-- (?P<what>run|file|shows)(?: (?P<file>\S+))?(?:, ends with (?P<code>\d+))? -->\n"
    r"```(?P<language>\w+)\n(?P<text>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
GOES_ON = re.compile(r"^<!-- goes on from (\S+) -->$", re.MULTILINE)
SECONDS_FOR_A_BLOCK = 240
STARTED = Path(sys.executable).parent
FIRST_PAGES = {REPOSITORY / "README.md", REPOSITORY / "docs" / "tutorial" / "first-day.md"}


@dataclass(frozen=True)
class Example:
    """One marked block of a page."""

    what: str
    language: str
    text: str
    file: str
    code: int


def examples(page: Path) -> list[Example]:
    """The marked blocks of a page in order."""
    found = BLOCK.finditer(page.read_text(encoding="utf-8"))
    return [Example(m["what"], m["language"], m["text"], m["file"] or "", int(m["code"] or 0)) for m in found]


def page_before(page: Path) -> Path | None:
    """The page from which this one goes on."""
    earlier = GOES_ON.search(page.read_text(encoding="utf-8"))
    return None if earlier is None else (page.parent / earlier[1]).resolve()


PAGES = [page for page in EVERY_PAGE if examples(page)]


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory, commands: LoadedCommands) -> Callable[[Path], Path]:
    """The folder in which a page's examples run: empty, or as the page before leaves it.

    That page is run once, and what it left is laid out anew for each that goes on from it: always in the
    one place, since a project names the folder of its keys.
    """
    folder = tmp_path_factory.mktemp("examples")
    place = folder / "place"

    def laid_out(page: Path) -> Path:
        earlier = page_before(page)
        kept = folder / (earlier.stem if earlier else "nothing")
        shutil.rmtree(place, ignore_errors=True)
        if not kept.exists():
            place.mkdir()
            assert_runs(examples(earlier) if earlier else [], place, commands.programs)
            place.rename(kept)
        shutil.copytree(kept, place, symlinks=True)
        return place

    return laid_out


@pytest.mark.parametrize("document", PAGES, ids=lambda page: str(page.relative_to(REPOSITORY)))
def test_the_examples_of_a_page_run_as_printed(
    document: Path, begun: Callable[[Path], Path], commands: LoadedCommands
):
    programs = STARTED if document in FIRST_PAGES else commands.programs
    assert_runs(examples(document), begun(document), programs)


def assert_runs(blocks: list[Example], folder: Path, programs: Path) -> None:
    """Blocks run one after another in a folder, with the programs of another, and print what they show."""
    printed = ""
    for example in blocks:
        if example.what == "shows":
            assert_shown(example.text, printed)
        elif example.what == "file":
            file = folder / example.file
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(example.text, encoding="utf-8")
        else:
            done = run(example, folder, programs)
            printed = done.stdout
            assert done.returncode == example.code, f"{example.text}\nended with {done.returncode}\n{printed}"


def run(example: Example, folder: Path, programs: Path) -> subprocess.CompletedProcess[str]:
    """Run a block in a folder of its own, away from the keys and settings of whoever runs the tests."""
    commands = {
        "console": ["bash", "-euo", "pipefail", "-c", example.text],
        "python": [sys.executable, "-c", example.text],
    }
    home = folder / ".home"
    home.mkdir(exist_ok=True)
    path = os.pathsep.join([str(programs), str(STARTED), os.environ["PATH"]])
    kept = {name: value for name, value in os.environ.items() if name.startswith(("SOJOURN_", "LANG", "LC_"))}
    return subprocess.run(
        commands[example.language],
        cwd=folder,
        env={**kept, "PATH": path, "HOME": str(home), "NO_COLOR": "1", "COLUMNS": "200"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=SECONDS_FOR_A_BLOCK,
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
    for page in EVERY_PAGE:
        marks = re.findall(r"^<!-- (?:run|file|shows)\b.*-->$", page.read_text(encoding="utf-8"), re.M)
        assert len(marks) == len(examples(page)), page.name
