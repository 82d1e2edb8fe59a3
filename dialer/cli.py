"""The commands: `dialer serve`, `migrate`, `check`, `token create`, `user create`."""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated

import typer
import uvloop

from config.load import SettingsError, load
from config.settings import Settings
from dialer import app as server
from dialer import checks
from dialer.domain.errors import DomainError, InvalidInput
from dialer.logs import set_up_logs
from dialer.operations import users
from dialer.operations.context import Context
from dialer.store.database import Database
from dialer.store.migrate import upgrade

cli = typer.Typer(no_args_is_help=True, add_completion=False, help="A telephony-integrated real-time dialer server.")
token = typer.Typer(no_args_is_help=True, help="Tokens for programs.")
user = typer.Typer(no_args_is_help=True, help="People who log in.")
cli.add_typer(token, name="token")
cli.add_typer(user, name="user")

Config = Annotated[Path | None, typer.Option("--config", help="The settings file (TOML); also DIALER_CONFIG.")]
Role = Annotated[str, typer.Option(help="manager, supervisor or viewer.")]


@cli.command()
def serve(config: Config = None) -> None:
    """Run the server. SIGTERM and Ctrl-C drain it, a second one ends it at once."""
    settings = _settings(config)
    set_up_logs(settings.log)
    uvloop.run(server.serve(settings))


@cli.command()
def migrate(config: Config = None) -> None:
    """Bring the database to the newest form. `serve` does the same when it starts."""

    async def run(ctx: Context) -> None:
        before, after = await upgrade(ctx.db)
        print(f"database: {before or 'empty'} → {after}" if before != after else f"database: {after}, nothing to do")

    _with_context(_settings(config), run)


@cli.command()
def check(config: Config = None) -> None:
    """Test database, AMI, queues, dialplan and gateways; say what is wrong and how to mend it."""
    findings = uvloop.run(checks.run(_settings(config)))
    for finding in findings:
        print(finding)
    if any(finding.remedy for finding in findings):
        raise typer.Exit(1)


@token.command("create")
def create_token(
    name: Annotated[str, typer.Option(help="What the token is for.")], role: Role = "manager", config: Config = None
) -> None:
    """Print a new token, and nothing else, on standard output. It is shown this once."""

    async def run(ctx: Context) -> None:
        await upgrade(ctx.db)
        print(await users.create_token(ctx, name, role))

    _with_context(_settings(config), run)


@user.command("create")
def create_user(
    name: Annotated[str, typer.Option(help="The name to log in with.")], role: Role = "manager", config: Config = None
) -> None:
    """Create a user; the password is asked for, or read from standard input."""
    password = typer.prompt("Password", hide_input=True, confirmation_prompt=True) if sys.stdin.isatty() else _line()

    async def run(ctx: Context) -> None:
        await upgrade(ctx.db)
        await users.create_user(ctx, name, password, role)
        print(f"user {name} ({role}) created")

    _with_context(_settings(config), run)


@user.command("first")
def first_user(config: Config = None) -> None:
    """On a system without users: make the manager `admin` and print its name and password, once."""

    async def run(ctx: Context) -> None:
        await upgrade(ctx.db)
        made = await users.ensure_first_user(ctx)
        if made is None:
            raise InvalidInput.single("user", "there are users already: log in as one of them, or use `user create`")
        print(*made)

    _with_context(_settings(config), run)


def _line() -> str:
    return sys.stdin.readline().rstrip("\r\n")


def _settings(config: Path | None) -> Settings:
    try:
        return load(config)
    except SettingsError as error:
        for fault in error.faults:
            print(f"setting {fault}", file=sys.stderr)
        raise typer.Exit(2) from None


def _with_context(settings: Settings, work: Callable[[Context], Awaitable[None]]) -> None:
    async def run() -> None:
        db = Database(settings.database.url)
        try:
            await work(Context(db, settings))
        finally:
            await db.close()

    try:
        asyncio.run(run())
    except DomainError as error:
        print(error, file=sys.stderr)
        raise typer.Exit(1) from None


def main() -> None:
    cli()


if __name__ == "__main__":
    main()
