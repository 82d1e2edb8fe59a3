"""The dry run of a campaign: a form of assumptions, and what comes of them as figures and a chart."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from aiohttp import web
from pydantic import ValidationError

from admin.errors import of_validation
from admin.keys import CONTEXT, LIVE
from admin.language import N_, _, figure, said
from admin.pages import draft_words, words
from admin.pages.campaign import load
from admin.pages.faults import by_field
from admin.pages.render import page
from admin.staying import while_connected
from dialer.domain.campaign import Campaign
from dialer.domain.errors import Fault, IllegalTransition, InvalidInput
from dialer.domain.windows import WEEK
from dialer.operations import dry_runs
from dialer.operations.one_by_one import Crowded
from dialer.simulation.assumptions import HOURS, Assumptions

#: Fields of the form, in its order: those that people see first, and those behind "More assumptions".
FIRST = ("agents", "answer_rate", "talk_s", "horizon_days")
MORE = (
    "busy_share", "machine_share", "invalid_share", "ring_s", "wrap_up_s", "preview_s", "queue_wait_s", "variation",
    "delivery_share", "delivery_s", "reply_share", "reply_s", "reply_text", "seed",
)  # fmt: skip
LABELS = {
    "agents": (N_("Agents at work"), N_("one number, or 24, one for each hour from midnight on")),
    "answer_rate": (N_("Answered, in %"), N_("one number, or 24, by the contact's own hour")),
    "talk_s": (N_("Talk time, in seconds"), N_("on average")),
    "horizon_days": (N_("Look ahead, in days"), ""),
    "busy_share": (N_("Busy, in %"), N_("of calls")),
    "machine_share": (N_("Taken by machines, in %"), N_("of calls")),
    "invalid_share": (N_("Do not exist, in %"), N_("of numbers")),
    "ring_s": (N_("Rings until answered, in seconds"), N_("on average")),
    "wrap_up_s": (N_("Wrap-up, in seconds"), N_("after each call")),
    "preview_s": (N_("Looks at a contact, in seconds"), N_("in preview mode, before the call")),
    "queue_wait_s": (N_("Waits for an agent, in seconds"), N_("then hangs up")),
    "variation": (N_("Times vary, in %"), N_("up and down")),
    "delivery_share": (N_("Texts delivered, in %"), ""),
    "delivery_s": (N_("Delivery takes, in seconds"), N_("on average")),
    "reply_share": (N_("Replies, in %"), N_("of delivered texts")),
    "reply_s": (N_("A reply takes, in seconds"), N_("on average")),
    "reply_text": (N_("What people reply"), ""),
    "seed": (N_("Seed"), N_("the same one gives the same result")),
}
PERCENT = frozenset({
    "answer_rate", "busy_share", "machine_share", "invalid_share", "variation", "delivery_share", "reply_share",
})  # fmt: skip
BY_HOUR = frozenset({"agents", "answer_rate"})
TEXTS = frozenset({"reply_text"})


async def show(request: web.Request) -> web.StreamResponse:
    campaign = await load(request)
    form = _shown(Assumptions().model_dump(mode="json")) | {"agents": str(_agents(request, campaign))}
    return await _page(request, campaign, form, None, ())


async def run(request: web.Request) -> web.StreamResponse:
    """The result, or what is wrong with the assumptions at their fields. Nothing is saved."""
    campaign, posted = await load(request), await request.post()
    form = {name: str(posted.get(name, "")).strip() for name in LABELS}
    form["measured"] = "yes" if "measured" in posted else ""
    try:
        assumed = Assumptions.model_validate(_read(form))
        result = await while_connected(request, dry_runs.simulate(request.app[CONTEXT], campaign.id, assumed))
    except ValidationError as error:
        return await _page(request, campaign, form, None, of_validation(error).errors, 422)
    except InvalidInput as error:
        return await _page(request, campaign, form, None, error.faults, 422)
    except IllegalTransition as error:
        return await _page(request, campaign, form, None, [Fault("", str(error))], 409)
    except Crowded as error:
        return await _page(request, campaign, form, None, [Fault("", str(error))], 429)
    return await _page(request, campaign, form, result, ())


async def _page(
    request: web.Request,
    campaign: Campaign,
    form: Mapping[str, str],
    result: Mapping[str, Any] | None,
    faults: Sequence[Fault],
    status: int = 200,
) -> web.Response:
    return page(
        request, "campaign/dry_run.html", status=status, section="Campaigns", tab="Dry run", campaign=campaign, form=form,
        first=FIRST, more=MORE, labels={name: (said(label), said(hint)) for name, (label, hint) in LABELS.items()},
        more_open=_any_in_more(faults),
        faults=by_field([Fault(one.field, _reason(one)) for one in faults], LABELS),
        result=_told(result) if result else None,
        kept_draft=await draft_words.notice(request.app[CONTEXT], campaign),
    )  # fmt: skip


# -- the form -------------------------------------------------------------------------------------------------------------


def _read(form: Mapping[str, str]) -> dict[str, Any]:
    """As the API takes it; what is no number goes on as it is, to be refused at its field. Empty fields take the default."""
    given: dict[str, Any] = {"measured": bool(form["measured"])}
    for name in LABELS:
        text = form[name]
        if name in TEXTS:
            given[name] = text
        elif text and name in BY_HOUR and "," in text:
            given[name] = [_number(name, part) for part in text.split(",")]
        elif text:
            given[name] = _number(name, text)
    return given


def _number(name: str, text: str) -> float | str:
    try:
        number = float(text.strip().removesuffix("%"))
    except ValueError:
        return text
    if name in PERCENT:
        return round(number / 100, 6)
    return int(number) if number.is_integer() else number


def _shown(assumptions: Mapping[str, Any]) -> dict[str, str]:
    """Assumptions as the form shows them: shares in percent, hours with commas."""
    return {name: _text(name, assumptions[name]) for name in LABELS} | {"measured": ""}


def _text(name: str, value: Any) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(_text(name, one) for one in value)
    if name in TEXTS:
        return str(value)
    return f"{value * 100 if name in PERCENT else value:.12g}"


def _agents(request: web.Request, campaign: Campaign) -> int:
    """As many as sit in the campaign's queue now; five if nobody can be asked."""
    live = request.app[LIVE]
    queues = live.snapshot()["queues"] if live else []
    return next((len(queue["members"]) for queue in queues if queue["name"] == campaign.queue), 0) or 5


