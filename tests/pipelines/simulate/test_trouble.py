"""What goes wrong shows in the tables from its day on, and not before."""

from datetime import date, timedelta

import polars as pl
import pytest

from pipelines.simulate.company import simulate
from pipelines.simulate.parameters import GENERAL_PRICE_RISE
from pipelines.simulate.trouble import Trouble

RISE, LATE, UNTIL = date(2024, 1, 1), date(2023, 12, 1), date(2024, 3, 1)


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, pl.DataFrame]]:
    """The tables of the same company, quiet and in trouble."""
    found = {}
    for name, trouble in {"quiet": Trouble(), "troubled": Trouble(RISE, LATE)}.items():
        folder = tmp_path_factory.mktemp(name)
        simulate(folder, 500, seed=2, until=UNTIL, history_days=300, horizon_days=1, trouble=trouble)
        found[name] = {path.stem: pl.read_parquet(path) for path in (folder / "raw").glob("*.parquet")}
    return found


def test_nothing_differs_before(told: dict[str, dict[str, pl.DataFrame]]) -> None:
    before = [
        found["transactions"].filter(pl.col("occurred_at").dt.date() < LATE).drop("transaction_id")
        for found in told.values()
    ]
    assert before[0].equals(before[1]) and before[0].height > 1000


def test_everybody_pays_more_and_is_told_so(told: dict[str, dict[str, pl.DataFrame]]) -> None:
    rows = told["troubled"]["transactions"].filter(pl.col("amount") > 0)
    after = pl.col("occurred_at").dt.date() >= RISE
    price = pl.col("amount") + pl.col("discount")
    # Of customers who bought before and after: the median of the ratio of their mean list prices, noisy.
    means = rows.group_by("customer_id").agg(then=price.filter(~after).mean(), now=price.filter(after).mean())
    assert means.select((pl.col("now") / pl.col("then")).median()).item() == pytest.approx(
        1 + GENERAL_PRICE_RISE, abs=0.06
    )
    notices = told["troubled"]["interactions"].filter(campaign="price_change")
    on_the_day = notices.filter(pl.col("occurred_at").dt.date() == RISE)["customer_id"]
    bought = rows.filter(~after)["customer_id"]
    refused = told["troubled"]["objections"].filter(kind="no_contact")["customer_id"]
    assert set(bought) - set(refused) <= set(on_the_day)


def test_complaints_wait_longer(told: dict[str, dict[str, pl.DataFrame]]) -> None:
    def waited(found: dict[str, pl.DataFrame]) -> float:
        opened = pl.col("opened_at").dt.date()
        rows = found["complaints"].filter(opened >= LATE, opened < UNTIL - timedelta(days=30))
        return rows.select((pl.col("first_response_at") - pl.col("opened_at")).dt.total_hours().median()).item()

    assert waited(told["troubled"]) > 3 * waited(told["quiet"])
