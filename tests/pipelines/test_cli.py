"""The command line: help, exit codes, and the only clock."""

import sys
from collections.abc import Callable
from datetime import UTC, datetime, tzinfo
from pathlib import Path

import polars as pl
import pytest
from typer.core import TyperGroup
from typer.main import get_command
from typer.testing import CliRunner

import pipelines.commands.options
from configs.errors import ModelError, PublishError
from pipelines.cli import app, main
from pipelines.storage import champion_lock, run_lock

CONFIG = """
name = "bakery"
root = "{root}"
business_timezone = "{zone}"

[sources.transactions]
path = "{root}/sales.csv"
"""
SALES = "transaction_id,customer_id,occurred_at,amount\nT1,C1,2024-05-31,10\n"
COMMANDS = (
    "simulate",
    "ingest",
    "train",
    "tune",
    "score",
    "nightly",
    "features",
    "ablation",
    "backtest",
    "effect",
    "report",
    "oracle",
)
BY_HAND = ("models", "promote", "rollback")
Run = Callable[..., int]


@pytest.fixture
def config(tmp_path: Path) -> Path:
    (tmp_path / "sales.csv").write_text(SALES)
    path = tmp_path / "bakery.toml"
    path.write_text(CONFIG.format(root=tmp_path, zone="Pacific/Auckland"))
    return path


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs `holdfast` with these arguments; returns the exit code."""
    monkeypatch.delenv("PREFECT_API_URL", raising=False)

    def call(*arguments: object) -> int:
        monkeypatch.setattr(sys, "argv", ["holdfast", *map(str, arguments)])
        with pytest.raises(SystemExit) as stopped:
            main()
        return int(stopped.value.code or 0)

    return call


def test_help_lists_every_command_with_a_line() -> None:
    lines = CliRunner().invoke(app, ["--help"], env={"COLUMNS": "200"}).output.splitlines()

    found = get_command(app)
    assert isinstance(found, TyperGroup)
    explained = {name: str(command.help)[:40] for name, command in found.commands.items()}
    assert {*COMMANDS, *BY_HAND, "outcomes"} <= set(explained)
    for command, words in explained.items():
        assert any(command in line and words in line for line in lines)


@pytest.mark.parametrize("command", [*COMMANDS, *BY_HAND])
def test_every_command_explains_its_options(command: str) -> None:
    result = CliRunner().invoke(app, [command, "--help"], env={"COLUMNS": "200"})

    assert result.exit_code == 0
    assert "--config" in result.output and "Configuration file" in result.output


def test_features_and_their_dictionary(run: Run, config: Path, tmp_path: Path) -> None:
    assert run("features", "--config", config, "--as-of", "2024-06-02", "--cutoffs", "2", "--every", "1") == 0
    found = pl.read_parquet(tmp_path / "features")
    assert found["rfm__orders_count_7d"].to_list() == [1, 1]
    assert run("features", "--config", config, "--as-of", "2024-06-02", "--families", "rfm,ties") == 2
    assert run("features-doc", "--file", tmp_path / "dictionary.md") == 0
    assert "`rfm__orders_count_7d`" in (tmp_path / "dictionary.md").read_text()


def test_lists_that_come_back(run: Run, config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    helped = CliRunner().invoke(app, ["outcomes", "import", "--help"], env={"COLUMNS": "200"})
    assert helped.exit_code == 0 and "Lists that came back" in helped.output
    (tmp_path / "anna.csv").write_text("List,Customer ID,Outcome,Snooze until,Note\n2024-06-01 bakery,C1,lost,,\n")
    published = tmp_path / "published" / ".revisions" / "2024-06-01" / "1"
    published.mkdir(parents=True)
    listed = {"customer_id": ["C1"], "account_manager": ["Anna"]}
    pl.DataFrame(listed).write_parquet(published / "risk_list.parquet")
    command = ("outcomes", "import", tmp_path / "anna.csv", "--config", config, "--as-of")
    assert run(*command, "2024-05-31") == 3
    assert run(*command, "2024-06-02") == 0
    said = capsys.readouterr()
    assert said.out.splitlines() == ["file 1 of 1: 1 answers, 1 of them new", "1 new answers, known from 2024-06-02 on"]
    assert "Anna" not in said.out + said.err


def test_an_effect_needs_publications(run: Run, config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("effect", "--config", config, "--as-of", "2024-06-02") == 3
    assert "no publication before 2024-06-02 would have listed a customer" in capsys.readouterr().err


def test_success(run: Run, config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("ingest", "--config", config, "--as-of", "2024-06-01") == 0

    assert capsys.readouterr().out == "transactions: 1 rows = 1 kept + 0 quarantined + 0 not yet known\n"
    assert (tmp_path / "store" / "2024-06-01" / "manifest.json").exists()


def test_output_goes_elsewhere(run: Run, config: Path, tmp_path: Path) -> None:
    assert run("ingest", "--config", config, "--as-of", "2024-06-01", "--output", tmp_path / "other") == 0

    assert (tmp_path / "other" / "store" / "2024-06-01").exists() and not (tmp_path / "store").exists()


def test_a_wrong_configuration_ends_with_2(run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("ingest", "--config", tmp_path / "absent.toml") == 2

    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith("holdfast: ") and "absent.toml: no such file" in printed.err
    assert "Traceback" not in printed.err


@pytest.mark.parametrize("arguments", [("ingest",), ("ingest", "--as-of", "June"), ("bake",)])
def test_wrong_arguments_end_with_2(arguments: tuple[str, ...], run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(*arguments) == 2

    assert "Traceback" not in capsys.readouterr().err


def test_bad_data_ends_with_3(run: Run, config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "sales.csv").unlink()

    assert run("ingest", "--config", config, "--as-of", "2024-06-01") == 3
    error = capsys.readouterr().err
    first, second = error.splitlines()
    assert first.startswith("holdfast: [sources.transactions] ") and second.startswith("Every check is in ")
    assert run("score", "--config", config, "--as-of", "2024-06-01") == 3
    assert "Run `holdfast ingest --as-of 2024-06-01`" in capsys.readouterr().err


def test_training_reads_the_tuned_settings(
    run: Run, config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "tuned.json").write_text("{")

    assert run("train", "--config", config, "--as-of", "2024-06-01") == ModelError.exit_code == 5
    assert "tuned.json: " in (error := capsys.readouterr().err) and "Delete the file, or run `holdfast tune`" in error


def test_a_run_for_the_same_date_ends_with_6(
    run: Run, config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with run_lock(tmp_path, datetime(2024, 6, 1).date()):
        for command in ("ingest", "train", "tune", "score", "nightly"):
            assert run(command, "--config", config, "--as-of", "2024-06-01") == 6
            assert "another run for 2024-06-01 is under way" in capsys.readouterr().err


def test_deciding_by_hand_without_a_model_ends_with_5_and_during_a_training_with_6(
    run: Run, config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("models", "--config", config) == 0
    assert capsys.readouterr().out == "no model is registered yet. Run `holdfast train` first.\n"
    assert run("promote", "--config", config, "--version", "3", "--reason", "better") == ModelError.exit_code == 5
    assert "'churn' has no version 3. There are: none" in capsys.readouterr().err
    assert run("rollback", "--config", config) == 5
    assert "no champion is on record at all" in capsys.readouterr().err
    for version in ("0", "three", ""):
        assert run("promote", "--config", config, "--version", version) == 2
    with champion_lock(tmp_path):
        assert run("promote", "--config", config, "--version", "3") == run("rollback", "--config", config) == 6


def test_a_full_disk_ends_with_7(
    run: Run, config: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(*arguments: object) -> None:
        raise OSError(28, "No space left on device", "/data/store")

    monkeypatch.setattr("pipelines.ingest.commit", full)

    assert run("ingest", "--config", config, "--as-of", "2024-06-01") == PublishError.exit_code == 7
    assert capsys.readouterr().err == (
        "holdfast: /data/store: No space left on device. Free space, or mend the rights.\n"
    )


def test_a_sink_that_is_away_ends_with_7(
    run: Run, config: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("send", "--config", config) == 0  # to nowhere: none is configured
    monkeypatch.setattr("pipelines.database.time.sleep", lambda seconds: None)
    monkeypatch.setenv("LISTS_DATABASE", "postgresql://shop:hunter2@127.0.0.1:1/lists")
    config.write_text(config.read_text() + '[publication]\ndatabase = "${LISTS_DATABASE}"\n')

    assert run("send", "--config", config) == PublishError.exit_code == 7
    said = capsys.readouterr().err
    assert "but not sent. [publication] database: schema holdfast could not be written" in said
    assert "hunter2" not in said


def test_without_a_date_it_is_today_in_the_business_zone(
    run: Run, config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Late(datetime):
        """A clock that stands at 23:30 UTC on the last of May: in Auckland it is June."""

        @classmethod
        def now(cls, tz: tzinfo | None = None) -> datetime:  # ty: ignore[incompatible-method-override]
            return datetime(2024, 5, 31, 23, 30, tzinfo=UTC).astimezone(tz)

    monkeypatch.setattr(pipelines.commands.options, "datetime", Late)

    assert run("ingest", "--config", config) == 0
    assert [path.name for path in (tmp_path / "store").iterdir() if path.is_symlink()] == ["2024-06-01"]


def test_a_link_to_the_web_app_is_printed_and_ended(tmp_path: Path) -> None:
    given = ["--config", "configs/demo.toml", "--output", str(tmp_path), "--user", "anna"]
    link = CliRunner().invoke(app, ["invite", *given, "--role", "manager"]).stdout

    assert link.startswith("http://127.0.0.1:8000/sign-in?secret=") and link.count("\n") == 1
    assert CliRunner().invoke(app, ["revoke", *given]).stdout == "anna: signed out everywhere\n"
