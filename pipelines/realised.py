"""How past publications turned out: each is held against what happened once its horizon has passed, and kept."""

from datetime import timedelta

import polars as pl

from configs.errors import ModelError
from configs.settings import Settings
from features.cohort import objectors
from features.time import Cutoff
from models.baselines import Opponents, opponents_within
from models.effect import first_listed
from models.evaluate import flat_name
from models.realised import EVERYBODY, FALSE_ALARM, MISS, by_group, set_apart
from models.tracking import load_version, log_figures
from pipelines.build import open_store, tables_by_bucket, tables_in
from pipelines.decisions import decisions_before
from pipelines.effect import FEWEST, happened
from pipelines.outreach.explain import explainer
from pipelines.outreach.history import DECISIONS_FILE, Published, published_before
from pipelines.progress import Log
from pipelines.score import FEATURES_FILE, SCORES_FILE, refuse_other_purpose
from pipelines.storage import MANIFEST, read_json, write_whole

FIGURES_FILE, EXAMPLES_FILE = "realised.parquet", "realised_examples.parquet"
EXAMPLES = 10  # of each kind
SHOWN = ["customer_id", "cutoff", "turned_out", "account_manager", "churn_probability", "predicted_clv", "value"]
CODES = {"customer_id": pl.String(), "code": pl.String()}


def realise(settings: Settings, cutoff: Cutoff, again: bool, log: Log) -> pl.DataFrame:
    """Hold publications whose horizons were over by `cutoff` against what its store knows; returns all figures so far.

    Those held already are left as they are, unless `again`. `realised.parquet`: day, of (group of customers), figure,
    value, low, high. `realised_examples.parquet`: the worst false alarms and misses with their reasons; customers who
    objected to profiling or were erased since are taken out. Publications made for another definition of churn are left
    out, with a warning. What happened to all customers together is logged to MLflow too.
    """
    store, folder = open_store(settings, cutoff), settings.root
    figures, examples = (
        pl.read_parquet(folder / file) if (folder / file).exists() else pl.DataFrame()
        for file in (FIGURES_FILE, EXAMPLES_FILE)
    )
    done = set() if again or figures.is_empty() else set(figures["day"])
    due = [
        published
        for published in published_before(settings.root / "published", cutoff.day)
        if published.day + timedelta(days=settings.observation_days) <= cutoff.day and published.day not in done
    ]
    decisions = decisions_before(settings.root, cutoff.day)
    listed = first_listed(decisions)
    for published in due:
        version = read_json(published.folder / MANIFEST)["model_version"]
        try:
            refuse_other_purpose(load_version(settings, version), settings)
        except ModelError as error:
            log(f"warning: {published.day} left out: {error}")
            continue
        rows = _rows(settings, cutoff, published, decisions, listed)
        if rows.is_empty():
            log(f"warning: {published.day} left out: nobody decided about then is known any more")
            continue
        found, shown = _of_day(settings, cutoff, published, rows, version, log)
        figures, examples = _replaced(figures, found, "day"), _replaced(examples, shown, "cutoff")
    if not due:
        log(f"no further publication's horizon of {settings.observation_days} days was over by {cutoff.day}")
    if figures.is_empty():
        return figures
    if "objections" in tables_in(store):
        for tables in tables_by_bucket(store, only=["objections"]):
            gone = objectors(tables["objections"], ["no_profiling", "erased"], cutoff)
            examples = examples.join(gone, on="customer_id", how="anti", maintain_order="left")
    # The examples first: a day counts as held once its figures are there.
    write_whole(folder / EXAMPLES_FILE, examples)
    write_whole(folder / FIGURES_FILE, figures)
    return figures


def _rows(
    settings: Settings, cutoff: Cutoff, published: Published, decisions: pl.DataFrame, listed: pl.DataFrame
) -> pl.DataFrame:
    """Everybody scored that day: scores, what was decided, what happened, and how it turned out."""
    decided = decisions.filter(cutoff=published.day).select("customer_id", "would_list", "account_manager")
    codes = published.read(DECISIONS_FILE, CODES)
    scores = pl.read_parquet(published.folder / SCORES_FILE).join(decided, on="customer_id", validate="1:1")
    scores = scores.join(codes, on="customer_id", how="left", maintain_order="left")
    store = open_store(settings, cutoff)
    people = pl.scan_parquet(store / "customers").collect_schema().names()
    known = happened(settings, store, scores, cutoff, "segment" if "segment" in people else None)
    rows = known.with_columns(churned=(1 - pl.col("retained")).cast(pl.Int8))
    lasting = settings.training.acting_lasts_days
    return set_apart(rows, listed, settings.observation_days, lasting)


