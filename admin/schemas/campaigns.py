"""Campaigns as the API takes and gives them."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Self

from pydantic import Field
from pydantic.config import JsonDict

from admin.schemas.common import FaultOut, In, Instant, JsonObject, Line, Name, Out, Text, Title
from dialer.domain.campaign import (
    ABANDONMENT_LIMIT_PERCENT,
    DEFAULT_PRIORITY,
    HIGHEST_PRIORITY,
    LINES_PER_AGENT,
    LONGEST_WAIT_S,
    LOWEST_PRIORITY,
    MOST_LINES_PER_AGENT,
    MOST_WEIGHT,
    Campaign,
    DialingMode,
    LoadOrder,
)
from dialer.domain.errors import Fault, InvalidInput
from dialer.domain.patterns import CLOCK
from dialer.domain.rules.catalogue import NONE
from dialer.domain.sound import SOUND_FILE
from dialer.domain.windows import WEEK, ExecutionTime, Validity
from dialer.operations.cloning import Drawings
from dialer.operations.reports import Counted
from dialer.strategy.templates import document_of

_STRATEGY = ("strategy", "template", "drawing", "draft")
_OBJECTS: JsonDict = {"items": {"type": "object"}}


class ExecutionIn(In):
    """A daily range on the wall clock; an end before the start runs over midnight."""

    start: str = Field(pattern=CLOCK, examples=["09:00"])
    end: str = Field(pattern=CLOCK, examples=["18:00"])
    days: list[str] = Field(default=list(WEEK), max_length=7, json_schema_extra={"items": {"enum": list(WEEK)}})


class ValidityIn(In):
    from_: Instant | None = Field(default=None, alias="from")
    until: Instant | None = None


class CampaignFields(In):
    """Everything but the title, each optional."""

    description: Text = ""
    time_zone: Name = "UTC"
    execution: ExecutionIn | None = None
    validity: ValidityIn | None = None
    dialing_modes: list[DialingMode] = Field(default=[DialingMode.PROGRESSIVE], max_length=4)
    queue: Name | None = None
    voice_gateway: Name | None = Field(default=None, description="Id or name of a voice gateway.")
    sms_gateway: Name | None = Field(default=None, description="Id or name of an SMS gateway.")
    sms_fallbacks: list[Name] = Field(
        default=[],
        max_length=10,
        description="SMS gateways that take its texts, in this order, while those before are down.",
    )
    caller_id: Line | None = Field(
        default=None, max_length=80, description='A number, or `"Name" <number>`; empty: the trunk\'s own.'
    )
    load_order: LoadOrder = LoadOrder.OLDEST_FIRST
    max_concurrent_calls: int | None = Field(default=None, ge=1, le=100_000)
    calls_per_second: float | None = Field(default=None, gt=0, le=1000)
    abandonment_limit_percent: float = Field(
        default=ABANDONMENT_LIMIT_PERCENT,
        ge=0,
        le=100,
        description="Of the calls that people answer, in 30 days, how many may be abandoned.",
    )
    lines_per_agent: float = Field(
        default=LINES_PER_AGENT,
        ge=1,
        le=MOST_LINES_PER_AGENT,
        description="In power mode, how many calls may be on their way for each agent at work, whatever the pace allows.",
    )
    priority: int = Field(
        default=DEFAULT_PRIORITY,
        ge=LOWEST_PRIORITY,
        le=HIGHEST_PRIORITY,
        description="Where campaigns need the same agents, one of a higher priority takes every agent that it can use.",
    )
    weight: int = Field(
        default=1, ge=1, le=MOST_WEIGHT, description="Its share of the calls among campaigns of the same priority."
    )
    rule_pack: Name = Field(default=NONE, description="Id of one of `/rule-packs`.")
    queue_wait_s: int | None = Field(
        default=None,
        ge=1,
        le=LONGEST_WAIT_S,
        description="How long a callee waits for an agent; null: `calls.queue_wait_s`.",
    )
    abandoned_message: str | None = Field(
        default=None,
        pattern=SOUND_FILE,
        description="Sound file for a callee without an agent; null: Asterisk's global `DIALER_ABANDONED_MESSAGE`.",
    )

    def given(self) -> dict[str, Any]:
        """The fields that were sent, as the domain has them. Raises `InvalidInput` with every impossible range."""
        fields = {name: getattr(self, name) for name in self.model_fields_set if name not in _STRATEGY}
        faults: list[Fault] = []
        for name, read in (("execution", _execution), ("validity", _validity)):
            try:
                if name in fields:
                    fields[name] = read(fields[name])
            except InvalidInput as error:
                faults += error.faults
        if faults:
            raise InvalidInput(faults)
        if "dialing_modes" in fields:
            fields["dialing_modes"] = tuple(dict.fromkeys(fields["dialing_modes"]))
        return fields


class DraftIn(In):
    """A drawing that is not deployed."""

    flow: list[Any] = Field(json_schema_extra=_OBJECTS)
    is_older: bool = Field(default=False, description="Whether something else was deployed since it was begun.")


class CampaignIn(CampaignFields):
    """A new campaign; a clone brings its strategy along."""

    title: Title
    strategy: JsonObject | None = Field(default=None, description="A document `campaign-strategy/1`.")
    template: str | None = Field(
        default=None, max_length=100, description="A strategy to start from instead, of `/strategy-templates`."
    )
    drawing: list[Any] | None = Field(
        default=None, description="How the strategy is drawn: a Node-RED flow.", json_schema_extra=_OBJECTS
    )
    draft: DraftIn | None = Field(default=None, description="What is drawn and not deployed.")

    def document(self) -> dict[str, Any] | None:
        """The strategy to begin with, if one is given. Raises `InvalidInput` for two, and for an unknown template."""
        if self.template is None:
            return self.strategy
        if self.strategy is not None:
            raise InvalidInput.single("template", "can't be given beside a strategy; leave one of them out")
        return document_of(self.template)

    def drawings(self, by: str) -> Drawings:
        """What is drawn; `by` is who creates the campaign."""
        if self.draft is None:
            return Drawings(self.drawing, by=by)
        return Drawings(self.drawing, self.draft.flow, self.draft.is_older, by)


class CampaignPatch(CampaignFields):
    """The fields to change; those left out stay."""

    title: Title = ""


class ExecutionOut(Out):
    start: str
    end: str
    days: list[str]


class ValidityOut(Out):
    from_: datetime | None = Field(alias="from")
    until: datetime | None


class ContactCounts(Out):
    """`waiting` are those at a wait; `total` is the sum of the others."""

    total: int
    pending: int
    in_progress: int
    waiting: int
    done: int
    stopped: int


class CampaignSettings(Out):
    title: str
    description: str
    time_zone: str
    execution: ExecutionOut | None
    validity: ValidityOut | None
    dialing_modes: list[str]
    queue: str | None
    voice_gateway: str | None
    sms_gateway: str | None
    sms_fallbacks: list[str]
    caller_id: str | None
    load_order: LoadOrder
    max_concurrent_calls: int | None
    calls_per_second: float | None
    abandonment_limit_percent: float
    lines_per_agent: float
    priority: int
    weight: int
    rule_pack: str
    queue_wait_s: int | None
    abandoned_message: str | None


class ClonedDraftOut(Out):
    flow: list[JsonObject]
    is_older: bool


class CloneOut(CampaignSettings):
    """An unsaved copy, to be edited and posted to `/campaigns`."""

    strategy: JsonObject | None = Field(description="Null for a campaign that has none of its own.")
    drawing: list[JsonObject] | None = Field(description="How it is drawn; null: nobody drew it.")
    draft: ClonedDraftOut | None = Field(description="What is drawn and not deployed.")

    @classmethod
    def of(cls, settings: Mapping[str, Any], strategy: Mapping[str, Any] | None, drawings: Drawings) -> Self:
        draft = None
        if drawings.draft is not None:
            draft = ClonedDraftOut(flow=drawings.draft, is_older=drawings.draft_is_older)
        document = dict(strategy) if strategy is not None else None
        return cls(**_settings(settings), strategy=document, drawing=drawings.drawing, draft=draft)


class CampaignOut(CampaignSettings):
    id: int
    status: str
    contacts: ContactCounts
    strategy_version: int | None
    revision: int
    created_at: datetime
    modified_at: datetime
    last_activity_at: datetime | None
    published_at: datetime | None
    deleting_since: datetime | None

    @classmethod
    def of(cls, counted: Counted) -> Self:
        campaign = counted.campaign
        fields = {name: getattr(campaign, name) for name in Campaign.__dataclass_fields__}
        return cls(**{**fields, **_settings(fields)}, contacts=_counts(counted.contacts))


class ReadinessOut(Out):
    """Whether `publish` would work now, everything that is missing, and what runs, but hardly as it was meant."""

    ready: bool
    missing: list[FaultOut]
    warnings: list[FaultOut]


def _execution(given: ExecutionIn | None) -> ExecutionTime | None:
    return ExecutionTime.read(given.start, given.end, given.days) if given else None


def _validity(given: ValidityIn | None) -> Validity:
    return Validity(given.from_, given.until) if given else Validity()


def _settings(fields: Mapping[str, Any]) -> dict[str, Any]:
    settings = {name: fields[name] for name in CampaignSettings.model_fields}
    execution, validity = settings["execution"], settings["validity"]
    if execution is not None:
        settings["execution"] = ExecutionOut(
            start=f"{execution.start:%H:%M}", end=f"{execution.end:%H:%M}", days=list(execution.days)
        )
    unbounded = validity.from_ is None and validity.until is None
    settings["validity"] = None if unbounded else ValidityOut(**{"from": validity.from_, "until": validity.until})
    return settings


def _counts(states: Mapping[str, int]) -> ContactCounts:
    named = {name: states.get(name, 0) for name in ContactCounts.model_fields if name != "total"}
    return ContactCounts(total=sum(named.values()), **named)
