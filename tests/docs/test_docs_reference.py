"""The reference is complete and fresh: what is not documented does not pass."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from sojourn import errors
from sojourn.contracts import aggregates, microdata
from sojourn.project import declarations
from sojourn.project.declarations import Declaration
from sojourn.sources import reasons
from sojourn.sources.reader import reasons as reader

REPOSITORY = Path(__file__).resolve().parents[2]
SOURCE = REPOSITORY / "src" / "sojourn"
REFERENCE = REPOSITORY / "docs" / "reference"


def reference(name: str) -> str:
    """A reference page as it is kept with the project."""
    return (REFERENCE / name).read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def written_now(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The pages that the code writes today."""
    folder = tmp_path_factory.mktemp("reference")
    script = REPOSITORY / "scripts" / "reference"
    done = subprocess.run([sys.executable, script, folder], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return folder


def test_the_pages_are_those_that_the_code_writes(written_now: Path):
    stale = [
        page.name
        for page in sorted(written_now.iterdir())
        if not (REFERENCE / page.name).is_file() or reference(page.name) != page.read_text(encoding="utf-8")
    ]
    assert stale == [], "give `make reference` and look at what changed"


def test_the_script_asks_for_a_folder_when_none_is_named():
    script = REPOSITORY / "scripts" / "reference"
    done = subprocess.run([sys.executable, script], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (2, "Usage: python scripts/reference FOLDER\n")


def test_every_contract_and_each_of_its_columns_is_in_the_reference():
    page = reference("contracts.md")
    for module in (microdata, aggregates):
        for name in module.__all__:
            assert f"\n## {name}\n" in page
            section = page.split(f"\n## {name}\n")[1].split("\n## ")[0]
            absent = [
                column for column in getattr(module, name).columns if f"\n| `{column}` |" not in section
            ]
            assert absent == []


def every_declaration() -> Iterator[type[Declaration]]:
    """Every class of declarations that the module defines, also those that no other class uses."""
    for value in vars(declarations).values():
        if isinstance(value, type) and issubclass(value, Declaration) and value is not Declaration:
            yield value


def test_every_setting_is_in_the_reference_with_what_it_means():
    page = reference("declarations.md")
    for model in every_declaration():
        section = re.split(rf"\n###? {model.__name__}\n", page)[1].split("\n## ")[0].split("\n### ")[0]
        for name, field in model.model_fields.items():
            row = re.search(rf"^\| `{re.escape(field.alias or name)}` \| (.*?) \|", section, re.MULTILINE)
            assert row, f"{model.__name__}.{name} is not in the reference"
            assert row[1].strip(), f"{model.__name__}.{name} has no meaning"


def test_every_command_in_the_source_is_in_the_reference():
    documented = re.findall(r"^## sojourn (?:\w+ )?([\w-]+)$", reference("commands.md"), re.MULTILINE)
    in_the_source = list(commands_in_the_source())
    assert len(in_the_source) >= 10
    assert sorted(documented) == sorted(in_the_source)


def commands_in_the_source() -> Iterator[str]:
    """The names of functions that a decorator makes into a command, read from the text of the source."""
    for file in sorted((SOURCE / "cli").glob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.FunctionDef):
                continue
            for decorator in node.decorator_list:
                if isinstance(decorator, ast.Call) and getattr(decorator.func, "attr", "") == "command":
                    given = [each.value for each in decorator.args if isinstance(each, ast.Constant)]
                    yield str(given[0]) if given else node.name.replace("_", "-")


def test_every_argument_and_option_of_a_command_says_what_it_means():
    silent = re.findall(r"^\| (`[^|]*`) \|\s+\|", reference("commands.md"), re.MULTILINE)
    assert silent == []


def test_every_command_shows_an_example():
    sections = reference("commands.md").split("\n## ")[1:]
    without = [section.splitlines()[0] for section in sections if "Example: `sojourn " not in section]
    assert without == []


def test_every_reason_is_in_the_reference():
    page = reference("reasons.md")
    tables = (reasons.REASONS, reader.QUARANTINE, reader.NON_DATA, reader.REFUSALS, reader.WARNINGS)
    absent = [code for table in tables for code in table if f"| `{code}` |" not in page]
    assert absent == []


def test_every_error_and_exit_code_is_in_the_reference():
    page = reference("errors.md")
    for name in errors.__all__:
        kind = getattr(errors, name)
        if (
            isinstance(kind, type)
            and issubclass(kind, errors.SojournError)
            and kind is not errors.SojournError
        ):
            assert f"| {kind.exit_code} | `{name}` |" in page


def test_every_environment_variable_that_the_code_reads_is_in_the_reference():
    page = reference("environment.md")
    read = {
        name
        for file in SOURCE.rglob("*.py")
        for name in re.findall(
            r"[\"'](SOJOURN_[A-Z_]+|NO_COLOR|XDG_[A-Z_]+)[\"']", file.read_text(encoding="utf-8")
        )
    }
    assert {name for name in read if f"`{name}`" not in page} == set()


def test_every_dimension_that_a_table_can_have_is_in_the_reference():
    from sojourn.project.dimensions import DERIVED

    page = reference("dimensions.md")
    assert [name for name in DERIVED if f"| `{name}` |" not in page] == []


def test_every_standard_code_map_is_in_the_reference():
    from sojourn.project.standard_maps import STANDARD_MAPS

    page = reference("dimensions.md") + reference("declarations.md")
    assert [name for name in STANDARD_MAPS if f"`{name}`" not in page] == []
