"""Who is acted on: rules that leave customers alone, in the order in which they apply, then the places on each list.

Every rule is an expression over the candidates: one row a scored customer, with the scores, `account_manager`,
`expected_gain` and `net_value` (Float64; what the customer brought in the last year, costs to serve taken off; null:
not known), `no_contact` (Boolean), `last_contact_on`, `snoozed_until`, `item_opened` (of an item still open) and
`withheld_on` (when the latest item of a control opened), all Date and null where there is none.
"""

from datetime import date, timedelta

import polars as pl

from configs.outreach import Lists, Outreach

LISTED, WITHHELD, LEFT_ALONE = "listed", "control", "left_alone"  # what is decided on a customer
ROUNDING = 1e-9
DESELECTED, NOT_WORTH_ACTING, OVER_CAPACITY = "deselected", "not_worth_acting", "over_capacity"


# Codes of whoever is left alone, for people.
IN_WORDS = {
    "no_contact": "objected to being contacted",
    "snoozed": "snoozed",
    "cool_down": "contacted",
    "unlikely_to_leave": "the risk fell",
    DESELECTED: "costs more than the customer brings",
    NOT_WORTH_ACTING: "acting costs more than it brings",
    "below_minimum_value": "worth less than the minimum",
    OVER_CAPACITY: "others come first",
}


def saved_share(save_rate: float) -> pl.Expr:
    """Share of those leaving whom acting keeps, of customers of one churn probability; `save_rate`: at one half.

    Acting multiplies the odds of staying by the same for everybody, (1 + save_rate) / (1 - save_rate): the usual way in
    which a treatment acts on chances. So hardly anybody is kept who has as good as left.
    """
    leaving, odds = pl.col("churn_probability"), (1 + save_rate) / (1 - save_rate)
    return (1 - leaving) * (odds - 1) / (leaving + (1 - leaving) * odds)


def expected_gain(save_rate: float, outreach: Outreach) -> pl.Expr:
    """What acting is expected to bring, in currency units: value at risk x share of it saved - cost of the action."""
    return pl.col("value_at_risk") * saved_share(save_rate) - outreach.action_cost


def no_contact() -> pl.Expr:
    """They objected to being contacted."""
    return pl.col("no_contact")


def snoozed(today: date) -> pl.Expr:
    """An account manager asked for a pause that is not over; on its last day the customer may be listed again."""
    return pl.col("snoozed_until") > today


def cooling_down(today: date, outreach: Outreach) -> pl.Expr:
    """Contacted less than `cool_down_days` ago; so counts a control at the end of the days an item keeps its place.

    Nobody closes a control's item, so controls would pile up in the places that customers acted on leave again.
    """
    rest = pl.duration(days=outreach.cool_down_days)
    done = pl.col("withheld_on") + pl.duration(days=outreach.item_days)
    contacted = pl.col("last_contact_on") + rest > today
    return contacted.fill_null(False) | ((done <= today) & (done + rest > today)).fill_null(False)


def unlikely_to_leave(outreach: Outreach) -> pl.Expr:
    """Less likely to leave than the configured minimum, else than the average: a loyal customer is no news."""
    probability, minimum = pl.col("churn_probability"), outreach.minimum_probability
    return probability < (probability.mean() if minimum is None else minimum) - ROUNDING


def deselected() -> pl.Expr:
    """The customer costs more than it brings: so it was in the last year, or is over the CLV horizon even if retained.

    Values are predicted from purchases, never below 0; so who costs money shows in what was really brought only.
    """
    return (pl.col("net_value") < 0).fill_null(False) | (pl.col("value_if_retained") <= 0)


def not_worth_acting() -> pl.Expr:
    """Acting costs more than it is expected to bring."""
    return pl.col("expected_gain") <= 0


def below_minimum_value(outreach: Outreach) -> pl.Expr:
    """Worth less, if retained, than the configured minimum."""
    return pl.col("value_if_retained") < outreach.minimum_value


def rules(outreach: Outreach, today: date) -> dict[str, pl.Expr]:
    """Code -> whom the rule leaves alone (Boolean; null: not). What is law or was asked for comes first."""
    return {
        "no_contact": no_contact(),
        "snoozed": snoozed(today),
        "cool_down": cooling_down(today, outreach),
        "unlikely_to_leave": unlikely_to_leave(outreach),
        DESELECTED: deselected(),
        NOT_WORTH_ACTING: not_worth_acting(),
        "below_minimum_value": below_minimum_value(outreach),
    }


def places(candidates: pl.DataFrame, outreach: Outreach, lists: Lists, today: date) -> pl.DataFrame:
    """`candidates` with code (null for who has a place), would_list and was_open (Boolean), item_opened (new: today).

    The first rule that applies gives the code. All others are ranked together within their account manager: open items
    of the last `item_days` days first, since work has begun on them, then by expected gain, ties by customer_id.
    """
    code = pl.coalesce(pl.when(applies).then(pl.lit(code)) for code, applies in rules(outreach, today).items())
    keeps_place = (pl.col("item_opened") > today - timedelta(days=outreach.item_days)).fill_null(False)
    ranked = (
        candidates.with_columns(code=code)
        .with_columns(eligible=pl.col("code").is_null(), keeps_place=keeps_place)
        .sort("eligible", "keeps_place", "expected_gain", "customer_id", descending=[True, True, True, False])
        .with_columns(place=pl.int_range(1, pl.len() + 1).over("account_manager"))
    )
    has_place = pl.col("eligible") & (pl.col("place") <= lists.customers_per_manager)
    return (
        ranked.with_columns(would_list=has_place)
        .with_columns(
            code=pl.when(pl.col("eligible") & ~has_place).then(pl.lit(OVER_CAPACITY)).otherwise("code"),
            was_open=pl.col("item_opened").is_not_null(),
            item_opened=pl.when(has_place).then(pl.col("item_opened").fill_null(today)),
        )
        .drop("eligible", "keeps_place", "place")
        .sort("customer_id")
    )
