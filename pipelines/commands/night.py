"""Commands of every night, and of keeping its store in order."""

from datetime import datetime
from typing import Annotated, Literal

import typer

from configs.errors import ConfigError
from configs.load import load_settings
from pipelines.commands.options import AsOfOption, ConfigOption, OutputOption, prepared, under_prefect

app = typer.Typer()


@app.command()
def ingest(
    config: ConfigOption,
    as_of: AsOfOption = None,
    afresh: Annotated[
        bool, typer.Option("--afresh", help="Read sources that are read incrementally as a whole once more.")
    ] = False,
    output: OutputOption = None,
) -> None:
    """Read, validate and store the source tables as they were known before a day."""
    from pipelines.ingest import ingest as run_ingest
    from pipelines.storage import run_lock

    settings, cutoff = prepared(config, output, as_of)
    with run_lock(settings.root, cutoff.day):
        run_ingest(settings, cutoff, typer.echo, afresh)


@app.command()
def score(config: ConfigOption, as_of: AsOfOption = None, output: OutputOption = None) -> None:
    """Score the customers of a day that was ingested, with the champion."""
    from pipelines.score import score as run_score
    from pipelines.storage import run_lock

    settings, cutoff = prepared(config, output, as_of)
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

    settings, cutoff = prepared(config, output, as_of)
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
def send(config: ConfigOption, output: OutputOption = None) -> None:
    """Send publications to the sinks configured that do not hold them yet, or not as they are now."""
    from pipelines.sinks.send import send as run_send

    settings, today = prepared(config, output, None)
    typer.echo(f"{run_send(settings, today.day, typer.echo):,} sent")


@app.command()
def deploy(config: ConfigOption, output: OutputOption = None) -> None:
    """Tell the Prefect server of PREFECT_API_URL when to run the night, the training, the monitoring and the report."""
    from pipelines.deploy import deploy as run_deploy

    if not under_prefect():
        raise ConfigError("PREFECT_API_URL names no server. Start one with `make server`, and set it.")
    run_deploy(config, load_settings(config, output), typer.echo)


@app.command()
def erase(
    config: ConfigOption,
    customer: Annotated[str, typer.Option("--customer", help="The customer's id, as in the sources.")],
    output: OutputOption = None,
) -> None:
    """Remove a customer from everything that is kept here, for good."""
    from pipelines.erase import erase as run_erase

    settings, today = prepared(config, output, None)
    run_erase(settings, customer, today.day, typer.echo)
