"""Does the monitor notice what goes wrong, and hold its peace while nothing does? By two simulated companies.

Both are the same until the break. In one, prices rise for everybody at the start of month 8, and from month 9 on
complaints are answered late; in the other all goes on. One champion, trained before the first month, serves them both.

Nights are sampled: in quiet months two in a row every two weeks, since features look back on a month and more, so that
nights beside each other tell the same; an alarm needs two in a row. After a break every night. All nights of a company
are read from one store, of its last day, since features and rows are looked at as they were known before each night.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from time import process_time

import polars as pl

from configs.load import load_settings
from configs.settings import Settings
from features.context import Fitted
from features.matrix import KEYS
from features.time import Cutoff
from models.learned_from import EVERYBODY
from models.pair import ModelPair
from models.tracking import load_champion
from pipelines.build import context_at, families_of, features_of, over_buckets
from pipelines.ingest import ingest
from pipelines.monitor import in_words, look
from pipelines.monitoring.checks import BASE_RATE, COLUMNS, FEATURES, FRESHNESS, QUARANTINED, SCORES, UNSEEN, VOLUME
from pipelines.monitoring.history import ALARM, MONITOR_FILE
from pipelines.nightly import training
from pipelines.score import FEATURES_FILE, SCORES_FILE
from pipelines.simulate.company import NO_TROUBLE, simulate
from pipelines.simulate.trouble import Trouble
from pipelines.storage import point

CUSTOMERS, SEED, HISTORY_DAYS = 4_000, 4, 900
TRAINED = date(2025, 10, 1)
PRICES_RISE, COMPLAINTS_LATE, END = date(2026, 5, 1), date(2026, 6, 1), date(2026, 10, 1)
TROUBLE = Trouble(PRICES_RISE, COMPLAINTS_LATE)
BREAKS = {  # the day, and the table in which it must be noticed
    "prices rise for everybody": (PRICES_RISE, "interactions"),
    "complaints are answered late": (COMPLAINTS_LATE, "complaints"),
}
ROUNDS = 60  # of boosting: how good the champion is does not matter here
WITHIN = 14  # nights
KNOWN = pl.col("name").fill_null("").str.ends_with("(known at all)")
GROUP = pl.col("of").is_not_null() & (pl.col("of") != EVERYBODY)
KINDS: Mapping[str, pl.Expr] = {
    "features": (pl.col("check") == FEATURES) & ~GROUP & ~KNOWN,
    "scores": (pl.col("check") == SCORES) & ~GROUP & ~KNOWN,
    "base rate": (pl.col("check") == BASE_RATE) & ~GROUP,
    "columns": (pl.col("check") == COLUMNS) & ~KNOWN,
    "how much is known": KNOWN & ~GROUP,
    "any of these of a segment": GROUP,
    **{check: pl.col("check") == check for check in (FRESHNESS, VOLUME, UNSEEN, QUARANTINED)},
}
Nights = Sequence[pl.DataFrame]


def main() -> None:
    began = process_time()
    config = Path(__file__).parents[2] / "configs" / "demo.toml"
    with TemporaryDirectory() as folder:
        settings = load_settings(config, Path(folder))
        learn = settings.training.model_copy(update={"rounds": ROUNDS, "threads": 1})
        ageless = settings.monitoring.model_copy(update={"age": "off"})  # one champion scores the whole year
        settings = settings.model_copy(update={"training": learn, "monitoring": ageless})
        company(settings)
        training(settings, Cutoff(TRAINED, settings.zone), silent)
        quiet = watched(settings, END, list(quiet_nights(TRAINED, END)))
        print(*of_quiet(quiet, settings.monitoring.false_alarm_rate), sep="\n", flush=True)
        (settings.root / MONITOR_FILE).unlink()
        last = COMPLAINTS_LATE + timedelta(days=WITHIN)
        company(settings, TROUBLE)
        after = [broken + timedelta(days=n) for broken, _ in BREAKS.values() for n in range(1, WITHIN + 1)]
        nights = watched(settings, last, after)
    found = []
    for number, (what, (_, table)) in enumerate(BREAKS.items()):
        of_it = nights[number * WITHIN : (number + 1) * WITHIN]
        found.append(noticed(of_it, table))
        print(*of_break(what, of_it, table), sep="\n")
    print(f"{process_time() - began:,.0f} s of processor time")
    assert all(found), f"no alarm within {WITHIN} nights"


def silent(_: str) -> None: ...


def company(settings: Settings, trouble: Trouble = NO_TROUBLE) -> None:
    """Simulate the company until the end of the twelve months; it is the same until the trouble begins."""
    days = HISTORY_DAYS + (END - TRAINED).days
    simulate(settings.root / "simulated", CUSTOMERS, SEED, END, days, settings.churn.horizon_days, trouble=trouble)


def quiet_nights(first: date, last: date) -> Iterator[date]:
    """Two nights in a row every two weeks, from `first` on, before `last`."""
    for start in range(7, (last - first).days - 1, 14):
        yield from (first + timedelta(days=start), first + timedelta(days=start + 1))


def watched(settings: Settings, end: date, nights: Sequence[date]) -> Nights:
    """The monitor's figures of each of these nights, in order, all read from one store, of the day `end`."""
    score_all(settings, end, nights)
    return [look(settings, Cutoff(day, settings.zone), silent) for day in nights]


