"""Records that are made of those of sources: what makes them, apart from where they lie.

A run makes them once and keeps them. What linkage adds to a figure is found by making them again, by the same
derivations, from links as they could have been.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias

from sojourn.contracts.table import Table, Zone
from sojourn.engine import Engine
from sojourn.pipeline import Made, Step
from sojourn.production.versions import VersionRecord, found_version, made_version, name_version
from sojourn.production.workspace import Workspace
from sojourn.store.store import Version

__all__ = ["Derivation", "Inputs", "Written", "derivation_step", "made_again"]

Inputs: TypeAlias = Mapping[str, Made[Version]]


@dataclass(frozen=True)
class Written:
    """How many rows were written, and what the catalogue keeps of them beside the settings."""

    rows: int
    beside: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Derivation:
    """Rows of a contract, made from the results of the steps named in `inputs`.

    `write(engine, made, folder)` writes them as Parquet files of the folder; the engine can open the secure
    zone. It depends on nothing but what it is given, the settings and the code.
    """

    contract: type[Table]
    inputs: tuple[str, ...]
    settings: Mapping[str, Any]
    write: Callable[[Engine, Inputs, Path], Written]

    @property
    def name(self) -> str:
        """The name of the step and of its versions."""
        return self.contract.title()


def derivation_step(workspace: Workspace, derivation: Derivation) -> Step[Version]:
    """The step of a run that makes the rows and keeps them as a version."""
    contract, name, settings = derivation.contract, derivation.name, derivation.settings

    def make(mark: str, made: Inputs) -> Version:
        used = {given: made[given] for given in derivation.inputs}
        with workspace.catalogue.work(workspace.actor, "read-records", name, "run") as act:
            with (
                workspace.engine(Zone.SECURE) as engine,
                workspace.store.writing(contract, name, mark) as folder,
            ):
                written = derivation.write(engine, used, folder)
            fingerprints = tuple(one.fingerprint for one in used.values())
            kept = {**settings, **written.beside}
            about = VersionRecord(
                name, Zone.SECURE, contract.__name__, mark, written.rows, fingerprints, kept
            )
            act.then(partial(name_version, workspace, about))
            act.detail.update(rows=written.rows)
        return made_version(workspace, contract, mark)

    return Step[Version](name, derivation.inputs, settings, partial(found_version, workspace, contract), make)


@contextmanager
def made_again(
    workspace: Workspace, derivations: Sequence[Derivation], made: Mapping[str, Version]
) -> Iterator[dict[str, Version]]:
    """What the derivations, in this order, make of other versions than those of a run.

    It lies beside the secure zone's tables, is named nowhere, and is gone when the block ends.
    """
    with workspace.store.beside(Zone.SECURE) as unfinished:
        found = dict(made)
        for derivation in derivations:
            folder = unfinished / derivation.name
            folder.mkdir(mode=0o700)
            used = {name: Made(name, "", found[name], was_found=True) for name in derivation.inputs}
            with workspace.engine(Zone.SECURE) as engine:
                written = derivation.write(engine, used, folder)
            found[derivation.name] = Version(derivation.name, Zone.SECURE, "", folder, written.rows)
        yield found
