"""Gateways: the list, and one form for each kind, made from the fields of the gateway itself."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

from aiohttp import web
from pydantic import ValidationError
from pydantic.fields import FieldInfo

from admin.errors import of_validation
from admin.keys import CONTEXT, LIVE
from admin.language import N_, _, said
from admin.pages import stale, trials, views
from admin.pages.faults import by_field
from admin.pages.forms import Form, read_from, revision
from admin.pages.render import page, saved
from dialer.domain.errors import Fault, InvalidInput, StaleEdit
from dialer.domain.gateway import ADAPTER, SmsGateway, VoiceGateway
from dialer.operations import gateways
from dialer.operations.gateways import InUse
from dialer.store.listing import Query

Kind = Literal["voice", "sms"]
KINDS: Mapping[str, type[VoiceGateway | SmsGateway]] = {"voice": VoiceGateway, "sms": SmsGateway}
HEADINGS = {"voice": N_("New voice gateway"), "sms": N_("New SMS gateway")}
LABELS = {
    "name": N_("Name"), "dial": N_("Channel to dial"), "prefixes": N_("Allowed prefixes"), "max_calls": N_("Most calls at the same time"),
    "calls_per_second": N_("Most calls started in a second"), "strip_plus": N_("Dial without the plus sign"),
    "prefix": N_("Digits put before the number"),
    "breaker_after": N_("Failed calls in a row that stop it"), "calls_per_day": N_("Most calls in a day"),
    "minutes_per_day": N_("Most minutes of calls in a day"),
    "prefix_calls_per_day": N_("Most calls in a day by prefix"), "day_zone": N_("Time zone of the day"),
    "host": N_("Host of the SMSC"), "port": N_("Port"), "system_id": N_("System id"),
    "password": N_("Password"), "system_type": N_("System type"), "tls": N_("TLS"), "window": N_("Window"),
    "messages_per_second": N_("Most texts sent in a second"), "response_timeout_s": N_("Response timeout, seconds"),
    "enquire_link_s": N_("Enquire link every, seconds"), "sender": N_("Sender id"),
    "bind": N_("Bind as"), "binds": N_("Binds"), "alphabet": N_("Default alphabet"),
    "long_texts": N_("Long texts"), "transliterate": N_("Write near characters for those that GSM-7 lacks"),
    "national": N_("National table of GSM-7"),
    "sender_ton": N_("Type of number of senders"), "sender_npi": N_("Numbering plan of senders"),
    "number_ton": N_("Type of number of the texted"), "number_npi": N_("Numbering plan of the texted"),
    "number_prefix": N_("Put before the number"), "longest_validity_h": N_("Longest validity, hours"),
    "segment_price": N_("Price of a segment"), "currency": N_("Currency"),
}  # fmt: skip
CHOICES = {
    "bind": {"transceiver": N_("Transceiver"), "separate": N_("Transmitter and receiver")},
    "alphabet": {"gsm7": N_("GSM-7"), "latin1": N_("Latin-1")},
    "national": {"": N_("– none –"), "turkish": N_("Turkish"), "spanish": N_("Spanish"), "portuguese": N_("Portuguese")},
    "long_texts": {
        "udh8": N_("Header in each part, reference of 8 bits"), "udh16": N_("Header in each part, reference of 16 bits"),
        "sar": N_("Parts joined by sar TLVs"), "payload": N_("Whole, in message_payload"),
    },
}  # fmt: skip
# Settings with one value only are no choice.
_UNSHOWN = frozenset({"kind"})
_LISTS = frozenset({"prefixes", "prefix_calls_per_day"})
_WIDE = frozenset({"name", "dial", "prefixes"})


@dataclass(frozen=True, slots=True)
class Control:
    """One field of the form; `kind` is the input's type."""

    name: str
    label: str
    kind: str
    hint: str
    required: bool
    wide: bool
    choices: Sequence[tuple[str, str]] = ()


