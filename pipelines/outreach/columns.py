"""The columns of a risk list, declared once for the CSV file, the workbook, its About sheet and the page."""

from dataclasses import dataclass
from typing import Literal

import polars as pl

from features.tables import OUTCOME_WORDS
from models.timing import further_columns
from pipelines.outreach.context import ListContext

SOON = "churn_probability_soon"  # the score of the first further horizon, whichever that is

Kind = Literal["text", "count", "percent", "money", "number", "date"]

DTYPES: dict[Kind, pl.DataType] = {
    "text": pl.String(),
    "count": pl.Int64(),
    "percent": pl.Float64(),
    "money": pl.Float64(),
    "number": pl.Float64(),
    "date": pl.Date(),
}


@dataclass(frozen=True)
class Column:
    """One column: its name in the data, its heading for people, its kind, its meaning, its width in characters.

    Heading and meaning may name the horizons (in days) of a list: read them by `title` and `explain`.
    `answer`: the account manager fills it in. `choices`: the words to choose from there, empty for any.
    """

    name: str
    heading: str
    kind: Kind
    definition: str
    width: int
    optional: bool = False
    answer: bool = False
    choices: tuple[str, ...] = ()

    def title(self, context: ListContext) -> str:
        """The heading with the horizons of this list filled in."""
        return _filled(self.heading, context)

    def explain(self, context: ListContext) -> str:
        """The definition with the horizons of this list, and what its gains rest on, filled in."""
        return _filled(self.definition, context)


def _filled(text: str, context: ListContext) -> str:
    return text.format(
        horizon=context.horizon_days,
        soon=context.soon_days,
        clv_horizon=context.clv_horizon_days,
        gain_basis=context.gain_basis,
    )


def _reason(number: int, which: str) -> Column:
    definition = f"The {which} reason for the estimate. It explains the model, it does not prove a cause."
    return Column(f"reason_{number}", f"Reason {number}", "text", definition, 28)


def _answer(name: str, heading: str, kind: Kind, definition: str, width: int, *choices: str) -> Column:
    return Column(name, heading, kind, definition, width, optional=True, answer=True, choices=choices)


def _weight(number: int) -> Column:
    definition = f"How strongly reason {number} moves the estimate (log-odds): above 0 raises it, below 0 lowers it."
    return Column(f"reason_{number}_shap", f"Weight of reason {number}", "number", definition, 11)


# In reading order: whom to call, by when, why, how; what stands behind it comes last.
COLUMNS = (
    Column("rank", "Rank", "count", "The order in which to call: number 1 first.", 7),
    Column("display_name", "Name", "text", "The customer's name.", 26, optional=True),
    Column("customer_id", "Customer ID", "text", "The customer's number in the company's own systems.", 14),
    Column(
        "act_by", "Act by", "date", "The day by which to have acted; it stays until the customer is dealt with.", 12
    ),
    Column("risk_band", "Risk", "text", "The chance of leaving in one word: high, medium or low.", 9),
    Column(
        "churn_probability",
        "Chance of leaving",
        "percent",
        "How likely the customer is to leave within {horizon} days. Of 100 customers at 70%, about 70 leave.",
        11,
    ),
    Column(
        "value_at_risk",
        "Value at risk",
        "money",
        "The loss to expect if nobody acts: the chance of leaving times the value if they stay.",
        13,
    ),
    Column(
        "expected_gain",
        "Expected gain",
        "money",
        "What acting is expected to bring, by which the list is ordered: {gain_basis}.",
        13,
    ),
    _reason(1, "strongest"),
    _reason(2, "second strongest"),
    _reason(3, "third strongest"),
    Column("action", "What to do", "text", "Suggested by the playbook; you know the customer better.", 28),
    Column(
        "action_channel",
        "How",
        "text",
        "The customer's preferred channel, else the one used last by the customer, else the one that suits the matter.",
        9,
    ),
    Column("change", "Change", "text", "Whether the customer is new on the list, or still on it.", 8),
    Column("phone", "Phone", "text", "Telephone number on file.", 19, optional=True),
    Column("email", "E-mail", "text", "E-mail address on file.", 28, optional=True),
    Column("preferred_channel", "Prefers", "text", "How the customer prefers to be contacted.", 11, optional=True),
    Column("last_purchase_on", "Last order", "date", "The day of the latest order that the data shows.", 13),
    _answer(
        "outcome",
        "Outcome",
        "text",
        "Fill in what came of it: contacted, saved, lost, not at risk, no answer, or snooze. Send the file back.",
        12,
        *(word.replace("_", " ") for word in OUTCOME_WORDS),
    ),
    _answer("snooze_until", "Snooze until", "date", "Fill in with the outcome snooze: not before this day.", 13),
    _answer("note", "Note", "text", "Fill in what the next reader should know; nothing about health or belief.", 28),
    Column("draft", "Message to begin from", "text", "Read it, change it, make it yours before sending.", 40),
    Column("act_by_why", "Why by then", "text", "What sets the day by which to act.", 28),
    Column("change_why", "What changed", "text", "What changed since the last list.", 28),
    Column("item_opened", "On the list since", "date", "The day the customer came onto the list.", 12),
    Column(
        SOON,
        "Within {soon} days",
        "percent",
        "The part of the chance of leaving that shows within {soon} days: by then the contract has ended or, without "
        "contracts, the next order of one who stays would have come. It is not the chance of no order by then.",
        11,
        optional=True,
    ),
    Column(
        "value_if_retained",
        "Value if they stay",
        "money",
        "What the customer is expected to bring in the next {clv_horizon} days, net of returns, provided they stay.",
        13,
    ),
    Column(
        "predicted_clv",
        "Expected value",
        "money",
        "What the customer is expected to bring in the next {clv_horizon} days, with the chance of leaving counted in.",
        13,
    ),
    Column("account_manager", "Account manager", "text", "Who looks after the customer.", 22),
    _weight(1),
    _weight(2),
    _weight(3),
    Column("gain_basis", "Basis of the gain", "text", "What the expected gain rests on.", 40),
    Column("list", "List", "text", "Its day and company, by which the file is known when it comes back.", 14, True),
)
BY_NAME = {column.name: column for column in COLUMNS}
# Not of the risk list: what is to be filled in, and what tells one list from another.
WRITTEN_HERE = (*(column.name for column in COLUMNS if column.answer), "list")


def present(risk_list: pl.DataFrame) -> list[Column]:
    """The declared columns that the frame has, in reading order. Raises ValueError when a required one is missing."""
    missing = [column.name for column in COLUMNS if not column.optional and column.name not in risk_list.columns]
    if missing:
        raise ValueError(f"risk list: missing columns {', '.join(missing)}; it has {', '.join(risk_list.columns)}")
    return [column for column in COLUMNS if column.name in risk_list.columns]


def typed(risk_list: pl.DataFrame) -> pl.DataFrame:
    """The declared columns in reading order, each in the dtype of its kind; NaN and infinities become null."""
    further = list(further_columns(risk_list.columns).values())
    if further:
        risk_list = risk_list.with_columns(pl.col(further[0]).alias(SOON))
    return risk_list.select(_typed(column) for column in present(risk_list))


def _typed(column: Column) -> pl.Expr:
    value = pl.col(column.name).cast(DTYPES[column.kind])
    return pl.when(value.is_finite()).then(value) if DTYPES[column.kind].is_float() else value
