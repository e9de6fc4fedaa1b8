"""Clerical review of links: a sample is drawn, its cases are looked at, and what was decided is reported.

Values of persons are masked unless a reason is given. Every look, masked or not, is in the audit trail with
the pair's identifier before anything is shown; no value goes there, nor into the catalogue.
"""

from __future__ import annotations

import dataclasses
import json
from collections import Counter
from collections.abc import Mapping
from functools import partial
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import sqlalchemy as sa

from sojourn.catalogue import Transaction, schema
from sojourn.contracts.links import LinkPair
from sojourn.contracts.table import Zone
from sojourn.engine import Engine
from sojourn.errors import NotPermitted, ProjectError
from sojourn.integration.review_masks import ATTRIBUTES, FIELDS, Comparison, compared, compared_codes, masked
from sojourn.integration.review_sampling import (
    Accuracy,
    ReviewDesign,
    accuracy,
    drawn_pairs,
    sampling_plan,
)
from sojourn.production.fingerprints import fingerprint
from sojourn.production.review_decisions import (
    ANSWERS,
    DRAWN_PAIRS,
    Decision,
    history,
    last_decisions,
    require_reviewer,
)
from sojourn.production.review_identities import Known, attributes_of, known_of
from sojourn.production.versions import VersionRecord, name_version
from sojourn.production.workspace import Workspace
from sojourn.store.store import Version

__all__ = [
    "REASONS",
    "Case",
    "Field",
    "Listed",
    "Report",
    "Sample",
    "cases",
    "draw_sample",
    "look",
    "newest_pairs",
    "report",
    "reviewed_strata",
    "sample_of",
    "samples",
]

# Why values may be seen: chosen, never typed, so that no value gets into the audit trail.
REASONS: Mapping[str, str] = {
    "masked-not-enough": "The masked values do not decide this case",
    "check-of-decision": "I check a decision that somebody made",
    "asked-by-person": "A person or a provider asked about this link",
    "method-study": "I study why the linkage errs on pairs like this one",
}


REVIEWED = pa.schema(
    [
        pa.field("is_link", pa.bool_(), nullable=False),
        pa.field("above", pa.float64(), nullable=False),
        pa.field("up_to", pa.float64(), nullable=False),
        pa.field("same", pa.int64(), nullable=False),
        pa.field("different", pa.int64(), nullable=False),
    ]
)


@dataclasses.dataclass(frozen=True)
class Sample:
    """A drawn sample: of which version of the pairs, when, by whom, and its strata as planned."""

    id: str
    version: str
    pairs: str
    is_under_key_in_force: bool
    made_at: str
    made_by: str
    strata: tuple[Mapping[str, Any], ...]


@dataclasses.dataclass(frozen=True)
class Listed:
    """One case of a sample with its place in the queue, and the decision that stands, if there is one."""

    pair_id: str
    position: int
    stratum: int
    decision: Decision | None


@dataclasses.dataclass(frozen=True)
class Field:
    """One field of two records side by side, masked or as written, and how the two compare."""

    name: str
    one: str | None
    other: str | None
    comparison: Comparison


@dataclasses.dataclass(frozen=True)
class Case:
    """A pair as a reviewer sees it. `pair` is its row of `LinkPair`."""

    sample: str
    listed: Listed
    pair: Mapping[str, Any]
    records: tuple[int, int]
    fields: tuple[Field, ...]
    is_unmasked: bool
    history: tuple[Decision, ...]


@dataclasses.dataclass(frozen=True)
class Report:
    """How far a sample has come, and what its decisions say of all pairs."""

    sample: Sample
    cases: int
    decided: Mapping[str, int]
    accuracy: Accuracy

    @property
    def open(self) -> int:
        """Cases without a decision."""
        return self.cases - sum(self.decided.values())

    def to_json(self) -> dict[str, Any]:
        """The report as a document."""
        told = {name: dataclasses.asdict(one) if one else None for name, one in vars(self.accuracy).items()}
        about = {"sample": self.sample.id, "link_pair": self.sample.version, "cases": self.cases}
        return {**about, "open": self.open, **self.decided, **told}


