"""What a dry run is given: the rules of the campaign, its strategies, and its contacts, without their names and numbers."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, NamedTuple

from dialer.domain.campaign import ABANDONMENT_LIMIT_PERCENT, Campaign, DialingMode, LoadOrder, automatic
from dialer.domain.rules.catalogue import NONE
from dialer.domain.windows import ExecutionTime, Validity
from dialer.simulation.assumptions import Assumptions
from dialer.strategy.check import check
from dialer.strategy.model import Strategy


@dataclass(frozen=True, slots=True)
class Rules:
    """Of the campaign and its gateways; None is no limit. `preview`: no call starts before an agent has looked at it."""

    time_zone: str
    execution: ExecutionTime | None = None
    validity: Validity = Validity()  # noqa: RUF009  (it can't be changed)
    load_order: LoadOrder = LoadOrder.OLDEST_FIRST
    max_concurrent_calls: int | None = None
    calls_per_second: float | None = None
    gateway_max_calls: int | None = None
    gateway_calls_per_second: float | None = None
    segments_per_second: float | None = None
    rule_pack: str = NONE
    power: bool = False
    lines_per_agent: float = 1.0
    most_abandoned_percent: float = ABANDONMENT_LIMIT_PERCENT
    preview: bool = False

    @classmethod
    def of(cls, campaign: Campaign, **gateways: Any) -> "Rules":
        return cls(
            time_zone=campaign.time_zone,
            execution=campaign.execution,
            validity=campaign.validity,
            load_order=campaign.load_order,
            max_concurrent_calls=campaign.max_concurrent_calls,
            calls_per_second=campaign.calls_per_second,
            rule_pack=campaign.rule_pack,
            power=DialingMode.POWER in campaign.dialing_modes,
            lines_per_agent=campaign.lines_per_agent,
            most_abandoned_percent=campaign.most_abandoned_percent,
            preview=not automatic(campaign),
            **gateways,
        )


class ContactRow(NamedTuple):
    """One contact of the campaign.

    `channels` are those of its addresses in order: letters of `v` (voice), `s` (sms), `e` (email), in capitals if the
    address is on a do-not-contact list. `values` are the attributes and names that the strategy uses. Who stands in the
    strategy already has its `version`, its `memory` (JSON) and when its next step is due. `places` are the zones in which each of its
    addresses may be, if its own is not known and a rule pack asks for it.
    """

    id: int
    zone: str | None
    channels: Sequence[str]
    values: Mapping[str, str]
    version: int = 0
    memory: str = ""
    due_at: str | None = None
    places: Sequence[Sequence[str]] = ()


@dataclass(frozen=True, slots=True)
class Job:
    """`strategies` by version; `version` is the one that contacts enter. `start` is aware."""

    rules: Rules
    strategies: Mapping[int, Strategy]
    version: int
    assumptions: Assumptions
    start: datetime


def to_json(job: Job, documents: Mapping[int, object]) -> dict[str, Any]:
    """For the process that runs it; the strategies as their own documents."""
    return {
        "rules": asdict(job.rules),
        "strategies": {str(version): document for version, document in documents.items()},
        "version": job.version,
        "assumptions": job.assumptions.model_dump(mode="json"),
        "start": job.start.isoformat(),
    }


def from_json(document: Mapping[str, Any]) -> Job:
    rules = dict(document["rules"])
    execution, validity = rules["execution"], rules["validity"]
    rules["execution"] = ExecutionTime.read(**execution) if execution else None
    rules["validity"] = Validity(_moment(validity["from_"]), _moment(validity["until"]))
    rules["load_order"] = LoadOrder(rules["load_order"])
    return Job(
        rules=Rules(**rules),
        strategies={int(version): _strategy(one) for version, one in document["strategies"].items()},
        version=document["version"],
        assumptions=Assumptions.model_validate(document["assumptions"]),
        start=datetime.fromisoformat(document["start"]),
    )


def _strategy(document: object) -> Strategy:
    strategy = check(document).strategy
    if strategy is None:
        raise ValueError("the strategy is damaged")
    return strategy


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
