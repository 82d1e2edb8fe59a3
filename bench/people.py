"""A million contacts in a database, made by SQLite itself in seconds; as uneven as names and cities are."""

import sqlite3
from contextlib import closing
from pathlib import Path

FIRST = (
    "Anna Ben Clara David Emma Felix Greta Hugo Ida Jonas Klara Leon Mia Noah Olga Paul Rosa Simon Tina Uwe Vera Willi"
)
CITIES = (
    "Berlin Hamburg München Köln Frankfurt Stuttgart Düsseldorf Leipzig Dortmund Essen Bremen Dresden Hannover Bonn"
)
PLANS = "basic gold plus"
ODD = 2654435761  # its multiples come in no order


def fill(path: Path, number: int, campaign_id: int) -> None:
    """`number` contacts with a phone number, some with an e-mail address, all in the campaign, which exists."""
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("PRAGMA synchronous=OFF")
        db.execute("PRAGMA cache_size=-262144")
        db.execute("BEGIN")
        for statement in _STATEMENTS:
            db.execute(statement, {"number": number, "campaign": campaign_id})
        db.execute("COMMIT")


def _one_of(words: str, by: str) -> str:
    listed = words.split()
    cases = " ".join(f"WHEN {n} THEN '{word}'" for n, word in enumerate(listed))
    return f"CASE {by} % {len(listed)} {cases} END"


_AT = "strftime('%Y-%m-%d %H:%M:%S', 1767225600 + n / 20, 'unixepoch') || '.000000'"
_HASH = f"(n * {ODD} % 4294967296)"
_NUMBERS = "WITH RECURSIVE one (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM one WHERE n < :number)"
_STATEMENTS = (
    f"""{_NUMBERS} INSERT INTO contact (id, first_name, last_name, time_zone, external_id, attributes, revision, created_at,
        modified_at) SELECT n, {_one_of(FIRST, _HASH)}, 'Name' || ({_HASH} / 64 % 40000),
        CASE WHEN n % 3 THEN 'Europe/Berlin' END, 'C' || {_HASH},
        json_object('city', {_one_of(CITIES, f"({_HASH} / 7)")}, 'plan', {_one_of(PLANS, f"({_HASH} / 11)")},
            'age', CAST(18 + {_HASH} / 13 % 80 AS TEXT), 'joined', date(1600000000 + {_HASH} / 17 % 150000000, 'unixepoch')),
        1, {_AT}, {_AT} FROM one""",
    f"""{_NUMBERS} INSERT INTO channel_address (contact_id, address, voice, sms, email, position)
        SELECT n, '+4915' || printf('%09d', n * 7919 % 1000000007 % 1000000000) || '', 1, 1, 0, 0 FROM one""",
    """INSERT INTO channel_address (contact_id, address, voice, sms, email, position)
        SELECT id, lower(first_name) || id || '@example.com', 0, 0, 1, 1 FROM contact WHERE id % 4 = 0""",
    """INSERT INTO enrollment (campaign_id, contact_id, state, attempts, revision, created_at, modified_at, result, node)
        SELECT :campaign, id, CASE WHEN id % 10 < 6 THEN 'pending' WHEN id % 10 < 9 THEN 'done' ELSE 'stopped' END,
        id % 10 % 4, 1, created_at, modified_at, CASE WHEN id % 10 BETWEEN 6 AND 8 THEN 'answered' END,
        CASE WHEN id % 10 THEN 'call' END FROM contact""",
    """INSERT INTO contact_field (name, label, type, choices, revision, created_at, modified_at) VALUES
        ('age', 'Age', 'number', '[]', 1, '2026-01-01 00:00:00.000000', '2026-01-01 00:00:00.000000'),
        ('city', 'City', 'text', '[]', 1, '2026-01-01 00:00:00.000000', '2026-01-01 00:00:00.000000'),
        ('joined', 'Joined', 'date', '[]', 1, '2026-01-01 00:00:00.000000', '2026-01-01 00:00:00.000000'),
        ('plan', 'Plan', 'choice', '["basic", "gold", "plus"]', 1, '2026-01-01 00:00:00.000000',
            '2026-01-01 00:00:00.000000')""",
)
