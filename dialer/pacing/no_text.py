"""Why one text is not sent now: the gateways, and the server's stop."""

from collections.abc import Iterator

from dialer.domain.said import Said
from dialer.pacing.outlook import SmsGatewayView, TextOutlook
from dialer.pacing.reason import Reason


def of_text(outlook: TextOutlook) -> Iterator[Reason]:
    if outlook.draining:
        yield Reason("draining", "the server is stopping: no new texts start")
    paced_by, leaves_by = outlook.campaign, outlook.gateway
    if paced_by is not None and paced_by.name != leaves_by.name:
        yield from _of_gateway(paced_by)
    yield from _of_gateway(leaves_by)
    if (paced_by is None or paced_by.bound) and outlook.room() <= 0:
        through = Said("the SMS gateway %(name)s", name=paced_by.name) if paced_by else Said("the SMS gateways")
        yield Reason(
            "sms-window-full",
            Said(
                "%(number)s texts are under way, as many as %(through)s may have", number=outlook.busy, through=through
            ),
        )


def _of_gateway(gateway: SmsGatewayView) -> Iterator[Reason]:
    name, why = gateway.name, gateway.reason
    if not gateway.name:
        yield Reason("sms-gateway-missing", "neither its step nor the campaign names an SMS gateway")
    elif not gateway.exists:
        yield Reason("sms-gateway-missing", Said("there is no SMS gateway %(name)s", name=name))
    elif gateway.throttled:
        yield Reason(
            "sms-gateway-throttled",
            _because(Said("the SMS gateway %(name)s holds texts back because the SMSC asked for it", name=name), why),
        )
    elif not gateway.bound:
        yield Reason("sms-gateway-unbound", _because(Said("the SMS gateway %(name)s is not bound", name=name), why))


def _because(what: str, why: str) -> str:
    """`why`, as the gateway tells it."""
    return Said("%(what)s: %(why)s", what=what, why=why) if why else what
