"""The steps from a source's deliveries to the records that count: read them, find what is repeated."""

from __future__ import annotations

import datetime
import json
from collections.abc import Mapping
from functools import partial
from typing import Any

from sojourn.contracts.microdata import Repetition
from sojourn.errors import ProjectError
from sojourn.pipeline import Made, Step
from sojourn.production.deliveries import in_order_of_arrival
from sojourn.production.once import repetitions_name, write_repetitions
from sojourn.production.records import Delivered, records_fingerprint, records_name, write_records
from sojourn.production.versions import is_named, record_delivery_version
from sojourn.production.workspace import Workspace
from sojourn.project.contracts import CONTRACTS
from sojourn.project.declarations import SourceDeclaration
from sojourn.store.store import Version

__all__ = ["counted_versions", "delivery_in", "is_repetitions", "source_in", "source_steps"]

_RECORDS, _ONCE = "records", "once"


def source_steps(workspace: Workspace, source: SourceDeclaration, needed_by: str) -> list[Step[Version]]:
    """The steps that give a source's records, and the list of those that do not count, for a table.

    Raises: ProjectError when no delivery is in force.
    """
    deliveries = in_order_of_arrival(workspace, source.id)
    if not deliveries:
        raise ProjectError(
            f"{needed_by} needs {source.id}, and no delivery of it is in force.",
            f"Receive one: sojourn receive {source.id} FILE",
        )
    steps = [_records_step(workspace, source, delivery) for delivery in deliveries]
    if CONTRACTS[source.gives].natural_key:
        steps.append(_once_step(workspace, source, [str(delivery["id"]) for delivery in deliveries]))
    return steps


def counted_versions(made: Mapping[str, Version]) -> tuple[list[Version], Version | None]:
    """The records of a source, and the list of those that do not count, from what its steps made by name."""
    records = [version for name, version in made.items() if name.startswith(f"{_RECORDS}:")]
    return records, next((version for name, version in made.items() if is_repetitions(name)), None)


def is_repetitions(step: str) -> bool:
    """Whether the step of that name lists the records that do not count."""
    return step.startswith(f"{_ONCE}:")


def source_in(step: str) -> str | None:
    """The source whose records the step of that name gives; none of a step that makes something of them."""
    return step.split(":")[1] if ":" in step else None


def delivery_in(step: str) -> str | None:
    """The delivery whose records the step of that name reads; none when it reads no delivery."""
    kind, _, rest = step.partition(":")
    return rest.rpartition(":")[2] if kind == _RECORDS else None


def _records_step(
    workspace: Workspace, source: SourceDeclaration, delivery: Mapping[str, Any]
) -> Step[Version]:
    received_on = datetime.date.fromisoformat(json.loads(delivery["summary"])["received_on"])
    delivered = Delivered(delivery["id"], delivery["sha256"], delivery["period"], received_on)
    version = records_fingerprint(workspace, source, delivered)
    contract, name = CONTRACTS[source.gives], records_name(source.id)

    def find(_mark: str) -> Version | None:
        return (
            workspace.store.version(contract, name, version) if is_named(workspace, name, version) else None
        )

    def make(_mark: str, _inputs: Mapping[str, Made[Version]]) -> Version:
        with workspace.catalogue.work(
            workspace.actor, "read-delivery", f"delivery:{delivery['id']}", "run"
        ) as work:
            counts = write_records(workspace, source, delivered, version)
            work.then(partial(record_delivery_version, workspace, source, delivery, version, counts))
        found = workspace.store.version(contract, name, version)
        if found is None:
            raise RuntimeError("The version is not there, although it was written a moment ago.")
        return found

    return Step(f"{_RECORDS}:{source.id}:{delivery['id']}", (), {"version": version}, find, make)


def _once_step(workspace: Workspace, source: SourceDeclaration, deliveries: list[str]) -> Step[Version]:
    inputs = tuple(f"{_RECORDS}:{source.id}:{delivery}" for delivery in deliveries)
    name = repetitions_name(source)

    def find(mark: str) -> Version | None:
        return workspace.store.version(Repetition, name, mark) if is_named(workspace, name, mark) else None

    def make(mark: str, made: Mapping[str, Made[Version]]) -> Version:
        versions = [made[step].result for step in inputs]
        return write_repetitions(workspace, source, deliveries, versions, mark)

    return Step(f"{_ONCE}:{source.id}", inputs, {"order": deliveries}, find, make)
