"""The command line: `lumilio` alone opens the app, or serves where there is no display."""

import io
import logging
import sys
from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from typer.core import TyperGroup

from lumilio import __version__
from lumilio.cli import config, doctoring, importing, serving, users
from lumilio.errors import LumilioError
from lumilio.settings import Settings, load

cli = typer.Typer(
    help="Lumilio, a photo library for one machine.",
    no_args_is_help=False,
    pretty_exceptions_enable=False,
    add_completion=False,
)

user_cli = typer.Typer(help="Look after accounts, beside a running Lumilio or without one.")
config_cli = typer.Typer(help="Look at the settings.")
cli.add_typer(user_cli, name="user")
cli.add_typer(config_cli, name="config")

UserRole = Literal["user", "admin"]
UsernameArgument = Annotated[str, typer.Argument(help="The name that the account signs in with.")]
HomeOption = Annotated[
    Path | None,
    typer.Option("--home", help="Folder that holds everything of one installation."),
]
HostOption = Annotated[str | None, typer.Option(help="Address to listen on.")]
LanOption = Annotated[
    bool | None, typer.Option("--lan", help="Let other machines on the network in.")
]
PortOption = Annotated[int | None, typer.Option(help="Port to listen on; 0 takes a free one.")]
RepositoryOption = Annotated[
    str | None, typer.Option(help="Name or id of a repository; the primary one when left out.")
]


@cli.callback(invoke_without_command=True)
def start(context: typer.Context, home: HomeOption = None) -> None:
    """Open Lumilio in a window, or serve it where there is no display."""
    if home is not None:
        # `lumilio --home X doctor` means the same as `lumilio doctor --home X`.
        context.default_map = _with_home(typer.main.get_group(cli), str(home))
    if context.invoked_subcommand is None:
        serving.open_app(_settings(home=home))


@cli.command()
def serve(
    home: HomeOption = None,
    host: HostOption = None,
    port: PortOption = None,
    lan: LanOption = None,
) -> None:
    """Serve without a window until stopped."""
    serving.serve(_settings(home=home, host=host, port=port, lan=lan))


@cli.command("import")
def import_(
    paths: Annotated[list[Path], typer.Argument(help="Files and folders to copy in.")],
    repository: RepositoryOption = None,
    home: HomeOption = None,
) -> None:
    """Copy files into a repository; files that are already there are left alone."""
    raise typer.Exit(importing.import_paths(_settings(home=home), paths, repository))


@cli.command()
def scan(
    repository: Annotated[
        str | None, typer.Argument(help="Name or id of a repository; all when left out.")
    ] = None,
    force: Annotated[bool, typer.Option(help="Process every file again.")] = False,
    home: HomeOption = None,
) -> None:
    """Index the files that lie in the folders of repositories, in place."""
    raise typer.Exit(importing.scan(_settings(home=home), repository, force=force))


@cli.command()
def doctor(home: HomeOption = None) -> None:
    """Tell what is installed, writable, accelerated and missing."""
    raise typer.Exit(doctoring.examine(_settings(home=home)))


@user_cli.command("list")
def list_users(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for programs.")] = False,
    home: HomeOption = None,
) -> None:
    """List all accounts."""
    users.show_all(_settings(home=home), as_json=as_json)


@user_cli.command("create")
def create_user(
    username: UsernameArgument,
    display_name: Annotated[str, typer.Option("--name", help="What others see.")] = "",
    role: Annotated[
        UserRole | None, typer.Option(help="The first account is always an administrator.")
    ] = None,
    home: HomeOption = None,
) -> None:
    """Create an account; its one-time password is printed and has to be changed."""
    users.create(_settings(home=home), username, display_name, role)


@user_cli.command("reset")
def reset_user(username: UsernameArgument, home: HomeOption = None) -> None:
    """Print a new one-time password; second step, passkeys and sign-ins of the account end."""
    users.reset(_settings(home=home), username)


@config_cli.command("show")
def show_config(home: HomeOption = None) -> None:
    """Print every setting and where it comes from."""
    config.show(_flags(home=home))


@config_cli.command("check")
def check_config(home: HomeOption = None) -> None:
    """Tell everything that is wrong with the settings."""
    raise typer.Exit(config.check(_flags(home=home)))


@cli.command()
def openapi() -> None:
    """Print the OpenAPI document of the REST interface."""
    serving.print_openapi()


@cli.command()
def version() -> None:
    """Print the version."""
    typer.echo(__version__)


def main() -> None:
    """Entry point; errors that a person can mend are told in one line."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A name that the console cannot show must not end the command.
            stream.reconfigure(errors="replace")
    try:
        cli()
    except LumilioError as error:
        logging.getLogger(__name__).debug("failed", exc_info=error)
        sys.exit(f"lumilio: {error.message}")


def _flags(**flags: object) -> dict[str, object]:
    return {name: str(v) if isinstance(v, Path) else v for name, v in flags.items()}


def _with_home(group: TyperGroup, home: str) -> dict[str, Any]:
    """Defaults that give every command below a group its home."""
    return {
        name: _with_home(command, home) if isinstance(command, TyperGroup) else {"home": home}
        for name, command in group.commands.items()
    }


def _settings(**flags: object) -> Settings:
    settings = load(_flags(**flags))
    serving.configure_logging(settings)
    return settings
