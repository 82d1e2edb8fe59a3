"""Checks of a strategy that need the campaign: what its contacts have, how long its texts are, whether a window ever opens."""

import asyncio
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime

from dialer.domain.campaign import Campaign
from dialer.domain.errors import NotFound
from dialer.domain.gateway import SmsGateway
from dialer.domain.rules.catalogue import ringing_s
from dialer.domain.said import Said
from dialer.domain.windows import next_open
from dialer.operations.context import Context
from dialer.operations.deploying import known_here
from dialer.operations.text_settings import gateway_settings, price
from dialer.store import campaigns, contact_fields, contacts, gateways
from dialer.strategy.call_fields import CallFields
from dialer.strategy.check import Checked
from dialer.strategy.fields import SmsFields, TimeWindowFields
from dialer.strategy.known import Known
from dialer.strategy.model import Node
from dialer.strategy.read import NodeFault
from sms.alphabet import Encoding
from sms.settings import split
from sms.text import TextTooLongError, segments

Accounts = Mapping[str, SmsGateway]
_PLACEHOLDER = re.compile(r"\{\{[^{}]*\}\}")
_USUAL = 8  # characters that are put in for a placeholder, to judge a text's length


async def checked(ctx: Context, campaign_id: int, check: Callable[[Known], Checked]) -> Checked:
    """What `check` finds with the names that exist here, and the warnings that only the campaign can tell."""
    async with ctx.db.read() as tx:
        campaign = await campaigns.get(tx, campaign_id)
        if campaign is None:
            raise NotFound("campaign", campaign_id)
        held = await contacts.attributes_in(tx, campaign_id)
        custom = await contact_fields.all_fields(tx)
        stored = await gateways.all_of_kind(tx, "sms")
        known = known_here(ctx, await gateways.kinds(tx), custom)
    accounts = {name: one for name, one in stored.items() if isinstance(one, SmsGateway)}
    # Of a campaign without contacts nobody can say what they will have.
    known = known if held is None else replace(known, attributes=frozenset(held | custom.keys()))
    found = await asyncio.to_thread(check, known)  # a large one takes its time, during which calls go on
    if found.strategy is None:
        return found
    now = ctx.clock()
    more = [warning for node in found.strategy.nodes for warning in _of_node(node, campaign, accounts, now)]
    return replace(found, warnings=(*found.warnings, *more))


def _of_node(node: Node, campaign: Campaign, accounts: Accounts, now: datetime) -> Iterator[NodeFault]:
    match node.fields:
        case CallFields(ring_s=ring_s) if (rings := ringing_s(campaign.rules, ring_s)) != ring_s:
            yield NodeFault(
                node.id,
                "ring_s",
                "its calls ring %(rings)s s: the rule pack %(pack)s of the campaign allows no less",
                rings=rings,
                pack=campaign.rule_pack,
            )
        case SmsFields(text=text, gateway=own):
            yield from _length(node, text, accounts.get(own or campaign.sms_gateway or ""))
        case TimeWindowFields() as window:
            yield from _never_opens(node, window, campaign, now)
        case _:
            pass


def _length(node: Node, text: str, account: SmsGateway | None) -> Iterator[NodeFault]:
    usual = _PLACEHOLDER.sub("x" * _USUAL, text)
    try:
        found = split(gateway_settings("", account), usual) if account else segments(usual)
    except TextTooLongError as error:
        yield NodeFault(node.id, "text", str(error))
        return
    if found.text != usual:
        yield NodeFault(node.id, "text", "goes out with near characters: %(text)s", text=found.text)
    if found.segments > 1 or _cost_of(account, 1):
        why = (
            ""
            if found.encoding is not Encoding.UCS2
            else Said(", as it has characters that only UCS-2 has (70 fit into one)")
        )
        yield NodeFault(
            node.id,
            "text",
            "goes out as %(counted)s%(why)s; %(cost)s",
            counted=_counted(found.segments),
            why=why,
            cost=_cost(found.segments, account),
        )


def _counted(segments: int) -> str:
    return Said("1 segment") if segments == 1 else Said("%(number)s segments", number=segments)


def _cost(number: int, account: SmsGateway | None) -> str:
    cost = _cost_of(account, number)
    return Said("%(cost)s a contact", cost=cost) if cost else Said("each is paid for")


def _cost_of(account: SmsGateway | None, segments: int) -> str:
    """Empty where no price is known."""
    return price(account, segments) if account else ""


def _never_opens(node: Node, window: TimeWindowFields, campaign: Campaign, now: datetime) -> Iterator[NodeFault]:
    begins, until = campaign.validity.from_, campaign.validity.until
    if until is None:
        return
    zone = window.time_zone or campaign.time_zone
    opens = next_open(window.execution, zone, max(now, begins) if begins else now)
    if until > now and (opens is None or opens >= until):
        yield NodeFault(
            node.id, "from", "does not open before the validity period of the campaign ends (%(zone)s)", zone=zone
        )
