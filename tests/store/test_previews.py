"""Preview mode over the store: offers to agents on the page, their answers, time-outs, and races."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from dialer.ami.originate import Accepted, AgentCall
from dialer.domain import telephony as t
from dialer.domain.agent_leg import agent_channel_id
from dialer.domain.errors import Conflict, InvalidInput, NotFound
from dialer.domain.transitions import PreviewState
from dialer.engine.desks import Desk
from dialer.engine.held import Held
from dialer.engine.previews import Previews
from dialer.operations import campaigns, do_not_contact, history, previews, why_not
from dialer.operations.do_not_contact import NewEntry
from dialer.operations.trail_check import trail_check
from dialer.store import claims, enrollments, requests
from dialer.store.previews import Offer
from tests.support import builders
from tests.support.context import Bench
from tests.support.loop import Loop, Taken, loop_over

ANN, BOB = "PJSIP/ann", "PJSIP/bob"


class Phones(Taken):
    """Also calls agents, and notes whose calls were ended."""

    def __init__(self) -> None:
        super().__init__()
        self.rung: list[AgentCall] = []
        self.ended: list[tuple[str, bool]] = []

    async def ring_agent(self, call: AgentCall) -> Accepted:
        self.rung.append(call)
        return Accepted()

    async def hangup(self, attempt_id: str, *, agent: bool = False) -> Accepted:
        self.ended.append((attempt_id, agent))
        return Accepted()


class Page:
    """A loop with previews, and a desk for each agent."""

    def __init__(self, loop: Loop) -> None:
        self.loop, self.phones = loop, Phones()
        self.bench, any_link = loop.bench, self.phones
        link: Any = any_link
        loop.link = loop.dialing.link = link

        def start(work: Any, *, name: str) -> None:
            loop.tasks.add(asyncio.create_task(work, name=name))

        self.previews = Previews(loop.bench.ctx, loop.dialing, start=start, changed=lambda: None)

    async def ready(self, user: str, agent: str) -> Desk:
        desk = await self.previews.desks.of(user)
        await self.previews.choose(desk, agent)
        self.previews.get_ready(desk, ready=True)
        return desk

    async def offered(self, desk: Desk) -> Held:
        """After a few rounds: hoppers fill in one, offers are written in the next."""
        for _ in range(3):
            await self.loop.next_round()
        held = self.previews.of(desk)
        assert held is not None
        assert held.stage == "offered"
        return held

    async def pick_up(self, held: Held, *, up: bool = True) -> None:
        self.previews.apply(t.AgentLeg(held.offer.id, up))
        await self.loop.next_round()

    async def kinds(self, held: Held) -> list[str]:
        rows = await history.trail_of(self.bench.ctx, held.request.contact_id, held.request.campaign_id)
        return [row["kind"] for row in rows if row["kind"].startswith(("preview", "call-d", "finished", "stopped"))]


async def page_of(bench: Bench, modes: tuple[str, ...] = ("preview",), people: int = 5, **fields: object) -> Page:
    wanted = {"title": "Chosen", "queue": "sales", "dialing_modes": modes, **fields}
    campaign_id = await builders.add_campaign(bench, None, **wanted)
    await builders.publish(bench, campaign_id)
    await builders.load(bench, campaign_id, [builders.person(one) for one in range(100, 100 + people)])
    await builders.settle(bench, campaign_id)
    return Page(await loop_over(bench, {"sales": (ANN, BOB), "support": ("cleo",)}))


@pytest.mark.req("C2", "D3")
async def test_an_accepted_contact_is_called_once_its_agent_has_picked_up(bench: Bench) -> None:
    page = await page_of(bench)
    ann = await page.ready("ann", ANN)
    held = await page.offered(ann)
    assert page.phones.calls == [], "nobody is called before the agent says so"
    await page.previews.accept(ann, held.offer.id)
    await page.previews.accept(ann, held.offer.id)  # once more: nothing changes
    await page.loop.next_round()
    assert [call.agent for call in page.phones.rung] == [ANN]
    assert page.phones.calls == [], "nor before the agent's telephone was picked up"
    await page.pick_up(held)
    (call,) = page.phones.calls
    assert (call.attempt_id, call.number, call.to_agent) == (held.offer.id, held.request.address, True)
    assert dict(call.headers())["Exten"] == "preview"
    assert await page.kinds(held) == ["preview-offered", "preview-accepted", "call-dialed"]
    await page.loop.end(call, 17, rang=True)
    await page.loop.next_round()
    assert (held.offer.id, True) in page.phones.ended, "the agent's own leg ends with the call"
    assert await previews.state_of(bench.ctx, held.offer.id, "ann") is PreviewState.DIALED


@pytest.mark.req("C2", "D1")
async def test_who_is_offered_a_contact_gets_no_other_call(bench: Bench) -> None:
    page = await page_of(bench, ("preview", "progressive"))
    ann = await page.ready("ann", ANN)
    page.loop.dialing.previews(bench.clock())
    placed = await page.loop.next_round()
    assert len(placed) == 1, "the other agent of the queue has a progressive call"
    held = await page.offered(ann)
    assert held.request.address not in {call.number for call in placed}
    assert page.loop.dialing.agents.free("sales", bench.clock()) == {BOB}


@pytest.mark.req("C2", "D3")
async def test_two_agents_never_have_the_same_contact(bench: Bench) -> None:
    page = await page_of(bench)
    ann, bob = await page.ready("ann", ANN), await page.ready("bob", BOB)
    first, second = await page.offered(ann), await page.offered(bob)
    assert first.request.id != second.request.id
    with pytest.raises(NotFound):
        await page.previews.accept(bob, first.offer.id)


@pytest.mark.req("C2", "D3")
async def test_of_many_nodes_that_offer_the_same_request_one_does(bench: Bench) -> None:
    page = await page_of(bench, people=1)
    held = await page.offered(await page.ready("ann", ANN))
    await page.previews.skip(held.desk, held.offer.id, "")
    bench.clock.advance(seconds=301)
    async with bench.ctx.db.write() as tx:
        (request,) = await claims.claim(
            tx, held.request.campaign_id, "call", order=builders_order(page), node="node-1", until=bench.clock(),
            now=bench.clock(), limit=1,
        )  # fmt: skip
    until = bench.clock() + timedelta(seconds=60)
    rivals = [
        Offer(f"0000000000000000000000{n:04d}", request.id, f"PJSIP/{n}", str(n), "node-1", PreviewState.OFFERED,
              bench.clock(), until)
        for n in range(8)
    ]  # fmt: skip
    won = await asyncio.gather(*(previews.offer(bench.ctx, one, request) for one in rivals))
    assert sum(won) == 1


def builders_order(page: Page) -> Any:
    return next(iter(page.loop.dialing.board.campaigns.values())).load_order


@pytest.mark.req("C2")
async def test_an_offer_that_nobody_answers_goes_back_and_can_not_be_accepted(bench: Bench) -> None:
    page = await page_of(bench, people=1)
    ann = await page.ready("ann", ANN)
    held = await page.offered(ann)
    bench.clock.advance(seconds=61)
    with pytest.raises(Conflict):  # before any round has seen it
        await page.previews.accept(ann, held.offer.id)
    assert not await previews.accept(bench.ctx, held.offer, held.request, bench.clock())
    await page.previews.desks.of("ann")
    await page.loop.next_round()
    assert (await page.kinds(held))[-1] == "preview-timed-out"
    assert page.previews.of(ann) is None
    assert ann.ready
    with pytest.raises(Conflict, match="its time has run out"):
        await page.previews.accept(ann, held.offer.id)
    assert page.phones.rung == []


@pytest.mark.req("C2")
async def test_after_three_offers_without_an_answer_the_agent_is_not_ready(bench: Bench) -> None:
    page = await page_of(bench)
    ann = await page.ready("ann", ANN)
    for _ in range(3):
        await page.offered(ann)
        bench.clock.advance(seconds=61)
        await page.previews.desks.of("ann")
        await page.loop.next_round()
    assert not ann.ready
    assert "3 in a row" in ann.told
    await page.loop.next_round()
    assert page.previews.of(ann) is None


@pytest.mark.req("C2")
async def test_a_skipped_contact_is_offered_again_after_the_delay(bench: Bench) -> None:
    page = await page_of(bench, people=1)
    ann = await page.ready("ann", ANN)
    held = await page.offered(ann)
    await page.previews.skip(ann, held.offer.id, "will call at noon")
    await page.previews.skip(ann, held.offer.id, "again")  # nothing changes
    await page.loop.next_round()
    assert page.previews.of(ann) is None
    told = (await history.trail_of(bench.ctx, held.request.contact_id))[-1]["data"]
    assert (told["by"], told["reason"]) == ("ann", "will call at noon")
    with pytest.raises(Conflict, match="skipped"):
        await page.previews.accept(ann, held.offer.id)
    bench.clock.advance(seconds=301)
    await page.previews.desks.of("ann")
    page.loop.dialing.feeds.look_now(held.request.campaign_id)
    again = await page.offered(ann)
    assert again.request.id == held.request.id
    assert again.offer.id != held.offer.id


@pytest.mark.req("C2")
async def test_a_rejected_contact_is_through(bench: Bench) -> None:
    page = await page_of(bench, people=1)
    ann = await page.ready("ann", ANN)
    held = await page.offered(ann)
    await page.previews.reject(ann, held.offer.id, "is a competitor")
    place = await place_of(page, held)
    assert place.state == "done"
    assert await page.kinds(held) == ["preview-offered", "preview-rejected", "finished"]
    checked = [one async for some in trail_check(bench.ctx) for one in some]
    assert checked[0].faults == (), "what is kept of the contact says so, too"
    await campaigns.unpublish(bench.ctx, held.request.campaign_id)
    await builders.publish(bench, held.request.campaign_id)
    await builders.settle(bench, held.request.campaign_id)
    assert (await page.kinds(held))[-1] == "finished", "it does not come again"


@pytest.mark.req("C6", "C7")
async def test_an_unpublish_takes_the_offer_back_and_no_call_follows(bench: Bench) -> None:
    page = await page_of(bench, people=1)
    ann = await page.ready("ann", ANN)
    held = await page.offered(ann)
    await campaigns.unpublish(bench.ctx, held.request.campaign_id)
    await page.loop.dialing.board.refresh(held.request.campaign_id)
    with pytest.raises(Conflict, match="does not run"):
        await page.previews.accept(ann, held.offer.id)
    await page.loop.next_round()
    await builders.settle(bench, held.request.campaign_id)
    assert page.previews.of(ann) is None
    assert set(await page.kinds(held)) == {"preview-offered", "preview-withdrawn", "stopped"}
    place = await place_of(page, held)
    assert (place.state, place.stop_reason) == ("stopped", "campaign-unpublished")
    assert page.phones.rung == page.phones.calls == []


@pytest.mark.req("C6", "D7")
@pytest.mark.parametrize("stop", ["unpublished elsewhere", "listed", "hung up"])
async def test_what_happens_while_the_agents_telephone_rings_stops_the_call(bench: Bench, stop: str) -> None:
    page = await page_of(bench, people=1)
    ann = await page.ready("ann", ANN)
    held = await page.offered(ann)
    await page.previews.accept(ann, held.offer.id)
    await page.loop.next_round()
    if stop == "unpublished elsewhere":  # by another node: this one's memory does not know yet, the intent does
        await campaigns.unpublish(bench.ctx, held.request.campaign_id)
    elif stop == "listed":
        await do_not_contact.add(bench.ctx, [NewEntry(held.request.address)])
    await page.pick_up(held, up=stop != "hung up")
    await page.loop.next_round()
    assert page.phones.calls == []
    assert page.previews.of(ann) is None
    assert "call-dialed" not in await page.kinds(held)
    if stop != "hung up":
        assert (held.offer.id, True) in page.phones.ended


@pytest.mark.req("C2", "D1")
async def test_an_agent_who_hangs_up_ends_the_call_to_the_contact(bench: Bench) -> None:
    page = await page_of(bench, people=1)
    ann = await page.ready("ann", ANN)
    held = await page.offered(ann)
    await page.previews.accept(ann, held.offer.id)
    await page.loop.next_round()
    await page.pick_up(held)
    page.previews.apply(t.Hangup(agent_channel_id(held.offer.id), 16, ""))
    await page.loop.next_round()
    assert (held.offer.id, False) in page.phones.ended


@pytest.mark.req("C2")
async def test_an_agent_who_leaves_the_page_or_is_rung_loses_the_offer(bench: Bench) -> None:
    page = await page_of(bench)
    ann, bob = await page.ready("ann", ANN), await page.ready("bob", BOB)
    held, other = await page.offered(ann), await page.offered(bob)
    bench.clock.advance(seconds=16)
    await page.previews.desks.of("bob")
    busy = t.MemberState("sales", BOB, BOB, t.MemberStatus.IN_USE, paused=False)
    page.loop.dialing.agents.apply(busy, bench.clock())
    await page.loop.next_round()
    for one, why in ((held, "left the page"), (other, "in_use")):
        rows = await history.trail_of(bench.ctx, one.request.contact_id)
        assert rows[-1]["kind"] == "preview-withdrawn"
        assert why in rows[-1]["data"]["reason"]


@pytest.mark.req("K13")
async def test_why_not_names_the_agent(bench: Bench) -> None:
    page = await page_of(bench, people=1)
    held = await page.offered(await page.ready("ann", ANN))
    found = await why_not.why_not(bench.ctx, held.request.campaign_id, held.request.contact_id)
    assert [(one.code, one.until) for one in found.reasons] == [("offered", held.until)]
    assert ANN in found.reasons[0].text


@pytest.mark.req("C2", "D3")
async def test_after_a_restart_what_was_on_offer_is_in_the_queue_again(bench: Bench) -> None:
    page = await page_of(bench, people=1)
    held = await page.offered(await page.ready("ann", ANN))
    async with bench.ctx.db.write() as tx:
        await requests.release_expired(tx, bench.clock(), own_node="node-1")
    assert await previews.recover(bench.ctx) == 1
    assert (await page.kinds(held))[-1] == "preview-withdrawn"
    assert not await previews.accept(bench.ctx, held.offer, held.request, bench.clock())
    again = Page(await loop_over(bench, {"sales": (ANN, BOB)}))
    assert (await again.offered(await again.ready("bob", BOB))).request.id == held.request.id


async def test_a_telephone_is_one_of_a_queue_and_has_one_person(bench: Bench) -> None:
    page = await page_of(bench)
    await page.ready("ann", ANN)
    with pytest.raises(InvalidInput, match="no queue has a member"):
        await page.ready("bob", "PJSIP/nobody")
    with pytest.raises(InvalidInput, match="somebody else is ready"):
        await page.ready("bob", ANN)
    with pytest.raises(InvalidInput, match="choose your telephone"):
        page.previews.get_ready(Desk("eve"), ready=True)


async def place_of(page: Page, held: Held) -> Any:
    async with page.bench.ctx.db.read() as tx:
        return await enrollments.get(tx, held.request.enrollment_id)


@pytest.mark.req("C2")
async def test_the_same_answer_of_two_browsers_at_once_is_one(bench: Bench) -> None:
    """A double click, or two pages of one agent: the second was told "the offer is over: offered"."""
    page = await page_of(bench)
    ann = await page.ready("ann", ANN)
    held = await page.offered(ann)
    await asyncio.gather(*(page.previews.accept(ann, held.offer.id) for _ in range(2)))
    await page.loop.next_round()
    assert len(page.phones.rung) == 1
    with pytest.raises(Conflict, match="the offer is over: accepted"):
        await page.previews.skip(ann, held.offer.id, "")


@pytest.mark.req("C2")
async def test_another_answer_while_the_first_is_written_is_refused_in_words(bench: Bench) -> None:
    page = await page_of(bench)
    ann = await page.ready("ann", ANN)
    held = await page.offered(ann)
    skipped, accepted = await asyncio.gather(
        page.previews.skip(ann, held.offer.id, ""), page.previews.accept(ann, held.offer.id), return_exceptions=True
    )
    assert skipped is None
    assert isinstance(accepted, Conflict)
    assert "offered" not in str(accepted)
    await page.loop.next_round()
    assert page.phones.rung == []
