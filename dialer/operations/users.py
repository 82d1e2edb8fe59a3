"""People and programs that may come in: sessions, tokens, and what each role may do.

Only digests are kept: Argon2 of passwords, SHA-256 of cookies and tokens, which are long random values themselves.
"""

import hashlib
import re
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import partial

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from dialer.domain.errors import Fault, InvalidInput, shown
from dialer.domain.said import Said, joined
from dialer.operations import audit, passwords
from dialer.operations.context import Context
from dialer.store import campaigns, users
from dialer.store.types import AnyRow

MAX_NAME = 64
# How exactly it is known when a session or a token was used last: reading pages costs no write each.
LATELY = timedelta(minutes=1)
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
class Scope:
    """How a token is narrower than its role; None: not at all. `campaign_id`: nothing but what is under that campaign."""

    rights: frozenset[Right] | None = None
    campaign_id: int | None = None
    expires_at: datetime | None = None


WIDE = Scope()


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls: a person's name or a token's; `csrf` is set for a session of the web pages only.

    `time_zone` is the person's own, if one was chosen. `key` is the digest of the session's cookie, or of the token.
    """

    name: str
    role: str
    csrf: str | None = None
    time_zone: str | None = None
    scope: Scope = WIDE
    key: str = ""

    def may(self, right: Right) -> bool:
        of_role = RIGHTS.get(self.role, frozenset())
        return right in of_role and (self.scope.rights is None or right in self.scope.rights)


async def create_user(ctx: Context, name: str, password: str, role: str) -> None:
    """Raises `InvalidInput` with every fault: name, password, role."""
    faults = [*user_name_faults(name), *role_faults(role), *passwords.faults_of(password)]
    if faults:
        raise InvalidInput(faults)
    password_hash = await passwords.hashed(password)
    try:
        async with ctx.db.write() as tx:
            _refuse_like(name, await users.names(tx))
            await users.add(tx, name, password_hash, role, ctx.clock())
            await audit.write(tx, ctx, "create", "user", name, name=name, after={"role": role})
    except IntegrityError:
        async with ctx.db.read() as tx:  # somebody was faster
            _refuse_like(name, await users.names(tx))
        raise InvalidInput.single("name", "there is a user %(name)s already", name=shown(name)) from None


def _refuse_like(name: str, others: Iterable[str]) -> None:
    """Nobody tells two names apart that differ only by case. The index of the folded name knows no users from before it."""
    for other in others:
        if other != name and other.casefold() == name.casefold():
            told = Said("differs only by case from that of the user %(other)s: take another name", other=shown(other))
            raise InvalidInput.single("name", told)


async def listed(ctx: Context) -> list[AnyRow]:
    """`(id, name, role, agent, time_zone, created_at, disabled_at, used_at)` of all users, by name."""
    async with ctx.db.read() as tx:
        return await users.listed(tx)


def user_name_faults(name: str) -> list[Fault]:
    """Of a new user: a name goes into addresses, and people must be able to tell two of them apart."""
    if re.fullmatch(r"[A-Za-z0-9._@+-]+", name) and name not in {".", ".."} and len(name) <= MAX_NAME:
        return []
    told = Said(
        "should be 1 to %(most)s letters from a to z, digits and . _ @ + -, and neither `.` nor `..`", most=MAX_NAME
    )
    return [Fault("name", Said("%(rule)s, but is %(name)s", rule=told, name=shown(name)) if name else told)]


async def create_token(ctx: Context, name: str, role: str, scope: Scope = WIDE) -> str:
    """A token for a program; it is shown this once. Raises `InvalidInput`."""
    faults = [*faults_of(name, role), *_scope_faults(role, scope, ctx.clock())]
    if faults:
        raise InvalidInput(faults)
    token = f"dlr_{secrets.token_urlsafe(32)}"
    rights = None if scope.rights is None else sorted(scope.rights)
    kept = {"rights": rights, "campaign_id": scope.campaign_id, "expires_at": scope.expires_at}
    try:
        async with ctx.db.write() as tx:
            if scope.campaign_id is not None and await campaigns.get(tx, scope.campaign_id) is None:
                raise InvalidInput.single("campaign_id", "there is no campaign %(id)s", id=scope.campaign_id)
            await users.add_token(tx, name, digest(token), role, ctx.clock(), **kept)
            await audit.write(tx, ctx, "create", "token", name, name=name, after={"role": role, **kept})
    except IntegrityError:
        raise InvalidInput.single("name", "there is a token %(name)s already", name=shown(name)) from None
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
    """The value of a new session's cookie; None if the name or the password is wrong, or the user is disabled.

    Both are in the audit log. What was given as an unknown name is not: it may be a password in the wrong place.
    """
    async with ctx.db.read() as tx:
        user = await users.by_name(tx, name)
    fits = await passwords.fits(password, user.password_hash if user else None)
    cookie, now, done = secrets.token_urlsafe(32), ctx.clock(), False
    async with ctx.db.write() as tx:
        await users.drop_expired_sessions(tx, now)
        # As things are now: the user may have been disabled, or got another password, while this one was looked at.
        now_there = await users.by_name(tx, name)
        if fits and user and now_there and now_there.password_hash == user.password_hash:
            done = now_there.disabled_at is None
        if done and now_there:
            await open_session(tx, ctx, cookie, now_there.id, address)
        who = user.name if user else UNKNOWN
        action = "log in" if done else "refuse login"
        await audit.write(tx, ctx, action, "user", who, name=who, by=audit.Doer(who, audit.Kind.PERSON, address))
    return cookie if done else None


async def open_session(tx: AsyncConnection, ctx: Context, cookie: str, user_id: int, address: str) -> None:
    now, csrf = ctx.clock(), secrets.token_urlsafe(24)
    await users.open_session(tx, digest(cookie), user_id, csrf, now + _lifetime(ctx), now=now, address=address[:64])


async def log_out(ctx: Context, cookie: str) -> None:
    async with ctx.db.write() as tx:
        if one := audit.doer():
            await audit.write(tx, ctx, "log out", "user", one.who, name=one.who)
        await users.close_session(tx, digest(cookie))


async def end_session(ctx: Context, cookie: str) -> None:
    """Another one has taken its place, in the same browser."""
    async with ctx.db.write() as tx:
        await users.close_session(tx, digest(cookie))


async def of_session(ctx: Context, cookie: str) -> Caller | None:
    """Whose session it is; using it prolongs it."""
    key, now = digest(cookie), ctx.clock()
    row = await ctx.db.ask(lambda tx: users.session_of(tx, key, now))
    if row is None:
        return None
    if row.used_at is None or now - row.used_at >= LATELY:
        used = partial(users.extend_session, digest=key, expires_at=now + _lifetime(ctx), used_at=now)
        await ctx.db.transact(used, durable=False)
    return Caller(row.name, row.role, row.csrf, row.time_zone, key=key)


async def still_in(ctx: Context, cookie: str) -> bool:
    """Whether the session goes on; asking does not prolong it."""
    return await still_valid(ctx, Caller("", "", csrf="", key=digest(cookie)))


async def still_valid(ctx: Context, caller: Caller) -> bool:
    """Whether what the caller came in with still opens the door."""
    async with ctx.db.read() as tx:
        if caller.csrf is not None:
            return await users.session_of(tx, caller.key, ctx.clock()) is not None
        return not caller.key or await users.token(tx, caller.key, ctx.clock()) is not None


async def of_token(ctx: Context, token: str) -> Caller | None:
    key, now = digest(token), ctx.clock()
    row = await ctx.db.ask(lambda tx: users.token(tx, key, now))
    if row is None:
        return None
    if row.used_at is None or now - row.used_at >= LATELY:
        await ctx.db.transact(partial(users.use_token, digest=key, used_at=now), durable=False)
    rights = None if row.rights is None else frozenset(Right(one) for one in row.rights)
    return Caller(row.name, row.role, scope=Scope(rights, row.campaign_id, row.expires_at), key=key)


def _lifetime(ctx: Context) -> timedelta:
    return timedelta(hours=ctx.settings.http.session_hours)


def digest(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def faults_of(name: str, role: str) -> list[Fault]:
    faults = []
    if not name.strip() or len(name) > MAX_NAME or not name.isprintable():
        faults.append(Fault("name", "should be 1 to %(most)s printable characters", most=MAX_NAME))
    return [*faults, *role_faults(role)]


def role_faults(role: str) -> list[Fault]:
    if role in RIGHTS:
        return []
    roles = joined(list(map(Said, RIGHTS)), len(RIGHTS))
    return [Fault("role", "%(role)s is not a role: take %(roles)s", role=shown(role), roles=roles)]


def _scope_faults(role: str, scope: Scope, now: datetime) -> list[Fault]:
    faults = []
    if scope.rights is not None and (beyond := scope.rights - RIGHTS.get(role, scope.rights)):
        faults.append(
            Fault(
                "rights",
                "a %(role)s has no right to %(beyond)s: leave it out",
                role=Said(role),
                beyond=joined(list(map(Said, sorted(beyond))), len(beyond)),
            )
        )
    if scope.rights is not None and not scope.rights:
        faults.append(Fault("rights", "are none: choose at least one"))
    if scope.expires_at is not None and scope.expires_at <= now:
        faults.append(
            Fault(
                "expires_at",
                "%(expires_at)s UTC is over: take a later time",
                expires_at=format(scope.expires_at, "%Y-%m-%d %H:%M"),
            )
        )
    return faults
