"""The first form of the catalogue."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_TEXT = sa.String
_HASH = sa.String(64)


def _required(name: str, kind: Any) -> sa.Column[Any]:
    return sa.Column(name, kind, nullable=False)


def upgrade() -> None:
    """Create every table."""
    op.create_table(
        "audit_event",
        sa.Column("sequence", sa.Integer, primary_key=True, autoincrement=False),
        *(_required(name, _TEXT) for name in ("at", "actor", "action", "object", "purpose", "outcome")),
        _required("detail", sa.Text),
        _required("previous_hash", _HASH),
        _required("hash", _HASH),
    )
    op.create_table(
        "table_version",
        sa.Column("fingerprint", _HASH, primary_key=True),
        sa.Column("zone", _TEXT, primary_key=True),
        sa.Column("name", _TEXT, primary_key=True),
        _required("contract", _TEXT),
        _required("rows", sa.BigInteger),
        _required("inputs", sa.Text),
        _required("settings", sa.Text),
        _required("made_at", _TEXT),
    )
    op.create_table(
        "delivery",
        sa.Column("id", sa.String(16), primary_key=True),
        sa.Column("source", _TEXT, nullable=False, index=True),
        _required("period", _TEXT),
        _required("file_name", _TEXT),
        sa.Column("sha256", _HASH, nullable=False, index=True),
        _required("content_digest", _HASH),
        _required("state", _TEXT),
        sa.Column("supersedes", sa.String(16)),
        sa.Column("repairs", sa.String(16)),
        *(
            _required(name, sa.BigInteger)
            for name in ("loaded", "quarantined", "non_data", "physical_records")
        ),
        _required("summary", sa.Text),
        _required("received_at", _TEXT),
        _required("received_by", _TEXT),
    )
    op.create_table(
        "account",
        sa.Column("person", _TEXT, primary_key=True),
        _required("passphrase_hash", _TEXT),
        _required("enrolled_at", _TEXT),
    )
    op.create_table(
        "release",
        sa.Column("hash", _HASH, primary_key=True),
        sa.Column("id", _TEXT, nullable=False, index=True),
        _required("version", sa.Integer),
        _required("state", _TEXT),
        _required("author", _TEXT),
        _required("summary", sa.Text),
        sa.Column("supersedes", _HASH),
        _required("reason", sa.Text),
        _required("prepared_at", _TEXT),
        sa.Column("published_at", _TEXT),
    )
    op.create_table(
        "approval",
        sa.Column("release_hash", _HASH, sa.ForeignKey("release.hash"), primary_key=True),
        sa.Column("person", _TEXT, primary_key=True),
        _required("decision", _TEXT),
        _required("comment", sa.Text),
        _required("at", _TEXT),
    )


def downgrade() -> None:
    """Drop every table, the dependent ones first."""
    for name in ("approval", "release", "account", "delivery", "table_version", "audit_event"):
        op.drop_table(name)
