"""Contacts by the million, on SQLite: a lot of rows (intake/staging.py) goes in set by set, in many short transactions.

Row by row, every new number would change a page of its own in the index of addresses, and a million rows would write
five gigabytes. So contacts are added first, in the order of the file; then their addresses, in the order of the index;
then, again in the order of the file, each takes its place in the campaign. Until that, a contact is *landing*: its id
is within the range that the source's row names, so that a crash in the middle takes it back (`take_back`).

A row that shares an address with a contact or another row is not for this: it is merged by `operations/contacts.py`.

The statements are SQLite's own. The lot is attached as `landing` (`NAME`); `slow` holds the rows that are not for this.
"""

import sqlite3
from datetime import datetime
from typing import cast

from sqlalchemy.ext.asyncio import AsyncConnection

from dialer.store import sources
from dialer.store.in_thread import InThread
from dialer.store.types import sqlite_text

NAME = "landing"

_OPEN = """
DROP TABLE IF EXISTS temp.slow;
CREATE TEMP TABLE slow (n INTEGER PRIMARY KEY);
INSERT INTO slow SELECT n FROM landing.double;
"""
_MATCHES = """
INSERT OR IGNORE INTO slow SELECT a.n FROM landing.address a
WHERE a.rowid > :first AND a.rowid <= :end AND (
    EXISTS (SELECT 1 FROM channel_address held WHERE held.address = a.address)
    OR EXISTS (SELECT 1 FROM do_not_contact listed WHERE listed.digest = a.digest)
)
"""
_ADD_CONTACTS = """
INSERT INTO contact (id, first_name, last_name, time_zone, external_id, attributes, source_id, revision, created_at, modified_at)
SELECT :base + n, first_name, last_name, time_zone, external_id, attributes, :source, 1, :now, :now
FROM landing.row WHERE n >= :first AND n < :end AND n NOT IN (SELECT n FROM slow)
"""
_ADD_ADDRESSES = """
INSERT INTO channel_address (contact_id, address, voice, sms, email, position)
SELECT :base + n, address, voice, sms, email, position FROM landing.address a
WHERE a.rowid > :first AND a.rowid <= :end AND n NOT IN (SELECT n FROM slow) ORDER BY a.rowid
ON CONFLICT (address) DO NOTHING
"""
_EXPECTED = """
SELECT count(*) FROM landing.address a WHERE a.rowid > :first AND a.rowid <= :end AND n NOT IN (SELECT n FROM slow)
"""
_TAKEN_MEANWHILE = """
INSERT OR IGNORE INTO slow SELECT a.n FROM landing.address a JOIN channel_address held ON held.address = a.address
WHERE a.rowid > :first AND a.rowid <= :end AND held.contact_id <> :base + a.n
"""
_NOT_IN_ANY = "NOT EXISTS (SELECT 1 FROM enrollment WHERE enrollment.contact_id = contact.id)"
_DROP_SLOW = f"DELETE FROM contact WHERE id IN (SELECT :base + n FROM slow) AND {_NOT_IN_ANY}"  # noqa: S608
_ABSORBED = """
INSERT OR IGNORE INTO slow SELECT n FROM landing.row
WHERE n >= :first AND n < :end AND NOT EXISTS (SELECT 1 FROM contact WHERE contact.id = :base + n)
"""
_TELL_CREATED = """
INSERT INTO trail (at, contact_id, kind, data)
SELECT :now, :base + n, 'created', json_object('source', :source, 'notes', json(coalesce(notes, '[]')))
FROM landing.row WHERE n >= :first AND n < :end AND n NOT IN (SELECT n FROM slow)
"""
_TELL_ENROLLED = """
INSERT INTO trail (at, campaign_id, contact_id, kind, data)
SELECT :now, :campaign, :base + n, 'enrolled', json_object('source', :source)
FROM landing.row WHERE n >= :first AND n < :end AND n NOT IN (SELECT n FROM slow) AND NOT EXISTS
    (SELECT 1 FROM enrollment WHERE campaign_id = :campaign AND contact_id = :base + n)
"""
_ENROLL = """
INSERT INTO enrollment (campaign_id, contact_id, source_id, state, attempts, revision, created_at, modified_at)
SELECT :campaign, :base + n, :source, 'pending', 0, 1, :now, :now
FROM landing.row WHERE n >= :first AND n < :end AND n NOT IN (SELECT n FROM slow)
ON CONFLICT (campaign_id, contact_id) DO NOTHING
"""
_REFUSE = """
INSERT INTO refused_row (source_id, row, cells, reason)
SELECT :source, line, cells, reason FROM landing.refused WHERE line > :first AND line <= :end
"""
_TAKE_BACK = f"""
DELETE FROM contact WHERE id IN (
    SELECT id FROM contact WHERE id >= :first AND id < :end AND {_NOT_IN_ANY} LIMIT :limit
)
"""  # noqa: S608


