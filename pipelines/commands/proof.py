"""Commands that say what came of past lists."""

from pathlib import Path
from typing import Annotated

import typer

from pipelines.commands.options import AsOfOption, ConfigOption, OutputOption, ingested, prepared

app = typer.Typer()
outcomes = typer.Typer(help="What came of the customers who were listed.", no_args_is_help=True)
app.add_typer(outcomes, name="outcomes")


@outcomes.command("import")
def import_outcomes(
    files: Annotated[list[Path], typer.Argument(help="Lists that came back: Excel or CSV, answers filled in.")],
    config: ConfigOption,
    as_of: AsOfOption = None,
    output: OutputOption = None,
) -> None:
    """Keep what account managers filled in; it counts from the next day on, once that is ingested."""
    from pipelines.outcomes import import_outcomes as run_import

    settings, cutoff = prepared(config, output, as_of)
    added = run_import(settings, cutoff, files, typer.echo)
    typer.echo(f"{added:,} new answers, known from {cutoff.day} on")


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
    from pipelines.reports.effect import in_words, write_effect

    settings, cutoff = prepared(config, output, as_of)
    with ingested(settings, cutoff):
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
    from pipelines.monthly import realised as run_realised

    settings, cutoff = prepared(config, output, as_of)
    with ingested(settings, cutoff):
        run_realised(settings, cutoff, typer.echo, again)
