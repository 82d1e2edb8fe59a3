"""Rates and their charts, of a campaign or of all: what the pages show, and the part that their streams keep up to date."""

import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

import orjson

from admin.pages import live_words
from dialer.domain.campaign import Campaign
from dialer.domain.series import Point, Span, rates
from dialer.operations import finishing, series
from dialer.operations.context import Context

# The nodes write what they have counted as rarely.
EVERY_S = 5.0


async def shown(ctx: Context, campaign: Campaign | None) -> dict[str, Any]:
    """For `parts/rates.html`: rates over the last minutes, both spans in words, and the charts' data as JSON."""
    one, zone = (campaign.id, campaign.time_zone) if campaign else (None, "UTC")
    hour, day = [await series.read(ctx, span, one) for span in (Span.HOUR, Span.DAY)]
    data = {"zone": zone if campaign else None, "hour": _chart(hour), "day": _chart(day)}
    return {
        "rates": rates(hour),
        "told": [live_words.happened(Span.HOUR, hour, zone), live_words.happened(Span.DAY, day, zone)],
        "through": live_words.through(await finishing.outlook(ctx, campaign), campaign) if campaign else "",
        "series": orjson.dumps(data).decode(),
    }


def _chart(some: Sequence[Point]) -> dict[str, Any]:
    start, second = some[0].at.timestamp(), some[1].at.timestamp()
    return {
        "start": int(start),
        "step": int(second - start),
        "calls": [one.counts.calls for one in some],
        "texts": [one.counts.texts for one in some],
        "answered": [_rounded(one.counts.answer_percent) for one in some],
        "abandoned": [_rounded(one.counts.abandoned_percent) for one in some],
    }


def _rounded(percent: float | None) -> float | None:
    return None if percent is None else round(percent, 1)


def rarely(make: Callable[[], Awaitable[Mapping[str, str]]]) -> Callable[[], Awaitable[Mapping[str, str]]]:
    """`make`, or what it made in the last seconds."""
    made: Mapping[str, str] = {}
    at = -EVERY_S

    async def kept() -> Mapping[str, str]:
        nonlocal made, at
        if time.monotonic() - at >= EVERY_S:
            made, at = await make(), time.monotonic()
        return made

    return kept
