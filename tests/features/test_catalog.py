"""The feature dictionary covers the matrix, and the fingerprint follows the computation."""

import re
from dataclasses import replace
from typing import Any, get_args

import polars as pl
import pytest

from features.catalog import dictionary, fingerprint, read_by
from features.family import Derived, Events, Family, Feature, Op, Reason
from features.matrix import KEYS, build_matrix
from features.registry import FAMILIES
from features.tables import TABLES
from features.time import LIFETIME, windows
from tests.features.drawn_tables import cutoff

NAME = re.compile(r"(?P<family>[a-z]+)__[a-z][a-z0-9_]*")
UNITS = {"amount", "circle", "complaints", "days", "gaps", "hours", "month", "orders", "points", "ratio", "returns"}
UNITS |= {"probability", "share", "spreads"}
UNITS |= {"categories", "channels", "months", "products", "units"}
UNITS |= {"changes", "contacts", "flag", "notices", "plans", "referrals", "terms"}
UNITS |= {"promises", "scores", "signs", "surveys", "updates"}

ORDERS = Feature("orders", pl.col("amount").round(1), "sum", "orders", "orders", "orders", windows(30))
HIDDEN = Feature("hidden", pl.col("amount"), "max", "hidden", "amount", "orders", internal=True)
SHARE = Derived("share", pl.col("trial__orders_sum_30d") / 2, "share", "share", "orders")
SENTENCE = Reason("orders", pl.lit(True), pl.lit("Ordered"))
BEFORE = pl.col("amount").shift(1).over("customer_id").alias("before")
SEEN = Events("transactions", (ORDERS, HIDDEN), where=pl.col("amount") > 0, columns=(BEFORE,))
TRIAL = Family("trial", "a trial", (SEEN,), derived=(SHARE,), reasons=(SENTENCE,))


def trial(**changes: Any) -> Family:
    return replace(TRIAL, events=(replace(SEEN, **changes),))


def test_every_column_of_the_matrix_is_in_the_dictionary():
    seen = cutoff("2025-06-01")
    tables = {name: table.empty() for name, table in TABLES.items()}
    rows = pl.DataFrame({"customer_id": ["ada"], "cutoff": [seen.day]})
    matrix = build_matrix(tables, rows, [seen], FAMILIES)
    assert [entry["name"] for entry in dictionary(FAMILIES)] == [c for c in matrix.columns if c not in KEYS]


def test_names_are_unique_and_begin_with_their_family():
    entries = dictionary(FAMILIES)
    assert len({entry["name"] for entry in entries}) == len(entries)
    for entry in entries:
        name = NAME.fullmatch(str(entry["name"]))
        assert name is not None and name["family"] == entry["family"], entry["name"]
        assert str(entry["name"]).endswith(str(entry["window"])), entry["name"]


def test_every_entry_says_what_it_is():
    # The season is the same for everybody, and nobody leaves because of the margin: they move scores without a word.
    reasons = {reason.group for family in FAMILIES for reason in family.reasons} | {"season", "profitability"}
    for entry in dictionary(FAMILIES):
        assert entry["description"] and entry["unit"] in UNITS, entry
        assert entry["reason"] in reasons, entry
        assert set(str(entry["table"] or "transactions").split(", ")) <= set(TABLES), entry


def test_a_measure_is_written_out_once_a_window():
    found = [(entry["name"], entry["window"], entry["fill"]) for entry in dictionary([TRIAL])]
    assert found == [("trial__orders_sum_30d", "30d", 0.0), ("trial__share", "", None)]


def test_counts_and_sums_are_filled_with_zero_and_the_rest_with_nothing():
    fills = {op: replace(ORDERS, op=op).fill for op in get_args(Op)}
    assert {op for op, fill in fills.items() if fill == 0.0} == {"count", "sum", "n_unique"}


@pytest.mark.parametrize(
    "changed",
    [
        trial(where=pl.col("amount") >= 0),
        trial(columns=(pl.col("amount").shift(2).over("customer_id").alias("before"),)),
        trial(state=True),
        trial(time="known_at"),
        trial(children="complaint_updates"),
        trial(measures=(replace(ORDERS, expression=pl.col("amount").round(2)), HIDDEN)),
        trial(measures=(replace(ORDERS, op="mean"), HIDDEN)),
        trial(measures=(replace(ORDERS, windows=windows(31)), HIDDEN)),
        trial(measures=(ORDERS, replace(HIDDEN, expression=pl.col("cost")))),
        trial(measures=(ORDERS, replace(HIDDEN, windows=(*windows(30), LIFETIME)))),
        trial(measures=(ORDERS, replace(HIDDEN, unit="orders"))),
        replace(TRIAL, derived=(replace(SHARE, expression=pl.col("trial__orders_sum_30d") / 3),)),
        replace(TRIAL, derived=(replace(SHARE, fill=0.0),)),
    ],
    ids=[
        "where",
        "column",
        "state",
        "time",
        "children",
        "argument",
        "op",
        "window",
        "internal",
        "internal window",
        "unit",
        "derived",
        "fill",
    ],
)
def test_the_fingerprint_changes_with_any_computation(changed: Family):
    assert fingerprint([changed]) != fingerprint([TRIAL])


def test_the_fingerprint_changes_with_a_long_list():
    kinds = [f"kind {number}" for number in range(30)]
    first, second = (trial(where=pl.col("channel").is_in(k)) for k in (kinds, [*kinds[:15], "?", *kinds[16:]]))
    assert fingerprint([first]) != fingerprint([second])


def test_the_fingerprint_does_not_change_with_a_sentence_or_another_construction():
    wording = replace(TRIAL, reasons=(replace(SENTENCE, sentence=pl.lit("Bought")),))
    rebuilt = replace(trial(where=pl.col("amount") > 0), derived=(replace(SHARE),))
    assert fingerprint([wording]) == fingerprint([rebuilt]) == fingerprint([TRIAL])
    assert re.fullmatch("[0-9a-f]{64}", fingerprint(FAMILIES))


def test_what_a_feature_is_made_of():
    made_of = read_by([TRIAL])
    assert made_of == {
        "trial__orders_sum_30d": {"transactions.amount"},
        "trial__hidden_max_lifetime": {"transactions.amount"},
        "trial__share": {"transactions.amount"},
    }
    everything = read_by(FAMILIES)
    waited = {name for name, read in everything.items() if "complaints.first_response_at" in read}
    assert {"complaints__response_hours_mean_90d", "complaints__answered_late_share"} <= waited
    assert "complaints__complaints_count_90d" not in waited and "complaints__about_delay_count_365d" not in waited
    assert set(everything) >= {entry["name"] for entry in dictionary(FAMILIES)}
