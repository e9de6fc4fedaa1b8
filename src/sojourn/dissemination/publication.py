"""Publication: a release is a folder named by its content, and a manifest says which ones may be seen.

    public/
      releases.json                              replaced in one step; only what it lists is visible
      releases/<sha256>/release.json
      releases/<sha256>/tables/<TABLE>/table.json
      releases/<sha256>/tables/<TABLE>/observations.parquet
      releases/<sha256>/tables/<TABLE>/method.sql
      releases/<sha256>/tables/<TABLE>/protection.json   how it was protected, and what that cost
      releases/<sha256>/tables/<TABLE>/downloads/…   the whole table in every format
      releases/<sha256>/checksums.txt            "sha256  path", sorted; its own digest is the folder's name

A folder is complete before it gets its name, and is never changed afterwards: whoever reads it can
prove from the name alone that every byte is the one that was released.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from sojourn.contracts.aggregates import Observation
from sojourn.dissemination.descriptions import (
    Agency,
    ApprovalCount,
    AuditCheckpoint,
    CodeDescription,
    Contact,
    Country,
    Dimension,
    Download,
    Licence,
    Manifest,
    Method,
    Protection,
    ReleaseDescription,
    ReleaseEntry,
    Revision,
    SourceDescription,
    TableDescription,
    Texts,
    Unit,
)
from sojourn.dissemination.downloads import write_downloads
from sojourn.dissemination.published import CHECKSUMS, MANIFEST, changed_files, read_manifest
from sojourn.errors import ContractBroken, DisclosureRisk, ProjectError
from sojourn.store.durable import file_sha256, place_folder, replace_file

__all__ = [
    "Agency",
    "ApprovalCount",
    "AuditCheckpoint",
    "CodeDescription",
    "Contact",
    "Country",
    "Dimension",
    "Download",
    "Licence",
    "Manifest",
    "Method",
    "Protection",
    "PublishedTable",
    "ReleaseDescription",
    "ReleaseEntry",
    "Revision",
    "SourceDescription",
    "TableDescription",
    "Texts",
    "Unit",
    "changed_files",
    "observations_in_order",
    "read_manifest",
    "write_manifest",
    "write_release_folder",
]

FREE = "F"


@dataclass(frozen=True)
class PublishedTable:
    """One table as the release gate hands it over: its description, its protected cells, its SQL, and the
    report of its protection."""

    description: TableDescription
    observations: pa.Table
    method_sql: str
    protection: Mapping[str, Any]


def write_release_folder(public: Path, release: ReleaseDescription, tables: Sequence[PublishedTable]) -> str:
    """Write a release under the hash of its content and return that hash.

    Nothing is visible before the manifest lists it. The same content written twice is one folder. What
    an interrupted writing left behind is removed by the next.

    Raises: ContractBroken if a table's cells do not fit its description; DisclosureRisk if a cell that
    is not free for publication carries a figure.
    """
    named = tuple(table.description.id for table in tables)
    if named != release.tables or len(set(named)) != len(named):
        raise ProjectError(
            f"The release {release.id} {release.version} names the tables {', '.join(release.tables)} "
            f"but was given {', '.join(named)}."
        )
    ordered = [(table, observations_in_order(table.description, table.observations)) for table in tables]
    unfinished = public / "releases" / f".unfinished-{release.id}-{release.version}"
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True)
    for table, observations in ordered:
        _write_table(unfinished / "tables" / table.description.id, release, table, observations)
    (unfinished / "release.json").write_text(release.model_dump_json(indent=1), encoding="utf-8")
    lines = sorted(
        (path.relative_to(unfinished).as_posix(), file_sha256(path))
        for path in unfinished.rglob("*")
        if path.is_file()
    )
    listed = "".join(f"{digest}  {path}\n" for path, digest in lines).encode()
    (unfinished / CHECKSUMS).write_bytes(listed)
    name = hashlib.sha256(listed).hexdigest()
    target = public / "releases" / name
    if target.is_dir() and not changed_files(public, name):
        shutil.rmtree(unfinished)
    else:
        place_folder(unfinished, target)
    return name


def _write_table(
    folder: Path, release: ReleaseDescription, table: PublishedTable, observations: pa.Table
) -> None:
    downloads_folder = folder / "downloads"
    downloads_folder.mkdir(parents=True)
    counted = table.description.model_copy(update={"observations": observations.num_rows, "downloads": ()})
    downloads = write_downloads(downloads_folder, release, counted, observations)
    described = counted.model_copy(update={"downloads": downloads})
    (folder / "table.json").write_text(described.model_dump_json(indent=1), encoding="utf-8")
    (folder / table.description.method.sql_file).write_text(table.method_sql, encoding="utf-8")
    protection = json.dumps(dict(table.protection), indent=1, sort_keys=True)
    (folder / "protection.json").write_text(protection, encoding="utf-8")
    pq.write_table(observations, folder / "observations.parquet", compression="zstd")


def observations_in_order(description: TableDescription, observations: pa.Table) -> pa.Table:
    """The cells of a table, checked against its description and ordered by its code lists, then by time.

    Raises: ContractBroken for unknown codes, unknown periods and repeated cells; DisclosureRisk if a
    cell that is not free for publication carries a figure.
    """
    table = Observation.conform(observations, description.dimension_ids)
    held_back = pc.not_equal(table["CONF_STATUS"], FREE)
    for column in ("OBS_VALUE", "SE", "CV", "LINKAGE_SE"):
        leaking = pc.sum(pc.and_(held_back, pc.is_valid(table[column]))).as_py() or 0
        if leaking:
            raise DisclosureRisk(
                f"{description.id}: {leaking} cells are not free for publication but carry {column}.",
                "Nothing was written. Empty these cells in the protection step, not here.",
            )
    known = [(dimension.id, [code.id for code in dimension.codes]) for dimension in description.dimensions]
    known.append(("TIME_PERIOD", list(description.time_periods)))
    position = np.zeros(table.num_rows, dtype=np.int64)
    for column, codes in known:
        found = pc.index_in(table[column], value_set=pa.array(codes, pa.string()))
        if found.null_count:
            strange = pc.unique(table[column].filter(pc.is_null(found))).to_pylist()[:5]
            raise ContractBroken(
                f"{description.id}: its description has no {', '.join(map(str, strange))} of {column}.",
                "Describe every code that a published cell uses.",
            )
        position = position * len(codes) + found.to_numpy()
    if len(np.unique(position)) != len(position):
        raise ContractBroken(
            f"{description.id}: {len(position) - len(np.unique(position))} cells occur twice."
        )
    return table.take(pa.array(np.argsort(position, kind="stable"))).combine_chunks()


def write_manifest(public: Path, manifest: Manifest) -> None:
    """Replace the manifest in one step: readers see the old or the new, never a part."""
    public.mkdir(parents=True, exist_ok=True)
    replace_file(public / MANIFEST, manifest.model_dump_json(indent=1).encode())
