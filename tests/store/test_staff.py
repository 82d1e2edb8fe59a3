"""Users as managers keep them, sessions and tokens, on both stores."""

import asyncio
from datetime import timedelta
from functools import cache

import pytest
from argon2 import PasswordHasher
from sqlalchemy.ext.asyncio import AsyncConnection

from dialer.domain.errors import Conflict, InvalidInput, NotFound
from dialer.operations import passwords, staff, tokens, users
from dialer.operations.staff import Change
from dialer.operations.users import Right, Scope
from dialer.store import users as stored
from tests.support import builders
from tests.support.context import Bench

PASSWORD = "correct horse battery"


@pytest.fixture(autouse=True)
def _cheap_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "_hasher", cache(lambda: PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)))


@pytest.fixture(autouse=True)
async def _managers(bench: Bench) -> None:
    for name in ("ann", "ben"):
        await users.create_user(bench.ctx, name, PASSWORD, "manager")


@pytest.mark.req("A2")
async def test_a_name_that_nobody_can_have_logs_nobody_in(bench: Bench) -> None:
    for name in ("ann\0", "\0", "", "x" * 5000):
        assert await users.log_in(bench.ctx, name, PASSWORD) is None


@pytest.mark.req("A2")
async def test_two_names_that_differ_only_by_case_are_not_made_at_the_same_moment(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither transaction sees the other's name before both have looked."""
    names, looked = stored.names, 0

    async def before_the_other(tx: AsyncConnection) -> list[str]:
        nonlocal looked
        looked += 1
        return [] if looked == 1 else await names(tx)

    monkeypatch.setattr(stored, "names", before_the_other)
    with pytest.raises(InvalidInput, match="differs only by case from that of the user 'ann'"):
        await users.create_user(bench.ctx, "Ann", PASSWORD, "viewer")
    assert [one.name for one in await users.listed(bench.ctx)] == ["ann", "ben"]


async def demote(bench: Bench, name: str, change: Change) -> bool:
    try:
        await staff.edit(bench.ctx, name, change, by=None)
    except Conflict:
        return False
    return True


@pytest.mark.req("A2")
async def test_of_two_managers_who_go_at_the_same_moment_one_stays(bench: Bench) -> None:
    done = await asyncio.gather(
        demote(bench, "ann", Change(role="viewer")), demote(bench, "ben", Change(disabled=True))
    )
    assert sorted(done) == [False, True]
    left = [one.name for one in await users.listed(bench.ctx) if one.role == "manager" and not one.disabled_at]
    assert len(left) == 1
    with pytest.raises(Conflict, match="last manager"):
        await staff.remove(bench.ctx, left[0], by=None)


@pytest.mark.req("A2")
async def test_a_password_that_is_reset_while_somebody_logs_in_lets_nobody_in(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    fits = passwords.fits

    async def meanwhile(password: str, kept: str | None) -> bool:
        found = await fits(password, kept)
        await staff.edit(bench.ctx, "ben", Change(password=f"{PASSWORD}, another"), by="ann")
        return found

    monkeypatch.setattr(passwords, "fits", meanwhile)
    assert await users.log_in(bench.ctx, "ben", PASSWORD) is None
    assert await staff.sessions(bench.ctx, "ben") == []


@pytest.mark.req("A2")
async def test_sessions_are_known_by_their_use_to_the_minute(bench: Bench) -> None:
    cookie = await users.log_in(bench.ctx, "ann", PASSWORD, "192.0.2.1")
    assert cookie
    began = bench.clock()
    bench.clock.advance(seconds=59)
    assert await users.of_session(bench.ctx, cookie)
    (one,) = await staff.sessions(bench.ctx, "ann")
    assert (one.created_at, one.used_at, one.address) == (began, began, "192.0.2.1")
    bench.clock.advance(seconds=1)
    assert await users.of_session(bench.ctx, cookie)
    (one,) = await staff.sessions(bench.ctx, "ann")
    assert one.used_at == began + timedelta(minutes=1)
    await staff.remove(bench.ctx, "ann", by="ben")
    assert await users.of_session(bench.ctx, cookie) is None
    with pytest.raises(NotFound):
        await staff.sessions(bench.ctx, "ann")


@pytest.mark.req("A2")
async def test_a_token_keeps_its_scope_until_it_is_over_or_revoked(bench: Bench) -> None:
    campaign = await builders.add_campaign(bench)
    scope = Scope(frozenset({Right.READ, Right.WRITE}), campaign, bench.clock() + timedelta(days=1))
    made = await users.create_token(bench.ctx, "importer", "manager", scope)
    caller = await users.of_token(bench.ctx, made)
    assert caller
    assert caller.scope == scope
    assert [caller.may(right) for right in (Right.READ, Right.WRITE, Right.OPERATE, Right.MANAGE)] == [
        True,
        True,
        False,
        False,
    ]
    bench.clock.advance(days=1)
    assert await users.of_token(bench.ctx, made) is None
    other = await users.create_token(bench.ctx, "other", "viewer")
    (_, row) = await tokens.listed(bench.ctx)
    assert (row.name, row.rights, row.campaign_id, row.expires_at, row.used_at) == ("other", None, None, None, None)
    assert await users.of_token(bench.ctx, other)
    await tokens.revoke(bench.ctx, row.id)
    assert await users.of_token(bench.ctx, other) is None
    with pytest.raises(InvalidInput):
        await users.create_token(bench.ctx, "x", "viewer", Scope(frozenset({Right.WRITE})))
