"""The command that tells how the relationship as a whole stands."""

import typer

from pipelines.commands.options import AsOfOption, ConfigOption, OutputOption, ingested, prepared

app = typer.Typer()


@app.command()
def report(config: ConfigOption, as_of: AsOfOption = None, output: OutputOption = None) -> None:
    """Ingest, then report on the month before a day: satisfaction, loyalty, profitability, retention, segments."""
    from pipelines.elements.report import make_report
    from pipelines.reports.write_elements import write_report

    settings, cutoff = prepared(config, output, as_of)
    with ingested(settings, cutoff):
        page = write_report(make_report(settings, cutoff), settings)
    typer.echo(f"written to {page}, {page.with_suffix('.xlsx')} and {page.with_suffix('.parquet')}")
