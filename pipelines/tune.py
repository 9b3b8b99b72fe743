"""Tuning: the labelled matrix of training without its test, folds, search, and the file that training reads."""

from configs.settings import Settings
from features.catalog import fingerprint
from features.time import Cutoff
from models.tracking import log_figures
from models.tune import bounds_of, folds_of, search
from models.tuned import GAIN_ENOUGH, TUNED_FILE, Tuned, in_words, write_tuned
from pipelines.build import open_store, tables_in
from pipelines.prepare import prepare
from pipelines.progress import Log
from pipelines.storage import MANIFEST, combined_hash, read_json

DATABASE = "tuning.db"


def tune(settings: Settings, cutoff: Cutoff, log: Log) -> Tuned:
    """Search the trees' settings on what was known before `cutoff`, and leave the best for training to use.

    The test cutoff that training reports on takes no part, so that its figures stay honest. Searching again goes on
    up to `tuning.trials` in all, as long as data, features, churn and configured training are the same. Raises
    ModelError where the log is too short.
    """
    store = open_store(settings, cutoff)
    prepared = prepare(settings, store, cutoff, log)
    at_least = settings.training.churned_and_retained_at_least
    folds = folds_of(prepared.earlier, settings.observation_days, at_least)
    days = [fold.day for fold in folds]
    log("folds: " + ", ".join(f"{fold.day} ({fold.train.height:,} rows learned from)" for fold in folds))
    definition = settings.churn.meaning()
    searched = {
        "as_of": cutoff.day.isoformat(),
        "data": read_json(store / MANIFEST)["data_hash"],
        "catalogue": fingerprint(prepared.families, tables_in(store)),
        "definition": definition,
        "observation_days": settings.observation_days,
        "bounds": bounds_of(folds),
        "training": settings.training.model_dump(exclude={"threads"}),
    }
    study = f"{settings.name}-{cutoff.day}-{combined_hash(searched)[:12]}"
    found = search(folds, settings.training, settings.tuning, settings.root / DATABASE, study, log)
    tuned = Tuned(
        as_of=cutoff.day,
        definition=definition,
        parameters=found.parameters,
        auc=found.auc,
        configured_auc=found.configured_auc,
        rounds=found.rounds,
        folds=days,
        trials=len(found.trials),
    )
    file = write_tuned(settings, tuned)
    log(
        f"best of {tuned.trials} trials: AUC {tuned.auc:.4f} on the folds, configured settings "
        f"{tuned.configured_auc:.4f}: {in_words(tuned.parameters)}"
    )
    verdict = "training uses them" if tuned.gain >= GAIN_ENOUGH else "no clear gain, so the configured ones stay"
    log(f"{verdict}; written to {file}")
    log_figures(
        settings,
        "tuning",
        parameters=tuned.parameters | {"as_of": searched["as_of"], "folds": ", ".join(map(str, days)), "study": study},
        metrics={"auc": tuned.auc, "configured_auc": tuned.configured_auc, "trials": tuned.trials},
        artifacts={TUNED_FILE: tuned.model_dump(mode="json"), "trials.json": found.trials},
    )
    return tuned
