"""Why no (more) calls of a campaign start now, as its overview and the live board say it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from admin.language import _, figure, ngettext
from admin.pages import words
from admin.pages.render import local
from dialer.domain.campaign import Campaign, calling_window
from dialer.domain.transitions import CampaignStatus, EnrollmentState
from dialer.domain.windows import Closed, Opening

Told = dict[str, str]
Running = Mapping[str, Any]


def told(campaign: Campaign, running: Running | None, numbers: Mapping[str, int], now: datetime) -> Told:
    """`running` as of `Live.snapshot`; `numbers`: the campaign's contacts by state. With the colour and the icon of an alert."""
    if campaign.status is CampaignStatus.ENDED:
        ended = _("The campaign has ended for good, on %(when)s.", when=local(campaign.modified_at, campaign.time_zone))
        return {"colour": "secondary", "icon": "stop", "text": f"{ended} {_done(numbers)}".strip()}
    if campaign.status is CampaignStatus.UNPUBLISHED:
        return {"colour": "secondary", "icon": "pause", "text": _("Not published: nobody is called or texted.")}
    if running is None:
        unseen = {"colour": "warning", "icon": "alert", "text": _("Published, but no dialer runs it in this process.")}
        return _closed(campaign, numbers, now) or unseen
    power = words.power(running.get("power"))
    found = held(campaign, running, numbers, now)
    if found is None:
        return {"colour": "info", "icon": "activity", "text": words.limited_by(None) + power}
    return {**found, "text": found["text"] + power} if found["icon"] == "activity" else found


def held(campaign: Campaign, running: Running, numbers: Mapping[str, int], now: datetime) -> Told | None:
    """What keeps a published campaign from calling; None if nothing does. Of whom nobody is left to call, busy agents do not."""
    if closed := _closed(campaign, numbers, now):
        return closed
    is_broken = running["limited_by"] in words.FAULTS
    if sum(numbers.values()) == numbers.get(EnrollmentState.DONE, 0) and not is_broken:
        return {"colour": "info", "icon": "check", "text": _nobody_left(campaign, sum(numbers.values()))}
    text = words.held_back(running)
    return {"colour": "warning" if is_broken else "info", "icon": "activity", "text": text} if text else None


def _closed(campaign: Campaign, numbers: Mapping[str, int], now: datetime) -> Told | None:
    """Why the campaign's hours are closed, and when they open by its own clock."""
    opening = calling_window(campaign, None, None, now)
    if opening.open or opening.reason is None:
        return None
    return {"colour": "warning", "icon": "clock", "text": _why_closed(campaign, opening, opening.reason, numbers)}


def _why_closed(campaign: Campaign, opening: Opening, reason: Closed, numbers: Mapping[str, int]) -> str:
    if opening.changes_at is not None:
        opens = _("In its own zone it opens %(when)s.", when=local(opening.changes_at, campaign.time_zone))
        return f"{words.limited_by(reason)} {opens}"
    if reason is Closed.EXPIRED and campaign.validity and campaign.validity.until:
        since = local(campaign.validity.until, campaign.time_zone)
        return f"{_('The validity period has been over since %(when)s.', when=since)} {_done(numbers)}".strip()
    return _("It is closed, and its hours and its validity period leave no time at which it opens: change one of them.")


def _nobody_left(campaign: Campaign, contacts: int) -> str:
    """Of a running campaign all of whose contacts are done."""
    if not contacts:
        return _("There are no contacts yet.")
    parts = [ngettext("Everybody is done: %(num)s contact.", "Everybody is done: %(num)s contacts.", contacts)]
    if campaign.last_activity_at:
        last = local(campaign.last_activity_at, campaign.time_zone)
        parts.append(_("The last activity was at %(when)s.", when=last))
    return " ".join([*parts, _("Contacts who come now are called at once.")])


def _done(numbers: Mapping[str, int]) -> str:
    """How far it came; nothing of one without contacts."""
    total, done = sum(numbers.values()), numbers.get(EnrollmentState.DONE, 0)
    if not total:
        return ""
    return ngettext(
        "%(done)s of %(num)s contact is done.", "%(done)s of %(num)s contacts are done.", total, done=figure(done)
    )
