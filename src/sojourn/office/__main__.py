"""`python -m sojourn.office PROJECT --port N`: the office as a process of its own, for this machine only."""

from __future__ import annotations

import argparse
from pathlib import Path

from sojourn.office.server import serve


def main() -> None:
    """Read the command line and serve."""
    parser = argparse.ArgumentParser(prog="python -m sojourn.office", description="Serve the office.")
    parser.add_argument("project", type=Path, help="the project's folder")
    parser.add_argument("--port", type=int, default=8701)
    asked = parser.parse_args()
    serve(asked.project, port=asked.port)


if __name__ == "__main__":
    main()
