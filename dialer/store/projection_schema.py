"""What the file beside SQLite's database holds: contacts as lists need them, with every index that would slow imports down."""

from collections.abc import Mapping

from dialer.store.searching import BACKWARDS

VERSION = 3
SORTED = ("first_name", "last_name", "time_zone", "external_id", "address", "created_at", "modified_at")
SHEET = 16  # contacts whose values stand together
_LONGEST_NUMBER = 17  # E.164 has 15 digits, after a +

# Whoever begins a word of many (4915, with which all numbers begin) has all its contacts in one list, in their order: without
# that, the lists of all words that begin so would have to be merged before the first of them is known. A beginning of more
# than seven characters has few words.
SCHEMA = (
    """CREATE TABLE contact (
        id INTEGER PRIMARY KEY,
        first_name TEXT NOT NULL COLLATE NOCASE,
        last_name TEXT NOT NULL COLLATE NOCASE,
        time_zone TEXT COLLATE NOCASE,
        external_id TEXT COLLATE NOCASE,
        created_at TEXT NOT NULL,
        modified_at TEXT NOT NULL,
        attributes TEXT NOT NULL,
        addresses TEXT NOT NULL,
        address TEXT COLLATE NOCASE
    )""",
    "CREATE INDEX \"without address\" ON contact (id) WHERE addresses = ''",
    """CREATE VIRTUAL TABLE words USING fts5 (
        text, content = '', tokenize = 'unicode61 remove_diacritics 2', detail = none, columnsize = 0,
        prefix = '1 2 3 4 5 6 7'
    )""",
    """CREATE VIEW word_text AS SELECT id, first_name || ' ' || last_name || ' ' || coalesce(external_id, '') || ' ' ||
        addresses || ' ' || coalesce((SELECT group_concat(value, ' ') FROM json_each(attributes)), '') AS text
        FROM contact""",
    """CREATE TABLE progress (
        one INTEGER PRIMARY KEY CHECK (one = 1), contact_id INTEGER NOT NULL, change_id INTEGER NOT NULL
    )""",
    "INSERT INTO progress VALUES (1, 0, 0)",
    f"PRAGMA user_version = {VERSION}",
)

_BACKWARDS = " || ".join(f"substr(address, {n}, 1)" for n in range(_LONGEST_NUMBER, 1, -1))
#: Contacts of the database (`app`) as rows of this one. A number stands in `addresses` without its +, and backwards;
#: `address` is the first of them as it is, to sort by.
ROWS = f"""
SELECT id, first_name, last_name, time_zone, external_id, created_at, modified_at, attributes, coalesce((
    SELECT group_concat(CASE WHEN instr(address, '@') THEN address
        ELSE substr(address, 2) || ' {BACKWARDS}' || {_BACKWARDS} END, ' ')
    FROM app.channel_address WHERE contact_id = c.id), ''),
    (SELECT address FROM app.channel_address WHERE contact_id = c.id ORDER BY position LIMIT 1)
FROM app.contact AS c WHERE erased_at IS NULL
"""

_IN_SHEETS = ("first_name", "last_name", "time_zone", "external_id", "address")

# New contacts, in the order of their ids, up to `:last`.
ADD = (
    f"INSERT INTO contact {ROWS} AND id > :seen AND id <= :last",
    "INSERT INTO words (rowid, text) SELECT id, text FROM word_text WHERE id > :seen AND id <= :last",
)
# Those that were changed or deleted: out as they were, and in as they are now.
NEW = "n.id > :seen AND n.id <= :last"
_CHANGED = "(SELECT contact_id FROM app.contact_change WHERE id > :seen AND id <= :last AND contact_id <= :newest)"
CHANGED = f"n.id IN {_CHANGED}"
CHANGE = (
    f"INSERT INTO words (words, rowid, text) SELECT 'delete', id, text FROM word_text WHERE id IN {_CHANGED}",
    f"DELETE FROM contact WHERE id IN {_CHANGED}",
    f"INSERT INTO contact {ROWS} AND id IN {_CHANGED}",
    f"INSERT INTO words (rowid, text) SELECT id, text FROM word_text WHERE id IN {_CHANGED}",
)


def attribute(name: str, kind: str, of: str = "") -> str:
    """An attribute as SQL, to be sorted and compared by its type; `of` is the table's name with a dot.

    `name` has no double quote, backslash or control character. An index serves whoever writes it the same way.
    """
    path = name.replace("'", "''").replace(":", "' || char(58) || '")  # a colon begins a parameter
    value = f"json_extract({of}attributes, '$.\"{path}\"')"
    if kind == "number":
        return f"CASE WHEN {value} GLOB '*[0-9]*' AND {value} NOT GLOB '*[^-+.0-9]*' THEN CAST({value} AS REAL) END"
    return f"{value} COLLATE NOCASE"


def sheets(fields: Mapping[str, str]) -> dict[str, str]:
    """`{name: statement}` of the tables that are looked through for values which contain a text.

    A row has the values of so many contacts as one text, so that a million of them are looked through in some
    milliseconds. It may have more than those that are there now, never less.
    """
    names = [*_IN_SHEETS, *(f"{kind} {name}" for name, kind in fields.items())]
    return {f"sheet {name}": f'CREATE TABLE "sheet {name}" (id INTEGER PRIMARY KEY, text TEXT)' for name in names}


def write_sheet(table: str, which: str) -> str:
    """The statement that writes the rows anew which lack a value of the contacts `which` (a condition on `n.id`)."""
    values = _values(table)
    return f"""INSERT OR REPLACE INTO "{table}" (id, text) SELECT sheet, group_concat(v.value, char(10)) FROM (
        SELECT DISTINCT n.id / {SHEET} AS sheet FROM {values} AS n LEFT JOIN "{table}" AS s ON s.id = n.id / {SHEET}
        WHERE {which} AND n.value <> '' AND coalesce(instr(s.text, n.value), 0) = 0
    ) CROSS JOIN {values} AS v ON v.id BETWEEN sheet * {SHEET} AND sheet * {SHEET} + {SHEET - 1} GROUP BY sheet"""


def _values(table: str) -> str:
    name = table.removeprefix("sheet ")
    if name == "address":
        return "(SELECT contact_id AS id, address AS value FROM app.channel_address)"
    kind, _, of = name.partition(" ")
    return f"(SELECT id, CAST({attribute(of, kind) if of else name} AS TEXT) AS value FROM contact)"


def indexes(fields: Mapping[str, str]) -> dict[str, str]:
    """`{name: statement}` of the indexes that columns and custom fields `{name: type}` need."""
    columns = {f"by {column}": column for column in SORTED}
    attributes = {f"by {kind} {name}": attribute(name, kind) for name, kind in fields.items()}
    return {name: f'CREATE INDEX "{name}" ON contact ({sql}, id)' for name, sql in {**columns, **attributes}.items()}
