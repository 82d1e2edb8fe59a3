"""Campaigns, gateways and strategies in the store: transitions, edits, clones, versions, and what deleting takes with it."""

import asyncio
from dataclasses import replace
from datetime import time, timedelta
from itertools import product
from typing import Any

import pytest
from sqlalchemy import func, select, update

from dialer.domain.campaign import LoadOrder
from dialer.domain.errors import Conflict, Fault, IllegalTransition, Incomplete, InvalidInput, NotFound, StaleEdit
from dialer.domain.outcome import Outcome
from dialer.domain.transitions import CAMPAIGN, CampaignStatus
from dialer.domain.windows import ExecutionTime, Validity
from dialer.engine.importing import deletions
from dialer.operations import campaigns, counting, deleting, gateway_names, reports, strategies
from dialer.operations.context import Context
from dialer.store import campaigns as store_campaigns
from dialer.store import gateways, tables
from dialer.store import strategies as store_strategies
from tests.support import builders, invariants
from tests.support.context import MONDAY, Bench
from tests.support.waiting import until

TRANSITIONS = {
    CampaignStatus.PUBLISHED: campaigns.publish,
    CampaignStatus.UNPUBLISHED: campaigns.unpublish,
    CampaignStatus.ENDED: campaigns.end,
}


async def _with_status(bench: Bench, status: CampaignStatus) -> int:
    campaign_id = await builders.add_campaign(bench)
    async with bench.ctx.db.write() as tx:
        await tx.execute(
            update(tables.campaign)
            .where(tables.campaign.c.id == campaign_id)
            .values(status=status, strategy_version=None)
        )
    return campaign_id


@pytest.mark.req("C4")
@pytest.mark.parametrize(("status", "to"), list(product(CampaignStatus, CampaignStatus)))
async def test_transitions_follow_the_table(bench: Bench, status: CampaignStatus, to: CampaignStatus) -> None:
    campaign_id = await _with_status(bench, status)
    allowed = to in CAMPAIGN.allowed[status]
    if allowed:
        assert (await TRANSITIONS[to](bench.ctx, campaign_id)).status is to
    else:
        with pytest.raises(IllegalTransition):
            await TRANSITIONS[to](bench.ctx, campaign_id)
    assert (await campaigns.get(bench.ctx, campaign_id)).status is (to if allowed else status)
    async with bench.ctx.db.write() as tx:  # the row itself compares and sets
        back = await store_campaigns.set_status(tx, campaign_id, status, bench.clock())
        assert back == (status in CAMPAIGN.allowed[to if allowed else status])


@pytest.mark.req("C1", "C4")
async def test_a_title_is_enough(bench: Bench) -> None:
    made = await campaigns.create(bench.ctx, {"title": "Only a title"})
    assert (made.status, made.time_zone, made.load_order) == ("unpublished", "UTC", LoadOrder.OLDEST_FIRST)
    assert (made.created_at, made.modified_at, made.last_activity_at) == (MONDAY, MONDAY, None)


@pytest.mark.req("C2")
async def test_every_field_comes_back_as_it_was_given(bench: Bench) -> None:
    await builders.add_gateways(bench)
    async with bench.ctx.db.write() as tx:
        await gateways.add(tx, "second", builders.SMS.model_copy(update={"name": "Second"}), bench.clock())
    fields: dict[str, Any] = {
        "title": "Frühling ☀ 'x' \"y\"", "description": "a\nb", "time_zone": "Europe/Rome",
        "execution": ExecutionTime(time(22, 0), time(6, 30), ("fri", "sat")),
        "validity": Validity(MONDAY, MONDAY + timedelta(days=3, microseconds=7)),
        "dialing_modes": ("progressive",), "queue": "sales", "voice_gateway": "carrier", "sms_gateway": "texter",
        "sms_fallbacks": ("second",),
        "caller_id": '"Us" <+12025550000>', "load_order": LoadOrder.NEWEST_FIRST, "max_concurrent_calls": 7,
        "calls_per_second": 0.5, "abandonment_limit_percent": 2.5, "priority": 10, "weight": 100,
        "rule_pack": "uk",
        "queue_wait_s": 2, "abandoned_message": "custom/sorry",
    }  # fmt: skip
    made = await campaigns.create(bench.ctx, fields)
    assert {name: getattr(made, name) for name in fields} == fields
    assert await campaigns.get(bench.ctx, made.id) == made


