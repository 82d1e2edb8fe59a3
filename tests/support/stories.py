"""What the store says of every contact of a campaign, read straight from the tables: states, requests, attempts, trail."""

from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Table, select

from dialer.store.database import Database
from dialer.store.tables import attempt, channel_address, contact_request, enrollment, message, trail
from dialer.store.types import AnyRow


@dataclass(frozen=True)
class Story:
    """One contact in one campaign."""

    number: str
    place: AnyRow
    requests: list[AnyRow]
    attempts: list[AnyRow]
    messages: list[AnyRow]
    trail: list[AnyRow]

    @property
    def kinds(self) -> list[str]:
        """The kinds of its trail's entries from its first step on. (Before, a contact of a campaign that was not published
        yet is flagged and queued again.)
        """
        kinds = [entry.kind for entry in self.trail]
        assert kinds[0] == "enrolled", kinds
        return kinds[kinds.index("step") :] if "step" in kinds else []

    @property
    def outcomes(self) -> list[str]:
        return [row.outcome for row in self.attempts]

    @property
    def statuses(self) -> list[str]:
        """Of its texts, in order."""
        return [row.status for row in self.messages]

    def data(self, kind: str) -> list[dict[str, Any]]:
        return [entry.data for entry in self.trail if entry.kind == kind]


async def stories(db: Database, campaign_id: int) -> list[Story]:
    """All contacts of a campaign in the order in which they were loaded."""
    async with db.read() as tx:

        async def rows(table: Table) -> dict[int, list[AnyRow]]:
            found: dict[int, list[AnyRow]] = defaultdict(list)
            query = select(table).where(table.c.campaign_id == campaign_id).order_by(table.c.id)
            for row in await tx.execute(query):
                found[row.contact_id].append(row)
            return found

        places, requests, attempts = await rows(enrollment), await rows(contact_request), await rows(attempt)
        messages, entries = await rows(message), await rows(trail)
        addresses = await tx.execute(select(channel_address.c.contact_id, channel_address.c.address))
        numbers = {row.contact_id: row.address for row in addresses}
    return [
        Story(numbers[i], place, requests[i], attempts[i], messages[i], entries[i])
        for i, (place,) in sorted(places.items(), key=lambda item: item[1][0].id)
    ]


async def count_states(db: Database, campaign_id: int) -> Counter[str]:
    """As `states`, at little cost: for waiting."""
    mine = enrollment.c.campaign_id == campaign_id
    async with db.read() as tx:
        return Counter((await tx.execute(select(enrollment.c.state).where(mine))).scalars())


def states(found: list[Story]) -> Counter[str]:
    """How many contacts are in which state."""
    return Counter(story.place.state for story in found)


def outcomes(found: list[Story]) -> Counter[str | None]:
    """How many attempts ended how; None for those that go on."""
    return Counter(row.outcome for story in found for row in story.attempts)
