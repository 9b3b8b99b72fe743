"""The true probability: computed rightly, calibrated, and more than recency can tell."""

from datetime import UTC, date, datetime, timedelta

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal
from sklearn.metrics import roc_auc_score

from pipelines.simulate import truth
from pipelines.simulate.chances import customer_chances, draw_actions
from pipelines.simulate.day import apply_actions, company_day
from pipelines.simulate.event_log import record_nothing
from pipelines.simulate.leaving import leaving_hazard
from pipelines.simulate.population import draw_people
from pipelines.simulate.state import initial_state


def test_silence_a_sign_of_life_and_an_ended_contract_change_the_belief():
    # Predicted alive: 0.8 * (1 - 0.1) = 0.72. Silence has chance (1 - 0.5) * (1 - 0.2) = 0.4 among the living:
    #   no contract:       0.72 * 0.4 / (0.72 * 0.4 + 0.28)             = 0.288 / 0.568
    #   contract goes on:  0.72 * 0.4 / (0.72 * 0.4 + 0.28 * (1 - 1/45)) = 0.288 / (0.288 + 0.28 * 44/45)
    updated = truth.update_belief(
        alive=np.full(4, 0.8),
        hazard=np.full(4, 0.1),
        chances=[np.full(4, 0.5), np.full(4, 0.2)],
        seen=np.array([False, False, True, False]),
        contract=np.array([False, True, True, True]),
        contract_ended=np.array([False, False, False, True]),
    )
    assert updated == pytest.approx([0.288 / 0.568, 0.288 / (0.288 + 0.28 * 44 / 45), 1.0, 0.0])


def test_the_probability_of_no_purchase_equals_counting_customers_who_do_not_buy():
    first_day, day, horizon = date(2024, 11, 1), 5, 40
    people = draw_people(4, 100, np.random.default_rng(8))
    people.joined[:] = -10
    people.purchase_rate[:] = [0.01, 0.03, 0.06, 0.02]
    state = initial_state(people, np.random.default_rng(8))
    state.last_purchase[:] = [-5.0, 2.5, -30.0, -100.0]
    state.complaint_opened[0] = -20.0  # an old open complaint
    state.grievance[:] = [2.5, 0.0, 3.0, 1.0]  # so that leaving counts

    computed = truth.no_purchase_if_alive(people, state, day, first_day, horizon, np.random.default_rng(1))

    copies = np.repeat(np.arange(4), 5_000)
    crowd, crowd_state = people.take(copies), state.take(copies)
    generator = np.random.default_rng(2)
    alive = np.ones(len(copies), dtype=bool)
    bought = np.zeros(len(copies), dtype=bool)
    for today in range(day, day + horizon):
        on = first_day + timedelta(days=today)
        alive &= generator.random(len(copies)) >= leaving_hazard(crowd, crowd_state, today, on)
        done = draw_actions(customer_chances(crowd, crowd_state, today, on), alive, generator)
        bought |= done["buy"]
        apply_actions(crowd, crowd_state, today, done, generator, record_nothing)
        company_day(crowd, crowd_state, today, generator, record_nothing)
    counted = 1 - bought.reshape(4, -1).mean(axis=1)
    assert computed == pytest.approx(counted, abs=0.03)  # four standard errors of 5,000 copies: 0.028


def test_one_row_a_customer_who_bought_within_a_year_for_seven_cutoffs(company):
    assert company.truth["cutoff"].unique().sort().to_list() == [
        company.until - timedelta(days=30 * number) for number in range(6, -1, -1)
    ]
    purchases = company.tables["transactions"].filter(pl.col("amount") > 0)
    for (cutoff,), rows in company.truth.group_by("cutoff"):
        day = purchases["occurred_at"].dt.date()
        active = purchases.filter((day < cutoff) & (day >= cutoff - timedelta(days=365)))["customer_id"].unique()
        assert rows["customer_id"].sort().to_list() == active.sort().to_list()


