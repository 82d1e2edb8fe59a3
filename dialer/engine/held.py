"""Agents who are held for a preview: what each was offered, and how it is given back."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from dialer.domain.members import NotFree
from dialer.domain.said import Said, marked
from dialer.domain.transitions import PreviewState
from dialer.engine.desks import Desk, Desks
from dialer.engine.dialing import Dialing
from dialer.operations import previews
from dialer.operations.context import Context
from dialer.store.previews import Offer
from dialer.store.requests import ContactRequest


class Stage(StrEnum):
    """What an agent who is held is doing; the pages show it."""

    OPENING = "opening"  # the offer is being written
    OFFERED = "offered"
    RINGING = "ringing"  # the agent's own telephone
    CALLING = "calling"  # or talking: the attempt tells
    WRAP_UP = "wrap_up"
    CLOSING = "closing"  # what became of it is being written


@dataclass(slots=True)
class Held:
    """An agent with what it was offered."""

    offer: Offer
    request: ContactRequest
    desk: Desk
    stage: Stage
    until: datetime
    answer: PreviewState | None = None  # the agent's, which is being written
    leg: bool = False  # the agent's own leg may be there
    leg_gone: bool = False


class Holding:
    """`start` runs a named task; `changed` tells the live pages."""

    def __init__(
        self, ctx: Context, dialing: Dialing, *, start: Callable[..., object], changed: Callable[[], None]
    ) -> None:
        self.ctx, self.dialing, self.start, self._changed = ctx, dialing, start, changed
        self.desks = Desks(ctx)
        self._held: dict[str, Held] = {}  # by agent

    def __iter__(self) -> Iterator[Held]:
        return iter(list(self._held.values()))

    def __len__(self) -> int:
        return len(self._held)

    def of(self, agent: str) -> Held | None:
        return self._held.get(agent)

    def hold(self, held: Held) -> None:
        self._held[held.offer.agent] = held
        self.dialing.agents.hold(held.offer.agent, self.ctx.clock(), held=True)

    def busy(self, request: ContactRequest, agent: str, now: datetime) -> str:
        """Why the agent can't take a call now, but for being held for this one."""
        campaign = self.dialing.board.campaigns.get(request.campaign_id)
        member = self.dialing.agents.member(campaign.queue or "", agent, now) if campaign else None
        if member is None:
            return marked("the agent is not known in the campaign's queue")
        reasons = [one for one in member.reasons if one is not NotFree.PREVIEW]
        return Said("the agent is not free: %(states)s", states=", ".join(reasons)) if reasons else ""

    def miss(self, held: Held, to: PreviewState, told: str) -> None:
        self.desks.missed(held.desk, self.ctx.settings.preview.most_missed, told)
        self.close(held, to, told)

    def close(self, held: Held, to: PreviewState, reason: str) -> None:
        held.stage = Stage.CLOSING
        self.start(self.give_back(held, to, reason), name=f"close-{held.offer.id}")

    async def give_back(self, held: Held, to: PreviewState, reason: str) -> None:
        await self.hang_up(held)
        await previews.give_back(self.ctx, held.offer, held.request, to, reason=reason)
        self.free(held)

    async def hang_up(self, held: Held) -> None:
        """The agent's own leg."""
        if held.leg and not held.leg_gone:
            await self.dialing.link.hangup(held.offer.id, agent=True)

    def free(self, held: Held) -> None:
        self._held.pop(held.offer.agent, None)
        held.desk.since = now = self.ctx.clock()
        self.dialing.agents.hold(held.offer.agent, now, held=False)
        self.moved()

    def moved(self) -> None:
        self.dialing.bell.ring()
        self._changed()
