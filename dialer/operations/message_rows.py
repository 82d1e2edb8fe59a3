"""What is known of texts before and after a submit, as values, and the rows that are written of it."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from dialer.domain.record import record as value
from dialer.domain.report import SMS, quarter
from dialer.domain.transitions import MESSAGE, MessageStatus
from dialer.store.requests import ContactRequest
from dialer.store.result_counts import Counted, Key
from dialer.store.types import AnyRow


@value
class TextIntent:
    """A text that is about to be submitted, in `parts` segments."""

    message_id: str
    request: ContactRequest
    gateway: str
    sender: str
    text: str
    encoding: str
    parts: int


@value
class PartNews:
    """What became known of one part. `names` are the forms of the SMSC's id, the one to keep first."""

    message_id: str
    part: int
    status: MessageStatus
    names: Sequence[str] = ()
    error: str | None = None


@value
class ReceiptNews:
    """A final delivery receipt. `names` are the forms of the id that it names, the likeliest first."""

    gateway: str
    names: Sequence[str]
    destination: str
    status: MessageStatus
    error: str | None


def name_row(gateway: str, news: PartNews) -> dict[str, Any]:
    return {"gateway": gateway, "id": news.names[0], "message_id": news.message_id, "part": news.part}


def of_early(row: AnyRow, news: PartNews) -> PartNews:
    return PartNews(news.message_id, news.part, MessageStatus(row.status), error=row.error)


def early_row(one: ReceiptNews, now: datetime) -> dict[str, Any]:
    return {
        "gateway": one.gateway, "smsc_id": one.names[0], "destination": one.destination, "status": one.status,
        "error": one.error, "received_at": now,
    }  # fmt: skip


def fields_row(row: AnyRow, parts: Sequence[AnyRow], status: MessageStatus, now: datetime) -> dict[str, Any]:
    submitted = any(part.submitted_at for part in parts)
    return {
        "_id": row.id,
        "error": error_of(parts),
        "submitted_at": row.submitted_at or (now if submitted else None),
        "final_at": now if MESSAGE.final(status) else row.final_at,
    }


def error_of(parts: Sequence[AnyRow]) -> str | None:
    """The first that a part has."""
    return next((part.error for part in parts if part.error), None)


def tallied(row: AnyRow, status: MessageStatus) -> Iterator[Counted]:
    """What its new status adds to the counts of its campaign and takes from them; `row` is as it was before."""
    of = (row.campaign_id, SMS, quarter(row.created_at), row.node, row.gateway)
    yield Counted(Key(*of, status.value), 1)
    if row.status != MessageStatus.PENDING:
        yield Counted(Key(*of, str(row.status)), -1)
