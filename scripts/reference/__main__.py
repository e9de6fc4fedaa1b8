"""Reference pages, written from the code so that the two cannot disagree.

    python scripts/reference docs/reference

The pages of the concepts are written by `python -m sojourn.concepts.reference`. A test fails when a page that
is kept with the project is not the one that the code writes.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from pathlib import Path

from command_pages import command_page
from contract_pages import contract_page
from declaration_pages import declaration_page
from dimension_pages import dimension_page
from error_pages import error_page
from layout import page
from migration_table_pages import migration_table_page
from python_pages import python_page
from reason_pages import reason_page
from route_pages import route_page

PAGES: dict[str, Callable[[], Iterable[str]]] = {
    "commands.md": command_page,
    "contracts.md": contract_page,
    "declarations.md": declaration_page,
    "dimensions.md": dimension_page,
    "errors.md": error_page,
    "migration-tables.md": migration_table_page,
    "python.md": python_page,
    "reasons.md": reason_page,
    "routes.md": route_page,
}


def main(arguments: list[str]) -> int:
    """Write every page into a folder; the exit code tells the shell."""
    if len(arguments) != 1:
        print("Usage: python scripts/reference FOLDER", file=sys.stderr)
        return 2
    folder = Path(arguments[0])
    folder.mkdir(parents=True, exist_ok=True)
    for name, write in PAGES.items():
        (folder / name).write_text(page(write()), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
