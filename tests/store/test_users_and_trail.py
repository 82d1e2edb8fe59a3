"""Users, sessions and tokens, of which only digests are kept; and the trail."""

from datetime import timedelta

import pytest
from sqlalchemy.exc import IntegrityError

from dialer.store import trail, users
from tests.support import builders
from tests.support.context import MONDAY, Bench


@pytest.mark.req("A2")
async def test_users(bench: Bench) -> None:
    async with bench.ctx.db.write() as tx:
        assert await users.number(tx) == 0
        await users.add(tx, "ada", "hash", "manager", MONDAY)
        assert await users.number(tx) == 1
        await users.change(tx, 1, {"password_hash": "newer"})
        found = await users.by_name(tx, "ada")
        assert found is not None
        assert (found.password_hash, found.role, found.created_at) == ("newer", "manager", MONDAY)
        assert await users.by_name(tx, "Ada") is None
    with pytest.raises(IntegrityError):
        async with bench.ctx.db.write() as tx:
            await users.add(tx, "ada", "other", "viewer", MONDAY)


@pytest.mark.req("A2")
async def test_sessions_end(bench: Bench) -> None:
    hour = timedelta(hours=1)
    async with bench.ctx.db.write() as tx:
        user_id = await users.add(tx, "ada", "hash", "viewer", MONDAY)
        for digest, hours in (("short", 1), ("long", 3), ("closed", 3)):
            await users.open_session(tx, digest, user_id, f"csrf-{digest}", MONDAY + hours * hour)
        await users.close_session(tx, "closed")
        await users.extend_session(tx, "short", MONDAY + 2 * hour)
        just_before, after = MONDAY + 2 * hour - timedelta(microseconds=1), MONDAY + 2 * hour
        short = await users.session_of(tx, "short", just_before)
        assert short is not None
        assert tuple(short)[:4] == ("ada", "viewer", "csrf-short", after)
        assert await users.session_of(tx, "short", after) is None
        assert await users.session_of(tx, "closed", MONDAY) is None
        await users.drop_expired_sessions(tx, after)
        assert await users.session_of(tx, "short", MONDAY) is None
        assert await users.session_of(tx, "long", after) is not None


@pytest.mark.req("A2")
async def test_tokens(bench: Bench) -> None:
    async with bench.ctx.db.write() as tx:
        await users.add_token(tx, "ci", "digest", "manager", MONDAY)
        found = await users.token(tx, "digest", MONDAY)
        assert found is not None
        assert tuple(found)[:2] == ("ci", "manager")
        assert await users.token(tx, "other", MONDAY) is None
    for name, digest in (("ci", "other"), ("other", "digest")):
        with pytest.raises(IntegrityError):
            async with bench.ctx.db.write() as tx:
                await users.add_token(tx, name, digest, "viewer", MONDAY)
    async with bench.ctx.db.write() as tx:
        assert await users.remove_token(tx, "ci")
        assert not await users.remove_token(tx, "ci")
        assert await users.token(tx, "digest", MONDAY) is None


@pytest.mark.req("K12")
async def test_a_campaigns_trail_has_its_own_entries_and_those_of_no_campaign(bench: Bench) -> None:
    first, second = await builders.add_campaign(bench), await builders.add_campaign(bench, title="Other")
    await builders.load(bench, first, [builders.person(1)])
    (contact_id,) = [1]
    async with bench.ctx.db.write() as tx:
        await trail.write(tx, [trail.Entry(MONDAY, second, contact_id, "elsewhere", {"ä": [1, None, "\n"]})])
        await trail.write(tx, [])
    async with bench.ctx.db.read() as tx:
        whole = await trail.of_contact(tx, contact_id, None)
        here = await trail.of_contact(tx, contact_id, first)
        there = await trail.of_contact(tx, contact_id, second)
    assert [entry["kind"] for entry in whole] == ["created", "enrolled", "elsewhere"]
    assert [entry["kind"] for entry in here] == ["created", "enrolled"]
    assert [entry["kind"] for entry in there] == ["created", "elsewhere"]
    assert there[-1]["data"] == {"ä": [1, None, "\n"]}
    assert there[-1]["at"] == MONDAY
