"""The command `sojourn`: parse, call, print."""

from sojourn.cli.app import app, main

__all__ = ["app", "main"]