def score_all(settings: Settings, end: date, nights: Sequence[date]) -> None:
    """What ingesting and scoring each of these nights would leave, from one store; nothing is published."""
    store = ingest(settings, Cutoff(end, settings.zone), silent)
    champion = load_champion(settings)
    fitted = Fitted.restore(champion.recipe["context"])
    families, cutoffs = families_of(store, settings, fitted), [Cutoff(day, settings.zone) for day in nights]
    context = context_at(store, cutoffs, families, fitted)
    pair = ModelPair.restore(champion.churn, champion.clv, champion.recipe)
    parts = over_buckets(
        settings.engine, store, families, lambda tables: features_of(tables, cutoffs, families, context, settings)
    )
    matrix = pl.concat(parts)
    for cutoff in cutoffs:
        folder = settings.folder_of("scored", cutoff.day)
        folder.mkdir(parents=True, exist_ok=True)
        of_night = matrix.filter(pl.col("cutoff") == cutoff.day).sort("customer_id")
        of_night.write_parquet(folder / FEATURES_FILE)
        pair.score(of_night.select(*KEYS, *champion.recipe["features"])).write_parquet(folder / SCORES_FILE)
        point(settings.root / "store" / cutoff.day.isoformat(), store)


def noticed(nights: Nights, table: str, checks: Sequence[str] = (FEATURES, COLUMNS)) -> int:
    """The first of the nights after a break, from 1, on which one of `checks` alarms about `table`; 0: none does."""
    alarmed = (not night.filter(_of(table), pl.col("check").is_in(checks), level=ALARM).is_empty() for night in nights)
    return next((number for number, alarm in enumerate(alarmed, start=1) if alarm), 0)


def _of(table: str) -> pl.Expr:
    return pl.col("table").fill_null("").str.split(", ").list.contains(table)


def of_break(what: str, nights: Nights, table: str) -> Iterator[str]:
    """How soon a break was noticed and what was said of it, for people to read."""
    first = noticed(nights, table)
    yield f"{what}: {f'alarm on night {first}' if first else f'no alarm within {len(nights)} nights'}"
    if first:
        yield from (f"  {line}" for line in in_words(nights[first - 1], ALARM))
    for checks, words in (([COLUMNS], "columns"), ([FEATURES], "features")):
        number = noticed(nights, table, checks)
        yield f"  {words} of {table} alarm {f'from night {number} on' if number else 'on none of the nights'}"


def of_quiet(quiet: Nights, rate: float) -> Iterator[str]:
    """How often each kind of check was wrong on quiet nights, for people to read."""
    looked_at = sum(night.height for night in quiet) / len(quiet)
    yield f"{CUSTOMERS:,} customers, {len(quiet):,} quiet nights, {looked_at:,.0f} figures a night"
    everything = {"anything that is tested": pl.col("p").is_not_null(), "anything": pl.lit(True), **KINDS}
    for kind, rows in everything.items():
        beyond, alarmed = (_share(quiet, rows, one) for one in (pl.col("beyond"), pl.col("level") == ALARM))
        yield f"{kind}: beyond on {beyond}, an alarm on {alarmed} of the nights (set: {rate:.1%})"
    for night in quiet:
        for row in night.filter("beyond").iter_rows(named=True):
            place = ", ".join(row[key] for key in ("check", "table", "name", "of") if row[key])
            yield f"  {night['day'][0]} {row['level']}: {place}: {row['says']}"


def _share(quiet: Nights, rows: pl.Expr, what: pl.Expr) -> str:
    return f"{sum(night.filter(rows, what).height > 0 for night in quiet) / len(quiet):.1%}"


if __name__ == "__main__":
    main()
