"""Commands of the data team: training, choosing a champion, and judging the way models are made."""

from datetime import datetime
from typing import Annotated

import typer

from configs.load import load_settings
from pipelines.commands.options import AsOfOption, ConfigOption, OutputOption, ingested, prepared, under_prefect

app = typer.Typer()
ReasonOption = Annotated[str, typer.Option("--reason", help="Why, for the record.")]


@app.command()
def train(config: ConfigOption, as_of: AsOfOption = None, output: OutputOption = None) -> None:
    """Ingest, then train and register the churn and value models on what was known before a day."""
    from pipelines.nightly import training

    settings, cutoff = prepared(config, output, as_of)
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
    from pipelines.tune import tune as run_tune

    settings, cutoff = prepared(config, output, as_of)
    if trials:
        settings = settings.model_copy(update={"tuning": settings.tuning.model_copy(update={"trials": trials})})
    with ingested(settings, cutoff):
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

    settings, today = prepared(config, output, None)
    run_promote(settings, str(version), reason, today.day, typer.echo)


@app.command()
def rollback(config: ConfigOption, reason: ReasonOption = "", output: OutputOption = None) -> None:
    """Make the champion before the present one champion again."""
    from pipelines.promote import rollback as run_rollback

    settings, today = prepared(config, output, None)
    run_rollback(settings, reason, today.day, typer.echo)


@app.command()
def ablation(config: ConfigOption, as_of: AsOfOption = None, output: OutputOption = None) -> None:
    """Ingest, then say what each family of features is worth to the churn model, out of time."""
    from pipelines.ablation import ablate

    settings, cutoff = prepared(config, output, as_of)
    with ingested(settings, cutoff):
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
    from pipelines.reports.backtest import backtest_page

    settings, cutoff = prepared(config, output, as_of)
    days = backtest_days(settings, cutoff.day, first and first.date(), last and last.date(), every)
    with ingested(settings, cutoff):
        found = run_backtest(settings, cutoff, days, typer.echo, compare_value)
    folder = settings.root / "backtest"
    folder.mkdir(parents=True, exist_ok=True)
    found.cutoffs.write_csv(folder / "days.csv")
    found.ahead.write_csv(folder / "ahead.csv")
    (folder / "index.html").write_text(backtest_page(found, settings.company or settings.name), encoding="utf-8")
    typer.echo(f"written to {folder / 'index.html'}")
