"""The step that finds who is who among the records of several sources: keys linked to persons.

It reads names and numbers in the vault and writes keys, scores and reasons alone. Both of its tables have one
fingerprint: `link` is found only where `link_pair` is.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from sojourn.contracts.links import Link, LinkPair
from sojourn.contracts.microdata import Identity, Movement, Status
from sojourn.contracts.table import Table, Zone
from sojourn.engine import Engine, Relation
from sojourn.errors import ProjectError
from sojourn.integration.linkage.linking import Plan
from sojourn.integration.linkage.scoring import Scoring, scored_here
from sojourn.integration.linkage.specification import Specification
from sojourn.integration.linked_keys import Decisions, Keys, keys_in_one, linked_keys, plan_of_keys
from sojourn.integration.record_keys import (
    IDENTIFYING,
    NUMBERS,
    certain_stays,
    record_keys,
    reviewed_pairs,
    seen_on,
    shared_documents,
)
from sojourn.pipeline import Made, Step
from sojourn.production.link_cluster import ScoredOnCluster
from sojourn.production.linkage_files import chosen_specification, too_many_pairs
from sojourn.production.once import each_once
from sojourn.production.review_decisions import decisions_in_force
from sojourn.production.source_steps import counted_versions, source_in
from sojourn.production.versions import VersionRecord, found_version, made_version, name_version
from sojourn.production.workspace import Workspace
from sojourn.project.contracts import CONTRACTS
from sojourn.project.declarations import SourceDeclaration
from sojourn.project.linkage_declarations import LinkageDeclaration, shipped_linkage
from sojourn.project.load import load_declaration
from sojourn.store.store import Version

__all__ = ["LINK", "link_step", "repeated_sources", "with_persons"]

LINK = Link.title()
_ATTRIBUTES = ("sex", "birth_year", "citizenship", "birthplace", "region", "household_id")
_COMPARED = (
    "surname", "given_names", "birth_date", "sex", "citizenship", "birthplace", "document_no", "national_id",
    "region", "address", "phone",
)  # fmt: skip
# One person may stand under several documents among the records of these.
_REPEATED = (Movement, Status)


def link_step(
    workspace: Workspace, sources: Sequence[SourceDeclaration], before: Sequence[Step[Version]]
) -> Step[Version]:
    """The step that links the keys of the sources, whose own steps come before."""
    declared = workspace.declarations.settings.linkage
    specification = _specification(workspace)
    inputs = tuple(step.name for step in before)
    settings = {
        "sources": sorted(source.id for source in sources),
        "repeated": sorted(repeated_sources(workspace, sources)),
        "specification": specification.model_dump(mode="json"),
        "pairs_at_most": declared.pairs_at_most,
        "decisions": _digest(decisions_in_force(workspace)),
    }

    def find(mark: str) -> Version | None:
        has_pairs = found_version(workspace, LinkPair, mark) is not None
        return found_version(workspace, Link, mark) if has_pairs else None

    def make(mark: str, made: Mapping[str, Made[Version]]) -> Version:
        used = {name: made[name] for name in inputs}
        fingerprints = tuple(one.fingerprint for one in used.values())
        with workspace.catalogue.work(workspace.actor, "link-records", LINK, "run") as work:
            links, pairs = _linked(workspace, sources, specification, used)
            for contract, rows in ((LinkPair, pairs), (Link, links)):
                with workspace.store.writing(contract, contract.title(), mark) as folder:
                    pq.write_table(contract.conform(rows), folder / "part-000000.parquet")
                about = VersionRecord(
                    contract.title(), Zone.SECURE, contract.__name__, mark, len(rows), fingerprints, settings
                )
                work.then(partial(name_version, workspace, about))
            work.detail.update(keys=len(links), pairs=len(pairs))
        return made_version(workspace, Link, mark)

    return Step[Version](LINK, inputs, settings, find, make)


def with_persons(engine: Engine, records: Relation, source: str, links: Version | None) -> Relation:
    """Records of a source under the keys of the persons that were found; as they are, without links."""
    if links is None:
        return records
    statement = (
        "SELECT records.* REPLACE (coalesce(links.person_key, records.person_key) AS person_key)\n"
        "FROM records LEFT JOIN links ON links.source = $source AND links.record_key = records.person_key"
    )
    inputs = {"records": records, "links": engine.relation(links.files)}
    return engine.query(statement, inputs, {"source": source})


def _digest(decisions: pa.Table) -> str:
    """Different for different decisions, in whatever order they were taken."""
    columns = ["source", "record_key", "other_source", "other_key", "same_person"]
    rows = sorted(zip(*(decisions[name].to_pylist() for name in columns), strict=True))
    return hashlib.sha256(repr(rows).encode()).hexdigest()[:16]


def _specification(workspace: Workspace) -> LinkageDeclaration:
    name = workspace.declarations.settings.linkage.specification
    if name is None:
        return shipped_linkage()
    return load_declaration(workspace.declarations.folder / name, LinkageDeclaration)


def repeated_sources(workspace: Workspace, sources: Sequence[SourceDeclaration]) -> frozenset[str]:
    """The sources in which one person may stand under several keys."""
    declared = workspace.declarations.settings.linkage.repeated
    if declared is not None:
        return frozenset(declared)
    return frozenset(source.id for source in sources if CONTRACTS[source.gives] in _REPEATED)


def _linked(
    workspace: Workspace,
    sources: Sequence[SourceDeclaration],
    declared: LinkageDeclaration,
    made: Mapping[str, Made[Version]],
) -> tuple[pa.Table, pa.Table]:
    """The links and pairs of all keys. Names go from the vault into the kernels' memory and no further."""
    with workspace.engine(Zone.VAULT, Zone.SECURE) as engine:
        sources = sorted(sources, key=lambda source: source.id)
        read = [_Read(workspace, engine, source, made) for source in sources]
        tables = [one.keys() for one in read]
        specification = _chosen(declared, tables)
        names = [source.id for source in sources]
        repeated = repeated_sources(workspace, sources)
        keys = keys_in_one(
            tables,
            names,
            specification,
            repeated=frozenset(at for at, name in enumerate(names) if name in repeated),
            alive=frozenset(at for at, one in enumerate(read) if one.contract in _REPEATED),
            members_once=declared.household.members_once if declared.household else None,
            stays={at: one.stays() for at, one in enumerate(read) if one.contract is Movement},
        )
        by_documents = _by_documents(engine, keys, pa.concat_tables([one.numbers() for one in read]))
        decisions = _with_reviewed(engine, keys, by_documents, decisions_in_force(workspace))
        plan = _plan(workspace, keys, specification)
        with _scoring(workspace) as scoring:
            return linked_keys(engine, keys, specification, plan, decisions, scoring=scoring)


