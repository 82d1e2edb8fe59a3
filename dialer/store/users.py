"""Users, their sessions, and the tokens of programs. Only digests of cookies and tokens are kept."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from dialer.store.prepared import Prepared
from dialer.store.tables import api_token, session, user
from dialer.store.types import AnyRow


async def add(tx: AsyncConnection, name: str, password_hash: str, role: str, now: datetime) -> int:
    """Raises an IntegrityError for a name that is there, in whatever case."""
    made = await tx.execute(
        insert(user)
        .values(name=name, folded_name=name.casefold(), password_hash=password_hash, role=role, created_at=now)
        .returning(user.c.id)
    )
    return int(made.scalar_one())


async def names(tx: AsyncConnection) -> list[str]:
    return list(await tx.scalars(select(user.c.name)))


async def by_name(tx: AsyncConnection, name: str) -> AnyRow | None:
    if "\0" in name:
        return None  # PostgreSQL knows no such text
    return (await tx.execute(select(user).where(user.c.name == name))).one_or_none()


async def change(tx: AsyncConnection, user_id: int, values: Mapping[str, Any]) -> None:
    if values:
        one = update(user).where(user.c.id == user_id)
        await tx.execute(one.values(**values, revision=user.c.revision + 1))


async def remove(tx: AsyncConnection, user_id: int) -> None:
    """With all sessions."""
    await tx.execute(delete(user).where(user.c.id == user_id))


async def lock_managers(tx: AsyncConnection, role: str) -> list[int]:
    """The ids of all who can log in with this role; nobody else changes them until the transaction ends."""
    query = select(user.c.id).where(user.c.role == role, user.c.disabled_at.is_(None)).order_by(user.c.id)
    return list(await tx.scalars(query.with_for_update()))


async def number(tx: AsyncConnection) -> int:
    return int(await tx.scalar(select(func.count()).select_from(user)) or 0)


async def open_session(
    tx: AsyncConnection,
    digest: str,
    user_id: int,
    csrf: str,
    expires_at: datetime,
    *,
    now: datetime | None = None,
    address: str = "",
) -> None:
    values = {"digest": digest, "user_id": user_id, "csrf": csrf, "expires_at": expires_at}
    await tx.execute(insert(session).values(**values, created_at=now, used_at=now, address=address))


async def session_of(tx: AsyncConnection, digest: str, now: datetime) -> AnyRow | None:
    """`(name, role, csrf, expires_at, time_zone, used_at)` of a session that is still open."""
    return next(iter(await _SESSION.rows(tx, {"_digest": digest, "_now": now})), None)


# Asked at every request: building a statement costs as much as running it.
_SESSION = Prepared(
    select(user.c.name, user.c.role, session.c.csrf, session.c.expires_at, user.c.time_zone, session.c.used_at)
    .join(user, user.c.id == session.c.user_id)
    .where(
        session.c.digest == bindparam("_digest"), session.c.expires_at > bindparam("_now"), user.c.disabled_at.is_(None)
    )
)


async def sessions_of(tx: AsyncConnection, user_id: int, now: datetime) -> list[AnyRow]:
    """Those of a user that are open, the newest first."""
    query = select(session).where(session.c.user_id == user_id, session.c.expires_at > now)
    return list(await tx.execute(query.order_by(session.c.created_at.desc(), session.c.digest)))


async def extend_session(
    tx: AsyncConnection, digest: str, expires_at: datetime, used_at: datetime | None = None
) -> None:
    values = {"expires_at": expires_at, "used_at": used_at}
    await tx.execute(update(session).where(session.c.digest == digest).values(**values))


async def close_sessions(tx: AsyncConnection, user_id: int, but: str = "") -> int:
    """All of a user's, or all but one; returns how many."""
    return (await tx.execute(delete(session).where(session.c.user_id == user_id, session.c.digest != but))).rowcount


async def close_session(tx: AsyncConnection, digest: str) -> None:
    await tx.execute(delete(session).where(session.c.digest == digest))


async def drop_expired_sessions(tx: AsyncConnection, now: datetime) -> None:
    await tx.execute(delete(session).where(session.c.expires_at <= now))


async def add_token(tx: AsyncConnection, name: str, digest: str, role: str, now: datetime, **scope: Any) -> None:
    """`scope`: rights, campaign_id, expires_at."""
    await tx.execute(insert(api_token).values(name=name, digest=digest, role=role, created_at=now, **scope))


_TOKEN = ("name", "role", "rights", "campaign_id", "expires_at", "used_at")
_GOOD_TOKEN = Prepared(
    select(*(api_token.c[name] for name in _TOKEN)).where(
        api_token.c.digest == bindparam("_digest"),
        api_token.c.expires_at.is_(None) | (api_token.c.expires_at > bindparam("_now")),
    )
)


async def token(tx: AsyncConnection, digest: str, now: datetime) -> AnyRow | None:
    """`(name, role, rights, campaign_id, expires_at, used_at)` of a token that has not expired."""
    return next(iter(await _GOOD_TOKEN.rows(tx, {"_digest": digest, "_now": now})), None)


async def tokens(tx: AsyncConnection) -> list[AnyRow]:
    """`(id, created_at, name, role, rights, campaign_id, expires_at, used_at)` of all, by name."""
    columns = (api_token.c[name] for name in ("id", "created_at", *_TOKEN))
    return list(await tx.execute(select(*columns).order_by(api_token.c.name)))


async def use_token(tx: AsyncConnection, digest: str, used_at: datetime) -> None:
    await tx.execute(update(api_token).where(api_token.c.digest == digest).values(used_at=used_at))


async def remove_token(tx: AsyncConnection, name: str) -> bool:
    return (await tx.execute(delete(api_token).where(api_token.c.name == name))).rowcount == 1


async def agent_of(tx: AsyncConnection, name: str) -> str | None:
    found: str | None = await tx.scalar(select(user.c.agent).where(user.c.name == name))
    return found


async def listed(tx: AsyncConnection) -> list[AnyRow]:
    """`(id, name, role, agent, time_zone, created_at, disabled_at, revision, used_at)` of all, by name; `used_at` of an open session."""
    names = ("id", "name", "role", "agent", "time_zone", "created_at", "disabled_at", "revision")
    columns = (user.c[name] for name in names)
    used_at = select(func.max(session.c.used_at)).where(session.c.user_id == user.c.id).scalar_subquery()
    return list(await tx.execute(select(*columns, used_at.label("used_at")).order_by(user.c.name)))


async def set_agent(tx: AsyncConnection, name: str, agent: str | None) -> bool:
    """False for who is no user: a token's telephone is not kept."""
    return (
        await tx.execute(update(user).where(user.c.name == name).values(agent=agent, revision=user.c.revision + 1))
    ).rowcount == 1


async def close_all_sessions(tx: AsyncConnection) -> None:
    await tx.execute(delete(session))
