"""Commands of the account managers' web app."""

from collections.abc import Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated
from urllib.parse import quote

import typer

from configs.load import load_settings
from configs.settings import Settings
from pipelines.commands.options import ConfigOption, OutputOption, now

if TYPE_CHECKING:
    from pipelines.web.database import Database

UserOption = Annotated[str, typer.Option("--user", help="Name to sign in by, as shown beside what they record.")]


app = typer.Typer()


@app.command()
def serve(
    config: ConfigOption,
    host: Annotated[str, typer.Option(help="Address to listen on; 127.0.0.1 answers this machine only.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535)] = 8000,
    output: OutputOption = None,
) -> None:
    """Serve the account managers' web app, until it is stopped."""
    import uvicorn

    from pipelines.web.app import create_app

    settings = load_settings(config, output)
    typer.echo(f"serving {settings.root} on http://{host}:{port}; invite people with `holdfast invite`")
    # No log of requests: addresses name customers, and links to sign in with.
    uvicorn.run(create_app(settings, now), host=host, port=port, access_log=False, log_level="warning")


@app.command()
def invite(
    config: ConfigOption,
    user: UserOption,
    role: Annotated[str, typer.Option(help="manager: their own customers; lead: a team's; data: everything.")],
    manager: Annotated[
        str | None,
        typer.Option(help="The account manager whose customers they see, as the data says; default: --user."),
    ] = None,
    output: OutputOption = None,
) -> None:
    """Print a link that lets somebody sign in to the web app, once."""
    from pipelines.web.people import invite as run_invite
    from pipelines.web.publication import Publications
    from pipelines.web.schema import MANAGER

    settings = load_settings(config, output)
    hours = settings.web.invitation_hours
    with _database(settings) as database:
        secret = database.write(lambda session: run_invite(session, user, role, manager, now(), hours))
    published = Publications(settings).current()
    known = set(published.risk_list["account_manager"]) if published else set()
    if role == MANAGER and known and (manager or user) not in known:
        typer.echo(f"warning: no list is of account manager {manager or user!r}. Name one with --manager.", err=True)
    typer.echo(f"{settings.web.address}/sign-in?secret={quote(secret)}")
    typer.echo(f"works once, within {hours} hours; give it to nobody else", err=True)


@app.command()
def revoke(config: ConfigOption, user: UserOption, output: OutputOption = None) -> None:
    """End every session and link of somebody; what they recorded stays."""
    from pipelines.web.people import revoke as run_revoke

    with _database(load_settings(config, output)) as database:
        database.write(lambda session: run_revoke(session, user, now()))
    typer.echo(f"{user}: signed out everywhere")


@contextmanager
def _database(settings: Settings) -> "Generator[Database]":
    from pipelines.web.database import Database

    database = Database(settings)
    try:
        database.migrate()
        yield database
    finally:
        database.close()
