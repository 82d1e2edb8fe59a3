"""A campaign with any number of contacts, made by a few statements: entered, with a call in the queue each, or not."""

import sqlite3
from contextlib import closing
from pathlib import Path

from dialer.domain.gateway import VoiceGateway
from dialer.operations import campaigns, gateways
from dialer.operations.context import Context

_NUMBERS = "WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < :many) "
_PEOPLE = (
    (
        "INSERT INTO contact (id, first_name, last_name, attributes, revision, created_at, modified_at) "
        f"{_NUMBERS} SELECT n, 'P' || n, '', '{{}}', 1, :now, :now FROM numbers"
    ),
    (
        "INSERT INTO channel_address (id, contact_id, address, voice, sms, email, position) "
        f"{_NUMBERS} SELECT n, n, '+1212' || printf('%07d', n), 1, 1, 0, 0 FROM numbers"
    ),
    (
        "INSERT INTO enrollment (id, campaign_id, contact_id, state, attempts, revision, created_at, modified_at) "
        f"{_NUMBERS} SELECT n, :campaign, n, 'pending', 0, 1, :now, :now FROM numbers"
    ),
)
# What `enter` makes of them, with the default strategy.
_ENTERED = (
    (
        "UPDATE enrollment SET strategy_version = 1, node = 'call', request_id = id, due_at = :now, "
        """memory = '{"node":"call","visits":{"in":1,"call":1},"try_no":1,"attempts":1}'"""
    ),
    (
        "INSERT INTO contact_request (id, enrollment_id, campaign_id, contact_id, channel, node, visit, try_no, requeue_no,"
        " address, payload, priority, wanted_at, due_at, state, created_at) "
        f"{_NUMBERS} SELECT n, n, :campaign, n, 'call', 'call', 1, 1, 0, '+1212' || printf('%07d', n),"
        """ '{"queue":null,"gateway":null,"ring_s":25}', 0, :now, :now, 'pending', :now FROM numbers"""
    ),
    (
        "INSERT INTO trail (at, campaign_id, contact_id, kind, data) "
        f"{_NUMBERS}, kinds(kind) AS (VALUES ('step'), ('call-queued')) SELECT :now, :campaign, n, kind,"
        """ '{"node":"in","port":"next","why":"enters"}' FROM numbers CROSS JOIN kinds"""
    ),
)


async def campaign(ctx: Context, queue: str) -> int:
    """An unpublished campaign that can be published, without contacts."""
    await gateways.create(ctx, VoiceGateway(name="carrier", dial="PJSIP/{number}@carrier"))
    made = await campaigns.create(ctx, {"title": "Bench", "queue": queue, "voice_gateway": "carrier"})
    return made.id


def fill(file: Path, campaign_id: int, many: int, now: str, *, entered: bool) -> None:
    """Contacts 1 … `many`, all in this campaign of an otherwise empty database; `now` as SQLite has it in the tables."""
    values = {"many": many, "campaign": campaign_id, "now": now}
    with closing(sqlite3.connect(file, isolation_level=None)) as store:
        store.executescript("PRAGMA synchronous=OFF; PRAGMA cache_size=-400000; BEGIN")
        for statement in _PEOPLE + (_ENTERED if entered else ()):
            store.execute(statement, values)
        store.execute("COMMIT")
        # On disk now: left to the first checkpoint, commits that are measured would wait for all of it.
        store.executescript("PRAGMA synchronous=FULL; PRAGMA wal_checkpoint(TRUNCATE)")
