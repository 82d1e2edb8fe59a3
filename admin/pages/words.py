"""States, reasons and history in words for people. Pure: codes and rows go in, text goes out."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

#: State → Tabler colour. What needs a person's eye is warm, what is well is green.
COLOURS: Mapping[str, str] = {
    "published": "green", "unpublished": "secondary", "ended": "dark",
    "pending": "azure", "in_progress": "blue", "waiting": "yellow", "done": "green", "stopped": "orange",
    "running": "blue", "failed": "red", "cancelled": "secondary",
    "removing": "orange", "removed": "secondary",
    "answered": "green", "no_answer": "yellow", "busy": "yellow", "rejected": "orange", "congestion": "orange",
    "invalid_number": "red", "machine": "purple", "abandoned": "red", "lost": "red",
    "submitted": "blue", "delivered": "green", "undelivered": "red", "expired": "orange",
    "up": "green", "bound": "green", "connected": "green", "down": "red", "stale": "orange", "connecting": "yellow",
    "resync": "yellow", "refused": "red", "shutting_down": "orange",
    "intended": "secondary", "dialing": "azure", "ringing": "azure",
}  # fmt: skip

_STOP_REASONS = {
    "campaign-unpublished": "the campaign was unpublished",
    "campaign-ended": "the campaign was ended",
    "validity-period-expired": "the validity period was over",
}

# Why nobody is called now: pacing's `limited_by` (and the closed window's reason) in words.
_LIMITS = {
    "link_down": "The link to Asterisk is down or its answers are late, so nothing is started.",
    "unknown_queue": "Asterisk does not report the campaign's queue.",
    "no_agent_free": "Every agent is busy or has a call on the way. The next one who becomes free gets a call at once.",
    "calls_per_second": "The campaign's limit of calls per second is reached.",
    "max_concurrent_calls": "The campaign's limit of concurrent calls is reached.",
    "gateway_limit": "The voice gateway is at its limit.",
    "nothing_due": "Nothing is due: every contact is done, waits, or is being called.",
    "outside_window": "It is outside the execution time. The campaign goes on by itself.",
    "draining": "The server is stopping: calls in flight end, no new ones start.",
    "before-validity-period": "The validity period has not begun.",
    "validity-period-expired": "The validity period is over.",
    "outside-execution-time": "It is outside the execution time. The campaign goes on by itself.",
}

_NOT_FREE = {
    "not_logged_in": "not logged in",
    "unavailable": "phone can't be reached",
    "paused": "paused",
    "ringing": "ringing",
    "in_use": "in a call",
    "wrap_up": "in wrap-up",
    "claimed": "a call is on its way",
}


def plain(code: object) -> str:
    """A code as words: `in_progress` → `in progress`."""
    return str(code).replace("_", " ").replace("-", " ")


def colour(state: object) -> str:
    return COLOURS.get(str(state), "secondary")


def stopped_because(reason: str | None) -> str:
    return _STOP_REASONS.get(reason or "", plain(reason or ""))


def limited_by(code: str | None) -> str:
    """Why pacing starts no (more) calls now."""
    if not code:
        return "Calls are started as agents become free."
    return _LIMITS.get(code) or f"Held back by {plain(code)}."


def not_free(why: object) -> str:
    """Why an agent is not free; `why` is a code, a sentence, or a list of either."""
    if isinstance(why, list | tuple):
        return ", ".join(not_free(one) for one in why)
    return _NOT_FREE.get(str(why), plain(why)) if why else ""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a trail: an icon, a colour, a sentence, and what else a reader may want to know."""

    icon: str
    colour: str
    text: str
    detail: str = ""


Data = Mapping[str, Any]
Shown = Callable[[datetime], str]


def trail_line(kind: str, data: Data, shown: Shown) -> Line:
    """An entry of the trail as a sentence; `shown` writes an instant for people."""
    teller = _TELLERS.get(kind)
    if teller is None:
        known = ", ".join(f"{plain(name)}: {value}" for name, value in data.items() if value not in (None, "", []))
        return Line("dot", "secondary", plain(kind).capitalize(), known)
    return teller(data, shown)


def _created(data: Data, _shown: Shown) -> Line:
    return Line("user", "secondary", "Came into the system", _from_source(data))


def _merged(data: Data, _shown: Shown) -> Line:
    return Line("users", "secondary", "Loaded again and merged", _changes(data.get("changes")) or _from_source(data))


def _joined(data: Data, _shown: Shown) -> Line:
    absorbed = ", ".join(f"#{one}" for one in data.get("absorbed", ()))
    text = f"Joined with {absorbed}, who had the same address" if absorbed else "Joined with another row of the load"
    return Line("users", "purple", text, _changes(data.get("changes")))


def _enrolled(data: Data, _shown: Shown) -> Line:
    return Line("flag", "azure", "Added to the campaign", _from_source(data))


def _left(data: Data, _shown: Shown) -> Line:
    return Line(
        "flag", "secondary", "Left the campaign: the source that brought the contact was removed", _from_source(data)
    )


