"""The audit log in the store: in the transaction of the change, in order, and forgotten when it is old."""

import pytest

from dialer.domain.errors import NotFound
from dialer.operations import audit, campaigns, deleting, do_not_contact, exports
from dialer.operations.audit import Doer, Kind, acting
from dialer.store.listing import Query
from tests.support import builders
from tests.support.context import Bench

ANN = Doer("ann", Kind.PERSON, "192.0.2.1")


@pytest.mark.req("A2")
async def test_a_change_and_its_entry_come_together_or_not_at_all(bench: Bench) -> None:
    ctx = bench.ctx
    with acting(ANN):
        campaign_id = await builders.add_campaign(bench)
        await campaigns.edit(ctx, campaign_id, {"title": "Summer", "calls_per_second": 2.5})
        await campaigns.edit(ctx, campaign_id, {"title": "Summer"})
        with pytest.raises(NotFound):
            await deleting.remove(ctx, campaign_id + 1)
        with pytest.raises(RuntimeError, match="undone"):
            await undone(bench)
    edit, create = (await audit.page(ctx, Query(filters=("thing:eq:campaign",)))).items
    assert (edit["who"], edit["kind"], edit["address"], edit["at"]) == ("ann", "person", "192.0.2.1", bench.clock())
    assert (edit["action"], edit["thing_id"], edit["name"]) == ("edit", str(campaign_id), "Spring")
    assert edit["before"] == {"title": "Spring", "calls_per_second": None}
    assert edit["after"] == {"title": "Summer", "calls_per_second": 2.5}
    assert (create["action"], create["before"], create["after"]["title"]) == ("create", None, "Spring")


async def undone(bench: Bench) -> None:
    async with bench.ctx.db.write() as tx:
        await audit.write(tx, bench.ctx, "edit", "campaign", 1, after={"a": 1})
        raise RuntimeError("undone")


@pytest.mark.req("A2")
async def test_what_the_server_does_by_itself_has_nobody(bench: Bench) -> None:
    await builders.add_campaign(bench)
    await do_not_contact.add(bench.ctx, [do_not_contact.NewEntry("+12025550123")])
    assert (await audit.page(bench.ctx, Query())).items == []


@pytest.mark.req("A2")
async def test_old_entries_are_forgotten_in_chunks(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit, "CHUNK", 2)
    ctx = bench.ctx

    async def note(number: int) -> None:
        async with ctx.db.write() as tx:
            for n in range(number):
                await audit.write(tx, ctx, "edit", "user", n, after={"n": n}, by=ANN)

    await note(5)
    bench.clock.advance(days=ctx.settings.audit_days)
    await note(1)
    await audit.forget(ctx)
    assert (await audit.page(ctx, Query())).total == 6
    bench.clock.advance(microseconds=1)
    await audit.forget(ctx)
    assert (await audit.page(ctx, Query())).total == 1


@pytest.mark.req("A2")
async def test_it_is_paged_searched_and_filtered(bench: Bench) -> None:
    ctx = bench.ctx
    async with ctx.db.write() as tx:
        for n in range(12):
            await audit.write(tx, ctx, "edit" if n % 2 else "create", "user", n, name=f"u{n}", after={"n": n}, by=ANN)
    first = await audit.page(ctx, Query(limit=10))
    assert [row["thing_id"] for row in first.items] == [str(n) for n in range(11, 1, -1)]
    rest = await audit.page(ctx, Query(limit=10, cursor=first.next_cursor))
    assert ([row["thing_id"] for row in rest.items], rest.next_cursor) == (["1", "0"], None)
    assert (await audit.page(ctx, Query(filters=("action:eq:create", "who:eq:ann")))).total == 6
    assert (await audit.page(ctx, Query(q="u11"))).total == 1
    assert [len(page) async for page in exports.audit(ctx, Query())] == [12]
