"""One picture that many look at: drawn once for each change, and the same bytes go to everybody.

Nothing is queued for anyone. A watcher keeps only the number of the version it has seen; what it gets next is all that
changed since, however long it took to read the last. So a slow one gets the newest picture and holds up nobody.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from secrets import token_hex

from dialer.engine.bell import Bell

# After a look, a pause of at least this many times its length: a picture takes a sixth of the processor at most.
REST = 5.0
# The digits of a version that are read.
LONGEST = 18

#: Draws all parts, by name, and says in how many seconds to look again although no bell rings.
Draw = Callable[[], Awaitable[tuple[Mapping[str, str], float]]]
Tasks = set[asyncio.Task[None]]


class Drawing:
    """`draw` is called only while somebody looks. `bells`: gives a bell that rings when the picture may have changed.

    `tasks`: those that draw, for whoever has to see them end.
    """

    def __init__(
        self, draw: Draw, bells: Callable[[], AbstractContextManager[Bell]], at_most_every_s: float, tasks: Tasks
    ) -> None:
        self._draw, self._bells, self._at_most_every_s, self._tasks = draw, bells, at_most_every_s, tasks
        self._life, self._version = token_hex(4), 0
        self._parts: dict[str, tuple[int, str]] = {}
        self._frames: dict[int, bytes] = {}  # of this version, by the version they start from
        self._watchers: set[Bell] = set()
        self._task: asyncio.Task[None] | None = None
        self._looking = False  # into the database, where nothing is to be broken off
        self._fresh = False  # drawn since somebody looks
        self._fault: Exception | None = None

    @property
    def is_watched(self) -> bool:
        return bool(self._watchers)

    @contextmanager
    def watch(self, last_event_id: str | None = None) -> Iterator["Watcher"]:
        """`last_event_id`: of the last frame that a reader who comes back has got. One that is not of here gets everything."""
        bell = Bell()
        self._watchers.add(bell)
        if self._task is None:
            self._start()
        try:
            yield Watcher(self, bell, self._seen(last_event_id))
        finally:
            self._watchers.discard(bell)
            if not self._watchers and self._task is not None and not self._looking:
                self._task.cancel()
                self._task = None

    def since(self, version: int) -> tuple[int, bytes | None]:
        """The newest version, and as one event what changed since that one; None if nothing did. Raises what `draw` raised."""
        if self._fault is not None:
            raise self._fault
        if not self._fresh or version >= self._version:
            return version, None
        if (frame := self._frames.get(version)) is None:
            changed = "".join(text for of, text in self._parts.values() if of > version)
            frame = self._frames[version] = event(f"{self._life}-{self._version}", changed)
        return self._version, frame

    def _seen(self, last_event_id: str | None) -> int:
        life, _, version = (last_event_id or "").partition("-")
        known = life == self._life and version.isascii() and version.isdigit() and len(version) <= LONGEST
        return int(version) if known and int(version) <= self._version else 0

    def _start(self) -> None:
        self._fresh, self._fault = False, None
        self._task = asyncio.create_task(self._keep_up(), name="drawing")
        self._tasks.add(self._task)
        self._task.add_done_callback(self._tasks.discard)

    async def _keep_up(self) -> None:
        loop = asyncio.get_running_loop()
        with self._bells() as bell:
            while self._watchers:
                began, self._looking = loop.time(), True
                try:
                    parts, again_s = await self._draw()
                except Exception as error:  # noqa: BLE001  (each stream raises it)
                    self._fault = error
                    self._ring()
                    break
                finally:
                    self._looking = False
                self._take(parts)
                if not self._watchers:
                    break
                await asyncio.sleep(max(self._at_most_every_s, REST * (loop.time() - began)))
                await bell.wait(again_s)
        self._task = None

    def _take(self, parts: Mapping[str, str]) -> None:
        changed = [name for name, text in parts.items() if name not in self._parts or self._parts[name][1] != text]
        if changed:
            self._version += 1
            self._frames.clear()
            self._parts |= {name: (self._version, parts[name]) for name in changed}
        if changed or not self._fresh:
            self._fresh = True
            self._ring()

    def _ring(self) -> None:
        for watcher in self._watchers:
            watcher.ring()


class Watcher:
    """One reader of a drawing."""

    def __init__(self, drawing: Drawing, bell: Bell, seen: int) -> None:
        self._drawing, self._bell, self._seen = drawing, bell, seen

    async def next(self, timeout_s: float) -> bytes | None:
        """The next event, at once if something has changed since the last; None if nothing did for that long."""
        until = asyncio.get_running_loop().time() + timeout_s
        while (frame := self._look()) is None and await self._bell.wait(until - asyncio.get_running_loop().time()):
            pass  # it may have rung for what was seen before
        return frame

    def _look(self) -> bytes | None:
        self._seen, frame = self._drawing.since(self._seen)
        return frame


def event(name: str, text: str) -> bytes:
    """As a server-sent event (WHATWG HTML, section 9.2.6)."""
    return "".join((f"id: {name}\n", *(f"data: {line}\n" for line in text.splitlines() or [""]), "\n")).encode()