def _taken_back(data: Data, _shown: Shown) -> Line:
    return Line("back", "secondary", "Set back: the source that changed it was removed", _changes(data.get("changes")))


def _step(data: Data, _shown: Shown) -> Line:
    port = f" → {plain(data['port'])}" if data.get("port") else ""
    return Line("route", "secondary", f"Step “{data.get('node', '?')}”{port}", str(data.get("why") or ""))


def _call_queued(data: Data, shown: Shown) -> Line:
    retry = f", try {data['try_no']}" if data.get("try_no", 1) != 1 else ""
    return Line("clock", "azure", f"Call to {data.get('address')} queued{retry}", _due(data, shown))


def _sms_queued(data: Data, shown: Shown) -> Line:
    return Line("clock", "azure", f"Text to {data.get('address')} queued", _due(data, shown))


def _call_dialed(data: Data, _shown: Shown) -> Line:
    return Line("phone", "blue", f"Called {data.get('number')} through {data.get('gateway')}")


def _call_ended(data: Data, _shown: Shown) -> Line:
    outcome = str(data.get("outcome", ""))
    told = [str(data["reason"])] if data.get("reason") else []
    told += [f"cause {data['cause']}"] if data.get("cause") else []
    told += [f"agent {data['agent']}"] if data.get("agent") else []
    number = f"Call to {data['number']}" if data.get("number") else "Call"
    return Line("phone", colour(outcome), f"{number}: {plain(outcome)}", " · ".join(told))


def _sms_sending(data: Data, _shown: Shown) -> Line:
    parts = f"{data['parts']} parts: " if (data.get("parts") or 1) > 1 else ""
    text = f"Text to {data.get('address')} through {data.get('gateway')}"
    return Line("message", "blue", text, f"{parts}{data.get('text') or ''}")


def _sms_status(data: Data, _shown: Shown) -> Line:
    status = str(data.get("status", ""))
    return Line("message", colour(status), f"Text {plain(status)}", str(data.get("error") or data.get("reason") or ""))


def _waiting(data: Data, shown: Shown) -> Line:
    until = moment(data.get("due_at"))
    text = f"Waiting until {shown(until)}" if until else "Waiting"
    return Line("clock", "yellow", text, f"Step “{data['node']}”" if data.get("node") else "")


def _stopped(data: Data, _shown: Shown) -> Line:
    return Line("stop", "orange", f"Stopped: {stopped_because(data.get('reason'))}", str(data.get("reason") or ""))


def _requeued(data: Data, _shown: Shown) -> Line:
    old = f"request {data['request']} in place of {data['replaces']}" if data.get("replaces") else ""
    return Line("play", "azure", "Taken up again", old)


def _finished(data: Data, _shown: Shown) -> Line:
    return Line("check", "green", f"Finished: {plain(data.get('result') or 'done')}")


def _teller(icon: str, colour_: str, text: str) -> Callable[[Data, Shown], Line]:
    """For entries that need no more than a sentence and their reason."""
    return lambda data, _shown: Line(icon, colour_, text, str(data.get("reason") or ""))


_TELLERS: Mapping[str, Callable[[Data, Shown], Line]] = {
    "created": _created,
    "merged": _merged,
    "joined": _joined,
    "enrolled": _enrolled,
    "left": _left,
    "taken-back": _taken_back,
    "step": _step,
    "call-queued": _call_queued,
    "sms-queued": _sms_queued,
    "call-dialed": _call_dialed,
    "call-ended": _call_ended,
    "sms-sending": _sms_sending,
    "sms-status": _sms_status,
    "call-refused": _teller("phone", "red", "Call could not be made"),
    "sms-refused": _teller("message", "red", "Text could not be sent"),
    "call-withdrawn": _teller("phone", "secondary", "Call did not start; its turn comes again"),
    "sms-withdrawn": _teller("message", "secondary", "Text was not sent; its turn comes again"),
    "waiting": _waiting,
    "stopped": _stopped,
    "requeued": _requeued,
    "finished": _finished,
}


def moment(text: object) -> datetime | None:
    """The instant an entry names; entries keep times as RFC 3339 text."""
    try:
        return datetime.fromisoformat(str(text)) if text else None
    except ValueError:
        return None


def _due(data: Data, shown: Shown) -> str:
    due = moment(data.get("due_at"))
    return f"due {shown(due)}" if due else ""


def _from_source(data: Data) -> str:
    notes = "; ".join(str(note) for note in data.get("notes") or ())
    source = f"source {data['source']}" if data.get("source") else ""
    return " · ".join(part for part in (source, notes) if part)


def _changes(changes: object) -> str:
    if not isinstance(changes, list):
        return ""
    return "; ".join(_change(one) for one in changes if isinstance(one, dict))


def _change(change: Mapping[str, Any]) -> str:
    old, new = change.get("old"), change.get("new")
    return f"{plain(change.get('field', ''))}: {old or '–'} → {new or '–'}"
