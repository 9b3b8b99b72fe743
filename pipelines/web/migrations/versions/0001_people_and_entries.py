"""People, their invitations, and the log of what was done with whom."""

import sqlalchemy as sa
from alembic import op

from pipelines.web.schema import Instant

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "people",
        sa.Column("name", sa.String(), primary_key=True),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("account_manager", sa.String()),
        sa.Column("sessions", sa.Integer(), nullable=False),
        sa.CheckConstraint("role in ('manager', 'lead', 'data')", name=op.f("ck_people_role")),
    )
    op.create_table(
        "invitations",
        sa.Column("secret_hash", sa.String(), primary_key=True),
        sa.Column("person", sa.String(), sa.ForeignKey("people.name"), nullable=False),
        sa.Column("expires_at", Instant(), nullable=False),
        sa.Column("used_at", Instant()),
    )
    op.create_table(
        "entries",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("customer_id", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("list_date", sa.Date()),
        sa.Column("status", sa.String()),
        sa.Column("note", sa.String()),
        sa.Column("snooze_until", sa.Date()),
        sa.Column("action", sa.String()),
        sa.Column("account_manager", sa.String(), nullable=False),
        sa.Column("person", sa.String(), sa.ForeignKey("people.name"), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.UniqueConstraint("customer_id", "number", name=op.f("uq_entries_customer_id")),
        sa.CheckConstraint("kind in ('answer', 'undo')", name=op.f("ck_entries_kind")),
        sa.CheckConstraint(
            "status in ('contacted', 'saved', 'lost', 'not_at_risk', 'no_answer', 'snooze')",
            name=op.f("ck_entries_status"),
        ),
        sqlite_autoincrement=True,
    )
    # Whatever writes to it: the log is not rewritten. Rows may go, since customers have the right to be erased.
    if op.get_bind().dialect.name == "sqlite":
        op.execute(
            "create trigger entries_stay before update on entries begin select raise(abort, 'entries stay as they are')"
            "; end"
        )
    else:
        op.execute(
            "create function entries_stay() returns trigger language plpgsql as "
            "'begin raise exception $said$entries stay as they are$said$; end'"
        )
        op.execute("create trigger entries_stay before update on entries for each row execute function entries_stay()")
