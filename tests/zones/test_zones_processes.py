"""The portal is a process of its own, and that process never loads the rooms of records."""

from __future__ import annotations

import subprocess
import sys

import pytest

FORBIDDEN = (
    "sojourn.sources",
    "sojourn.integration",
    "sojourn.statistics",
    "sojourn.pipeline",
    "sojourn.release",
    "sojourn.production",
    "sojourn.office",
    "sojourn.catalogue",
    "sojourn.contracts.microdata",
    "sojourn.contracts.spine",
    "sojourn.contracts.links",
)


def _loaded(module: str) -> set[str]:
    code = (
        f"import sys, {module}; print('\\n'.join(name for name in sys.modules if name.startswith('sojourn')))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


@pytest.mark.parametrize(
    "module", ["sojourn.portal.server", "sojourn.portal.application", "sojourn.dissemination.publication"]
)
def test_no_room_of_records_is_loaded(module):
    loaded = _loaded(module)
    assert module in loaded
    assert [name for name in sorted(loaded) if name.startswith(FORBIDDEN)] == []


def test_the_scan_sees_a_room_that_is_loaded():
    assert "sojourn.contracts.microdata" in _loaded("sojourn.production.workspace")
