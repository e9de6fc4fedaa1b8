"""The quality of a linkage, group by group: as a page for staff, or as its figures."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sojourn.contracts.links import Link
from sojourn.contracts.table import Zone
from sojourn.dissemination.linkage_page import LinkageFigures, linkage_page
from sojourn.engine import Engine
from sojourn.errors import ProjectError
from sojourn.integration.link_gaps import link_gaps
from sojourn.integration.link_quality import LinkGroups, link_quality
from sojourn.integration.link_representativity import link_representativity
from sojourn.integration.linkage.encoding import packed_days
from sojourn.integration.linkage.scripts import script_of_names
from sojourn.production.linkage_files import LinkageFiles
from sojourn.production.movement_pictures import require_new, words_of
from sojourn.production.review import newest_pairs
from sojourn.production.table_files import write_table
from sojourn.production.unfinished import unfinished_beside
from sojourn.production.workspace import Workspace

__all__ = ["LinkageQuality", "quality_of_files", "quality_of_project", "require_report", "write_report"]

FORMS = (".html", ".csv", ".parquet")
_CODES = ("citizenship", "birthplace", "sex")


@dataclass(frozen=True)
class LinkageQuality:
    """The measures of a linkage: of groups, of their gaps, and how alike linked records are to all."""

    quality: pa.Table
    gaps: pa.Table
    representativity: pa.Table

    def to_json(self) -> dict[str, Any]:
        """The measures of the whole, and how many groups are worse off than others."""
        whole = self.quality.filter(pc.equal(self.quality["breakdown"], "all"))
        names = ("source", "other_source", "linked_share", "precision", "recall")
        return {
            "of_sources": whole.select(names).to_pylist(),
            "gaps": sum(row["is_gap"] and row["difference"] < 0 for row in self.gaps.to_pylist()),
        }


def require_report(target: Path, language: str, *, dedupe: bool) -> None:
    """Refuse a report that exists, is in another form or language, or is of one file.

    Raises: ProjectError.
    """
    if dedupe:
        raise ProjectError(
            "The quality report is of links between files.", "Leave --quality or --dedupe out."
        )
    if target.suffix not in FORMS:
        raise ProjectError(
            f"{target.name} is no quality report.", f"Name a file that ends in {', '.join(FORMS)}."
        )
    require_new(target, target.suffix)
    words_of(language)


def quality_of_files(result: LinkageFiles, sources: tuple[Path, ...]) -> LinkageQuality:
    """The measures of a linkage of plain files, by those attributes that all files have.

    Ages are the ten years in which people were born.
    """
    names = _names(sources)
    links, breakdowns = _links(result, names)
    with Engine() as engine:
        quality = link_quality(
            engine.relation(links),
            engine.relation(_pairs(result, names)),
            groups=LinkGroups(breakdowns=breakdowns),
        )
    return LinkageQuality(quality, link_gaps(quality), link_representativity(quality))


def quality_of_project(workspace: Workspace) -> LinkageQuality:
    """The measures of the newest linkage of a project.

    Raises: ProjectError when its records were not linked yet.
    """
    pairs = newest_pairs(workspace)
    links = workspace.store.version(Link, Link.title(), pairs.fingerprint)
    if links is None:
        raise ProjectError("The links behind the newest pairs are not there.", "Run: sojourn run")
    with (
        workspace.catalogue.work(workspace.actor, "read-records", Link.title(), "links quality") as work,
        workspace.engine(Zone.SECURE) as engine,
    ):
        quality = link_quality(engine.relation(links.files), engine.relation(pairs.files))
        work.detail.update(keys=links.rows, pairs=pairs.rows)
    return LinkageQuality(quality, link_gaps(quality), link_representativity(quality))


def write_report(found: LinkageQuality, target: Path, language: str) -> None:
    """Write the page, or the measures of all groups where the file's name asks for a table."""
    if target.suffix != ".html":
        write_table(found.quality, target)
        return
    figures = LinkageFigures(found.quality, found.gaps, found.representativity, words_of(language))
    with unfinished_beside(target) as folder:
        (folder / target.name).write_bytes(linkage_page(figures))
        os.replace(folder / target.name, target)


def _names(sources: tuple[Path, ...]) -> list[str]:
    """What the files are called: without their ending where that tells them apart."""
    stems, names = [it.stem for it in sources], [it.name for it in sources]
    if len(set(stems)) == len(stems):
        return stems
    if len(set(names)) == len(names):
        return names
    return [f"{name} ({place})" for place, name in enumerate(names, 1)]


def _links(result: LinkageFiles, names: list[str]) -> tuple[pa.Table, tuple[str, ...]]:
    """One row for each record with the attributes that the files have, and how they can be grouped."""
    compared = pa.concat_tables(result.compared)
    size = len(compared)
    known = set(compared.column_names)
    columns: dict[str, Any] = {
        "source": pa.array(names).take(pa.array(result.records.source)),
        "record_key": pa.array(np.arange(size)),
    }
    columns |= {name: compared[name] if name in known else pa.nulls(size, pa.string()) for name in _CODES}
    days = packed_days(compared["birth_date"]) if "birth_date" in known else np.full(size, -1, dtype=np.int32)
    columns["birth_year"] = pa.array(days // 10000, mask=days < 0)
    columns["has_birth_day"] = pa.array((days > 0) & (days // 100 % 100 > 0) & (days % 100 > 0))
    texts = [compared[name].combine_chunks() for name in ("surname", "given_names") if name in known]
    columns["script"] = script_of_names(*texts) if texts else pa.nulls(size, pa.string())
    numbers = [name for name in ("document_no", "national_id") if name in known]
    stated = np.zeros(size, dtype=bool)
    for name in numbers:
        stated |= pc.is_valid(compared[name]).to_numpy()
    columns["has_document"] = pa.array(stated)
    breakdowns = [name for name in _CODES if name in known]
    breakdowns += ["age", "has_birth_day"] if "birth_date" in known else []
    breakdowns += (["script"] if texts else []) + (["has_document"] if numbers else [])
    return pa.table(columns), tuple(breakdowns)


def _pairs(result: LinkageFiles, names: list[str]) -> pa.Table:
    """One row for each pair of records that was kept."""
    found, named = result.found, pa.array(names)
    ones, others = found.ones.astype(np.int64), found.others.astype(np.int64)
    return pa.table(
        {
            "pair_id": np.arange(len(ones)),
            "source": named.take(pa.array(result.records.source[ones])),
            "record_key": ones,
            "other_source": named.take(pa.array(result.records.source[others])),
            "other_key": others,
            "probability": found.probability,
            "is_link": pa.array(found.is_link),
        }
    )
