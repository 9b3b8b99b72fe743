"""The canonical tables. Only `transactions` is required; every other table switches on its families when present.

Where a column is filled in after the event, `known_when` names the time at which its value became known, so that no
feature sees it earlier. A rating without the time it was given can never be placed, so it is never seen; the cause of
a complaint and the terms of a contract count as known from the start unless a source says when they were set.
"""

from collections.abc import Mapping
from dataclasses import replace

from features.contract import Column, Kind, Table


def identifier() -> Column:
    """A text that is never empty."""
    return Column(Kind.IDENTIFIER)


def instant(*, not_before: str | None = None) -> Column:
    """The event's own time."""
    return Column(Kind.INSTANT, not_before=not_before)


def later(name: str, *, not_before: str, required: bool = True) -> Column:
    """A time that is filled in when it happens: empty until then."""
    return Column(Kind.INSTANT, required=required, nullable=True, known_when=name, not_before=not_before)


def optional(kind: Kind, *, known_when: str | None = None, personal: bool = False) -> Column:
    """A column that a source may lack and a row may leave empty."""
    return Column(kind, required=False, nullable=True, known_when=known_when, personal=personal)


def one_of(*allowed: str, known_when: str | None = None) -> Column:
    """A text with these values only."""
    return Column(Kind.TEXT, allowed=allowed, known_when=known_when, known_without_time=known_when is not None)


def term(kind: Kind, *, not_before: str | None = None) -> Column:
    """Something agreed in a contract, as it stands since `terms_at`."""
    return Column(kind, nullable=True, known_when="terms_at", known_without_time=True, not_before=not_before)


# What account managers say of a listed customer; the last one puts the customer off until a day.
OUTCOME_WORDS = ("contacted", "saved", "lost", "not_at_risk", "no_answer", "snooze")

