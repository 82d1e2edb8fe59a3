"""Strategy versions: written once, never changed."""

from datetime import datetime
from typing import Any

from sqlalchemy import exists, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from dialer.domain.transitions import CampaignStatus, EnrollmentState
from dialer.store.tables import campaign, enrollment, strategy_version
from dialer.store.types import AnyRow


async def get(tx: AsyncConnection, campaign_id: int, version: int) -> dict[str, Any] | None:
    """The document (`interface.md`, Strategy) of one version."""
    document: dict[str, Any] | None = await tx.scalar(
        select(strategy_version.c.document).where(
            strategy_version.c.campaign_id == campaign_id, strategy_version.c.version == version
        )
    )
    return document


async def drawn(tx: AsyncConnection, campaign_id: int, version: int) -> AnyRow | None:
    """`(document, drawing)` of one version; the drawing is a Node-RED flow, or None where none was drawn."""
    return (
        await tx.execute(
            select(strategy_version.c.document, strategy_version.c.drawing).where(
                strategy_version.c.campaign_id == campaign_id, strategy_version.c.version == version
            )
        )
    ).first()


async def entries(tx: AsyncConnection, campaign_id: int) -> list[tuple[int, int]]:
    """`(version, applies_after)` of all versions, the newest first: a contact enters the first that is for it."""
    rows = await tx.execute(
        select(strategy_version.c.version, strategy_version.c.applies_after)
        .where(strategy_version.c.campaign_id == campaign_id)
        .order_by(strategy_version.c.version.desc())
    )
    return [(version, after) for version, after in rows]


async def standing(tx: AsyncConnection, campaign_id: int) -> list[tuple[int, str | None, int]]:
    """`(version, node, contacts)` of those who are not done; node and version (0) are unset for who has not started."""
    version = func.coalesce(enrollment.c.strategy_version, 0)
    rows = await tx.execute(
        select(version, enrollment.c.node, func.count())
        .where(enrollment.c.campaign_id == campaign_id, enrollment.c.state != EnrollmentState.DONE)
        .group_by(version, enrollment.c.node)
        .order_by(version, enrollment.c.node)
    )
    return [(version, node, number) for version, node, number in rows]


async def in_use(tx: AsyncConnection) -> list[AnyRow]:
    """`(campaign_id, title, version, document)` of strategies that run or may run.

    The newest of every campaign that has not ended, and older ones that contacts still go through.
    """
    is_newest = strategy_version.c.version == campaign.c.strategy_version
    goes_on = exists().where(
        enrollment.c.campaign_id == campaign.c.id,
        enrollment.c.strategy_version == strategy_version.c.version,
        enrollment.c.state != EnrollmentState.DONE,
    )
    rows = await tx.execute(
        select(
            strategy_version.c.campaign_id, campaign.c.title, strategy_version.c.version, strategy_version.c.document
        )
        .join(campaign, campaign.c.id == strategy_version.c.campaign_id)
        .where(campaign.c.status != CampaignStatus.ENDED, or_(is_newest, goes_on))
        .order_by(strategy_version.c.campaign_id, strategy_version.c.version)
    )
    return list(rows)


async def digest(tx: AsyncConnection, campaign_id: int, version: int) -> str | None:
    found: str | None = await tx.scalar(
        select(strategy_version.c.digest).where(
            strategy_version.c.campaign_id == campaign_id, strategy_version.c.version == version
        )
    )
    return found


async def add(
    tx: AsyncConnection,
    campaign_id: int,
    document: dict[str, Any],
    digest: str,
    now: datetime,
    *,
    drawing: list[dict[str, Any]] | None = None,
    by: str | None = None,
    only_new: bool = False,
) -> int:
    """The next version, which becomes the campaign's; `only_new`: not for those who are in the campaign by now."""
    last = select(func.max(enrollment.c.id)).where(enrollment.c.campaign_id == campaign_id)
    newest = await tx.scalar(
        select(func.max(strategy_version.c.version)).where(strategy_version.c.campaign_id == campaign_id)
    )
    version = int(newest or 0) + 1
    await tx.execute(
        insert(strategy_version).values(
            campaign_id=campaign_id,
            version=version,
            digest=digest,
            document=document,
            drawing=drawing,
            created_at=now,
            deployed_by=by,
            applies_after=(await tx.scalar(last) or 0) if only_new else 0,
        )
    )
    await tx.execute(
        update(campaign)
        .where(campaign.c.id == campaign_id)
        .values(strategy_version=version, modified_at=now, revision=campaign.c.revision + 1)
    )
    return version


async def relayout(
    tx: AsyncConnection,
    campaign_id: int,
    version: int,
    document: dict[str, Any],
    *,
    drawing: list[dict[str, Any]] | None = None,
    by: str | None = None,
) -> None:
    """Keep another drawing under the same version: the digest, which ignores layout, is equal (S3)."""
    await tx.execute(
        update(strategy_version)
        .where(strategy_version.c.campaign_id == campaign_id, strategy_version.c.version == version)
        .values(document=document, drawing=drawing, deployed_by=by)
    )
