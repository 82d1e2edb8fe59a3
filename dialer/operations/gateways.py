"""Gateways: made, edited and removed; the engine is told, so that links follow at once."""

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from dialer.domain.errors import DomainError, InvalidInput, NotFound, StaleEdit, shown
from dialer.domain.gateway import ADAPTER, SmsGateway, VoiceGateway, slug
from dialer.domain.said import Said, joined
from dialer.domain.transitions import CampaignStatus
from dialer.domain.unfit import faults_of
from dialer.operations import audit
from dialer.operations.context import Context, strategy_of
from dialer.operations.gateway_names import check_free, free_id, taken
from dialer.operations.once import Made, nobody
from dialer.operations.text_settings import check_usable
from dialer.store import campaigns, gateways, lists, postponing, strategies
from dialer.store.listing import Page, Query
from dialer.store.types import AnyRow
from dialer.strategy.model import gateways as named_gateways

_CAPS = {"calls_per_day", "minutes_per_day", "prefix_calls_per_day", "day_zone"}


class InUse(DomainError):  # noqa: N818 -- named by what happened
    """A gateway that campaigns name can't be removed (HTTP 409)."""

    def __init__(self, gateway_id: str, campaigns: list[str]) -> None:
        self.id, self.campaigns = gateway_id, campaigns
        super().__init__(gateway_id, campaigns)

    def __str__(self) -> str:
        return Said(
            "the gateway %(id)s is used by %(campaigns)s: choose another one there first",
            id=shown(self.id), campaigns=joined(list(map(shown, self.campaigns)), 10),
        )  # fmt: skip


async def page(ctx: Context, query: Query) -> Page:
    """Rows of the gateway table; `settings` holds the secrets too, which must not leave the server."""
    async with ctx.db.read() as tx:
        return await lists.GATEWAYS.page(tx, query)


async def get(ctx: Context, gateway_id: str) -> Mapping[str, Any]:
    async with ctx.db.read() as tx:
        return await _row(tx, gateway_id)


async def create(ctx: Context, settings: VoiceGateway | SmsGateway, *, kept: Made = nobody) -> Mapping[str, Any]:
    """Raises `InvalidInput` if the name is taken, or is another's id. The id is made from the name and never changes."""
    check_usable(settings)
    try:
        async with ctx.db.write() as tx:
            names = await gateways.names(tx)
            check_free(settings.name, None, names)
            # A new id must not be what another is called, either.
            gateway_id = free_id(slug(settings.name), {*names, *names.values()})
            await gateways.add(tx, gateway_id, settings, ctx.clock())
            row = await _row(tx, gateway_id)
            new = row["settings"]
            await audit.write(tx, ctx, "create", "gateway", gateway_id, name=settings.name, after=new)
            await kept(tx, row)
    except IntegrityError:
        raise taken(settings.name) from None
    await ctx.engine.gateways_changed()
    return row


async def edit(
    ctx: Context, gateway_id: str, changes: Mapping[str, Any], revision: int | None = None
) -> Mapping[str, Any]:
    """Change some settings; a password that is not given stays.

    Raises `InvalidInput` (also for settings that don't fit the kind), `StaleEdit`, `NotFound`.
    """
    try:
        async with ctx.db.write() as tx:
            row = await _row(tx, gateway_id)
            if revision is not None and revision != row["revision"]:
                raise StaleEdit("gateway", gateway_id)
            if changes.get("kind", row["kind"]) != row["kind"]:
                raise InvalidInput.single(
                    "kind", "stays %(kind)s: make a new gateway for the other channel", kind=row["kind"]
                )
            settings = _changed(row["settings"], changes)
            check_usable(settings)
            if settings.name != row["name"]:
                check_free(settings.name, gateway_id, await gateways.names(tx))
            await gateways.edit(tx, gateway_id, settings, ctx.clock())
            before = ADAPTER.validate_python(row["settings"])
            if any(getattr(before, name, None) != getattr(settings, name, None) for name in _CAPS):
                # Whom a cap put off is looked at again.
                for campaign in await campaigns.all_with_status(tx, CampaignStatus.PUBLISHED):
                    await postponing.reopen_windows(tx, campaign.id)
            old, row = row["settings"], await _row(tx, gateway_id)
            new = row["settings"]
            await audit.write(tx, ctx, "edit", "gateway", gateway_id, name=settings.name, before=old, after=new)
    except IntegrityError:
        raise taken(str(changes.get("name"))) from None
    await ctx.engine.gateways_changed()
    return row


async def remove(ctx: Context, gateway_id: str, revision: int | None = None) -> None:
    """Raises `InUse` with the titles of the campaigns that name it, themselves or in a step of a strategy that goes on."""
    async with ctx.db.write() as tx:
        row = await _row(tx, gateway_id)
        if revision is not None and revision != row["revision"]:
            raise StaleEdit("gateway", gateway_id)
        named = await gateways.used_by(tx, gateway_id)
        in_steps = [
            row.title for row in await strategies.in_use(tx) if gateway_id in named_gateways(strategy_of(row.document))
        ]
        if titles := list(dict.fromkeys([*named, *in_steps])):
            raise InUse(gateway_id, titles)
        await gateways.remove(tx, gateway_id)
        await audit.write(tx, ctx, "delete", "gateway", gateway_id, name=row["name"], before=row["settings"])
    await ctx.engine.gateways_changed()


async def _row(tx: AsyncConnection, gateway_id: str) -> Mapping[str, Any]:
    row: AnyRow | None = await gateways.row(tx, gateway_id)
    if row is None:
        raise NotFound("gateway", gateway_id)
    return dict(row._mapping)  # noqa: SLF001  (SQLAlchemy's public name for it)


def _changed(stored: Mapping[str, Any], changes: Mapping[str, Any]) -> VoiceGateway | SmsGateway:
    try:
        return ADAPTER.validate_python({**stored, **changes})
    except ValidationError as error:
        raise InvalidInput(faults_of(error)) from None
