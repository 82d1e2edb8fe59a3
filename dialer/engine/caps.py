"""The calls of today by gateway and prefix, and how long they lasted, in memory for the dialing loop: the store has them."""

import asyncio
from datetime import datetime
from typing import Any

from dialer.domain.gateway import VoiceGateway
from dialer.engine.board import Board
from dialer.operations.context import Context
from dialer.pacing.caps import Cap, caps, counted, day, next_day, reached
from dialer.store import gateway_days
from dialer.store.gateway_days import Key

# What other nodes counted is seen by then.
LOOK_AGAIN_S = 10.0


class DailyCaps:
    def __init__(self, ctx: Context, board: Board) -> None:
        self._ctx, self._board = ctx, board
        self._calls: dict[Key, int] = {}
        self._seconds: dict[tuple[str, str], int] = {}  # by gateway and day, as the store had it when it was read last

    async def run(self) -> None:
        while True:
            await self.load()
            await asyncio.sleep(LOOK_AGAIN_S)

    async def load(self) -> None:
        """Read the counts of today. What was decided and is not written yet stays counted: they only grow in a day."""
        now = self._ctx.clock()
        days = {day(one, now).isoformat() for one in self._board.voice.values() if caps(one)}
        timed = {
            name: day(one, now).isoformat()
            for name, one in self._board.voice.items()
            if one.minutes_per_day is not None
        }
        if not days and not timed:
            return
        async with self._ctx.db.read() as tx:
            found = await gateway_days.of_days(tx, days)
            self._seconds = {
                (name, timed[name]): n for name, n in (await gateway_days.seconds_of(tx, timed, now)).items()
            }
        known = {key: number for key, number in self._calls.items() if key[1] in days}
        self._calls = {key: max(found.get(key, 0), known.get(key, 0)) for key in found.keys() | known.keys()}

    def reached(self, name: str, number: str, now: datetime) -> Cap | None:
        gateway = self._board.voice.get(name)
        if gateway is None:
            return None
        return reached(gateway, self._today(name, gateway, now), number, now, self._lasted(name, gateway, now))

    def spend(self, name: str, gateway: VoiceGateway, number: str, now: datetime) -> tuple[Key, ...]:
        """A call is about to be committed: counted here, and by what is returned in the store."""
        keys = tuple((name, day(gateway, now).isoformat(), prefix) for prefix in counted(gateway, number))
        for key in keys:
            self._calls[key] = self._calls.get(key, 0) + 1
        return keys

    def give_back(self, keys: tuple[Key, ...]) -> None:
        """It never left."""
        for key in keys:
            self._calls[key] = max(0, self._calls.get(key, 0) - 1)

    def snapshot(self, name: str, now: datetime) -> dict[str, Any]:
        """`{caps: [{prefix, calls, most, resets_at}], minutes: {lasted, most, resets_at}}` of today; prefix "" is any number.

        `minutes` is None without such a cap.
        """
        gateway = self._board.voice[name]
        calls, resets_at = self._today(name, gateway, now), next_day(gateway, now).isoformat()
        told = [
            {"prefix": prefix, "calls": calls.get(prefix, 0), "most": most, "resets_at": resets_at}
            for prefix, most in caps(gateway).items()
        ]
        most, lasted = gateway.minutes_per_day, self._lasted(name, gateway, now) // 60
        minutes = None if most is None else {"lasted": lasted, "most": most, "resets_at": resets_at}
        return {"caps": told, "minutes": minutes}

    def _lasted(self, name: str, gateway: VoiceGateway, now: datetime) -> int:
        """Seconds, at most `LOOK_AGAIN_S` old."""
        return self._seconds.get((name, day(gateway, now).isoformat()), 0)

    def _today(self, name: str, gateway: VoiceGateway, now: datetime) -> dict[str, int]:
        today = day(gateway, now).isoformat()
        return {prefix: self._calls.get((name, today, prefix), 0) for prefix in caps(gateway)}
