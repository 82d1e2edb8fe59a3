import asyncio
from math import inf
from typing import Any

import pytest

from sms import events, status
from sms.admission import Admission, TokenBucket
from sms.backoff import Backoff
from sms.gateway import Gateway
from sms.settings import GatewaySettings
from sms.slots import Slots


def admission(window: int = 2, rate: float | None = None, burst: float = 1) -> Admission:
    return Admission(window, TokenBucket(rate, burst, 0.0) if rate else None, bound=1)


@pytest.mark.req("M1")
def test_nothing_goes_unbound_or_beyond_the_window() -> None:
    slots = admission(window=1)
    slots.bound = 0
    assert slots.delay(0) == inf
    slots.bound = 1
    assert slots.delay(0) == 0
    slots.take(0)
    assert slots.delay(0) == inf
    slots.give_back(used=True)
    assert slots.delay(0) == 0


@pytest.mark.req("M4")
def test_a_hold_is_for_everyone_and_never_shortened() -> None:
    slots = admission()
    slots.hold(5.0)
    slots.hold(3.0)
    assert (slots.delay(1.0), slots.is_held(4.9), slots.is_held(5.0), slots.delay(5.0)) == (4.0, True, False, 0.0)


@pytest.mark.req("M1")
def test_the_rate() -> None:
    slots = admission(window=1_000, rate=10, burst=2)
    sent, now = [], 0.0
    while len(sent) < 22:
        delay = slots.delay(now)
        if delay:
            now += delay
        else:
            slots.take(now)
            sent.append(now)
    assert sent[:2] == [0.0, 0.0]
    assert sent[-1] == pytest.approx(2.0)


def test_a_slot_without_a_segment_does_not_count_against_the_rate() -> None:
    slots = admission(rate=10)
    slots.take(0.0)
    assert slots.delay(0.0) == pytest.approx(0.1)
    slots.give_back(used=False)
    assert slots.delay(0.0) == 0
    assert slots.taken == 0


def test_back_off_doubles_up_to_its_limit_and_spreads() -> None:
    backoff = Backoff(first_s=1, most_s=10)
    assert [backoff.delay(failures, 0.0) for failures in (1, 2, 3, 4, 5, 10_000)] == [0.5, 1, 2, 4, 5, 5]
    assert backoff.delay(1, 0.999) == pytest.approx(1, abs=0.001)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [({"bind": "both"}, "bind"), ({"window": 0}, "window"), ({"messages_per_second": 0}, "above 0")],
)
def test_settings_that_cannot_work(wrong: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        GatewaySettings("lab", "127.0.0.1", 2775, "dialer", "secret", **wrong)


class Allowed:
    """An SMSC that takes `rate` a second, counted over a second, and the gateway before it, on a clock of their own."""

    def __init__(self, rate: float, refuses_every: float = inf) -> None:
        self.refuses_every, self.submitted = refuses_every, 0
        self.smsc, self.slots = TokenBucket(rate, rate, 0.0), admission(window=50)
        self.now, self.accepted, self.refused = 0.0, 0, 0

    def run(self, seconds: float) -> float:
        """Segments that were accepted a second."""
        begun, before = self.now, self.accepted
        while self.now < begun + seconds:
            if delay := self.slots.delay(self.now):
                self.now += delay
                continue
            self.slots.take(self.now)
            self.slots.give_back(used=True)
            self._submit()
            self.now += 0.001
        return (self.accepted - before) / (self.now - begun)

    def _submit(self) -> None:
        self.submitted += 1
        if not self.smsc.delay(self.now) and self.submitted % self.refuses_every:
            self.smsc.take(self.now)
            self.accepted += 1
            self.slots.learned.accept(self.now)
        else:
            self.refused += 1
            pace = self.slots.learned.refuse(self.now)
            self.slots.hold(self.now + (1 / pace if pace and self.slots.learned.seldom else 0.4))


@pytest.mark.req("M4")
@pytest.mark.parametrize("rate", [20, 100, 300])
def test_a_rate_that_only_refusals_tell_is_found_and_kept(rate: float) -> None:
    allowed = Allowed(rate)
    allowed.run(3)
    refused = allowed.refused
    assert allowed.run(600) >= 0.98 * rate
    assert allowed.refused - refused <= 30  # some every minute or two: it might allow more by now


@pytest.mark.req("M4")
def test_an_smsc_that_refuses_now_and_then_whatever_the_rate_is_not_sent_less_and_less() -> None:
    allowed = Allowed(1_000_000, refuses_every=50)
    first = allowed.run(3)
    assert allowed.run(600) >= 0.85 * first


@pytest.mark.req("M4")
def test_an_smsc_that_allows_less_by_now_is_sent_less() -> None:
    allowed = Allowed(100)
    allowed.run(10)
    for rate in (92.0, 40.0):
        allowed.smsc.rate = allowed.smsc.burst = rate
        allowed.run(60)
        assert allowed.run(120) >= 0.97 * rate


def test_an_smsc_that_allows_more_by_now_is_sent_more_after_minutes() -> None:
    allowed = Allowed(50)
    allowed.run(10)
    allowed.smsc.rate = allowed.smsc.burst = 200.0
    allowed.run(400)
    assert allowed.run(60) >= 0.9 * 200


def test_a_refusal_now_and_then_teaches_no_rate() -> None:
    allowed = Allowed(1_000_000)
    for hour in range(3):
        allowed.slots.learned.accept(3600.0 * hour)
        assert allowed.slots.learned.refuse(3600.0 * hour + 1) is None
    assert allowed.slots.delay(3 * 3600.0) == 0


@pytest.mark.req("M4")
@pytest.mark.parametrize("away", [False, True], ids=["few texts", "link away"])
async def test_the_time_in_which_nothing_was_to_be_sent_or_could_be_is_not_the_smscs_rate(away: bool) -> None:
    """Five texts within 25 s, and two refusals that others on the account have caused: that is no rate of 0.2 a second."""
    now = [100.0]
    slots = Slots(admission(window=10), lambda: now[0])
    slots.set_bound(1)

    async def send(*, is_taken: bool = True) -> tuple[float | None, bool]:
        async with slots.slot() as slot:
            now[0] += 0.1
            slot.used = True
            if is_taken:
                slots.processed()
                return None, False
            return slots.throttled()

    assert await send(is_taken=False) == (None, False)
    for _ in range(5):
        await send()
        if away:
            slots.set_bound(0)
            sending = asyncio.create_task(send())
            await asyncio.sleep(0)
        now[0] += 5.0
        if away:
            slots.set_bound(1)
            await sending
    pace, _ = await send(is_taken=False)
    assert pace is not None
    assert 5 <= pace <= 10


@pytest.mark.req("M4")
@pytest.mark.parametrize(("code", "counts"), [(status.OK, 1), (status.INVALID_DESTINATION, 1), (status.QUEUE_FULL, 0)])
async def test_a_number_that_is_refused_for_good_has_used_the_smscs_rate_too(code: int, counts: int) -> None:
    """Of a list with many dead numbers the rate would be found to be lower with each refusal that comes by chance."""
    settings = GatewaySettings("lab", "127.0.0.1", 2775, "dialer", "secret")
    handed: Any = None
    gateway = Gateway(settings, on_receipts=handed, on_reply=handed)
    gateway._answered(events.Answered("ref", status.status(code), "1"))
    await gateway._inbox.close()
    assert gateway._slots._admission.learned.accepted == counts
