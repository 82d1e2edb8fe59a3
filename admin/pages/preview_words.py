"""Preview dialing in words: the lines of a trail, and what an agent is doing."""

from collections.abc import Callable, Mapping
from datetime import datetime

from admin.language import N_, _, retold
from admin.pages.line import Data, Line, Shown
from admin.pages.words import moment


def _offered(data: Data, shown: Shown) -> Line:
    until = moment(data.get("until"))
    return Line("user", "azure", _("Offered to the agent %(agent)s", agent=data.get("agent")), _until(until, shown))


def _until(until: datetime | None, shown: Shown) -> str:
    return _("until %(when)s", when=shown(until)) if until else ""


def _teller(icon: str, colour: str, text: str, *, typed: bool = False) -> Callable[[Data, Shown], Line]:
    def teller(data: Data, shown: Shown) -> Line:
        until = moment(data.get("until"))
        again = [_("offered again from %(when)s", when=shown(until))] if until else []
        by = [_("by %(who)s", who=data["by"])] if data.get("by") else []
        why = data.get("reason") or ""
        told = [why if typed else retold(why)] if why else []
        return Line(icon, colour, _(text, agent=data.get("agent")), " · ".join([*by, *told, *again]))

    return teller


TELLERS: Mapping[str, Callable[[Data, Shown], Line]] = {
    "preview-offered": _offered,
    "preview-accepted": _teller("check", "blue", N_("Accepted by the agent %(agent)s")),
    "preview-skipped": _teller("clock", "yellow", N_("Skipped by the agent %(agent)s"), typed=True),
    "preview-rejected": _teller("stop", "red", N_("Rejected by the agent %(agent)s: not to be called"), typed=True),
    "preview-timed-out": _teller("clock", "orange", N_("The agent %(agent)s did not answer")),
    "preview-withdrawn": _teller("back", "secondary", N_("Taken back from the agent %(agent)s")),
}