@contextmanager
def _scoring(workspace: Workspace) -> Iterator[Scoring]:
    """Where pairs are scored: on this machine, or on the cluster that the project names."""
    master = workspace.declarations.settings.engine.master
    if not master:
        yield scored_here
        return
    # What the workers read holds letters of names: it lies in the vault and goes when they are done.
    with workspace.store.beside(Zone.VAULT) as folder:
        yield ScoredOnCluster(master, folder)


def _plan(workspace: Workspace, keys: Keys, specification: Specification) -> Plan:
    """Which pairs will be looked at. Raises: ProjectError when there are more than the project allows."""
    plan = plan_of_keys(keys, specification)
    allowed = workspace.declarations.settings.linkage.pairs_at_most
    if plan.pairs > allowed:
        raise ProjectError(
            too_many_pairs(plan, allowed),
            "Narrow that rule in the specification, or allow more: `linkage: {pairs_at_most: …}`.",
        )
    return plan


def _chosen(declared: LinkageDeclaration, tables: Sequence[pa.Table]) -> Specification:
    """The part of the specification for which two sources at least state something."""
    stated = [name for name in _COMPARED if sum(table[name].null_count < len(table) for table in tables) > 1]
    return chosen_specification(declared, [stated])[0]


def _by_documents(engine: Engine, keys: Keys, numbers: pa.Table) -> Decisions:
    """The pairs of keys that state one number of a document."""
    columns = ["unit", "source", "record_key", "sex", "birth_year"]
    units = engine.relation(keys.table.select(columns))
    of_unit = engine.query(
        "SELECT units.unit, numbers.kind, numbers.number FROM numbers JOIN units USING (source, record_key)",
        {"numbers": engine.relation(numbers), "units": units},
    )
    found = shared_documents(units, of_unit).to_arrow()
    size = len(found)
    return Decisions(
        found["one"].to_numpy().astype(np.int32),
        found["other"].to_numpy().astype(np.int32),
        np.ones(size, dtype=np.bool_),
        np.zeros(size, dtype=np.bool_),
    )


