"""Does the monitor notice what goes wrong, and hold its peace while nothing does? By two simulated companies.

Both are the same until the break. In one, prices rise for everybody at the start of month 8, and from month 9 on
complaints are answered late; in the other all goes on. One champion, trained before the first month, serves them both.

Nights are sampled: in quiet months two in a row every two weeks, since features look back on a month and more, so that
nights beside each other tell the same; an alarm needs two in a row. After a break every night, until the alarm. All are
read from one store, of the last day, since features and rows are looked at as they were known before each night.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
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
from pipelines.monitoring.checks import FEATURES
from pipelines.monitoring.history import ALARM, MONITOR_FILE, WARN
from pipelines.nightly import training
from pipelines.score import FEATURES_FILE, SCORES_FILE
from pipelines.simulate.company import simulate
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


@dataclass(frozen=True)
class Noticed:
    """The night of the first alarm of a table after a break (0: none in time), and what it said."""

    nights: int
    says: str
    features: Sequence[str]


def main() -> None:
    began = process_time()
    config = Path(__file__).parents[2] / "configs" / "demo.toml"
    with TemporaryDirectory() as folder:
        settings = load_settings(config, Path(folder))
        learn = settings.training.model_copy(update={"rounds": ROUNDS, "threads": 1})
        ageless = settings.monitoring.model_copy(update={"age": "off"})  # one champion scores the whole year
        settings = settings.model_copy(update={"training": learn, "monitoring": ageless})
        company(settings, TROUBLE)
        training(settings, Cutoff(TRAINED, settings.zone), silent)
        after = [broken + timedelta(days=n) for broken, _ in BREAKS.values() for n in range(1, WITHIN + 1)]
        score_all(settings, [*quiet_nights(TRAINED, PRICES_RISE), *after])
        quiet = [watched(settings, day) for day in quiet_nights(TRAINED, PRICES_RISE)]
        found = {}
        for what, (broken, table) in BREAKS.items():
            found[what] = noticed(settings, broken, table)
            print(*of_break(what, found[what]), sep="\n", flush=True)
        company(settings, Trouble())
        score_all(settings, list(quiet_nights(PRICES_RISE, END)))
        (settings.root / MONITOR_FILE).unlink()
        quiet += [watched(settings, day) for day in quiet_nights(PRICES_RISE, END)]
        print(*of_quiet(quiet, settings.monitoring.false_alarm_rate), sep="\n")
    print(f"{process_time() - began:,.0f} s of processor time")
    assert all(0 < one.nights <= WITHIN for one in found.values()), "an alarm came too late"


def silent(_: str) -> None: ...


def company(settings: Settings, trouble: Trouble) -> None:
    """Simulate the company until the end of the twelve months."""
    days = HISTORY_DAYS + (END - TRAINED).days
    simulate(settings.root / "simulated", CUSTOMERS, SEED, END, days, settings.churn.horizon_days, trouble=trouble)


def quiet_nights(first: date, last: date) -> Iterator[date]:
    """Two nights in a row every two weeks, from `first` on, before `last`."""
    for start in range(7, (last - first).days - 1, 14):
        yield from (first + timedelta(days=start), first + timedelta(days=start + 1))


def score_all(settings: Settings, nights: Sequence[date]) -> None:
    """What ingesting and scoring each of these nights would leave, from one store; nothing is published."""
    store = ingest(settings, Cutoff(END, settings.zone), silent)
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


def watched(settings: Settings, day: date) -> pl.DataFrame:
    """The monitor's figures of a night that was scored."""
    return look(settings, Cutoff(day, settings.zone), silent)


def noticed(settings: Settings, broken: date, table: str) -> Noticed:
    """Night after night from the first that knows of the break, until the monitor raises an alarm about `table`."""
    features: list[str] = []
    for number in range(1, WITHIN + 1):
        night = watched(settings, broken + timedelta(days=number))
        of_table = pl.col("table").fill_null("").str.split(", ").list.contains(table)
        alarms = night.filter(of_table, level=ALARM)
        features = night.filter(of_table, pl.col("beyond"), check=FEATURES, of=EVERYBODY)["name"].to_list()
        if alarms.height:
            return Noticed(number, "; ".join(in_words(alarms, ALARM)), features)
    return Noticed(0, "nothing", features)


def of_break(what: str, found: Noticed) -> Iterator[str]:
    """How soon a break was noticed, for people to read."""
    yield f"{what}: {'alarm on night ' + str(found.nights) if found.nights else 'no alarm'}: {found.says}"
    yield f"  features beyond: {', '.join(found.features) or 'none yet'}"


def of_quiet(quiet: Sequence[pl.DataFrame], rate: float) -> Iterator[str]:
    """What was said of quiet nights, for people to read."""
    nights = len(quiet)
    alarmed, warned = (sum(night.filter(level=level).height > 0 for night in quiet) for level in (ALARM, WARN))
    tested = sum(night.filter("beyond", pl.col("p").is_not_null()).height > 0 for night in quiet)
    looked_at = sum(night.height for night in quiet) / nights
    yield f"{CUSTOMERS:,} customers, {nights:,} quiet nights, {looked_at:,.0f} figures a night"
    yield f"anything beyond chance and season: {tested:,} of {nights:,} nights ({tested / nights:.1%}; set: {rate:.1%})"
    yield f"alarms on {alarmed:,} of {nights:,} quiet nights; warnings on {warned:,}"
    for night in quiet:
        for level in (ALARM, WARN):
            yield from (f"  {night['day'][0]} {level}: {line}" for line in in_words(night, level))


if __name__ == "__main__":
    main()
