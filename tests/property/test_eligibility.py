"""Why not: the answer against the dialing loop itself, and the next change against looking again, over any situation."""

from collections.abc import Coroutine
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, time, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from config.settings import Settings
from dialer.ami.states import LinkState
from dialer.domain import telephony as t
from dialer.domain.agents import Agents
from dialer.domain.calls import Call
from dialer.domain.campaign import Campaign, LoadOrder
from dialer.domain.gateway import VoiceGateway
from dialer.domain.telephony import MemberStatus
from dialer.domain.transitions import CampaignStatus, EnrollmentState, RequestState
from dialer.domain.windows import ExecutionTime, Validity
from dialer.engine.board import Board
from dialer.engine.dialing import Dialing
from dialer.engine.feeds import Feed
from dialer.engine.outlook import of_call
from dialer.engine.tally import Tracked
from dialer.operations.context import NoEngine
from dialer.pacing.abandonment import AbandonmentMeter
from dialer.pacing.breaker import Breaker
from dialer.pacing.eligibility import Facts, Place, eligibility, reasons
from dialer.pacing.no_rule import Work
from dialer.pacing.outlook import SmsGatewayView, TextOutlook, WebhookOutlook
from dialer.store.requests import ContactRequest
from tests.support import pseudo

NOW = datetime(2026, 5, 4, 9, 0, tzinfo=UTC)  # a Monday
NUMBER, OTHER = "+12025550100", "+12025550199"
METER = AbandonmentMeter(answered_live=1_000, abandoned=5)
MINUTES = st.sampled_from((-90, -30, -1, 1, 45, 600))


@dataclass
class World:
    """The dialing loop with everything it looks at, and nobody behind it."""

    dialing: Dialing
    campaign: Campaign
    request: ContactRequest
    started: list[str] = field(default_factory=list)

    def facts(self) -> Facts:
        """As `operations.why_not` gathers them for a contact whose call is due and in the hopper."""
        work = Work("call", self.request.address, self.request.due_at)
        outlook = of_call(self.dialing, self.campaign, self.request, NOW)
        place = Place(EnrollmentState.PENDING, "call", self.request.due_at)
        return Facts(self.campaign, self.request.zone, place, work, outlook=outlook)

    def starts(self) -> bool:
        return any(plan.intent.request.id == self.request.id for plan in self.dialing._plan(NOW))


