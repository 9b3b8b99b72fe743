"""The company's own sign-in, a log of who was there, and sign-ins that failed lately."""

import sqlalchemy as sa
from alembic import op

from pipelines.web.schema import Instant

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.add_column("people", sa.Column("subject", sa.String()))
    op.create_index(op.f("ix_people_subject"), "people", ["subject"], unique=True)
    op.create_table(
        "events",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("person", sa.String()),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("detail", sa.String(), nullable=False),
        sa.CheckConstraint(
            "kind in ('invited', 'revoked', 'signed_in', 'signed_out', 'exported', 'refused')",
            name=op.f("ck_events_kind"),
        ),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "tries",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("address_hash", sa.String(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
    )
    op.create_index(op.f("ix_tries_address_hash"), "tries", ["address_hash"])
    # As with the entries: whatever writes to it, this log is not rewritten either.
    if op.get_bind().dialect.name == "sqlite":
        op.execute(
            "create trigger events_stay before update on events begin select raise(abort, 'events stay as they are')"
            "; end"
        )
    else:
        op.execute(
            "create function events_stay() returns trigger language plpgsql as "
            "'begin raise exception $said$events stay as they are$said$; end'"
        )
        op.execute("create trigger events_stay before update on events for each row execute function events_stay()")
