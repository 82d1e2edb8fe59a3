"""Every state and every allowed transition of what the store keeps, in one place. Anything else raises.

The diagram in docs/reference/states.md is drawn from these tables.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from dialer.domain.errors import IllegalTransition


class CampaignStatus(StrEnum):
    UNPUBLISHED = "unpublished"
    PUBLISHED = "published"
    ENDED = "ended"


class EnrollmentState(StrEnum):
    PENDING = "pending"  # a call or text is queued, or the contact has yet to enter the strategy
    IN_PROGRESS = "in_progress"  # a call is under way, or a text awaits its receipt
    WAITING = "waiting"  # at a wait: nothing is queued before due_at
    DONE = "done"
    STOPPED = "stopped"  # with a stop reason


class RequestState(StrEnum):
    PENDING = "pending"
    CLAIMED = "claimed"  # reserved by a node, in its hopper
    DISPATCHED = "dispatched"  # an attempt or message was committed for it, or a webhook is under way
    COMPLETED = "completed"
    STOPPED = "stopped"  # flagged; a later publish writes a new request in its place
    CANCELLED = "cancelled"  # its contact left the campaign


class AttemptState(StrEnum):
    INTENDED = "intended"
    DIALING = "dialing"
    RINGING = "ringing"
    ANSWERED = "answered"
    CONNECTED = "connected"
    ENDED = "ended"


class MessageStatus(StrEnum):
    PENDING = "pending"
    SUBMITTED = "submitted"
    DELIVERED = "delivered"
    UNDELIVERED = "undelivered"
    EXPIRED = "expired"
    REJECTED = "rejected"
    FAILED = "failed"
    LOST = "lost"


class DeliveryState(StrEnum):
    PENDING = "pending"
    FAILED = "failed"  # and tried again
    DELIVERED = "delivered"
    GIVEN_UP = "given_up"


class SourceState(StrEnum):
    PENDING = "pending"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"
    REMOVING = "removing"  # what it brought is being taken back, as far as nobody was contacted
    REMOVED = "removed"  # taken back; contacts that stay are counted in `kept`


class PreviewState(StrEnum):
    """A contact offered to an agent on the agent page."""

    OFFERED = "offered"
    ACCEPTED = "accepted"  # the agent's telephone is being called
    DIALED = "dialed"  # the attempt was committed
    SKIPPED = "skipped"
    REJECTED = "rejected"
    TIMED_OUT = "timed_out"
    WITHDRAWN = "withdrawn"  # by us: it may not be called now, or its agent is not there


class StopReason(StrEnum):
    """Why pending work was stopped (requirement C7)."""

    CAMPAIGN_UNPUBLISHED = "campaign-unpublished"
    CAMPAIGN_ENDED = "campaign-ended"
    VALIDITY_PERIOD_EXPIRED = "validity-period-expired"

    @property
    def recoverable(self) -> bool:
        """Publishing again, or a validity period that opens, re-queues it (C8)."""
        return self is not StopReason.CAMPAIGN_ENDED


@dataclass(frozen=True)
class StateTable:
    """The allowed transitions of one kind of row."""

    noun: str
    allowed: Mapping[str, frozenset[str]]

    def check(self, from_: str, to: str) -> None:
        """Raise `IllegalTransition` unless the table allows it."""
        if to not in self.allowed[from_]:
            raise IllegalTransition(self.noun, from_, to)

    def sources(self, to: str) -> frozenset[str]:
        """The states from which `to` may be reached: what a compare-and-set compares with."""
        return frozenset(state for state, targets in self.allowed.items() if to in targets)

    def final(self, state: str) -> bool:
        return not self.allowed[state]


_State = TypeVar("_State", bound=StrEnum)


def _table(noun: str, rows: Mapping[_State, Collection[_State]]) -> StateTable:
    return StateTable(noun, {str(state): frozenset(map(str, targets)) for state, targets in rows.items()})


_C, _E, _R, _A, _M, _S = CampaignStatus, EnrollmentState, RequestState, AttemptState, MessageStatus, SourceState
_P, _D = PreviewState, DeliveryState

CAMPAIGN = _table(
    "campaign",
    {
        _C.UNPUBLISHED: {_C.PUBLISHED, _C.ENDED},
        _C.PUBLISHED: {_C.UNPUBLISHED, _C.ENDED},
        _C.ENDED: set(),
    },
)
ENROLLMENT = _table(
    "enrollment",
    {
        _E.PENDING: {_E.PENDING, _E.IN_PROGRESS, _E.WAITING, _E.DONE, _E.STOPPED},
        _E.IN_PROGRESS: {_E.PENDING, _E.IN_PROGRESS, _E.WAITING, _E.DONE, _E.STOPPED},
        _E.WAITING: {_E.PENDING, _E.IN_PROGRESS, _E.WAITING, _E.DONE, _E.STOPPED},
        _E.STOPPED: {_E.PENDING, _E.WAITING, _E.STOPPED, _E.DONE},  # done only when the contact is erased
        _E.DONE: set(),
    },
)
REQUEST = _table(
    "contact request",
    {
        _R.PENDING: {_R.CLAIMED, _R.STOPPED, _R.CANCELLED},
        # Back to pending only while nothing was written for it: a lease that ran out, a hopper that was emptied.
        _R.CLAIMED: {_R.PENDING, _R.DISPATCHED, _R.STOPPED, _R.CANCELLED},
        # Back to pending, or cancelled, only when it is proven that nothing left this process; but a webhook whose answer
        # was lost is sent again.
        _R.DISPATCHED: {_R.COMPLETED, _R.PENDING, _R.CANCELLED},
        _R.COMPLETED: set(),
        _R.STOPPED: set(),
        _R.CANCELLED: set(),
    },
)
ATTEMPT = _table(
    "attempt",
    {
        _A.INTENDED: {_A.DIALING, _A.RINGING, _A.ANSWERED, _A.CONNECTED, _A.ENDED},
        _A.DIALING: {_A.RINGING, _A.ANSWERED, _A.CONNECTED, _A.ENDED},
        _A.RINGING: {_A.ANSWERED, _A.CONNECTED, _A.ENDED},
        _A.ANSWERED: {_A.CONNECTED, _A.ENDED},
        _A.CONNECTED: {_A.ENDED},
        _A.ENDED: set(),
    },
)
_FINAL_RECEIPTS = {_M.DELIVERED, _M.UNDELIVERED, _M.EXPIRED, _M.REJECTED}
MESSAGE = _table(
    "message",
    {
        _M.PENDING: {_M.SUBMITTED, _M.FAILED, _M.LOST, *_FINAL_RECEIPTS},
        _M.SUBMITTED: _FINAL_RECEIPTS,
        # A receipt or a late response proves that the SMSC had it after all.
        _M.LOST: {_M.SUBMITTED, *_FINAL_RECEIPTS},
        _M.DELIVERED: set(),
        _M.UNDELIVERED: set(),
        _M.EXPIRED: set(),
        _M.REJECTED: set(),
        _M.FAILED: set(),
    },
)
SOURCE = _table(
    "source",
    {
        _S.PENDING: {_S.RUNNING, _S.FAILED, _S.CANCELLED},
        _S.RUNNING: {_S.RUNNING, _S.DONE, _S.FAILED, _S.CANCELLED},
        _S.DONE: {_S.REMOVING},
        _S.FAILED: {_S.REMOVING},
        _S.CANCELLED: {_S.REMOVING},
        _S.REMOVING: {_S.REMOVING, _S.REMOVED},
        _S.REMOVED: set(),
    },
)
PREVIEW = _table(
    "preview",
    {
        _P.OFFERED: {_P.ACCEPTED, _P.SKIPPED, _P.REJECTED, _P.TIMED_OUT, _P.WITHDRAWN},
        _P.ACCEPTED: {_P.DIALED, _P.WITHDRAWN},
        _P.DIALED: set(),
        _P.SKIPPED: set(),
        _P.REJECTED: set(),
        _P.TIMED_OUT: set(),
        _P.WITHDRAWN: set(),
    },
)
DELIVERY = _table(
    "delivery",
    {
        _D.PENDING: {_D.DELIVERED, _D.FAILED, _D.GIVEN_UP, _D.PENDING},
        _D.FAILED: {_D.DELIVERED, _D.FAILED, _D.GIVEN_UP, _D.PENDING},
        # Somebody has it sent again.
        _D.DELIVERED: {_D.PENDING},
        _D.GIVEN_UP: {_D.PENDING},
    },
)
