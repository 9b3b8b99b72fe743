"""Commands for trying Holdfast out and looking at its features."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from configs.errors import DataError
from pipelines.commands.options import DEMO, AsOfOption, ConfigOption, OutputOption, ingested, prepared

app = typer.Typer()


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

    settings, cutoff = prepared(config, output, until)
    folder = settings.root / "simulated"
    simulate_company(folder, customers, seed, cutoff.day, horizon_days=settings.churn.horizon_days)
    typer.echo(f"simulated: {customers:,} customers until {cutoff.day}, in {folder}")


@app.command()
def oracle(config: ConfigOption = DEMO, as_of: AsOfOption = None, output: OutputOption = None) -> None:
    """Hold the scores of a simulated company against its true probabilities."""
    import polars as pl

    from pipelines.simulate.oracle import compare_with_truth

    settings, cutoff = prepared(config, output, as_of)
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

    settings, cutoff = prepared(config, output, as_of)
    only = [name.strip() for name in families.split(",") if name.strip()]
    with ingested(settings, cutoff):
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
