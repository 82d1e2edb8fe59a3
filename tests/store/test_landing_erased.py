"""Nobody who was erased is put into a campaign by the import that is just bringing the contact (K6, K11)."""

from pathlib import Path

import pytest
from sqlalchemy import select

from dialer.operations import people
from dialer.operations.people import UnderWay
from dialer.store import sources, tables
from tests.store.test_landing import _Fate, _land_all, _source, _written, lite
from tests.support import builders, invariants
from tests.support.builders import person
from tests.support.context import Bench

__all__ = ["lite"]


@pytest.mark.req("K6", "K11")
@pytest.mark.parametrize("at", range(2, 10))
async def test_who_is_just_being_imported_is_erased_when_that_is_over(lite: Bench, tmp_path: Path, at: int) -> None:
    campaign_id = await builders.add_campaign(lite)
    file = _written(tmp_path, [[n] for n in range(4)])
    source_id = await _source(lite, campaign_id, file)
    refused: list[str] = []

    async def erased() -> None:
        async with lite.ctx.db.read() as tx:
            ids = list(await tx.scalars(select(tables.contact.c.id).where(tables.contact.c.erased_at.is_(None))))
        for contact_id in ids:
            try:
                await people.erase(lite.ctx, contact_id, by="ann")
            except UnderWay as error:
                refused.append(str(error))

    _Fate(lite, None, {at: erased})
    await _land_all(lite, source_id, file, 2)
    assert all("just being imported" in told for told in refused)
    await invariants.check(lite.ctx.db)
    async with lite.ctx.db.read() as tx:
        left = list(await tx.scalars(select(tables.contact.c.id).where(tables.contact.c.erased_at.is_(None))))
    for contact_id in left:  # and now it may be done
        await people.erase(lite.ctx, contact_id, by="ann")
    await invariants.check(lite.ctx.db)


@pytest.mark.req("K11")
async def test_whoever_stands_in_the_campaign_already_can_be_erased(bench: Bench) -> None:
    one, other = await builders.add_campaign(bench), await builders.add_campaign(bench)
    await builders.load(bench, one, [person(1), person(2)])
    await builders.load(bench, other, [person(2)])
    async with bench.ctx.db.write() as tx:
        landing = await sources.add(tx, other, "csv", "rows", bench.clock(), state="running")
        await sources.set_landing(tx, landing, {"first": 1, "end": 9})
    with pytest.raises(UnderWay, match="just being imported"):
        await people.erase(bench.ctx, 1, by="ann")
    await people.erase(bench.ctx, 2, by="ann")
