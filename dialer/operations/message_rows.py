"""What is known of texts before and after a submit, as values, and the rows that are written of it."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from dialer.domain.message import combined
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


@value
class Became:
    """A text whose status is another now. `text` is its row as it was before; `submitted`: an SMSC has taken some of it."""

    text: AnyRow
    status: MessageStatus
    error: str | None
    submitted: bool


def became(texts: Mapping[str, AnyRow], parts: Mapping[str, Sequence[AnyRow]]) -> list[Became]:
    """Each text's status follows from all of its parts; those of which none is given, or that stay what they are, are left out."""
    found = []
    for text in (text for text in texts.values() if text.id in parts):
        own = parts[text.id]
        status = _STATUSES[own[0].status] if len(own) == 1 else combined({_STATUSES[part.status] for part in own})
        if text.status in _SOURCES[status] and text.status != status:
            error = next((part.error for part in own if part.error), None)
            found.append(Became(text, status, error, any(part.submitted_at for part in own)))
    return found


_STATUSES = {status.value: status for status in MessageStatus}
_SOURCES = {status: MESSAGE.sources(status) for status in MessageStatus}


def alike(changed: Iterable[Became]) -> dict[tuple[MessageStatus, str | None, bool], list[str]]:
    """The ids of those to which the same has happened, by `(status, error, submitted)`."""
    found: dict[tuple[MessageStatus, str | None, bool], list[str]] = defaultdict(list)
    for one in changed:
        found[one.status, one.error, one.submitted].append(one.text.id)
    return found


def tallied(changed: Iterable[Became]) -> Iterator[Counted]:
    """What their new statuses add to the counts of their campaigns and take from them."""
    same = Counter(
        (text.campaign_id, text.created_at, text.node, text.gateway, text.status, one.status)
        for one in changed
        for text in (one.text,)
    )
    for (campaign_id, at, node, gateway, before, after), number in same.items():
        of = (campaign_id, SMS, quarter(at), node, gateway)
        yield Counted(Key(*of, after.value), number)
        if before != MessageStatus.PENDING:
            yield Counted(Key(*of, before), -number)
