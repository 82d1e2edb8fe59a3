"""An SMS gateway as pages, the API and the metrics tell it: plain JSON, with times of day instead of a steady clock's."""

from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from sms.settings import GatewaySettings, GatewayStatus


def view(status: GatewayStatus, settings: GatewaySettings, now: datetime) -> dict[str, Any]:
    """`now` is the time of day at which `status` was taken."""

    def at(steady: float) -> datetime:
        """To the second, or the same look would differ each time."""
        return (now - timedelta(seconds=status.now - steady)).replace(microsecond=0)

    return {
        "state": status.state.value,
        "reason": status.reason,
        "since": at(status.since),
        "address": status.address,
        "binds": [
            {"type": one.type, "bound": one.is_bound, "reason": one.reason, "since": at(one.since),
             "in_flight": one.in_flight, "window": status.window}
            for one in status.binds
        ],
        "rate_10s": status.rates[0],
        "rate_60s": status.rates[1],
        "messages_per_second": settings.messages_per_second,
        "counts": asdict(status.counts),
        "errors": [
            {"code": one.status.code, "name": one.status.name, "kind": one.status.kind.value,
             "meaning": one.status.meaning, "count": one.number}
            for one in status.refusals
        ],
        "events": [
            {"at": at(one.at), "kind": one.kind.value, "detail": one.detail, "times": one.times} for one in status.events
        ],
    }  # fmt: skip
