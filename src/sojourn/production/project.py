"""A country project as a Python object, for notebooks and scripts."""

from __future__ import annotations

import html
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

from sojourn.contracts.table import Zone
from sojourn.dissemination.publication import TableDescription, read_manifest
from sojourn.errors import ProjectError
from sojourn.production.lineage import selected_cells
from sojourn.production.tables import TableRun, run_tables
from sojourn.production.workspace import Workspace, open_workspace

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl

__all__ = ["Figures", "Project", "PublishedRelease"]

ROWS_SHOWN = 20


@dataclass(frozen=True)
class Figures:
    """A protected table with what one must know of it: title, state, unit, where it comes from."""

    title: str
    about: Mapping[str, str]
    cells: pa.Table

    def to_arrow(self) -> pa.Table:
        """The cells as an Arrow table; what they are about stands in the schema's metadata."""
        return self.cells.replace_schema_metadata({"title": self.title, **self.about})

    def to_polars(self) -> pl.DataFrame:
        """The cells as a Polars data frame."""
        import polars

        return polars.DataFrame(self.to_arrow())

    def to_pandas(self) -> pd.DataFrame:
        """The cells as a pandas data frame with Arrow types; what they are about stands in `attrs`."""
        import pandas

        frame = self.cells.to_pandas(types_mapper=pandas.ArrowDtype)
        frame.attrs = {"title": self.title, **self.about}
        return frame

    def __repr__(self) -> str:
        return f"<{self.title}: {len(self.cells)} cells>"

    def _repr_html_(self) -> str:
        names = self.cells.column_names
        head = "".join(f"<th scope='col'>{html.escape(name)}</th>" for name in names)
        rows = self.cells.slice(0, ROWS_SHOWN).to_pylist()
        body = "".join(f"<tr>{''.join(_html_cell(row[name]) for name in names)}</tr>" for row in rows)
        notes = "".join(f"<div>{html.escape(k)}: {html.escape(v)}</div>" for k, v in self.about.items())
        more = f"<div>{ROWS_SHOWN} of {len(self.cells)} cells</div>" if len(self.cells) > ROWS_SHOWN else ""
        caption = html.escape(self.title)
        table = f"<caption>{caption}</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody>"
        return f"<table>{table}</table>{more}{notes}"


def _html_cell(value: object) -> str:
    return f"<td>{html.escape('' if value is None else str(value))}</td>"


class PublishedRelease(Mapping[str, Figures]):
    """A published release: its tables by name."""

    def __init__(self, folder: Path, title: str, tables: tuple[str, ...]) -> None:
        self.folder, self.title, self._tables = folder, title, tables

    def __getitem__(self, name: str) -> Figures:
        if name not in self._tables:
            raise ProjectError(f"The release has no table {name}.", f"It has: {', '.join(self._tables)}.")
        place = self.folder / "tables" / name
        described = TableDescription.model_validate_json((place / "table.json").read_bytes())
        about = {
            "state": "published",
            "release": self.folder.name,
            "unit": next(iter(described.unit.name.values())),
            "citation": next(iter(described.citation.values())),
        }
        return Figures(
            next(iter(described.title.values())), about, pq.read_table(place / "observations.parquet")
        )

    def __iter__(self) -> Iterator[str]:
        return iter(self._tables)

    def __len__(self) -> int:
        return len(self._tables)


class Project:
    """A country project that is open for work."""

    def __init__(self, folder: Path) -> None:
        self.workspace: Workspace = open_workspace(folder)

    def run(self, *tables: str) -> TableRun:
        """Make the named tables, or all; what is already made is not made again."""
        return run_tables(self.workspace, tables)

    def table(self, name: str) -> Figures:
        """A table as it would be released: after protection.

        Raises: ProjectError if the table is unknown or has to be run first.
        """
        cells = selected_cells(self.workspace, name, ())
        declared = self.workspace.declarations.tables[name]
        self.workspace.catalogue.note(self.workspace.actor, "look", f"table:{name}", "python")
        return Figures(next(iter(declared.title.values())), {"state": "protected, not published"}, cells)

    def release(self, identifier: str) -> PublishedRelease:
        """The current version of a published release.

        Raises: ProjectError if none of that name is published.
        """
        public = self.workspace.store.zone(Zone.PUBLIC)
        manifest = read_manifest(public)
        entries = manifest.newest_first() if manifest is not None else ()
        for entry in entries:
            if entry.id == identifier and entry.status == "current":
                return PublishedRelease(
                    public / "releases" / entry.hash, next(iter(entry.title.values())), entry.tables
                )
        raise ProjectError(f"No release {identifier} is published.", "List them: sojourn release list")

    def __repr__(self) -> str:
        declarations = self.workspace.declarations
        title = next(iter(declarations.settings.title.values()))
        return f"<Project {title}: {len(declarations.sources)} sources, {len(declarations.tables)} tables>"