async def index(request: web.Request) -> web.StreamResponse:
    found = _living(request)
    rows = (await gateways.page(request.app[CONTEXT], Query(limit=100))).items
    shown = [{**row, "target": _target(row), "living": found.get(row["id"])} for row in rows]
    return page(request, "gateways.html", section="Gateways", gateways=shown, notice=saved(request))


def texts(app: web.Application, gateway: str) -> Mapping[str, Any] | None:
    """What an SMS gateway tells about itself; None where it does not run."""
    live = app[LIVE]
    return live.sms_gateway(gateway) if live else None


def _living(request: web.Request) -> dict[str, Mapping[str, Any]]:
    """By id, what the live picture says of gateways."""
    live = request.app[LIVE]
    snapshot = live.snapshot() if live else views.NO_LIVE
    unsaid: dict[str, Any] = {"reason": "", "caps": [], "minutes": None}
    return {one["id"]: unsaid | one for one in snapshot["gateways"]}


async def new(request: web.Request) -> web.StreamResponse:
    return _page(request, _kind(request), _defaults(_kind(request)))


async def create(request: web.Request) -> web.StreamResponse:
    kind, form = _kind(request), await request.post()
    try:
        await gateways.create(request.app[CONTEXT], ADAPTER.validate_python({"kind": kind, **read(kind, form)}))
    except (InvalidInput, ValidationError) as error:
        return _page(request, kind, _typed(kind, form), _faults(error))
    raise web.HTTPSeeOther("/gateways?saved=1")


async def show(request: web.Request) -> web.StreamResponse:
    row = await gateways.get(request.app[CONTEXT], request.match_info["gateway"])
    return stored_page(request, row, await _tests(request, row))


async def _tests(request: web.Request, row: Mapping[str, Any]) -> Mapping[str, Any]:
    return await trials.shown(request, row["id"]) if row["kind"] == "sms" else {}


def stored_page(
    request: web.Request, row: Mapping[str, Any], test: Mapping[str, Any], status: int | None = None
) -> web.Response:
    """A gateway as it is stored; `test`: see trials.py."""
    return _page(request, row["kind"], _stored(row), existing=row, status=status, test=test)


async def save(request: web.Request) -> web.StreamResponse:
    """A password that is left empty stays as it is."""
    ctx, form = request.app[CONTEXT], await request.post()
    row = await gateways.get(ctx, request.match_info["gateway"])
    try:
        await gateways.edit(ctx, row["id"], read(row["kind"], form), revision(form))
    except StaleEdit:
        return await _stale_page(request, await gateways.get(ctx, row["id"]), _typed(row["kind"], form))
    except InvalidInput as error:
        test = await _tests(request, row)
        return _page(request, row["kind"], _typed(row["kind"], form), error.faults, existing=row, test=test)
    raise web.HTTPSeeOther("/gateways?saved=1")


async def _stale_page(request: web.Request, row: Mapping[str, Any], form: Mapping[str, Any]) -> web.Response:
    again = f"/gateways/{row['id']}"
    found = await stale.told(request, "gateway", row["id"], name=row["name"], revision=row["revision"], again=again)
    return _page(request, row["kind"], form, existing=row, status=409, test=await _tests(request, row), found=found)


async def remove(request: web.Request) -> web.StreamResponse:
    ctx = request.app[CONTEXT]
    row = await gateways.get(ctx, request.match_info["gateway"])
    try:
        await gateways.remove(ctx, row["id"])
    except InUse as error:
        test = await _tests(request, row)
        return _page(request, row["kind"], _stored(row), [Fault("", str(error))], existing=row, status=409, test=test)
    raise web.HTTPSeeOther("/gateways")