@pytest.mark.req("C3")
async def test_everything_unknown_is_refused_at_once(bench: Bench) -> None:
    await builders.add_gateways(bench)
    wrong = {
        "title": "x", "time_zone": "Mars/Olympus", "queue": "unheard-of", "voice_gateway": "texter",
        "sms_gateway": "nobody", "sms_fallbacks": ("carrier", "nobody", "nobody"), "dialing_modes": ("predictive", "telepathy"),
    }  # fmt: skip
    with pytest.raises(InvalidInput) as refused:
        await campaigns.create(bench.ctx, wrong)
    assert sorted(fault.field for fault in refused.value.faults) == [
        "dialing_modes", "dialing_modes", "queue", *["sms_fallbacks"] * 4, "sms_gateway", "time_zone", "voice_gateway",
    ]  # fmt: skip
    async with bench.ctx.db.read() as tx:
        assert await tx.scalar(select(func.count()).select_from(tables.campaign)) == 0


async def test_a_queue_is_taken_on_trust_while_asterisk_cannot_be_asked(bench: Bench) -> None:
    bench.engine.reported = None
    assert (await campaigns.create(bench.ctx, {"title": "x", "queue": "later"})).queue == "later"


async def test_an_edit_of_something_old_is_refused(bench: Bench) -> None:
    campaign_id = await builders.add_campaign(bench)
    before = await campaigns.get(bench.ctx, campaign_id)
    bench.clock.advance(minutes=1)
    edited = await campaigns.edit(bench.ctx, campaign_id, {"title": "New"}, before.revision)
    assert (edited.title, edited.revision, edited.modified_at) == ("New", before.revision + 1, bench.clock())
    with pytest.raises(StaleEdit):
        await campaigns.edit(bench.ctx, campaign_id, {"title": "Newer"}, before.revision)
    async with bench.ctx.db.write() as tx:
        assert not await store_campaigns.edit(tx, campaign_id, {"title": "x"}, bench.clock(), revision=before.revision)
    assert (await campaigns.get(bench.ctx, campaign_id)).title == "New"
    with pytest.raises(NotFound):
        await campaigns.edit(bench.ctx, 999, {"title": "x"})


@pytest.mark.req("C10", "S5")
async def test_counts_and_last_activity(bench: Bench) -> None:
    campaign_id = await builders.add_campaign(bench)
    empty = await builders.add_campaign(bench, title="Empty")
    await builders.load(bench, campaign_id, builders.persons(3))
    await builders.publish(bench, campaign_id)
    (request, *_) = await builders.claim(bench, campaign_id)
    attempt_id = await builders.intend_call(bench, request)
    assert attempt_id is not None
    revision = (await campaigns.get(bench.ctx, campaign_id)).revision
    bench.clock.advance(minutes=1)
    await builders.end_call(bench, attempt_id, Outcome.ANSWERED)
    async with bench.ctx.db.read() as tx:
        counts = await store_campaigns.counts(tx, [campaign_id, empty])
        published = await store_campaigns.all_with_status(tx, CampaignStatus.PUBLISHED)
        steps = {tuple(row) for row in await store_campaigns.counts_by_step(tx, campaign_id)}
        assert await store_campaigns.counts_by_step(tx, empty) == []
    assert steps == {("call", "pending", 2), ("end", "done", 1)}
    assert counts == {campaign_id: {"pending": 2, "done": 1}, empty: {}}
    assert [campaign.id for campaign in published] == [campaign_id]
    campaign = await campaigns.get(bench.ctx, campaign_id)
    assert (campaign.last_activity_at, campaign.revision) == (bench.clock(), revision)


@pytest.mark.req("C10")
async def test_a_large_campaign_is_not_counted_at_every_look(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counting, "LARGE", 3)
    monkeypatch.setattr(counting, "AGAIN", 1e9)
    campaign_id = await builders.add_campaign(bench)
    campaign = await campaigns.get(bench.ctx, campaign_id)

    async def counted() -> int:
        return sum((await reports.counted(bench.ctx, campaign)).contacts.values())

    await builders.load(bench, campaign_id, builders.persons(2))
    assert await counted() == 2
    await builders.load(bench, campaign_id, builders.persons(2, start=10))
    assert await counted() == 4
    await builders.load(bench, campaign_id, builders.persons(2, start=20))
    assert await counted() == 4
    bench.ctx.remembered_counts["campaign", campaign_id].until = 0.0
    assert await counted() == 6


@pytest.mark.req("C11")
async def test_a_clone_is_not_stored(bench: Bench) -> None:
    document = builders.call_wait_text()
    campaign_id = await builders.add_campaign(bench, document, max_concurrent_calls=3)
    fields, strategy, _ = await campaigns.clone(bench.ctx, campaign_id)
    assert (fields["title"], fields["max_concurrent_calls"]) == ("Copy of Spring", 3)
    assert strategy == await strategies.get(bench.ctx, campaign_id)
    async with bench.ctx.db.read() as tx:
        assert await tx.scalar(select(func.count()).select_from(tables.campaign)) == 1
    copy = await campaigns.create(bench.ctx, fields)
    original = await campaigns.get(bench.ctx, campaign_id)
    assert copy == replace(original, id=copy.id, title="Copy of Spring", strategy_version=None, revision=1)


