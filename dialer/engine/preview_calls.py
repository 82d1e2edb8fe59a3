"""The call of an accepted offer: the agent's telephone first, then the contact's, and both are bridged in the dialplan."""

from datetime import datetime, timedelta

from dialer.ami.originate import AgentCall, NotSent, Refused
from dialer.domain import telephony as t
from dialer.domain.agent_leg import agent_leg_of
from dialer.domain.said import Said, marked
from dialer.domain.transitions import PreviewState
from dialer.engine.held import Held, Holding, Stage
from dialer.engine.placing import way_of
from dialer.operations import previews
from dialer.operations.attempts import Intent
from dialer.pacing.gates import Against

LONGEST_CALL_S = 4 * 3600  # a talk has an end


class PreviewCalls:
    def __init__(self, holding: Holding) -> None:
        self._holding, self._dialing, self._ctx, self._start = holding, holding.dialing, holding.ctx, holding.start

    def against(self, held: Held, now: datetime) -> str:
        """Why the call may not be made now: all that is checked for any other call, once more."""
        campaign = self._dialing.board.campaigns.get(held.request.campaign_id)
        if campaign is None or not self._dialing.board.may_run(campaign.id, now):
            return "the campaign does not run any more"
        if self._dialing.decisions.draining:
            return "the server is stopping"
        if (allowed := self._dialing.limits.campaign_room(campaign)).calls <= 0:
            return f"the campaign's limit is reached ({allowed.limited_by})"
        found = self._dialing.against(campaign, held.request, campaign.queue or "", now)
        if found is not None:
            return _AGAINST[found]
        return "" if held.leg else self._holding.busy(held.request, held.offer.agent, now)

    async def ring(self, held: Held, ring_s: int) -> None:
        """Call the agent's telephone; `apply` hears what comes of it."""
        offer, ami = held.offer, self._ctx.settings.ami
        try:
            call = AgentCall(offer.id, offer.agent, ring_s, LONGEST_CALL_S, held.request.address, ami.context)
        except ValueError as fault:
            self._holding.close(held, PreviewState.WITHDRAWN, str(fault))
            return
        answer = await self._dialing.link.ring_agent(call)
        if isinstance(answer, NotSent | Refused) and held.stage is Stage.RINGING:
            held.desk.told = Said("Your telephone could not be called: %(why)s.", why=answer.reason)
            why = Said("the agent's telephone could not be called: %(why)s", why=answer.reason)
            self._holding.close(held, PreviewState.WITHDRAWN, why)

    def apply(self, event: t.Event) -> None:
        """Told by Asterisk: an agent has picked up or not, or has hung up."""
        if isinstance(event, t.AgentLeg):
            self._leg(event.attempt_id, up=event.up)
        elif isinstance(event, t.Hangup) and (offer_id := agent_leg_of(event.uniqueid)):
            self._leg(offer_id, up=False)

    def _leg(self, offer_id: str, *, up: bool) -> None:
        held = next((one for one in self._holding if one.offer.id == offer_id), None)
        if held is None:
            return
        held.leg_gone = held.leg_gone or not up
        if held.stage is Stage.RINGING and up:
            held.stage = Stage.CLOSING
            self._start(self._dial(held), name=f"preview-{offer_id}")
        elif held.stage is Stage.RINGING:
            self._holding.miss(held, PreviewState.WITHDRAWN, marked("Your telephone was not picked up."))

    async def _dial(self, held: Held) -> None:
        """Protocol steps 3 to 5, now that the agent waits."""
        now = self._ctx.clock()
        campaign, why = self._dialing.board.campaigns.get(held.request.campaign_id), self.against(held, now)
        if campaign is None or why:
            self._give_up(held, why)
            return
        intent = Intent(
            held.offer.id, held.request, way_of(campaign, held.request)[0], campaign.queue or "", campaign.caller_id,
            agent=held.offer.agent,
        )  # fmt: skip
        plan = self._dialing.plan(campaign, intent, now)
        if plan is None or not await self._dialing.commit_one(plan):
            self._give_up(held, marked("the contact may not be called any more"))
            return
        held.stage, held.until = Stage.CALLING, now + timedelta(seconds=LONGEST_CALL_S)
        if held.leg_gone:
            await self._dialing.withdraw(plan, marked("its agent hung up before"))
        else:
            await self._dialing.originate(plan)
        self._holding.moved()
        await previews.dialed(self._ctx, held.offer)

    def _give_up(self, held: Held, why: str) -> None:
        held.desk.told = Said("The call was not made: %(why)s.", why=why)
        self._holding.close(held, PreviewState.WITHDRAWN, why)

    def see_to(self, held: Held, now: datetime) -> None:
        """A call that goes on ends with its agent's own leg, and that leg with the call."""
        if not self._dialing.tracker.goes_on(held.offer.id):
            self._wrap_up(held, now)
        elif held.leg_gone:  # as often as something is heard: its channel may not have been there yet
            self._start(self._end(held), name=f"hangup-{held.offer.id}")

    async def _end(self, held: Held) -> None:
        await self._dialing.link.hangup(held.offer.id)

    def _wrap_up(self, held: Held, now: datetime) -> None:
        self._start(self._holding.hang_up(held), name=f"release-{held.offer.id}")
        campaign = self._dialing.board.campaigns.get(held.request.campaign_id)
        seconds = self._dialing.agents.wrap_up(campaign.queue or "", held.offer.agent) if campaign else 0
        held.stage, held.until = Stage.WRAP_UP, now + timedelta(seconds=seconds)


_AGAINST = {
    Against.NO_GATEWAY: "its voice gateway does not exist",
    Against.PREFIX: "its voice gateway may not dial this prefix",
    Against.BREAKER: "calls by its voice gateway fail, and its breaker is open",
    Against.DAILY_CAP: "a daily cap of its voice gateway is reached",
    Against.GATEWAY_LIMIT: "its voice gateway is at its limit",
    Against.IN_ANOTHER_CALL: "the number is in another call",
    Against.CLOSED: "it is outside of the hours in which this contact may be called",
    Against.NO_AGENT: "no agent is free",
}
