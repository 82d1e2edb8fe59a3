"""The states of a link to Asterisk, its settings, and what can go wrong with it."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Self

from config.settings import Ami


class LinkState(StrEnum):
    """Only `up` allows to originate."""

    DOWN = "down"
    CONNECTING = "connecting"
    RESYNC = "resync"  # logged in, rebuilding the picture; events are held back meanwhile
    UP = "up"
    STALE = "stale"  # connected, but Asterisk or its events are late
    REFUSED = "refused"  # wrong user, secret, address or rights: somebody has to mend it
    SHUTTING_DOWN = "shutting_down"


#: What is known of Asterisk is proven.
PROVEN = frozenset({LinkState.UP, LinkState.RESYNC})


@dataclass(frozen=True, slots=True)
class LinkSettings:
    """All times in seconds."""

    host: str
    port: int
    username: str
    secret: str = field(repr=False)
    tls: ssl.SSLContext | None = None
    ping_interval_s: float = 1.0
    ping_deadline_s: float = 2.0  # a ping unanswered for so long: stale
    event_deadline_s: float = 5.0  # an accepted Originate without any event for so long: stale
    give_up_s: float = 8.0  # stale for so long: the connection is given up
    connect_timeout_s: float = 3.0
    action_timeout_s: float = 5.0
    list_timeout_s: float = 20.0
    boot_timeout_s: float = 30.0
    retry_first_s: float = 0.2
    retry_soon_s: float = 0.5  # the longest pause while an outage is young, so that dialing resumes within a second
    retry_soon_for_s: float = 120.0
    retry_cap_s: float = 5.0
    refused_retry_s: float = 15.0
    shutdown_retry_s: float = 5.0

    @classmethod
    def of(cls, ami: Ami) -> Self:
        tls = ssl.create_default_context() if ami.tls else None
        secret, times = ami.secret.get_secret_value(), {name: getattr(ami, name) for name in _CHOSEN}
        return cls(ami.host, ami.port, ami.username, secret, tls, **times)


_CHOSEN = ("ping_interval_s", "ping_deadline_s")


class LinkLostError(ConnectionError):
    """The connection is over; the message says why."""


class RefusedError(LinkLostError):
    """Asterisk does not let us in, or not do what we must do; trying again soon would change nothing."""


class StoppingError(LinkLostError):
    """Asterisk is about to stop or to restart, and refuses everybody until then; calls under way go on."""


class NoAnswerError(TimeoutError):
    """Asterisk did not answer an action in time."""


def retry_delay(settings: LinkSettings, failures: int, outage_s: float, jitter: Callable[[], float]) -> float:
    """Seconds to wait before the next connection: doubling, and short for as long as the outage is young.

    `jitter` gives 0…1; a quarter of the delay is random, so that several nodes do not return in step.
    """
    cap = settings.retry_soon_s if outage_s < settings.retry_soon_for_s else settings.retry_cap_s
    doubled = settings.retry_first_s * 2.0 ** min(failures, 16)
    return min(cap, doubled) * (0.75 + 0.25 * jitter())
