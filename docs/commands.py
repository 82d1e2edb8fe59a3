"""The commands of `dialer`, from the command line's own description."""

from collections.abc import Iterator
from typing import Any

import typer.main

from dialer.cli import cli
from docs.schema import code, table

INTRODUCTION = """# Commands

Each takes its settings from `--config FILE` or `DIALER_CONFIG`, and from the environment, which wins; see [Settings](settings.md).
Exit codes: 0 all is well, 1 it could not be done (`check`: something is not ok), 2 wrong settings or a wrong command line."""


def commands() -> Iterator[str]:
    return _below(typer.main.get_command(cli), "dialer")


def _below(command: Any, name: str) -> Iterator[str]:
    if hasattr(command, "commands"):
        for part, inner in command.commands.items():
            yield from _below(inner, f"{name} {part}")
        return
    yield f"## `{name}`\n\n{command.help}\n"
    options = [
        (code(option.opts[0]), "required" if option.required else code(option.default), option.help)
        for option in command.params
        if option.name != "config"
    ]
    if options:
        yield from table(("option", "default", "meaning"), options)
        yield ""
