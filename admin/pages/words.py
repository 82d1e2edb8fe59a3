"""States and reasons in words for people; history is told in `trail_words`. Pure: codes go in, text goes out."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any

from admin.language import N_, _, figure, ngettext, said
from dialer.domain.windows import WEEK
from dialer.pacing.abandonment import AbandonmentMeter

#: State → Tabler colour. What needs a person's eye is warm, what is well is green.
COLOURS: Mapping[str, str] = {
    "published": "green", "unpublished": "secondary", "ended": "dark",
    "pending": "azure", "in_progress": "blue", "waiting": "yellow", "done": "green", "stopped": "orange",
    "running": "blue", "open": "green", "closed": "secondary", "failed": "red", "cancelled": "secondary",
    "removing": "orange", "removed": "secondary",
    "answered": "green", "no_answer": "yellow", "busy": "yellow", "rejected": "orange", "congestion": "orange",
    "invalid_number": "red", "machine": "purple", "abandoned": "red", "lost": "red",
    "submitted": "blue", "delivered": "green", "undelivered": "red", "expired": "orange",
    "up": "green", "bound": "green", "connected": "green", "down": "red", "stale": "orange", "connecting": "yellow",
    "enabled": "green", "disabled": "secondary", "given_up": "red",
    "breaker_open": "red", "breaker_half_open": "orange",
    "throttled": "orange", "held": "orange", "bind_refused": "red", "unknown": "red", "late": "yellow",
    "permanent": "red", "temporary": "orange",
    "resync": "yellow", "refused": "red", "shutting_down": "orange",
    "ok": "green", "warning": "yellow", "fault": "red",
    "intended": "secondary", "dialing": "azure", "ringing": "azure",
}  # fmt: skip

_DAYS = dict(zip(WEEK, (N_("Mon"), N_("Tue"), N_("Wed"), N_("Thu"), N_("Fri"), N_("Sat"), N_("Sun")), strict=True))
_MONTHS = (
    N_("Jan"), N_("Feb"), N_("Mar"), N_("Apr"), N_("May"), N_("Jun"),
    N_("Jul"), N_("Aug"), N_("Sep"), N_("Oct"), N_("Nov"), N_("Dec"),
)  # fmt: skip
_STOP_REASONS = {
    "campaign-unpublished": N_("the campaign was unpublished"),
    "campaign-ended": N_("the campaign was ended"),
    "validity-period-expired": N_("the validity period was over"),
}

# Of `limited_by`: what is broken and has to be mended, whatever else holds.
FAULTS = frozenset({"link_down", "unknown_queue"})
# Why nobody is called now: pacing's `limited_by` (and the closed window's reason) in words.
_LIMITS = {
    "link_down": N_("The link to Asterisk is down or its answers are late, so nothing is started."),
    "unknown_queue": N_("Asterisk does not report the campaign's queue."),
    "no_agent_free": N_(
        "Every agent is busy or has a call on the way. The next one who becomes free gets a call at once."
    ),
    "higher_priority": N_(
        "Nobody is free, and a campaign of a higher priority on these agents has calls due: it gets the next ones."
    ),
    "other_campaigns": N_("The agents who were free went to other campaigns, whose turn it was."),
    "calls_per_second": N_("The campaign's limit of calls per second is reached."),
    "max_concurrent_calls": N_("The campaign's limit of concurrent calls is reached."),
    "gateway_limit": N_("The voice gateway is at its limit."),
    "gateway_cap": N_("The voice gateway has made the calls, or the minutes of calls, that it may make in a day."),
    "gateway_breaker": N_(
        "Calls by the voice gateway fail because of its trunk: its breaker is open, and one call probes it now and then."
    ),
    "nothing_due": N_(
        "Nothing is due now: whoever is pending waits for its hours, a rule, or its next try, as its page says."
    ),
    "outside_window": N_("It is outside the execution time. The campaign goes on by itself."),
    "draining": N_("The server is stopping: calls in flight end, no new ones start."),
    "before-validity-period": N_("The validity period has not begun."),
    "outside-rule-hours": N_("It is outside the calling hours of the rule pack. The campaign goes on by itself."),
    "outside-execution-time": N_("It is outside the execution time. The campaign goes on by itself."),
}


def day(code: str) -> str:
    """A day of the week in short, as execution times name it."""
    return said(_DAYS[code])


def month(number: int) -> str:
    """In short; January is 1."""
    return said(_MONTHS[number - 1])


def plain(code: object) -> str:
    """A code as words: `in_progress` → `in progress`."""
    return said(str(code).replace("_", " ").replace("-", " "))


def upper_first(text: str) -> str:
    return text[:1].upper() + text[1:]


def colour(state: object) -> str:
    return COLOURS.get(str(state), "secondary")


def stopped_because(reason: str | None) -> str:
    return said(_STOP_REASONS[reason]) if reason in _STOP_REASONS else plain(reason or "")


# Fields of steps whose values are codes; all others are what somebody typed.
_CODED = frozenset({"on_edit", "amd", "until", "kind", "retry_on", "mode", "days"})
# How a condition compares, in a list's filter and in a branch of a strategy.
OPS = {
    "contains": N_("contains"), "eq": N_("is"), "ne": N_("is not"), "startswith": N_("begins with"), "lt": N_("is less than"),
    "le": N_("is at most"), "gt": N_("is more than"), "ge": N_("is at least"), "in": N_("is one of"), "empty": N_("is empty"),
}  # fmt: skip


def ops() -> list[tuple[str, str]]:
    """How conditions compare, to choose from."""
    return [(op, said(words)) for op, words in OPS.items()]


Labels = Mapping[str, str]
NO_LABELS: Labels = MappingProxyType({})


def contact_field(name: str, labels: Labels = NO_LABELS) -> str:
    """A field of a contact; an attribute has the label of its custom field, or is called what it is called."""
    if name.startswith("attributes."):
        name = name.removeprefix("attributes.")
        return labels.get(name, name)
    return upper_first(plain(name))


def condition(asked: str, labels: Labels = NO_LABELS, sources: Labels = NO_LABELS) -> str:
    """`FIELD:OP:VALUE` as it is asked for; `labels` are those of custom fields, `sources` what their numbers are called."""
    name, op, value = (*asked.split(":", 2), "", "")[:3]
    if name == "source":
        value = ", ".join(sources.get(one, one) for one in value.split(","))
    if op == "empty" and value == "false":
        return f"{contact_field(name, labels)} {_('is not empty')}"
    return " ".join(part for part in (contact_field(name, labels), said(OPS.get(op, op)), value) if part)


def field_value(name: str, value: object) -> str:
    """The value of a step's field."""
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, list):
        return ", ".join(field_value(name, one) for one in value)
    if isinstance(value, dict):
        return " ".join(field_value(inner, one) for inner, one in value.items() if one != "")
    if name == "op":
        return said(OPS[str(value)]) if value in OPS else plain(value)
    return plain(value) if name in _CODED else str(value)


