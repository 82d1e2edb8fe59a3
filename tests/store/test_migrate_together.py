"""Several processes that start on a new database at the same moment."""

import asyncio

import pytest

from dialer.store.migrate import pending, upgrade
from tests.support.databases import Databases, opened


@pytest.mark.req("A6")
async def test_processes_that_start_together_migrate_once(databases: Databases):
    url = await databases.make(migrated=False)
    async with opened(url) as one, opened(url) as two, opened(url) as three:
        done = await asyncio.gather(*(upgrade(db) for db in (one, two, three)))
        assert sorted(before is None for before, _ in done) == [False, False, True]
        assert not await pending(one)
    await databases.drop(url)
