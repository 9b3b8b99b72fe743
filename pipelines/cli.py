"""The command line: every command, and how errors become exit codes."""

import sys

import typer

from configs.errors import HoldfastError, PublishError
from pipelines.commands import exploring, monitor, night, proof, report, training, web

app = typer.Typer(
    help="Who is about to leave, what each is worth, why, and what to do by when.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
for commands in (night, training, monitor, proof, report, web, exploring):
    app.add_typer(commands.app)


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


if __name__ == "__main__":
    main()
