"""The limits of campaigns and gateways (D6) as they stand in this process: calls that go on, and the buckets of the rates."""

import time
from collections.abc import Iterator
from datetime import datetime, timedelta

from dialer.domain.campaign import Campaign
from dialer.domain.gateway import VoiceGateway
from dialer.domain.rate import CallRate
from dialer.engine.tracker import Tracker
from dialer.pacing.limits import Allowance, Room, room


class Limits:
    def __init__(self, tracker: Tracker) -> None:
        self._tracker = tracker
        self._rates: dict[tuple[str, float], CallRate] = {}

    def campaign_room(self, campaign: Campaign) -> Room:
        tokens = self._tokens(self._of_campaign(campaign))
        return room(campaign.max_concurrent_calls, self._tracker.of_campaign(campaign.id), tokens)

    def gateway_room(self, name: str, gateway: VoiceGateway) -> Room:
        return room(gateway.max_calls, self._tracker.of_gateway(name), self._tokens(self._of_gateway(name, gateway)))

    def spend(self, campaign: Campaign, name: str, gateway: VoiceGateway) -> None:
        """A call is about to be made."""
        for bucket in (self._of_campaign(campaign), self._of_gateway(name, gateway)):
            if bucket:
                bucket.take(1, time.monotonic())

    def waits(self) -> Iterator[float]:
        """Seconds until each rate that is used up lets the next call through."""
        tick = time.monotonic()
        return (bucket.next_at(tick) - tick for bucket in self._rates.values() if not bucket.available(tick))

    # -- looked at by `outlook` -----------------------------------------------------------------------------------

    def of_campaign(self, campaign: Campaign, now: datetime) -> Allowance:
        going = self._tracker.of_campaign(campaign.id)
        return Allowance(campaign.max_concurrent_calls, going, _token_at(self._of_campaign(campaign), now))

    def of_gateway(self, name: str, gateway: VoiceGateway | None, now: datetime) -> Allowance:
        if gateway is None:
            return Allowance()
        token_at = _token_at(self._of_gateway(name, gateway), now)
        return Allowance(gateway.max_calls, self._tracker.of_gateway(name), token_at)

    # -- buckets --------------------------------------------------------------------------------------------------

    def _of_campaign(self, campaign: Campaign) -> CallRate | None:
        return self._bucket(f"campaign {campaign.id}", campaign.calls_per_second)

    def _of_gateway(self, name: str, gateway: VoiceGateway) -> CallRate | None:
        return self._bucket(f"gateway {name}", gateway.calls_per_second)

    def _bucket(self, name: str, rate: float | None) -> CallRate | None:
        return self._rates.setdefault((name, rate), CallRate(rate)) if rate else None

    @staticmethod
    def _tokens(bucket: CallRate | None) -> int | None:
        return bucket.available(time.monotonic()) if bucket else None


def _token_at(bucket: CallRate | None, now: datetime) -> datetime | None:
    if bucket is None:
        return None
    tick = time.monotonic()
    wait = 0.0 if bucket.available(tick) else bucket.next_at(tick) - tick
    return now + timedelta(seconds=wait)
