"""A command that only explains itself starts at once: it loads none of the libraries that compute."""

from __future__ import annotations

import subprocess
import sys

HEAVY = ("numpy", "pyarrow", "duckdb", "numba", "sqlalchemy", "pydantic", "litestar")


def test_the_commands_are_known_before_anything_that_computes_is_loaded():
    asked = f"import sys, sojourn.cli; print([name for name in {HEAVY!r} if name in sys.modules])"
    told = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "[]"
