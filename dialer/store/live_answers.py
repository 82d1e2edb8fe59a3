"""Calls that people answered, by campaign and hour: written with each outcome, so that they are right after any restart."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from dialer.pacing.abandonment import LiveAnswers
from dialer.store.prepared import Prepared
from dialer.store.sums import adding
from dialer.store.tables import live_answers

_COUNTS = ("answered", "abandoned", "late")
_ADD = adding(live_answers, ("campaign_id", "hour"), _COUNTS)


async def add(tx: AsyncConnection, counts: Iterable[tuple[int, datetime, LiveAnswers]]) -> None:
    """Count `(campaign, answered at, what one call adds)`; calls that add nothing are passed over."""
    sums: dict[tuple[int, datetime], LiveAnswers] = {}
    for campaign_id, at, one in counts:
        if one:
            key = (campaign_id, at.replace(minute=0, second=0, microsecond=0))
            sums[key] = sums.get(key, LiveAnswers()) + one
    rows = [_row(campaign_id, hour, one) for (campaign_id, hour), one in sorted(sums.items())]
    await _ADD(tx.dialect.name).run_many(tx, rows)


def _row(campaign_id: int, hour: datetime, one: LiveAnswers) -> dict[str, Any]:
    return {
        "campaign_id": campaign_id,
        "hour": hour,
        "answered": one.answered,
        "abandoned": one.abandoned,
        "late": one.late,
    }


async def since(tx: AsyncConnection, campaign_ids: Iterable[int], start: datetime) -> Mapping[int, LiveAnswers]:
    """The sums of these campaigns from the hour of `start` on; a campaign where nobody has answered is missing."""
    found = await _SUMS.rows(
        tx, {"_ids": list(campaign_ids), "_start": start.replace(minute=0, second=0, microsecond=0)}
    )
    return {row[0]: LiveAnswers(int(row[1]), int(row[2]), int(row[3])) for row in found}


_SUMS = Prepared(
    select(live_answers.c.campaign_id, *(func.sum(live_answers.c[name]) for name in _COUNTS))
    .where(
        live_answers.c.campaign_id.in_(bindparam("_ids", expanding=True)), live_answers.c.hour >= bindparam("_start")
    )
    .group_by(live_answers.c.campaign_id)
)
