"""What linkage adds to the uncertainty of a table: its figures from links as they could have been."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from sojourn.contracts.links import Link, LinkPair
from sojourn.contracts.table import Zone
from sojourn.engine import Engine
from sojourn.errors import ProjectError
from sojourn.integration.drawn_persons import drawn_persons
from sojourn.integration.linked_versions import combined
from sojourn.integration.residents import residents
from sojourn.pipeline import Made
from sojourn.production.counted import record_versions
from sojourn.production.derived_steps import EVENTS, RESIDENTS, last_days_of_years, write_events
from sojourn.production.lineage import selected_cells
from sojourn.production.link_steps import LINK, repeated_sources
from sojourn.production.observed import observation_of
from sojourn.production.tables import figures_of
from sojourn.production.workspace import Workspace
from sojourn.project.contracts import sources_behind
from sojourn.project.table_declarations import TableDeclaration
from sojourn.store.store import Version

__all__ = ["linkage_uncertainty"]

Floats = npt.NDArray[np.float64]


def linkage_uncertainty(
    workspace: Workspace,
    name: str,
    *,
    versions: int,
    seed: int,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
) -> pa.Table:
    """The published cells of a table of events or residents, with what linkage adds to their uncertainty.

    The figures are made anew from each of so many linked versions, drawn from the probabilities of pairs.
    LINKAGE_SE is by Rubin's rules the square root of (1 + 1 / versions) times the variance between versions;
    LINKAGE_CV is that by the figure, in per cent. Cells that are withheld stay so and have none. What is
    uncertain in the probabilities themselves is not part of it.

    Raises: ProjectError when the table's records are not linked, or it counts something else.
    """
    table = workspace.declarations.tables.get(name)
    if table is None:
        known = ", ".join(sorted(workspace.declarations.tables))
        raise ProjectError(f"No table is called {name}.", f"Declared are: {known}.")
    indicator = workspace.declarations.indicators[table.indicator]
    if indicator.counts not in (EVENTS, RESIDENTS):
        raise ProjectError(
            f"{name} counts neither migration events nor residents.",
            "Name a table that does. For others, `linked_versions` in docs/how-to/judge-a-linkage.md helps.",
        )
    made = record_versions(workspace, indicator, name)
    if LINK not in made:
        raise ProjectError(f"The records behind {name} are not linked.", "Declare `linkage` in sojourn.yaml.")
    shown = selected_cells(workspace, name, ())
    found = []
    with workspace.catalogue.work(workspace.actor, "read-records", LINK, "links uncertainty") as work:
        for number, person in enumerate(_drawn(workspace, made[LINK], versions, seed), start=1):
            found.append(_figures(workspace, table, made, person))
            on_progress(number, versions)
        work.detail.update(table=name, versions=versions)
    return _with_errors(shown, found, [dimension.upper() for dimension in table.by])


def _drawn(workspace: Workspace, links: Version, versions: int, seed: int) -> Iterator[pa.Table]:
    """The links of each version, each key under the person that it has there."""
    pairs = workspace.store.version(LinkPair, LinkPair.title(), links.fingerprint)
    if pairs is None:
        raise ProjectError("The pairs behind the links are not there.", "Run: sojourn run")
    table = pa.concat_tables(map(pq.read_table, links.files)).combine_chunks()
    declared = workspace.declarations
    sources = [declared.sources[name] for name in declared.settings.linkage.sources]
    for person in drawn_persons(
        table,
        pa.concat_tables(map(pq.read_table, pairs.files)),
        repeated=repeated_sources(workspace, sources),
        versions=versions,
        seed=seed,
    ):
        names = table["record_key"].take(pa.array(person))
        sources_of = table["source"].take(pa.array(person))
        key = pc.binary_join_element_wise(sources_of, names, ":")
        yield table.set_column(table.schema.get_field_index("person_key"), "person_key", key)


def _figures(
    workspace: Workspace, table: TableDeclaration, made: Mapping[str, Version], links: pa.Table
) -> pa.Table:
    """The estimates of the table from records under the persons of one linked version."""
    declared = workspace.declarations
    indicator = declared.indicators[table.indicator]
    sources = list(sources_behind(indicator, declared.sources, declared.settings.spine))
    observation = observation_of(workspace, sources)
    with (
        workspace.engine(Zone.SECURE) as engine,
        workspace.store.beside(Zone.SECURE) as unfinished,
        workspace.store.beside(Zone.SECURE) as events,
        workspace.store.beside(Zone.SECURE) as drawn,
    ):
        pq.write_table(Link.conform(links), drawn / "part-000000.parquet")
        read = {name: Made(name, "", version, was_found=True) for name, version in made.items()}
        read[LINK] = Made(LINK, "", replace(made[LINK], folder=drawn), was_found=True)
        write_events(workspace, engine, sources, read, observation, folder=events, unfinished=unfinished)
        files = sorted(events.glob("*.parquet"))
        if indicator.counts == RESIDENTS:
            files = _residents(engine, files, last_days_of_years(observation))
        return figures_of(workspace, engine, table, engine.relation(files))


def _residents(engine: Engine, files: Sequence[Path], days: Sequence[datetime.date]) -> list[Path]:
    """The residents of the events in files, in files beside them."""
    found = []
    for file in files:
        found.append(file.with_name(f"residents-{file.name}"))
        pq.write_table(residents(engine, pq.read_table(file), list(days)), found[-1])
    return found


def _with_errors(shown: pa.Table, found: Sequence[pa.Table], dimensions: Sequence[str]) -> pa.Table:
    """The cells with the error that the versions show; a figure that one version lacks is zero there."""
    names = [*dimensions, "TIME_PERIOD"]
    values = np.stack([_values_of(shown, figures, names) for figures in found])
    is_known = np.isfinite(values).any(axis=0)
    values = np.where(np.isfinite(values), values, 0.0)
    error = np.where(is_known, np.sqrt(combined(values, np.zeros_like(values)).variance), np.nan)
    published = shown["OBS_VALUE"].fill_null(np.nan).to_numpy(zero_copy_only=False).astype(np.float64)
    error = np.where(np.isfinite(published), error, np.nan)
    relative = np.full(len(shown), np.nan)
    np.divide(100 * error, np.abs(published), out=relative, where=np.abs(published) > 0)
    columns = [*names, "OBS_VALUE", "OBS_STATUS", "CONF_STATUS"]
    return (
        shown.select(columns)
        .append_column("LINKAGE_SE", pa.array(error.round(3), from_pandas=True))
        .append_column("LINKAGE_CV", pa.array(relative.round(3), from_pandas=True))
    )


def _values_of(shown: pa.Table, figures: pa.Table, names: Sequence[str]) -> Floats:
    """The figure of each cell in one version, not a number without one; net is who came less who went."""
    known = _named(figures, [name.lower() for name in names])
    values = np.append(figures["value"].to_numpy(zero_copy_only=False).astype(np.float64), np.nan)

    def looked_up(cells: pa.Table) -> Floats:
        at = pc.index_in(_named(cells, names), known).fill_null(len(known))
        found: Floats = values[at.to_numpy()]
        return found

    found = looked_up(shown)
    if "DIRECTION" not in names:
        return found
    place = shown.schema.get_field_index("DIRECTION")
    came, went = (
        looked_up(shown.set_column(place, "DIRECTION", pa.array([side] * len(shown)))) for side in ("A", "D")
    )
    is_net = pc.equal(shown["DIRECTION"], "NET").to_numpy()
    return np.where(is_net, np.nan_to_num(came) - np.nan_to_num(went), found)


def _named(table: pa.Table, names: Sequence[str]) -> pa.Array:
    parts = [table[name].cast(pa.string()) for name in names]
    joined: pa.Array = pc.binary_join_element_wise(*parts, "|").combine_chunks()
    return joined
