"""The whole line on a simulated company: what it publishes, and that running it again is safe."""

import os
from datetime import date, timedelta
from pathlib import Path

import openpyxl
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from configs.errors import DataError, LockError, ModelError
from features.context import Fitted
from features.tables import TABLES
from models.pair import LABELS
from models.tracking import load_champion
from pipelines.build import (
    context_at,
    families_of,
    features_of,
    labelled_features_of,
    open_store,
    tables_by_bucket,
)
from pipelines.nightly import nightly
from pipelines.simulate.oracle import compare_with_truth
from pipelines.storage import MANIFEST, hashes_below, read_json, run_lock
from tests.flows.conftest import AS_OF, Company

# openpyxl does not know the data bars of newer Excel versions, and says so.
pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore:.*extension is not supported:UserWarning")]


def published(company: Company, day: date = AS_OF) -> Path:
    return company.settings.folder_of("published", day)


def test_every_customer_of_the_cohort_has_one_score(company: Company) -> None:
    scores = pl.read_parquet(published(company) / "scores.parquet")
    raw = pl.read_parquet(company.settings.root / "simulated" / "raw" / "transactions.parquet")
    start, end = company.cutoff().days_before(365), company.cutoff().instant
    buyers = raw.filter(pl.col("amount") > 0, pl.col("occurred_at").is_between(start, end, closed="left"))
    objections = pl.read_parquet(company.settings.root / "simulated" / "raw" / "objections.parquet")
    refused = objections.filter(pl.col("kind") == "no_profiling")["customer_id"]
    expected = set(buyers["customer_id"]) - set(refused)
    assert scores["customer_id"].n_unique() == scores.height
    assert set(scores["customer_id"]) == expected
    assert scores["cutoff"].unique().to_list() == [AS_OF]
    assert scores["churn_probability"].is_between(0, 1, closed="none").all()
    sooner, soon, whole = (scores[f"churn_probability{days}"] for days in ("_30d", "_60d", ""))
    assert ((sooner > 0) & (sooner <= soon) & (soon <= whole)).all() and (sooner < soon).any()


def test_every_account_manager_has_a_list_that_says_why(company: Company) -> None:
    lists = published(company) / "lists"
    risk_list = pl.read_parquet(published(company) / "risk_list.parquet")
    customers = pl.read_parquet(company.settings.root / "simulated" / "raw" / "customers.parquet")
    managers = set(customers["account_manager"])
    assert set(risk_list["account_manager"]) == managers
    for ending in ("csv", "xlsx", "html"):
        assert len(list(lists.glob(f"*.{ending}"))) == len(managers) + (ending == "html")  # and the index
    decisions = pl.read_parquet(published(company) / "decisions.parquet")
    assert decisions.filter("would_list").group_by("account_manager").len()["len"].max() <= 25
    assert set(risk_list["customer_id"]) == set(decisions.filter(pl.col("decision") == "listed")["customer_id"])
    assert risk_list["reason_1"].null_count() == 0
    assert risk_list["reason_2"].null_count() < 0.2 * risk_list.height
    weights = risk_list.select("reason_1_shap", "reason_2_shap", "reason_3_shap")
    assert (weights.drop_nulls().min_horizontal() > 0).all()
    silent = risk_list.filter(pl.col("reason_1").str.starts_with("Last order"))
    assert silent.height > 0
    for workbook in lists.glob("*.xlsx"):
        assert openpyxl.load_workbook(workbook).sheetnames[-1] == "About"


def test_who_refused_profiling_is_nowhere_after_ingest(company: Company) -> None:
    root = company.settings.root
    objections = pl.read_parquet(root / "simulated" / "raw" / "objections.parquet")
    bought = pl.read_parquet(root / "simulated" / "raw" / "transactions.parquet")["customer_id"]
    refused = set(objections.filter(pl.col("kind") == "no_profiling")["customer_id"]) & set(bought)
    assert refused
    scored, searched = set(pl.read_parquet(published(company) / "scores.parquet")["customer_id"].head(1)), 0
    found_scored = False
    for file in (path for path in root.rglob("*") if path.is_file() and not path.is_symlink()):
        if file.relative_to(root).parts[0] in ("simulated", "store"):  # the source, and what ingest makes of it
            continue
        searched += 1
        if file.suffix == ".parquet":
            texts = pl.read_parquet(file).select(pl.col(pl.String)).to_dict(as_series=False)
            held = {cell for column in texts.values() for cell in column}
        elif file.suffix == ".xlsx":
            sheets = openpyxl.load_workbook(file).worksheets
            held = {cell for sheet in sheets for row in sheet.values for cell in row}
        else:
            content = file.read_bytes()  # pages, CSV files, manifests, models, the database of MLflow
            held = {customer for customer in refused | scored if customer.encode() in content}
        assert not refused & held, file
        found_scored |= bool(scored & held)
    assert found_scored and searched > 20  # the search would have found somebody
    assert not [line for line in company.lines if any(customer in line for customer in refused)]


