"""The command `sojourn`: parse, call, print."""

from sojourn.cli import (
    deliveries,
    demonstration,
    encoding_tools,
    gate,
    hidden_group_tools,
    keys,
    linkage_tools,
    links,
    pictures,
    projects,
    residence_tools,
    review,
    serving,
    tables,
    tools,
)
from sojourn.cli.app import app, main

__all__ = ["COMMANDS", "app", "main"]

# Each module's commands join the app when it is imported.
COMMANDS = (
    deliveries,
    demonstration,
    gate,
    keys,
    pictures,
    projects,
    serving,
    tables,
    tools,
    residence_tools,
    hidden_group_tools,
    encoding_tools,
    linkage_tools,
    links,
    review,
)
