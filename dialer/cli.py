"""The commands: `dialer serve`, `migrate`, `check`, `token create` and so on; `strategy_cli.py`, `simulation_cli.py` have more."""

import gc
import os
import sys
from datetime import timedelta
from typing import Annotated

gc.disable()  # what is imported stays: to look through it again and again takes a sixth of the start

import typer
import uvloop

from config.terminal import show_all
from dialer import app as server
from dialer import backup_cli, checks, simulation_cli, strategy_cli
from dialer.domain.checkup import Level, worst
from dialer.domain.errors import InvalidInput, shown
from dialer.logs import set_up_logs
from dialer.operations import users, webhooks
from dialer.operations.context import Context
from dialer.operations.trail_check import trail_check
from dialer.operations.users import Right, Scope
from dialer.store.migrate import upgrade
from dialer.with_context import Config, refusing, settings_of, with_context

gc.freeze()  # nor once all of it when it is enabled again: of 290,000 objects 3,000 are garbage
gc.enable()

cli = typer.Typer(no_args_is_help=True, add_completion=False, help="A telephony-integrated real-time dialer server.")
token = typer.Typer(no_args_is_help=True, help="Tokens for programs.")
user = typer.Typer(no_args_is_help=True, help="People who log in.")
cli.add_typer(token, name="token")
cli.add_typer(user, name="user")
cli.add_typer(strategy_cli.cli, name="strategy")
cli.command("simulate")(simulation_cli.simulate)
cli.command("backup")(backup_cli.backup)
cli.command("restore")(backup_cli.restore)

Role = Annotated[str, typer.Option(help="manager, supervisor, viewer or agent.")]


@cli.command()
def serve(config: Config = None) -> None:
    """Run the server. SIGTERM and Ctrl-C drain it, a second one ends it at once."""
    settings = settings_of(config)
    set_up_logs(settings.log)
    with refusing():
        uvloop.run(server.serve(settings))


@cli.command()
def migrate(config: Config = None) -> None:
    """Bring the database to the newest form. `serve` does the same when it starts."""

    async def run(ctx: Context) -> None:
        before, after = await upgrade(ctx.db)
        print(f"database: {before or 'empty'} → {after}" if before != after else f"database: {after}, nothing to do")

    with_context(settings_of(config), run, begins=True)


@cli.command()
def check(
    config: Config = None,
    bind: Annotated[
        bool,
        typer.Option(
            "--bind", help="Bind to each SMSC and leave; an account with one bind has none beside a running server."
        ),
    ] = False,
) -> None:
    """Test database, AMI, queues, dialplan and gateways; say what is wrong and how to mend it."""
    findings = uvloop.run(checks.run(settings_of(config), bind=bind))
    for finding in findings:
        print(finding)
    if worst(findings) is Level.FAULT:
        raise typer.Exit(1)


@cli.command("trail-check")
def check_trails(
    campaign: Annotated[int | None, typer.Option(help="Its id; without it, all campaigns.")] = None,
    config: Config = None,
) -> None:
    """Replay the trail of every contact in a campaign and name those whose place in it is not what the trail says."""

    async def run(ctx: Context) -> None:
        number = wrong = 0
        async for some in trail_check(ctx, campaign):
            for one in some:
                number, wrong = number + 1, wrong + bool(one.faults)
                for fault in one.faults:
                    print(f"contact {one.contact_id} in campaign {one.campaign_id}: {fault}")
        print(f"{number} places in campaigns were compared with their trails, {wrong} differ")
        if wrong:
            raise typer.Exit(1)

    with_context(settings_of(config), run)


@cli.command("webhook-secret")
def webhook_secret(config: Config = None) -> None:
    """Print the key with which webhooks are signed, and nothing else: their receivers check signatures with it."""

    async def run(ctx: Context) -> None:
        print(webhooks.signing_key(ctx))

    with_context(settings_of(config), run)


@token.command("create")
def create_token(
    name: Annotated[str, typer.Option(help="What the token is for.")],
    role: Role = "manager",
    config: Config = None,
    right: Annotated[
        list[str] | None,
        typer.Option(help="Only this right of the role (read, operate, write, manage or talk); repeatable."),
    ] = None,
    campaign: Annotated[int | None, typer.Option(help="Only for the campaign with this id.")] = None,
    days: Annotated[float | None, typer.Option(min=0, max=36_500, help="How long it is good for, in days.")] = None,
) -> None:
    """Print a new token, and nothing else, on standard output. It is shown this once."""

    async def run(ctx: Context) -> None:
        await upgrade(ctx.db)
        expires_at = None if days is None else ctx.clock() + timedelta(days=days)
        print(await users.create_token(ctx, name, role, Scope(_rights(right), campaign, expires_at)))

    with_context(settings_of(config), run)


@user.command("create")
def create_user(
    name: Annotated[str, typer.Option(help="The name to log in with.")], role: Role = "manager", config: Config = None
) -> None:
    """Create a user; the password is asked for, or read from standard input."""
    password = typer.prompt("Password", hide_input=True, confirmation_prompt=True) if sys.stdin.isatty() else _line()

    async def run(ctx: Context) -> None:
        await users.create_user(ctx, name, password, role)
        print(f"user {name} ({role}) created")

    with_context(settings_of(config), run)


@user.command("first")
def first_user(config: Config = None) -> None:
    """On a system without users: make the manager `admin` and print its name and password, once."""

    async def run(ctx: Context) -> None:
        made = await users.ensure_first_user(ctx)
        if made is None:
            raise InvalidInput.single("user", "there are users already: log in as one of them, or use `user create`")
        print(*made)

    with_context(settings_of(config), run)


def _rights(given: list[str] | None) -> frozenset[Right] | None:
    """None if nothing is said: all that the role has."""
    if not given:
        return None
    if unknown := [one for one in given if one not in list(Right)]:
        raise InvalidInput.single("right", f"{shown(unknown[0])} is none: take {', '.join(Right)}")
    return frozenset(map(Right, given))


def _line() -> str:
    return sys.stdin.readline().rstrip("\r\n")


def main() -> None:
    show_all()
    os.umask(0o077)  # the database, uploads and keys have what is nobody else's business
    cli()


if __name__ == "__main__":
    main()
