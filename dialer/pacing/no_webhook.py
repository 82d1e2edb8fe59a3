"""Why one webhook is not sent now: the others of its campaign, and the server's stop."""

from collections.abc import Iterator

from dialer.domain.said import Said
from dialer.pacing.outlook import WebhookOutlook
from dialer.pacing.reason import Reason


def of_webhook(outlook: WebhookOutlook) -> Iterator[Reason]:
    if outlook.draining:
        yield Reason("draining", "the server is stopping: no new webhooks start")
    if outlook.room() <= 0:
        yield Reason(
            "webhooks-full",
            Said("%(number)s webhooks of the campaign are under way, as many as may be", number=outlook.busy),
        )
