"""The step of a run that makes the survey cubes of an indicator and keeps them as a version."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

import pyarrow.parquet as pq

from sojourn.contracts.aggregates import SurveySums
from sojourn.contracts.table import Zone
from sojourn.pipeline import Made, Step
from sojourn.production.counted import records_of
from sojourn.production.survey_figures import cube_settings, cubes_of
from sojourn.production.versions import VersionRecord, is_named, name_version
from sojourn.production.workspace import Workspace
from sojourn.project.table_declarations import Indicator
from sojourn.store.store import Version

__all__ = ["sums_in", "survey_step", "without_sums"]

_SUMS = "sums"


def survey_step(workspace: Workspace, indicator: Indicator, inputs: tuple[str, ...]) -> Step[Version]:
    """The step that makes an indicator's cubes, one file a period, from its records."""
    name = f"{_SUMS}_{indicator.id}"
    settings = cube_settings(workspace.declarations, indicator)

    def find(mark: str) -> Version | None:
        return workspace.store.version(SurveySums, name, mark) if is_named(workspace, name, mark) else None

    def make(mark: str, made: Mapping[str, Made[Version]]) -> Version:
        used = {given: made[given] for given in inputs}
        with workspace.catalogue.work(workspace.actor, "read-records", name, "run") as act:
            with workspace.engine(Zone.SECURE) as engine:
                counted = records_of(engine, indicator, {given: one.result for given, one in used.items()})
                cubes = cubes_of(workspace.declarations, indicator, counted)
            columns = {column for _, cube in cubes for column in cube.column_names}
            extra = tuple(sorted(columns - set(SurveySums.columns)))
            with workspace.store.writing(SurveySums, name, mark, extra) as folder:
                for place, (_, cube) in enumerate(cubes):
                    pq.write_table(cube, folder / f"part-{place:06d}.parquet", compression="zstd")
            rows = sum(len(cube) for _, cube in cubes)
            fingerprints = tuple(one.fingerprint for one in used.values())
            about = VersionRecord(name, Zone.SECURE, "SurveySums", mark, rows, fingerprints, settings)
            act.then(partial(name_version, workspace, about))
            act.detail.update(rows=rows)
        found = find(mark)
        if found is None:
            raise RuntimeError("The version is not there, although it was written a moment ago.")
        return found

    return Step[Version](f"{_SUMS}:{indicator.id}", inputs, settings, find, make)


def sums_in(versions: Mapping[str, Version]) -> Version | None:
    """The kept cubes among what a table is made of; none where it is about no survey."""
    return next((version for name, version in versions.items() if name.startswith(f"{_SUMS}:")), None)


def without_sums(versions: Mapping[str, Version]) -> dict[str, Version]:
    """What a table is made of, without the kept cubes: the records."""
    return {name: version for name, version in versions.items() if not name.startswith(f"{_SUMS}:")}
