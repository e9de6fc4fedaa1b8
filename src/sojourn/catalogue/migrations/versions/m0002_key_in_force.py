"""Which master key is in force, by its mark."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table; the project writes its one row when it is next opened."""
    op.create_table(
        "key_in_force",
        sa.Column("project", sa.String(32), primary_key=True),
        sa.Column("mark", sa.String(32), nullable=False),
        sa.Column("since", sa.String, nullable=False),
        sa.Column("is_old_destroyed", sa.Boolean, nullable=False),
    )


def downgrade() -> None:
    """Drop the table."""
    op.drop_table("key_in_force")
