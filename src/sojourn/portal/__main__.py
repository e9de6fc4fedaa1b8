"""`python -m sojourn.portal PUBLIC_DIR --port N`: the portal as a process that is given one folder."""

from __future__ import annotations

import argparse
from pathlib import Path

from sojourn.portal.server import serve


def main() -> None:
    """Read the command line and serve."""
    parser = argparse.ArgumentParser(prog="python -m sojourn.portal", description="Serve a public folder.")
    parser.add_argument("public", type=Path, help="the public folder")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8000)
    asked = parser.parse_args()
    serve(asked.public, host=asked.host, port=asked.port)


if __name__ == "__main__":
    main()
