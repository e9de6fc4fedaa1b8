"""`python -m sojourn.demo.census OUT`: write a small census, a sample of it, and how both are declared."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from sojourn.demo.census import write_census
from sojourn.errors import ProjectError


def main(arguments: list[str] | None = None) -> int:
    """Parse the command line, write the files, say what was written."""
    parser = argparse.ArgumentParser(prog="python -m sojourn.demo.census", description=__doc__)
    parser.add_argument("out", type=Path, help="a new or empty folder")
    parser.add_argument("--households", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=2024)
    asked = parser.parse_args(arguments)
    try:
        made = write_census(asked.out, households=asked.households, seed=asked.seed)
    except ProjectError as error:
        print(error, file=sys.stderr)
        return 2
    for name, rows in made.rows.items():
        print(f"{name}: {rows:,} records")
    return 0


if __name__ == "__main__":
    sys.exit(main())