def test_only_the_group_reads_lists_and_only_the_owner_the_rest(company: Company) -> None:
    def modes(*names: str) -> set[int]:
        return {(published(company) / name).stat().st_mode & 0o777 for name in names}

    files = {path.relative_to(published(company).resolve()) for path in published(company).resolve().rglob("*.*")}
    assert modes(*(str(file) for file in files if file.parts[0] in ("lists", "team", "risk_list.parquet"))) == {0o640}
    names = ["decisions.parquet", "assignments.parquet", "scores.parquet", "why.parquet"]
    assert modes(*names, "validation.html", "validation.parquet") == {0o600}
    assert modes(".", "lists", "team") == {0o750}


def test_the_numbers_in_a_reason_are_the_customers_own(company: Company) -> None:
    risk_list = pl.read_parquet(published(company) / "risk_list.parquet")
    said = risk_list.select("customer_id", days=pl.col("reason_1").str.extract(r"^Last order (\d+) day").cast(pl.Int64))
    said = said.drop_nulls()
    raw = pl.read_parquet(company.settings.root / "simulated" / "raw" / "transactions.parquet")
    last = raw.filter(pl.col("amount") > 0).group_by("customer_id").agg(pl.col("occurred_at").max())
    joined = said.join(last, on="customer_id")
    silence = pl.lit(company.cutoff().day) - pl.col("occurred_at").dt.date()
    assert joined.height == said.height > 5
    assert joined.select((silence.dt.total_days() == pl.col("days")).all()).item()


def test_the_manifest_names_every_file_and_what_it_was_made_of(company: Company) -> None:
    folder = published(company)
    manifest = read_json(folder / MANIFEST)
    assert manifest["files"] == hashes_below(folder)
    assert manifest["counts"]["scored"] == pl.read_parquet(folder / "scores.parquet").height
    assert {"model_version", "config_hash", "data_hash", "catalogue", "grade", "as_of"} <= set(manifest)
    for table, counts in manifest["counts"]["tables"].items():
        assert counts["rows"] == counts["kept"] + counts["quarantined"] + counts["not_yet_known"], table


def test_running_again_publishes_the_same_bytes_and_no_second_revision(company: Company) -> None:
    before = published(company).resolve()
    hashes = hashes_below(before)
    assert nightly(company.settings, company.cutoff(), company.log) == before
    assert hashes_below(published(company).resolve()) == hashes
    assert os.listdir(before.parent) == [before.name]


def test_an_older_date_is_published_but_does_not_become_current(company: Company) -> None:
    current = company.settings.root / "published" / "current"
    older = AS_OF - timedelta(days=30)
    nightly(company.settings, company.cutoff(older), company.log)
    assert (published(company, older) / MANIFEST).exists()
    assert current.resolve() == published(company).resolve()
    # What the store of the older date holds was known then: nothing at or after it, nothing filled in later.
    store = open_store(company.settings, company.cutoff(older))
    for tables in tables_by_bucket(store):
        for name, rows in tables.items():
            times = [
                c for c in ("known_at", TABLES[name].time, *TABLES[name].late_columns.values()) if c in rows.columns
            ]
            assert rows.select((pl.col(times) >= company.cutoff(older).instant).any()).sum_horizontal().sum() == 0, name