def _with_reviewed(engine: Engine, keys: Keys, by_documents: Decisions, reviewed: pa.Table) -> Decisions:
    """What documents say, and what a person said who looked: that holds against a document."""
    units = engine.relation(keys.table.select(["unit", "source", "record_key"]))
    found = reviewed_pairs(units, engine.relation(reviewed)).to_arrow()
    ones, others = (found[name].to_numpy().astype(np.int32) for name in ("one", "other"))
    size = np.int64(len(keys.records))
    looked_at = ones.astype(np.int64) * size + others
    left = ~np.isin(by_documents.ones.astype(np.int64) * size + by_documents.others, looked_at)
    same = found["same_person"].to_numpy(zero_copy_only=False).astype(np.bool_)
    return Decisions(
        np.concatenate((by_documents.ones[left], ones)),
        np.concatenate((by_documents.others[left], others)),
        np.concatenate((by_documents.same[left], same)),
        np.concatenate((np.zeros(int(left.sum()), dtype=np.bool_), np.ones(len(ones), dtype=np.bool_))),
    )


class _Read:
    """The records of one source that count, with what the vault knows of them."""

    def __init__(
        self,
        workspace: Workspace,
        engine: Engine,
        source: SourceDeclaration,
        made: Mapping[str, Made[Version]],
    ) -> None:
        self.engine, self.source = engine, source
        self.contract: type[Table] = CONTRACTS[source.gives]
        own = {name: one.result for name, one in made.items() if source_in(name) == source.id}
        records, repetitions = counted_versions(own)
        self._records = each_once(engine, records, repetitions)
        vault = (workspace.store.version(Identity, one.name, one.fingerprint) for one in records)
        files = [file for version in vault if version is not None for file in version.files]
        self._identities = self._with_all(engine.relation(files), ("record_id", *IDENTIFYING))

    def keys(self) -> pa.Table:
        """One row a key."""
        stated = self._with_all(
            self._records,
            ("record_id", "person_key", *_ATTRIBUTES),
            seen=seen_on(self.contract),
            died="death_date",
        )
        return record_keys(stated, self._identities).to_arrow()

    def stays(self) -> pa.Table:
        """The stays of which a key of a source of movements shows both ends."""
        return certain_stays(self._records).to_arrow()

    def numbers(self) -> pa.Table:
        """Every number that a key states, of whatever document."""
        parts = [
            f"SELECT DISTINCT person_key AS record_key, '{kind}' AS kind, {kind} AS number"
            f" FROM records JOIN identities USING (record_id) WHERE {kind} IS NOT NULL"
            for kind in NUMBERS
        ]
        inputs = {"records": self._records, "identities": self._identities}
        found = self.engine.query(" UNION ALL ".join(parts), inputs).to_arrow()
        return found.append_column("source", pa.array([self.source.id] * len(found), pa.string()))

    def _with_all(self, relation: Relation, names: Sequence[str], **renamed: str) -> Relation:
        """The named columns, null where the relation lacks one."""
        wanted: dict[str, str] = {**{name: name for name in names}, **renamed}
        types = {name: _TYPES.get(name, "VARCHAR") for name in wanted}
        columns = [
            f"{column if column in relation.columns else 'NULL'}::{types[name]} AS {name}"
            for name, column in wanted.items()
        ]
        return self.engine.query(f"SELECT {', '.join(columns)} FROM given", {"given": relation})


_TYPES: Mapping[str, str] = {"seen": "DATE", "died": "DATE", "birth_year": "BIGINT"}
