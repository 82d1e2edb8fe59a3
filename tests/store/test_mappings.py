"""Mappings that were made by hand, by the shape of the file, on both databases."""

from datetime import timedelta

import pytest

from dialer.store import mappings
from dialer.store.database import Database
from tests.support.context import MONDAY


@pytest.mark.req("K5")
async def test_the_last_mapping_of_a_shape_is_remembered(db: Database) -> None:
    first, second = {"columns": {"Tel": "phone"}}, {"columns": {"Tel": "mobile"}, "region": "DE"}
    async with db.write() as tx:
        await mappings.remember(tx, "a" * 64, first, MONDAY)
        await mappings.remember(tx, "b" * 64, first, MONDAY)
    async with db.write() as tx:
        await mappings.remember(tx, "a" * 64, second, MONDAY + timedelta(days=1))
    async with db.read() as tx:
        assert await mappings.remembered(tx, "a" * 64) == second
        assert await mappings.remembered(tx, "b" * 64) == first
        assert await mappings.remembered(tx, "c" * 64) is None
