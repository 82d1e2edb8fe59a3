"""How long calls lasted, for the caps of minutes: from the answer on, which is what a carrier bills."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from math import ceil

from sqlalchemy.ext.asyncio import AsyncConnection

from dialer.domain.ending import CallResult
from dialer.domain.gateway import SmsGateway, VoiceGateway
from dialer.pacing.caps import day
from dialer.store import gateways
from dialer.store.types import AnyRow


async def lasted(
    tx: AsyncConnection, ended: Sequence[tuple[AnyRow, CallResult]], now: datetime
) -> dict[tuple[str, str], int]:
    """Seconds from answer to end, begun ones in full, by gateway and the day on which the calls ended there."""
    found: Counter[tuple[str, str]] = Counter()
    known: dict[str, VoiceGateway | SmsGateway | None] = {}
    for row, result in ended:
        ended_at, answered_at = result.ended_at or now, result.answered_at or row.answered_at
        if answered_at is None:
            continue
        if row.gateway not in known:
            known[row.gateway] = await gateways.get(tx, row.gateway)
        if isinstance(gateway := known[row.gateway], VoiceGateway):
            key = row.gateway, day(gateway, ended_at).isoformat()
            found[key] += max(0, ceil((ended_at - answered_at).total_seconds()))
    return found
