"""Sojourn: national migration data infrastructure.

`open` gives a country project as a Python object:

    project = sojourn.open("ruritania")
    project.run("POPULATION")
    project.table("POPULATION").to_pandas()
    project.release("2024")["POPULATION"].to_arrow()
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sojourn.production.project import Project

__all__ = ["__version__", "open"]
__version__ = "0.1.0"


def open(folder: str | Path) -> Project:
    """Open a country project.

    Raises: ProjectError with every mistake in its declarations.
    """
    # Imported here so that the portal, which also imports this package, never loads the rooms of records.
    from sojourn.production.project import Project

    return Project(Path(folder))
