"""The fields of the call step."""

from datetime import timedelta
from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from dialer.domain.outcome import Outcome
from dialer.domain.said import Said, at_field
from dialer.strategy.fields import Fields
from dialer.strategy.values import Duration, Listed, Number, Queue, SoundFile, VoiceGateway


class Machines(StrEnum):
    """What a call step does about answering machines."""

    OFF = "off"  # whoever answers has an agent
    HANG_UP = "hang_up"
    LEAVE_MESSAGE = "leave_message"


def _retry_order(value: tuple[Outcome, ...]) -> tuple[Outcome, ...]:
    if Outcome.ANSWERED in value:
        raise ValueError(Said("an answered call is not tried again"))
    return tuple(outcome for outcome in Outcome if outcome in value)


def _machines(value: object) -> object:
    """Earlier versions knew on and off only; editors write them as words."""
    return _SWITCH.get(str(value).lower(), value)


_SWITCH = {"false": Machines.OFF, "true": Machines.HANG_UP}


class CallFields(Fields):
    number: Number = Field(
        default=1, ge=1, le=9, title="Number", description="Which of the contact's telephone numbers: 1 is the first."
    )
    mode: Literal["progressive", "power", "preview", "predictive"] | None = Field(
        default=None,
        title="Mode",
        description="How calls meet agents; empty: the campaign's.",
        json_schema_extra={"format": "mode"},
    )
    queue: Queue | None = Field(
        default=None, title="Queue", description="The queue whose agents talk; empty: the campaign's."
    )
    gateway: VoiceGateway | None = Field(
        default=None, title="Gateway", description="The trunk to call through; empty: the campaign's."
    )
    ring_s: Number = Field(default=25, ge=5, le=120, title="Ring", description="Seconds to let it ring.")
    amd: Annotated[Machines, BeforeValidator(_machines)] = Field(
        default=Machines.OFF,
        title="Answering machines",
        description="`off`: whoever answers has an agent. Else machines are told from people, who wait for it up to some "
        "seconds, and are hung up on or left a message. A person may be taken for a machine.",
    )
    machine_message: SoundFile | None = Field(
        default=None,
        title="Message to leave",
        description="With `leave_message`: the sound file, as Asterisk names it, without its ending.",
        json_schema_extra={"only_with": {"amd": [Machines.LEAVE_MESSAGE.value]}},
    )
    tries: Number = Field(
        default=1, ge=1, le=20, title="Tries", description="How often to call before the step is left."
    )
    retry_after: Annotated[tuple[Duration, ...], Listed] = Field(
        default=(timedelta(minutes=15),),
        min_length=1,
        max_length=20,
        title="Try again after",
        description="The time from the end of a call to the next; several (`15m, 1h, 1d`) grow from try to try, the "
        "last one goes on. It also holds when a loop leads back to the step.",
    )
    retry_on: Annotated[tuple[Outcome, ...], Listed, AfterValidator(_retry_order)] = Field(
        default=(Outcome.BUSY, Outcome.NO_ANSWER, Outcome.CONGESTION),
        max_length=20,
        title="Try again on",
        description="The outcomes that are tried again. `lost` (nobody knows whether the call was made) is tried "
        "again only if it is named here.",
        json_schema_extra={"never": [Outcome.ANSWERED.value]},
    )
    priority: Number = Field(
        default=5, ge=0, le=9, title="Priority", description="Higher goes first among calls that are due."
    )

    @model_validator(mode="after")
    def _has_message(self) -> Self:
        if self.amd is Machines.LEAVE_MESSAGE and self.machine_message is None:
            raise ValueError(at_field("machine_message", Said("is needed to leave a message")))
        return self
