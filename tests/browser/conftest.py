"""A browser, and the checker of accessibility, for all pages."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

CHROMIUM = os.environ.get("SOJOURN_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
AXE = Path(os.environ.get("SOJOURN_AXE") or Path(sys.prefix) / "share" / "sojourn" / "axe" / "axe.min.js")


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """The system's Chromium; closed after each module, since its event loop would hold up other tests."""
    if CHROMIUM is None:
        pytest.skip("no chromium on the PATH (Debian: apt-get install chromium)")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
        )
        yield opened
        opened.close()


@pytest.fixture(scope="session")
def axe() -> str:
    """The accessibility checker's source."""
    if not AXE.is_file():
        pytest.skip(f"axe-core is not installed at {AXE}; set-up fetches it, or set SOJOURN_AXE")
    return AXE.read_text(encoding="utf-8")
