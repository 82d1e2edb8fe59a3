"""Gateway rows. The settings, password included, stay in the store; what people see is made by the API."""

from datetime import datetime
from typing import Any

from pydantic import SecretStr
from sqlalchemy import bindparam, delete, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from dialer.domain.gateway import ADAPTER, SmsGateway, VoiceGateway
from dialer.domain.transitions import CampaignStatus
from dialer.store.prepared import Prepared
from dialer.store.tables import campaign, gateway
from dialer.store.types import AnyRow


async def add(tx: AsyncConnection, gateway_id: str, settings: VoiceGateway | SmsGateway, now: datetime) -> None:
    await tx.execute(
        insert(gateway).values(
            id=gateway_id,
            kind=settings.kind,
            name=settings.name,
            settings=_stored(settings),
            revision=1,
            created_at=now,
            modified_at=now,
        )
    )


async def get(tx: AsyncConnection, gateway_id: str) -> VoiceGateway | SmsGateway | None:
    found = await _SETTINGS.rows(tx, {"_id": gateway_id})
    return ADAPTER.validate_python(found[0].settings) if found else None


_SETTINGS = Prepared(select(gateway.c.settings).where(gateway.c.id == bindparam("_id")))


async def row(tx: AsyncConnection, gateway_id: str) -> AnyRow | None:
    return (await tx.execute(select(gateway).where(gateway.c.id == gateway_id))).one_or_none()


async def rows(tx: AsyncConnection) -> list[AnyRow]:
    return list(await tx.execute(select(gateway).order_by(gateway.c.created_at, gateway.c.id)))


async def all_of_kind(tx: AsyncConnection, kind: str) -> dict[str, VoiceGateway | SmsGateway]:
    found = await tx.execute(select(gateway.c.id, gateway.c.settings).where(gateway.c.kind == kind))
    return {gateway_id: ADAPTER.validate_python(settings) for gateway_id, settings in found}


async def kinds(tx: AsyncConnection) -> dict[str, str]:
    """Id to kind."""
    return {row.id: row.kind for row in await tx.execute(select(gateway.c.id, gateway.c.kind))}


async def names(tx: AsyncConnection) -> dict[str, str]:
    """Id to name."""
    return {row.id: row.name for row in await tx.execute(select(gateway.c.id, gateway.c.name))}


async def named(tx: AsyncConnection, id_or_name: str) -> list[AnyRow]:
    """`(id, name)` of the gateways that have it as their id or their name: at most one of each."""
    either = or_(gateway.c.id == id_or_name, gateway.c.name == id_or_name)
    return list(await tx.execute(select(gateway.c.id, gateway.c.name).where(either)))


async def edit(tx: AsyncConnection, gateway_id: str, settings: VoiceGateway | SmsGateway, now: datetime) -> bool:
    changed = await tx.execute(
        update(gateway)
        .where(gateway.c.id == gateway_id)
        .values(name=settings.name, settings=_stored(settings), modified_at=now, revision=gateway.c.revision + 1)
    )
    return changed.rowcount == 1


async def used_by(tx: AsyncConnection, gateway_id: str) -> list[str]:
    """Titles of the campaigns that name it and have not ended."""
    names = (campaign.c.voice_gateway, campaign.c.sms_gateway)
    query = select(campaign.c.title, campaign.c.sms_fallbacks, *names).where(campaign.c.status != CampaignStatus.ENDED)
    rows = await tx.execute(query.order_by(campaign.c.id))
    return [row.title for row in rows if gateway_id in (row.voice_gateway, row.sms_gateway, *row.sms_fallbacks)]


async def remove(tx: AsyncConnection, gateway_id: str) -> bool:
    """Campaigns that have ended, and that nobody can edit any more, go on without one; their calls and texts keep its name."""
    for column in (campaign.c.voice_gateway, campaign.c.sms_gateway):
        over = update(campaign).where(column == gateway_id, campaign.c.status == CampaignStatus.ENDED)
        await tx.execute(over.values({column: None}))
    return (await tx.execute(delete(gateway).where(gateway.c.id == gateway_id))).rowcount == 1


def _stored(settings: VoiceGateway | SmsGateway) -> dict[str, Any]:
    stored = settings.model_dump(mode="json")
    if isinstance(settings, SmsGateway) and isinstance(settings.password, SecretStr):
        stored["password"] = settings.password.get_secret_value()
    return stored
