"""A night for every date of two years: each knows what happened before its own midnight, and nothing later."""

from datetime import date, datetime, time, timedelta
from pathlib import Path

import polars as pl

from configs.settings import Settings
from features.context import Fitted, at_cutoffs, market
from features.families import rfm
from features.matrix import build_matrix
from features.time import Cutoff
from pipelines.build import tables_by_bucket
from pipelines.ingest import ingest
from tests.faults.conftest import LONG

FIRST, LAST = date(2024, 1, 1), date(2025, 12, 31)
# Around each change of clocks, the leap day and the new year.
CHANGES = (date(2024, 3, 31), date(2024, 10, 27), date(2025, 3, 30), date(2025, 10, 26))
TELLING = sorted(
    {day + timedelta(days=ago) for day in (*CHANGES, date(2024, 3, 1), date(2025, 1, 1)) for ago in (0, 1)}
)
DAYS = [FIRST + timedelta(days=number) for number in range((LAST - FIRST).days + 1)]
TIMES = (time(0), time(12), time(23, 59, 59, 999_999))  # of the orders of each day, the first at the cutoff itself


def test_each_night_knows_every_order_before_its_midnight_and_none_after_it(tmp_path: Path) -> None:
    orders = [datetime.combine(day, at).isoformat(" ") for day in DAYS for at in TIMES]
    lines = "".join(f"T{number},C1,{at},10\n" for number, at in enumerate(orders))
    (tmp_path / "orders.csv").write_text("transaction_id,customer_id,occurred_at,amount\n" + lines)
    source = {"path": str(tmp_path / "orders.csv"), "timezone": "Europe/Berlin"}
    settings = Settings.model_validate(
        {"name": "shop", "root": str(tmp_path / "data"), "business_timezone": "Europe/Berlin", "ingest": {"buckets": 1}}
        | {"sources": {"transactions": source}}
    )
    nights = DAYS[7:] if LONG else TELLING
    for day in nights:
        cutoff = Cutoff(day, settings.zone)
        (tables,) = tables_by_bucket(ingest(settings, cutoff, lambda _: None))
        assert tables["transactions"].height == len(TIMES) * (day - FIRST).days, day
        rows = pl.DataFrame({"customer_id": ["C1"], "cutoff": [day]})
        context = at_cutoffs(market([tables], [cutoff], [rfm.FAMILY]), Fitted({}))
        matrix = build_matrix(tables, rows, [cutoff], [rfm.FAMILY], context)
        assert matrix["rfm__orders_count_7d"].to_list() == [7 * len(TIMES)], day  # of 167, 168 or 169 hours
    print(f"\nnights of two years: {len(nights)}; rows of the future in them: 0")
