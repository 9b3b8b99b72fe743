"""A whole company watched: what training keeps, what the night is held against, and what is left behind."""

import polars as pl
import pytest

from configs.settings import Settings
from models.learned_from import CHURNED, EVERYBODY, rates
from models.tracking import load_champion, load_table
from pipelines.monitor import monitor
from pipelines.monitoring.champion import KEPT_FILE
from pipelines.monitoring.history import history
from pipelines.reports.monitor import PAGE_FILE
from tests.flows.conftest import AS_OF, Company

pytestmark = pytest.mark.slow


def kept_by(settings: Settings) -> pl.DataFrame:
    found = load_table(settings, load_champion(settings).version, KEPT_FILE)
    assert found is not None
    return found


def test_training_keeps_counts_and_no_customer(company: Company) -> None:
    kept, champion = kept_by(company.settings), load_champion(company.settings)
    names = {*champion.recipe["features"], "score_of_leaving", "amount_expected", CHURNED}
    assert set(kept["name"]) == names
    assert set(kept["of"]) == {EVERYBODY, "private", "trade", "business"}
    everybody = kept.filter(of=EVERYBODY)
    rows = everybody["counts"].list.eval(pl.element().list.sum())
    assert rows.n_unique() == 1  # each column has the same customers at the same days, by another cut
    assert kept.filter(name="promises__late_sum_90d")["table"].unique().to_list() == ["promises"]
    shares = rates(kept)[EVERYBODY].shares
    assert 0 < shares.min() <= shares.max() < 1


def test_the_night_was_watched_and_a_run_again_replaces_it(company: Company) -> None:
    root = company.settings.root
    before = history(root).filter(day=AS_OF)
    checks = {"age", "features", "scores", "base rate", "columns", "freshness", "volume", "unseen", "quarantined"}
    assert set(before["check"]) == checks
    of_scores = before.filter(check="scores", of=EVERYBODY)
    assert "score_of_leaving" in of_scores["name"] and of_scores["usual"].min() > 0
    shares = before.filter(check="base rate", of=EVERYBODY)
    scores = pl.read_parquet(company.settings.folder_of("published", AS_OF) / "scores.parquet")
    assert shares.filter(name="scored as leaving")["value"][0] == pytest.approx(scores["churn_probability"].mean())
    assert before.filter(level="alarm").is_empty()  # nothing is wrong with the company
    page = (root / PAGE_FILE).read_text()
    assert "Is it still true?" in page and "C000" not in page

    monitor(company.settings, company.cutoff(), company.log)

    assert history(root).filter(day=AS_OF).equals(before)
