"""A training of a few made-up customers, told of by reports; a test changes only what it is about."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
import pytest

from configs.settings import Settings
from features.context import Fitted
from features.families.profile import profile
from features.family import Derived, Family, Reason
from features.time import Cutoff
from models.baselines import SPENT, Opponents
from models.churn import VISITS
from models.evaluate import evaluate
from models.pair import LABELS, ModelPair
from models.reference import RECENCY
from models.splits import Split
from pipelines.prepare import Prepared
from pipelines.reports.tables import Trained
from pipelines.train import Judged
from tests.models.conftest import CUTOFFS, EMBARGO_DAYS, TONIGHT, labelled_matrix

REGION = "profile__region_last_lifetime"


def named(columns: list[str], group: str) -> Family:
    """A family of these columns, all of one reason group that always has something to say."""
    name = columns[0].split("__")[0]
    derived = (
        Derived(column.removeprefix(f"{name}__"), pl.lit(0.0), f"meaning of {column}", "", group) for column in columns
    )
    return Family(name, "", derived=tuple(derived), reasons=(Reason.of(group, pl.lit(True), group),))


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    """240 customers at five cutoffs, the last one the test; of the north (code 1), the south (2) and elsewhere (0)."""
    root = tmp_path_factory.mktemp("trained")
    settings = Settings.model_validate(
        {
            "name": "mill",
            "company": "Mills",
            "owner": "Data Team",
            "root": str(root),
            "currency": "EUR",
            "sources": {"transactions": {"path": "orders.csv"}, "customers": {"path": "customers.csv"}},
            "churn": {"horizon_days": EMBARGO_DAYS},
            "features": {"profile": {"region": {"kind": "category", "fixed": True}}},
            "training": {"rounds": 40, "learning_rate": 0.1, "lookback_days": 40, "seed": 7},
        }
    )
    region = (pl.int_range(pl.len()) % 3).cast(pl.Float64).alias(REGION)
    labelled = labelled_matrix(240, seed=3).with_columns(region)
    cohort = labelled_matrix(240, seed=4, cutoffs=[TONIGHT]).with_columns(region).drop(LABELS)
    cutoffs = [Cutoff(day, ZoneInfo("UTC")) for day in CUTOFFS]
    split = Split(
        tuple(c for c in cutoffs if c.day + timedelta(EMBARGO_DAYS) <= CUTOFFS[-1]),
        cutoffs[-1],
        tuple(cutoffs),
        40,
        30,
        by_customer=False,
    )
    rhythm, rfm = named([VISITS], "rhythm"), named([c for c in cohort.columns if c.startswith("rfm__")], "buying")
    categories = {"region": ["north", "south"]}
    families = (rfm, rhythm, profile({"region": "category"}, ["region"], categories))
    prepared = Prepared(split, Fitted(categories=categories), families, labelled, cohort)

    test = prepared.test
    pair = ModelPair.train(prepared.earlier, test, settings.training, EMBARGO_DAYS, settings.churn)
    noise = np.random.default_rng(5).random(test.height)
    rivals = Opponents(
        {"recency": test[RECENCY].to_numpy(), "chance": noise}, {"last year's spend": test[SPENT].to_numpy()}
    )
    scores = pair.score(test)
    judged = Judged(pair, scores, rivals, evaluate(scores, test, rivals, seed=7))
    kept = {"table": "transactions", "rows": 10, "kept": 9, "quarantined": 1, "not_yet_known": 0}
    tags = {"data_hash": "d" * 64, "config_hash": "c" * 64, "git_commit": "abc", "grade": "A"}
    tags |= {"decision": "promoted", "reason": "the first model"}
    tonight = pair.score(cohort)
    level = "base rate: 0.400 expected on 2026-01-01"
    return Trained(
        settings, prepared, judged, tonight, level, {"tables": {"transactions": kept}}, tags, {"churn": "3", "clv": "4"}
    )
