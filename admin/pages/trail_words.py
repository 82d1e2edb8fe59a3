"""A contact's trail in words for people: each entry as a line. Pure: rows go in, text goes out."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from admin.pages import preview_words
from admin.pages.line import Data, Line, Shown
from admin.pages.words import channel, colour, moment, plain, stopped_because


def worded(why: str) -> str:
    """A reason of a strategy's step, in which outcomes stand as codes."""
    return _CODES.sub(lambda found: plain(found[0]), why)


_CODES = re.compile(r"\b(?:no_answer|invalid_number|max_attempts|max_visits|endless_loop|step_missing)\b")


def trail_line(kind: str, data: Data, shown: Shown) -> Line:
    """An entry of the trail as a sentence; `shown` writes an instant for people.

    A `source` is told as it is given, by name or number, a change by its `label` and a reply with the text that it `answers`,
    if there is one.
    """
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


def _step(data: Data, _shown: Shown) -> Line:
    port = f" → {plain(data['port'])}" if data.get("port") else ""
    version = f"version {data['version']} of the strategy" if data.get("version") else ""
    detail = " · ".join(part for part in (worded(str(data.get("why") or "")), version) if part)
    return Line("route", "secondary", f"Step “{data.get('node', '?')}”{port}", detail)


def _attributes_set(data: Data, _shown: Shown) -> Line:
    return Line("edit", "secondary", "Changed by the strategy", _changes(data.get("changes")))


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
    told += [f"AMD {data['amd']}"] if data.get("amd") else []
    number = f"Call to {data['number']}" if data.get("number") else "Call"
    return Line("phone", colour(outcome), f"{number}: {plain(outcome)}", " · ".join(told))


def _opted_out(data: Data, _shown: Shown) -> Line:
    text = f"{data.get('number')} pressed {data.get('key')} and is not called any more"
    return Line("stop", "red", text, "on the do-not-contact list of everybody")


def _sms_sending(data: Data, _shown: Shown) -> Line:
    parts = f"{data['parts']} parts: " if (data.get("parts") or 1) > 1 else ""
    text = f"Text to {data.get('address')} through {data.get('gateway')}"
    return Line("message", "blue", text, f"{parts}{data.get('text') or ''}")


def _replied(data: Data, _shown: Shown) -> Line:
    stop = "asks not to be contacted: on the do-not-contact list of everybody. " if data.get("stop") else ""
    colour_of = "red" if stop else "green"
    text = f"Reply from {data.get('address')} through {data.get('gateway')}"
    answers = f" · to the text “{data['answers']}”" if data.get("answers") else ""
    return Line("message", colour_of, text, f"{stop}“{data.get('text') or ''}”{answers}")


def _sms_status(data: Data, _shown: Shown) -> Line:
    status = str(data.get("status", ""))
    to = f" to {data['address']} through {data.get('gateway')}" if data.get("address") else ""
    parts = f"all {data['parts']} parts" if (data.get("parts") or 1) > 1 and status == "delivered" else ""
    said = str(data.get("error") or data.get("reason") or "")
    return Line("message", colour(status), f"Text{to}: {_STATUSES.get(status, plain(status))}", said or parts)


_STATUSES = {"submitted": "taken by the SMSC", "lost": "lost: nobody knows whether it was sent"}


def _sms_part(data: Data, _shown: Shown) -> Line:
    status = str(data.get("status", ""))
    told = f"Part {data.get('part', '?')} of {data.get('parts', '?')}: {_STATUSES.get(status, plain(status))}"
    return Line("message", colour(status), told, str(data.get("error") or ""))


def _webhook_queued(data: Data, shown: Shown) -> Line:
    return Line("clock", "azure", f"Webhook to {data.get('address')} queued", _due(data, shown))


def _webhook_sending(data: Data, _shown: Shown) -> Line:
    return Line("link", "blue", "Webhook sent", f"{data.get('method')} {data.get('url')}")


def _webhook_answered(data: Data, _shown: Shown) -> Line:
    return Line("link", "green", f"Webhook: {data.get('address')} answered {data.get('status')}")


def _webhook_failed(data: Data, _shown: Shown) -> Line:
    return Line("link", "red", f"Webhook to {data.get('address')} failed", str(data.get("reason") or ""))


def _call_progress(icon_colour: str, text: str) -> Callable[[Data, Shown], Line]:
    def teller(data: Data, _shown: Shown) -> Line:
        agent = f"agent {data['agent']}, queue {data.get('queue')}" if data.get("agent") else ""
        return Line("phone", icon_colour, text, agent)

    return teller


