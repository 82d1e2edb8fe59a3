"""A contact's trail in words for people: each entry as a line. Pure: rows go in, text goes out."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from admin.language import N_, _, recognised, retold, said
from admin.pages import message_words, preview_words
from admin.pages.line import Data, Line, Shown
from admin.pages.message_words import due
from admin.pages.words import COLOURS, channel, colour, moment, plain, stopped_because
from dialer.domain.said import Said


def worded(why: str) -> str:
    """A reason of a strategy's step, in which outcomes and states of texts stand as codes."""
    found = why if isinstance(why, Said) else recognised(why)
    if not isinstance(found, Said):
        return plain(why) if why in COLOURS else _CODES.sub(lambda code: plain(code[0]), why)
    codes = {name: plain(str(value)) for name, value in found.values.items() if name in _OF_CODES}
    return _CODES.sub(lambda code: plain(code[0]), said(Said(found.template, **found.values | codes)))


_OF_CODES = ("outcome", "status", "until")
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
    return Line("user", "secondary", _("Came into the system"), _from_source(data))


def _merged(data: Data, _shown: Shown) -> Line:
    return Line("users", "secondary", _("Loaded again and merged"), _changes(data.get("changes")) or _from_source(data))


def _joined(data: Data, _shown: Shown) -> Line:
    absorbed = ", ".join(f"#{one}" for one in data.get("absorbed", ()))
    text = (
        _("Joined with %(others)s, who had the same address", others=absorbed)
        if absorbed
        else _("Joined with another row of the load")
    )
    return Line("users", "purple", text, _changes(data.get("changes")))


def _enrolled(data: Data, _shown: Shown) -> Line:
    return Line("flag", "azure", _("Added to the campaign"), _from_source(data))


def _step(data: Data, _shown: Shown) -> Line:
    port = f" → {plain(data['port'])}" if data.get("port") else ""
    version = _("version %(version)s of the strategy", version=data["version"]) if data.get("version") else ""
    detail = " · ".join(part for part in (worded(str(data.get("why") or "")), version) if part)
    return Line("route", "secondary", _("Step “%(node)s”", node=data.get("node", "?")) + port, detail)


def _attributes_set(data: Data, _shown: Shown) -> Line:
    return Line("edit", "secondary", _("Changed by the strategy"), _changes(data.get("changes")))


def _call_queued(data: Data, shown: Shown) -> Line:
    number, to = data.get("try_no", 1), data.get("address")
    text = (
        _("Call to %(to)s queued", to=to)
        if number == 1
        else _("Call to %(to)s queued, try %(number)s", to=to, number=number)
    )
    return Line("clock", "azure", text, due(data, shown))


def _call_dialed(data: Data, _shown: Shown) -> Line:
    text = _("Called %(number)s through %(gateway)s", number=data.get("number"), gateway=data.get("gateway"))
    return Line("phone", "blue", text)


def _call_ended(data: Data, _shown: Shown) -> Line:
    outcome = str(data.get("outcome", ""))
    told = [retold(data["reason"])] if data.get("reason") else []
    told += [_("cause %(cause)s", cause=data["cause"])] if data.get("cause") else []
    told += [_("agent %(agent)s", agent=data["agent"])] if data.get("agent") else []
    told += [f"AMD {data['amd']}"] if data.get("amd") else []
    number = _("Call to %(number)s", number=data["number"]) if data.get("number") else _("Call")
    return Line("phone", colour(outcome), f"{number}: {plain(outcome)}", " · ".join(told))


def _opted_out(data: Data, _shown: Shown) -> Line:
    number, key = data.get("number"), data.get("key")
    text = _("%(number)s pressed %(key)s and is not called any more", number=number, key=key)
    return Line("stop", "red", text, _("on the do-not-contact list of everybody"))


def _call_progress(icon_colour: str, text: str) -> Callable[[Data, Shown], Line]:
    def teller(data: Data, _shown: Shown) -> Line:
        name = data.get("agent")
        agent = _("agent %(agent)s, queue %(queue)s", agent=name, queue=data.get("queue")) if name else ""
        return Line("phone", icon_colour, said(text), agent)

    return teller


def _edited(data: Data, _shown: Shown) -> Line:
    return Line("edit", "secondary", _("Edited by %(who)s", who=_who(data)), _changes(data.get("changes")))


def _erased(data: Data, _shown: Shown) -> Line:
    return Line("stop", "dark", _("Everything personal was erased by %(who)s", who=_who(data)))


def _who(data: Data) -> str:
    return str(data.get("by") or _("somebody"))


def _left(data: Data, _shown: Shown) -> Line:
    text = _("Left the campaign: the source that brought the contact was removed")
    return Line("flag", "secondary", text, _from_source(data))


