"""`/webhooks`: who is told of what happens, and what became of each delivery."""

from aiohttp import web

from admin.keys import CONTEXT, IDENTITY
from admin.once import HEADERS, created
from admin.openapi import Operations, answer, etag, if_match
from admin.schemas.common import ListQuery, PageOut
from admin.schemas.hooks import DeliveryOut, WebhookIn, WebhookMadeOut, WebhookOut, WebhookPatch, of_row
from dialer.operations import hooks
from dialer.store.types import AnyRow

api = Operations("webhooks")


@api("GET", "/webhooks", "List webhooks", answers={200: PageOut[WebhookOut]})
async def listing(request: web.Request, query: ListQuery) -> web.Response:
    page = await hooks.page(request.app[CONTEXT], query.query())
    items = [WebhookOut.of(item) for item in page.items]
    return answer(PageOut[WebhookOut](items=items, total=page.total, next_cursor=page.next_cursor))


@api("POST", "/webhooks", "Add a webhook", answers={201: WebhookMadeOut}, headers=HEADERS)
async def create(request: web.Request, body: WebhookIn) -> web.Response:
    """Its receiver is told of what happens from now on. The answer tells the secret, and no later one does but that to the same call."""
    ctx, fields = request.app[CONTEXT], body.model_dump()
    return await created(request, lambda kept: hooks.create(ctx, fields, kept=kept), _made)


@api("GET", "/webhooks/{webhook_id}", "Read a webhook", answers={200: WebhookOut})
async def read(request: web.Request, webhook_id: int) -> web.Response:
    return _shown(await hooks.get(request.app[CONTEXT], webhook_id))


@api("PATCH", "/webhooks/{webhook_id}", "Edit a webhook", answers={200: WebhookOut}, problems=(409,))
async def edit(request: web.Request, webhook_id: int, body: WebhookPatch) -> web.Response:
    """Also to enable one that was disabled because its receiver answered 410."""
    return _shown(await hooks.edit(request.app[CONTEXT], webhook_id, body.given(), if_match(request)))


@api("DELETE", "/webhooks/{webhook_id}", "Remove a webhook", answers={204: None}, problems=(409,), versioned=True)
async def delete(request: web.Request, webhook_id: int) -> web.Response:
    """With its deliveries: what waits is not sent."""
    await hooks.remove(request.app[CONTEXT], webhook_id, if_match(request))
    return web.Response(status=204)


@api(
    "POST",
    "/webhooks/{webhook_id}/secret",
    "Make another secret",
    answers={200: WebhookMadeOut},
    problems=(409,),
    versioned=True,
)
async def renew(request: web.Request, webhook_id: int) -> web.Response:
    """What is sent from now on is signed with it; the answer tells it, and no later one does."""
    row = await hooks.renew_secret(request.app[CONTEXT], webhook_id, if_match(request))
    return answer(WebhookMadeOut.of(of_row(row)), 200, etag(row.revision))


@api("POST", "/webhooks/{webhook_id}/test", "Send a test event", answers={202: DeliveryOut}, problems=(409,))
async def test(request: web.Request, webhook_id: int) -> web.Response:
    """An event of the kind `test`; `Location` tells what becomes of it. 409 while the webhook is disabled."""
    row = await hooks.test(request.app[CONTEXT], webhook_id, request[IDENTITY].name)
    location = f"/api/v1/webhooks/{webhook_id}/deliveries/{row.id}"
    return answer(DeliveryOut.of(of_row(row)), 202, {"Location": location})


@api("GET", "/webhooks/{webhook_id}/deliveries", "List deliveries", answers={200: PageOut[DeliveryOut]})
async def deliveries(request: web.Request, webhook_id: int, query: ListQuery) -> web.Response:
    """The newest first; `filter=state:eq:failed` are those that are tried again."""
    page = await hooks.deliveries_page(request.app[CONTEXT], webhook_id, query.query())
    items = [DeliveryOut.of(item) for item in page.items]
    return answer(PageOut[DeliveryOut](items=items, total=page.total, next_cursor=page.next_cursor))


@api("GET", "/webhooks/{webhook_id}/deliveries/{delivery_id}", "Read a delivery", answers={200: DeliveryOut})
async def read_delivery(request: web.Request, webhook_id: int, delivery_id: int) -> web.Response:
    return answer(DeliveryOut.of(of_row(await hooks.delivery(request.app[CONTEXT], webhook_id, delivery_id))))


@api(
    "POST",
    "/webhooks/{webhook_id}/deliveries/{delivery_id}/resend",
    "Send a delivery again",
    answers={202: DeliveryOut},
    problems=(409,),
)
async def resend(request: web.Request, webhook_id: int, delivery_id: int) -> web.Response:
    """By the same event id, whatever became of it before. 409 while the webhook is disabled."""
    row = await hooks.resend(request.app[CONTEXT], webhook_id, delivery_id)
    return answer(DeliveryOut.of(of_row(row)), 202)


def _made(row: AnyRow) -> web.Response:
    headers = {"Location": f"/api/v1/webhooks/{row.id}", **etag(row.revision)}
    return answer(WebhookMadeOut.of(of_row(row)), 201, headers)


def _shown(row: AnyRow) -> web.Response:
    return answer(WebhookOut.of(of_row(row)), 200, etag(row.revision))