def _reason(fault: Fault) -> str:
    """Shares are percents here."""
    if fault.field not in PERCENT or "should be" not in fault.reason:
        return said(fault.reason)
    return _("should be a number from 0 to 100") + fault.reason.partition("from 0 to 1")[2]


def _any_in_more(faults: Sequence[Fault]) -> bool:
    return any(fault.field in MORE for fault in faults)


# -- the result -----------------------------------------------------------------------------------------------------------


def _told(result: Mapping[str, Any]) -> dict[str, Any]:
    hours = result["hours"]
    finishes = result["finishes_at"]
    start = datetime.fromisoformat(result["start"])
    ends = datetime.fromisoformat(finishes) if finishes else None
    chart = {**hours, "start": datetime.fromisoformat(hours["start"]).timestamp(), "zone": result["time_zone"]}
    return {
        **result,
        "start": start,
        "finishes_at": ends,
        "takes": _takes(ends - start) if ends else None,
        "chart": json.dumps(chart),
        "days": _days(hours, result["time_zone"]),
        "used": _shown(result["assumptions"]),
        "measured": result["assumptions"]["measured"],
    }


def _takes(time: timedelta) -> str:
    hours, seconds = divmod(int(time.total_seconds()), 3600)
    if hours >= 2 * HOURS:
        return _("%(days)s days", days=figure(hours / HOURS, 1))
    minutes = seconds // 60
    return (
        _("%(hours)s h %(minutes)s min", hours=hours, minutes=minutes)
        if hours
        else _("%(minutes)s min", minutes=max(1, minutes))
    )


def _days(hours: Mapping[str, Any], zone: str) -> list[dict[str, Any]]:
    """The series by the day of the campaign's clock, for those who read tables rather than charts."""
    start, days = datetime.fromisoformat(hours["start"]), dict[str, dict[str, Any]]()
    for index, calls in enumerate(hours["calls"]):
        at = (start + timedelta(hours=index)).astimezone(ZoneInfo(zone))
        day = f"{words.day(WEEK[at.weekday()])} {at:%Y-%m-%d}"
        told = days.setdefault(day, {"day": day, "calls": 0, "connected": 0, "texts": 0, "busy": 0.0})
        told["calls"] += calls
        told["connected"] += hours["connected"][index]
        told["texts"] += hours["texts"][index]
        told["busy"] += hours["busy_agents"][index]
    return list(days.values())
