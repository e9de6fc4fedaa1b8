"""What linkage adds to the uncertainty of a table, for staff: exact, beside the published cells."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from sojourn.errors import ProjectError
from sojourn.production.counted import record_versions
from sojourn.production.lineage import selected_cells
from sojourn.production.link_steps import LINK
from sojourn.production.linkage_errors import errors_of_tables
from sojourn.production.workspace import Workspace

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
    """The published cells of a table of linked records, with what linkage adds to their uncertainty.

    LINKAGE_SE is the error of `linkage_errors` as it is, not in the classes of a publication, LINKAGE_CV that
    by the figure, in per cent. Cells that are withheld stay so and have none.

    Raises: ProjectError when the table's records are not linked.
    """
    declared = workspace.declarations
    table = declared.tables.get(name)
    if table is None:
        known = ", ".join(sorted(declared.tables))
        raise ProjectError(f"No table is called {name}.", f"Declared are: {known}.")
    made = record_versions(workspace, declared.indicators[table.indicator], name)
    if LINK not in made:
        raise ProjectError(
            f"The records behind {name} are not linked.",
            "Name a table of records that are made of linked sources, or declare `linkage` in sojourn.yaml.",
        )
    shown = selected_cells(workspace, name, ())
    with workspace.catalogue.work(workspace.actor, "read-records", LINK, "links uncertainty") as work:
        (errors,) = errors_of_tables(
            workspace, [table], made, versions=versions, seed=seed, on_progress=on_progress
        )
        work.detail.update(table=name, versions=versions)
    is_share = declared.indicators[table.indicator].statistic == "share"
    return _beside(shown, errors, table.by, factor=100.0 if is_share else 1.0)


def _beside(shown: pa.Table, errors: pa.Table, by: Sequence[str], *, factor: float) -> pa.Table:
    """The published cells with their errors; shares are published in per cent."""
    names = [*(dimension.upper() for dimension in by), "TIME_PERIOD"]
    known = _named(errors, [name.lower() for name in names])
    place = pc.index_in(_named(shown, names), known).fill_null(len(known)).to_numpy()
    error = np.append(factor * errors["error"].fill_null(np.nan).to_numpy(), np.nan)[place]
    published = shown["OBS_VALUE"].fill_null(np.nan).to_numpy(zero_copy_only=False).astype(np.float64)
    error = np.where(np.isfinite(published), error, np.nan)
    relative = np.full(len(shown), np.nan)
    np.divide(100 * error, np.abs(published), out=relative, where=np.abs(published) > 0)
    return (
        shown.select([*names, "OBS_VALUE", "OBS_STATUS", "CONF_STATUS"])
        .append_column("LINKAGE_SE", pa.array(error.round(3), from_pandas=True))
        .append_column("LINKAGE_CV", pa.array(relative.round(3), from_pandas=True))
    )


def _named(table: pa.Table, names: Sequence[str]) -> pa.Array:
    parts = [table[name].cast(pa.string()) for name in names]
    joined: pa.Array = pc.binary_join_element_wise(*parts, "|").combine_chunks()
    return joined
