"""Node-RED's own nodes in a flow that was drawn elsewhere: what they mean here, or why they can't be used."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from dialer.domain.errors import shown
from dialer.domain.said import Said, marked
from dialer.strategy.catalogue import BRANCH, SET_ATTRIBUTE, STEP_TYPES, WAIT, WEBHOOK
from dialer.strategy.duration import LONGEST, format_duration
from dialer.strategy.fields import WaitKind
from dialer.strategy.nodered.entry import PREFIX, Entry

PASSES = frozenset({"junction", "link in", "link out"})
DRAWN = frozenset({"comment", "group"})
IGNORED = frozenset({"debug", "inject", "catch", "status", "complete"})

_OPS: Mapping[str, str] = {
    "eq": "eq", "neq": "ne", "lt": "lt", "lte": "le", "gt": "gt", "gte": "ge", "cont": "contains", "empty": "empty",
    "null": "empty",
}  # fmt: skip
_BOOLEANS = frozenset({"true", "false"})
_UNITS: Mapping[str, int] = {
    "milliseconds": 1,
    "seconds": 1_000,
    "minutes": 60_000,
    "hours": 3_600_000,
    "days": 86_400_000,
}
_CONSTANTS = frozenset({"str", "num", "bool"})
_METHODS = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE"})


class Untranslatable(Exception):  # noqa: N818 -- named by what happened
    """What a node does that a strategy can't: the field and the reason."""

    def __init__(self, field: str, reason: str) -> None:
        self.field, self.reason = field, reason
        super().__init__(field, reason)


def is_ours(entry: Entry) -> bool:
    """Whether the entry is kept as it stands."""
    return entry.is_step or entry.subflow is not None or entry.type in PASSES | DRAWN


def translate(entry: Entry) -> tuple[Entry, str]:
    """The step that does what the foreign node does, and what to tell about it. Raises `Untranslatable`."""
    translation = _TRANSLATIONS.get(entry.type)
    if translation is None:
        raise Untranslatable("type", _refusal(entry.type))
    return translation(entry)


def _refusal(type_: str) -> str:
    known = ", ".join(PREFIX + name for name in STEP_TYPES)
    return Said("%(type)s can't be used in a strategy; the steps are %(known)s", type=shown(type_), known=known)


def _switch(entry: Entry) -> tuple[Entry, str]:
    data = entry.data
    if str(data.get("checkall", "true")).lower() != "false":
        raise Untranslatable("checkall", "takes every rule that holds; choose “stopping after first match”")
    on = _attribute(data, "property", "propertyType")
    rules = data.get("rules")
    if not isinstance(rules, list) or not all(isinstance(rule, dict) for rule in rules):
        raise Untranslatable("rules", "should be a list of rules")
    wires = [list(port) for port in entry.wires[: len(rules)]]
    wires += [[] for _ in range(len(rules) - len(wires))]
    otherwise: list[str] = wires.pop() if rules and rules[-1].get("t") == "else" else []
    kept = rules[: len(wires)]
    fields = {"on": on, "rules": [_rule(index, rule) for index, rule in enumerate(kept)]}
    return entry.as_step(BRANCH.name, fields, [*wires, otherwise]), Said(
        "the switch became a branch on %(name)s", name=shown(on)
    )


def _rule(index: int, rule: Mapping[str, Any]) -> dict[str, str]:
    kind, value_type = rule.get("t"), rule.get("vt", "str")
    if kind in _BOOLEANS:
        return {"op": "eq", "value": str(kind)}
    if not isinstance(kind, str) or kind not in _OPS:
        unknown = Said("%(kind)s is not a rule that a branch knows", kind=shown(kind))
        why = marked("must be the last rule") if kind == "else" else unknown
        raise Untranslatable(f"rules.{index}.t", why)
    op = _OPS[kind]
    if op == "empty":
        return {"op": op}
    if value_type not in _CONSTANTS:
        raise Untranslatable(
            f"rules.{index}.vt", "compares with something else than a text, a number or true and false"
        )
    return {"op": op, "value": _constant(rule.get("v", ""), f"rules.{index}.v")}


