"""The tally of calls against counting them all again, over any history of facts."""

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialer.domain import telephony as t
from dialer.domain.calls import Call
from dialer.engine.tally import Tally, Tracked

START = datetime(2026, 1, 1, tzinfo=UTC)
IDS = [f"{n:026}" for n in range(4)]


def events(attempt: str) -> list[t.Event]:
    channel = t.channel_id(attempt)
    return [
        t.NewChannel(channel, channel),
        t.NewState(channel, t.ChannelState.UP),
        t.QueueCallerJoin("sales", channel),
        t.AgentConnect("sales", channel, "PJSIP/anna", "Anna", 0),
        t.Hangup(channel, 16, ""),
        t.OriginateResponse(attempt, success=False, reason=3),
    ]


@pytest.mark.req("D1", "D6")
@given(st.lists(st.tuples(st.sampled_from(range(len(IDS))), st.integers(-2, 5)), max_size=60))
def test_the_tally_is_what_counting_all_calls_would_give(history: list[tuple[int, int]]) -> None:
    """-2 removes a call, -1 loses it (which a late NewChannel takes back), others apply an event; each adds a missing one."""
    tally, calls = Tally(), dict[str, Tracked]()
    for step, (n, what) in enumerate(history):
        attempt, now = IDS[n], START + timedelta(seconds=step)
        one = calls.get(attempt)
        if one is None:
            one = Tracked(Call(attempt, now), n % 2, n, f"+1202555010{n % 3}", "sales", "carrier")
            calls[attempt] = one
        else:
            tally.remove(one)
        if what == -2:
            del calls[attempt]
        else:
            one.call = one.call.lose("?", now) if what == -1 else one.call.apply(events(attempt)[what], now)
            tally.add(one)
        going = [one for one in calls.values() if one.call.ended_at is None]
        assert +tally.in_flight == Counter(one.queue for one in going if one.waits_for_agent)
        assert +tally.campaigns == Counter(one.campaign_id for one in going)
        assert +tally.gateways == Counter(one.gateway for one in going)
        assert tally.numbers == Counter(one.number for one in going)
        assert set(tally.finishing) == {i for i, one in calls.items() if one.call.finish_due() is not None}
