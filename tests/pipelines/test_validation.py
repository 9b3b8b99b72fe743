"""The data tests of a night: what failed, what stops it, and that people can read it."""

from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
from pydantic import ValidationError

from configs.errors import ConfigError, DataError
from configs.settings import Settings
from configs.validation import CheckSettings
from features.tables import TABLES
from features.time import Cutoff
from pipelines.checks import names_of, row_checks
from pipelines.ingest import ingest
from pipelines.reports.validation import validation_page
from pipelines.validation import RESULTS_FILE

SettingsFor = Callable[..., Settings]
SALES = pl.DataFrame(
    [(f"T{n}", "C1", f"2024-05-{n + 1:02}", "1") for n in range(10)],
    schema=["transaction_id", "customer_id", "occurred_at", "amount"],
    orient="row",
)


def complaints(*causes: str | None) -> pl.DataFrame:
    """K0, K1, ... opened one day after the other, of these causes."""
    rows = [(f"K{n}", "C1", f"2024-05-{n + 1:02}", cause) for n, cause in enumerate(causes)]
    names = ["complaint_id", "customer_id", "opened_at", "cause"]
    late = {name: pl.lit(None, pl.String) for name in ("first_response_at", "resolved_at")}
    return pl.DataFrame(rows, schema=names, orient="row").with_columns(**late)


def checked(settings: Settings, **checks: CheckSettings) -> Settings:
    """The settings with these checks, whose names have __ for a dot."""
    named = {name.replace("__", "."): check for name, check in checks.items()}
    return settings.model_copy(update={"validation": settings.validation.model_copy(update={"checks": named})})


def result(frame: pl.DataFrame, name: str, *columns: str) -> tuple[object, ...]:
    return frame.filter(check=name).select(columns).row(0)


@pytest.mark.parametrize("table", TABLES.values(), ids=lambda table: table.name)
def test_every_rule_of_a_contract_is_a_check(table) -> None:
    contract = table.contract()
    reasons = {f"{table.name}: {check.error}" for check in contract.checks}
    for name, column in contract.columns.items():
        reasons |= {f"{name}: {check.error}" for check in column.checks}
        reasons |= set() if column.nullable else {f"{name}: empty"}

    checks = row_checks(table, table.columns, with_customers=True, amount_limit=True)

    named = [reason for check in checks for reason in check.reasons]
    assert reasons <= set(named) and len(named) == len(set(named))
    assert len(names_of(table)) == len(set(names_of(table)))


def test_rows_that_failed_are_counted_and_shown(settings_for: SettingsFor, cutoff: Cutoff) -> None:
    more = [("T0", "C1", "2024-05-20", "1"), (None, "C1", "2024-05-20", "1"), ("U1", "C1", "soon", "1,5")]
    later = [("L1", "C1", "2024-07-01", "nonsense")]  # not judged before it is known
    sales = pl.concat([SALES, pl.DataFrame(more + later, schema=SALES.schema, orient="row")])

    frame = pl.read_parquet(ingest(settings_for({"transactions": sales}), cutoff, print) / RESULTS_FILE)

    figures = ("rows_checked", "rows_failed", "share", "result")
    assert result(frame, "transactions.unique", *figures) == (13, 1, 1 / 13, "warned")
    assert result(frame, "transactions.transaction_id.present", *figures) == (13, 1, 1 / 13, "warned")
    assert result(frame, "transactions.occurred_at.readable", *figures) == (13, 1, 1 / 13, "warned")
    assert result(frame, "transactions.amount.readable", *figures) == (13, 0, 0, "passed")  # U1 counts once
    assert result(frame, "transactions.bad_rows", *figures) == (13, 3, 3 / 13, "warned")
    assert result(frame, "transactions.unique", "examples") == ([{"customer_id": "C1", "id": "T0"}],)
    assert result(frame, "transactions.rows", "result") == ("passed",)
    assert "transactions.cost.readable" not in frame["check"]  # there is no such column


def test_a_check_that_warns_never_stops_a_night(settings_for: SettingsFor, cutoff: Cutoff) -> None:
    tables = {"transactions": SALES, "complaints": complaints("weather", "weather", "delay", "delay")}
    settings = settings_for(tables, quarantined_share_limit=0.05)
    with pytest.raises(DataError, match="2 of 4 rows are bad, more than the permitted share 5%"):
        ingest(settings, cutoff, print)

    store = ingest(checked(settings, complaints__cause__allowed=CheckSettings(severity="warn")), cutoff, print)

    frame = pl.read_parquet(store / RESULTS_FILE)
    assert result(frame, "complaints.cause.allowed", "severity", "rows_failed", "result") == ("warn", 2, "warned")
    assert result(frame, "complaints.bad_rows", "rows_failed", "result") == (0, "passed")
    assert pl.read_parquet(store / "quarantine" / "complaints.parquet").height == 2