def draw_sample(
    workspace: Workspace, *, design: ReviewDesign | None = None, seed: int | None = None
) -> Sample:
    """Draw a sample of the newest version of the pairs; the same version and seed give the same one.

    Raises: ProjectError when no pairs were made, or there is none in them; NotPermitted when whoever is at
    work may not review.
    """
    require_reviewer(workspace)
    chosen = design or ReviewDesign()
    with (
        workspace.writing(),
        workspace.catalogue.work(
            workspace.actor, "draw-review-sample", LinkPair.title(), "clerical review"
        ) as work,
    ):
        version = newest_pairs(workspace)
        number = len(_samples(workspace))
        seed = int(fingerprint(version.fingerprint, number)[:12], 16) if seed is None else seed
        mark = fingerprint(version.fingerprint, number, dataclasses.asdict(chosen), seed, workspace.keys.mark)
        with workspace.engine(Zone.SECURE) as engine:
            plan, drawn = _drawn(engine, version, chosen, seed)
            with workspace.store.writing(LinkPair, DRAWN_PAIRS, mark) as folder:
                pq.write_table(_rows_of(engine, version, drawn), folder / "part-000000.parquet")
        settings = {"design": dataclasses.asdict(chosen), "seed": seed}
        about = VersionRecord(
            DRAWN_PAIRS, Zone.SECURE, LinkPair.__name__, mark, len(drawn), (version.fingerprint,), settings
        )
        work.then(partial(name_version, workspace, about))
        work.then(partial(_keep_sample, workspace, version.fingerprint, mark, seed, plan, drawn))
        work.detail.update(sample=mark[:12], version=version.fingerprint, cases=len(drawn))
    return sample_of(workspace, mark[:12])


def newest_pairs(workspace: Workspace) -> Version:
    """The pairs of the newest linkage of a project that links sources.

    Raises: ProjectError when it links none, or has not yet.
    """
    if not workspace.declarations.settings.linkage.sources:
        raise ProjectError(
            "The project links no sources.", "Name them in sojourn.yaml: `linkage: {sources: [...]}`."
        )
    versions = schema.table_version.c
    query = sa.select(versions.fingerprint).where(versions.name == LinkPair.title())
    for row in workspace.catalogue.rows(query.order_by(versions.made_at.desc())):
        found = workspace.store.version(LinkPair, LinkPair.title(), row["fingerprint"])
        if found is not None and found.rows:
            return found
    raise ProjectError("There are no pairs of keys yet.", "Link the sources first: sojourn run")


def _drawn(engine: Engine, version: Version, design: ReviewDesign, seed: int) -> tuple[pa.Table, pa.Table]:
    """The plan and the drawn pairs of a version, whatever the order of its rows."""
    statement = "SELECT pair_id, probability, is_link FROM pairs"
    pairs = engine.query(statement, {"pairs": engine.relation(version.files)}).to_arrow().sort_by("pair_id")
    plan = sampling_plan(pairs, design=design)
    return plan, drawn_pairs(pairs, plan, design=design, seed=seed)


def _rows_of(engine: Engine, version: Version, drawn: pa.Table) -> pa.Table:
    inputs = {"pairs": engine.relation(version.files), "drawn": engine.relation(drawn.select(["pair_id"]))}
    found = engine.query("SELECT pairs.* FROM pairs JOIN drawn USING (pair_id)", inputs)
    return LinkPair.conform(found.to_arrow().sort_by("pair_id"))


def _keep_sample(
    workspace: Workspace,
    version: str,
    mark: str,
    seed: int,
    plan: pa.Table,
    drawn: pa.Table,
    act: Transaction,
) -> None:
    act.insert(
        schema.review_sample,
        id=mark[:12],
        version=version,
        pairs=mark,
        key_mark=workspace.keys.mark,
        seed=seed,
        strata=json.dumps(plan.to_pylist()),
        made_at=workspace.catalogue.now(),
        made_by=workspace.actor,
    )
    listed = drawn.select(["pair_id", "stratum", "position"]).to_pylist()
    rows = [{"sample": mark[:12], **row} for row in listed]
    act.connection.execute(sa.insert(schema.review_case), rows)


def samples(workspace: Workspace) -> list[Sample]:
    """Every sample, the newest first.

    Raises: NotPermitted when whoever is at work may not review.
    """
    require_reviewer(workspace)
    return _samples(workspace)


def _samples(workspace: Workspace) -> list[Sample]:
    query = sa.select(schema.review_sample).order_by(schema.review_sample.c.made_at.desc())
    return [
        Sample(
            row["id"],
            row["version"],
            row["pairs"],
            row["key_mark"] == workspace.keys.mark,
            row["made_at"],
            row["made_by"],
            tuple(json.loads(row["strata"])),
        )
        for row in workspace.catalogue.rows(query)
    ]


def sample_of(workspace: Workspace, identifier: str | None = None) -> Sample:
    """A sample by its identifier; without one the newest.

    Raises: ProjectError when there is none; NotPermitted when whoever is at work may not review.
    """
    found = [one for one in samples(workspace) if identifier in (None, one.id)]
    if not found:
        raise ProjectError("There is no such review sample.", "Draw one: sojourn review sample")
    return found[0]


def cases(workspace: Workspace, sample: Sample) -> list[Listed]:
    """The cases of a sample in the order in which to look at them.

    Raises: NotPermitted when whoever is at work may not review.
    """
    require_reviewer(workspace)
    return _cases(workspace, sample)


