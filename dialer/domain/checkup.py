"""What a look at the installation found, and what it means: whether everything is there that the server needs."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from dialer.domain.calls import MACHINE_EXTEN
from dialer.domain.members import QueueSnapshot
from dialer.domain.said import Said


class Level(StrEnum):
    """A fault keeps something from working; a warning is what may be meant so, or can't be looked at."""

    OK = "ok"
    WARNING = "warning"
    FAULT = "fault"


_MARKS = {Level.OK: "ok", Level.WARNING: "warning", Level.FAULT: "not ok"}


@dataclass(frozen=True, slots=True)
class Finding:
    """One line: what was looked at, what was found, and how to mend it. With a remedy it is a fault, unless told otherwise."""

    what: str
    found: str
    remedy: str = ""
    is_warning: bool = False

    @property
    def level(self) -> Level:
        if self.is_warning:
            return Level.WARNING
        return Level.FAULT if self.remedy else Level.OK

    def __str__(self) -> str:
        return f"{_MARKS[self.level]:7}  {self.what}: {self.found}" + (
            f"\n         → {self.remedy}" if self.remedy else ""
        )


def worst(findings: Iterable[Finding]) -> Level:
    """Of all of them; nothing found is well."""
    levels = {one.level for one in findings}
    return next((level for level in (Level.FAULT, Level.WARNING) if level in levels), Level.OK)


def detection(detects: bool | None, wanted: Sequence[str]) -> Finding:
    """`wanted`: the titles of published campaigns that tell machines from people."""
    what = Said("machine detection")
    if detects is None:
        return Finding(what, "Asterisk does not say whether app_amd is loaded (func_module would)", is_warning=True)
    if detects:
        return Finding(what, "app_amd is loaded")
    if not wanted:
        return Finding(what, "app_amd is not loaded, and no published campaign needs it")
    remedy = Said("run `module load app_amd.so` (it needs an amd.conf), or set `amd` to off in the strategy")
    return Finding(
        what, Said("app_amd is not loaded, and %(wanted)s tells machines from people", wanted=", ".join(wanted)), remedy
    )


def dialplan(context: str, there: Collection[str] | None) -> Finding:
    """`there`: the extensions of the context, none without it; None if that can't be told."""
    if there is None:
        found = Said("context %(context)s: not visible to this AMI user", context=context)
        return Finding("dialplan", found, "see asterisk/README.md", is_warning=True)
    if there and not {MACHINE_EXTEN, "preview"} <= set(there):
        remedy = Said("include asterisk/extensions_dialer.conf of this version and run `dialplan reload`")
        return Finding("dialplan", Said("context %(context)s is that of an earlier version", context=context), remedy)
    if there:
        return Finding("dialplan", Said("context %(context)s is there", context=context))
    remedy = Said('add #include "extensions_dialer.conf" to extensions.conf and run `dialplan reload`')
    return Finding("dialplan", Said("there is no context %(context)s", context=context), remedy)


def trunk(name: str, dial: str, device: str | None, state: str | None) -> Finding:
    """`state` is what Asterisk says of the device behind the dial string, see `device_of`; None if it can't say."""
    what = Said("voice gateway %(name)s", name=name)
    if device is None or state is None:
        return Finding(what, Said("%(dial)s can't be looked at beforehand", dial=dial), is_warning=True)
    if state == "INVALID":
        remedy = Said("define it in pjsip.conf, or correct the gateway's dial string")
        return Finding(what, Said("Asterisk has no %(device)s", device=device), remedy)
    if state == "UNAVAILABLE":
        return Finding(
            what,
            Said("%(device)s can't be reached", device=device),
            "check its address and registration: `pjsip show endpoints`",
        )
    return Finding(what, Said("%(device)s is there", device=device))


def device_of(dial: str) -> str | None:
    """The device behind a dial string: `PJSIP/carrier` of `PJSIP/{number}@carrier`; None for a Local channel."""
    technology, _, rest = dial.partition("/")
    name = rest.partition("/")[0].rpartition("@")[2]
    return None if technology == "Local" or "{number}" in name else f"{technology}/{name}"


def queues(reported: Mapping[str, QueueSnapshot], wanted: Collection[str]) -> Iterable[Finding]:
    """`wanted`: the queues of published campaigns."""
    if not reported:
        yield Finding(
            "queues", "Asterisk reports none", "define one in queues.conf, see asterisk/queues_dialer.conf.example"
        )
    for name, queue in reported.items():
        yield Finding(
            Said("queue %(name)s", name=name),
            Said("%(number)s agents, %(free)s free", number=len(queue.members), free=queue.free),
        )
    for name in sorted(set(wanted) - set(reported)):
        remedy = Said("define it in queues.conf, or choose another queue in the campaign")
        yield Finding(
            Said("queue %(name)s", name=name), "a published campaign uses it, and Asterisk does not report it", remedy
        )


def pages(host: str, *, secure_cookies: bool) -> Finding:
    """Where the pages listen: logins over a network without TLS can be read by whoever is in between."""
    if host in {"127.0.0.1", "::1", "localhost"} or secure_cookies:
        return Finding("pages", Said("listen on %(host)s", host=host))
    remedy = Said("put a proxy with TLS before them (deploy/nginx.conf), and set DIALER_HTTP__SECURE_COOKIES=true")
    return Finding(
        "pages",
        Said("listen on %(host)s, and the session's cookie is sent without TLS too", host=host),
        remedy,
        is_warning=True,
    )