def read(kind: str, form: Mapping[str, Any]) -> dict[str, Any]:
    """The form as settings of a gateway, not yet checked; what is left empty takes its default, a password is left out."""
    settings: dict[str, Any] = {}
    for name, field in _fields(kind).items():
        text = form.get(name, "")
        value = text.strip() if isinstance(text, str) else ""
        if field.annotation is bool:
            settings[name] = bool(value)
        elif name in _LISTS:
            settings[name] = tuple(value.replace(",", " ").split())
        elif value or field.is_required():
            settings[name] = value
        elif name != "password":
            settings[name] = field.default
    return settings


def _kind(request: web.Request) -> str:
    kind = request.match_info["kind"]
    if kind not in KINDS:
        raise web.HTTPNotFound
    return kind


def _fields(kind: str) -> dict[str, FieldInfo]:
    return {name: field for name, field in KINDS[kind].model_fields.items() if name not in _UNSHOWN}


def _controls(kind: str, *, stored: bool) -> list[Control]:
    return [_control(name, field, stored=stored) for name, field in _fields(kind).items()]


def _control(name: str, field: FieldInfo, *, stored: bool) -> Control:
    kind = {"password": "password"}.get(name, "checkbox" if field.annotation is bool else "text")
    hint = said(field.description or "").replace("`", "")  # marked up for the reference
    hint = "" if hint.rstrip(".") == said(LABELS[name]) else hint
    if name == "password" and stored:
        hint = _("Empty: it stays as it is.") + f" {hint}"
    choices = [(one, said(CHOICES[name][one])) for one in get_args(field.annotation)] if name in CHOICES else []
    return Control(name, said(LABELS[name]), kind, hint, field.is_required(), name in _WIDE, choices)


def _defaults(kind: str) -> dict[str, Any]:
    return {name: _text(name, None if f.is_required() else f.default) for name, f in _fields(kind).items()}


def _stored(row: Mapping[str, Any]) -> dict[str, Any]:
    known = {**_defaults(row["kind"]), **row["settings"], "name": row["name"]}
    return {name: _text(name, known.get(name)) for name in _fields(row["kind"])} | {"revision": row["revision"]}


def _typed(kind: str, form: Form) -> dict[str, Any]:
    typed = {name: "" if name == "password" else form.get(name, "") for name in _fields(kind)}
    return typed | {"revision": read_from(form)}


def _text(name: str, value: Any) -> Any:
    """As the form shows it; a password never goes back to the browser."""
    if name == "password" or value is None:
        return ""
    if isinstance(value, float):
        return int(value) if value.is_integer() else value
    return ", ".join(value) if name in _LISTS and not isinstance(value, str) else value


def _target(row: Mapping[str, Any]) -> str:
    settings = row["settings"]
    return str(settings["dial"]) if row["kind"] == "voice" else f"{settings['host']}:{settings['port']}"


def _faults(error: InvalidInput | ValidationError) -> Sequence[Fault]:
    return error.faults if isinstance(error, InvalidInput) else of_validation(error).errors


def _page(
    request: web.Request,
    kind: str,
    form: Mapping[str, Any],
    faults: Sequence[Fault] = (),
    *,
    existing: Mapping[str, Any] | None = None,
    status: int | None = None,
    test: Mapping[str, Any] | None = None,
    found: stale.Stale | None = None,
) -> web.Response:
    known = _fields(kind)
    # Of a list such as `prefixes.0` its field tells.
    told = [Fault(top, one.reason) if (top := one.field.partition(".")[0]) in known else one for one in faults]
    return page(
        request, "gateway.html", status=status or (422 if faults else 200), section="Gateways",
        form=form, faults=by_field(told, known), fields=_controls(kind, stored=existing is not None), existing=existing,
        heading=existing["name"] if existing else said(HEADINGS[kind]),
        living=_living(request).get(existing["id"]) if existing else None,
        sms=texts(request.app, existing["id"]) if existing else None, oob="",
        action=f"/gateways/{existing['id']}" if existing else f"/gateways/new/{kind}", **{"trials": None, **(test or {})},
        stale=found,
    )  # fmt: skip
