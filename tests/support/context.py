"""An operations context for tests: a clock that is set by hand, and an engine that only listens."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from config.settings import Settings
from dialer.domain.campaign import Campaign
from dialer.operations.context import Context, Queued
from dialer.pacing.outlook import Outlook
from dialer.store.database import Database
from dialer.store.requests import ContactRequest

MONDAY = datetime(2026, 5, 4, 9, 0, tzinfo=UTC)


@dataclass
class Clock:
    """Stands still until it is moved."""

    now: datetime = MONDAY

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **by: float) -> datetime:
        """`advance(hours=1)`; returns the new time."""
        self.now += timedelta(**by)
        return self.now


@dataclass
class Listener:
    """Stands where the engine is: notes what operations tell it, and reports the queues it was given."""

    reported: frozenset[str] | None = frozenset({"sales", "support"})
    campaigns: list[int] = field(default_factory=list)
    contacts: list[int] = field(default_factory=list)
    looked_at: list[int] = field(default_factory=list)  # those that the lifecycle is to look at
    seen: Outlook | None = None
    detects: bool | None = True
    sources: int = 0
    gateways: int = 0
    barred: set[str] = field(default_factory=set)
    queued: list[Queued | None] = field(default_factory=list)  # of work_changed
    no_text: str | None = None  # what the gateways are in place of bound
    trials: list[int] = field(default_factory=list)

    def queues(self) -> frozenset[str] | None:
        return self.reported

    def detects_machines(self) -> bool | None:
        return self.detects

    def outlook(self, _campaign: Campaign, _request: ContactRequest) -> Outlook | None:
        return self.seen

    async def campaign_changed(self, campaign_id: int) -> None:
        self.campaigns.append(campaign_id)

    def contacts_added(self, campaign_id: int) -> None:
        self.contacts.append(campaign_id)
        self.looked_at.append(campaign_id)

    def work_changed(self, campaign_id: int, queued: Queued | None = None) -> None:
        self.contacts.append(campaign_id)
        self.queued.append(queued)

    def source_added(self) -> None:
        self.sources += 1

    def deletion_begun(self) -> None:
        pass

    async def gateways_changed(self) -> None:
        self.gateways += 1

    async def addresses_barred(self, addresses: Collection[str]) -> None:
        self.barred |= set(addresses)

    def why_no_text(self, _gateway_id: str) -> str | None:
        return self.no_text

    def trial_added(self, trial_id: int) -> None:
        self.trials.append(trial_id)


@dataclass
class Bench:
    """A context with typed access to its clock and its engine."""

    ctx: Context
    clock: Clock
    engine: Listener


def bench(db: Database, folder: Path, *, node: str = "node-1") -> Bench:
    """`folder` becomes the data folder; numbers are read as American ones."""
    clock, engine = Clock(), Listener()
    settings = Settings(node=node, data_dir=folder, default_region="US")
    return Bench(Context(db, settings, engine, clock), clock, engine)
