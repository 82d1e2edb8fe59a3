"""A store that can't be written to for a while, as its disk is full or another process holds it: who waits, and who is told.

The engine's own work is patient: it waits, so that calls under way keep their state and go on when the store does. What
a person or a program asks for is not: it fails soon, with the reason.
"""

import asyncio
import os
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import TypeVar

import structlog

from dialer.store.room import is_full

log = structlog.get_logger(__name__)

T = TypeVar("T")

# New calls and texts (`urgent`) stop first: what is left is for the outcomes of those under way.
URGENT_RESERVE, RESERVE = 32 << 20, 8 << 20  # bytes
LOOK_AGAIN_S = 0.5

_patient: ContextVar[bool] = ContextVar("patient", default=False)


def is_patient() -> bool:
    return _patient.get()


@contextmanager
def patient() -> Iterator[None]:
    """Whatever is written within, or by tasks that are started within, waits for a store that can't be written to."""
    before = _patient.set(True)
    try:
        yield
    finally:
        _patient.reset(before)


def be_patient(*, patient: bool = True) -> None:
    """From now on, for this task and those that it starts."""
    _patient.set(patient)


class Trouble:
    """Why nothing can be written at this moment; said in the log when it begins and when it is over."""

    def __init__(self) -> None:
        self._reasons: dict[str, str] = {}

    @property
    def reason(self) -> str | None:
        """For people; None if all is well."""
        return next(iter(self._reasons.values()), None)

    def begins(self, what: str, reason: str) -> None:
        if what not in self._reasons:
            log.error("store_stuck", why=what, reason=reason, effect="no call and no text starts")
        self._reasons[what] = reason

    def ends(self, what: str) -> None:
        if self._reasons.pop(what, None) is not None:
            log.info("store_goes_on", why=what)


class Disk:
    """The file system of SQLite's database. One that can't be asked counts as having room: SQLite will say."""

    def __init__(self, file: Path, trouble: Trouble) -> None:
        self._folder, self._trouble = file.parent, trouble

    async def room(self, *, urgent: bool) -> None:
        """Returns at once if there is room for a transaction; else who is patient waits for it."""
        while (free := self._free()) < (URGENT_RESERVE if urgent else RESERVE):
            self._trouble.begins("full", f"the disk of the database has {free >> 20} MB left: make room")
            if not is_patient():
                return
            await asyncio.sleep(LOOK_AGAIN_S)
        if free >= URGENT_RESERVE:
            self._trouble.ends("full")

    async def having_room(self, work: Callable[[], Awaitable[T]], *, urgent: bool) -> T:
        """Do it, again and again where it is patient and the disk is found full on the way; all of it was rolled back then."""
        while True:
            await self.room(urgent=urgent)
            try:
                return await work()
            except Exception as error:
                if not (is_patient() and is_full(error)):
                    raise
                self._trouble.begins("full", f"the disk of the database is full: {error}")
            await asyncio.sleep(LOOK_AGAIN_S)

    def _free(self) -> int:
        try:
            found = os.statvfs(self._folder)
        except OSError:
            return URGENT_RESERVE
        return found.f_bavail * found.f_frsize
