"""Clerical review of links: samples, their cases, and decisions that are only ever added to."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_TABLES = ("review_sample", "review_case", "review_decision")
_REFUSAL = "what was reviewed is only ever added to"


def upgrade() -> None:
    """Create the tables, and let the database itself refuse to change or delete a row of them."""
    op.create_table(
        "review_sample",
        sa.Column("id", sa.String(16), primary_key=True),
        sa.Column("version", sa.String(64), nullable=False),
        sa.Column("pairs", sa.String(64), nullable=False),
        sa.Column("key_mark", sa.String(32), nullable=False),
        sa.Column("seed", sa.BigInteger, nullable=False),
        sa.Column("strata", sa.Text, nullable=False),
        sa.Column("made_at", sa.String, nullable=False),
        sa.Column("made_by", sa.String, nullable=False),
    )
    op.create_table(
        "review_case",
        sa.Column("sample", sa.String(16), sa.ForeignKey("review_sample.id"), primary_key=True),
        sa.Column("pair_id", sa.String, primary_key=True),
        sa.Column("stratum", sa.Integer, nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
    )
    op.create_table(
        "review_decision",
        sa.Column("sequence", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("sample", sa.String(16), nullable=False),
        sa.Column("pair_id", sa.String, nullable=False),
        sa.Column("decision", sa.String, nullable=False),
        sa.Column("withdraws", sa.Integer, sa.ForeignKey("review_decision.sequence")),
        sa.Column("at", sa.String, nullable=False),
        sa.Column("by", sa.String, nullable=False),
        sa.ForeignKeyConstraint(["sample", "pair_id"], ["review_case.sample", "review_case.pair_id"]),
    )
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "CREATE FUNCTION review_only_adds() RETURNS trigger LANGUAGE plpgsql AS"
            f" $$ BEGIN RAISE EXCEPTION '{_REFUSAL}'; END $$"
        )
    for table in _TABLES:
        for act in ("UPDATE", "DELETE"):
            op.execute(_refusal(table, act))


def _refusal(table: str, act: str) -> str:
    """The trigger that refuses to change or delete a row."""
    head = f"CREATE TRIGGER {table}_no_{act.lower()} BEFORE {act} ON {table}"
    if op.get_bind().dialect.name == "postgresql":
        return f"{head} FOR EACH ROW EXECUTE FUNCTION review_only_adds()"
    return f"{head} BEGIN SELECT RAISE(ABORT, '{_REFUSAL}'); END"


def downgrade() -> None:
    """Drop the tables with their triggers, the dependent ones first."""
    for name in reversed(_TABLES):
        op.drop_table(name)
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION review_only_adds()")
