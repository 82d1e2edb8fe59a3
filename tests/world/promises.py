"""What managers asked for and what was answered: from the answer on it holds, between asking and answer either may."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from dialer.domain.windows import Validity
from dialer.operations import campaigns, do_not_contact
from dialer.operations.do_not_contact import NewEntry
from tests.world.ledger import Sent
from tests.world.plan import CampaignPlan


@dataclass
class Promise:
    """What was asked and answered of one campaign."""

    plan: CampaignPlan
    asked_at: float = 0.0  # to run
    stopped_at: float | None = None  # answered; None while it may run
    ended: bool = False
    untils: list[datetime | None] = field(default_factory=lambda: [None])  # those that may hold
    limits: list[int | None] = field(default_factory=list)
    lifted_at: float = float("inf")  # the execution time may be gone from then on


class Promises:
    """`fault(what)` is told of what left against a promise."""

    def __init__(self, world: Any, fault: Any) -> None:
        self._world, self._fault = world, fault
        self._of: dict[int, Promise] = {}
        self._in_campaign: dict[str, set[int]] = {}
        self._listed: dict[str, float] = {}  # when that was answered

    def __iter__(self) -> Any:
        return iter(self._of)

    def __contains__(self, campaign_id: int) -> bool:
        return campaign_id in self._of

    def __getitem__(self, campaign_id: int) -> Promise:
        return self._of[campaign_id]

    def running(self) -> list[int]:
        return [one for one, promise in self._of.items() if not promise.ended]

    def numbers(self) -> list[str]:
        return list(self._in_campaign)

    def campaign(self, campaign_id: int, plan: CampaignPlan) -> None:
        self._of[campaign_id] = Promise(plan, self._world.loop.time(), limits=[plan.fields.get("max_concurrent_calls")])
        for number in plan.numbers:
            self._in_campaign.setdefault(number, set()).add(campaign_id)

    # -- asked ----------------------------------------------------------------------------------------------------

    async def stop(self, campaign_id: int, how: str, in_process: Any) -> None:
        promise = self._of[campaign_id]
        self._note(how, campaign_id)
        if await in_process(getattr(campaigns, how), campaign_id):
            self._note(f"{how} answered", campaign_id)
            promise.stopped_at = self._world.loop.time()
            promise.ended = promise.ended or how == "end"

    async def publish(self, campaign_id: int, in_process: Any) -> None:
        promise = self._of[campaign_id]
        self._note("publish", campaign_id)
        if not promise.ended:
            if promise.stopped_at is not None:
                promise.asked_at = self._world.loop.time()
            promise.stopped_at = None  # from here on it may have come to pass
        await in_process(campaigns.publish, campaign_id)

    async def valid_until(self, campaign_id: int, until: datetime | None, in_process: Any) -> None:
        promise = self._of[campaign_id]
        promise.untils.append(until)
        self._note("valid until", campaign_id, until)
        if await in_process(campaigns.edit, campaign_id, {"validity": Validity(None, until)}):
            promise.untils = [until]

    async def limit(self, campaign_id: int, limit: int | None, in_process: Any) -> None:
        promise = self._of[campaign_id]
        promise.limits.append(limit)
        self._note("limit", campaign_id, limit)
        if await in_process(campaigns.edit, campaign_id, {"max_concurrent_calls": limit}):
            promise.limits = [limit]

    async def lift_hours(self, campaign_id: int, in_process: Any) -> None:
        """No execution time any more."""
        promise = self._of[campaign_id]
        if promise.plan.fields.get("execution") is not None:
            self._note("around the clock", campaign_id)
            promise.lifted_at = min(promise.lifted_at, self._world.loop.time())
            await in_process(campaigns.edit, campaign_id, {"execution": None})

    async def list_number(self, number: str, in_process: Any) -> None:
        self._note("list", number)
        if await in_process(do_not_contact.add, [NewEntry(number)]):
            self._note("listed", number)
            self._listed.setdefault(number, self._world.loop.time())

    # -- kept -----------------------------------------------------------------------------------------------------

    def sent(self, sent: Sent) -> None:
        """At the moment of writing."""
        may = [self._of[one] for one in self._in_campaign.get(sent.number, ())]
        now = self._world.loop.now()
        if may and all(one.stopped_at is not None for one in may):
            self._fault(f"I3 {sent.attempt} left {sent.at:.6f}, after the answer to a stop")
        if may and all(all(until is not None and until < now for until in one.untils) for one in may):
            self._fault(f"I3 {sent.attempt} left at {sent.at:.6f}, after the validity was over")
        if sent.number in self._listed:
            self._fault(f"D7 {sent.attempt} left at {sent.at:.6f} for {sent.number}, after it was listed")

    def texted(self, number: str, text: str) -> None:
        """It comes in at the SMS centre: it left a moment before."""
        left = self._world.loop.time() - 0.001
        promise = next((one for one in self._of.values() if one.plan.text and text[:2] == one.plan.text[:2]), None)
        if promise is not None and promise.stopped_at is not None and promise.stopped_at < left:
            self._fault(f"I3 the text {text!r} left for {number} after the answer to a stop")
        if self._listed.get(number, left) < left:
            self._fault(f"D7 the text {text!r} left for {number} after it was listed")

    def _note(self, what: str, *more: object) -> None:
        self._world.ledger.note(what, *more)