def _of_day(
    settings: Settings, cutoff: Cutoff, published: Published, rows: pl.DataFrame, version: str, log: Log
) -> tuple[pl.DataFrame, pl.DataFrame]:
    features = _features(settings, published, rows, log)
    rivals = Opponents({}, {}) if features is None else opponents_within(features)
    figures = by_group(rows, rivals, FEWEST, settings.training.seed)
    figures = figures.select(pl.lit(published.day).alias("day"), "of", "figure", "value", "low", "high")
    everybody = figures.filter(of=EVERYBODY).drop_nulls("value").filter(pl.col("value").is_not_nan())
    told = {flat_name(name): number for name, number in everybody.select("figure", "value").iter_rows()}
    log_figures(settings, "realised", {"day": published.day.isoformat(), "model_version": version}, told, {})
    log(f"{published.day}: {_in_words(told)}")
    return figures, _examples(settings, cutoff, rows, features, version)


def _features(settings: Settings, published: Published, rows: pl.DataFrame, log: Log) -> pl.DataFrame | None:
    """The matrix that was scored that day, a row for each of `rows`; None where it is gone or was made anew."""
    scored = settings.folder_of("scored", published.day)
    facts = ["data_hash", "model_version"]
    if (scored / MANIFEST).exists():
        now, then = read_json(scored / MANIFEST), read_json(published.folder / MANIFEST)
        if all(now[fact] == then[fact] for fact in facts):
            matrix = pl.read_parquet(scored / FEATURES_FILE).drop("cutoff")
            return rows.select("customer_id", "cutoff").join(
                matrix, on="customer_id", how="left", maintain_order="left"
            )
    log(f"warning: {published.day}: {scored} is not what was published, so opponents and reasons are left out")
    return None


def _examples(
    settings: Settings, cutoff: Cutoff, rows: pl.DataFrame, features: pl.DataFrame | None, version: str
) -> pl.DataFrame:
    """The surest false alarms and misses, by customer id only, with the reasons of their estimates."""
    ordered = rows.sort("churn_probability", "customer_id")
    alarms, misses = ordered.filter(turned_out=FALSE_ALARM).tail(EXAMPLES), ordered.filter(turned_out=MISS)
    chosen = pl.concat([alarms.reverse(), misses.head(EXAMPLES)]).select(SHOWN)
    if features is None or chosen.is_empty():
        return chosen.with_columns(pl.lit(None, pl.String).alias(f"reason_{number}") for number in (1, 2, 3))
    theirs = chosen.select("customer_id").join(features, on="customer_id", how="left", maintain_order="left")
    reasons = explainer(settings, cutoff, version).explain(theirs).reasons
    return pl.concat([chosen, reasons.select("reason_1", "reason_2", "reason_3")], how="horizontal")


def _replaced(history: pl.DataFrame, found: pl.DataFrame, day: str) -> pl.DataFrame:
    """`history` with the rows of one day in place of those it had."""
    if history.is_empty() or found.is_empty():
        return found if history.is_empty() else history
    kept = history.filter(pl.col(day) != found[day][0])
    return pl.concat([kept, found]).sort(day, maintain_order=True)


def _in_words(told: dict[str, float]) -> str:
    if "customers" not in told:
        return "everybody was treated, so there is no untreated truth; set outreach.control_share above 0"
    opponent = f", recency {told['auc_of_recency']:.3f}" if "auc_of_recency" in told else ""
    return (
        f"{told['customers']:,.0f} untreated customers; AUC {told.get('auc', float('nan')):.3f}{opponent}; lift at the "
        f"list's length {told.get('lift_at_list_length', float('nan')):.2f}; churn {told['mean_probability']:.3f} "
        f"predicted, {told['churn_rate']:.3f} happened; value {told.get('value_ratio', float('nan')):.2f} of the "
        f"actual total predicted; {told['coverage_80']:.0%} within their 80 % intervals"
    )