def _edited(data: Data, _shown: Shown) -> Line:
    return Line("edit", "secondary", f"Edited by {data.get('by') or 'somebody'}", _changes(data.get("changes")))


def _erased(data: Data, _shown: Shown) -> Line:
    return Line("stop", "dark", f"Everything personal was erased by {data.get('by') or 'somebody'}")


def _left(data: Data, _shown: Shown) -> Line:
    return Line(
        "flag", "secondary", "Left the campaign: the source that brought the contact was removed", _from_source(data)
    )


def _taken_back(data: Data, _shown: Shown) -> Line:
    return Line("back", "secondary", "Set back: the source that changed it was removed", _changes(data.get("changes")))


def _readdressed(data: Data, _shown: Shown) -> Line:
    what = "Text" if data.get("channel") == "sms" else "Call"
    old = f"instead of {data['old']}, after an edit" if data.get("old") else "after an edit"
    return Line("clock", "azure", f"{what} will go to {data.get('address')}", old)


def _refused(data: Data, _shown: Shown) -> Line:
    what = "text was sent" if data.get("channel") == "sms" else "call was made"
    why = _REFUSALS.get(str(data.get("reason")), plain(data.get("reason") or ""))
    return Line("stop", "red", f"No {what} to {data.get('address')}", " · ".join([why, *_cited(data)]))


def _put_off(data: Data, shown: Shown) -> Line:
    what = "Text" if data.get("channel") == "sms" else "Call"
    until = moment(data.get("until"))
    when = f"put off until {shown(until)}" if until else "put off"
    return Line(
        "clock",
        "yellow",
        f"{what} to {data.get('address')} {when}",
        " · ".join([str(data.get("reason")), *_cited(data)]),
    )


def _cited(data: Data) -> list[str]:
    """The rule that says so, if one does."""
    rule = data.get("rule")
    return [f"rule {rule['rule']} of the pack {rule['pack']} {rule['version']}"] if isinstance(rule, dict) else []


_REFUSALS = {
    "do-not-contact": "it is on a do-not-contact list",
    "address-removed": "the contact has no address for it any more",
}


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
    "edited": _edited,
    "erased": _erased,
    "readdressed": _readdressed,
    "refused": _refused,
    "put-off": _put_off,
    "enrolled": _enrolled,
    "left": _left,
    "taken-back": _taken_back,
    "place-kept": _teller("users", "purple", "Was in the campaign twice: the place that was further stays"),
    "step": _step,
    "attributes-set": _attributes_set,
    "call-queued": _call_queued,
    "sms-queued": _sms_queued,
    **preview_words.TELLERS,
    "call-dialed": _call_dialed,
    "call-ended": _call_ended,
    "opted-out": _opted_out,
    "call-ringing": _call_progress("azure", "It rings"),
    "call-answered": _call_progress("green", "Answered"),
    "call-connected": _call_progress("green", "An agent has the call"),
    "sms-sending": _sms_sending,
    "sms-part": _sms_part,
    "sms-status": _sms_status,
    "replied": _replied,
    "call-refused": _teller("phone", "red", "Call could not be made"),
    "sms-refused": _teller("message", "red", "Text could not be sent"),
    "call-withdrawn": _teller("phone", "secondary", "Call did not start; its turn comes again"),
    "call-spared": _teller("phone", "secondary", "The trunk was failing: this call costs no try, its turn comes again"),
    "sms-withdrawn": _teller("message", "secondary", "Text was not sent; its turn comes again"),
    "webhook-queued": _webhook_queued,
    "webhook-sending": _webhook_sending,
    "webhook-answered": _webhook_answered,
    "webhook-failed": _webhook_failed,
    "webhook-withdrawn": _teller("link", "orange", "Webhook was not answered; it is sent again"),
    "waiting": _waiting,
    "stopped": _stopped,
    "requeued": _requeued,
    "finished": _finished,
}


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
    """`label` is what a custom field is called; addresses change in what they serve."""
    kind, _, name = str(change.get("field", "")).partition(".")
    old, new = str(change.get("old") or ""), str(change.get("new") or "")
    if kind == "addresses":
        return f"{name}: {_serves(old)} → {_serves(new)}"
    return f"{change.get('label') or plain(name or kind)}: {old or '–'} → {new or '–'}"


def _serves(channels: str) -> str:
    return " and ".join(channel(one) for one in channels.split("+")) if channels else "–"
