"""Passwords: only their Argon2 digests are kept."""

import asyncio
import secrets
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache, partial
from typing import ParamSpec, TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from dialer.domain.errors import Fault

MIN_PASSWORD, MAX_PASSWORD = 12, 1024
# Argon2 is meant to be costly: no more of it at once than leaves the dialer its processor.
_hashing = ThreadPoolExecutor(max_workers=1, thread_name_prefix="argon2")

P = ParamSpec("P")
T = TypeVar("T")


async def hashed(password: str) -> str:
    return await _costly(_hasher().hash, password)


async def fits(password: str, kept: str | None) -> bool:
    """Without a kept digest it takes as long, so that nobody finds out by timing which names there are."""
    digest = await _costly(_nobodys_hash) if kept is None else kept
    return await _costly(_matches, digest, password[: MAX_PASSWORD + 1]) and kept is not None


def faults_of(password: str, field: str = "password") -> list[Fault]:
    if MIN_PASSWORD <= len(password) <= MAX_PASSWORD:
        return []
    return [Fault(field, "should have %(least)s to %(most)s characters", least=MIN_PASSWORD, most=MAX_PASSWORD)]


async def _costly(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    return await asyncio.get_running_loop().run_in_executor(_hashing, partial(work, *args, **kwargs))


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
