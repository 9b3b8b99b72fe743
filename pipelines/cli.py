"""The command line: the only place that reads a clock, and that turns errors into exit codes."""

import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Literal

import typer

from configs.errors import ConfigError, DataError, HoldfastError, PublishError
from configs.load import load_settings
from configs.settings import Settings
from features.time import Cutoff
from pipelines.commands.web import register as register_web

app = typer.Typer(
    help="Who is about to leave, what each is worth, why, and what to do by when.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
outcomes = typer.Typer(help="What came of the customers who were listed.", no_args_is_help=True)
app.add_typer(outcomes, name="outcomes")
DEMO = Path("configs/demo.toml")
ConfigOption = Annotated[Path, typer.Option("--config", help="Configuration file (TOML).")]
AsOfOption = Annotated[
    datetime | None, typer.Option("--as-of", formats=["%Y-%m-%d"], help="Only what was known before this day counts.")
]
OutputOption = Annotated[
    Path | None, typer.Option("--output", help="Folder for everything the run writes, instead of the configured root.")
]
ReasonOption = Annotated[str, typer.Option("--reason", help="Why, for the record.")]


def main() -> None:
    """Run the command line; ends with the exit code of the error that stopped it."""
    try:
        app()
    except HoldfastError as error:
        _fail(error)
    except OSError as error:
        _fail(
            PublishError(f"{error.filename or 'the output folder'}: {error.strerror}. Free space, or mend the rights.")
        )


def _fail(error: HoldfastError) -> None:
    typer.echo(f"holdfast: {error}", err=True)
    sys.exit(error.exit_code)


def _prepared(config: Path, output: Path | None, as_of: datetime | None) -> tuple[Settings, Cutoff]:
    """Settings, and the cutoff: the given day or today, in the business time zone."""
    settings = load_settings(config, output)
    day = as_of.date() if as_of else datetime.now(settings.zone).date()
    return settings, Cutoff(day, settings.zone)


@app.command()
def simulate(
    config: ConfigOption = DEMO,
    customers: Annotated[int, typer.Option(min=50, help="Customers of the simulated company.")] = 2000,
    seed: Annotated[int, typer.Option(min=0, help="Seed: the same seed gives the same company.")] = 1,
    until: Annotated[
        datetime | None,
        typer.Option(
            "--until", "--as-of", formats=["%Y-%m-%d"], help="Events happen before this day (default: today)."
        ),
    ] = None,
    output: OutputOption = None,
) -> None:
    """Write the raw tables of a made-up company, and apart from them the true probabilities of leaving."""
    from pipelines.simulate.company import simulate as simulate_company

    settings, cutoff = _prepared(config, output, until)
    folder = settings.root / "simulated"
    simulate_company(folder, customers, seed, cutoff.day, horizon_days=settings.churn.horizon_days)
    typer.echo(f"simulated: {customers:,} customers until {cutoff.day}, in {folder}")


@app.command()
def ingest(config: ConfigOption, as_of: AsOfOption = None, output: OutputOption = None) -> None:
    """Read, validate and store the source tables as they were known before a day."""
    from pipelines.ingest import ingest as run_ingest
    from pipelines.storage import run_lock

    settings, cutoff = _prepared(config, output, as_of)
    with run_lock(settings.root, cutoff.day):
        run_ingest(settings, cutoff, typer.echo)


@app.command()
def train(config: ConfigOption, as_of: AsOfOption = None, output: OutputOption = None) -> None:
    """Ingest, then train and register the churn and value models on what was known before a day."""
    from pipelines.nightly import training

    settings, cutoff = _prepared(config, output, as_of)
    if under_prefect():
        from pipelines.flows import training_flow

        training_flow(str(config), cutoff.day, str(settings.root))
    else:
        training(settings, cutoff, typer.echo)


@app.command()
def tune(
    config: ConfigOption,
    as_of: AsOfOption = None,
    trials: Annotated[
        int | None, typer.Option(min=1, help="Settings tried in all, those of earlier runs for the day included.")
    ] = None,
    output: OutputOption = None,
) -> None:
    """Ingest, then search for better settings of the churn model's trees; `train` uses what was found."""
    from pipelines.ingest import ingest as run_ingest
    from pipelines.storage import run_lock
    from pipelines.tune import tune as run_tune

    settings, cutoff = _prepared(config, output, as_of)
    if trials:
        settings = settings.model_copy(update={"tuning": settings.tuning.model_copy(update={"trials": trials})})
    with run_lock(settings.root, cutoff.day):
        run_ingest(settings, cutoff, typer.echo)
        run_tune(settings, cutoff, typer.echo)


@app.command()
def models(config: ConfigOption, output: OutputOption = None) -> None:
    """List the versions of the churn model, with their figures and every decision about them."""
    from pipelines.promote import overview

    for line in overview(load_settings(config, output)):
        typer.echo(line)


@app.command()
def promote(
    config: ConfigOption,
    version: Annotated[int, typer.Option(min=1, help="Version of the churn model, as `holdfast models` lists it.")],
    reason: ReasonOption = "",
    output: OutputOption = None,
) -> None:
    """Make a version of the churn model, and the value model trained with it, champion."""
    from pipelines.promote import promote as run_promote

    settings, today = _prepared(config, output, None)
    run_promote(settings, str(version), reason, today.day, typer.echo)


@app.command()
def rollback(config: ConfigOption, reason: ReasonOption = "", output: OutputOption = None) -> None:
    """Make the champion before the present one champion again."""
    from pipelines.promote import rollback as run_rollback

    settings, today = _prepared(config, output, None)
    run_rollback(settings, reason, today.day, typer.echo)


@app.command()
def score(config: ConfigOption, as_of: AsOfOption = None, output: OutputOption = None) -> None:
    """Score the customers of a day that was ingested, with the champion."""
    from pipelines.score import score as run_score
    from pipelines.storage import run_lock

    settings, cutoff = _prepared(config, output, as_of)
    with run_lock(settings.root, cutoff.day):
        run_score(settings, cutoff, typer.echo)


@app.command()
def nightly(
    config: ConfigOption,
    as_of: AsOfOption = None,
    explain: Annotated[
        Literal["listed", "all"],
        typer.Option(help="Whom to explain: who is listed, or also, in explanations.parquet, all who are scored."),
    ] = "listed",
    output: OutputOption = None,
) -> None:
    """Ingest, score, choose whom to call, and publish the lists of a day."""
    from pipelines.nightly import nightly as run_nightly

    settings, cutoff = _prepared(config, output, as_of)
    if under_prefect():
        from pipelines.flows import nightly_flow

        nightly_flow(str(config), cutoff.day, str(settings.root), explain)
    else:
        run_nightly(settings, cutoff, typer.echo, explain=explain)


@app.command()
def backfill(
    config: ConfigOption,
    first: Annotated[datetime, typer.Option("--from", formats=["%Y-%m-%d"], help="First day.")],
    last: Annotated[datetime, typer.Option("--to", formats=["%Y-%m-%d"], help="Last day.")],
    output: OutputOption = None,
) -> None:
    """Publish past days in order, each from what was known then; days that are complete are skipped."""
    from pipelines.backfill import backfill as run_backfill

    run_backfill(load_settings(config, output), first.date(), last.date(), typer.echo)


@app.command()
def erase(
    config: ConfigOption,
    customer: Annotated[str, typer.Option("--customer", help="The customer's id, as in the sources.")],
    output: OutputOption = None,
) -> None:
    """Remove a customer from everything that is kept here, for good."""
    from pipelines.erase import erase as run_erase

    settings, today = _prepared(config, output, None)
    run_erase(settings, customer, today.day, typer.echo)


@app.command()
def deploy(config: ConfigOption, output: OutputOption = None) -> None:
    """Tell the Prefect server of PREFECT_API_URL when to run the nightly job and the training."""
    from pipelines.deploy import deploy as run_deploy

    if not under_prefect():
        raise ConfigError("PREFECT_API_URL names no server. Start one with `make server`, and set it.")
    run_deploy(config, load_settings(config, output), typer.echo)


@outcomes.command("import")
def import_outcomes(
    files: Annotated[list[Path], typer.Argument(help="Lists that came back: Excel or CSV, answers filled in.")],
    config: ConfigOption,
    as_of: AsOfOption = None,
    output: OutputOption = None,
) -> None:
    """Keep what account managers filled in; it counts from the next day on, once that is ingested."""
    from pipelines.outcomes import import_outcomes as run_import

    settings, cutoff = _prepared(config, output, as_of)
    added = run_import(settings, cutoff, files, typer.echo)
    typer.echo(f"{added:,} new answers, known from {cutoff.day} on")


@app.command()
def features(
    config: ConfigOption,
    as_of: AsOfOption = None,
    cutoffs: Annotated[int, typer.Option(min=1, help="How many cutoffs, the last one the as-of date.")] = 1,
    every: Annotated[int, typer.Option(min=1, help="Days between them.")] = 30,
    families: Annotated[str, typer.Option(help="Names of families, separated by commas; default: all.")] = "",
    output: OutputOption = None,
) -> None:
    """Ingest, then write the feature matrix to `features/` as Parquet, for exploring."""
    from pipelines.explore import explore
    from pipelines.ingest import ingest as run_ingest
    from pipelines.storage import run_lock

    settings, cutoff = _prepared(config, output, as_of)
    only = [name.strip() for name in families.split(",") if name.strip()]
    with run_lock(settings.root, cutoff.day):
        run_ingest(settings, cutoff, typer.echo)
        explore(settings, cutoff, cutoffs, every, only, typer.echo)


@app.command()
def features_doc(
    file: Annotated[Path, typer.Option(help="Markdown file to write.")] = Path("features/DICTIONARY.md"),
) -> None:
    """Write the feature dictionary: every feature with its meaning, unit, window, source, fill and sentences."""
    from features.document import markdown
    from features.registry import FAMILIES

    file.write_text(markdown(FAMILIES), encoding="utf-8")
    typer.echo(f"{file}: {sum(len(family.feature_columns()) for family in FAMILIES):,} features")


@app.command()
def ablation(config: ConfigOption, as_of: AsOfOption = None, output: OutputOption = None) -> None:
    """Ingest, then say what each family of features is worth to the churn model, out of time."""
    from pipelines.ablation import ablate
    from pipelines.ingest import ingest as run_ingest
    from pipelines.storage import run_lock

    settings, cutoff = _prepared(config, output, as_of)
    with run_lock(settings.root, cutoff.day):
        run_ingest(settings, cutoff, typer.echo)
        table = ablate(settings, cutoff, typer.echo)
    file = settings.root / "ablation.csv"
    table.write_csv(file)
    typer.echo(f"written to {file}")


@app.command()
def backtest(
    config: ConfigOption,
    as_of: AsOfOption = None,
    first: Annotated[datetime | None, typer.Option("--from", formats=["%Y-%m-%d"], help="First day.")] = None,
    last: Annotated[datetime | None, typer.Option("--to", formats=["%Y-%m-%d"], help="Last day.")] = None,
    every: Annotated[int, typer.Option(min=1, help="Days between them.")] = 30,
    compare_value: Annotated[bool, typer.Option(help="Compare the ways to learn value, too.")] = False,
    output: OutputOption = None,
) -> None:
    """Ingest, then train and score as of many past days, and hold the scores against what happened."""
    from pipelines.backtest import backtest as run_backtest
    from pipelines.backtest import backtest_days
    from pipelines.ingest import ingest as run_ingest
    from pipelines.reports.backtest import backtest_page
    from pipelines.storage import run_lock

    settings, cutoff = _prepared(config, output, as_of)
    days = backtest_days(settings, cutoff.day, first and first.date(), last and last.date(), every)
    with run_lock(settings.root, cutoff.day):
        run_ingest(settings, cutoff, typer.echo)
        found = run_backtest(settings, cutoff, days, typer.echo, compare_value)
    folder = settings.root / "backtest"
    folder.mkdir(parents=True, exist_ok=True)
    found.cutoffs.write_csv(folder / "days.csv")
    found.ahead.write_csv(folder / "ahead.csv")
    (folder / "index.html").write_text(backtest_page(found, settings.company or settings.name), encoding="utf-8")
    typer.echo(f"written to {folder / 'index.html'}")


@app.command()
def effect(
    config: ConfigOption,
    as_of: AsOfOption = None,
    by: Annotated[
        str | None, typer.Option(help="Measure groups apart too: account_manager, or a column of the customers.")
    ] = None,
    output: OutputOption = None,
) -> None:
    """Ingest, then say what acting on the listed customers brought, against the controls."""
    from pipelines.effect import measure
    from pipelines.ingest import ingest as run_ingest
    from pipelines.reports.effect import in_words, write_effect
    from pipelines.storage import run_lock

    settings, cutoff = _prepared(config, output, as_of)
    with run_lock(settings.root, cutoff.day):
        run_ingest(settings, cutoff, typer.echo)
        found = measure(settings, cutoff, by, typer.echo)
        if found is None:
            return
        for line in in_words(found, settings.currency):
            typer.echo(line)
        typer.echo(f"written to {write_effect(settings, cutoff, found) / 'index.html'}")


@app.command()
def realised(
    config: ConfigOption,
    as_of: AsOfOption = None,
    again: Annotated[bool, typer.Option(help="Hold days again that were held before.")] = False,
    output: OutputOption = None,
) -> None:
    """Ingest, then hold past publications whose horizons are over against what happened."""
    from pipelines.ingest import ingest as run_ingest
    from pipelines.realised import FIGURES_FILE, realise
    from pipelines.storage import run_lock

    settings, cutoff = _prepared(config, output, as_of)
    with run_lock(settings.root, cutoff.day):
        run_ingest(settings, cutoff, typer.echo)
        if realise(settings, cutoff, again, typer.echo).height:
            typer.echo(f"written to {settings.root / FIGURES_FILE}")


@app.command()
def oracle(config: ConfigOption = DEMO, as_of: AsOfOption = None, output: OutputOption = None) -> None:
    """Hold the scores of a simulated company against its true probabilities."""
    import polars as pl

    from pipelines.simulate.oracle import compare_with_truth

    settings, cutoff = _prepared(config, output, as_of)
    scores = settings.folder_of("published", cutoff.day) / "scores.parquet"
    truth = settings.root / "simulated" / "truth.parquet"
    for needed, command in ((scores, f"holdfast nightly --as-of {cutoff.day}"), (truth, "holdfast simulate")):
        if not needed.exists():
            raise DataError(f"{needed}: no such file. Run `{command}` first.")
    try:
        comparison = compare_with_truth(pl.read_parquet(scores), pl.read_parquet(truth))
    except ValueError as error:
        raise DataError(str(error)) from None
    for line in comparison.lines():
        typer.echo(line)


register_web(app, lambda: datetime.now(UTC))


def under_prefect() -> bool:
    """Whether runs are recorded by a Prefect server: only where one was named, so that none is started unasked."""
    return bool(os.environ.get("PREFECT_API_URL"))


if __name__ == "__main__":
    main()
