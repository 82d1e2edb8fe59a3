"""A text in parts: its status follows from theirs."""

from collections.abc import Collection

from dialer.domain.transitions import MessageStatus

# A part that did not arrive makes the whole text unreadable, so it decides.
_NEGATIVE = (MessageStatus.FAILED, MessageStatus.REJECTED, MessageStatus.UNDELIVERED, MessageStatus.EXPIRED)


def combined(parts: Collection[MessageStatus]) -> MessageStatus:
    """The status of the whole text: pending until every part was answered, then the worst of them."""
    if MessageStatus.PENDING in parts:
        return MessageStatus.PENDING
    for status in (*_NEGATIVE, MessageStatus.LOST, MessageStatus.SUBMITTED):
        if status in parts:
            return status
    return MessageStatus.DELIVERED
