"""Users, their sessions, and the tokens of programs. Only digests of cookies and tokens are kept."""

from datetime import datetime

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from dialer.store.tables import api_token, session, user
from dialer.store.types import AnyRow


async def add(tx: AsyncConnection, name: str, password_hash: str, role: str, now: datetime) -> int:
    made = await tx.execute(
        insert(user).values(name=name, password_hash=password_hash, role=role, created_at=now).returning(user.c.id)
    )
    return int(made.scalar_one())


async def by_name(tx: AsyncConnection, name: str) -> AnyRow | None:
    return (await tx.execute(select(user).where(user.c.name == name))).one_or_none()


async def set_password(tx: AsyncConnection, name: str, password_hash: str) -> bool:
    changed = await tx.execute(update(user).where(user.c.name == name).values(password_hash=password_hash))
    return changed.rowcount == 1


async def number(tx: AsyncConnection) -> int:
    return int(await tx.scalar(select(func.count()).select_from(user)) or 0)


async def open_session(tx: AsyncConnection, digest: str, user_id: int, csrf: str, expires_at: datetime) -> None:
    await tx.execute(insert(session).values(digest=digest, user_id=user_id, csrf=csrf, expires_at=expires_at))


async def session_of(tx: AsyncConnection, digest: str, now: datetime) -> AnyRow | None:
    """`(name, role, csrf, expires_at)` of a session that is still open."""
    query = (
        select(user.c.name, user.c.role, session.c.csrf, session.c.expires_at)
        .join(user, user.c.id == session.c.user_id)
        .where(session.c.digest == digest, session.c.expires_at > now)
    )
    return (await tx.execute(query)).one_or_none()


async def extend_session(tx: AsyncConnection, digest: str, expires_at: datetime) -> None:
    await tx.execute(update(session).where(session.c.digest == digest).values(expires_at=expires_at))


async def close_session(tx: AsyncConnection, digest: str) -> None:
    await tx.execute(delete(session).where(session.c.digest == digest))


async def drop_expired_sessions(tx: AsyncConnection, now: datetime) -> None:
    await tx.execute(delete(session).where(session.c.expires_at <= now))


async def add_token(tx: AsyncConnection, name: str, digest: str, role: str, now: datetime) -> None:
    await tx.execute(insert(api_token).values(name=name, digest=digest, role=role, created_at=now))


async def token(tx: AsyncConnection, digest: str) -> AnyRow | None:
    """`(name, role)` of a token."""
    query = select(api_token.c.name, api_token.c.role).where(api_token.c.digest == digest)
    return (await tx.execute(query)).one_or_none()


async def remove_token(tx: AsyncConnection, name: str) -> bool:
    return (await tx.execute(delete(api_token).where(api_token.c.name == name))).rowcount == 1


async def agent_of(tx: AsyncConnection, name: str) -> str | None:
    found: str | None = await tx.scalar(select(user.c.agent).where(user.c.name == name))
    return found


async def listed(tx: AsyncConnection) -> list[AnyRow]:
    """`(name, role, agent)` of all, by name."""
    return list(await tx.execute(select(user.c.name, user.c.role, user.c.agent).order_by(user.c.name)))


async def set_agent(tx: AsyncConnection, name: str, agent: str | None) -> bool:
    """False for who is no user: a token's telephone is not kept."""
    return (await tx.execute(update(user).where(user.c.name == name).values(agent=agent))).rowcount == 1
