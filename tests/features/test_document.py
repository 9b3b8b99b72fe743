"""The feature dictionary for people: whole, up to date, and readable."""

from pathlib import Path

import polars as pl

from features.document import markdown, template
from features.family import Reason, money, number, plural
from features.registry import FAMILIES

FILE = Path("features/DICTIONARY.md")


def test_the_committed_dictionary_is_the_one_of_the_code():
    assert FILE.read_text(encoding="utf-8") == markdown(FAMILIES), "run `make features-doc`"


def test_every_feature_has_a_row_with_all_cells():
    rows = [line for line in markdown(FAMILIES).splitlines() if line.startswith("| `")]
    assert [row.split("`")[1] for row in rows] == [c for family in FAMILIES for c in family.feature_columns()]
    assert all(row.count("|") == 8 for row in rows)
    assert any("| lifetime | transactions | 0.0 | buying |" in row for row in rows)


def test_a_sentence_has_n_for_the_customers_own_numbers_only():
    orders, worth = pl.col("orders"), pl.col("worth")
    sentence = pl.format(
        "{} in the last 90 days, worth {} of {}", plural(orders, "order", "orders"), money(worth), number(orders)
    )
    assert template(Reason("buying", orders > 0, sentence)) == "N orders in the last 90 days, worth ¤N of N"
    assert template(Reason("buying", orders > 0, pl.lit("Ordered 2 times"))) == "Ordered 2 times"
