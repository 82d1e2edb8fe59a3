"""`/contact-fields`: custom fields of contacts."""

from typing import Any

from aiohttp import web

from admin.keys import CONTEXT
from admin.once import HEADERS, created
from admin.openapi import Operations, answer, etag, if_match
from admin.schemas.people import ContactFieldEdit, ContactFieldIn, ContactFieldOut, ContactFieldsOut, RemoveField
from dialer.operations import contact_fields

api = Operations("contact fields")


@api("GET", "/contact-fields", "List the custom fields", answers={200: ContactFieldsOut})
async def listing(request: web.Request) -> web.Response:
    """All of them, by their labels."""
    items = [ContactFieldOut.of(row) for row in await contact_fields.all_fields(request.app[CONTEXT])]
    return answer(ContactFieldsOut(items=items, total=len(items)))


@api(
    "POST", "/contact-fields", "Define a custom field", answers={201: ContactFieldOut}, problems=(409,), headers=HEADERS
)
async def create(request: web.Request, body: ContactFieldIn) -> web.Response:
    """Values that contacts have under this name must fit its type (409 with examples), and are brought into its form."""
    ctx, label = request.app[CONTEXT], body.label or body.name
    return await created(
        request,
        lambda kept: contact_fields.create(ctx, body.name, label, body.type, body.choices, kept=kept),
        lambda row: _shown(row, 201),
    )


@api("GET", "/contact-fields/{name}", "Read a custom field", answers={200: ContactFieldOut})
async def read(request: web.Request, name: str) -> web.Response:
    return _shown(await contact_fields.get(request.app[CONTEXT], name))


@api("PATCH", "/contact-fields/{name}", "Edit a custom field", answers={200: ContactFieldOut}, problems=(409,))
async def edit(request: web.Request, name: str, body: ContactFieldEdit) -> web.Response:
    """Label, type and choices; the name stays. Values that do not fit the new type are a 409 with their number and examples."""
    row = await contact_fields.edit(
        request.app[CONTEXT], name, label=body.label, type_=body.type, choices=body.choices, revision=if_match(request)
    )
    return _shown(row)


@api("DELETE", "/contact-fields/{name}", "Remove a custom field", answers={204: None}, problems=(409,), versioned=True)
async def remove(request: web.Request, name: str, query: RemoveField) -> web.Response:
    """One that a strategy names is a 409 with every place; so are values that contacts have, unless `values` says what of them."""
    await contact_fields.remove(request.app[CONTEXT], name, query.values, if_match(request))
    return web.Response(status=204)


def _shown(row: Any, status: int = 200) -> web.Response:
    return answer(ContactFieldOut.of(row), status, etag(row.revision))
