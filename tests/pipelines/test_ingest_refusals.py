"""When ingest refuses a source, with the figures a person needs, and leaves the store of before as it was."""

from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from configs.errors import DataError
from configs.settings import Settings
from features.time import Cutoff
from pipelines.ingest import ingest
from pipelines.storage import MANIFEST, hashes_below, read_json

SettingsFor = Callable[..., Settings]
CANARY = "canary@secret.example"


def silent(line: str) -> None:
    """A log for those who do not look at it."""


def sales(bad: int, good: int) -> pl.DataFrame:
    """Rows T00, T01, ...: the bad ones first, without an amount."""
    count = bad + good
    return pl.DataFrame(
        {
            "transaction_id": [f"T{n:02}" for n in range(count)],
            "customer_id": ["C1"] * count,
            "occurred_at": ["2024-05-01"] * count,
            "amount": [None] * bad + ["1"] * good,
        }
    )


def test_too_many_bad_rows(settings_for: SettingsFor, cutoff: Cutoff, tmp_path: Path) -> None:
    with pytest.raises(DataError) as raised:
        ingest(settings_for({"transactions": sales(bad=4, good=6)}, quarantined_share_limit=0.39), cutoff, silent)

    assert raised.value.exit_code == 3
    assert str(raised.value) == (
        "[sources.transactions]: 4 of 10 rows are bad, more than the permitted share 39%: 4 x amount: empty. "
        "For example transaction_id T00, T01, T02. Mend the source or its `sql`, or raise "
        "ingest.quarantined_share_limit.\n"
        f"Every check is in {tmp_path / 'data' / 'refused' / '2024-06-01' / 'validation.html'}."
    )


def test_as_many_bad_rows_as_permitted(settings_for: SettingsFor, cutoff: Cutoff) -> None:
    store = ingest(settings_for({"transactions": sales(bad=4, good=6)}, quarantined_share_limit=0.4), cutoff, silent)

    assert read_json(store / MANIFEST)["tables"]["transactions"]["quarantined"] == 4


def test_rows_not_yet_known_do_not_soften_the_share(settings_for: SettingsFor, cutoff: Cutoff) -> None:
    later = sales(bad=0, good=90).with_columns(
        occurred_at=pl.lit("2024-08-01"), transaction_id="L" + pl.col("transaction_id")
    )

    with pytest.raises(DataError, match="4 of 10 rows are bad"):
        tables = {"transactions": pl.concat([sales(bad=4, good=6), later])}
        ingest(settings_for(tables, quarantined_share_limit=0.39), cutoff, silent)


def nothing_known(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.with_columns(occurred_at=pl.lit("2024-06-01"))


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda frame: frame.head(0), "no transaction was known before 2024-06-01"),
        (nothing_known, "no transaction was known before 2024-06-01"),
        (lambda frame: frame.drop("amount", "occurred_at"), "no column occurred_at, amount among transaction_id, cus"),
        (lambda frame: frame.rename({"amount": "total"}), "no column amount among .*, total. Map the columns"),
        (lambda frame: frame.with_columns(amount=pl.lit(None)), "10 x amount: empty"),
        (lambda frame: frame.with_columns(amount=pl.lit(True)), "10 x amount: not an amount like 1234.50"),
        (
            lambda frame: frame.with_columns(occurred_at=pl.lit(1714521600)),
            "10 x occurred_at: not a time like 2026-01-31 09:30",
        ),
    ],
)
def test_yesterdays_store_stays(
    spoil: Callable[[pl.DataFrame], pl.DataFrame], message: str, settings_for: SettingsFor, cutoff: Cutoff
) -> None:
    good = sales(bad=0, good=10)
    store = ingest(settings_for({"transactions": good}), cutoff, silent)
    root = store.parents[2]
    before = hashes_below(root)

    with pytest.raises(DataError, match=message) as raised:
        ingest(settings_for({"transactions": spoil(good)}, quarantined_share_limit=0.05), cutoff, silent)

    assert raised.value.exit_code == 3
    assert hashes_below(root) == before
    assert (root / "2024-06-01").resolve() == store
    assert not list((root / ".staging").iterdir())


def test_a_file_without_a_header_shows_no_row(settings_for: SettingsFor, cutoff: Cutoff, tmp_path: Path) -> None:
    (tmp_path / "sales.csv").write_text(f"T1,{CANARY},2024-05-01,1\nT2,{CANARY},2024-05-01,1\n")
    settings = settings_for({"transactions": sales(bad=0, good=1)})
    source = settings.source("transactions").model_copy(update={"path": str(tmp_path / "sales.csv")})
    lines: list[str] = []

    for sql in (None, "select transaction_id from source"):
        given = {"transactions": source.model_copy(update={"sql": sql})}
        with pytest.raises(DataError) as raised:
            ingest(settings.model_copy(update={"sources": given}), cutoff, lines.append)
        assert "secret" not in str(raised.value) + "".join(lines)


def test_personal_cells_do_not_reach_errors_or_the_log(settings_for: SettingsFor, cutoff: Cutoff) -> None:
    customers = pl.DataFrame({"customer_id": [None, None], "email": [CANARY] * 2, "display_name": [CANARY] * 2})
    lines: list[str] = []

    with pytest.raises(DataError, match="2 of 2 rows are bad.*rows without customer_id") as raised:
        tables = {"customers": customers, "transactions": sales(bad=0, good=1)}
        ingest(settings_for(tables, quarantined_share_limit=0.5), cutoff, lines.append)

    assert "secret" not in str(raised.value) + "".join(lines)
