"""The command that tells how the relationship as a whole stands."""

import typer

from pipelines.commands.options import AsOfOption, ConfigOption, OutputOption, ingested, prepared

app = typer.Typer()


@app.command()
def report(config: ConfigOption, as_of: AsOfOption = None, output: OutputOption = None) -> None:
    """Ingest, then report on the month before a day: satisfaction, loyalty, profitability, retention, segments."""
    from pipelines.monthly import report as run_report

    settings, cutoff = prepared(config, output, as_of)
    with ingested(settings, cutoff):
        run_report(settings, cutoff, typer.echo)
