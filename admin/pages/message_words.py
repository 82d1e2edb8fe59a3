"""Texts and webhooks of a contact's trail in words."""

from collections.abc import Callable, Mapping

from admin.language import N_, _, ngettext, retold, said
from admin.pages.line import Data, Line, Shown
from admin.pages.words import colour, moment, plain


def due(data: Data, shown: Shown) -> str:
    at = moment(data.get("due_at"))
    return _("due %(when)s", when=shown(at)) if at else ""


def _sms_queued(data: Data, shown: Shown) -> Line:
    return Line("clock", "azure", _("Text to %(to)s queued", to=data.get("address")), due(data, shown))


def _sms_sending(data: Data, _shown: Shown) -> Line:
    parts = ngettext("%(num)s part", "%(num)s parts", data["parts"]) + ": " if (data.get("parts") or 1) > 1 else ""
    return Line("message", "blue", _text_to(data), f"{parts}{data.get('text') or ''}")


def _text_to(data: Data) -> str:
    return _("Text to %(to)s through %(gateway)s", to=data.get("address"), gateway=data.get("gateway"))


def _replied(data: Data, _shown: Shown) -> Line:
    stop = _("asks not to be contacted: on the do-not-contact list of everybody.") if data.get("stop") else ""
    text = _("Reply from %(whom)s through %(gateway)s", whom=data.get("address"), gateway=data.get("gateway"))
    answers = " · " + _("to the text “%(text)s”", text=data["answers"]) if data.get("answers") else ""
    detail = f"“{data.get('text') or ''}”{answers}"
    return Line("message", "red" if stop else "green", text, f"{stop} {detail}" if stop else detail)


def _sms_status(data: Data, _shown: Shown) -> Line:
    status = str(data.get("status", ""))
    parts = (
        _("all %(parts)s parts", parts=data["parts"]) if (data.get("parts") or 1) > 1 and status == "delivered" else ""
    )
    why = retold(data.get("error") or data.get("reason") or "")
    text = _text_to(data) if data.get("address") else _("Text")
    return Line("message", colour(status), f"{text}: {_status(status)}", why or parts)


_STATUSES = {"submitted": N_("taken by the SMSC"), "lost": N_("lost: nobody knows whether it was sent")}


def _status(status: str) -> str:
    return said(_STATUSES[status]) if status in _STATUSES else plain(status)


def _sms_part(data: Data, _shown: Shown) -> Line:
    status = str(data.get("status", ""))
    part = _("Part %(part)s of %(parts)s", part=data.get("part", "?"), parts=data.get("parts", "?"))
    return Line("message", colour(status), f"{part}: {_status(status)}", retold(data.get("error") or ""))


def _webhook_queued(data: Data, shown: Shown) -> Line:
    return Line("clock", "azure", _("Webhook to %(to)s queued", to=data.get("address")), due(data, shown))


def _webhook_sending(data: Data, _shown: Shown) -> Line:
    return Line("link", "blue", _("Webhook sent"), f"{data.get('method')} {data.get('url')}")


def _webhook_answered(data: Data, _shown: Shown) -> Line:
    text = _("Webhook: %(to)s answered %(status)s", to=data.get("address"), status=data.get("status"))
    return Line("link", "green", text)


def _webhook_failed(data: Data, _shown: Shown) -> Line:
    return Line("link", "red", _("Webhook to %(to)s failed", to=data.get("address")), retold(data.get("reason") or ""))


TELLERS: Mapping[str, Callable[[Data, Shown], Line]] = {
    "sms-queued": _sms_queued,
    "sms-sending": _sms_sending,
    "sms-part": _sms_part,
    "sms-status": _sms_status,
    "replied": _replied,
    "webhook-queued": _webhook_queued,
    "webhook-sending": _webhook_sending,
    "webhook-answered": _webhook_answered,
    "webhook-failed": _webhook_failed,
}
