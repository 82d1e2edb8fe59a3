"""Daily caps of a gateway: no call more, over restarts too, told with the instant at which the next day begins."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from dialer.ami.originate import OriginateCall
from dialer.domain import telephony as t
from dialer.domain.gateway import VoiceGateway
from dialer.engine.outlook import of_call
from dialer.operations import gateways
from dialer.pacing.caps import caps, day, next_day, reached
from dialer.pacing.no_call import of_call as reasons_of
from dialer.pacing.progressive import Limit
from dialer.store import requests
from dialer.store.requests import ContactRequest
from dialer.store.tables import contact_request
from tests.support import builders
from tests.support.builders import number, persons
from tests.support.context import MONDAY, Bench
from tests.support.loop import Loop, loop_over

NEXT_DAY = datetime(2026, 5, 5, tzinfo=UTC)
SEATS = {"sales": ("anna", "ben", "cleo")}


async def capped(bench: Bench, contacts: int = 9, **gateway: object) -> tuple[Loop, int]:
    await builders.add_gateways(bench)
    await gateways.edit(bench.ctx, "carrier", gateway)
    campaign_id = await builders.add_campaign(bench)
    await builders.load(bench, campaign_id, persons(contacts))
    await builders.publish(bench, campaign_id)
    return await loop_over(bench, SEATS), campaign_id


async def dial(loop: Loop, rounds: int = 4) -> list[str]:
    """Call after call, the agents free again each time."""
    placed: list[str] = []
    for _ in range(rounds):
        placed += [call.number for call in await loop.next_round()]
        loop.free()
    return placed


@pytest.mark.req("D6")
async def test_no_call_leaves_above_the_cap_of_a_day_not_after_a_restart_either(bench: Bench) -> None:
    loop, campaign_id = await capped(bench, calls_per_day=4)
    assert len(await dial(loop)) == 4
    assert loop.dialing.limited_by[campaign_id] is Limit.GATEWAY_CAP
    await loop.dialing.feeds.drop_all()
    again = await loop_over(bench, SEATS)
    await again.dialing.caps.load()
    assert await dial(again) == []
    assert again.dialing.caps.snapshot("carrier", bench.clock()) == {
        "caps": [{"prefix": "", "calls": 4, "most": 4, "resets_at": "2026-05-05T00:00:00+00:00"}],
        "minutes": None,
    }
    bench.clock.advance(hours=15)
    assert len(await dial(again)) == 4, "the next day"


@pytest.mark.req("D6", "K13")
async def test_a_prefix_has_a_cap_of_its_own_and_others_go_on(bench: Bench) -> None:
    loop, campaign_id = await capped(bench, prefix_calls_per_day=["+12025550003=0", "+120255500=5", "+44=0"])
    placed = await dial(loop)
    assert number(3) not in placed
    assert len(placed) == 5
    (request,) = (await requests_to(bench, number(3))).values()
    campaign = loop.dialing.board.campaigns[campaign_id]
    assert request.due_at == NEXT_DAY, "put off, so that nobody stands behind it"
    (reason,) = reasons_of(of_call(loop.dialing, campaign, request, MONDAY), request.address, MONDAY)
    assert (reason.code, reason.until) == ("gateway-daily-cap", NEXT_DAY)
    assert "0 calls to +12025550003" in reason.text


async def requests_to(bench: Bench, address: str) -> dict[int, ContactRequest]:
    async with bench.ctx.db.read() as tx:
        ids = await tx.execute(select(contact_request.c.id).where(contact_request.c.address == address))
        return {one: found for one in ids.scalars() if (found := await requests.get(tx, one))}


@pytest.mark.req("D6")
async def test_a_call_that_never_left_does_not_count(bench: Bench) -> None:
    loop, _ = await capped(bench, calls_per_day=3)
    loop.link.refuses = True
    await loop.next_round()
    loop.link.refuses = False
    loop.dialing.feeds.look_now(1)
    assert len(await dial(loop, 6)) == 3


@pytest.mark.req("D6")
async def test_whom_a_cap_put_off_is_looked_at_when_the_cap_is_raised(bench: Bench) -> None:
    loop, _ = await capped(bench, contacts=3, prefix_calls_per_day=["+1=0"])
    assert await dial(loop) == []
    await gateways.edit(bench.ctx, "carrier", {"prefix_calls_per_day": ["+1=2"]})
    await loop.dialing.board.load()
    loop.dialing.feeds.look_now(1)
    assert len(await dial(loop, 5)) == 2


instants = st.integers(0, 2 * 365 * 24 * 60).map(lambda minutes: MONDAY + timedelta(minutes=minutes))
zones = st.sampled_from(("UTC", "Europe/Berlin", "America/New_York", "Pacific/Kiritimati", "America/Santiago"))


@given(instants, zones)
def test_a_day_ends_where_the_next_begins(now: datetime, zone: str) -> None:
    gateway = VoiceGateway(name="g", dial="PJSIP/{number}@g", day_zone=zone, calls_per_day=1)
    ends = next_day(gateway, now)
    assert timedelta(0) < ends - now <= timedelta(hours=25)
    assert day(gateway, ends) == day(gateway, now) + timedelta(days=1)
    assert day(gateway, ends - timedelta(seconds=1)) == day(gateway, now)


@given(st.dictionaries(st.sampled_from(("+1", "+12", "+44")), st.integers(0, 3)), st.integers(0, 4), st.integers(0, 4))
def test_every_cap_that_a_number_is_under_holds(most: dict[str, int], calls: int, in_all: int) -> None:
    written = tuple(f"{prefix}={number}" for prefix, number in most.items())
    gateway = VoiceGateway(name="g", dial="PJSIP/{number}@g", prefix_calls_per_day=written, calls_per_day=3)
    assert caps(gateway) == {"": 3, **most}
    found = reached(gateway, {"": in_all, **dict.fromkeys(most, calls)}, "+1234567", MONDAY)
    held = in_all >= 3 or any("+1234567".startswith(prefix) and calls >= number for prefix, number in most.items())
    assert (found is not None) == held


@pytest.mark.parametrize("wrong", [["44=5"], ["+44"], ["+44=x"], ["+44=1", "+44=2"]])
async def test_what_is_no_cap_is_refused(wrong: list[str]) -> None:
    with pytest.raises(ValueError, match="prefix"):
        VoiceGateway(name="g", dial="PJSIP/{number}@g", prefix_calls_per_day=tuple(wrong))


async def answer(loop: Loop, call: OriginateCall) -> None:
    uniqueid, now = t.channel_id(call.attempt_id), loop.bench.clock()
    for event in (
        t.NewState(uniqueid, t.ChannelState.UP),
        t.OriginateResponse(call.attempt_id, True, 4),
        t.QueueCallerJoin("sales", uniqueid),
        t.QueueCallerLeave("sales", uniqueid),
        t.AgentConnect("sales", uniqueid, "anna", "anna", 0),
    ):
        loop.dialing.tracker.apply(event, now)
    await loop.dialing.tracker.write()


async def hang_up(loop: Loop, call: OriginateCall) -> None:
    loop.dialing.tracker.apply(t.Hangup(t.channel_id(call.attempt_id), 16, ""), loop.bench.clock())
    loop.bench.clock.advance(seconds=5)
    await loop.dialing.tracker.write()


@pytest.mark.req("D6", "K13")
async def test_no_call_starts_once_the_calls_of_the_day_lasted_so_long(bench: Bench) -> None:
    loop, campaign_id = await capped(bench, minutes_per_day=5)
    first, second, _ = await loop.next_round()
    await answer(loop, first)
    bench.clock.advance(seconds=150)
    await hang_up(loop, first)
    await answer(loop, second)
    await loop.dialing.caps.load()
    assert minutes(loop) == (2, 5)
    loop.dialing.feeds.look_now(campaign_id)
    assert await loop.next_round(), "there is time left"
    bench.clock.advance(seconds=150)
    await loop.dialing.caps.load()
    assert minutes(loop) == (5, 5), "with the call that is under way"
    loop.free()
    assert await dial(loop) == []
    assert loop.dialing.limited_by[campaign_id] is Limit.GATEWAY_CAP
    (request,) = (await requests_to(bench, number(8))).values()
    (reason,) = reasons_of(
        of_call(loop.dialing, loop.dialing.board.campaigns[campaign_id], request, bench.clock()),
        request.address,
        bench.clock(),
    )
    assert (reason.code, reason.until) == ("gateway-daily-cap", NEXT_DAY)
    assert "the 5 minutes of calls that it may make" in reason.text


def minutes(loop: Loop) -> tuple[int, int]:
    told = loop.dialing.caps.snapshot("carrier", loop.bench.clock())["minutes"]
    return told["lasted"], told["most"]


@pytest.mark.req("D6")
async def test_minutes_outlast_a_restart_and_end_with_the_day(bench: Bench) -> None:
    loop, _ = await capped(bench, minutes_per_day=2)
    first, *_ = await loop.next_round()
    await answer(loop, first)
    bench.clock.advance(seconds=119.5)
    await hang_up(loop, first)
    await loop.dialing.feeds.drop_all()
    again = await loop_over(bench, SEATS)
    await again.dialing.caps.load()
    assert minutes(again) == (2, 2), "begun seconds count in full"
    assert await dial(again) == []
    bench.clock.advance(hours=15)
    await again.dialing.caps.load()
    assert minutes(again) == (0, 2)
    assert len(await dial(again)) > 0