def _delay(entry: Entry) -> tuple[Entry, str]:
    data = entry.data
    if data.get("pauseType", "delay") != "delay":
        raise Untranslatable("pauseType", "must be a fixed delay; rate limits and other delays can't be used")
    unit = data.get("timeoutUnits", "seconds")
    if not isinstance(unit, str) or unit not in _UNITS:
        raise Untranslatable("timeoutUnits", Said("%(unit)s is not a unit of time", unit=shown(unit)))
    try:
        milliseconds = Decimal(str(data.get("timeout", "5"))) * _UNITS[unit]
        whole = milliseconds.is_finite() and milliseconds % 1000 == 0 and milliseconds > 0
    except InvalidOperation:
        whole = False
    if not whole or milliseconds > LONGEST.total_seconds() * 1000:
        raise Untranslatable(
            "timeout", Said("should be whole seconds, from 1 second to %(days)s days", days=LONGEST.days)
        )
    duration = format_duration(timedelta(seconds=int(milliseconds) // 1000))
    fields = {"kind": WaitKind.FOR.value, "duration": duration}
    return entry.as_step(WAIT.name, fields, entry.wires), Said(
        "the delay became a wait of %(duration)s", duration=duration
    )


def _change(entry: Entry) -> tuple[Entry, str]:
    rules = entry.data.get("rules")
    if not isinstance(rules, list) or len(rules) != 1 or not isinstance(rules[0], dict):
        raise Untranslatable("rules", "should be exactly one rule that sets one value")
    rule = rules[0]
    if rule.get("t") != "set":
        raise Untranslatable("rules.0.t", "should set a value; deleting, moving and replacing can't be used")
    if rule.get("tot", "str") not in _CONSTANTS:
        raise Untranslatable("rules.0.tot", "should set a text, a number or true and false")
    attribute = _attribute(rule, "p", "pt", "rules.0.")
    fields = {"attribute": attribute, "value": _constant(rule.get("to", ""), "rules.0.to")}
    return entry.as_step(SET_ATTRIBUTE.name, fields, entry.wires), Said(
        "the change sets the attribute %(name)s", name=shown(attribute)
    )


def _http_request(entry: Entry) -> tuple[Entry, str]:
    data = entry.data
    method, url = data.get("method", "GET"), data.get("url", "")
    if method not in _METHODS:
        raise Untranslatable("method", Said("should be one of %(methods)s", methods=", ".join(sorted(_METHODS))))
    if not isinstance(url, str) or not url:
        raise Untranslatable("url", "is needed; an address that comes with the message can't be used")
    for member in ("tls", "proxy", "authType"):
        if data.get(member):
            raise Untranslatable(member, "can't be used here")
    return entry.as_step(WEBHOOK.name, {"method": method, "url": url}, entry.wires), marked(
        "the request became a webhook"
    )


_TRANSLATIONS: Mapping[str, Callable[[Entry], tuple[Entry, str]]] = {
    "switch": _switch,
    "delay": _delay,
    "change": _change,
    "http request": _http_request,
}


def _attribute(data: Mapping[str, Any], member: str, type_member: str, where: str = "") -> str:
    """`payload.plan` of a message is the contact's attribute `plan`."""
    if data.get(type_member, "msg") != "msg":
        raise Untranslatable(where + type_member, "should be a property of msg; other places can't be used")
    name = data.get(member)
    if not isinstance(name, str) or not name.removeprefix("payload."):
        raise Untranslatable(where + member, "should be the name of a property")
    return name.removeprefix("payload.")


def _constant(value: object, where: str) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if not isinstance(value, str | int | float):
        raise Untranslatable(where, "should be a text or a number")
    text = str(value)
    if "{{" in text or "}}" in text:
        raise Untranslatable(where, "has double braces, which stand for a contact's value here")
    return text
