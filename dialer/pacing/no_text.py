"""Why one text is not sent now: the gateways, and the server's stop."""

from collections.abc import Iterator

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
        through = f"the SMS gateway {paced_by.name}" if paced_by else "the SMS gateways"
        yield Reason("sms-window-full", f"{outlook.busy} texts are under way, as many as {through} may have")


def _of_gateway(gateway: SmsGatewayView) -> Iterator[Reason]:
    named, why = f"the SMS gateway {gateway.name}", f": {gateway.reason}" if gateway.reason else ""
    if not gateway.name:
        yield Reason("sms-gateway-missing", "neither its step nor the campaign names an SMS gateway")
    elif not gateway.exists:
        yield Reason("sms-gateway-missing", f"there is no SMS gateway {gateway.name}")
    elif gateway.throttled:
        yield Reason("sms-gateway-throttled", f"{named} holds texts back because the SMSC asked for it{why}")
    elif not gateway.bound:
        yield Reason("sms-gateway-unbound", f"{named} is not bound{why}")
