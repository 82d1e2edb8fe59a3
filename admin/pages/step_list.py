"""A strategy as a list of steps with a form for each: what the studio draws, for keyboard, phone and screen reader."""

from typing import Any

from aiohttp import web

from admin.keys import CONTEXT, IDENTITY
from admin.language import N_, _, said
from admin.pages import draft_words, step_form
from admin.pages.campaign import campaign_id, load
from admin.pages.render import page
from admin.pages.strategy import REFUSED, UNFOLDS
from admin.studio.nodes import choices
from dialer.domain.campaign import Campaign
from dialer.domain.errors import IllegalTransition, Incomplete, StaleEdit
from dialer.operations import edits, strategies
from dialer.operations.deploying import BadStrategy
from dialer.strategy.read import NodeFault

_STALE = N_(
    "Somebody else changed the strategy meanwhile. Open this page again to see it, and make your changes once more."
)


async def show(request: web.Request) -> web.StreamResponse:
    campaign = await load(request)
    stored = await strategies.current(request.app[CONTEXT], campaign.id)
    saved = _told(_("Saved.")) if "saved" in request.query else None
    return await _page(request, campaign, stored.document, stored.rev, checked=saved)


async def change(request: web.Request) -> web.StreamResponse:
    """One of the form's buttons: save, check, or a step or rule more or less, of what stands in the form."""
    form = await request.post()
    document, rev = step_form.read(form), str(form.get("rev", ""))
    what, _colon, which = str(form.get("do", "save")).partition(":")
    if what == "unfold" or (what == "save" and not (lost := await _lost(request, document))):
        return await _save(request, document, rev)
    campaign, new = await load(request), ""
    if what == "save":
        return await _page(request, campaign, document, rev, checked={**_told(said(UNFOLDS)), "unfolds": lost})
    if what == "check":
        return await _check(request, campaign, document, rev)
    if what == "add":
        document, new = step_form.add(document, str(form.get("new", "")))
    elif what == "remove":
        document = step_form.remove(document, which)
    elif what == "rule":
        document = step_form.add_rule(document, which)
    elif what == "unrule":
        node, _colon, at = which.rpartition(":")
        document = step_form.remove_rule(document, node, int(at) if at.isdecimal() else 0)
    return await _page(request, campaign, document, rev, new=new)


async def _lost(request: web.Request, document: step_form.Document) -> tuple[NodeFault, ...]:
    return await strategies.unfolded_by(request.app[CONTEXT], campaign_id(request), document)


async def _save(request: web.Request, document: step_form.Document, rev: str) -> web.StreamResponse:
    """Deploy it; whatever speaks against it stands at its field, and nothing that was typed is lost (S2)."""
    try:
        await strategies.put(
            request.app[CONTEXT], campaign_id(request), document, rev=rev or None, by=request[IDENTITY].name
        )
    except BadStrategy as error:
        return await _refused(request, document, rev, error.node_faults, 422)
    except Incomplete as error:
        faults = [NodeFault("", fault.field, fault.reason) for fault in error.faults]
        return await _refused(request, document, rev, faults, 422)
    except StaleEdit:
        return await _refused(request, document, rev, [NodeFault("", "strategy", said(_STALE))], 409)
    except IllegalTransition as error:
        return await _refused(request, document, rev, [NodeFault("", "campaign", str(error))], 409)
    raise web.HTTPSeeOther(f"/campaigns/{campaign_id(request)}/strategy/steps?saved=1")


async def _refused(
    request: web.Request, document: step_form.Document, rev: str, faults: Any, status: int
) -> web.Response:
    campaign = await load(request)
    return await _page(request, campaign, document, rev, checked=_told(said(REFUSED), faults), status=status)


async def _check(request: web.Request, campaign: Campaign, document: step_form.Document, rev: str) -> web.Response:
    ctx = request.app[CONTEXT]
    found = await strategies.check_document(ctx, campaign.id, document)
    title = _("It can't run like this") if found.faults else _("It can run. Nothing was saved yet.")
    checked = _told(title, found.faults, found.warnings)
    if found.strategy is not None:
        checked["impact"] = await edits.impact(ctx, campaign.id, found.strategy)
    return await _page(request, campaign, document, rev, checked=checked)


async def _page(
    request: web.Request, campaign: Campaign, document: Any, rev: str, *, checked: dict[str, Any] | None = None,
    new: str = "", status: int = 200,
) -> web.Response:  # fmt: skip
    ctx, faults = request.app[CONTEXT], checked["faults"] if checked else []
    if checked:
        checked = {**checked, "faults": [*step_form.elsewhere(document, faults)], "elsewhere": len(faults)}
    return page(
        request, "campaign/steps.html", status=status, section="Campaigns", tab="Strategy", campaign=campaign, rev=rev,
        name=document["name"], steps=step_form.steps(document, faults), addable=step_form.addable(), new=new,
        checked=checked, choices=await choices(ctx, campaign),
        many=len(document["nodes"]) > step_form.MOST_STEPS, kept_draft=await draft_words.notice(ctx, campaign),
    )  # fmt: skip


def _told(title: str, faults: Any = (), warnings: Any = ()) -> dict[str, Any]:
    return {"title": title, "faults": list(faults), "warnings": list(warnings)}
