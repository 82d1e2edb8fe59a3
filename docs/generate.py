"""Writes the pages of docs/reference from the code: `python -m docs.generate`. A test fails when one is out of date."""

from collections.abc import Iterator, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any

from admin.metrics import Metrics
from config.settings import Settings
from dialer.domain import transitions
from dialer.domain.story import KINDS
from dialer.domain.transitions import StateTable, StopReason
from dialer.strategy.catalogue import STEP_TYPES, StepType
from docs import commands, outcomes, problems, rules
from docs.api import api
from docs.schema import code, fields, kind, table, value

REFERENCE = Path(__file__).parent / "reference"
NOTE = "<!-- Made by `python -m docs.generate`. Change the code, or the words in docs/generate.py. -->"

SETTINGS = """# Settings

Every setting, with the environment variable that sets it. The file (TOML, named by `--config` or `DIALER_CONFIG`) and
the environment may both be used; the environment wins. A secret may stand in a file that is called as its variable
(`DIALER_AMI__SECRET`), in the folder that `DIALER_SECRETS_DIR` names or that systemd makes for `LoadCredential=`; it wins over the
settings file. In a variable a list is written with commas or as JSON (`a.example, b.example` or `["a.example"]`), a map as JSON.
Wrong settings stop the start, and all faults are told at once.
[config/example.toml](../../config/example.toml) is a file to start from."""
API = """# HTTP API

The operations of the JSON API. A running server publishes this as an OpenAPI 3.1 document at `/api/v1/openapi.json`.
Send `Authorization: Bearer TOKEN` (`dialer token create` makes a token). Errors are RFC 9457 problem details; for
invalid input they carry `errors: [{field, reason}]`. Lists answer `{items, total, next_cursor}`. Times are RFC 3339 in
UTC. A field marked * must be given. Outside this base, without a token, stand `/healthz`, `/readyz` and `/metrics`."""
STATES = """# States

Every state and every transition of what the store keeps, from `dialer/domain/transitions.py`. A change of state is a
compare-and-set: a transition that is not drawn here is an error. An arrow from a state to itself means that the row may
be written again in this state, for example when a contact moves from one step to the next."""
METRICS = """# Metrics

What `/metrics` shows, in the text format of Prometheus. The path needs no token. The counters count since the start of
the process; the rest is read from the store and from the live picture at the moment of asking."""
TRAIL = """# Trail

The history of a contact, as `GET /contacts/{id}/trail`, `GET /campaigns/{id}/contacts/{contact}/trail` and the contact's
page tell it: entries `{id, at, campaign_id, contact_id, kind, data}`, oldest first. `campaign_id` is null for what belongs to
no campaign. Entries of a call, text or webhook name their step in `node` and
their contact request in `request`. Entries with the id 0 are told by the attempt or the text
itself, at its own times. Times in `data` are RFC 3339 in UTC, `changes` a list of `{field, old, new}`."""
STRATEGY = """# Strategy

The step types of a strategy, their fields and their ports, from `dialer/strategy/catalogue.py`. A strategy is a JSON
document `{format: "campaign-strategy/1", name, nodes: [{id, type, name, x, y, fields, out: {port: node id}}]}`. An outcome
whose port is not wired takes `otherwise`; if that is not wired either, the contact ends with the outcome as its result.
Durations read `90s`, `15m`, `2h`, `3d`. A field marked * must be given.
In `retry_on`, `answered` is refused. A whole strategy to start from: [demo/strategy.json](../../demo/strategy.json).
[Strategies in files](../how-to/strategies-in-files.md) shows the same as readable text, and which Node-RED flows are taken.

`dialer strategy schema` prints the format as JSON Schema.

A text step with `until` at `replied` is left by any reply to its text; a branch on `last.reply` tells them apart. The `mode` of a call
step is there before what it needs is: modes other than progressive are refused."""


