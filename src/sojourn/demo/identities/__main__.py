"""`python -m sojourn.demo.identities OUT`: write data for a linkage test."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from sojourn.demo.identities import SOURCES, write_linkage_country
from sojourn.errors import ProjectError


def _told(done: float, what: str) -> None:
    print(f"{done:4.0%} {what}", file=sys.stderr)


def main(arguments: list[str] | None = None) -> int:
    """Parse the command line, write the country, say what was written."""
    parser = argparse.ArgumentParser(prog="python -m sojourn.demo.identities", description=__doc__)
    parser.add_argument("out", type=Path, help="a new or empty folder")
    parser.add_argument("--persons", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=2024)
    parser.add_argument("--sources", type=int, default=len(SOURCES))
    asked = parser.parse_args(arguments)
    try:
        made = write_linkage_country(
            asked.out, persons=asked.persons, seed=asked.seed, sources=asked.sources, on_progress=_told
        )
    except ProjectError as error:
        print(error, file=sys.stderr)
        return 2
    for source, rows in made.rows.items():
        print(f"{source}: {rows:,} records")
    return 0


if __name__ == "__main__":
    sys.exit(main())
