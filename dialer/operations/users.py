"""People and programs that may come in: passwords, sessions, tokens, and what each role may do.

Only digests are kept: Argon2 of passwords, SHA-256 of cookies and tokens, which are long random values themselves.
"""

import asyncio
import hashlib
import secrets
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from functools import lru_cache, partial
from typing import ParamSpec, TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy.exc import IntegrityError

from dialer.domain.errors import Fault, InvalidInput, shown
from dialer.operations import audit
from dialer.operations.context import Context
from dialer.store import users
from dialer.store.types import AnyRow

MIN_PASSWORD, MAX_PASSWORD, MAX_NAME = 10, 1024, 64
# Argon2 is meant to be costly: no more of it at once than leaves the dialer its processor.
_hashing = ThreadPoolExecutor(max_workers=1, thread_name_prefix="argon2")
# A session is written again only when a tenth of its life has passed: reading pages costs no disk write each.
UNTOUCHED_SHARE = 0.9
UNKNOWN = "(unknown name)"


class Role(StrEnum):
    MANAGER = "manager"
    SUPERVISOR = "supervisor"
    VIEWER = "viewer"
    AGENT = "agent"  # the agent page, and nothing else


class Right(StrEnum):
    READ = "read"
    OPERATE = "operate"  # publish and unpublish
    WRITE = "write"
    MANAGE = "manage"  # users, tokens, the audit log
    TALK = "talk"  # be offered contacts on the agent page


RIGHTS: Mapping[str, frozenset[Right]] = {
    Role.MANAGER: frozenset(Right),
    Role.SUPERVISOR: frozenset({Right.READ, Right.OPERATE, Right.TALK}),
    Role.VIEWER: frozenset({Right.READ}),
    Role.AGENT: frozenset({Right.TALK}),
}


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls: a person's name or a token's; `csrf` is set for a session of the web pages only."""

    name: str
    role: str
    csrf: str | None = None


async def create_user(ctx: Context, name: str, password: str, role: str) -> None:
    """Raises `InvalidInput` with every fault: name, password, role."""
    faults = [*_faults(name, role), *_password_faults(password)]
    if faults:
        raise InvalidInput(faults)
    password_hash = await _costly(_hasher().hash, password)
    try:
        async with ctx.db.write() as tx:
            await users.add(tx, name, password_hash, role, ctx.clock())
            await audit.write(tx, ctx, "create", "user", name, name=name, after={"role": role})
    except IntegrityError:
        raise InvalidInput.single("name", f"there is a user {shown(name)} already") from None


async def listed(ctx: Context) -> list[AnyRow]:
    """`(name, role, agent)` of all users, by name."""
    async with ctx.db.read() as tx:
        return await users.listed(tx)


async def create_token(ctx: Context, name: str, role: str) -> str:
    """A token for a program; it is shown this once. Raises `InvalidInput`."""
    faults = _faults(name, role)
    if faults:
        raise InvalidInput(faults)
    token = f"dlr_{secrets.token_urlsafe(32)}"
    try:
        async with ctx.db.write() as tx:
            await users.add_token(tx, name, _digest(token), role, ctx.clock())
            await audit.write(tx, ctx, "create", "token", name, name=name, after={"role": role})
    except IntegrityError:
        raise InvalidInput.single("name", f"there is a token {shown(name)} already") from None
    return token


async def ensure_first_user(ctx: Context) -> tuple[str, str] | None:
    """On an empty system: a manager `admin` with a random password, `(name, password)`; else None."""
    async with ctx.db.read() as tx:
        if await users.number(tx):
            return None
    name, password = "admin", secrets.token_urlsafe(12)
    await create_user(ctx, name, password, Role.MANAGER)
    return name, password


async def log_in(ctx: Context, name: str, password: str, address: str = "") -> str | None:
    """The value of a new session's cookie; None if the name or the password is wrong.

    Both are in the audit log. What was given as an unknown name is not: it may be a password in the wrong place.
    """
    async with ctx.db.read() as tx:
        user = await users.by_name(tx, name)
    # An unknown name takes as long as a wrong password, so that names can't be found out by timing.
    kept = user.password_hash if user else await _costly(_nobodys_hash)
    if not await _costly(_matches, kept, password[: MAX_PASSWORD + 1]) or user is None:
        who = user.name if user else UNKNOWN
        async with ctx.db.write() as tx:
            await audit.write(tx, ctx, "refuse login", "user", who, name=who, by=_person(who, address))
        return None
    cookie, now = secrets.token_urlsafe(32), ctx.clock()
    async with ctx.db.write() as tx:
        await users.drop_expired_sessions(tx, now)
        await users.open_session(tx, _digest(cookie), user.id, secrets.token_urlsafe(24), now + _lifetime(ctx))
        await audit.write(tx, ctx, "log in", "user", user.name, name=user.name, by=_person(user.name, address))
    return cookie


def _person(name: str, address: str) -> audit.Doer:
    return audit.Doer(name, audit.Kind.PERSON, address)


async def log_out(ctx: Context, cookie: str) -> None:
    async with ctx.db.write() as tx:
        if one := audit.doer():
            await audit.write(tx, ctx, "log out", "user", one.who, name=one.who)
        await users.close_session(tx, _digest(cookie))


async def of_session(ctx: Context, cookie: str) -> Caller | None:
    """Whose session it is; using it prolongs it."""
    digest, now = _digest(cookie), ctx.clock()
    async with ctx.db.read() as tx:
        row = await users.session_of(tx, digest, now)
    if row is None:
        return None
    if row.expires_at - now < _lifetime(ctx) * UNTOUCHED_SHARE:
        async with ctx.db.write() as tx:
            await users.extend_session(tx, digest, now + _lifetime(ctx))
    return Caller(row.name, row.role, row.csrf)


async def still_in(ctx: Context, cookie: str) -> bool:
    """Whether the session goes on; asking does not prolong it."""
    async with ctx.db.read() as tx:
        return await users.session_of(tx, _digest(cookie), ctx.clock()) is not None


async def of_token(ctx: Context, token: str) -> Caller | None:
    async with ctx.db.read() as tx:
        row = await users.token(tx, _digest(token))
    return Caller(row.name, row.role) if row else None


P = ParamSpec("P")
T = TypeVar("T")


async def _costly(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    return await asyncio.get_running_loop().run_in_executor(_hashing, partial(work, *args, **kwargs))


def _lifetime(ctx: Context) -> timedelta:
    return timedelta(hours=ctx.settings.http.session_hours)


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


@lru_cache(maxsize=1)
def _hasher() -> PasswordHasher:
    return PasswordHasher()


@lru_cache(maxsize=1)
def _nobodys_hash() -> str:
    return _hasher().hash(secrets.token_urlsafe(16))


def _matches(password_hash: str, password: str) -> bool:
    try:
        return _hasher().verify(password_hash, password)
    except (VerificationError, InvalidHashError, UnicodeEncodeError):
        return False


def _faults(name: str, role: str) -> list[Fault]:
    faults = []
    if not name.strip() or len(name) > MAX_NAME or not name.isprintable():
        faults.append(Fault("name", f"should be 1 to {MAX_NAME} printable characters"))
    if role not in RIGHTS:
        faults.append(Fault("role", f"{shown(role)} is not a role: take {', '.join(RIGHTS)}"))
    return faults


def _password_faults(password: str) -> list[Fault]:
    if MIN_PASSWORD <= len(password) <= MAX_PASSWORD:
        return []
    return [Fault("password", f"should have {MIN_PASSWORD} to {MAX_PASSWORD} characters")]