@pytest.mark.req("C8", "D7")
async def test_deleting_a_campaign_takes_its_history_and_leaves_the_contacts(bench: Bench) -> None:
    campaign_id = await builders.add_campaign(bench, builders.call_wait_text())
    other = await builders.add_campaign(bench, title="Other")
    for one in (campaign_id, other):
        await builders.load(bench, one, builders.persons(3))
        await builders.publish(bench, one)
    with pytest.raises(IllegalTransition):
        await deleting.remove(bench.ctx, campaign_id)
    await campaigns.unpublish(bench.ctx, campaign_id)
    await builders.publish(bench, campaign_id)  # requests that replace others
    await builders.call_all(bench, campaign_id, Outcome.NO_ANSWER)
    bench.clock.advance(hours=1)
    await builders.settle(bench, campaign_id)
    await builders.text_all(bench, campaign_id)
    await campaigns.end(bench.ctx, campaign_id)
    bench.clock.advance(days=bench.ctx.settings.records_days - 1)
    with pytest.raises(Conflict, match="kept until 2031-05-0"):
        await deleting.remove(bench.ctx, campaign_id)
    assert (await campaigns.get(bench.ctx, campaign_id)).deleting_since is None
    bench.clock.advance(days=1)
    await deleting.remove(bench.ctx, campaign_id)
    with pytest.raises(NotFound):
        await campaigns.get(bench.ctx, campaign_id)
    async with bench.ctx.db.read() as tx:
        for table in (tables.enrollment, tables.contact_request):
            assert set((await tx.execute(select(table.c.campaign_id))).scalars()) == {other}
        assert await tx.scalar(select(func.count()).select_from(tables.message)) == 0
        assert await tx.scalar(select(func.count()).select_from(tables.contact)) == 3
    await invariants.check(bench.ctx.db, settled=True)


@pytest.mark.req("C8")
async def test_a_large_campaign_is_deleted_in_the_background_and_goes_on_after_a_restart(bench: Bench) -> None:
    campaign_id = await builders.add_campaign(bench)
    await builders.load(bench, campaign_id, builders.persons(150))
    left = await deleting.remove(bench.ctx, campaign_id, at_once_s=0)
    assert left is not None
    assert (left.status, left.deleting_since) == ("ended", bench.clock())
    bench.clock.advance(hours=1)
    again = await deleting.remove(bench.ctx, campaign_id, at_once_s=0)
    assert again is not None
    assert again.deleting_since == left.deleting_since, "a second click changes nothing"
    with pytest.raises(IllegalTransition):
        await campaigns.publish(bench.ctx, campaign_id)
    restarted = Context(bench.ctx.db, bench.ctx.settings)
    loop = asyncio.create_task(deletions(restarted).run())

    async def is_gone() -> bool:
        async with restarted.db.read() as tx:
            return not await tx.scalar(select(func.count()).select_from(tables.campaign))

    await until(is_gone, "the campaign to be gone")
    loop.cancel()
    assert await deleting.run(restarted, campaign_id), "nothing to do"
    async with restarted.db.read() as tx:
        assert await tx.scalar(select(func.count()).select_from(tables.enrollment)) == 0
        assert await tx.scalar(select(func.count()).select_from(tables.contact)) == 150


# -- strategies


@pytest.mark.req("S3")
async def test_the_same_strategy_makes_no_new_version(bench: Bench) -> None:
    document = builders.call_wait_text()
    campaign_id = await builders.add_campaign(bench, document)
    document["nodes"][1] |= {"x": 500, "y": 20}
    moved = await strategies.deploy(bench.ctx, campaign_id, document)
    assert (await campaigns.get(bench.ctx, campaign_id)).strategy_version == 1
    assert await strategies.get(bench.ctx, campaign_id) == moved
    stored = {node["id"]: node for node in moved["nodes"]}  # type: ignore[attr-defined]
    assert (stored["call"]["x"], stored["call"]["y"]) == (500, 20)

    changed = await strategies.deploy(bench.ctx, campaign_id, builders.call_wait_text(tries=2))
    assert (await campaigns.get(bench.ctx, campaign_id)).strategy_version == 2
    async with bench.ctx.db.read() as tx:
        assert await store_strategies.get(tx, campaign_id, 1) == moved
        assert await store_strategies.get(tx, campaign_id, 2) == changed
        assert await store_strategies.get(tx, campaign_id, 3) is None