def test_realised_outcomes_agree_with_the_written_transactions(company):
    cutoff = company.until - timedelta(days=90)  # its horizon ends exactly where the tables end
    start = datetime(cutoff.year, cutoff.month, cutoff.day, tzinfo=UTC)
    later = company.tables["transactions"].filter(pl.col("occurred_at") >= start)
    expected = (
        company.truth.filter(pl.col("cutoff") == cutoff)
        .select("customer_id")
        .join(later, on="customer_id", how="left")
        .group_by("customer_id")
        .agg(
            (~(pl.col("amount") > 0).any()).cast(pl.Int8).alias("churned"),
            (pl.col("amount").sum() - pl.col("cost").sum()).alias("value"),
        )
        .sort("customer_id")
    )
    written = company.truth.filter(pl.col("cutoff") == cutoff).select("customer_id", "churned", "value")
    assert_frame_equal(written, expected, check_exact=False, abs_tol=0.006)
    assert 0 < written["churned"].sum() < written.height


def test_the_truth_is_calibrated(company):
    probability = company.truth["true_churn_probability"].to_numpy()
    churned = company.truth["churned"].to_numpy()
    assert ((probability >= 0) & (probability <= 1)).all()
    for part in np.array_split(np.argsort(probability, kind="stable"), 5):
        expected, realised = probability[part].mean(), churned[part].mean()
        # The cutoffs overlap, so that a customer counts up to three times: the rows are not independent.
        error = np.sqrt(expected * (1 - expected) / (len(part) / 3))
        assert abs(expected - realised) < min(4 * error, 0.05)


def test_the_truth_knows_clearly_more_than_recency_and_less_than_everything(company):
    purchases = company.tables["transactions"].filter(pl.col("amount") > 0)
    latest = purchases.group_by("customer_id").agg(pl.col("occurred_at").max())
    now = company.truth.filter(pl.col("cutoff") == company.until).join(latest, on="customer_id")
    churned = now["churned"].to_numpy()

    of_truth = roc_auc_score(churned, now["true_churn_probability"].to_numpy())
    of_recency = roc_auc_score(churned, -now["occurred_at"].dt.timestamp().to_numpy())

    assert 0.80 < of_truth < 0.92
    assert of_truth - of_recency > 0.03


def test_an_old_open_complaint_raises_the_probability_of_otherwise_equal_customers():
    people = draw_people(1, 100, np.random.default_rng(8)).take(np.zeros(2, dtype=np.int64))
    people.joined[:], people.purchase_rate[:], people.plan[:] = -10, 0.05, -1
    state = initial_state(people, np.random.default_rng(8))
    state.last_purchase[:], state.discount[:] = 29.5, 0.0
    state.complaint_opened[1] = 10.0
    state.grievance[:] = 3.0

    calm, waiting = truth.no_purchase_if_alive(people, state, 30, date(2024, 3, 1), 90, np.random.default_rng(1))

    assert waiting > 1.5 * calm


def test_customers_with_an_old_open_complaint_are_likelier_to_churn_in_the_tables_too(company):
    purchases = company.tables["transactions"].filter(pl.col("amount") > 0)
    means = []
    for (cutoff,), rows in company.truth.group_by("cutoff", maintain_order=True):
        start = datetime(cutoff.year, cutoff.month, cutoff.day, tzinfo=UTC)
        recent = purchases.filter(pl.col("occurred_at").is_between(start - timedelta(days=45), start, closed="left"))
        waiting = company.tables["complaints"].filter(
            pl.col("opened_at") < start - timedelta(days=10),
            pl.col("resolved_at").is_null() | (pl.col("resolved_at") >= start),
        )
        bought_lately = rows.filter(pl.col("customer_id").is_in(recent["customer_id"].to_list()))
        means.append(
            bought_lately.group_by(pl.col("customer_id").is_in(waiting["customer_id"].to_list()).alias("waiting")).agg(
                pl.len(), pl.col("true_churn_probability").sum()
            )
        )
    total = pl.concat(means).group_by("waiting").sum().sort("waiting")
    without, with_complaint = (total["true_churn_probability"] / total["len"]).to_list()
    assert total["len"].min() > 50
    assert with_complaint > 1.25 * without
