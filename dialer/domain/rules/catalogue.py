"""The rule packs that there are, read once, each with what the dialer asks of it."""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import TypeVar

from dialer.domain.errors import Fault, shown
from dialer.domain.rules.citation import Citation
from dialer.domain.rules.holidays import HolidayHours
from dialer.domain.rules.pack import (
    AbandonmentRule,
    AfterAbandonedRule,
    AfterConversationRule,
    AgentRule,
    AttemptsRule,
    DoNotContactRule,
    HolidaysRule,
    HoursRule,
    PackFile,
    RingRule,
    Rule,
)
from dialer.domain.rules.week import Week
from dialer.domain.windows import WallHours

NONE = "none"
# In the order in which they are offered.
ORDER = (
    "none",
    "us-federal",
    "us-florida",
    "us-oklahoma",
    "us-maryland",
    "us-debt-collection",
    "uk",
    "canada",
    "australia",
    "eu",
)

Counting = AttemptsRule | AfterConversationRule | AfterAbandonedRule
_Kind = TypeVar("_Kind")


@dataclass(frozen=True, slots=True)
class Cited:
    """A rule with how it is cited."""

    citation: Citation
    rule: Rule


@dataclass(frozen=True, slots=True)
class TimeRule:
    """A rule that has hours of its own."""

    citation: Citation
    hours: WallHours


@dataclass(frozen=True)
class RulePack:
    """A pack with all that holds in it, the rules of the one it includes last."""

    id: str
    name: str
    version: str
    dated: str  # ISO date
    about: str
    rules: tuple[Cited, ...]
    times: tuple[TimeRule, ...]
    counting: tuple[tuple[Citation, Counting], ...]

    def strictest_ring(self) -> tuple[Citation, int] | None:
        """The longest time that a call must ring, in seconds."""
        found = [(cited.citation, rule.least_s) for cited, rule in self._of(RingRule)]
        return max(found, key=lambda one: one[1], default=None)

    def abandonment(self) -> tuple[Citation, AbandonmentRule] | None:
        """The lowest limit of abandoned calls."""
        found = [(cited.citation, rule) for cited, rule in self._of(AbandonmentRule)]
        return min(found, key=lambda one: one[1].most_percent, default=None)

    def agent(self) -> tuple[Citation, AgentRule] | None:
        """Within how many seconds somebody who answers has an agent, and what is owed otherwise."""
        found = [(cited.citation, rule) for cited, rule in self._of(AgentRule)]
        return min(found, key=lambda one: one[1].within_s, default=None)

    def do_not_contact(self) -> tuple[Citation, DoNotContactRule] | None:
        """The rule by which nobody who objected is contacted."""
        return next(((cited.citation, rule) for cited, rule in self._of(DoNotContactRule)), None)

    def countries(self) -> tuple[str, ...]:
        """Whose national holidays matter, in two letters."""
        return tuple(rule.country for _, rule in self._of(HolidaysRule))

    def _of(self, kind: type[_Kind]) -> Iterator[tuple[Cited, _Kind]]:
        return ((cited, cited.rule) for cited in self.rules if isinstance(cited.rule, kind))


@lru_cache(maxsize=1)
def packs() -> Mapping[str, RulePack]:
    """All of them by id, in the order in which they are offered."""
    read = {one: _read(one) for one in ORDER}
    return {one.id: _whole(one, read) for one in read.values()}


def pack(pack_id: str) -> RulePack:
    """Raises `KeyError` for one that this version of the program does not have: nothing runs by rules nobody knows."""
    return packs()[pack_id]


def ringing_s(rules: RulePack, wanted_s: int) -> int:
    """How long a call rings: as long as its step says, and no shorter than the rules allow."""
    least = rules.strictest_ring()
    return max(wanted_s, least[1]) if least else wanted_s


#: After an answer, until an agent speaks: 47 CFR 64.1200(a)(7).
POWER_WAIT_S = 2


def waiting_s(rules: RulePack, wanted_s: int, *, power: bool) -> int:
    """How long somebody waits for an agent, in whole seconds: as long as is wanted, and no longer than the rules allow.

    In power mode nobody waits longer than the law lets them, whatever was chosen: there may be no agent to wait for.
    """
    most = rules.agent()
    allowed = max(1, min(wanted_s, int(most[1].within_s))) if most else wanted_s
    return min(allowed, POWER_WAIT_S) if power else allowed


def pack_faults(pack_id: str) -> tuple[Fault, ...]:
    if pack_id in packs():
        return ()
    return (
        Fault(
            "rule_pack",
            "there is no rule pack %(pack_id)s; there are: %(packs)s",
            pack_id=shown(pack_id),
            packs=", ".join(packs()),
        ),
    )


def _read(pack_id: str) -> PackFile:
    text = files(__package__).joinpath("packs", f"{pack_id}.toml").read_text("utf-8")
    return PackFile.model_validate({"id": pack_id, **tomllib.loads(text)})


def _whole(own: PackFile, read: Mapping[str, PackFile]) -> RulePack:
    layers = [own, *([read[own.includes]] if own.includes else [])]
    rules = tuple(Cited(Citation(rule.id, one.id, one.version), rule) for one in layers for rule in one.rules)
    return RulePack(
        id=own.id,
        name=own.name,
        version=own.version,
        dated=own.dated.isoformat(),
        about=own.about,
        rules=rules,
        times=tuple(found for cited in rules if (found := _time_rule(cited)) is not None),
        counting=tuple((cited.citation, cited.rule) for cited in rules if isinstance(cited.rule, Counting)),
    )


def _time_rule(cited: Cited) -> TimeRule | None:
    match cited.rule:
        case HoursRule(open=ranges):
            return TimeRule(cited.citation, Week(tuple(one.execution() for one in ranges)))
        case HolidaysRule(country=country):
            return TimeRule(cited.citation, HolidayHours(country))
        case _:
            return None
