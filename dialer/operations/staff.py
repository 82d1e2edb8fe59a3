"""Users as managers keep them: role, disabled or not, password, deletion. Whatever changes ends the user's sessions (A2)."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from dialer.domain.errors import Conflict, InvalidInput, NotFound, StaleEdit, shown
from dialer.domain.windows import zone
from dialer.operations import audit, passwords
from dialer.operations.context import Context
from dialer.operations.users import Caller, Role, digest, open_session, role_faults
from dialer.store import users
from dialer.store.types import AnyRow


@dataclass(frozen=True, slots=True)
class Change:
    """What is to be changed of a user; None stays."""

    role: str | None = None
    disabled: bool | None = None
    password: str | None = None


async def get(ctx: Context, name: str) -> AnyRow:
    """`(id, name, role, agent, time_zone, created_at, disabled_at, …)`. Raises `NotFound`."""
    async with ctx.db.read() as tx:
        return await _user(tx, name)


async def edit(ctx: Context, name: str, change: Change, *, by: str | None, revision: int | None = None) -> None:
    """Change a user, whose sessions end. `by` is the person who does it; None: a program.

    Raises `InvalidInput`, `NotFound`, `StaleEdit` for another `revision` than is there, and `Conflict` for the last
    manager and for oneself.
    """
    faults = role_faults(change.role) if change.role is not None else []
    faults += passwords.faults_of(change.password) if change.password is not None else []
    if faults:
        raise InvalidInput(faults)
    if by == name:
        raise Conflict(
            "nobody changes their own role or locks themselves out: ask another manager; for a password see My account"
        )
    password_hash = None if change.password is None else await passwords.hashed(change.password)
    async with ctx.db.write() as tx:
        stays = change.role in {None, Role.MANAGER} and not change.disabled
        user = await _kept(tx, name, stays=stays, revision=revision)
        values: dict[str, Any] = {}
        if change.role is not None:
            values["role"] = change.role
        if change.disabled is not None and change.disabled != (user.disabled_at is not None):
            values["disabled_at"] = ctx.clock() if change.disabled else None
        if password_hash is not None:
            values["password_hash"] = password_hash
        if values:
            await users.change(tx, user.id, values)
            await users.close_sessions(tx, user.id)
        old, new = (
            _told(user.role, user.disabled_at),
            _told(values.get("role", user.role), values.get("disabled_at", user.disabled_at)),
        )
        if password_hash is not None:
            old, new = {**old, "password": user.password_hash}, {**new, "password": password_hash}
        await audit.write(tx, ctx, "edit", "user", name, name=name, before=old, after=new)
    ctx.ended(lambda one: _is(one, name))


async def remove(ctx: Context, name: str, *, by: str | None, revision: int | None = None) -> None:
    """Raises `NotFound`, `StaleEdit`, and `Conflict` for the last manager and for oneself."""
    if by == name:
        raise Conflict("nobody deletes themselves: ask another manager")
    async with ctx.db.write() as tx:
        user = await _kept(tx, name, stays=False, revision=revision)
        await users.remove(tx, user.id)
        await audit.write(tx, ctx, "delete", "user", name, name=name, before=_told(user.role, user.disabled_at))
    ctx.ended(lambda one: _is(one, name))


async def sessions(ctx: Context, name: str) -> Sequence[AnyRow]:
    """`(digest, created_at, used_at, expires_at, address)` of the open ones, the newest first."""
    async with ctx.db.read() as tx:
        return await users.sessions_of(tx, (await _user(tx, name)).id, ctx.clock())


async def end_others(ctx: Context, caller: Caller) -> int:
    """End every session of the caller but this one; how many there were."""
    async with ctx.db.write() as tx:
        number = await users.close_sessions(tx, (await _user(tx, caller.name)).id, but=caller.key)
        await audit.write(tx, ctx, "log out", "user", caller.name, name=caller.name, after={"other sessions": number})
    ctx.ended(lambda one: _is(one, caller.name) and one.key != caller.key)
    return number


async def change_own_password(ctx: Context, caller: Caller, old: str, new: str, address: str) -> str:
    """The cookie of a new session; all others end, and so does the one that asked.

    Raises `InvalidInput`: for `old` if it is wrong, for `new` if it is no good.
    """
    user = await get(ctx, caller.name)
    if not await passwords.fits(old, user.password_hash):
        raise InvalidInput.single("old", "is not your password")
    if faults := passwords.faults_of(new, "new"):
        raise InvalidInput(faults)
    password_hash, cookie = await passwords.hashed(new), secrets.token_urlsafe(32)
    async with ctx.db.write() as tx:
        if (await _user(tx, caller.name)).password_hash != user.password_hash:
            raise Conflict("the password was changed meanwhile: log in again")
        await users.change(tx, user.id, {"password_hash": password_hash})
        await users.close_sessions(tx, user.id)
        await open_session(tx, ctx, cookie, user.id, address)
        before, after = {"password": user.password_hash}, {"password": password_hash}
        await audit.write(tx, ctx, "edit", "user", user.name, name=user.name, before=before, after=after)
    ctx.ended(lambda one: _is(one, caller.name) and one.key != digest(cookie))
    return cookie


async def set_time_zone(ctx: Context, caller: Caller, name: str | None) -> None:
    """None: none of one's own. Raises `InvalidInput`."""
    if name is not None:
        zone(name)
    async with ctx.db.write() as tx:
        user = await _user(tx, caller.name)
        await users.change(tx, user.id, {"time_zone": name})
        old, new = {"time_zone": user.time_zone}, {"time_zone": name}
        await audit.write(tx, ctx, "edit", "user", user.name, name=user.name, before=old, after=new)


def _is(caller: Caller, name: str) -> bool:
    return caller.csrf is not None and caller.name == name


def _told(role: str, disabled_at: object) -> dict[str, Any]:
    return {"role": role, "disabled": disabled_at is not None}


async def _user(tx: AsyncConnection, name: str) -> AnyRow:
    user = await users.by_name(tx, name)
    if user is None:
        raise NotFound("user", name)
    return user


async def _kept(tx: AsyncConnection, name: str, *, stays: bool, revision: int | None) -> AnyRow:
    """The user, who may be changed; unless it `stays` a manager who can log in, somebody else has to be one."""
    managers = await users.lock_managers(tx, Role.MANAGER)
    user = await _user(tx, name)
    if revision is not None and revision != user.revision:
        raise StaleEdit("user", name)
    if not stays and managers == [user.id]:
        raise Conflict("%(name)s is the last manager who can log in: make another one first", name=shown(name))
    return user
