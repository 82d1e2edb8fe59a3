"""What every operation is given: the store, the clock, the settings, and the engine to be told of changes."""

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import Any, Protocol

from config.secret import secret_key
from config.settings import Settings
from dialer.domain.campaign import Campaign
from dialer.domain.chunk import Chunk
from dialer.domain.said import Said
from dialer.operations.one_by_one import OneByOne
from dialer.operations.subscribed import Subscribed
from dialer.pacing.outlook import Outlook
from dialer.store.database import Database
from dialer.store.requests import ContactRequest
from dialer.strategy.check import check
from dialer.strategy.model import Strategy

#: What steps have written: the channels of new requests, and `WAIT` if somebody waits for a time.
Queued = frozenset[str]
WAIT = "wait"
#: Whether a caller (users.py) is one of those concerned.
Ended = Callable[[Any], bool]


class EngineSignals(Protocol):
    """What operations tell the engine, and ask of it."""

    def queues(self) -> frozenset[str] | None:
        """The queues Asterisk reports; None while it can't be asked."""

    def detects_machines(self) -> bool | None:
        """Whether Asterisk can tell answering machines from people; None while it can't be asked."""

    def outlook(self, campaign: Campaign, request: ContactRequest) -> Outlook | None:
        """What the dialer sees of this call or text at this moment; None if no dialer runs in this process."""

    async def campaign_changed(self, campaign_id: int) -> None:
        """Returns once no call or text starts any more that the stored campaign does not allow (C6, C13)."""

    def contacts_added(self, campaign_id: int) -> None:
        """Contacts came, who enter the strategy."""

    def work_changed(self, campaign_id: int, queued: Queued | None = None) -> None:
        """Steps were taken: there may be something to dial or to send. None: anything may be."""

    def source_added(self) -> None:
        """An import waits to be run."""

    def deletion_begun(self) -> None:
        """A campaign is to be deleted in the background."""

    async def gateways_changed(self) -> None:
        """A gateway was made, edited or removed."""

    async def addresses_barred(self, addresses: Collection[str]) -> None:
        """Returns once no call or text to these, which the store does not allow any more, is about to leave."""

    def why_no_text(self, gateway_id: str) -> str | None:
        """What an SMS gateway is in place of bound, as `is down: …`; None if it can send."""

    def trial_added(self, trial_id: int) -> None:
        """A test message waits to be sent."""


class NoEngine:
    """For upkeep commands and tests of the store: nobody runs campaigns in this process."""

    def queues(self) -> frozenset[str] | None:
        return None

    def detects_machines(self) -> bool | None:
        return None

    def outlook(self, _campaign: Campaign, _request: ContactRequest) -> Outlook | None:
        return None

    async def campaign_changed(self, campaign_id: int) -> None:
        pass

    def contacts_added(self, campaign_id: int) -> None:
        pass

    def work_changed(self, campaign_id: int, queued: Queued | None = None) -> None:
        pass

    def source_added(self) -> None:
        pass

    def deletion_begun(self) -> None:
        pass

    async def gateways_changed(self) -> None:
        pass

    async def addresses_barred(self, addresses: Collection[str]) -> None:
        pass

    def why_no_text(self, _gateway_id: str) -> str | None:
        return "does not run in this process"

    def trial_added(self, trial_id: int) -> None:
        pass


def utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass
class Context:
    db: Database
    settings: Settings
    engine: EngineSignals = field(default_factory=NoEngine)
    clock: Callable[[], datetime] = utc_now
    strategies: dict[tuple[int, int], Strategy] = field(default_factory=dict)  # versions never change
    entries: dict[tuple[int, int], list[tuple[int, int]]] = field(default_factory=dict)  # see steps.py
    chunks: dict[tuple[str, int], Chunk] = field(default_factory=dict)  # how far work by the chunk has come
    remembered_counts: dict[Any, Any] = field(default_factory=dict)  # see counting.py
    subscribed: Subscribed = field(default_factory=Subscribed)
    watchers: list[Callable[[Ended], None]] = field(default_factory=list)  # told whose sessions or tokens have ended
    dry_runs: OneByOne = field(default_factory=lambda: OneByOne(Said("dry run")))

    def ended(self, whose: Ended) -> None:
        """Of whom this is true must not go on with what they came in with."""
        for tell in self.watchers:
            tell(whose)

    @cached_property
    def secret(self) -> bytes:
        """The key of keyed hashes."""
        return secret_key(self.settings)


def strategy_of(document: object) -> Strategy:
    """A stored document is one that passed the check; anything else is a damaged store, said loudly."""
    checked = check(document)
    if checked.strategy is None:
        raise ValueError(f"the stored strategy is damaged: {'; '.join(str(fault) for fault in checked.faults[:5])}")
    return checked.strategy
