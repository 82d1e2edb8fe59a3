"""`/rule-packs`: the calling rules that a campaign can choose."""

from aiohttp import web

from admin.openapi import Operations, answer
from admin.schemas.rule_packs import RulePackOut, RulePacksOut
from dialer.domain.rules.catalogue import packs

api = Operations("rules")


@api("GET", "/rule-packs", "List the rule packs", answers={200: RulePacksOut})
async def listing(_request: web.Request) -> web.Response:
    """All of them, with what each rule says and where it is from. Not legal advice: sources disagree, so packs are dated."""
    items = [RulePackOut.of(one) for one in packs().values()]
    return answer(RulePacksOut(items=items, total=len(items)))
