"""The command `sojourn`: parse, call, print."""

from sojourn.cli import (
    deliveries,
    demonstration,
    encoding_tools,
    gate,
    hidden_group_tools,
    joining_tools,
    keys,
    linkage_tools,
    links,
    migration_table_tools,
    pictures,
    projects,
    protection_tools,
    residence_tools,
    review,
    sampling_sizes,
    sampling_tools,
    sdg_tools,
    serving,
    small_area_tools,
    survey_tools,
    tables,
    tools,
    weighting_tools,
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
    survey_tools,
    migration_table_tools,
    tables,
    tools,
    residence_tools,
    hidden_group_tools,
    small_area_tools,
    weighting_tools,
    joining_tools,
    protection_tools,
    encoding_tools,
    linkage_tools,
    links,
    review,
    sampling_sizes,
    sampling_tools,
    sdg_tools,
)
