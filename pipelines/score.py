"""Scoring a cohort with the champion: one row a customer, and the matrix it was scored on."""

from pathlib import Path
from shutil import rmtree

import polars as pl

from configs.errors import DataError, ModelError
from configs.settings import Settings
from features.catalog import fingerprint
from features.context import NOTHING, Fitted
from features.matrix import KEYS
from features.time import Cutoff
from models.challenge import purpose_in, purpose_of
from models.pair import ModelPair
from models.promote import refuse_impossible
from models.tracking import Registered, load_champion
from pipelines.buckets import write_part
from pipelines.build import buckets_in, context_at, families_of, features_of, open_store, reader_of, tables_in
from pipelines.engine import each_bucket
from pipelines.progress import Log
from pipelines.storage import MANIFEST, commit, read_json, staged

SCORES_FILE = "scores.parquet"
FEATURES_FILE = "features.parquet"  # a folder with a file a bucket, to be read as one
PARTS = "parts"


def score(settings: Settings, cutoff: Cutoff, log: Log) -> Path:
    """Score the cohort of `cutoff` and return the folder with `scores.parquet` and `features.parquet`.

    Both are made bucket by bucket, where `settings.engine` says.

    Raises ModelError without a champion, with one made for other features or another definition of churn, or whose
    figures cannot be, and DataError where nobody is in the cohort.
    """
    store = open_store(settings, cutoff)
    champion = load_champion(settings)
    fitted = Fitted.restore(champion.recipe.get("context", NOTHING.recipe()))
    families = families_of(store, settings, fitted)
    refuse_other_recipe(champion, fingerprint(families, tables_in(store)), settings)
    pair = ModelPair.restore(champion.churn, champion.clv, champion.recipe)
    context = context_at(store, [cutoff], families, fitted)

    read, root, name = reader_of(store, families), settings.root / "scored", cutoff.day.isoformat()
    with staged(root, name) as folder:

        def step(bucket: int) -> int:
            matrix = features_of(read(bucket), [cutoff], families, context, settings)
            if matrix.height:
                scores = pair.score(matrix.select(*KEYS, *champion.recipe["features"]))
                write_part(scores, folder, PARTS, bucket)
                write_part(matrix.sort("customer_id"), folder, FEATURES_FILE, bucket)
            return matrix.height

        if not sum(each_bucket(settings.engine, buckets_in(store), step)):
            raise DataError(
                f"no customer is in the cohort of {cutoff.day}: nobody bought (or had a contract) in the days before "
                "it that [churn] asks for. Check --as-of, the dates in the source, and churn.active_within_days."
            )
        together = pl.read_parquet(folder / PARTS).sort("customer_id")
        refuse_impossible(together)
        rmtree(folder / PARTS)
        together.write_parquet(folder / SCORES_FILE)
        manifest = {
            "as_of": cutoff.day.isoformat(),
            "data_hash": read_json(store / MANIFEST)["data_hash"],
            "model_version": champion.version,
            "grade": champion.recipe["grade"],
            "catalogue": champion.recipe["catalogue"],
        }
        done = commit(root, name, folder, manifest)
    log(f"{together.height:,} customers scored by model version {champion.version}")
    return done


def refuse_other_recipe(champion: Registered, catalogue: str, settings: Settings) -> None:
    """Raise ModelError unless the champion was made for these features, this definition of churn and its horizons."""
    recipe = champion.recipe
    if recipe["catalogue"] != catalogue:
        raise ModelError(
            f"champion version {champion.version} was trained on other features: its catalogue is "
            f"{recipe['catalogue'][:12]}, tonight's {catalogue[:12]}. Check that the same sources are configured, or "
            "run `holdfast train`."
        )
    refuse_other_purpose(champion, settings)


def refuse_other_purpose(model: Registered, settings: Settings) -> None:
    """Raise ModelError unless the model was made for this definition of churn and value, and for its horizons."""
    further = [horizon["days"] for horizon in model.recipe.get("timing", [])]  # older champions knew of none
    trained = purpose_in(model.recipe) | {"further_horizons": further}
    asked = purpose_of(settings) | {"further_horizons": settings.churn.further_days}
    differing = [f"{key} {trained[key]} -> {value}" for key, value in asked.items() if trained[key] != value]
    if differing:
        raise ModelError(
            f"model version {model.version} was trained for another definition: {', '.join(differing)}. "
            "Run `holdfast train`."
        )
