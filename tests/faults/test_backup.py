"""A backup is made while calls and texts go out, and restored elsewhere: nobody is lost, and nobody is called twice."""

import sqlite3
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from asterisk.lab.lab import Lab
from sms.lab.smsc import Smsc
from tests.support.databases import opened
from tests.support.postgres import PostgresServer
from tests.support.rig import call, strategy, text
from tests.support.server import Server
from tests.support.stories import count_states, stories
from tests.support.truth import done, people
from tests.support.waiting import until

CONTACTS = 40


@pytest.mark.req("D3", "M4", "A6")
async def test_a_backup_under_way_restored_elsewhere_repeats_nothing_and_loses_nobody(
    lab: Lab, smsc: Smsc, tmp_path: Path
) -> None:
    numbers, copy = people(CONTACTS), tmp_path / "backup.db"
    first = await running(tmp_path / "first", lab, smsc, numbers)
    try:
        await until(lambda: len(lab.ledger()) >= 8, "some calls")
        code, out = await first.run("backup", str(copy))
        assert code == 0, out
        assert copy.stat().st_mode & 0o777 == 0o600
        assert waiting(copy) >= 10, "the backup was made too late to prove anything"
        await first.kill()  # the machine is gone at that moment: nothing happens after the backup
    finally:
        await first.stop()
    await lab.set_talk(0.2, 0.4)
    called_before = len(lab.ledger())
    second = folder_of(tmp_path / "second", lab)
    second._token = first._token
    code, out = await second.run("restore", str(copy))
    assert code == 0, out
    assert "campaign 1 (Spring): unpublished" in out
    await second.start()
    try:
        assert (await second.ok("GET", "/campaigns/1"))["status"] == "unpublished"
        assert (await second.ok("GET", "/campaigns/1"))["contacts"]["total"] == CONTACTS
        assert len(lab.ledger()) == called_before, "nothing goes out before somebody publishes"
        await second.ok("POST", "/campaigns/1/publish")
        found = await done(second, 1, 90)
    finally:
        await second.stop()
    lost = [story.number for story in found if "lost" in (*story.outcomes, *story.statuses)]
    assert len(found) == CONTACTS
    assert all(len(story.attempts) == 1 for story in found)
    called, texted = Counter(p.number for p in lab.ledger()), Counter(s.destination for s in smsc.ledger())
    # Between the copy and the kill some may have been called; what the backup holds as under way is never repeated.
    late = [number for number, times in called.items() if times > 1]
    assert not set(late) & set(lost)
    assert len(late) <= len(lab.agents), "at most the calls of the moment between the copy and the kill"
    assert len([number for number, times in texted.items() if times > 1]) <= len(late) + 10


@pytest.mark.req("D3", "A6")
async def test_with_the_time_since_unknown_nobody_who_waited_is_ever_called(
    lab: Lab, smsc: Smsc, tmp_path: Path
) -> None:
    numbers, copy = people(CONTACTS), tmp_path / "backup.db"
    first = await running(tmp_path / "first", lab, smsc, numbers)
    try:
        await until(lambda: len(lab.ledger()) >= 4, "some calls")
        assert (await first.run("backup", str(copy)))[0] == 0
        assert waiting(copy) >= 10, "the backup was made too late to prove anything"
        await lab.set_talk(0.2, 0.4)
        await done(first, 1, 120)  # it goes on: everybody is called, and the backup knows nothing of it
    finally:
        await first.stop()
    second = folder_of(tmp_path / "second", lab)
    second._token = first._token
    code, out = await second.run("restore", str(copy), "--since-unknown")
    assert (code, "campaign 1 (Spring): ended" in out) == (0, True), out
    await second.start()
    try:

        async def settled() -> bool:
            async with opened(second.url) as db:
                return set(await count_states(db, 1)) <= {"done", "stopped"}

        await until(settled, "everybody to be done or stopped")
        status, _ = await second.call("POST", "/campaigns/1/publish")
        assert status == 409
        async with opened(second.url) as db:
            assert len(await stories(db, 1)) == CONTACTS
    finally:
        await second.stop()
    assert set(Counter(p.number for p in lab.ledger()).values()) == {1}
    assert set(Counter(s.destination for s in smsc.ledger()).values()) == {1}


