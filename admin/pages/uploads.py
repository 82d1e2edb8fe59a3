"""A contact file that was sent: what each column fills, what it would bring, and then its import.

The page comes at once, what is in the file by itself as soon as it was looked at; every choice looks at it again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from aiohttp import web

from admin.auth import may
from admin.keys import CONTEXT, IDENTITY
from admin.language import N_, _, labelled
from admin.pages import columns, forms
from admin.pages.campaign import load
from admin.pages.faults import by_field
from admin.pages.render import page
from dialer.domain.campaign import Campaign
from dialer.domain.columns import named
from dialer.domain.errors import Fault, InvalidInput
from dialer.domain.uploading import Told
from dialer.intake.encodings import ENCODINGS
from dialer.operations import contact_fields, pending
from dialer.operations.pending import Pending
from dialer.operations.uploads import Preview
from dialer.operations.users import Right

DELIMITERS = (
    ("", N_("as detected")), (",", N_("comma")), (";", N_("semicolon")), ("tab", N_("tab")), ("|", N_("vertical bar")),
)  # fmt: skip
NOT_LOOKED: Mapping[str, Any] = {"look": None}
HEADERS = (("", N_("as detected")), ("yes", N_("names the columns")), ("no", N_("is a contact already")))


async def listing(request: web.Request) -> web.StreamResponse:
    """Those that wait: a part of the page of sources."""
    campaign = await load(request)
    waiting = await pending.of_campaign(request.app[CONTEXT], campaign.id)
    return page(request, "parts/uploads.html", campaign=campaign, uploads=waiting)


async def show(request: web.Request) -> web.StreamResponse:
    campaign, kept = await _kept(request)
    return _page(request, campaign, kept)


async def look(request: web.Request) -> web.StreamResponse:
    """What is in the file, as it was mapped the last time."""
    campaign, kept = await _kept(request)
    return await _looked(request, campaign, kept, kept.upload.told, ())


async def look_again(request: web.Request) -> web.StreamResponse:
    """The same, with what was chosen now."""
    campaign, kept = await _kept(request)
    told, before = _told(await request.post()), kept.upload.told
    if (told.encoding, told.delimiter, told.header) != (before.encoding, before.delimiter, before.header):
        told = replace(told, mapping=None)  # other columns may come of it
    return await _looked(request, campaign, kept, told, ())


async def take(request: web.Request) -> web.StreamResponse:
    """Import it; what speaks against it stands at its field, and the file stays."""
    campaign, kept = await _kept(request)
    told = _told(await request.post())
    try:
        await pending.take(request.app[CONTEXT], kept, told)
    except InvalidInput as invalid:
        looked = await _look(request, campaign, kept, told, invalid.faults)
        return _page(request, campaign, kept, looked, 422)
    raise web.HTTPSeeOther(f"/campaigns/{campaign.id}/sources")


async def discard(request: web.Request) -> web.StreamResponse:
    campaign, kept = await _kept(request)
    await pending.discard(request.app[CONTEXT], kept)
    raise web.HTTPSeeOther(f"/campaigns/{campaign.id}/sources")


async def _kept(request: web.Request) -> tuple[Campaign, Pending]:
    campaign = await load(request)
    return campaign, await pending.get(request.app[CONTEXT], campaign.id, request.match_info["upload"])


def _page(
    request: web.Request, campaign: Campaign, kept: Pending, looked: Mapping[str, Any] = NOT_LOOKED, status: int = 200
) -> web.Response:
    context = {**looked, "campaign": campaign, "upload": kept}
    return page(request, "campaign/upload.html", status=status, section="Campaigns", tab="Sources", **context)


async def _looked(
    request: web.Request, campaign: Campaign, kept: Pending, told: Told, faults: Sequence[Fault]
) -> web.Response:
    return page(request, "parts/upload_look.html", **await _look(request, campaign, kept, told, faults))


async def _look(
    request: web.Request, campaign: Campaign, kept: Pending, told: Told, faults: Sequence[Fault]
) -> dict[str, Any]:
    """For the template. What can't be read as it was chosen is shown as it was before, with the reasons at their fields."""
    ctx = request.app[CONTEXT]
    remember = may(request[IDENTITY], Right.WRITE)
    try:
        found = await pending.preview(ctx, kept, told, remember=remember and not faults)
    except InvalidInput as invalid:
        faults = invalid.faults
        found = await pending.preview(ctx, kept, None, remember=False)
    choices = columns.choices(await contact_fields.all_fields(ctx))
    return {
        "look": found,
        "campaign": campaign,
        "upload": kept,
        "counts": found.counts,
        "remembered": found.remembered or (kept.remembered and told == kept.upload.told),
        "form": _shown(told if faults else found.told),
        "faults": by_field([*faults, *(fault for fault in found.faults if fault not in faults)]),
        "columns": _columns(found, choices),
        "encodings": [
            ("", _("as detected (%(encoding)s)", encoding=found.found.shape.encoding)),
            *((name, name) for name in ENCODINGS),
        ],
        "delimiters": labelled(DELIMITERS),
        "headers": labelled(HEADERS),
        "default_region": ctx.settings.default_region,
    }


def _columns(found: Preview, choices: columns.Choices) -> list[columns.Column]:
    shape = found.found.shape
    fields = list(found.found.fields.values())
    return [
        columns.column(name, field, choices, [row[at] for row in shape.sample_rows if at < len(row) and row[at]])
        for at, (name, field) in enumerate(zip(named(shape.columns), fields, strict=True))
    ]


def _told(form: forms.Form) -> Told:
    """What the form says; an empty field is one that is detected, or the default."""
    said = {
        name: str(form.get(name, "")).strip() for name in ("region", "time_zone", "encoding", "delimiter", "header")
    }
    fields = [str(field) for field in form.getall("field", [])]
    mapping = dict(zip((str(column) for column in form.getall("column", [])), fields, strict=False))
    return Told(
        mapping=mapping,
        region=said["region"] or None,
        time_zone=said["time_zone"] or None,
        encoding=said["encoding"] or None,
        delimiter="\t" if said["delimiter"] == "tab" else said["delimiter"] or None,
        header={"yes": True, "no": False}.get(said["header"]),
    )


def _shown(told: Told) -> dict[str, str]:
    header = {True: "yes", False: "no"}.get(told.header, "") if told.header is not None else ""
    delimiter = "tab" if told.delimiter == "\t" else told.delimiter or ""
    return {
        "region": told.region or "",
        "time_zone": told.time_zone or "",
        "encoding": told.encoding or "",
        "delimiter": delimiter,
        "header": header,
    }