# What may be in a contact's way, one by one: what is well, and what else there is.
OPEN, SHUT = ExecutionTime(time(8), time(10)), ExecutionTime(time(12), time(14))
GOOD = {
    "status": CampaignStatus.PUBLISHED, "execution": None, "validity": Validity(), "dialing_modes": ("progressive",),
    "queue": "sales", "voice_gateway": "carrier", "max_concurrent_calls": None, "calls_per_second": None, "payload": {},
    "link": LinkState.UP, "draining": False, "status_of_members": MemberStatus.NOT_IN_USE, "paused": False, "last_call": 0,
    "max_calls": None, "gateway_rate": None, "spent": False, "zone": None, "calls": [], "waiting": [], "before": 0,
    "per_day": None, "other": None, "breaker": None, "missed": (),
}  # fmt: skip
call = st.builds(
    Tracked, call=st.builds(Call, st.uuids().map(lambda u: u.hex[:26]), st.just(NOW)), campaign_id=st.sampled_from((1, 2)),
    contact_id=st.just(99), number=st.sampled_from((OTHER, NUMBER)), queue=st.sampled_from(("sales", "support")),
    gateway=st.sampled_from(("carrier", "narrow")),
)  # fmt: skip
waiting = st.builds(t.WaitingCaller, st.sampled_from(("sales", "support")), st.sampled_from(("c1", "c2", "c3")))
OTHERWISE: dict[str, st.SearchStrategy[Any]] = {
    "status": st.sampled_from(CampaignStatus),
    "execution": st.sampled_from((OPEN, SHUT)),
    "validity": st.sampled_from((
        Validity(NOW + timedelta(hours=1)), Validity(None, NOW - timedelta(hours=1)),
        Validity(NOW - timedelta(days=1), NOW + timedelta(minutes=20)),
    )),
    "dialing_modes": st.sampled_from(((), ("power",), ("power",), ("progressive", "power"))),
    "queue": st.sampled_from(("support", "nowhere", None)),
    "voice_gateway": st.sampled_from(("narrow", None)),
    "max_concurrent_calls": st.sampled_from((1, 3)),
    "calls_per_second": st.just(0.01),
    "payload": st.fixed_dictionaries(
        {}, optional={"queue": st.sampled_from(("", "support")), "gateway": st.sampled_from(("", "narrow", "gone"))}
    ),
    "link": st.sampled_from(LinkState),
    "draining": st.just(True),
    "status_of_members": st.sampled_from(MemberStatus),
    "paused": st.just(True),
    "last_call": st.sampled_from([int(NOW.timestamp()) - back for back in (1, 5, 30)]),
    "max_calls": st.sampled_from((1, 2)),
    "gateway_rate": st.just(0.02),
    "spent": st.just(True),
    "zone": st.sampled_from(("Asia/Tokyo", "America/New_York")),
    "calls": st.lists(call, min_size=1, max_size=3, unique_by=lambda one: one.call.attempt_id),
    "waiting": st.lists(waiting, min_size=1, max_size=2),
    "before": st.sampled_from((1, 2)),
    "per_day": st.just(0),
    "missed": st.lists(st.tuples(st.sampled_from(("PJSIP/a", "PJSIP/b")), st.sampled_from((1, 299, 301))), max_size=2),
    "breaker": st.builds(
        Breaker, st.just(5), since=st.just(NOW - timedelta(minutes=1)), probe=st.sampled_from((None, "p")),
        probe_at=st.sampled_from((NOW, NOW + timedelta(seconds=20))),
    ),
    "other": st.fixed_dictionaries({
        "priority": st.sampled_from((4, 5, 6)), "weight": st.sampled_from((1, 3)), "ready": st.integers(1, 3),
        "lag": st.sampled_from((-0.5, 0.0, 0.5)), "queue": st.sampled_from(("sales", "support")),
    }),
}  # fmt: skip


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """All is well but for up to six things, so that every way a call starts or not comes up."""
    odd = draw(st.sets(st.sampled_from(sorted(OTHERWISE)), max_size=6))
    made = {name: draw(OTHERWISE[name]) if name in odd else good for name, good in GOOD.items()}
    campaign, started = _campaign(made), list[str]()
    link: Any = SimpleNamespace(state=made["link"], reason="late")

    def start(work: Coroutine[Any, Any, None], *, name: str) -> None:
        work.close()
        started.append(name)

    ctx: Any = SimpleNamespace(clock=lambda: NOW, settings=Settings(), engine=NoEngine(), db=None)
    agents = Agents(no_answer_limit=1)
    if link.state is LinkState.UP:
        agents.resync(_picture(draw, made, odd), NOW)
        _miss(agents, made["missed"])
    board = Board(ctx, {1: campaign} if campaign.status is CampaignStatus.PUBLISHED else {}, _gateways(made))
    dialing = Dialing(ctx, board, agents, link, start=start, changed=lambda: None, meter=lambda _: METER)
    dialing.decisions.draining = made["draining"]
    if (known := dialing.paces._of(1)) is not None and draw(st.booleans()):  # in power mode, and enough is known
        for turn in range(60):
            known.recent.rang(NOW.timestamp(), 15.0, answered=turn % 4 == 0)
            known.recent.kept(NOW.timestamp(), turn, 140.0)
    for one in made["calls"]:
        dialing.tracker._add(one)
    if made["spent"]:
        dialing.limits.spend(campaign, "carrier", board.voice["carrier"])
    request = _asked(made)
    before = [replace(request, id=100 + n, address=f"+1202555{n:04}") for n in range(made["before"])]
    feed = Feed(busy=1)  # no claim from the store
    feed.ready.extend([*before, request])
    dialing.feeds._feeds[1] = feed
    if made["breaker"] is not None:
        dialing.breakers._breakers["carrier"] = made["breaker"]
    if made["other"] is not None:
        _join(dialing, campaign, request, **made["other"])
    return World(dialing, campaign, request, started)


def _miss(agents: Agents, missed: list[tuple[str, int]]) -> None:
    """Calls that agents left ringing so many seconds ago."""
    for name, seconds in missed:
        for event in (t.AgentCalled("sales", "m", name), t.AgentRingNoAnswer("sales", "m", name)):
            agents.apply(event, NOW - timedelta(seconds=seconds))