TABLES: dict[str, Table] = {
    table.name: table
    for table in (
        Table(
            "customers",
            key=("customer_id", "valid_from"),
            time="valid_from",
            columns={
                "customer_id": identifier(),
                "signed_up_on": optional(Kind.INSTANT),
                "account_manager": optional(Kind.TEXT),
                "segment": optional(Kind.TEXT),
                "region": optional(Kind.TEXT),
                "valid_from": optional(Kind.INSTANT),
                "display_name": optional(Kind.TEXT, personal=True),
                "phone": optional(Kind.TEXT, personal=True),
                "email": optional(Kind.TEXT, personal=True),
                "preferred_channel": optional(Kind.TEXT, personal=True),
            },
        ),
        Table(
            "transactions",
            key=("transaction_id",),
            time="occurred_at",
            columns={
                "transaction_id": identifier(),
                "customer_id": identifier(),
                "occurred_at": instant(),
                "amount": Column(Kind.MONEY),
                "cost": optional(Kind.MONEY),
                "quantity": optional(Kind.NUMBER),
                "product": optional(Kind.TEXT),
                "category": optional(Kind.TEXT),
                "channel": optional(Kind.TEXT),
                "discount": optional(Kind.MONEY),
            },
        ),
        Table(
            "complaints",
            key=("complaint_id",),
            time="opened_at",
            columns={
                "complaint_id": identifier(),
                "customer_id": identifier(),
                "opened_at": instant(),
                "cause": one_of("support", "delay", "quality", "service", "price", "other", known_when="cause_at"),
                "severity": optional(Kind.TEXT),
                "channel": optional(Kind.TEXT),
                "first_response_at": later("first_response_at", not_before="opened_at"),
                "resolved_at": later("resolved_at", not_before="opened_at"),
                "reopened_at": later("reopened_at", not_before="opened_at", required=False),
                "satisfaction": optional(Kind.NUMBER, known_when="satisfaction_at"),
                "satisfaction_at": later("satisfaction_at", not_before="opened_at", required=False),
                "cause_at": later("cause_at", not_before="opened_at", required=False),
            },
        ),
        Table(
            "complaint_updates",
            key=("complaint_id", "sent_at"),
            time="sent_at",
            columns={"complaint_id": identifier(), "sent_at": instant()},
            parent=("complaints", "complaint_id"),
        ),
        Table(
            "promises",
            key=("promise_id",),
            time="promised_at",
            columns={
                "promise_id": identifier(),
                "customer_id": identifier(),
                "promised_at": instant(),
                "due_at": Column(Kind.INSTANT, not_before="promised_at"),
                "kept_at": later("kept_at", not_before="promised_at"),
            },
        ),
        Table(
            "interactions",
            key=("interaction_id",),
            time="occurred_at",
            columns={
                "interaction_id": identifier(),
                "customer_id": identifier(),
                "occurred_at": instant(),
                "channel": Column(Kind.TEXT),
                "direction": one_of("in", "out"),
                "campaign": optional(Kind.TEXT),
                "responded_at": later("responded_at", not_before="occurred_at", required=False),
            },
        ),
        Table(
            "surveys",
            key=("survey_id",),
            time="sent_at",
            columns={
                "survey_id": identifier(),
                "customer_id": identifier(),
                "sent_at": instant(),
                "kind": one_of("nps", "csat", "ces"),
                "answered_at": later("answered_at", not_before="sent_at"),
                "score": Column(Kind.NUMBER, nullable=True, known_when="answered_at"),
            },
        ),
        Table(
            "loyalty",
            key=("event_id",),
            time="occurred_at",
            columns={
                "event_id": identifier(),
                "customer_id": identifier(),
                "occurred_at": instant(),
                "kind": one_of("enrol", "earn", "redeem", "tier", "referral"),
                "points": optional(Kind.NUMBER),
                "tier": optional(Kind.TEXT),
            },
        ),
        Table(
            "contracts",
            key=("contract_id",),
            time="started_on",
            columns={
                "contract_id": identifier(),
                "customer_id": identifier(),
                "started_on": instant(),
                "renews_on": term(Kind.INSTANT, not_before="started_on"),
                "ended_on": later("ended_on", not_before="started_on"),
                "monthly_fee": term(Kind.MONEY),
                "plan": term(Kind.TEXT),
                "terms_at": later("terms_at", not_before="started_on", required=False),
            },
        ),
        Table(
            "costs",
            key=("cost_id",),
            time="occurred_at",
            columns={
                "cost_id": identifier(),
                "customer_id": identifier(),
                "occurred_at": instant(),
                "kind": Column(Kind.TEXT),
                "amount": Column(Kind.MONEY),
            },
        ),
        Table(
            "objections",
            key=("customer_id", "kind", "effective_at"),
            time="effective_at",
            columns={
                "customer_id": identifier(),
                "kind": one_of("no_contact", "no_profiling", "erased"),
                "effective_at": instant(),
            },
        ),
        Table(
            "outcomes",
            key=("customer_id", "list_date", "at"),
            time="at",
            columns={
                "customer_id": identifier(),
                "list_date": Column(Kind.INSTANT),
                "arm": Column(Kind.TEXT),
                "action": Column(Kind.TEXT, nullable=True),
                "status": Column(Kind.TEXT, nullable=True),
                "reason": Column(Kind.TEXT, nullable=True, personal=True),  # in free words, which may name somebody
                "by": Column(Kind.TEXT, nullable=True, personal=True),
                "at": instant(),
                "snooze_until": Column(Kind.INSTANT, required=False, nullable=True, not_before="list_date"),
            },
        ),
    )
}


def with_profile(kinds: Mapping[str, str]) -> dict[str, Table]:
    """The canonical tables, `customers` with these further columns ("number" or "category") where it lacks them."""
    customers = TABLES["customers"]
    stored = {"number": Kind.NUMBER, "category": Kind.TEXT}
    added = {name: optional(stored[kind]) for name, kind in kinds.items() if name not in customers.columns}
    return TABLES | {"customers": replace(customers, columns=customers.columns | added)}
