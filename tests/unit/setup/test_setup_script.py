"""Set-up does each thing once, takes no file that is not the one promised, and names no address."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

REPOSITORY = Path(__file__).resolve().parents[3]
FILES = ("Makefile", ".ci/run", "constraints.txt", ".pre-commit-config.yaml", "mkdocs.yml", "pyproject.toml")


@pytest.fixture
def setup(tmp_path: Path) -> ModuleType:
    """The script, in a copy of the repository that has nothing but what set-up depends on."""
    (tmp_path / "scripts").mkdir()
    for name in ("pyproject.toml", "constraints.txt", "scripts/setup.py"):
        shutil.copy(REPOSITORY / name, tmp_path / name)
    spec = importlib.util.spec_from_file_location("setup_of_a_copy", tmp_path / "scripts" / "setup.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up by name
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def finished(setup: ModuleType) -> ModuleType:
    """A copy in which everything is set up."""
    for name in ("python", "sojourn"):
        (setup.VENV / "bin").mkdir(parents=True, exist_ok=True)
        (setup.VENV / "bin" / name).touch()
    setup.STAMPS.mkdir()
    setup.write_stamp("run", [])
    return setup


def test_a_second_run_does_nothing_and_needs_no_program(finished: ModuleType):
    script = finished.ROOT / "scripts" / "setup.py"
    done = subprocess.run([sys.executable, script, "run"], env={"PATH": ""}, capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize("changed", ["pyproject.toml", "constraints.txt", "scripts/setup.py"])
def test_a_changed_requirement_is_set_up_anew(finished: ModuleType, changed: str):
    assert finished.is_done("run")
    with (finished.ROOT / changed).open("a", encoding="utf-8") as opened:
        opened.write("\n# changed\n")
    assert not finished.is_done("run")


def test_an_environment_that_was_removed_is_set_up_anew(finished: ModuleType):
    shutil.rmtree(finished.VENV)
    assert not finished.is_done("run")


def test_set_up_for_the_demonstration_is_not_set_up_for_the_tests(finished: ModuleType):
    assert not finished.is_done("tests")


def promised(setup: ModuleType, content: bytes) -> object:
    """A file of a package that must have this content."""
    digest = hashlib.sha256(content).hexdigest()
    return setup.RegistryFile("atlas@1.0", "world.json", digest, setup.SHARE / "shapes" / "world.json")


def test_a_file_that_is_not_the_one_promised_is_not_taken(setup: ModuleType, monkeypatch: pytest.MonkeyPatch):
    file = promised(setup, b"the world")
    monkeypatch.setattr(setup, "from_npm", lambda file, folder: b"another world")
    monkeypatch.setattr(setup.shutil, "which", lambda name: f"/usr/bin/{name}")
    run = setup.SetUp("run")
    setup.fetch(run, [file], "maps are not drawn")
    assert run.missing == ["world.json of atlas@1.0: maps are not drawn"]
    assert not file.goes_to.exists()


def test_a_file_that_is_there_is_not_fetched_again(setup: ModuleType, monkeypatch: pytest.MonkeyPatch):
    file = promised(setup, b"the world")
    file.goes_to.parent.mkdir(parents=True)
    file.goes_to.write_bytes(b"the world")
    monkeypatch.delattr(setup, "from_npm")
    run = setup.SetUp("run")
    setup.fetch(run, [file], "maps are not drawn")
    assert run.missing == []


def test_what_could_not_be_had_is_told_with_what_is_missing_for_it(
    setup: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setattr(setup.shutil, "which", lambda name: None)
    run = setup.SetUp("run")
    setup.fetch(run, [promised(setup, b"the world")], "maps are not drawn")
    assert "there is no npm to fetch it with; maps are not drawn" in capsys.readouterr().err
    setup.STAMPS.mkdir()
    setup.write_stamp("run", run.missing)
    assert "maps are not drawn" in json.loads((setup.STAMPS / "run.json").read_text())["missing"][0]


def test_a_purpose_that_there_is_not_is_a_mistake_in_usage(setup: ModuleType):
    assert setup.main(["walk"]) == 2


def test_nothing_that_sets_up_names_an_address():
    files = [REPOSITORY / name for name in FILES] + sorted((REPOSITORY / "scripts").rglob("*.py"))
    named = [
        f"{file.relative_to(REPOSITORY)}: {address}"
        for file in files
        for address in re.findall(r"\b\w+://\S+", file.read_text(encoding="utf-8"))
    ]
    assert named == []
