"""A line of the log for each outcome of a call or text, written after its commit: ids and codes, no numbers and no texts.

docs/reference/logs.md has their fields.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import structlog

from dialer.domain.redacting import without_numbers
from dialer.operations.message_rows import Became
from dialer.store.requests import ContactRequest

log = structlog.get_logger(__name__)

# Of what the trail says of a call's end, see attempt_rows.py.
_OF_CALL = ("attempt", "outcome", "cause", "rang_s", "talked_s")


def calls_ended(endings: Iterable[tuple[ContactRequest, Mapping[str, Any]]]) -> None:
    """`endings`: each with what the trail says of it."""
    for request, ending in endings:
        known = {name: ending[name] for name in _OF_CALL if ending[name] is not None}
        log.info("call_ended", **_ids(request), **known, **_reason(ending["reason"]))


def texts_changed(changed: Iterable[Became]) -> None:
    for one in changed:
        text = one.text
        ids = {"campaign": text.campaign_id, "contact": text.contact_id, "request": text.request_id, "step": text.node}
        log.info("text_status", **ids, message=text.id, status=one.status.value, **_reason(one.error))


def call_refused(request: ContactRequest, reason: str) -> None:
    log.info("call_refused", **_ids(request), **_reason(reason))


def text_refused(request: ContactRequest, reason: str) -> None:
    log.info("text_refused", **_ids(request), **_reason(reason))


def call_withdrawn(request: ContactRequest, attempt_id: str, reason: str) -> None:
    log.info("call_withdrawn", **_ids(request), attempt=attempt_id, **_reason(reason))


def text_withdrawn(request: ContactRequest, message_id: str, reason: str) -> None:
    log.info("text_withdrawn", **_ids(request), message=message_id, **_reason(reason))


def _ids(request: ContactRequest) -> dict[str, Any]:
    return {
        "campaign": request.campaign_id, "contact": request.contact_id, "request": request.id, "step": request.node,
    }  # fmt: skip


def _reason(reason: str | None) -> dict[str, str]:
    return {"reason": without_numbers(reason)} if reason else {}