def test_training_and_the_night_build_the_same_matrix(company: Company) -> None:
    settings, store = company.settings, open_store(company.settings, company.cutoff())
    fitted = Fitted.restore(load_champion(settings).recipe["context"])
    assert fitted.parameters and set(fitted.categories) == {"segment", "region"}
    families = families_of(store, settings, fitted)
    cutoffs = [company.cutoff(AS_OF - timedelta(days=days)) for days in (150, 90, 0)]
    together = context_at(store, cutoffs, families, fitted)
    early, tonight = (context_at(store, [cutoff], families, fitted) for cutoff in cutoffs[1:])
    for tables in tables_by_bucket(store):
        trained = labelled_features_of(tables, cutoffs[:2], families, together, settings, cutoffs[-1])
        trained = trained.filter(pl.col("cutoff") == cutoffs[1].day).drop(LABELS)
        alone = features_of(tables, cutoffs[1:2], families, early, settings)
        assert_frame_equal(trained, alone, rel_tol=0, abs_tol=1e-9)
    scored = pl.read_parquet(settings.folder_of("scored", AS_OF) / "features.parquet")
    nightly_matrix = pl.concat(
        features_of(tables, [company.cutoff()], families, tonight, settings) for tables in tables_by_bucket(store)
    )
    assert scored.sort("customer_id").equals(nightly_matrix.sort("customer_id"))


def test_lists_tell_the_day_of_the_last_purchase(company: Company) -> None:
    risk_list = pl.read_parquet(published(company) / "risk_list.parquet")
    sold = pl.read_parquet(company.settings.root / "simulated" / "raw" / "transactions.parquet")
    bought = sold.filter(pl.col("amount") > 0).group_by("customer_id").agg(pl.col("occurred_at").max().dt.date())
    joined = risk_list.join(bought, on="customer_id", how="left")
    assert joined["last_purchase_on"].equals(joined["occurred_at"].alias("last_purchase_on"))


def test_the_model_knows_much_of_what_can_be_known(company: Company) -> None:
    scores = pl.read_parquet(published(company) / "scores.parquet")
    truth = pl.read_parquet(company.settings.root / "simulated" / "truth.parquet")
    comparison = compare_with_truth(scores, truth)
    assert 0.6 < comparison.share_of_possible < 1.05
    joined = scores.join(truth, on=["customer_id", "cutoff"])
    assert joined["churn_probability"].mean() == pytest.approx(joined["churned"].mean(), abs=0.08)


def test_personal_data_stays_in_the_lists(company: Company) -> None:
    customers = pl.read_parquet(company.settings.root / "simulated" / "raw" / "customers.parquet")
    canaries = [value.encode() for value in customers["email"].drop_nulls().head(50)]
    root = company.settings.root
    tracked = [root / "mlflow.db", *(path for path in (root / "mlruns").rglob("*") if path.is_file())]
    said = "\n".join(company.lines).encode()
    for content in (said, *(path.read_bytes() for path in tracked)):
        assert not any(canary in content for canary in canaries)


def test_a_date_without_a_model_or_without_customers_publishes_nothing(company: Company, tmp_path: Path) -> None:
    untrained = company.settings.model_copy(update={"root": tmp_path})
    (tmp_path / "simulated").symlink_to(company.settings.root / "simulated")
    with pytest.raises(ModelError, match="holdfast train"):
        nightly(untrained, company.cutoff(), company.log)
    far = company.cutoff(AS_OF + timedelta(days=2000))
    with pytest.raises(DataError, match="cohort"):
        nightly(company.settings, far, company.log)
    assert not (tmp_path / "published" / AS_OF.isoformat()).exists()
    assert (company.settings.root / "published" / "current").resolve() == published(company).resolve()


def test_a_champion_of_another_definition_or_other_features_is_refused(company: Company) -> None:
    churn = company.settings.churn.model_copy(update={"horizon_days": 60})
    other = company.settings.model_copy(update={"churn": churn})
    with pytest.raises(ModelError, match="horizon_days 90 -> 60"):
        nightly(other, company.cutoff(), company.log)
    sources = {
        name: source
        for name, source in company.settings.sources.items()
        if name not in ("complaints", "complaint_updates")
    }
    fewer = company.settings.model_copy(update={"sources": sources})
    with pytest.raises(ModelError, match="catalogue"):
        nightly(fewer, company.cutoff(), company.log)
    nightly(company.settings, company.cutoff(), company.log)


def test_two_runs_for_one_date_do_not_meet(company: Company) -> None:
    with run_lock(company.settings.root, AS_OF), pytest.raises(LockError, match="under way"):
        nightly(company.settings, company.cutoff(), company.log)
