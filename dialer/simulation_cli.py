"""The command `dialer simulate`: a dry run, told in a few lines or as JSON."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import orjson
import typer
from pydantic import ValidationError

from dialer.domain.errors import InvalidInput
from dialer.domain.unfit import faults_of
from dialer.operations import dry_runs
from dialer.operations.context import Context
from dialer.simulation.assumptions import Assumptions
from dialer.with_context import Config, settings_of, with_context

AssumptionsFile = Annotated[
    Path | None, typer.Option("--assumptions", help="A JSON file with assumptions: the body of the API's call.")
]


def simulate(
    campaign: Annotated[int, typer.Option(help="The campaign's id.")],
    assumptions: AssumptionsFile = None,
    agents: Annotated[int | None, typer.Option(help="Agents at work at every hour.")] = None,
    seed: Annotated[int | None, typer.Option(help="The same seed gives the same result.")] = None,
    days: Annotated[int | None, typer.Option(help="How far to look.")] = None,
    measured: Annotated[bool, typer.Option("--measured", help="Take rates and times from calls so far.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the whole result as JSON.")] = False,
    config: Config = None,
) -> None:
    """Simulate a campaign on a virtual clock: when it would finish, calls, texts, and who is never reached."""
    given = {"agents": agents, "seed": seed, "horizon_days": days, "measured": measured or None}

    async def run(ctx: Context) -> None:
        assumed = _read(assumptions, {name: value for name, value in given.items() if value is not None})
        result = await dry_runs.simulate(ctx, campaign, assumed)
        print(orjson.dumps(result, option=orjson.OPT_INDENT_2).decode() if as_json else "\n".join(told(result)))

    with_context(settings_of(config), run)


def _read(file: Path | None, given: Mapping[str, Any]) -> Assumptions:
    try:
        document = orjson.loads(file.read_bytes()) if file else {}
        return Assumptions.model_validate({**document, **given})
    except (OSError, orjson.JSONDecodeError, TypeError) as error:
        raise InvalidInput.single("assumptions", f"can't be read: {error}") from None
    except ValidationError as error:
        raise InvalidInput(faults_of(error, "assumptions")) from None


def told(result: Mapping[str, Any]) -> Iterator[str]:
    """The result for people, line by line."""
    zone = ZoneInfo(result["time_zone"])
    days = result["assumptions"]["horizon_days"]
    ends = result["finishes_at"]
    when = f"{datetime.fromisoformat(ends).astimezone(zone):%Y-%m-%d %H:%M %Z}" if ends else f"not within {days} days"
    busy = result["agent_utilisation"]
    yield f"contacts      {result['contacts']:,}, of which {result['reached']:,} reached"
    yield f"finishes      {when}"
    yield f"calls         {result['calls']:,}, of which {result['connected']:,} connected to an agent"
    yield f"texts         {result['texts']:,} in {result['segments']:,} segments, {result['delivered']:,} delivered"
    yield f"agents        {'not needed' if busy is None else f'{busy:.0%} busy'}, {result['agent_hours']:,.1f} hours"
    for one in result["results"]:
        yield f"result        {one['contacts']:,} {one['result']}"
    if result["unfinished"]:
        yield f"unfinished    {result['unfinished']:,}"
    for one in result["unreached"]:
        yield f"not reached   {one['contacts']:,}: {one['text']} ({one['reason']})"
    for warning in result["warnings"]:
        yield f"warning       {warning}"
