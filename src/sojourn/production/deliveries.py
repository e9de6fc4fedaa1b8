"""The deliveries that the catalogue knows: which are in force, in which order, and how one is withdrawn."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from sojourn.catalogue import Transaction, schema
from sojourn.errors import ProjectError
from sojourn.production.at_work import may_at_work, require_at_work
from sojourn.production.workspace import Workspace, declared_source

__all__ = [
    "all_deliveries",
    "deliveries_in_force",
    "delivery_of",
    "in_order_of_arrival",
    "listed_deliveries",
    "put_out_of_force",
    "with_mended",
    "withdraw_delivery",
]


def deliveries_in_force(workspace: Workspace, source_id: str) -> list[dict[str, Any]]:
    """The accepted deliveries of a source that no later one supersedes, by period."""
    query = (
        sa.select(schema.delivery)
        .where(schema.delivery.c.source == source_id, schema.delivery.c.state == "accepted")
        .order_by(schema.delivery.c.period, schema.delivery.c.received_at)
    )
    return workspace.catalogue.rows(query)


def all_deliveries(workspace: Workspace, source_id: str | None = None) -> list[dict[str, Any]]:
    """Every delivery, or every one of a source, in the order of receipt, without its long summary."""
    columns = [column for column in schema.delivery.c if column.name != "summary"]
    query = sa.select(*columns).order_by(schema.delivery.c.received_at)
    if source_id is not None:
        query = query.where(schema.delivery.c.source == source_id)
    return workspace.catalogue.rows(query)


def listed_deliveries(workspace: Workspace, source_id: str | None = None) -> list[dict[str, Any]]:
    """The deliveries that whoever is at work may see: every one, or those of their own organisation.

    Raises: ProjectError for a source that is neither declared nor ever was; NotPermitted for one of which
    they may see nothing.
    """
    rows = all_deliveries(workspace, source_id)
    if source_id is not None and not rows:
        declared_source(workspace.declarations, source_id)
    seen = [row for row in rows if may_at_work(workspace, "list-deliveries", row["source"])]
    sources = {source_id} if source_id is not None else set(workspace.declarations.sources)
    if not seen and not any(may_at_work(workspace, "list-deliveries", source) for source in sources):
        require_at_work(workspace, "list-deliveries", "list deliveries", "deliveries", source_id)
    return seen


def in_order_of_arrival(workspace: Workspace, source_id: str) -> list[dict[str, Any]]:
    """The deliveries in force, those of the period first that came first: a correction stands where the
    delivery stood that it corrects."""
    first: dict[str, str] = {}
    for row in all_deliveries(workspace, source_id):
        if row["state"] in ("accepted", "superseded"):
            first.setdefault(row["period"], row["received_at"])
    rows = deliveries_in_force(workspace, source_id)
    return sorted(rows, key=lambda row: (first[row["period"]], row["received_at"]))


def with_mended(workspace: Workspace, source_id: str, delivery: str) -> tuple[str, ...]:
    """A delivery with those in force that mend it, or mend what mends it."""
    found = [delivery]
    rows = deliveries_in_force(workspace, source_id)
    for identifier in found:
        found += [row["id"] for row in rows if row["repairs"] == identifier]
    return tuple(found)


def delivery_of(workspace: Workspace, delivery: str) -> dict[str, Any]:
    """One delivery by its number.

    Raises: ProjectError when there is none.
    """
    rows = workspace.catalogue.rows(sa.select(schema.delivery).where(schema.delivery.c.id == delivery))
    if not rows:
        raise ProjectError(f"There is no delivery {delivery}.", "List them with `sojourn deliveries`.")
    return rows[0]


def put_out_of_force(act: Transaction, delivery: str, state: str) -> list[str]:
    """Give a delivery, and what mends it, a state in which they do not count; return which they were."""
    return _change(act, delivery, "accepted", state)


def _change(act: Transaction, delivery: str, before: str, after: str) -> list[str]:
    """Bring a delivery, and what mends it, or mends that, from one state into another."""
    changed, looked_at = [], [delivery]
    for identifier in looked_at:
        of_delivery = sa.or_(schema.delivery.c.id == identifier, schema.delivery.c.repairs == identifier)
        where = sa.and_(of_delivery, schema.delivery.c.state == before)
        found = [str(row["id"]) for row in act.rows(sa.select(schema.delivery.c.id).where(where))]
        act.update(schema.delivery, where, state=after)
        changed += found
        looked_at += [one for one in found if one not in looked_at]
    return changed


def withdraw_delivery(workspace: Workspace, delivery: str, reason: str) -> Sequence[str]:
    """Take a delivery back, as if it had not come, and return the deliveries that hold again.

    Mended records that were added to it go with it. The delivery that it had superseded holds again. The
    files are kept; the reason is in the audit trail.

    Raises: ProjectError for an unknown delivery, one that is superseded or withdrawn, or no reason;
    NotPermitted when whoever is at work may not.
    """
    about, source = f"delivery:{delivery}", delivery_of(workspace, delivery)["source"]
    require_at_work(workspace, "withdraw-delivery", f"withdraw a delivery of {source}", about, source)
    if not reason.strip():
        raise ProjectError("A delivery is not withdrawn without a reason.", 'Say it: --because "…".')
    with workspace.writing():
        row = delivery_of(workspace, delivery)
        if row["state"] not in ("accepted", "held"):
            raise ProjectError(
                f"Delivery {delivery} is {row['state']}: it does not count.", _instead(workspace, row)
            )
        with workspace.catalogue.act(
            workspace.actor, "withdraw-delivery", f"delivery:{delivery}", reason
        ) as act:
            gone = _change(act, delivery, row["state"], "withdrawn")
            was_in_force = row["state"] == "accepted" and row["supersedes"]
            again = _change(act, row["supersedes"], "superseded", "accepted") if was_in_force else []
            act.detail.update(
                source=row["source"], period=row["period"], withdrawn=gone, in_force_again=again
            )
    return again


def _instead(workspace: Workspace, row: dict[str, Any]) -> str:
    later = next(
        (
            other["id"]
            for other in all_deliveries(workspace, row["source"])
            if other["supersedes"] == row["id"]
        ),
        None,
    )
    return f"Delivery {later} has taken its place." if later is not None else "Nothing was changed."
