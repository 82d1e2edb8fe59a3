"""`/series`: calls, answers and texts over time."""

from aiohttp import web

from admin.keys import CONTEXT
from admin.openapi import Operations, answer
from admin.schemas.series import PointOut, SeriesOut, SeriesQuery
from dialer.operations import series

api = Operations("live")


@api("GET", "/series", "Calls and texts over the last hour or day", answers={200: SeriesOut}, problems=(404,))
async def read(request: web.Request, query: SeriesQuery) -> web.Response:
    """By the minute for an hour, by the quarter of an hour for a day; of one `campaign`, or of all.

    Counted in memory and added up in the store every five seconds, by all nodes: so much may be missing at the end, and
    after a crash for good.
    """
    points = await series.read(request.app[CONTEXT], query.span, query.campaign)
    return answer(
        SeriesOut(
            campaign=query.campaign,
            span=query.span,
            step_s=int(query.span.step.total_seconds()),
            points=[PointOut.of(one) for one in points],
        )
    )
