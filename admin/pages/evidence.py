"""What was done with one number, over all campaigns: for whoever has to prove it."""

from urllib.parse import urlencode

from aiohttp import web

from admin.keys import CONTEXT
from admin.language import said
from admin.pages.render import page
from admin.schemas.evidence import EvidenceQuery
from dialer.domain.errors import InvalidInput
from dialer.operations import evidence

# The newest lines that are shown; the files have all of them.
MOST_SHOWN = 500
_LONGEST = EvidenceQuery.model_fields["number"].metadata[1].max_length


async def show(request: web.Request) -> web.StreamResponse:
    """With `?number=` its history, the newest first; without, the question."""
    number = request.query.get("number", "").strip()[:_LONGEST]
    found, fault = None, ""
    if number:
        try:
            found = await evidence.of_number(request.app[CONTEXT], number)
        except InvalidInput as error:
            fault = "; ".join(said(one.reason) for one in error.faults)
    items = list(reversed(found.items[-MOST_SHOWN:])) if found else []
    return page(
        request, "evidence.html", status=422 if fault else 200, section="Do not contact", number=number, found=found,
        items=items, fault=fault, asked=urlencode({"number": found.number}) if found else "",
    )  # fmt: skip