def pages() -> dict[str, str]:
    """The text of each page by its file name."""
    made = {
        "settings": (SETTINGS, _settings()),
        "api": (API, api()),
        "commands": (commands.INTRODUCTION, commands.commands()),
        "states": (STATES, _states()),
        "outcomes": (outcomes.INTRODUCTION, outcomes.outcomes()),
        "metrics": (METRICS, _metrics()),
        "strategy": (STRATEGY, _strategy()),
        "problems": (problems.INTRODUCTION, problems.problems()),
        "rule-packs": (rules.INTRODUCTION, rules.rule_packs()),
        "trail": (TRAIL, table(("kind", "what happened", "data"), ((code(k), m, d) for k, (m, d) in KINDS.items()))),
    }
    return {f"{name}.md": f"{NOTE}\n{intro}\n\n" + "\n".join(lines) + "\n" for name, (intro, lines) in made.items()}


def write(folder: Path) -> None:
    for name, text in pages().items():
        (folder / name).write_text(text, encoding="utf-8")


# -- settings -------------------------------------------------------------------------------------------------------


def _settings() -> Iterator[str]:
    schema = Settings.model_json_schema()
    defaults = {"node": "the machine's name", "data_dir": code(Settings.model_fields["data_dir"].default)}
    rows = [
        ((*path, name), field)
        for name, top in schema["properties"].items()
        for path, name, field in _leaves(schema["$defs"], name, top)
    ]
    yield from table(
        ("key", "environment variable", "type", "default", "meaning"),
        (
            (
                code(".".join(path)),
                code("DIALER_" + "__".join(path).upper()),
                kind(field, schema["$defs"]),
                defaults.get(path[-1]) or value(field),
                field["description"],
            )
            for path, field in rows
        ),
    )


def _leaves(
    defs: Mapping[str, Any], name: str, field: Mapping[str, Any]
) -> Iterator[tuple[tuple[str, ...], str, Mapping[str, Any]]]:
    section = defs.get(str(field.get("$ref", "")).rpartition("/")[2])
    if section is None:
        yield (), name, field
    else:
        yield from (((name,), inner, leaf) for inner, leaf in section["properties"].items())


# -- states ---------------------------------------------------------------------------------------------------------


def _states() -> Iterator[str]:
    for states in (one for one in vars(transitions).values() if isinstance(one, StateTable)):
        yield f"## {states.noun.capitalize()}\n\n```mermaid\nstateDiagram-v2"
        yield from (f"    {start} --> {end}" for start, ends in states.allowed.items() for end in sorted(ends))
        yield from (f"    {state} --> [*]" for state in states.allowed if states.final(state))
        yield "```\n"
    yield "## Why work was stopped\n"
    yield from _facts(StopReason, {"queued again later": lambda reason: reason.recoverable})


def _facts(enum: type[StrEnum], facts: Mapping[str, Any]) -> Iterator[str]:
    rows = ([code(one), *("yes" if fact(one) else "no" for fact in facts.values())] for one in enum)
    return table(("", *facts), rows)


# -- metrics, strategy ----------------------------------------------------------------------------------------------


def _metrics() -> Iterator[str]:
    made = [one for one in vars(Metrics()).values() if hasattr(one, "describe")]
    rows = []
    for metric in made:
        (family,) = metric.describe()
        name = family.name + ("_total" if family.type == "counter" else "")
        labels = ", ".join(map(code, metric._labelnames))  # noqa: SLF001  (the library has no public way to ask)
        rows.append((code(name), family.type, labels, family.documentation))
    return table(("name", "type", "labels", "meaning"), rows)


def _strategy() -> Iterator[str]:
    for step in STEP_TYPES.values():
        yield f"## {step.name}\n\n{step.help}\n"
        yield from _step(step)


def _step(step: StepType) -> Iterator[str]:
    schema = step.fields.model_json_schema()
    yield from fields(schema.get("properties", {}), schema.get("required", ()), schema.get("$defs", {}))
    if step.ports:
        yield ""
        ports = [(code(port.name), port.meaning) for port in step.ports]
        if "rules" in step.fields.model_fields:
            ports.insert(0, ("`rule1`, `rule2`, …", "One for each rule, in their order."))
        yield from table(("port", "when"), ports)
    yield ""


if __name__ == "__main__":
    write(REFERENCE)
