"""Decisions of clerical review: made, withdrawn, never removed, and what of them is in force.

A decision that was withdrawn stays where it is, with the row that withdraws it. The catalogue knows pairs by
their identifiers; their keys are in the secure zone, in the version of the pairs that were drawn.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import sqlalchemy as sa

from sojourn.catalogue import Transaction, schema
from sojourn.contracts.links import LinkPair
from sojourn.errors import ProjectError
from sojourn.production.at_work import require_at_work
from sojourn.production.workspace import Workspace
from sojourn.store.store import Version

__all__ = [
    "ANSWERS",
    "DRAWN_PAIRS",
    "Decision",
    "decide",
    "decisions_in_force",
    "history",
    "last_decisions",
    "require_reviewer",
    "undo",
]

ANSWERS = ("same", "different", "unsure")
WITHDRAWN = "withdrawn"
# The name of the versions that hold the drawn pairs.
DRAWN_PAIRS = "review_pair"
IN_FORCE = pa.schema(
    [
        pa.field("pair_id", pa.string(), nullable=False),
        pa.field("source", pa.string(), nullable=False),
        pa.field("record_key", pa.string(), nullable=False),
        pa.field("other_source", pa.string(), nullable=False),
        pa.field("other_key", pa.string(), nullable=False),
        pa.field("same_person", pa.bool_(), nullable=False),
    ]
)


@dataclass(frozen=True)
class Decision:
    """One row of the history: an answer, or the withdrawal of one."""

    sequence: int
    pair_id: str
    decision: str
    withdraws: int | None
    at: str
    by: str


def require_reviewer(workspace: Workspace) -> None:
    """Nothing, if whoever is at work may review links.

    Raises: NotPermitted.
    """
    require_at_work(workspace, "review-links", "review the links between records", "review")


def decide(workspace: Workspace, sample: str, pair_id: str, answer: str) -> None:
    """Decide an open case: `same`, `different` or `unsure`.

    Raises: ProjectError when there is no such case or answer, or the case is decided already; NotPermitted
    when whoever is at work may not review.
    """
    require_reviewer(workspace)
    if answer not in ANSWERS:
        raise ProjectError("There is no such decision.", f"Decide one of: {', '.join(ANSWERS)}.")
    with workspace.catalogue.act(workspace.actor, "decide-pair", f"pair:{pair_id}", "clerical review") as act:
        if _standing(act, sample, pair_id) is not None:
            raise ProjectError("This case is decided already.", "Undo that decision first, then decide anew.")
        _append(workspace, act, sample=sample, pair_id=pair_id, decision=answer, withdraws=None)
        act.detail.update(sample=sample, decision=answer)


def undo(workspace: Workspace, sample: str, pair_id: str) -> None:
    """Withdraw the decision of a case, which is open again; what was decided stays in its history.

    Raises: ProjectError when there is no such case, or nothing to withdraw; NotPermitted as `decide`.
    """
    require_reviewer(workspace)
    about = f"pair:{pair_id}"
    with workspace.catalogue.act(workspace.actor, "withdraw-decision", about, "clerical review") as act:
        standing = _standing(act, sample, pair_id)
        if standing is None:
            raise ProjectError("This case has no decision to undo.", "Look at its history.")
        withdraws = standing["sequence"]
        _append(workspace, act, sample=sample, pair_id=pair_id, decision=WITHDRAWN, withdraws=withdraws)
        act.detail.update(sample=sample, withdraws=withdraws)


def _standing(act: Transaction, sample: str, pair_id: str) -> dict[str, Any] | None:
    """The decision of a case that nobody withdrew, or none."""
    cases, decisions = schema.review_case.c, schema.review_decision.c
    if not act.rows(sa.select(cases.pair_id).where(cases.sample == sample, cases.pair_id == pair_id)):
        raise ProjectError("This sample has no such case.", "List them: sojourn review list")
    query = sa.select(schema.review_decision).where(decisions.sample == sample, decisions.pair_id == pair_id)
    rows = act.rows(query.order_by(decisions.sequence.desc()).limit(1))
    return dict(rows[0]) if rows and rows[0]["decision"] != WITHDRAWN else None


def _append(workspace: Workspace, act: Transaction, **values: Any) -> None:
    last = act.rows(sa.select(sa.func.max(schema.review_decision.c.sequence).label("last")))[0]["last"]
    act.insert(
        schema.review_decision,
        sequence=(last or 0) + 1,
        at=workspace.catalogue.now(),
        by=workspace.actor,
        **values,
    )


def history(workspace: Workspace, sample: str, pair_id: str | None = None) -> list[Decision]:
    """Every decision and withdrawal of a sample, or of one of its cases, the newest first."""
    decisions = schema.review_decision.c
    query = sa.select(schema.review_decision).where(decisions.sample == sample)
    if pair_id is not None:
        query = query.where(decisions.pair_id == pair_id)
    return [_decision(row) for row in workspace.catalogue.rows(query.order_by(decisions.sequence.desc()))]


def last_decisions(workspace: Workspace, sample: str) -> dict[str, Decision]:
    """The decision that stands for each decided case of a sample, by pair."""
    found: dict[str, Decision] = {}
    for one in reversed(history(workspace, sample)):
        found[one.pair_id] = one
    return {pair: one for pair, one in found.items() if one.decision != WITHDRAWN}


def _decision(row: dict[str, Any]) -> Decision:
    names = ("sequence", "pair_id", "decision", "withdraws", "at", "by")
    return Decision(*(row[name] for name in names))


def decisions_in_force(workspace: Workspace) -> pa.Table:
    """What reviewers have decided of pairs of keys, under the key in force: same person or not.

    Columns: `pair_id`, `source`, `record_key`, `other_source`, `other_key`, `same_person`; one row for each
    two keys, in the order of `pair_id`. Of two decisions on the same two keys, in two samples, the later one
    counts. Neither what was withdrawn nor what reviewers were unsure of is here; nor are decisions under a
    key that was changed since: their pseudonyms stand for nobody any more.
    """
    standing: dict[tuple[tuple[str, str], ...], tuple[int, list[Any]]] = {}
    for pairs, decided in _decided_pairs(workspace):
        for row in pairs.to_pylist():
            one = decided[row["pair_id"]]
            two = ((row["source"], row["record_key"]), (row["other_source"], row["other_key"]))
            known = standing.get(tuple(sorted(two)))
            if known is None or known[0] < one.sequence:
                cells = [row["pair_id"], *two[0], *two[1], one.decision]
                standing[tuple(sorted(two))] = (one.sequence, cells)
    kept = sorted(cells for _, cells in standing.values() if cells[-1] != "unsure")
    rows = [dict(zip(IN_FORCE.names, [*cells[:-1], cells[-1] == "same"], strict=True)) for cells in kept]
    return pa.Table.from_pylist(rows, schema=IN_FORCE)


def _decided_pairs(workspace: Workspace) -> Iterator[tuple[pa.Table, dict[str, Decision]]]:
    """The decided pairs of each sample under the key in force, with their decisions."""
    samples = schema.review_sample.c
    query = sa.select(samples.id, samples.pairs).where(samples.key_mark == workspace.keys.mark)
    for row in workspace.catalogue.rows(query.order_by(samples.made_at)):
        decided = last_decisions(workspace, row["id"])
        version = workspace.store.version(LinkPair, DRAWN_PAIRS, row["pairs"])
        if version is None:
            raise ProjectError(
                f"The pairs of review sample {row['id']} are gone.", "Restore them from a backup."
            )
        yield _decided_rows(version, decided), decided


def _decided_rows(version: Version, decided: dict[str, Decision]) -> pa.Table:
    """The rows of drawn pairs that have a decision."""
    columns = ["pair_id", "source", "record_key", "other_source", "other_key"]
    found = pa.concat_tables([pq.read_table(file, columns=columns) for file in version.files])
    return found.filter(pc.is_in(found["pair_id"], pa.array(sorted(decided), pa.string())))
