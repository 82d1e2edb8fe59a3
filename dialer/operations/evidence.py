"""The evidence of one number: every call, text, reply, refusal and do-not-contact entry, over all campaigns (D7). Reads only."""

from collections.abc import Sequence
from dataclasses import dataclass

from dialer.domain.evidence import Evidence, evidence, zone_for
from dialer.domain.phone import parse_phone
from dialer.domain.rules.hours import candidate_zones
from dialer.domain.suppression import address_digest
from dialer.operations.context import Context
from dialer.store import evidence as store


@dataclass(frozen=True, slots=True)
class Found:
    """`zones`: where the number may be, by its area code."""

    number: str
    zones: Sequence[str]
    items: Sequence[Evidence]


async def of_number(ctx: Context, written: str) -> Found:
    """Oldest first. Raises `InvalidInput` for what is no number. A contact that was erased leaves nothing behind here."""
    number = parse_phone(written, ctx.settings.default_region, field="number")
    zones = candidate_zones(number)
    async with ctx.db.read() as tx:
        calls, texts = await store.attempts(tx, number), await store.messages(tx, number)
        tested, replied = await store.trials(tx, number), await store.replies(tx, number)
        tried = {row["contact_id"] for row in (*calls, *texts)}
        refused = await store.refusals(tx, number, tried)
        listed = await store.listed(tx, address_digest(ctx.secret, number))
    return Found(number, zones, evidence(calls, texts, tested, replied, refused, listed, zone_for(zones)))
