"""Preview dialing in words: the lines of a trail, and what an agent is doing."""

from collections.abc import Callable, Mapping

from admin.pages.line import Data, Line, Shown
from admin.pages.words import moment


def _offered(data: Data, shown: Shown) -> Line:
    until = moment(data.get("until"))
    return Line("user", "azure", f"Offered to the agent {data.get('agent')}", f"until {shown(until)}" if until else "")


def _teller(icon: str, colour: str, text: str) -> Callable[[Data, Shown], Line]:
    def teller(data: Data, shown: Shown) -> Line:
        until = moment(data.get("until"))
        again = [f"offered again from {shown(until)}"] if until else []
        by = [f"by {data['by']}"] if data.get("by") else []
        told = [str(data["reason"])] if data.get("reason") else []
        return Line(icon, colour, text.format(data.get("agent")), " · ".join([*by, *told, *again]))

    return teller


TELLERS: Mapping[str, Callable[[Data, Shown], Line]] = {
    "preview-offered": _offered,
    "preview-accepted": _teller("check", "blue", "Accepted by the agent {}"),
    "preview-skipped": _teller("clock", "yellow", "Skipped by the agent {}"),
    "preview-rejected": _teller("stop", "red", "Rejected by the agent {}: not to be called"),
    "preview-timed-out": _teller("clock", "orange", "The agent {} did not answer"),
    "preview-withdrawn": _teller("back", "secondary", "Taken back from the agent {}"),
}
