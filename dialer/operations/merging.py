"""Rows of a file that are merged one after the other, and whether an import is still wanted."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncConnection

from dialer.domain.columns import Refusal
from dialer.domain.transitions import CampaignStatus
from dialer.intake.lots import StagedRow
from dialer.operations import contacts
from dialer.operations.context import Context
from dialer.operations.suppressed import sieve
from dialer.store import campaigns, sources
from dialer.store.types import AnyRow

BATCH_ROWS = 50  # in one transaction: it holds SQLite's one writer


@dataclass(frozen=True, slots=True)
class Counts:
    """What became of some rows."""

    created: int = 0
    merged: int = 0
    refused: int = 0


class UnwantedError(Exception):
    """The source was cancelled, or deleted with its campaign."""


async def check_wanted(tx: AsyncConnection, source: AnyRow) -> None:
    """Nobody cancels it before the transaction ends. Raises UnwantedError, and RuntimeError if the campaign has ended."""
    campaign = await campaigns.hold(tx, source.campaign_id)
    if campaign is None or not await sources.is_running(tx, source.id):
        raise UnwantedError
    if campaign.status is CampaignStatus.ENDED:
        raise RuntimeError("the campaign has ended: the rest of the file was not imported")


async def merge(tx: AsyncConnection, ctx: Context, source: AnyRow, rows: Sequence[StagedRow]) -> Counts:
    """Each row creates a contact, or is merged with whom it matches, or is refused."""
    sieved = await sieve(tx, ctx.secret, source.campaign_id, [row.contact for row in rows])
    wrong = [
        (row.line, row.cells, found.reason)
        for row, found in zip(rows, sieved, strict=True)
        if isinstance(found, Refusal)
    ]
    taken = [found for found in sieved if not isinstance(found, Refusal)]
    loaded = await contacts.load(tx, source.campaign_id, source.id, taken, ctx.clock())
    await sources.refuse(tx, source.id, wrong)
    return Counts(loaded.created, loaded.merged, len(wrong))
