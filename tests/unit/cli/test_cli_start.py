"""A command that only explains itself starts at once: it loads none of the libraries that compute.

What does compute loads what it needs and no more: no process of ours loads pandas, for which Arrow asks.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

HEAVY = ("numpy", "pyarrow", "duckdb", "numba", "sqlalchemy", "pydantic", "litestar")


def told_by(program: str, *arguments: str) -> str:
    """The last line that a Python program prints."""
    command = [sys.executable, "-c", program, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return done.stdout.splitlines()[-1]


def test_the_commands_are_known_before_anything_that_computes_is_loaded():
    asked = f"import sys, sojourn.cli; print([name for name in {HEAVY!r} if name in sys.modules])"
    assert told_by(asked) == "[]"


def test_arrow_finds_no_pandas_in_a_command_although_it_is_installed(project: Path):
    program = """
import sys
from importlib.util import find_spec
installed = find_spec("pandas") is not None
from sojourn.cli import main
try:
    main()
except SystemExit as left:
    print(installed, left.code, "pyarrow" in sys.modules, "pandas" in sys.modules)
"""
    assert told_by(program, "-p", str(project), "check") == "True 0 True False"


def test_a_library_that_was_left_out_can_be_found_again():
    program = """
import pyarrow
from sojourn.start import found_again, left_out
left_out("pandas")
table = pyarrow.table({"persons": [1, 2]})
found_again()
print(table.to_pandas()["persons"].sum())
"""
    assert told_by(program) == "3"


def test_a_library_that_was_left_out_is_told_as_missing():
    program = """
from sojourn.start import left_out
left_out("pandas")
try:
    import pandas
except ModuleNotFoundError as missing:
    print(missing.name)
"""
    assert told_by(program) == "pandas"
