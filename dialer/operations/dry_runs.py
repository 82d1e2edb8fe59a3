"""The dry run of a campaign: what it needs is read, the rest happens in a process of its own. Nothing is changed (S7)."""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy.ext.asyncio import AsyncConnection

from dialer.domain.campaign import Campaign
from dialer.domain.contact import Address
from dialer.domain.errors import IllegalTransition, InvalidInput, NotFound
from dialer.domain.gateway import SmsGateway, VoiceGateway
from dialer.domain.rules.hours import candidate_zones
from dialer.domain.transitions import CampaignStatus
from dialer.operations import steps, suppression
from dialer.operations.context import Context
from dialer.simulation.assumptions import Assumptions
from dialer.simulation.job import ContactRow, Job, Rules, to_json
from dialer.simulation.measured import measured
from dialer.simulation.process import simulate_apart
from dialer.store import campaigns, contacts, dry_runs, gateways, strategies
from dialer.store.types import AnyRow
from dialer.strategy.attributes import uses
from dialer.strategy.model import Strategy, default_strategy, to_document

MOST_CONTACTS = 300_000
AT_ONCE = 2_000
MEASURED_CALLS = 10_000
_NAMES = frozenset({"first_name", "last_name", "name"})
Entries = Sequence[tuple[int, int]]
# The version of those who enter, if the campaign has no strategy of its own.
_DEFAULT = 0


async def simulate(ctx: Context, campaign_id: int, assumed: Assumptions) -> dict[str, Any]:
    """The result, as `simulation.result` makes it. Raises InvalidInput, Crowded, or IllegalTransition for a campaign that has ended."""
    start = ctx.clock().replace(microsecond=0)
    async with ctx.db.read() as tx:
        campaign = await campaigns.get(tx, campaign_id)
        if campaign is None:
            raise NotFound("campaign", campaign_id)
        await _check(tx, campaign, start)
        entries = _entries(await strategies.entries(tx, campaign.id))
        known = await _strategies(tx, ctx, campaign, entries)
        rules = await _rules(tx, campaign)
        if assumed.measured:
            assumed = await _measured(tx, campaign, assumed)
    job = Job(rules, known, campaign.strategy_version or _DEFAULT, assumed, start)
    documents = {version: to_document(strategy) for version, strategy in known.items()}
    async with ctx.dry_runs.turn():
        result: dict[str, Any] = orjson.loads(
            await simulate_apart(to_json(job, documents), _pages(ctx, campaign, job, entries))
        )
    return result


async def _check(tx: AsyncConnection, campaign: Campaign, start: datetime) -> None:
    if campaign.status is CampaignStatus.ENDED:
        raise IllegalTransition("campaign", CampaignStatus.ENDED, "simulated")
    if campaign.validity.until is not None and campaign.validity.until <= start:
        raise InvalidInput.single("validity.until", "the validity period is over: move its end, or remove it")
    number = await dry_runs.open_number(tx, campaign.id)
    if number > MOST_CONTACTS:
        raise InvalidInput.single(
            "contacts",
            "%(number)s are not through yet; a dry run takes at most %(most)s",
            number=f"{number:,}",
            most=f"{MOST_CONTACTS:,}",
        )


async def _strategies(tx: AsyncConnection, ctx: Context, campaign: Campaign, entries: Entries) -> dict[int, Strategy]:
    """By version: the present one, those on which contacts stand, and those that they enter."""
    wanted = {*await dry_runs.versions(tx, campaign.id), *(version for version, _ in entries)}
    if campaign.strategy_version is None:
        found = {_DEFAULT: default_strategy()}
    else:
        wanted.add(campaign.strategy_version)
        found = {}
    return found | {version: await steps.strategy_at(tx, ctx, campaign.id, version) for version in sorted(wanted)}


async def _rules(tx: AsyncConnection, campaign: Campaign) -> Rules:
    voice = await gateways.get(tx, campaign.voice_gateway) if campaign.voice_gateway else None
    texts = await gateways.get(tx, campaign.sms_gateway) if campaign.sms_gateway else None
    limits: dict[str, Any] = {}
    if isinstance(voice, VoiceGateway):
        limits["gateway_max_calls"] = voice.max_calls
        limits["gateway_calls_per_second"] = voice.calls_per_second
    if isinstance(texts, SmsGateway):
        limits["segments_per_second"] = texts.messages_per_second
    return Rules.of(campaign, **limits)


async def _measured(tx: AsyncConnection, campaign: Campaign, assumed: Assumptions) -> Assumptions:
    """From the campaign's own calls, else from all; as given where neither are enough."""
    for of_campaign in (campaign.id, None):
        found = measured(assumed, await dry_runs.latest_calls(tx, of_campaign, MEASURED_CALLS))
        if found is not None:
            return found
    return assumed.model_copy(update={"measured": False})


async def _pages(ctx: Context, campaign: Campaign, job: Job, entries: Entries) -> AsyncIterator[list[ContactRow]]:
    """All that are not through; each page in a transaction of its own, so that none lasts long."""
    wanted = {use.attribute for strategy in job.strategies.values() for use in uses(strategy)}
    after = 0
    while True:
        async with ctx.db.read() as tx:
            rows = await dry_runs.page(tx, campaign.id, after, AT_ONCE)
            held = await contacts.addresses_of(tx, [row.contact_id for row in rows])
            listed = (address.address for some in held.values() for address in some)
            barred = await suppression.barred(tx, ctx, campaign.id, listed)
        if not rows:
            return
        timed = bool(campaign.rules.times)
        yield [
            _row(row, held.get(row.contact_id, []), barred, wanted, _entry(row, job, entries), timed=timed)
            for row in rows
        ]
        after = rows[-1].id


def _entries(known: Entries) -> Entries:
    """`(version, applies_after)`, the newest first, down to the one that takes everybody: nobody enters an older one."""
    last = next((index for index, (_, after) in enumerate(known) if not after), len(known))
    return known[: last + 1]


def _entry(row: AnyRow, job: Job, entries: Entries) -> int:
    """The version that a contact enters who has not started: as `operations.steps` has it."""
    return next((version for version, after in entries if row.id > after), job.version)


def _row(
    row: AnyRow, held: list[Address], barred: Collection[str], wanted: Collection[str], version: int, *, timed: bool
) -> ContactRow:
    stands = row.node is not None and row.memory and row.strategy_version is not None
    return ContactRow(
        id=row.contact_id,
        zone=row.time_zone,
        channels=[_letters(address, barred) for address in held],
        values=_values(row, wanted),
        version=row.strategy_version if stands else version,
        memory=row.memory if stands else "",
        due_at=row.due_at.isoformat() if stands and row.due_at else None,
        places=[candidate_zones(address.address) for address in held] if timed and row.time_zone is None else (),
    )


def _letters(address: Address, barred: Collection[str]) -> str:
    letters = "".join(channel[0] for channel in address.channels())
    return letters.upper() if address.address in barred else letters


def _values(row: AnyRow, wanted: Collection[str]) -> Mapping[str, str]:
    """Only what the strategy uses; an attribute goes before a name of the same word."""
    name = f"{row.first_name} {row.last_name}".strip()
    known = {"first_name": row.first_name, "last_name": row.last_name, "name": name, **row.attributes}
    return {key: known[key] for key in sorted(wanted) if key in known}