def channel(code: str) -> str:
    """What an address serves."""
    return {"voice": _("calls"), "sms": _("texts"), "email": _("e-mail")}.get(code) or plain(code)


def limited_by(code: str | None, why: str | None = None) -> str:
    """Why pacing starts no (more) calls now; `why` says more of the agents."""
    if not code:
        return _("Calls are started as agents become free.")
    if code == "no_agent_free" and why:
        return _("%(why)s. The next agent who becomes free gets a call at once.", why=upper_first(said(why)))
    return said(_LIMITS.get(code, "")) or _("Held back by %(what)s.", what=plain(code))


def held_back(running: Mapping[str, Any]) -> str:
    """What keeps a running campaign from placing more calls, of `Live.snapshot`; nothing if nothing does."""
    code, ready = running["limited_by"], running.get("ready")
    if ready is None or code in FAULTS:
        return limited_by(code, running.get("why")) if code else ""
    if not ready:
        return _(
            "An agent decides on each call (preview), and no agent of its queue is ready on the agent page: nobody is called until one is."
        )
    return ngettext(
        "An agent decides on each call (preview); %(num)s agent of its queue is ready on the agent page.",
        "An agent decides on each call (preview); %(num)s agents of its queue are ready on the agent page.", ready,
    )  # fmt: skip


