"""Releases are checked and may wait; what was found and said of them, and what privacy cost, is kept."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns and tables; what was rejected is called returned."""
    with op.batch_alter_table("release") as release:
        release.add_column(sa.Column("embargo", sa.String))
        release.add_column(sa.Column("scheduled_by", sa.String))
    op.execute("UPDATE release SET state = 'returned' WHERE state = 'rejected'")
    # A release that was waiting has votes of before and was not checked: it is voted on as it stands.
    op.execute("UPDATE release SET state = 'checked' WHERE state = 'prepared'")
    op.execute("UPDATE approval SET decision = 'refused' WHERE decision = 'rejected'")
    op.create_table(
        "release_finding",
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
    op.create_table(
        "privacy_expense",
        sa.Column("sequence", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("source", sa.String, nullable=False, index=True),
        sa.Column("period", sa.String, nullable=False),
        sa.Column("purpose", sa.String, nullable=False),
        sa.Column("epsilon", sa.String),
        sa.Column("rho", sa.String),
        sa.Column("at", sa.String, nullable=False),
        sa.Column("by", sa.String, nullable=False),
    )
    op.create_table(
        "release_remark",
        sa.Column("sequence", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("release_hash", sa.String(64), sa.ForeignKey("release.hash"), nullable=False, index=True),
        sa.Column("person", sa.String, nullable=False),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("at", sa.String, nullable=False),
    )


def downgrade() -> None:
    """Drop what was added."""
    op.drop_table("release_remark")
    op.drop_table("privacy_expense")
    op.drop_table("release_finding")
    op.execute("UPDATE approval SET decision = 'rejected' WHERE decision = 'refused'")
    op.execute("UPDATE release SET state = 'rejected' WHERE state = 'returned'")
    op.execute("UPDATE release SET state = 'prepared' WHERE state = 'checked'")
    op.execute("UPDATE release SET state = 'approved' WHERE state = 'embargoed'")
    with op.batch_alter_table("release") as release:
        release.drop_column("scheduled_by")
        release.drop_column("embargo")
