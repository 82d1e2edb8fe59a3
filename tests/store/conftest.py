"""One suite for both stores: every test that takes `db` or `bench` runs on SQLite and on PostgreSQL."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from dialer.store.database import Database
from tests.support.context import Bench
from tests.support.context import bench as make_bench
from tests.support.databases import Databases, PostgresDatabases, SqliteDatabases, opened
from tests.support.postgres import PostgresServer


@pytest.fixture(scope="session")
def postgres_databases() -> Iterator[PostgresDatabases]:
    with PostgresServer() as server:
        yield PostgresDatabases(server)


@pytest.fixture(scope="session")
def sqlite_databases(tmp_path_factory: pytest.TempPathFactory) -> SqliteDatabases:
    return SqliteDatabases(tmp_path_factory.mktemp("sqlite"))


@pytest.fixture(params=["sqlite", "postgresql"])
def databases(request: pytest.FixtureRequest) -> Databases:
    """Never skips: a machine on which one of the two can't be tested fails, and says why."""
    kind = "sqlite_databases" if request.param == "sqlite" else "postgres_databases"
    made: Databases = request.getfixturevalue(kind)
    return made


@pytest.fixture
async def url(databases: Databases) -> AsyncIterator[str]:
    made = await databases.make()
    yield made
    await databases.drop(made)


@pytest.fixture
async def db(url: str) -> AsyncIterator[Database]:
    async with opened(url) as database:
        yield database


@pytest.fixture
async def second_db(url: str) -> AsyncIterator[Database]:
    """Another process's access to the same database."""
    async with opened(url) as database:
        yield database


@pytest.fixture
def bench(db: Database, tmp_path: Path) -> Bench:
    return make_bench(db, tmp_path)


@pytest.fixture
def second(second_db: Database, bench: Bench, tmp_path: Path) -> Bench:
    """Another node on the same database, with the same time."""
    made = make_bench(second_db, tmp_path, node="node-2")
    made.clock = bench.clock
    made.ctx.clock = bench.clock
    return made