def _driver(tx: AsyncConnection) -> sqlite3.Connection:
    return cast("InThread", tx).driver


async def open_lot(tx: AsyncConnection) -> None:
    for statement in _OPEN.strip().splitlines():
        _driver(tx).execute(statement)


async def reserve(tx: AsyncConnection, source_id: int, contacts: int) -> int:
    """The id of the lot's first contact; nobody else is given those behind it."""
    driver = _driver(tx)
    found = driver.execute("SELECT seq FROM sqlite_sequence WHERE name = 'contact'").fetchone()
    first = found[0] + 1 if found else 1
    if found:
        driver.execute("UPDATE sqlite_sequence SET seq = ? WHERE name = 'contact'", (first + contacts - 1,))
    else:
        driver.execute("INSERT INTO sqlite_sequence VALUES ('contact', ?)", (first + contacts - 1,))
    await sources.set_landing(tx, source_id, {"first": first, "end": first + contacts})
    return int(first)


async def set_aside_matches(tx: AsyncConnection, first: int, end: int) -> None:
    """Of the lot's addresses `first` < rank ≤ `end`: their rows are not for this if somebody holds one."""
    _driver(tx).execute(_MATCHES, {"first": first, "end": end})


async def add_contacts(tx: AsyncConnection, base: int, source_id: int, first: int, end: int, now: datetime) -> None:
    values = {"base": base, "source": source_id, "first": first, "end": end, "now": sqlite_text(now)}
    _driver(tx).execute(_ADD_CONTACTS, values)


async def add_addresses(tx: AsyncConnection, base: int, first: int, end: int) -> None:
    """Of the rank `first` < rank ≤ `end`. Whose address somebody took since it was looked up is not for this after all."""
    values = {"base": base, "first": first, "end": end}
    driver = _driver(tx)
    (expected,) = driver.execute(_EXPECTED, values).fetchone()
    if driver.execute(_ADD_ADDRESSES, values).rowcount < expected:
        driver.execute(_TAKEN_MEANWHILE, values)
        driver.execute(_DROP_SLOW, values)


async def slow_rows(tx: AsyncConnection) -> list[int]:
    """The rows to be merged one by one, in order."""
    return [n for (n,) in _driver(tx).execute("SELECT n FROM slow ORDER BY n")]


async def enroll(
    tx: AsyncConnection, base: int, campaign_id: int, source_id: int, first: int, end: int, now: datetime
) -> list[int]:
    """Rows `first` to `end` (without it) take their place in the campaign; returns those of them that are not for this.

    A contact that was joined with another meanwhile is gone: its row is merged like any other.
    """
    values = {
        "base": base, "campaign": campaign_id, "source": source_id, "first": first, "end": end, "now": sqlite_text(now),
    }  # fmt: skip
    driver = _driver(tx)
    driver.execute(_ABSORBED, values)
    for statement in (_TELL_CREATED, _TELL_ENROLLED, _ENROLL):
        driver.execute(statement, values)
    aside = driver.execute("SELECT n FROM slow WHERE n >= :first AND n < :end ORDER BY n", values)
    return [n for (n,) in aside]


async def refuse(tx: AsyncConnection, source_id: int, after: int, until: int) -> int:
    """Keep the refused rows of lines `after` < line ≤ `until`; returns how many."""
    driver = _driver(tx)
    return int(driver.execute(_REFUSE, {"source": source_id, "first": after, "end": until}).rowcount)


async def line_of(tx: AsyncConnection, row: int) -> int:
    return int(_driver(tx).execute("SELECT line FROM landing.row WHERE n = ?", (row,)).fetchone()[0])


async def take_back(tx: AsyncConnection, first: int, end: int, limit: int) -> int:
    """Delete up to `limit` contacts of these ids that are still landing; returns how many."""
    return int(_driver(tx).execute(_TAKE_BACK, {"first": first, "end": end, "limit": limit}).rowcount)
