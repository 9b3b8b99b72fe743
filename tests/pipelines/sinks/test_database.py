"""Publications in a real PostgreSQL: whole days, the newest in views, nothing half done."""

import json
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import polars as pl
import pytest
from adbc_driver_postgresql import dbapi

from configs.errors import DependencyError, PublishError
from configs.settings import Settings
from pipelines.erase import erase
from pipelines.sinks.database import DatabaseSink
from pipelines.sinks.send import send
from tests.pipelines.sinks.conftest import DAY, Publish, with_sinks

Ask = Callable[[str], list[tuple[Any, ...]]]
BEFORE = DAY - timedelta(days=1)


def silent(_: str) -> None: ...


@pytest.fixture
def ask(postgresql: str) -> Ask:
    def rows(query: str) -> list[tuple[Any, ...]]:
        with dbapi.connect(postgresql, autocommit=True) as connection, connection.cursor() as cursor:
            cursor.execute(query)
            return cursor.fetchall() if cursor.description else []

    return rows


SCORES = "select as_of, customer_id, churn_probability from holdfast.{} order by 1, 2"


def test_a_day_is_held_as_it_is(to_database: Settings, publish: Publish, ask: Ask) -> None:
    publish(A1=0.75, B2=0.25)
    lines: list[str] = []

    assert send(to_database, DAY, lines.append) == 1

    assert lines == ["[publication] database: sent 2026-06-15"]
    assert (
        ask(SCORES.format("scores")) == [(DAY, "A1", 0.75), (DAY, "B2", 0.25)] == ask(SCORES.format("current_scores"))
    )
    [(rank, history)] = ask("select rank, probability_history from holdfast.current_lists")
    assert rank == 1 and json.loads(history) == [{"day": "2026-06-14", "churn_probability": 0.25}]
    [(as_of, revision, manifest)] = ask("select as_of, revision, manifest from holdfast.publications")
    assert (as_of, revision, json.loads(manifest)["model_version"]) == (DAY, 1, "1")


def test_a_day_is_sent_once_and_a_run_again_replaces_it(to_database: Settings, publish: Publish, ask: Ask) -> None:
    publish(A1=0.75, B2=0.25)

    assert [send(to_database, DAY, silent), send(to_database, DAY, silent)] == [1, 0]
    publish(B2=0.5)
    assert send(to_database, DAY, silent) == 1

    assert ask(SCORES.format("scores")) == [(DAY, "B2", 0.5)]
    assert ask("select * from holdfast.lists") == []
    assert ask("select revision from holdfast.publications") == [(2,)]


def test_an_older_day_never_becomes_current(to_database: Settings, publish: Publish, ask: Ask) -> None:
    publish(DAY, A1=0.75)
    send(to_database, DAY, silent)
    publish(BEFORE, A1=0.5)
    send(to_database, DAY, silent)

    assert ask(SCORES.format("scores")) == [(BEFORE, "A1", 0.5), (DAY, "A1", 0.75)]
    assert ask(SCORES.format("current_scores")) == [(DAY, "A1", 0.75)]


def test_a_later_column_is_added(to_database: Settings, publish: Publish, ask: Ask) -> None:
    publish(BEFORE, A1=0.75)
    send(to_database, DAY, silent)
    publish(DAY, more=pl.lit(date(2026, 7, 1)).alias("act_by"), A1=0.5)
    send(to_database, DAY, silent)

    assert ask("select as_of, act_by from holdfast.scores order by 1") == [(BEFORE, None), (DAY, date(2026, 7, 1))]
    assert ask("select act_by from holdfast.current_scores") == [(date(2026, 7, 1),)]


def test_a_day_that_fails_amid_it_changes_nothing_and_is_made_up_for(
    to_database: Settings, publish: Publish, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(A1=0.75)
    send(to_database, DAY, silent)
    publish(A1=0.5)
    fingerprint = "pipelines.outreach.history.Published.fingerprint"
    with monkeypatch.context() as patch:
        patch.setattr(fingerprint, property(lambda published: None))  # which the last statement refuses
        with pytest.raises(PublishError, match="but not sent. .*schema holdfast could not be written .*SQLSTATE 23502"):
            send(to_database, DAY, silent)
    assert ask(SCORES.format("scores")) == [(DAY, "A1", 0.75)]
    publish(DAY + timedelta(days=1), A1=0.5)

    assert send(to_database, DAY, silent) == 2

    assert ask(SCORES.format("scores")) == [(DAY, "A1", 0.5), (DAY + timedelta(days=1), "A1", 0.5)]


def test_a_database_that_is_away(to_database: Settings, publish: Publish, monkeypatch: pytest.MonkeyPatch) -> None:
    waited: list[float] = []
    monkeypatch.setattr("pipelines.database.time.sleep", waited.append)
    monkeypatch.setenv("LISTS_DATABASE", "postgresql://shop:hunter2@127.0.0.1:1/lists")
    done = publish(A1=0.75)

    with pytest.raises(PublishError) as said:
        send(to_database, DAY, silent)

    assert said.value.exit_code == 7 and "holdfast send" in str(said.value) and "hunter2" not in str(said.value)
    assert waited == [2.0, 5.0]
    assert (to_database.root / "published" / "current").resolve() == done


def test_who_may_not_write_is_told(to_database: Settings, ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    ask("create role reader login")
    address = DatabaseSink(to_database).address.replace("postgres:@", "reader:@")
    monkeypatch.setenv("LISTS_DATABASE", address)

    with pytest.raises(DependencyError, match=r"SQLSTATE 42501\). Check .* that its user owns the schema"):
        DatabaseSink(to_database).held()
    ask("drop role reader")


def test_days_beyond_retention_are_removed_and_lost_ones_kept(
    to_database: Settings, publish: Publish, ask: Ask
) -> None:
    old = DAY - timedelta(days=31)
    for day in (old, BEFORE, DAY):
        publish(day, A1=0.75)
    send(to_database, DAY, silent)
    for day in (old, BEFORE):
        (to_database.root / "published" / day.isoformat()).unlink()
    retention = to_database.retention.model_copy(update={"published_days": 30})

    send(to_database.model_copy(update={"retention": retention}), DAY, silent)

    assert ask("select as_of from holdfast.publications order by 1") == [(BEFORE,), (DAY,)]
    assert {as_of for as_of, *_ in ask(SCORES.format("scores"))} == {BEFORE, DAY}


def test_who_is_erased_is_gone_from_there_as_well(to_database: Settings, publish: Publish, ask: Ask) -> None:
    publish(BEFORE, A1=0.75, B2=0.25)
    publish(DAY, A1=0.75)
    send(to_database, DAY, silent)

    erase(to_database, "A1", DAY, silent)

    assert ask(SCORES.format("scores")) == [(BEFORE, "B2", 0.25)]
    assert ask("select * from holdfast.lists") == []


def test_another_schema_and_tables_of_others_are_left_alone(to_database: Settings, publish: Publish, ask: Ask) -> None:
    ask("create schema crm")
    ask("create table crm.notes as select date '2026-06-15' as as_of")
    publish(A1=0.75)

    send(with_sinks(to_database, database_schema="crm"), DAY, silent)
    publish(A1=0.5)
    send(with_sinks(to_database, database_schema="crm"), DAY, silent)

    assert ask("select churn_probability from crm.current_scores") == [(0.5,)]
    assert ask("select count(*) from crm.notes") == [(1,)]