_HELD = {
    "pace_unknown": N_("too few of its calls have ended to know how many people answer"),
    "abandonment": N_("one more abandoned call would be above the limit, or too many were abandoned lately"),
    "shared": N_("a campaign without power mode needs the same agents"),
}


def power(shown: Mapping[str, Any] | None) -> str:
    """What power mode does now; nothing for a campaign that is not in power mode."""
    if shown is None:
        return ""
    if shown["held"]:
        return " " + _(
            "Power mode dials one call for each free agent at present: %(why)s.", why=said(_HELD[shown["held"]])
        )
    return " " + _(
        "Power mode: %(answered)s of the calls are answered, and the next one may find nobody free with a chance of %(risk)s.",
        answered=format(shown["answer_rate"], ".0%"), risk=percent(shown["risk_percent"]),
    )  # fmt: skip


def abandonment(meter: AbandonmentMeter) -> str:
    """How many of the people who answered found no agent, against the limit."""
    told = _(
        "Abandoned: %(rate)s of what people answered in 30 days (%(abandoned)s of %(answered)s calls); the limit is %(limit)s.",
        rate=percent(meter.rate_percent), abandoned=figure(meter.abandoned), answered=figure(meter.answered_live),
        limit=format(meter.limit_percent, "g") + " %",
    )  # fmt: skip
    if not meter.late:
        return told
    late = _("%(number)s more waited longer than two seconds for theirs.", number=figure(meter.late))
    return f"{told} {late}"


def percent(value: float) -> str:
    digits = len(f"{value:.2f}".rstrip("0").partition(".")[2])
    return f"{figure(value, digits)} %"


_KEPT = {
    "contacted": N_("called or texted"),
    "in_progress": N_("in a call, or waiting for a receipt"),
    "handed_over": N_("brought by another source of the campaign too, whose they are then"),
    "shared": N_("brought by another source too, or in another campaign"),
    "edited": N_("edited by hand"),
    "joined": N_("joined with others, who can't be parted again"),
}
_KINDS = {"csv": N_("file"), "xlsx": N_("file"), "rest": N_("REST"), "filter": N_("contacts that were here")}


def kept(counts: Mapping[str, int] | None) -> str:
    """What stays of a source that was removed, and why."""
    told = [
        f"{figure(some)} {said(_KEPT[why]) if why in _KEPT else plain(why)}"
        for why, some in (counts or {}).items()
        if some
    ]
    return "; ".join(told)


def source_kind(kind: object) -> str:
    return said(_KINDS[str(kind)]) if kind in _KINDS else plain(kind)


def source_names(sources: Iterable[Mapping[str, Any]], shown: Callable[[datetime], str]) -> dict[str, str]:
    """What sources are called in a choice, by their numbers as text; those of one name have the time of their load."""
    rows = list(sources)
    often = Counter(row["name"] for row in rows)
    return {
        str(row["id"]): row["name"] if often[row["name"]] == 1 else f"{row['name']}, {shown(row['created_at'])}"
        for row in rows
    }


def duration(seconds: float | None) -> str:
    """About how long: `8 s`, `3 min`, `2 h`."""
    if seconds is None:
        return ""
    for size, unit in ((3600, _("h")), (60, _("min"))):
        if seconds >= 2 * size:
            return f"{round(seconds / size)} {unit}"
    return f"{max(1, round(seconds))} {_('s')}"


def moment(text: object) -> datetime | None:
    """The instant an entry names; entries keep times as RFC 3339 text."""
    try:
        return datetime.fromisoformat(str(text)) if text else None
    except ValueError:
        return None
