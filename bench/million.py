"""A campaign with any number of contacts, made by a few statements: entered, with a call in the queue each, or not."""

import os
import sqlite3
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from config.settings import Settings
from dialer.domain.gateway import VoiceGateway
from dialer.operations import campaigns, gateways
from dialer.operations.context import Context
from dialer.store.database import Database
from dialer.store.migrate import upgrade

_NUMBERS = "WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < :many) "
_PEOPLE = (
    (
        "INSERT INTO contact (id, first_name, last_name, attributes, revision, created_at, modified_at) "
        f"{_NUMBERS} SELECT n, 'P' || n, '', '{{}}', 1, :now, :now FROM numbers"
    ),
    (
        "INSERT INTO channel_address (id, contact_id, address, voice, sms, email, position) "
        f"{_NUMBERS} SELECT n, n, '+1212' || printf(:digits, n), 1, 1, 0, 0 FROM numbers"
    ),
    (
        "INSERT INTO enrollment (id, campaign_id, contact_id, state, attempts, revision, created_at, modified_at) "
        f"{_NUMBERS} SELECT n, :campaign, n, 'pending', 0, 1, :now, :now FROM numbers"
    ),
)


@dataclass(frozen=True)
class Entered:
    """What stands in the queue for each of them: the names and JSON that `enter` writes, with the default strategy."""

    channel: str = "call"
    memory: str = '{"node":"call","visits":{"in":1,"call":1},"try_no":1,"attempts":1}'
    payload: str = '{"queue":null,"gateway":null,"ring_s":25}'


_ENTERED = (
    "UPDATE enrollment SET strategy_version = 1, node = :channel, request_id = id, due_at = :now, memory = :memory",
    (
        "INSERT INTO contact_request (id, enrollment_id, campaign_id, contact_id, channel, node, visit, try_no, requeue_no,"
        " address, payload, priority, wanted_at, due_at, state, created_at) "
        f"{_NUMBERS} SELECT n, n, :campaign, n, :channel, :channel, 1, 1, 0, '+1212' || printf(:digits, n),"
        " :payload, 0, :now, :now, 'pending', :now FROM numbers"
    ),
    (
        "INSERT INTO trail (at, campaign_id, contact_id, kind, data) "
        f"{_NUMBERS}, kinds(kind) AS (VALUES ('step'), (:channel || '-queued')) SELECT :now, :campaign, n, kind,"
        """ '{"node":"in","port":"next","why":"enters"}' FROM numbers CROSS JOIN kinds"""
    ),
)


async def campaign(ctx: Context, queue: str, dial: str = "PJSIP/{number}@carrier", **fields: Any) -> int:
    """An unpublished campaign that can be published, without contacts."""
    # Without a breaker, as the references have none: an overloaded machine fails calls, and the rate would be that of its pauses.
    await gateways.create(ctx, VoiceGateway(name="carrier", dial=dial, breaker_after=0))
    made = await campaigns.create(ctx, {"title": "Bench", "queue": queue, "voice_gateway": "carrier", **fields})
    return made.id


def fill(file: Path, campaign_id: int, many: int, now: str, *, entered: Entered | None, digits: str = "%07d") -> None:
    """Contacts 1 … `many`, all in this campaign of an otherwise empty database; `now` as SQLite has it in the tables.

    `digits` makes the last seven of a contact's number.
    """
    values = {
        "many": many,
        "campaign": campaign_id,
        "now": now,
        "digits": digits,
        **(asdict(entered) if entered else {}),
    }
    with closing(sqlite3.connect(file, isolation_level=None)) as store:
        store.executescript("PRAGMA synchronous=OFF; PRAGMA cache_size=-400000; BEGIN")
        for statement in _PEOPLE + (_ENTERED if entered else ()):
            store.execute(statement, values)
        store.execute("COMMIT")
        # On disk now: left to the first checkpoint, commits that are measured would wait for all of it.
        store.executescript("PRAGMA synchronous=FULL; PRAGMA wal_checkpoint(TRUNCATE)")


async def published(folder: Path, many: int, queue: str, dial: str, digits: str = "%07d", **fields: Any) -> None:
    """The database of a server (`bench.server`) that will dial all of these contacts as soon as it runs."""
    file = folder / "bench.db"
    settings = Settings(database={"url": f"sqlite+aiosqlite:///{file}"}, data_dir=folder)
    ctx = Context(Database(settings.database.url), settings)
    try:
        await upgrade(ctx.db)
        made = await campaign(ctx, queue, dial, **fields)
        now = ctx.clock().strftime("%Y-%m-%d %H:%M:%S.%f")
        fill(file, made, many, now, entered=Entered(), digits=digits)
        await campaigns.publish(ctx, made)
        await indexed(ctx)
    finally:
        await ctx.db.close()
    os.sync()  # or the first intents wait until all of that is on disk


async def indexed(ctx: Context) -> None:
    """What lists are read from is there, as it is on any day but the first."""
    while ctx.db.projection is not None and await ctx.db.projection.follow():
        pass
