"""Reads the nodes of a strategy document one by one, each with everything that is wrong with it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, ValidationError
from pydantic_core import ErrorDetails

from dialer.domain.errors import shown
from dialer.domain.said import Said, filled, parted
from dialer.domain.unfit import REASONS, of_limit, of_validator
from dialer.strategy.catalogue import STEP_TYPES, StepType
from dialer.strategy.fields import BranchFields, Fields
from dialer.strategy.model import Node


@dataclass(frozen=True, slots=True, init=False)
class NodeFault:
    """What is wrong at one field of one node, for a person; `node` is empty for the strategy as a whole.

    Values go into the reason by name, as in `Fault`.
    """

    node: str
    field: str
    reason: str

    def __init__(self, node: str, field: str, reason: str, /, **values: object) -> None:
        object.__setattr__(self, "node", node)
        object.__setattr__(self, "field", field)
        object.__setattr__(self, "reason", filled(reason, values))


def _coordinate(value: object) -> object:
    if isinstance(value, bool):
        raise ValueError("should be a number")  # noqa: TRY004 - pydantic turns only a ValueError into a fault
    return value


_LONGEST_FIELD = 200
_CORE = frozenset({"id", "type", "fields", "out"})
NAME_PATTERN = r"^[^\x00-\x1f\x7f]*$"
Name = Annotated[str, StringConstraints(max_length=200, pattern=NAME_PATTERN)]
_Coordinate = Annotated[float, BeforeValidator(_coordinate), Field(allow_inf_nan=False)]
# The first character keeps `__proto__` and its like away from the pages' scripts; `/` stands in ids of subflow nodes.
NODE_ID = r"^[A-Za-z0-9][A-Za-z0-9_.:/-]{0,127}$"
_NodeId = Annotated[str, StringConstraints(pattern=NODE_ID)]


class _Envelope(BaseModel):
    """What all nodes have in common."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: _NodeId
    type: str
    name: Name = ""
    x: _Coordinate = 0.0
    y: _Coordinate = 0.0
    fields: dict[str, object] = Field(default_factory=dict)
    out: dict[str, str] = Field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ReadNode:
    """One entry of the document: its id (or place), the node if its fields could be read, and its faults."""

    id: str
    node: Node | None
    faults: tuple[NodeFault, ...]
    out: Mapping[str, str] = field(default_factory=dict)
    fields: Fields | None = None  # without those that are wrong: names are looked up in the others all the same


def read_node(index: int, entry: object) -> ReadNode:
    """Read entry number `index` of the document's nodes; never raises for JSON values."""
    named = entry.get("id") if isinstance(entry, dict) else None
    place = named if isinstance(named, str) and named else f"nodes[{index}]"
    try:
        envelope = _Envelope.model_validate(entry)
    except ValidationError as error:
        return ReadNode(place, None, (*faults_of(place, error, Said("a step")), *_other_faults(entry)))
    step_type = STEP_TYPES.get(envelope.type)
    if step_type is None:
        return ReadNode(place, None, (NodeFault(place, "type", _refusal(envelope.type)),), envelope.out)
    return _read_fields(envelope, step_type)


def _other_faults(entry: object) -> tuple[NodeFault, ...]:
    """What else is wrong with a step whose name or place is: its fields."""
    if not isinstance(entry, dict):
        return ()
    try:
        envelope = _Envelope.model_validate({member: entry[member] for member in _CORE & entry.keys()})
    except ValidationError:
        return ()
    step_type = STEP_TYPES.get(envelope.type)
    return _read_fields(envelope, step_type).faults if step_type is not None else ()


def _refusal(written: str) -> str:
    return Said("%(type)s is not a step type; use one of %(types)s", type=shown(written), types=", ".join(STEP_TYPES))


def _read_fields(envelope: _Envelope, step_type: StepType) -> ReadNode:
    faults: list[NodeFault] = []
    fields: Fields | None = None
    # An editor writes an empty text for a field that was not filled in.
    written = {name: value for name, value in envelope.fields.items() if value not in ("", None)}
    try:
        fields = step_type.fields.model_validate(written)
    except ValidationError as error:
        faults.extend(faults_of(envelope.id, error, Said("a %(type)s step", type=Said(step_type.label))))
        partly = _without_wrong(step_type, written, error)
    else:
        partly = fields
    if fields is not None or step_type.fields is not BranchFields:
        faults.extend(_port_faults(envelope, step_type.ports_of(fields)))
    if fields is None:
        return ReadNode(envelope.id, None, tuple(faults), envelope.out, partly)
    out = {port: envelope.out[port] for port in step_type.ports_of(fields) if port in envelope.out}
    node = Node(envelope.id, envelope.type, fields, envelope.name, envelope.x, envelope.y, out)
    return ReadNode(envelope.id, node, tuple(faults), envelope.out, fields)


def _without_wrong(step_type: StepType, written: Mapping[str, object], error: ValidationError) -> Fields | None:
    wrong = {detail["loc"][0] for detail in error.errors(include_url=False, include_context=False) if detail["loc"]}
    try:
        return step_type.fields.model_validate({name: value for name, value in written.items() if name not in wrong})
    except ValidationError:
        return None


def _port_faults(envelope: _Envelope, ports: tuple[str, ...]) -> Iterator[NodeFault]:
    for port in envelope.out:
        if port not in ports:
            has = Said("it has %(ports)s", ports=", ".join(ports)) if ports else Said("it has none")
            yield NodeFault(
                envelope.id,
                f"out.{port}"[:_LONGEST_FIELD],
                "%(port)s is not an outcome of this step; %(has)s",
                port=shown(port),
                has=has,
            )


def faults_of(node: str, error: ValidationError, owner: str) -> Iterator[NodeFault]:
    """What pydantic found, in our words, each at its field."""
    details = error.errors(include_url=False, include_input=False)
    # A list whose items are faulty is also reported as too short: an echo, not a fault of its own.
    inner = {detail["loc"][:-1] for detail in details}
    for detail in details:
        if detail["type"] == "too_short" and detail["loc"] in inner:
            continue
        where = ".".join(str(part) for part in detail["loc"] if part != "[key]")
        reason = _reason(detail, owner)
        if not where and ": " in reason:
            where, reason = parted(reason)
        yield NodeFault(node, where or "node", reason)


_REASONS = {**REASONS, "string_pattern_mismatch": Said("has characters that are not allowed here")}


def _reason(detail: ErrorDetails, owner: str) -> str:
    """Pydantic's message, in our words and to be read after the field's name."""
    if detail["type"] == "extra_forbidden":
        return Said("is not a field of %(owner)s", owner=owner)
    if detail["type"] in _REASONS:
        return _REASONS[detail["type"]]
    if said := of_validator(detail):
        return said
    message = detail["msg"].removeprefix("Value error, ").removeprefix("Input ")
    return of_limit(detail, message[:1].lower() + message[1:])