@pytest.mark.parametrize(("above", "stops"), [(0.0, True), (0.49, True), (0.5, False), (0.6, False)])
def test_a_check_stops_above_a_share_of_its_own(
    above: float, stops: bool, settings_for: SettingsFor, cutoff: Cutoff
) -> None:
    tables = {"transactions": SALES, "complaints": complaints("weather", "weather", "delay", "delay")}
    settings = settings_for(tables, quarantined_share_limit=0.05 if not stops else 1)
    settings = checked(settings, complaints__cause__allowed=CheckSettings(stop_above=above))
    if not stops:
        ingest(settings, cutoff, print)
        return
    with pytest.raises(DataError) as raised:
        ingest(settings, cutoff, print)
    assert str(raised.value).startswith(
        "[sources.complaints]: 2 of 4 rows fail complaints.cause.allowed (cause is one of support, delay, quality, "
        f"service, price, other), more than the permitted share {above:.0%}. For example complaint_id K0, K1. "
    )


def test_what_concerns_a_whole_table_warns_or_stops(settings_for: SettingsFor, cutoff: Cutoff) -> None:
    old = SALES.with_columns(occurred_at=pl.lit("2024-05-17"), colour=pl.lit("red"))  # 15 days before
    settings = settings_for({"transactions": old, "complaints": complaints()})
    lines: list[str] = []

    frame = pl.read_parquet(ingest(settings, cutoff, lines.append) / RESULTS_FILE)

    assert [line for line in lines if line.startswith("warning")] == [
        "warning: [sources.transactions]: transactions has no such columns, ignored: colour",
        "warning: [sources.transactions]: the newest is 15 days older than 2024-06-01. Is it up to date?",
        "warning: [sources.complaints]: no row was known before 2024-06-01",
    ]
    assert frame.filter(result="warned")["check"].to_list() == [
        "transactions.columns",
        "transactions.occurred_at.fresh",
        "complaints.rows",
    ]
    for name in ("transactions.columns", "transactions.occurred_at.fresh", "complaints.rows"):
        with pytest.raises(DataError):
            ingest(checked(settings, **{name.replace(".", "__"): CheckSettings()}), cutoff, print)


def test_every_table_is_checked_before_a_night_stops_and_the_error_says_where_to_read_it(
    settings_for: SettingsFor, cutoff: Cutoff
) -> None:
    tables = {"transactions": SALES.drop("amount"), "complaints": complaints("weather", "delay")}
    settings = settings_for(tables, quarantined_share_limit=0.05)
    refused = settings.root / "refused" / "2024-06-01"

    with pytest.raises(DataError) as raised:
        ingest(settings, cutoff, print)

    missing, bad, where = str(raised.value).split("\n")
    assert "no column amount" in missing and "1 of 2 rows are bad" in bad
    assert where == f"Every check is in {refused / 'validation.html'}."
    page = (refused / "validation.html").read_text(encoding="utf-8")
    assert "2 checks stopped the night" in page and "no column amount" in page and "K0" in page
    assert {path.stat().st_mode & 0o777 for path in refused.iterdir()} == {0o600}
    assert pl.read_parquet(refused / RESULTS_FILE).filter(result="stopped")["check"].to_list() == [
        "transactions.read",
        "complaints.bad_rows",
    ]

    ingest(settings_for({"transactions": SALES, "complaints": complaints("delay")}), cutoff, print)
    assert not refused.exists()


def test_a_check_that_there_is_not_is_refused(settings_for: SettingsFor, cutoff: Cutoff) -> None:
    settings = checked(settings_for({"transactions": SALES}), complaints__cause__allow=CheckSettings())
    with pytest.raises(ConfigError, match=r"no such check: complaints\.cause\.allow\..* complaints\.cause\.allowed"):
        ingest(settings, cutoff, print)


def test_a_share_is_for_checks_that_stop() -> None:
    with pytest.raises(ValidationError, match="a check that warns never stops"):
        CheckSettings(severity="warn", stop_above=0.1)


def test_the_page_is_the_same_for_the_same_data_and_shows_text_as_text(
    settings_for: SettingsFor, cutoff: Cutoff, tmp_path: Path
) -> None:
    sales = SALES.with_columns(transaction_id=pl.lit("<script>alert(1)</script>"))
    frame = pl.read_parquet(ingest(settings_for({"transactions": sales}), cutoff, print) / RESULTS_FILE)

    page = validation_page(frame, "Shop & Sons")

    assert page == validation_page(frame, "Shop & Sons")
    assert "<script" not in page and "&lt;script&gt;" in page and "Shop &amp; Sons, 1 Jun 2024" in page
    assert "The night went on." in page and "10 rows = 1 kept + 9 quarantined" in page
