"""What acting brought: who would first have been listed, what became of them, and how the arms differ."""

from dataclasses import dataclass, replace
from datetime import date, timedelta
from math import ceil
from pathlib import Path
from typing import Any

import polars as pl

from configs.errors import DataError
from configs.settings import Settings
from features.cohort import objectors
from features.labels import labels
from features.time import Cutoff
from models.effect import TREAT, Difference, Return, difference, first_listed, returned, verdict
from models.tracking import log_figures
from pipelines.build import Tables, open_store, tables_by_bucket
from pipelines.decisions import decisions_before
from pipelines.progress import Log
from pipelines.uplift import Ordering, ordering

RETAINED, VALUE = "retained", "value"
MEASURES = {RETAINED: "share that stayed", VALUE: "net value of a customer"}
BEFORE_ACTING = ["churn_probability", "predicted_clv"]
EVERYBODY = "all customers"
FEWEST = 30  # customers of each arm in a group that is shown apart
READ = ["customers", "transactions", "contracts", "costs", "objections", "outcomes"]


@dataclass(frozen=True)
class Measured:
    """The effect as of a day.

    `table`: a row for each group of customers (`of`) and measure, with the means of both arms, their difference and its
    95 % interval, sharpened by what was known before acting and plain, and the verdict. `money`: of all treated
    together, by so many `actions`, which were `counted` from outcomes or else assumed: one a customer. `waiting`:
    customers whose horizons are not over. `ordering`: how well an uplift model orders them, None for too few.
    """

    table: pl.DataFrame
    money: Return
    actions: int
    counted: bool
    waiting: int
    ordering: Ordering | None

    def of_everybody(self, measure: str) -> dict[str, Any]:
        """The row of all customers together."""
        return self.table.filter(of=EVERYBODY, measure=measure).row(0, named=True)


def measure(settings: Settings, cutoff: Cutoff, by: str | None, log: Log) -> Measured | None:
    """The effect by all that was known before `cutoff`, also logged to MLflow; `happened` says who counts.

    `by`: account_manager, or a column of the customers, whose groups are measured apart too. Returns None, and says
    why, where nobody's horizon is over yet or an arm is empty. Raises DataError where no list was published.
    """
    compared = arms(settings, cutoff, by, log)
    if compared is None:
        return None
    measured, rows = compared
    measured = replace(measured, ordering=ordering(settings, rows))
    _track(settings, cutoff, measured)
    return measured


def arms(settings: Settings, cutoff: Cutoff, by: str | None, log: Log) -> tuple[Measured, pl.DataFrame] | None:
    """`measure` without an uplift model, and the customers (`happened`) it is from; nothing is logged to MLflow."""
    store = open_store(settings, cutoff)
    listed = first_listed(decisions_before(settings.root, cutoff.day))
    if listed.is_empty():
        raise DataError(
            f"{settings.root / 'published'}: no publication before {cutoff.day} would have listed a customer. "
            "Run `holdfast nightly` on the days before."
        )
    observed = listed.filter(pl.col("cutoff") + timedelta(days=settings.observation_days) <= cutoff.day)
    rows = happened(settings, store, observed, cutoff, by) if observed.height else observed
    weeks = max(1.0, ((cutoff.day - listed["cutoff"][0]).days) / 7)
    found = _table(settings, rows, listed.height / weeks, by) if rows["arm"].n_unique() > 1 else pl.DataFrame()
    if found.is_empty():
        log(_why_none(settings, cutoff, listed, rows))
        return None
    value = found.filter(of=EVERYBODY, measure=VALUE).row(0, named=True)
    actions, counted = _actions(rows)
    apart = (value["difference"], value["low"], value["high"])
    brought = returned(value["treated"], apart, actions, settings.outreach.action_cost)
    return Measured(found, brought, actions, counted, listed.height - observed.height, None), rows


def happened(
    settings: Settings, store: Path, listed: pl.DataFrame, cutoff: Cutoff, by: str | None = None
) -> pl.DataFrame:
    """What became of customers within their horizons, by what `store`, as of `cutoff`, knows.

    `listed`: rows of `first_listed` whose horizons are over. Returns them, sorted, with retained (1.0: stayed), value
    (Float64, net, currency units), actions (Int64: times an outcome was recorded but a snooze; null: none ever is) and
    `by`. Customers who are unknown by now, were erased or objected to profiling are left out.
    """
    cutoffs = [Cutoff(day, cutoff.zone) for day in listed["cutoff"].unique().sort()]
    parts = [became_of(settings, tables, listed, cutoffs, cutoff, by) for tables in tables_by_bucket(store, only=READ)]
    return pl.concat(parts).sort("cutoff", "customer_id")


