"""The entries of a Node-RED flow, read one by one, each with everything that is wrong with it.

An entry keeps all that came (`data`), so that what only an editor understands survives; `Read` is what is understood here.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, ValidationError

from dialer.strategy.read import NODE_ID, NodeFault, faults_of

PREFIX = "campaign-"
SUBFLOW = "subflow:"
# What an editor writes beside a step's own fields.
LAYOUT = frozenset(
    {"id", "type", "z", "g", "name", "x", "y", "w", "h", "l", "d", "wires", "info", "icon"}
    | {"inputs", "outputs", "inputLabels", "outputLabels"}
)
# Keys that change every object of a script that copies them carelessly.
_POISON = frozenset({"__proto__", "prototype", "constructor"})
_COLOUR = re.compile(r"#[0-9A-Fa-f]{3,8}|[a-z]{0,20}")
_LONGEST = 200


def _no_boolean(value: object) -> object:
    if isinstance(value, bool):
        raise ValueError("should be a number")  # noqa: TRY004 - pydantic turns only a ValueError into a fault
    return value


def _no_variables(value: tuple[object, ...]) -> tuple[object, ...]:
    if value:
        raise ValueError("environment variables are not known here; write the values into the steps")
    return value


def _style(value: dict[str, object]) -> dict[str, object]:
    for name in ("stroke", "fill", "color"):
        if not _COLOUR.fullmatch(str(value.get(name, ""))):
            raise ValueError(f"{name} should be a colour such as #a4a4a4")
    return value


Reference = Annotated[str, StringConstraints(max_length=128, pattern=r"^[^>]*$")]  # `inline.way_out` has the sign
_Coordinate = Annotated[float, BeforeValidator(_no_boolean), Field(allow_inf_nan=False)]
_Text = Annotated[str, StringConstraints(max_length=20_000)]
_Icon = Annotated[
    str, StringConstraints(max_length=_LONGEST, pattern=r"^([\w@.-]+/)*[\w@.-]*$")
]  # no address elsewhere
_Labels = tuple[Annotated[str, StringConstraints(max_length=_LONGEST)] | None, ...]


class Wire(BaseModel):
    """A wire at the border of a subflow: to the node `id`, or from its way out `port`."""

    model_config = ConfigDict(frozen=True)

    id: Reference
    port: Annotated[int, Field(ge=0, le=_LONGEST)] = 0


class Border(BaseModel):
    model_config = ConfigDict(frozen=True)

    wires: tuple[Wire, ...] = ()


class Read(BaseModel):
    """What is understood of any entry. A member that is wrong is reported, and left out."""

    model_config = ConfigDict(frozen=True)

    id: Annotated[str, StringConstraints(pattern=NODE_ID)]
    type: Annotated[str, StringConstraints(min_length=1, max_length=_LONGEST)]
    z: Reference = ""
    g: Reference | None = None
    x: _Coordinate = 0.0
    y: _Coordinate = 0.0
    w: _Coordinate | None = None
    h: _Coordinate | None = None
    name: _Text = ""
    label: _Text = ""
    info: _Text = ""
    icon: _Icon = ""
    l: bool | None = None  # noqa: E741 - as Node-RED writes it: whether the label is drawn
    d: bool = False
    disabled: bool = False
    wires: tuple[tuple[Reference, ...], ...] = ()
    links: tuple[Reference, ...] = ()
    nodes: tuple[Reference, ...] = ()
    starts: tuple[Border, ...] = Field((), alias="in", max_length=1)
    ends: tuple[Border, ...] = Field((), alias="out", max_length=_LONGEST)
    input_labels: _Labels = Field((), alias="inputLabels")
    output_labels: _Labels = Field((), alias="outputLabels")
    style: Annotated[dict[str, object], AfterValidator(_style)] = Field(default_factory=dict)
    env: Annotated[tuple[object, ...], AfterValidator(_no_variables)] = ()


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry: what is understood of it, and all of it as it came."""

    read: Read
    data: Mapping[str, Any]

    @property
    def id(self) -> str:
        return self.read.id

    @property
    def type(self) -> str:
        return self.read.type

    @property
    def wires(self) -> tuple[tuple[str, ...], ...]:
        return self.read.wires

    @property
    def is_step(self) -> bool:
        return self.type.startswith(PREFIX)

    @property
    def subflow(self) -> str | None:
        """The id of the subflow that this is an instance of."""
        return self.type.removeprefix(SUBFLOW) if self.type.startswith(SUBFLOW) else None

    def changed(self, **members: object) -> "Entry":
        """With other members: strings, numbers and lists as JSON has them."""
        data = {**self.data, **members}
        return Entry(Read.model_validate(data), data)

    def as_step(self, kind: str, fields: Mapping[str, object], wires: Sequence[Sequence[str]]) -> "Entry":
        """The same place on the canvas, as a step of ours."""
        kept = LAYOUT - {"outputs", "outputLabels"}
        data = {key: value for key, value in self.data.items() if key in kept}
        data |= {"type": PREFIX + kind, "wires": [list(port) for port in wires], **fields}
        return Entry(Read.model_validate(data), data)


@dataclass(frozen=True, slots=True)
class ReadEntry:
    """One entry, or None if nothing can be made of it; its id, as far as it has one; and what is wrong."""

    id: str
    entry: Entry | None
    faults: tuple[NodeFault, ...] = ()


def read_entry(index: int, raw: object) -> ReadEntry:
    """Read entry number `index` of a flow; never raises for JSON values."""
    place = _place(index, raw)
    if not isinstance(raw, dict):
        return ReadEntry(place, None, (NodeFault(place, "node", "should be an object"),))
    poison = tuple(NodeFault(place, key, "is not a name that is taken here") for key in _poison(raw))
    if poison:
        return ReadEntry(place, None, poison)
    data = {key: value for key, value in raw.items() if value is not None}
    try:
        return ReadEntry(place, Entry(Read.model_validate(data), data))
    except ValidationError as error:
        faults = tuple(faults_of(place, error, "a node"))
        wrong = {detail["loc"][0] for detail in error.errors(include_url=False, include_context=False)}
    if wrong & {"id", "type"}:
        return ReadEntry(place, None, faults)
    sound = {key: value for key, value in data.items() if key not in wrong}
    return ReadEntry(place, Entry(Read.model_validate(sound), sound), faults)


def _place(index: int, raw: object) -> str:
    named = raw.get("id") if isinstance(raw, dict) else None
    return named[:_LONGEST] if isinstance(named, str) and named else f"flow[{index}]"


def _poison(raw: object) -> Iterator[str]:
    """Names at any depth that a careless script would take for an object's own; the depth is bounded before."""
    waiting = [raw]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            yield from sorted(_POISON & value.keys())
            waiting.extend(value.values())
        elif isinstance(value, list):
            waiting.extend(value)