def spoiled(path: Path) -> None:
    path.write_bytes(b"SQLite format 3\0" + bytes(5000))


def newer(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE alembic_version (version_num TEXT)")
        connection.execute("INSERT INTO alembic_version VALUES ('9999')")


@pytest.mark.req("A6")
@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda _path: None, "there is no"),
        (spoiled, "no backup of a dialer's database"),
        (lambda path: path.write_text("hello"), "no backup of a dialer's database"),
        (newer, "newer version"),
    ],
)
async def test_what_is_no_backup_is_refused_and_nothing_is_made(
    lab: Lab, tmp_path: Path, make: Callable[[Path], object], words: str
) -> None:
    server, file = folder_of(tmp_path / "server", lab), tmp_path / "backup.db"
    make(file)
    code, out = await server.run("restore", str(file))
    assert code == 1
    assert words in out
    assert not list((tmp_path / "server").glob("dialer.db*"))


@pytest.mark.req("A6")
async def test_nothing_is_overwritten_and_the_key_goes_along(lab: Lab, tmp_path: Path) -> None:
    server, file = folder_of(tmp_path / "server", lab), tmp_path / "backup.db"
    assert "there is no" in (await server.run("backup", str(file)))[1]
    assert (await server.run("migrate"))[0] == 0
    (tmp_path / "server" / "data").mkdir()
    (tmp_path / "server" / "data" / "secret.key").write_text("the key of the hashes")
    assert (await server.run("backup", str(file)))[0] == 0
    assert "is there already" in (await server.run("backup", str(file)))[1]
    assert "is there already" in (await server.run("restore", str(file)))[1]
    other = folder_of(tmp_path / "other", lab)
    assert (await other.run("restore", str(file)))[0] == 0
    assert (tmp_path / "other" / "data" / "secret.key").read_text() == "the key of the hashes"
    assert (tmp_path / "other" / "data" / "secret.key").stat().st_mode & 0o777 == 0o600


@pytest.mark.req("A6")
async def test_a_dump_of_postgresql_is_settled_after_it_was_loaded(lab: Lab, tmp_path: Path) -> None:
    """As the guide shows it: pg_dump, pg_restore, `dialer restore` without a file."""
    with PostgresServer() as postgres:
        for name in ("one", "two"):
            postgres.run("createdb", name)
        first = folder_of(tmp_path / "first", lab, url=postgres.url("one"))
        await first.start()
        try:
            await first.campaign(lab, people(3), strategy(call()))
            await first.ok("POST", "/campaigns/1/publish")
            await done(first, 1, 120)
            dump = postgres.run("pg_dump", "--format=custom", "one")
        finally:
            await first.stop()
        postgres.run("pg_restore", "--dbname=two", given=dump)
        second = folder_of(tmp_path / "second", lab, url=postgres.url("two"))
        second._token = first._token
        assert "pg_dump" in (await second.run("backup", str(tmp_path / "x")))[1]
        code, out = await second.run("restore")
        assert (code, "campaign 1 (Spring): unpublished" in out) == (0, True), out
        await second.start()
        try:
            await second.ok("POST", "/campaigns/1/publish")
            found = await done(second, 1, 120)
        finally:
            await second.stop()
    assert len(found) == 3
    assert set(Counter(p.number for p in lab.ledger()).values()) == {1}


def folder_of(folder: Path, lab: Lab, url: str = "") -> Server:
    folder.mkdir()
    return Server(folder, lab, url=url)


def waiting(copy: Path) -> int:
    """Contacts in a backup that a campaign has yet to call or text."""
    with sqlite3.connect(copy) as connection:
        query = "SELECT count(*) FROM contact_request WHERE state IN ('pending', 'claimed')"
        return int(connection.execute(query).fetchone()[0])


async def running(folder: Path, lab: Lab, smsc: Smsc, numbers: list[str]) -> Server:
    """A server whose agents talk for long: the campaign goes on while the backup is made."""
    await lab.set_talk(8, 8)
    server = folder_of(folder, lab)
    await server.start()
    campaign = await server.campaign(lab, numbers, strategy(call("text"), text()), smsc_port=smsc.port)
    await server.ok("POST", f"/campaigns/{campaign}/publish")
    return server