def _join(
    dialing: Dialing, campaign: Campaign, request: ContactRequest, *, ready: int, lag: float, **fields: Any
) -> None:
    """Another campaign, about which nothing is odd, with so many calls ready."""
    plain = {"execution": None, "validity": Validity(), "dialing_modes": ("progressive",), "voice_gateway": "carrier"}
    free = {"max_concurrent_calls": None, "calls_per_second": None, "status": CampaignStatus.PUBLISHED}
    dialing.board.campaigns[2] = replace(campaign, id=2, title="Other", **plain, **free, **fields)
    feed = Feed(busy=1)
    blank = replace(request, payload={"ring_s": 30}, zone=None)
    feed.ready.extend(replace(blank, id=200 + n, campaign_id=2, address=f"+1202556{n:04}") for n in range(ready))
    dialing.feeds._feeds[2] = feed
    dialing.contest.turns.lags = {1: -lag, 2: lag}


def _campaign(made: dict[str, Any]) -> Campaign:
    blank: dict[str, Any] = dict.fromkeys(Campaign.__dataclass_fields__)
    named = {name: value for name, value in made.items() if name in blank}
    return Campaign(
        **{
            **blank,
            "id": 1,
            "priority": 5,
            "weight": 1,
            "lines_per_agent": 3.0,
            "abandonment_limit_percent": 3.0,
            "time_zone": "UTC",
            "load_order": LoadOrder.OLDEST_FIRST,
            "rule_pack": "none",
            **named,
        }
    )


def _picture(draw: st.DrawFn, made: dict[str, Any], odd: set[str]) -> t.LiveState:
    """Up to four seats; what is odd about members is odd about some of them."""
    some = {name: st.sampled_from((GOOD[name], made[name])) for name in ("status_of_members", "paused", "last_call")}
    wrapups = st.sampled_from((10, 60)) if "last_call" in odd else st.just(0)
    member = st.builds(
        t.MemberState, queue=st.sampled_from(("sales", "sales", "support")),
        interface=st.sampled_from(("PJSIP/a", "PJSIP/b", "PJSIP/c")), name=st.just("x"), status=some["status_of_members"],
        paused=some["paused"], last_call=some["last_call"], wrapup_s=wrapups,
    )  # fmt: skip
    seats = draw(st.lists(member, min_size=1, max_size=4, unique_by=lambda m: (m.queue, m.interface)))
    queues = frozenset({"sales", "support"})
    return t.LiveState(members=tuple(seats), queues=queues, entries=tuple(made["waiting"]), clock_offset_s=0.0)


def _gateways(made: dict[str, Any]) -> dict[str, VoiceGateway]:
    limits = {
        "max_calls": made["max_calls"],
        "calls_per_second": made["gateway_rate"],
        "calls_per_day": made["per_day"],
    }
    carrier = VoiceGateway(name="carrier", dial="PJSIP/{number}@carrier", **limits)
    return {"carrier": carrier, "narrow": VoiceGateway(name="narrow", dial="PJSIP/{number}@n", prefixes=("+49",))}


def _asked(made: dict[str, Any]) -> ContactRequest:
    due_at, payload = NOW - timedelta(minutes=1), {"ring_s": 30, **made["payload"]}
    ids, step = (5, 50, 1, 500), ("call", "call", 1, 1, 0)
    return ContactRequest(*ids, *step, NUMBER, payload, 0, due_at, RequestState.CLAIMED, made["zone"])


@pytest.mark.req("K13", "D1", "D6")
@settings(max_examples=250, deadline=None)
@given(worlds())
def test_no_reason_holds_exactly_when_the_dialer_starts_the_call(world: World) -> None:
    found, is_first = eligibility(world.facts(), NOW).reasons, world.dialing.feeds.before(world.request) == 0
    starts = world.starts()
    codes = [reason.code for reason in found]
    assert not (starts and found), codes
    # Those before it may take up the gateway's room in the same round: then it stays, and the next look says why.
    assert starts or found or not is_first or 2 in world.dialing.board.campaigns, (codes, world.started)


@pytest.mark.req("K13")
@settings(max_examples=150, deadline=None)
@given(
    worlds(),
    st.sampled_from(EnrollmentState),
    st.none() | MINUTES,
    MINUTES,
    st.lists(st.floats(0.001, 0.999), min_size=1, max_size=4),
)
def test_the_next_change_is_when_the_answer_is_another_one(
    world: World, state: EnrollmentState, wait: int | None, due: int, between: list[float]
) -> None:
    facts = world.facts()
    assert facts.work is not None
    due_at = NOW + timedelta(minutes=due)
    place = Place(state, "call", NOW + timedelta(minutes=wait) if wait else None, "campaign-unpublished", "done")
    facts = replace(facts, place=place, work=replace(facts.work, due_at=due_at))
    found = eligibility(facts, NOW)
    codes = [reason.code for reason in found.reasons]
    if found.changes_at is None:
        later = [NOW + timedelta(days=7 * part) for part in between]
        assert facts.campaign.execution or all(told(facts, at) == codes for at in later)
        return
    assert found.changes_at > NOW
    for part in between:
        at = NOW + part * (found.changes_at - NOW)
        assert at >= found.changes_at or told(facts, at) == codes, at
    assert told(facts, found.changes_at) != codes


