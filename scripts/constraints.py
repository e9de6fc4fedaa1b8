"""Write down the exact versions that are installed, so that others get the same.

Only names and versions are kept: no address, no path, and not the project itself. A font package that a
registry lacks is no reason to fail, so fonts stand here only when they are installed.
"""

from __future__ import annotations

import sys
from importlib.metadata import distributions
from pathlib import Path

_HEAD = """\
# Exact versions of everything that Sojourn installs, its tests and documentation included.
# Written by `make constraints`. Move a version together with the tests that watch it.
"""
_NOT_PINNED = {"sojourn", "pip", "setuptools", "wheel"}


def pins() -> list[str]:
    """One line `name==version` for each installed package, in alphabetical order."""
    found = {str(each.metadata["Name"]).lower(): each.version for each in distributions()}
    return [f"{name}=={version}" for name, version in sorted(found.items()) if name not in _NOT_PINNED]


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(_HEAD + "\n".join(pins()) + "\n", encoding="utf-8")
