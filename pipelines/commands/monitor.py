"""The command that says whether what a night rests on is still true."""

import typer

from pipelines.commands.options import AsOfOption, ConfigOption, OutputOption, prepared

app = typer.Typer()


@app.command()
def monitor(config: ConfigOption, as_of: AsOfOption = None, output: OutputOption = None) -> None:
    """Hold a night that was scored against what its champion learned from, and its tables against the year before."""
    from pipelines.monitor import monitor as run_monitor
    from pipelines.storage import run_lock

    settings, cutoff = prepared(config, output, as_of)
    with run_lock(settings.root, cutoff.day):
        run_monitor(settings, cutoff, typer.echo)
