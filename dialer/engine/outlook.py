"""What the dialing and the texting loop see of one request, as a snapshot for the answer to "why not?"."""

from datetime import datetime

from dialer.ami.states import LinkState
from dialer.domain.campaign import Campaign, automatic, offers
from dialer.engine.contest import contender
from dialer.engine.dialing import Dialing
from dialer.engine.placing import way_of
from dialer.engine.texting import Texting
from dialer.engine.webhooks import Webhooks
from dialer.pacing.no_call import of_queue
from dialer.pacing.outlook import CallOutlook, Outlook, QueueView, Rival, SmsGatewayView, TextOutlook, WebhookOutlook
from dialer.pacing.progressive import Limit
from dialer.pacing.sharing import Turns
from dialer.store.requests import ContactRequest
from sms.settings import GatewayState


def outlook(
    dialing: Dialing,
    texting: Texting,
    webhooks: Webhooks,
    campaign: Campaign,
    request: ContactRequest,
    now: datetime,
) -> Outlook:
    if request.channel == "call":
        return of_call(dialing, campaign, request, now)
    if request.channel == "sms":
        return of_text(texting, campaign, request)
    return of_webhook(webhooks, campaign, request)


def of_call(dialing: Dialing, campaign: Campaign, request: ContactRequest, now: datetime) -> CallOutlook:
    tracker, limits = dialing.tracker, dialing.limits
    gateway_name, queue = way_of(campaign, request)
    gateway = dialing.board.voice.get(gateway_name)
    return CallOutlook(
        runs=campaign.id in dialing.board.campaigns,
        automatic=automatic(campaign),
        offers=offers(campaign),
        ready=dialing.ready_agents(campaign.queue or ""),
        draining=dialing.decisions.draining,
        link_up=dialing.link.state is LinkState.UP,
        link_reason=dialing.link.reason,
        queues=tuple(view(dialing, name, now) for name in dict.fromkeys((campaign.queue, queue)) if name),
        campaign=limits.of_campaign(campaign, now),
        gateway_name=gateway_name,
        gateway=gateway,
        gateway_limit=limits.of_gateway(gateway_name, gateway, now),
        in_another_call=tracker.is_calling(request.address),
        breaker=dialing.breakers.of(gateway_name),
        cap=dialing.caps.reached(gateway_name, request.address, now),
        starting=tracker.is_calling_for(request.id),
        before=dialing.feeds.before(request),
        power=dialing.decisions.power(campaign, now),
        own_queue=campaign.queue or "",
        contender=contender(campaign),
        others=dialing.contest.others(campaign, dialing.decisions.decide, now),
        turns=Turns(dict(dialing.contest.turns.lags)),
    )


def view(dialing: Dialing, name: str, now: datetime) -> QueueView:
    """One queue with its members, and what other queues want of them."""
    in_flight, agents = dialing.tracker.in_flight(), dialing.agents
    counts = agents.counts(name, now)
    return QueueView(
        name=name,
        known=counts.known,
        members=agents.snapshot(name, now).members,
        unserved=counts.callers_waiting - counts.callers_rung,
        in_flight=in_flight.get(name, 0),
        rivals=tuple(Rival(*one) for one in agents.rivals(name, in_flight)),
    )


def of_text(texting: Texting, campaign: Campaign, request: ContactRequest) -> TextOutlook:
    name = request.payload.get("gateway") or texting.gateways.pick(campaign)
    return TextOutlook(
        runs=campaign.id in texting.board.campaigns,
        draining=texting.draining,
        campaign=_gateway(texting, texting.gateways.pick(campaign)) if campaign.sms_gateway else None,
        gateway=_gateway(texting, name),
        busy=texting.busy[campaign.id],
        starting=texting.is_sending(request.id),
        before=texting.feeds.before(request),
    )


def of_webhook(webhooks: Webhooks, campaign: Campaign, request: ContactRequest) -> WebhookOutlook:
    return WebhookOutlook(
        runs=campaign.id in webhooks.board.campaigns,
        draining=webhooks.draining,
        busy=webhooks.busy[campaign.id],
        most=webhooks.most,
        starting=webhooks.is_sending(request.id),
        before=webhooks.feeds.before(request),
    )


def _gateway(texting: Texting, name: str) -> SmsGatewayView:
    running = texting.gateways.get(name)
    if running is None:
        return SmsGatewayView(name, exists=False)
    status = running.gateway.describe()
    is_bound, is_throttled = status.state is GatewayState.BOUND, status.state is GatewayState.THROTTLED
    return SmsGatewayView(name, True, is_bound, is_throttled, status.reason, running.settings.room)


def why_no_agent(dialing: Dialing, campaign: Campaign, now: datetime) -> str | None:
    """In words, while a campaign's calls wait for an agent: who there is, and what holds each of them."""
    if dialing.limited_by.get(campaign.id) is not Limit.NO_AGENT_FREE or not campaign.queue:
        return None
    return next(
        (
            reason.text
            for reason in of_queue(view(dialing, campaign.queue, now), now, dialing.decisions.power(campaign, now))
        ),
        None,
    )
