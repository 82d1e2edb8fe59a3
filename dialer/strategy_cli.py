"""The commands of `dialer strategy`: strategies as files, for review in git and for programs."""

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, NoReturn

import orjson
import typer

from admin.studio import package
from dialer.domain.errors import DomainError, InvalidInput
from dialer.operations import flows, strategies, texts
from dialer.operations.context import Context
from dialer.operations.deploying import sound
from dialer.strategy.cases.read import Cases, read_cases
from dialer.strategy.cases.run import play
from dialer.strategy.check import Checked, check
from dialer.strategy.model import Strategy
from dialer.strategy.nodered.compile import from_flow
from dialer.strategy.read import NodeFault
from dialer.strategy.schema import schema
from dialer.strategy.text.read import from_text
from dialer.with_context import Config, settings_of, with_context

cli = typer.Typer(no_args_is_help=True, help="Strategies as files.")

Campaign = Annotated[int, typer.Argument(help="The campaign's id.")]
File = Annotated[Path, typer.Argument(help="YAML, a Node-RED flow (JSON), or the strategy's own JSON.")]


class Form(StrEnum):
    YAML = "yaml"
    FLOW = "flow"
    JSON = "json"


@cli.command("export")
def export_(
    campaign: Campaign,
    form: Annotated[Form, typer.Option("--format", help="yaml, flow or json.")] = Form.YAML,
    config: Config = None,
) -> None:
    """Print a campaign's strategy: as readable text, as a Node-RED flow, or as its own JSON."""

    async def run(ctx: Context) -> None:
        if form is Form.YAML:
            print((await texts.read(ctx, campaign))[0], end="")
        elif form is Form.FLOW:
            _print_json((await flows.read(ctx, campaign))[0])
        else:
            _print_json(await strategies.get(ctx, campaign))

    with_context(settings_of(config), run)


@cli.command("import")
def import_(campaign: Campaign, file: File, config: Config = None) -> None:
    """Deploy the strategy in a file. Nothing is stored if anything is wrong with it."""
    try:
        written = _read(file)
    except DomainError as error:
        _stop(error, file)

    async def run(ctx: Context) -> None:
        if isinstance(written, str):
            await texts.deploy(ctx, campaign, written)
        elif isinstance(written, list):
            await flows.deploy(ctx, campaign, written)
        else:
            await strategies.put(ctx, campaign, written)
        print(f"deployed to campaign {campaign}")

    with_context(settings_of(config), run)


@cli.command("check")
def check_(file: File) -> None:
    """Say what is wrong with the strategy in a file. Queues and gateways are not looked up."""
    try:
        checked = _check(_read(file))
    except DomainError as error:
        _stop(error, file)
    for fault in checked.faults:
        print(f"fault: {_shown(fault)}")
    for warning in checked.warnings:
        print(f"warning: {_shown(warning)}")
    if checked.faults:
        raise typer.Exit(1)
    print("the strategy can run")


@cli.command("test")
def test(files: Annotated[list[Path], typer.Argument(help="Files of cases (YAML).")]) -> None:
    """Play the cases in each file against the strategy it names, and say which don't hold."""
    failed = 0
    for file in files:
        try:
            cases = read_cases(_text(file))
            strategy = sound(_check(_read(file.parent / cases.strategy)))
        except DomainError as error:
            _stop(error, file)
        failed += _play(file, cases, strategy)
    if failed:
        print(f"{failed} failed")
        raise typer.Exit(1)


@cli.command("schema")
def schema_() -> None:
    """Print the format of strategies as JSON Schema, for editors and programs."""
    _print_json(schema())


@cli.command("palette")
def palette(folder: Annotated[Path, typer.Argument(help="A new folder.")]) -> None:
    """Write the steps as an npm package, for a Node-RED of your own: drawn there, deployed with `import`."""
    try:
        folder.mkdir(parents=True)
        for name, content in package.files().items():
            (folder / name).write_text(content, encoding="utf-8")
    except OSError as error:
        print(f"{folder}: {error.strerror}", file=sys.stderr)
        raise typer.Exit(1) from None
    print(f"{package.NAME} is in {folder}")


def _play(file: Path, cases: Cases, strategy: Strategy) -> int:
    """How many cases don't hold."""
    differences = [(case.name, play(strategy, case)) for case in cases.cases]
    for name, difference in differences:
        print(f"{'ok    ' if difference is None else 'FAILED'} {file.name}: {name}")
        if difference is not None:
            print(f"       {difference}")
    return sum(difference is not None for _, difference in differences)


def _check(written: Any) -> Checked:
    if isinstance(written, str):
        return from_text(written).check()
    return from_flow(written).checked if isinstance(written, list) else check(written)


def _read(file: Path) -> Any:
    """A text if it is YAML, else what the JSON holds: a list is a flow."""
    text = _text(file)
    if not text.lstrip().startswith(("{", "[")):
        return text
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise InvalidInput.single("file", f"is not JSON: {error}") from None


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInput.single("file", f"can't be read: {error}") from None


def _print_json(value: Any) -> None:
    print(orjson.dumps(value, option=orjson.OPT_INDENT_2).decode())


def _shown(fault: NodeFault) -> str:
    return ": ".join(part for part in (fault.node, fault.field, fault.reason) if part)


def _stop(error: DomainError, file: Path) -> NoReturn:
    for fault in error.faults if isinstance(error, InvalidInput) else (error,):
        print(f"{file}: {fault}", file=sys.stderr)
    raise typer.Exit(1)