def _taken_back(data: Data, _shown: Shown) -> Line:
    return Line(
        "back", "secondary", _("Set back: the source that changed it was removed"), _changes(data.get("changes"))
    )


def _readdressed(data: Data, _shown: Shown) -> Line:
    to, is_text = data.get("address"), data.get("channel") == "sms"
    old = _("instead of %(old)s, after an edit", old=data["old"]) if data.get("old") else _("after an edit")
    text = _("Text will go to %(to)s", to=to) if is_text else _("Call will go to %(to)s", to=to)
    return Line("clock", "azure", text, old)


def _refused(data: Data, _shown: Shown) -> Line:
    to, reason = data.get("address"), data.get("reason")
    text = (
        _("No text was sent to %(to)s", to=to)
        if data.get("channel") == "sms"
        else _("No call was made to %(to)s", to=to)
    )
    why = said(_REFUSALS[reason]) if reason in _REFUSALS else plain(retold(reason or ""))
    return Line("stop", "red", text, " · ".join([why, *_cited(data)]))


def _put_off(data: Data, shown: Shown) -> Line:
    to, until, is_text = data.get("address"), moment(data.get("until")), data.get("channel") == "sms"
    text = _("Text to %(to)s put off", to=to) if is_text else _("Call to %(to)s put off", to=to)
    if until is not None:
        text = f"{text} {_('until %(when)s', when=shown(until))}"
    return Line("clock", "yellow", text, " · ".join([retold(data.get("reason") or ""), *_cited(data)]))


def _cited(data: Data) -> list[str]:
    """The rule that says so, if one does."""
    rule = data.get("rule")
    if not isinstance(rule, dict):
        return []
    pack = f"{rule['pack']} {rule['version']}"
    return [_("rule %(rule)s of the pack %(pack)s", rule=rule["rule"], pack=pack)]


_REFUSALS = {
    "do-not-contact": N_("it is on a do-not-contact list"),
    "address-removed": N_("the contact has no address for it any more"),
}


def _waiting(data: Data, shown: Shown) -> Line:
    until = moment(data.get("due_at"))
    text = _("Waiting until %(when)s", when=shown(until)) if until else _("Waiting")
    return Line("clock", "yellow", text, _("Step “%(node)s”", node=data["node"]) if data.get("node") else "")


def _stopped(data: Data, _shown: Shown) -> Line:
    text = _("Stopped: %(why)s", why=stopped_because(data.get("reason")))
    return Line("stop", "orange", text, str(data.get("reason") or ""))


def _requeued(data: Data, _shown: Shown) -> Line:
    new, old = data.get("request"), data.get("replaces")
    told = _("request %(new)s in place of %(old)s", new=new, old=old) if old else ""
    return Line("play", "azure", _("Taken up again"), told)


def _finished(data: Data, _shown: Shown) -> Line:
    return Line("check", "green", _("Finished: %(result)s", result=plain(data.get("result") or "done")))


def _teller(icon: str, colour_: str, text: str) -> Callable[[Data, Shown], Line]:
    """For entries that need no more than a sentence and their reason."""
    return lambda data, _shown: Line(icon, colour_, said(text), retold(data.get("reason") or ""))


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
    "place-kept": _teller("users", "purple", N_("Was in the campaign twice: the place that was further stays")),
    "step": _step,
    "attributes-set": _attributes_set,
    "call-queued": _call_queued,
    **preview_words.TELLERS,
    **message_words.TELLERS,
    "call-dialed": _call_dialed,
    "call-ended": _call_ended,
    "opted-out": _opted_out,
    "call-ringing": _call_progress("azure", N_("It rings")),
    "call-answered": _call_progress("green", N_("Answered")),
    "call-connected": _call_progress("green", N_("An agent has the call")),
    "call-refused": _teller("phone", "red", N_("Call could not be made")),
    "sms-refused": _teller("message", "red", N_("Text could not be sent")),
    "call-withdrawn": _teller("phone", "secondary", N_("Call did not start; its turn comes again")),
    "call-spared": _teller(
        "phone", "secondary", N_("The trunk was failing: this call costs no try, its turn comes again")
    ),
    "sms-withdrawn": _teller("message", "secondary", N_("Text was not sent; its turn comes again")),
    "webhook-withdrawn": _teller("link", "orange", N_("Webhook was not answered; it is sent again")),
    "waiting": _waiting,
    "stopped": _stopped,
    "requeued": _requeued,
    "finished": _finished,
}


def _from_source(data: Data) -> str:
    notes = "; ".join(map(retold, data.get("notes") or ()))
    source = _("source %(name)s", name=data["source"]) if data.get("source") else ""
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
    return _(" and ").join(channel(one) for one in channels.split("+")) if channels else "–"
