"""What changed since the last publication: who is new, who is still listed, who left, and why."""

from datetime import date
from typing import Any

import polars as pl

from pipelines.outreach.policy import IN_WORDS, LISTED
from pipelines.outreach.wording import day, percent

NEW, STILL = "new", "still"
LEAST_MOVE = 0.05  # log-odds: a smaller move of a group explains nothing

# Groups of reasons as a sentence names what they stand for.
GROUPS_IN_WORDS = {
    "silence": "the time without an order",
    "buying": "how much and how often is bought",
    "season": "the season",
    "history": "the time as a customer",
    "contact": "contact",
    "price": "prices and discounts",
    "basket": "what is bought",
    "returns": "returns",
    "profitability": "margin and cost to serve",
    "complaints": "complaints",
    "promises": "promises",
    "satisfaction": "answers to surveys",
    "loyalty": "the loyalty programme",
    "contract": "the contract",
    "profile": "what is known of the customer",
}


def changes(listed: pl.DataFrame, moved: pl.DataFrame, last: date | None, retrained: bool) -> pl.DataFrame:
    """change ("new" or "still") and change_why (a sentence) for each row of `listed`, in order.

    `listed`: was_listed (Boolean: on the last list), churn_probability, and of the publication of `last` (None: there
    was none) `before` (its probability) and `code_before`, null where not scored; `last_contact_on`. `moved`: how far
    each group of reasons moved since then (customer_id, log-odds), where known. `retrained`: by another model tonight.
    """
    moves = {row.pop("customer_id"): row for row in moved.iter_rows(named=True)}
    sentences = [
        "On the first list" if last is None else _sentence(row, moves.get(row["customer_id"], {}), last, retrained)
        for row in listed.iter_rows(named=True)
    ]
    return listed.select(
        change=pl.when(pl.col("was_listed")).then(pl.lit(STILL)).otherwise(pl.lit(NEW)),
        change_why=pl.Series(sentences, dtype=pl.String),
    )


def _sentence(row: dict[str, Any], moves: dict[str, float], last: date, retrained: bool) -> str:
    if row["before"] is None:
        return f"Not among the customers scored on {day(last)}"
    before, now = percent(row["before"]), percent(row["churn_probability"])
    rose = row["churn_probability"] > row["before"]
    movement = f"{'up' if rose else 'down'} from {before} to {now}" if before != now else "unchanged"
    if not row["was_listed"]:
        return f"{_absence(row, last)}; chance of leaving {movement}"
    if before == now:
        return f"Unchanged since {day(last)}"
    told = f"Chance of leaving {movement} since {day(last)}"
    if retrained:
        return f"{told}, by a newly trained model"
    pushed = {name: move if rose else -move for name, move in moves.items()}
    most = max(pushed, key=lambda name: pushed[name], default=None)
    if most is None or pushed[most] < LEAST_MOVE:
        return told
    return f"{told}, mostly because of {GROUPS_IN_WORDS.get(most, most)}"


def _absence(row: dict[str, Any], last: date) -> str:
    if row["code_before"] == "snoozed":
        return "Back after the pause that was asked for"
    if row["code_before"] == "cool_down" and row["last_contact_on"] is not None:
        return f"Back after the contact on {day(row['last_contact_on'])}"
    return f"Not on the list of {day(last)}"


def left(before: pl.DataFrame, tonight: pl.DataFrame, last: date | None) -> pl.DataFrame:
    """Who was on the last list and is not on tonight's, one row a customer, and why, in words.

    `before`: customer_id, account_manager and churn_probability of the last list, that of the day `last`, with
    display_name and last_purchase_on. `tonight`: decision, code and churn_probability of every customer scored.
    """
    bought = (pl.col("code") == "unlikely_to_leave") & (pl.col("last_purchase_on") >= pl.lit(last, pl.Date))
    # A closed item whose customer was drawn as a control since: the contact is why.
    known = pl.col("code").replace_strict(IN_WORDS, default=IN_WORDS["cool_down"], return_dtype=pl.String)
    why = (
        pl.when(pl.col("code").is_null())
        .then(pl.lit("no longer scored"))
        .when(bought)
        .then(pl.lit("bought again"))
        .otherwise(known)
    )
    now = tonight.select("customer_id", "decision", "code", probability_now="churn_probability")
    gone = before.join(now, on="customer_id", how="left").filter(pl.col("decision").fill_null("") != LISTED)
    return gone.sort("account_manager", "customer_id").select(
        *("customer_id", "display_name", "account_manager", why.alias("why")),
        *("churn_probability", "probability_now", "last_purchase_on"),
    )
