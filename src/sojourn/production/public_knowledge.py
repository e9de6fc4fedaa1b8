"""What the public knows: the tables of every published release, as an attacker lays them side by side."""

from __future__ import annotations

import io
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from sojourn.concepts import NOT_APPLICABLE, UNKNOWN, areas, members_of
from sojourn.concepts.code_lists import code_list, code_lists
from sojourn.disclosure.attacks import PublicTable
from sojourn.disclosure.cell_keys import CHANGED
from sojourn.dissemination.publication import Dimension, TableDescription, read_manifest
from sojourn.dissemination.zone import NotInZone, PublicZone

__all__ = ["Known", "counts_of", "is_perturbed", "known_tables"]

_VARIABLES = {
    "AGE_GROUP": "AGE",
    "AGE_BROAD": "AGE",
    "NATIVITY": "BIRTHPLACE",
    "BIRTHPLACE_REGION": "BIRTHPLACE",
    "CITIZEN": "CITIZENSHIP",
    "CITIZENSHIP_REGION": "CITIZENSHIP",
}
_OLDEST = 130
_NATIVE, _FOREIGN = ("NB", "CIT"), ("FB", "NONCIT")


@dataclass(frozen=True)
class Known:
    """A published table, and whether it is the newest of its name."""

    release: str
    is_current: bool
    description: TableDescription
    table: PublicTable


def known_tables(public: Path, country: str) -> Iterator[Known]:
    """Every table of counts that was published, the newest first; withdrawn ones were seen as well."""
    manifest, zone = read_manifest(public), PublicZone(public)
    for entry in reversed(manifest.releases if manifest is not None else ()):
        for name in entry.tables:
            folder = ("releases", entry.hash, "tables", name)
            try:
                text = zone.read(*folder, "table.json")
                content = zone.read(*folder, "observations.parquet", limit=1 << 32)
            except NotInZone:
                continue
            description = TableDescription.model_validate_json(text)
            observations = pq.read_table(io.BytesIO(content))
            found = counts_of(description, observations, country, f"{name} of {entry.id} v{entry.version}")
            if found is not None:
                yield Known(entry.hash, entry.status == "current", description, found)


def counts_of(
    description: TableDescription, observations: pa.Table, country: str, name: str
) -> PublicTable | None:
    """A table as the attacks take it; None where it holds no counts of persons, as of a sample."""
    has_errors = observations["SE"].null_count < observations.num_rows
    if description.statistic != "count" or has_errors:
        return None
    return PublicTable(
        name,
        description.indicator or description.id,
        observations,
        description.dimension_ids,
        step=math.inf if is_perturbed(observations) else description.protection.rounded_to or 0.0,
        variables=_VARIABLES,
        parts={dimension.id: parts_of(dimension, country) for dimension in description.dimensions},
    )


def is_perturbed(observations: pa.Table) -> bool:
    """Whether figures of a table were changed at random."""
    return bool(pc.any(pc.equal(observations["OBS_STATUS"], CHANGED)).as_py())


def parts_of(dimension: Dimension, country: str) -> Mapping[str, frozenset[str]]:
    """The elementary parts of each code that stands for several: years of age, countries, what lies below."""
    listed = dimension.codelist if dimension.codelist in code_lists() else None
    return {
        code.id: found
        for code in dimension.codes
        if (found := _years(code.id, listed) or _places(code.id, listed, country) or _below(code.id, listed))
    }


def _years(code: str, listed: str | None) -> frozenset[str]:
    if listed != "CL_AGE" or code not in code_list("CL_AGE"):
        return frozenset()
    about = code_list("CL_AGE").code(code).attributes
    if "lower" not in about:
        return frozenset()
    upper = about.get("upper")
    return frozenset(str(year) for year in range(int(about["lower"]), int(upper or _OLDEST) + 1))


def _places(code: str, listed: str | None, country: str) -> frozenset[str]:
    if listed == "CL_AREA_GROUP" and code in code_list("CL_AREA_GROUP"):
        return frozenset(members_of(code))
    if listed in ("CL_NATIVITY", "CL_CITIZEN") and code in _NATIVE:
        return frozenset({country})
    if listed in ("CL_NATIVITY", "CL_CITIZEN") and code in _FOREIGN:
        return frozenset(area.code for area in areas()) - {country}
    return frozenset()


def _below(code: str, listed: str | None) -> frozenset[str]:
    """The codes at the lowest level of a list below one that has others below it."""
    if listed is None or code in (UNKNOWN, NOT_APPLICABLE) or code not in code_list(listed):
        return frozenset()
    children = code_list(listed).children(code)
    if not children:
        return frozenset()
    return frozenset(
        part for child in children for part in (_below(child.code, listed) or frozenset({child.code}))
    )
