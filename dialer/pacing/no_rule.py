"""Why the campaign's rule pack does not allow a call or text now: each rule, cited, with the instant when it passes."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from dialer.domain.campaign import Campaign
from dialer.domain.rules.catalogue import RulePack
from dialer.domain.rules.counted import Tried, refusals
from dialer.domain.rules.hours import ClosedRule, closed_rules, zones_of
from dialer.domain.said import Said, marked
from dialer.pacing.reason import Reason

# So many zones of a number are named; one of a mobile number may be in forty.
SHOWN_ZONES = 3


@dataclass(frozen=True, slots=True)
class Work:
    """The request that the place waits for (or waited for, when it was stopped): a `call`, an `sms` or a `webhook`, not before `due_at`."""

    channel: str
    address: str
    due_at: datetime

    @property
    def number(self) -> str | None:
        """None of a webhook, for which rules about people do not hold."""
        return None if self.channel == "webhook" else self.address


def of_rules(
    campaign: Campaign, zone: str | None, work: Work, tried: Sequence[Tried], now: datetime
) -> Iterator[Reason]:
    """`zone` is the contact's own, where known; `tried` are the calls to its number."""
    rules = campaign.rules
    if work.number is None:
        return
    for closed in closed_rules(rules.times, zones_of(zone, work.number, campaign.time_zone), now):
        yield Reason(
            "rule-hours",
            Said("%(what)s (%(citation)s)", what=_closed(closed), citation=str(closed.citation)),
            closed.opens_at,
            closed.citation,
        )
    if work.channel == "call":
        for one in refusals(rules.counting, campaign.id, tried, now):
            yield Reason(
                "rule-calls",
                Said("%(what)s (%(citation)s)", what=one.reason, citation=str(one.citation)),
                one.until,
                one.citation,
            )


def do_not_contact(rules: RulePack, why: str) -> Reason:
    """That an address is listed, with the rule of the pack that says so, if it has one."""
    cited = rules.do_not_contact()
    if cited is None:
        return Reason("do-not-contact", why)
    return Reason("do-not-contact", Said("%(what)s (%(citation)s)", what=why, citation=str(cited[0])), rule=cited[0])


def _closed(closed: ClosedRule) -> str:
    named = ", ".join(closed.zones[:SHOWN_ZONES])
    more = len(closed.zones) - SHOWN_ZONES
    where = Said("%(zones)s or %(number)s other zones", zones=named, number=more) if more > 0 else named
    known = marked("it is outside the calling hours where the called party is, %(where)s")
    likely = marked("it is outside the calling hours where the called party may be, %(where)s")
    return Said(known if len(closed.zones) == 1 else likely, where=where)