@pytest.mark.req("S3")
async def test_contacts_in_flight_finish_on_their_version(bench: Bench) -> None:
    campaign_id = await builders.add_campaign(bench, builders.call_wait_text())
    await builders.load(bench, campaign_id, builders.persons(1))
    await builders.publish(bench, campaign_id)
    await strategies.deploy(bench.ctx, campaign_id, builders.strategy({"id": "end", "type": "end"}))
    await builders.load(bench, campaign_id, [builders.person(50)])
    await builders.settle(bench, campaign_id)
    assert await invariants.states(bench.ctx.db, campaign_id) == {"pending": 1, "done": 1}
    assert await builders.call_all(bench, campaign_id, Outcome.NO_ANSWER) == 1
    bench.clock.advance(hours=1)
    await builders.settle(bench, campaign_id)
    assert await builders.text_all(bench, campaign_id) == 1
    await invariants.check(bench.ctx.db, settled=True)


@pytest.mark.req("S2", "C5")
async def test_a_strategy_that_cannot_run_is_refused_with_its_nodes(bench: Bench) -> None:
    campaign_id = await builders.add_campaign(bench, voice_gateway=None)
    document = builders.strategy({"id": "text", "type": "sms", "fields": {"text": "x", "gateway": "nobody"}})
    with pytest.raises(InvalidInput) as refused:
        await strategies.deploy(bench.ctx, campaign_id, document)
    assert [fault.field for fault in refused.value.faults] == ["nodes.text.gateway"]
    assert (await campaigns.get(bench.ctx, campaign_id)).strategy_version is None
    await strategies.deploy(bench.ctx, campaign_id, builders.strategy({"id": "end", "type": "end"}))
    await builders.publish(bench, campaign_id)
    with pytest.raises(Incomplete):  # a running campaign is not given what it has no gateway for
        await strategies.deploy(bench.ctx, campaign_id, builders.call_wait_text())
    await campaigns.end(bench.ctx, campaign_id)
    with pytest.raises(IllegalTransition):
        await strategies.deploy(bench.ctx, campaign_id, builders.call_wait_text())


async def test_a_stored_strategy_is_read_by_value_and_faults_have_a_place(bench: Bench) -> None:
    campaign_id = await builders.add_campaign(bench)
    default = await strategies.get(bench.ctx, campaign_id)
    assert default["name"] == "Call once"
    checked = await strategies.check_document(bench.ctx, campaign_id, {"format": "x"})
    assert checked.strategy is None
    assert checked.faults
    for call in (strategies.get(bench.ctx, 999), strategies.deploy(bench.ctx, 999, default)):
        with pytest.raises(NotFound):
            await call
    assert str(Fault("a", "b")) == "a: b"


# -- gateways


async def test_gateways_are_found_by_id_and_by_name(bench: Bench) -> None:
    await builders.add_gateways(bench)
    async with bench.ctx.db.write() as tx:
        confusing = replace_name(builders.VOICE, "texter")
        await gateways.add(tx, "third", confusing, bench.clock())
        assert await gateway_names.resolved(tx, "voice_gateway", "carrier") == "carrier"
        assert await gateway_names.resolved(tx, "voice_gateway", "Carrier") == "carrier"
        assert await gateway_names.resolved(tx, "voice_gateway", "nobody") == "nobody"
        with pytest.raises(
            InvalidInput, match="is the id of the gateway 'Texter' and the name of the gateway with the id"
        ):
            await gateway_names.resolved(tx, "voice_gateway", "texter")
        assert await gateways.kinds(tx) == {"carrier": "voice", "texter": "sms", "third": "voice"}
        assert await gateways.get(tx, "carrier") == builders.VOICE
        assert set(await gateways.all_of_kind(tx, "voice")) == {"carrier", "third"}


def replace_name(gateway: Any, name: str) -> Any:
    return gateway.model_copy(update={"name": name})


async def test_a_gateway_is_edited_and_removed_unless_it_is_used(bench: Bench) -> None:
    campaign_id = await builders.add_campaign(bench)
    secret = builders.SMS.model_validate({**builders.SMS.model_dump(), "password": "geheim"})
    async with bench.ctx.db.write() as tx:
        assert await gateways.edit(tx, "texter", secret, bench.clock())
        assert await gateways.get(tx, "texter") == secret
        assert await gateways.used_by(tx, "texter") == ["Spring"]
        assert [row.id for row in await gateways.rows(tx)] == ["carrier", "texter"]
        await store_campaigns.edit(tx, campaign_id, {"sms_gateway": None}, bench.clock(), revision=None)
        assert await gateways.used_by(tx, "texter") == []
        assert await gateways.used_by(tx, "carrier") == ["Spring"]
    await campaigns.end(bench.ctx, campaign_id)
    async with bench.ctx.db.write() as tx:
        assert await gateways.used_by(tx, "carrier") == [], "nobody can edit an ended campaign any more"
        assert await gateways.remove(tx, "carrier")
        ended = await store_campaigns.get(tx, campaign_id)
        assert ended is not None
        assert ended.voice_gateway is None
        assert await gateways.remove(tx, "texter")
        assert not await gateways.remove(tx, "texter")
        assert not await gateways.edit(tx, "texter", secret, bench.clock())
