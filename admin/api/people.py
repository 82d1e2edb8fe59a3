"""Edit and erase contacts, one or several."""

from aiohttp import web

from admin.keys import CONTEXT, IDENTITY
from admin.openapi import Operations, answer, etag, if_match
from admin.schemas.contacts import ContactDetailsOut, PlaceOut
from admin.schemas.people import BulkIn, BulkOut, ContactPatch, ResultOut
from dialer.domain.errors import InvalidInput
from dialer.operations import history, people

api = Operations("contacts")


@api("PATCH", "/contacts/{contact_id}", "Edit a contact", answers={200: ContactDetailsOut}, problems=(409,))
async def edit(request: web.Request, contact_id: int, body: ContactPatch) -> web.Response:
    """What is queued follows: to an address that is left, in the new time zone. An address of another contact is a 409."""
    ctx = request.app[CONTEXT]
    await people.edit(ctx, contact_id, body.edit(), revision=if_match(request), by=request[IDENTITY].name)
    found = await history.contact(ctx, contact_id)
    places = [PlaceOut.model_validate(place) for place in found["campaigns"]]
    revision = await people.revision_of(ctx, contact_id)
    return answer(ContactDetailsOut.of({**found, "campaigns": places}), headers=etag(revision))


@api("DELETE", "/contacts/{contact_id}", "Erase a contact", answers={204: None}, problems=(409,), versioned=True)
async def erase(request: web.Request, contact_id: int) -> web.Response:
    """Names, addresses, attributes, texts and trail are gone; what was tried goes on to count, without a name.

    Of entries on do-not-contact lists the keyed hash stays. A contact who is being called, texted or imported now is a 409.
    """
    by = request[IDENTITY].name
    await people.erase(request.app[CONTEXT], contact_id, revision=if_match(request), by=by)
    return web.Response(status=204)


@api("POST", "/contacts/bulk", "Edit or erase up to 100 contacts", answers={200: BulkOut})
async def bulk(request: web.Request, body: BulkIn) -> web.Response:
    """Each for itself: `items` tells what became of every one."""
    ctx, by = request.app[CONTEXT], request[IDENTITY].name
    if body.delete is (body.set is not None):
        raise InvalidInput.single("set", "say either what to set, or `delete: true`")
    if body.set is not None:
        results = await people.edit_many(ctx, body.ids, body.set.edit(), by=by)
    else:
        results = await people.erase_many(ctx, body.ids, by=by)
    done = sum(result.done for result in results)
    return answer(BulkOut(items=[ResultOut.of(one) for one in results], done=done, refused=len(results) - done))
