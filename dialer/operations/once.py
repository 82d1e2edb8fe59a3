"""Calls that create something are answered once: the answer is kept in the transaction of the creation."""

import hashlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from dialer.domain.errors import InvalidInput
from dialer.operations.context import Context
from dialer.store import answers
from dialer.store.types import AnyRow

KEPT = timedelta(hours=24)
#: Told of what was created, in its transaction.
Made = Callable[[AsyncConnection, Any], Awaitable[None]]


async def nobody(_tx: AsyncConnection, _made: Any) -> None:
    """Where nothing is to be kept."""


@dataclass(frozen=True, slots=True)
class Answer:
    """`body` is JSON."""

    status: int
    headers: Mapping[str, str]
    body: Any


@dataclass(frozen=True, slots=True)
class Call:
    """Who calls for what, by the key that the caller gave it, and the digest of the body that it came with."""

    who: str
    what: str
    key: str
    digest: str

    @classmethod
    def of(cls, who: str, what: str, key: str, body: bytes) -> "Call":
        return cls(who[:64], what[:64], key, hashlib.sha256(body).hexdigest())


async def known(ctx: Context, call: Call) -> Answer | None:
    """What the same call was answered within 24 hours. Raises `InvalidInput` if the key came with another body."""
    async with ctx.db.read() as tx:
        row = await answers.get(tx, call.who, call.what, call.key)
    if row is None or row.created_at < ctx.clock() - KEPT:
        return None
    check_digest(row, call.digest)
    return Answer(row.status, row.headers, row.answer)


async def keep(tx: AsyncConnection, ctx: Context, call: Call, answer: Answer) -> None:
    """Raises an IntegrityError if the same call was answered just now: the transaction has to be undone."""
    now = ctx.clock()
    await answers.forget(tx, now - KEPT)
    await answers.add(
        tx,
        {
            "who": call.who, "what": call.what, "key": call.key, "digest": call.digest, "status": answer.status,
            "headers": dict(answer.headers), "answer": answer.body, "created_at": now,
        },
    )  # fmt: skip


def check_digest(row: AnyRow, digest: str) -> None:
    if row.digest != digest:
        raise InvalidInput.single(
            "Idempotency-Key", "came with another body before: take a new key for what is not the same call again"
        )