def _cases(workspace: Workspace, sample: Sample) -> list[Listed]:
    decided = last_decisions(workspace, sample.id)
    columns = schema.review_case.c
    query = sa.select(schema.review_case).where(columns.sample == sample.id).order_by(columns.position)
    return [
        Listed(row["pair_id"], row["position"], row["stratum"], decided.get(row["pair_id"]))
        for row in workspace.catalogue.rows(query)
    ]


def look(workspace: Workspace, sample: Sample, pair_id: str, *, reason: str | None = None) -> Case:
    """A case with its two records side by side, masked; with a reason from `REASONS`, as written.

    The look is in the audit trail when this returns. Raises: ProjectError when there is no such case or
    reason; NotPermitted when the key was changed since the sample was drawn, or whoever is at work may not
    review.
    """
    require_reviewer(workspace)
    if reason is not None and reason not in REASONS:
        raise ProjectError("There is no such reason.", f"Give one of: {', '.join(REASONS)}.")
    action = "look-at-pair" if reason is None else "unmask-pair"
    purpose = "clerical review" if reason is None else reason
    listed = next((one for one in cases(workspace, sample) if one.pair_id == pair_id), None)
    if listed is None:
        raise ProjectError("This sample has no such case.", "List them: sojourn review list")
    with workspace.catalogue.work(workspace.actor, action, f"pair:{pair_id}", purpose) as work:
        work.detail.update(sample=sample.id)
        pair = _pair(workspace, sample, pair_id)
        one = known_of(workspace, pair["source"], pair["record_key"])
        other = known_of(workspace, pair["other_source"], pair["other_key"])
        codes = attributes_of(workspace, pair["source"], pair["record_key"])
        other_codes = attributes_of(workspace, pair["other_source"], pair["other_key"])
    return Case(
        sample.id,
        listed,
        pair,
        (one.records, other.records),
        (
            *(_field(name, one, other, is_unmasked=reason is not None) for name in FIELDS),
            *(_attribute(name, codes[name], other_codes[name]) for name in ATTRIBUTES),
        ),
        reason is not None,
        tuple(history(workspace, sample.id, pair_id)),
    )


def _pair(workspace: Workspace, sample: Sample, pair_id: str) -> dict[str, Any]:
    """The drawn pair's own row."""
    version = workspace.store.version(LinkPair, DRAWN_PAIRS, sample.pairs)
    if not sample.is_under_key_in_force or version is None:
        raise NotPermitted(
            "The key was changed since this sample was drawn: its pairs stand for nobody any more.",
            "Draw another one: sojourn review sample",
        )
    found: list[dict[str, Any]] = pq.read_table(
        version.files, filters=[("pair_id", "=", pair_id)]
    ).to_pylist()
    return found[0]


def _field(name: str, one: Known, other: Known, *, is_unmasked: bool) -> Field:
    values = (one.values[name], other.values[name])
    shown = values if is_unmasked else tuple(masked(name, value) for value in values)
    return Field(name, shown[0], shown[1], compared(name, *values))


def _attribute(name: str, one: str | None, other: str | None) -> Field:
    return Field(name, one, other, compared_codes(one, other))


def report(workspace: Workspace, sample: Sample) -> Report:
    """How far the review of a sample has come, with precision and recall where the decisions tell them."""
    strata = _decided_strata(workspace, sample)
    decided = {answer: sum(stratum[answer] for stratum in strata) for answer in ANSWERS}
    listed = len(cases(workspace, sample))
    return Report(sample, listed, decided, accuracy(pa.Table.from_pylist(strata)))


def _decided_strata(workspace: Workspace, sample: Sample) -> list[dict[str, Any]]:
    """The strata as planned, with how many of their pairs were decided in which way."""
    listed = _cases(workspace, sample)
    counts = Counter((one.stratum, one.decision.decision) for one in listed if one.decision is not None)
    names = ("is_link", "above", "up_to", "pairs")
    return [
        {
            **{name: planned[name] for name in names},
            **{answer: counts[planned["stratum"], answer] for answer in ANSWERS},
        }
        for planned in sample.strata
    ]


def reviewed_strata(workspace: Workspace) -> pa.Table:
    """The strata of the newest sample under the key in force in which a pair was decided for sure.

    Columns: `is_link`, `above`, `up_to`, `same`, `different`; no row where there is no such sample.
    """
    for sample in _samples(workspace):
        strata = _decided_strata(workspace, sample) if sample.is_under_key_in_force else []
        if any(stratum["same"] + stratum["different"] for stratum in strata):
            rows = [{name: stratum[name] for name in REVIEWED.names} for stratum in strata]
            return pa.Table.from_pylist(rows, schema=REVIEWED)
    return REVIEWED.empty_table()