def told(facts: Facts, at: datetime) -> list[str]:
    return [reason.code for reason in reasons(facts, at)]


@pytest.mark.req("K13")
@settings(max_examples=80, deadline=None)
@given(worlds())
def test_a_reason_that_says_until_when_is_gone_then(world: World) -> None:
    facts = world.facts()
    for reason in eligibility(facts, NOW).reasons:
        if reason.until is not None:
            assert reason.until > NOW
            assert reason.code not in told(facts, reason.until), reason


@pytest.mark.req("C1", "K13")
@settings(max_examples=200, deadline=None)
@given(worlds())
def test_each_reason_can_be_translated(world: World) -> None:
    assert [one for reason in reasons(world.facts(), NOW) for one in pseudo.missing(reason.text)] == []


bound = SmsGatewayView("texter", True, True, False, "", 10)


@pytest.mark.req("K13")
@pytest.mark.parametrize(
    ("outlook", "codes"),
    [
        (TextOutlook(True, False, bound, bound), []),
        (TextOutlook(True, True, bound, bound), ["draining"]),
        (TextOutlook(False, False, bound, bound), ["not-running"]),
        (TextOutlook(True, False, bound, bound, busy=10), ["sms-window-full"]),
        (TextOutlook(True, False, bound, bound, before=9), []),
        (TextOutlook(True, False, bound, bound, before=10), ["others-first"]),
        (TextOutlook(True, False, None, bound, busy=10), ["sms-window-full"]),
        (TextOutlook(True, False, bound, bound, starting=True), ["in-progress"]),
        (
            TextOutlook(True, False, bound, replace(bound, name="b", bound=False, reason="refused")),
            ["sms-gateway-unbound"],
        ),
        (
            TextOutlook(True, False, replace(bound, name="a", bound=False, throttled=True), bound),
            ["sms-gateway-throttled"],
        ),
        (TextOutlook(True, False, None, SmsGatewayView("", exists=False)), ["sms-gateway-missing"]),
        (TextOutlook(True, False, None, SmsGatewayView("gone", exists=False)), ["sms-gateway-missing"]),
    ],
)
def test_a_text_names_its_gateway_and_its_place_in_the_line(outlook: TextOutlook, codes: list[str]) -> None:
    campaign = _campaign(GOOD)
    place = Place(EnrollmentState.PENDING, "text", NOW)
    facts = Facts(campaign, None, place, Work("sms", NUMBER, NOW), outlook=outlook)
    assert told(facts, NOW) == codes
    assert [one for reason in reasons(facts, NOW) for one in pseudo.missing(reason.text)] == []


@pytest.mark.req("K13", "S3")
@pytest.mark.parametrize(
    ("outlook", "codes"),
    [
        (WebhookOutlook(True, False, 0, 5), []),
        (WebhookOutlook(True, True, 0, 5), ["draining"]),
        (WebhookOutlook(False, False, 0, 5), ["not-running"]),
        (WebhookOutlook(True, False, 5, 5), ["webhooks-full"]),
        (WebhookOutlook(True, False, 2, 5, before=2), []),
        (WebhookOutlook(True, False, 2, 5, before=3), ["others-first"]),
        (WebhookOutlook(True, False, 5, 5, starting=True), ["in-progress"]),
    ],
)
@pytest.mark.parametrize("hours", [OPEN, SHUT])
def test_a_webhook_waits_for_no_window(outlook: WebhookOutlook, codes: list[str], hours: ExecutionTime) -> None:
    campaign = replace(_campaign(GOOD), execution=hours)
    place = Place(EnrollmentState.PENDING, "hook", NOW)
    work = Work("webhook", "hooks.example", NOW)
    assert told(Facts(campaign, None, place, work, outlook=outlook), NOW) == codes
    over = replace(campaign, validity=Validity(until=NOW))
    assert "validity-period-expired" in told(Facts(over, None, place, work, outlook=outlook), NOW)
