"""What a dry run takes to be true of people, agents and the operator: nobody knows it before (requirement S7)."""

from collections.abc import Callable, Sequence
from typing import Annotated, Any

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    PlainSerializer,
    PlainValidator,
    ValidationInfo,
    WithJsonSchema,
    field_validator,
)

HOURS = 24
LONGEST_DAYS = 366
MOST_AGENTS = 5_000


def _by_hour(most: float, *, whole: bool) -> Callable[[object], tuple[Any, ...]]:
    """Reads one number, which holds for every hour of the day, or 24; one fault says what is wrong, and where."""
    kind = int if whole else int | float

    def read(value: object) -> tuple[Any, ...]:
        hours = list(value) if isinstance(value, list | tuple) else [value] * HOURS
        if len(hours) != HOURS:
            raise ValueError(
                f"write one number, or {HOURS}, one for each hour from midnight on; these are {len(hours)}"
            )
        for hour, one in enumerate(hours):
            if isinstance(one, bool) or not isinstance(one, kind) or not 0 <= one <= most:
                where = f" at {hour:02}:00" if isinstance(value, list | tuple) else ""
                raise ValueError(f"should be a {'whole ' if whole else ''}number from 0 to {most:g}{where}")
        return tuple(hours)

    return read


def _shortened(value: Sequence[float]) -> float | Sequence[float]:
    return value[0] if len(set(value)) == 1 else value


def _hourly(item: dict[str, Any], example: object) -> WithJsonSchema:
    listed = {"type": "array", "items": item, "minItems": HOURS, "maxItems": HOURS}
    return WithJsonSchema({"anyOf": [item, listed], "examples": [example]})


Share = Annotated[float, Field(ge=0, le=1)]
Shares = Annotated[
    tuple[float, ...],
    PlainValidator(_by_hour(1, whole=False)),
    PlainSerializer(_shortened, return_type=Any),
    _hourly({"type": "number", "minimum": 0, "maximum": 1}, 0.3),
]
Agents = Annotated[
    tuple[int, ...],
    PlainValidator(_by_hour(MOST_AGENTS, whole=True)),
    PlainSerializer(_shortened, return_type=Any),
    _hourly({"type": "integer", "minimum": 0, "maximum": MOST_AGENTS}, 5),
]
EVERY_HOUR = (0.3,) * HOURS
FIVE = (5,) * HOURS


class Assumptions(BaseModel):
    """Shares are from 0 to 1, times in seconds; what is by hour is one number, or 24 from midnight on."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    answer_rate: Shares = Field(
        default=EVERY_HOUR,
        json_schema_extra={"default": EVERY_HOUR[0]},
        description="Of calls to numbers that exist, answered by a person: by the contact's own hour.",
    )
    busy_share: Share = Field(default=0.05, description="Of calls to numbers that exist, busy.")
    invalid_share: Share = Field(default=0.02, description="Of numbers, those that do not exist.")
    machine_share: Share = Field(default=0.0, description="Of calls to numbers that exist, taken by a machine.")
    ring_s: float = Field(
        default=15.0, ge=0, le=120, description="How long it rings until somebody answers, on average."
    )
    talk_s: float = Field(default=120.0, ge=1, le=7200, description="How long an agent talks, on average.")
    wrap_up_s: float = Field(default=10.0, ge=0, le=3600, description="How long an agent is not free after a call.")
    variation: Share = Field(default=0.5, description="By how much of them those times differ, up and down.")
    agents: Agents = Field(
        default=FIVE,
        json_schema_extra={"default": FIVE[0]},
        description="Agents at work, by the hour of the campaign's zone.",
    )
    preview_s: float = Field(
        default=20.0, ge=0, le=600, description="How long an agent looks at a contact in preview mode, on average."
    )
    queue_wait_s: float = Field(default=30.0, ge=0, le=600, description="How long somebody waits for an agent.")
    delivery_share: Share = Field(default=0.97, description="Of texts, delivered to the telephone.")
    delivery_s: float = Field(default=10.0, ge=0, le=86_400, description="How long a text is on its way, on average.")
    reply_share: Share = Field(default=0.0, description="Of delivered texts, replied to.")
    reply_s: float = Field(default=1800.0, ge=0, le=2_592_000, description="How long a reply takes, on average.")
    reply_text: str = Field(default="yes", max_length=160, description="What people reply.")
    horizon_days: int = Field(default=30, ge=1, le=LONGEST_DAYS, description="How far the dry run looks.")
    seed: int = Field(
        default=1, ge=0, le=2**53, description="The same seed gives the same people, and the same result."
    )
    measured: bool = Field(
        default=False,
        description="Take answer rates, busy and invalid shares, ring and talk times from the campaign's attempts so far, "
        "or the system's, where there are enough.",
    )

    @field_validator("busy_share")
    @classmethod
    def _fits(cls, value: float, info: ValidationInfo) -> float:
        most = max(info.data.get("answer_rate", (0.0,)))
        if most + value > 1:
            raise ValueError(f"with an answer rate of {most:g} at most {round(1 - most, 4):g} can be busy")
        return value

    @field_validator("machine_share")
    @classmethod
    def _fits_too(cls, value: float, info: ValidationInfo) -> float:
        others = max(info.data.get("answer_rate", (0.0,))) + info.data.get("busy_share", 0.0)
        if round(others + value, 9) > 1:
            raise ValueError(f"with those answered and busy at most {max(0.0, round(1 - others, 4)):g} can be machines")
        return value
