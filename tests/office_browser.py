"""The office as a browser finds it: started by its command, let in once, looked at for accessibility."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
FAULTS = """async (tags) => (await axe.run(document, {runOnly: tags})).violations
    .map(found => [found.id, found.nodes.map(node => node.html)])"""
OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """The address that the office prints when it is started by its command."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        port = held.getsockname()[1]
    command = [sys.executable, "-m", "sojourn", "-p", str(folder), "serve", "office", "--port", str(port)]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env={**os.environ}
    )
    assert process.stdout is not None
    try:
        yield next(line.strip() for line in process.stdout if "/enter?token=" in line)
    finally:
        process.terminate()
        process.stdout.close()
        process.wait(20)


@contextmanager
def let_in(browser: Any, folder: Path, **settings: Any) -> Iterator[tuple[Any, str]]:
    with served(folder) as address:
        context = browser.new_context(viewport={"width": 1280, "height": 800}, **settings)
        try:
            tab = context.new_page()
            tab.goto(address)
            yield tab, address
        finally:
            context.close()
