"""The catalogue's tables. A change here needs a migration beside it."""

from __future__ import annotations

import sqlalchemy as sa

__all__ = [
    "SCHEMA_VERSION",
    "account",
    "approval",
    "audit_event",
    "delivery",
    "key_in_force",
    "metadata",
    "privacy_expense",
    "release",
    "release_finding",
    "release_remark",
    "review_case",
    "review_decision",
    "review_sample",
    "table_version",
]

SCHEMA_VERSION = "0004"

metadata = sa.MetaData()

audit_event = sa.Table(
    "audit_event",
    metadata,
    sa.Column("sequence", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("at", sa.String, nullable=False),
    sa.Column("actor", sa.String, nullable=False),
    sa.Column("action", sa.String, nullable=False),
    sa.Column("object", sa.String, nullable=False),
    sa.Column("purpose", sa.String, nullable=False),
    sa.Column("outcome", sa.String, nullable=False),
    sa.Column("detail", sa.Text, nullable=False),
    sa.Column("previous_hash", sa.String(64), nullable=False),
    sa.Column("hash", sa.String(64), nullable=False),
)

table_version = sa.Table(
    "table_version",
    metadata,
    sa.Column("fingerprint", sa.String(64), primary_key=True),
    sa.Column("zone", sa.String, primary_key=True),
    sa.Column("name", sa.String, primary_key=True),
    sa.Column("contract", sa.String, nullable=False),
    sa.Column("rows", sa.BigInteger, nullable=False),
    sa.Column("inputs", sa.Text, nullable=False),
    sa.Column("settings", sa.Text, nullable=False),
    sa.Column("made_at", sa.String, nullable=False),
)

delivery = sa.Table(
    "delivery",
    metadata,
    sa.Column("id", sa.String(16), primary_key=True),
    sa.Column("source", sa.String, nullable=False, index=True),
    sa.Column("period", sa.String, nullable=False),
    sa.Column("file_name", sa.String, nullable=False),
    sa.Column("sha256", sa.String(64), nullable=False, index=True),
    sa.Column("content_digest", sa.String(64), nullable=False),
    sa.Column("state", sa.String, nullable=False),
    sa.Column("supersedes", sa.String(16)),
    sa.Column("repairs", sa.String(16)),
    sa.Column("loaded", sa.BigInteger, nullable=False),
    sa.Column("quarantined", sa.BigInteger, nullable=False),
    sa.Column("non_data", sa.BigInteger, nullable=False),
    sa.Column("physical_records", sa.BigInteger, nullable=False),
    sa.Column("summary", sa.Text, nullable=False),
    sa.Column("received_at", sa.String, nullable=False),
    sa.Column("received_by", sa.String, nullable=False),
)

account = sa.Table(
    "account",
    metadata,
    sa.Column("person", sa.String, primary_key=True),
    sa.Column("passphrase_hash", sa.String, nullable=False),
    sa.Column("enrolled_at", sa.String, nullable=False),
)

release = sa.Table(
    "release",
    metadata,
    sa.Column("hash", sa.String(64), primary_key=True),
    sa.Column("id", sa.String, nullable=False, index=True),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("state", sa.String, nullable=False),
    sa.Column("author", sa.String, nullable=False),
    sa.Column("summary", sa.Text, nullable=False),
    sa.Column("supersedes", sa.String(64)),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("prepared_at", sa.String, nullable=False),
    sa.Column("published_at", sa.String),
    sa.Column("embargo", sa.String),
    sa.Column("scheduled_by", sa.String),
)

# What was found about a release before people decide on it, and who answers for it.
release_finding = sa.Table(
    "release_finding",
    metadata,
    sa.Column("release_hash", sa.String(64), sa.ForeignKey("release.hash"), primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("kind", sa.String, nullable=False),
    sa.Column("severity", sa.String, nullable=False),
    sa.Column("subject", sa.String, nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("cells", sa.Text, nullable=False),
    sa.Column("cell_count", sa.Integer, nullable=False),
    sa.Column("decided_by", sa.String),
    sa.Column("reason", sa.Text),
    sa.Column("decided_at", sa.String),
)

# What the figures of a source and period have told, in differential privacy: fractions as text.
privacy_expense = sa.Table(
    "privacy_expense",
    metadata,
    sa.Column("sequence", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("source", sa.String, nullable=False, index=True),
    sa.Column("period", sa.String, nullable=False),
    sa.Column("purpose", sa.String, nullable=False),
    sa.Column("epsilon", sa.String),
    sa.Column("rho", sa.String),
    sa.Column("at", sa.String, nullable=False),
    sa.Column("by", sa.String, nullable=False),
)

# What was said about a release when it was checked or returned.
release_remark = sa.Table(
    "release_remark",
    metadata,
    sa.Column("sequence", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("release_hash", sa.String(64), sa.ForeignKey("release.hash"), nullable=False, index=True),
    sa.Column("person", sa.String, nullable=False),
    sa.Column("kind", sa.String, nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("at", sa.String, nullable=False),
)

approval = sa.Table(
    "approval",
    metadata,
    sa.Column("release_hash", sa.String(64), sa.ForeignKey("release.hash"), primary_key=True),
    sa.Column("person", sa.String, primary_key=True),
    sa.Column("decision", sa.String, nullable=False),
    sa.Column("comment", sa.Text, nullable=False),
    sa.Column("at", sa.String, nullable=False),
)

key_in_force = sa.Table(
    "key_in_force",
    metadata,
    sa.Column("project", sa.String(32), primary_key=True),
    sa.Column("mark", sa.String(32), nullable=False),
    sa.Column("since", sa.String, nullable=False),
    sa.Column("is_old_destroyed", sa.Boolean, nullable=False),
)

# Nothing of a person is in these three: the pairs' keys lie in the secure zone, in the version `pairs`.
review_sample = sa.Table(
    "review_sample",
    metadata,
    sa.Column("id", sa.String(16), primary_key=True),
    sa.Column("version", sa.String(64), nullable=False),
    sa.Column("pairs", sa.String(64), nullable=False),
    sa.Column("key_mark", sa.String(32), nullable=False),
    sa.Column("seed", sa.BigInteger, nullable=False),
    sa.Column("strata", sa.Text, nullable=False),
    sa.Column("made_at", sa.String, nullable=False),
    sa.Column("made_by", sa.String, nullable=False),
)

review_case = sa.Table(
    "review_case",
    metadata,
    sa.Column("sample", sa.String(16), sa.ForeignKey("review_sample.id"), primary_key=True),
    sa.Column("pair_id", sa.String, primary_key=True),
    sa.Column("stratum", sa.Integer, nullable=False),
    sa.Column("position", sa.Integer, nullable=False),
)

# A decision is `same`, `different` or `unsure`; `withdrawn` takes back the one that it names.
review_decision = sa.Table(
    "review_decision",
    metadata,
    sa.Column("sequence", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("sample", sa.String(16), nullable=False),
    sa.Column("pair_id", sa.String, nullable=False),
    sa.Column("decision", sa.String, nullable=False),
    sa.Column("withdraws", sa.Integer, sa.ForeignKey("review_decision.sequence")),
    sa.Column("at", sa.String, nullable=False),
    sa.Column("by", sa.String, nullable=False),
    sa.ForeignKeyConstraint(["sample", "pair_id"], ["review_case.sample", "review_case.pair_id"]),
)
