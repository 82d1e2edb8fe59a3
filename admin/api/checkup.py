"""`/check`: whether everything is there that the server needs."""

from aiohttp import web

from admin.keys import CONTEXT, LIVE
from admin.openapi import Operations, answer
from admin.schemas.checkup import CheckOut, FindingOut, SettingOut
from config.effective import effective
from dialer.domain.checkup import Finding, worst
from dialer.operations import checkup

api = Operations("live")


@api("GET", "/check", "Check the settings and what is around the server", answers={200: CheckOut})
async def check(request: web.Request) -> web.Response:
    """Looks at database, Asterisk, queues, dialplan and gateways, as `dialer check` does, over the links that the server has.

    Needs the right of a manager. Takes some seconds where something does not answer. Secrets are never told.
    """
    findings = await look(request)
    items = [SettingOut.of(one) for one in effective(request.app[CONTEXT].settings)]
    return answer(
        CheckOut(level=worst(findings).value, findings=[FindingOut.of(one) for one in findings], settings=items)
    )


async def look(request: web.Request) -> list[Finding]:
    ctx, live = request.app[CONTEXT], request.app[LIVE]
    texts = live.sms_gateway if live else lambda _name: None
    return await checkup.of_server(ctx.settings, ctx.db, live.asterisk if live else None, texts)
