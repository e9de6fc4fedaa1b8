"""Open the catalogue and act on it: one transaction, one audit event, both or neither."""

from __future__ import annotations

import datetime
import json
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from sojourn.catalogue import audit, schema
from sojourn.catalogue.audit import Checkpoint, Finding, Witness
from sojourn.errors import DiskFull, ProjectError, SojournError

__all__ = ["Catalogue", "Transaction"]


def _now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)


@dataclass
class Transaction:
    """What happens between the start and the end of one act; `detail` goes into its audit event."""

    connection: Connection
    detail: dict[str, Any] = field(default_factory=dict)

    def insert(self, table: sa.Table, **values: Any) -> None:
        """Add one row."""
        self.connection.execute(sa.insert(table).values(**values))

    def update(self, table: sa.Table, where: sa.ColumnElement[bool], **values: Any) -> int:
        """Change the rows that a condition names and return how many they were."""
        return int(self.connection.execute(sa.update(table).where(where).values(**values)).rowcount)

    def rows(self, query: sa.Select[Any]) -> list[Mapping[str, Any]]:
        """The rows of a query as mappings."""
        return [dict(row) for row in self.connection.execute(query).mappings()]


@dataclass
class Work:
    """What long work leaves to be done when it has ended well."""

    detail: dict[str, Any] = field(default_factory=dict)
    effects: list[Callable[[Transaction], None]] = field(default_factory=list)

    def then(self, effect: Callable[[Transaction], None]) -> None:
        """Do this in the transaction that ends the work."""
        self.effects.append(effect)


class Catalogue:
    """The catalogue of one project. `open_catalogue` in `migrate` brings the database up to date first."""

    def __init__(
        self, engine: sa.Engine, witness: Witness | None, clock: Callable[[], datetime.datetime] = _now
    ) -> None:
        self.engine = engine
        self.witness = witness
        self._clock = clock

    def close(self) -> None:
        """Give the database's connections back."""
        self.engine.dispose()

    def now(self) -> str:
        """The present moment as the catalogue writes it: UTC, to the microsecond."""
        return self._clock().astimezone(datetime.UTC).isoformat(timespec="microseconds")

    @contextmanager
    def act(self, actor: str, action: str, object_: str, purpose: str = "") -> Iterator[Transaction]:
        """Change or read records in one transaction that ends with its audit event.

        When the act fails nothing of it remains, and the failure is an event of its own. When the event
        cannot be written, the act fails.
        """
        try:
            with self.engine.begin() as connection:
                self._one_writer(connection)
                transaction = Transaction(connection)
                yield transaction
                last = self._append(connection, actor, action, object_, purpose, "done", transaction.detail)
        except sa.exc.OperationalError as error:
            self._record_failure(actor, action, object_, purpose, error)
            if "full" in str(error.orig).lower() or "no space" in str(error.orig).lower():
                raise DiskFull("the catalogue could not be written") from error
            raise
        except BaseException as error:
            self._record_failure(actor, action, object_, purpose, error)
            raise
        self._witness(*last)

    @contextmanager
    def work(self, actor: str, action: str, object_: str, purpose: str = "") -> Iterator[Work]:
        """Long work on records that ends in one short transaction with its audit event.

        What the block hands to `then` is done in that transaction. When the block fails nothing is done
        but the event that says so.
        """
        work = Work()
        try:
            yield work
        except BaseException as error:
            self._record_failure(actor, action, object_, purpose, error)
            raise
        with self.act(actor, action, object_, purpose) as transaction:
            transaction.detail.update(work.detail)
            for effect in work.effects:
                effect(transaction)

    def note(self, actor: str, action: str, object_: str, purpose: str = "", **detail: Any) -> None:
        """Record an act that changes nothing in the catalogue, such as a look at records."""
        with self.act(actor, action, object_, purpose) as transaction:
            transaction.detail.update(detail)

    def rows(self, query: sa.Select[Any]) -> list[dict[str, Any]]:
        """The rows of a query over the catalogue itself, which holds no records."""
        with self._reading() as connection:
            return [dict(row) for row in connection.execute(query).mappings()]

    def events(self) -> Generator[dict[str, Any], None, None]:
        """The audit trail from its first event."""
        query = sa.select(schema.audit_event).order_by(schema.audit_event.c.sequence)
        with (
            self._reading() as connection,
            connection.execution_options(yield_per=1_000).execute(query) as found,
        ):
            for row in found.mappings():
                yield dict(row)

    def verify(self) -> Finding | None:
        """The first place of the audit trail that is wrong, or none."""
        # Verifying ends at the first bad place; what is being read then is given back.
        with closing(self.events()) as events:
            if self.witness is None:
                return audit.verify(events, (), None)
            return audit.verify(events, self.witness.checkpoints(), self.witness.public_key)

    def checkpoint(self) -> Checkpoint | None:
        """A signed checkpoint of the trail as it stands, for instance to print on a release."""
        if self.witness is None:
            return None
        with self._reading() as connection:
            sequence, root = self._last(connection)
        return self.witness.checkpoint(sequence, root)

    def _reading(self) -> Connection:
        """A connection that does not wait for writers."""
        return self.engine.connect().execution_options(only_reads=True)

    def _one_writer(self, connection: Connection) -> None:
        """The trail is one chain, so that acts follow one another."""
        if connection.dialect.name == "postgresql":
            connection.execute(sa.text("LOCK TABLE audit_event IN EXCLUSIVE MODE"))

    def _last(self, connection: Connection) -> tuple[int, str]:
        events = schema.audit_event
        query = sa.select(events.c.sequence, events.c.hash).order_by(events.c.sequence.desc()).limit(1)
        row = connection.execute(query).first()
        return (int(row[0]), str(row[1])) if row is not None else (0, audit.FIRST_HASH)

    def _append(
        self,
        connection: Connection,
        actor: str,
        action: str,
        object_: str,
        purpose: str,
        outcome: str,
        detail: Mapping[str, Any],
    ) -> tuple[int, str]:
        sequence, previous = self._last(connection)
        event: dict[str, Any] = {
            "sequence": sequence + 1,
            "at": self.now(),
            "actor": actor,
            "action": action,
            "object": object_,
            "purpose": purpose,
            "outcome": outcome,
            "detail": json.dumps(dict(detail), ensure_ascii=False, sort_keys=True),
            "previous_hash": previous,
        }
        event["hash"] = audit.event_hash(event)
        connection.execute(sa.insert(schema.audit_event).values(**event))
        return sequence + 1, event["hash"]

    def _record_failure(
        self, actor: str, action: str, object_: str, purpose: str, error: BaseException
    ) -> None:
        """Write that an act failed; when even that is impossible, the act's own error is the one to show."""
        detail = {"error": type(error).__name__}
        if isinstance(error, SojournError):
            detail["exit_code"] = str(error.exit_code)
        try:
            with self.engine.begin() as connection:
                self._one_writer(connection)
                last = self._append(connection, actor, action, object_, purpose, "failed", detail)
        except sa.exc.SQLAlchemyError:
            return
        self._witness(*last)

    def _witness(self, sequence: int, root: str) -> None:
        if self.witness is None:
            return
        try:
            self.witness.record(sequence, root)
        except OSError as error:
            raise ProjectError(
                f"The checkpoint of the audit trail could not be written to {self.witness.file}:"
                f" {error.strerror}.",
                "Make the folder writable or free some space, then run `sojourn doctor`.",
            ) from error


def sqlite_url(file: Path) -> str:
    """The address of a SQLite catalogue."""
    return f"sqlite:///{file}"