def became_of(
    settings: Settings, tables: Tables, listed: pl.DataFrame, cutoffs: list[Cutoff], cutoff: Cutoff, by: str | None
) -> pl.DataFrame:
    """`happened`, for the customers of one bucket."""
    tables = {name: rows.join(listed, on="customer_id", how="semi") for name, rows in tables.items()}
    people = tables["customers"].sort("customer_id", "valid_from").unique("customer_id", keep="last")
    if by and by not in listed.columns:
        if by not in people.columns:
            raise DataError(f"customers: no column {by} to measure by; there are {', '.join(people.columns)}.")
        listed = listed.join(people.select("customer_id", by), on="customer_id", how="left", maintain_order="left")
    rows = listed.join(people, on="customer_id", how="semi", maintain_order="left")
    if "objections" in tables:
        gone = objectors(tables["objections"], ["no_profiling", "erased"], cutoff)
        rows = rows.join(gone, on="customer_id", how="anti", maintain_order="left")
    found = labels(tables, rows.select("customer_id", "cutoff"), cutoffs, settings.churn, settings.clv_horizon_days)
    rows = rows.with_columns(retained=1.0 - found["churned"], value=found["value"])
    acted = tables.get("outcomes")
    if acted is None:
        return rows.with_columns(actions=pl.lit(None, pl.Int64))
    return _with_actions(rows, acted, timedelta(days=settings.clv_horizon_days), cutoff)


def _with_actions(rows: pl.DataFrame, outcomes: pl.DataFrame, horizon: timedelta, cutoff: Cutoff) -> pl.DataFrame:
    """`rows` with `actions`: lists within the horizon on which an outcome was recorded, unless it was a snooze."""
    acted = outcomes.filter((pl.col("status") != "snooze").fill_null(True)).select(
        "customer_id", listed_on=pl.col("list_date").dt.convert_time_zone(cutoff.zone.key).dt.date()
    )
    pairs = rows.select("customer_id", "cutoff").join(acted.unique(), on="customer_id")
    within = (pl.col("listed_on") >= pl.col("cutoff")) & (pl.col("listed_on") < pl.col("cutoff") + horizon)
    counted = pairs.filter(within).group_by("customer_id", "cutoff").agg(actions=pl.len().cast(pl.Int64))
    joined = rows.join(counted, on=["customer_id", "cutoff"], how="left", maintain_order="left")
    return joined.with_columns(pl.col("actions").fill_null(0))


def _actions(rows: pl.DataFrame) -> tuple[int, bool]:
    """Actions on the treated, and whether they were counted: without any outcome, one for each is assumed."""
    treated = rows.filter(arm=TREAT)
    counted = treated["actions"].sum()
    return (int(counted), True) if counted else (treated.height, False)


def _table(settings: Settings, rows: pl.DataFrame, per_week: float, by: str | None) -> pl.DataFrame:
    groups = [(EVERYBODY, rows)]
    seasons = rows["season"].unique().sort().to_list()
    groups += [(f"season {season}", rows.filter(season=season)) for season in seasons if len(seasons) > 1]
    groups += [(f"{by}: {name}", part) for (name,), part in rows.group_by(by, maintain_order=True)] if by else []
    found = []
    for name, part in groups:
        fewest = min((part["arm"] == TREAT).sum(), (part["arm"] != TREAT).sum())
        if fewest == 0 or (name != EVERYBODY and fewest < FEWEST):
            continue
        smallest = smallest_gains(settings, part)
        for measure in MEASURES:
            plain = difference(part, measure, settings.training.seed)
            sharp = difference(part, measure, settings.training.seed, BEFORE_ACTING)
            if plain is None or sharp is None:
                continue
            said = verdict(sharp, smallest[measure], per_week * part.height / rows.height)
            found.append({"of": name, "measure": measure, **_figures(plain, sharp), "verdict": said})
    return pl.DataFrame(found)


def smallest_gains(settings: Settings, rows: pl.DataFrame) -> dict[str, float]:
    """The smallest gain worth finding: in retention as configured, in value what it is worth of those first listed."""
    stay = settings.effect.smallest_gain
    at_stake = rows.select(pl.col("value_at_risk").sum() / pl.col("churn_probability").sum()).item()
    return {RETAINED: stay, VALUE: max(stay * at_stake, 0.01)}


def _figures(plain: Difference, sharp: Difference) -> dict[str, float]:
    arms = ("treated", "control", "mean_treated", "mean_control")
    return {
        **{name: getattr(sharp, name) for name in arms},
        **{name: getattr(sharp, name) for name in ("difference", "low", "high")},
        **{f"plain_{name}": getattr(plain, name) for name in ("difference", "low", "high")},
    }


def _why_none(settings: Settings, cutoff: Cutoff, listed: pl.DataFrame, rows: pl.DataFrame) -> str:
    if rows.is_empty():
        over: date = listed["cutoff"][0] + timedelta(days=settings.observation_days)
        weeks = max(1, ceil((over - cutoff.day).days / 7))
        return f"not enough yet: about {weeks:,} more week{'s' * (weeks > 1)}, the first horizon is over on {over}"
    arm = "controls" if (rows["arm"] == TREAT).all() else "treated customers"
    return f"nothing to compare with: no {arm} among {rows.height:,} customers. Set outreach.control_share above 0."


def _track(settings: Settings, cutoff: Cutoff, found: Measured) -> None:
    """Log the figures of all customers together: no group's name, which may be a person's, leaves the folder."""
    figures = {
        f"{measure}_{name}": float(value)
        for measure in MEASURES
        for name, value in found.of_everybody(measure).items()
        if isinstance(value, int | float)
    }
    brought = found.money
    figures |= {"gain": brought.gain, "gain_low": brought.low, "gain_high": brought.high, "cost": brought.cost}
    figures |= {} if found.ordering is None else found.ordering.figures()
    log_figures(settings, "effect", {"as_of": cutoff.day.isoformat()}, figures, {})
